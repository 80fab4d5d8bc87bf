#!/usr/bin/env bash
# Proves with real Go toolchains that `cachectl pack --used` packs what a job has used since
# `cachectl restore --profile ci`: nothing less, because the next job compiles, vets and downloads nothing,
# and nothing more, because each member is also in the pack of a job that began with empty caches.
#
#     Tests/matrix/test-used.sh               # the oldest, the newest and 1.25.5; Tests/run.sh has 1.25.5 alone
#
# Each version of Go has five jobs with two programs, which fill caches from nothing: one builds, vets and
# tests, one only tests, one tests with -race, one builds with cgo, one builds in a workspace. The union of
# all their archives is what a job restores. It then does its work, and packs what it has used. A second job
# restores that alone, does the same work offline, and packs again: the archive must be the same.
set -euo pipefail
shopt -s inherit_errexit

usage() {
    cat <<'END_OF_USAGE'
usage: test-used.sh [--go VERSION]… [--cachectl BIN]

  --go VERSION    test only this version
  --cachectl BIN  the cachectl to test (default: $CACHECTL_STATIC, else $CACHECTL)

Needs gcc, python3-venv and, the first time, PyPI: the toolchains are kept below
${XDG_CACHE_HOME:-~/.cache}/cachestore/toolchains.
END_OF_USAGE
}

die() { echo "test-used: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*" >&2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here toolchains=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/toolchains

versions=() cachectl=${CACHECTL_STATIC:-${CACHECTL:-}}
while (($#)); do
    case $1 in
    --go) versions+=("${2:?--go VERSION}"); shift ;;
    --cachectl) cachectl=${2:?--cachectl BIN}; shift ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
((${#versions[@]})) || versions=(1.21.13 1.25.5 1.27.3)

# shellcheck source=../toolchains.sh
source "$here/../toolchains.sh"

for command in gcc python3; do
    type -P "$command" >/dev/null || die "\`$command\` is missing: install Debian's gcc and python3-venv"
done
[[ -n $cachectl ]] || die "which cachectl? Give --cachectl BIN, or run \`bash Tests/run.sh\`"
cachectl=$(type -P "$cachectl") || die "cannot run the given cachectl"
cachectl=$(realpath "$cachectl")

work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-used.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
python3 "$here/../EndToEndTests/Fixtures/make_workspace.py" "$work"
readonly programs=$work/programs archives=$work/archives log=$work/log
mkdir "$archives" "$work/tmp"

# A workspace of two modules: its go.work.sum and their go.sum files name the modules.
mkdir "$work/together"
cp -r "$programs/worker" "$programs/report" "$work/together"
printf 'go 1.21\n\nuse (\n\t./report\n\t./worker\n)\n' >"$work/together/go.work"
find "$programs" "$work/together" -exec touch -d 2024-05-01 {} +

unset GOROOT GOFLAGS GOOS GOARCH GOEXPERIMENT GODEBUG CC CGO_CFLAGS CGO_LDFLAGS
export GOTOOLCHAIN=local GOENV=off GOTELEMETRY=off GOSUMDB=off TZ=UTC LC_ALL=C TMPDIR=$work/tmp GOPATH=$work/gopath
export GOCACHE=$work/cache/go-build GOMODCACHE=$work/cache/go-mod CGO_ENABLED=0
readonly proxy=file://$work/proxy

empty_caches() { [[ ! -d $work/cache ]] || { chmod -R u+w "$work/cache"; rm -rf "$work/cache"; }; }

# ---------------------------------------------------------------- jobs

readonly jobs=(all tests race cgo workspace)

checkout() { # checkout JOB: the directory whose go.sum files name the modules
    case $1 in workspace) echo "$work/together" ;; *) echo "$programs/worker" ;; esac
}

run_go() { # run_go ARGUMENT…: in the current directory; its commands go to the log
    local arguments=("$1" -x)
    shift
    [[ ${arguments[0]} == vet ]] || arguments+=(-buildvcs=false)
    [[ ${arguments[0]} != build ]] || arguments+=(-o "$work/tmp/program")
    "$go" "${arguments[@]}" "$@" >>"$log" 2>&1 || { tail -20 "$log" >&2; die "go ${arguments[*]} $* failed"; }
    rm -rf "$work/tmp/program"
}

do_work() ( # do_work JOB
    cd "$(checkout "$1")"
    case $1 in
    all) run_go build . && run_go vet ./... && run_go test ./... ;;
    tests) run_go test ./... ;;
    race) CGO_ENABLED=1 run_go test -race ./... ;;
    cgo) CGO_ENABLED=1 run_go build . && CGO_ENABLED=1 run_go vet . ;;
    workspace) run_go build ./report && run_go test ./worker ;;
    esac
)

pack() { # pack JOB NAME OPTION…
    local job=$1 name=$2
    shift 2
    "$cachectl" pack --quiet --force --label "$job" --go "$go" -o "$archives/$name" "$@"
}

restore() { "$cachectl" restore --quiet --profile ci --go "$go" "$archives/$1"; }

digest() { "$cachectl" info --json "$archives/$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["digest"])'; }

members() { "$cachectl" info --json "$archives/$1" | python3 -c '
import json, sys; print(json.load(sys.stdin)["totals"]["all"]["members"])'; }

# Tells which tools the commands of the log ran, and what they downloaded. Up to Go 1.25, vet runs for the
# packages of the command line in any case.
work_done() {
    grep -oE '/(compile|vet|asm|cgo|cover) (-o|-V|-flags|-unsafeptr|-atomic|-mod|-objdir|-trimpath|-p)|go: downloading .*' "$log" |
        grep -vE -- '-V|-flags' | sort | uniq -c || true
}

check() { # check JOB: the proofs, from the union of all jobs
    local job=$1 checkout lost
    checkout=$(checkout "$job")
    empty_caches
    restore "all-$go_version.castore"
    : >"$log"
    GOPROXY=off do_work "$job"
    [[ $(work_done) == "${warm[$job]}" ]] || die "$job: the job is not warm with the union: $(work_done)"
    pack "$job" used.castore --used --checkout "$checkout"

    # Nothing more: the pack of the job that began with empty caches has each member.
    "$cachectl" difference --quiet --force "$archives/used.castore" "$archives/$job-$go_version.castore" \
        -o "$archives/more.castore"
    [[ $(members more.castore) == 0 ]] ||
        die "$job: more than the job uses: $("$cachectl" ls "$archives/more.castore" | head -5)"

    # Nothing less: the job is warm with the archive alone, without a proxy, and uses all of it.
    empty_caches
    restore used.castore
    : >"$log"
    GOPROXY=off do_work "$job"
    lost=$(work_done)
    [[ $lost == "${warm[$job]}" ]] || die "$job: less than the job uses: $lost"
    pack "$job" again.castore --used --checkout "$checkout"
    [[ $(digest used.castore) == "$(digest again.castore)" ]] || {
        "$cachectl" diff "$archives/used.castore" "$archives/again.castore" >&2 || true
        die "$job: the job has not used all that was packed"
    }
    say "$go_version, $job: $(members used.castore) of $(members "all-$go_version.castore") members"
}

# ---------------------------------------------------------------- the run

declare -A warm # what each job does with caches that it has filled itself
for go_version in "${versions[@]}"; do
    install_toolchain "$go_version"
    go=$toolchains/go-$go_version/go/bin/go
    packs=()
    for job in "${jobs[@]}"; do
        empty_caches
        : >"$log"
        GOPROXY=$proxy do_work "$job"
        [[ $(work_done) == */compile* ]] || die "$job: nothing compiled in empty caches: the log is not understood"
        pack "$job" "$job-$go_version.castore" --used --checkout "$(checkout "$job")"
        pack "$job" plain.castore
        [[ $job != all || $(digest plain.castore) == "$(digest "$job-$go_version.castore")" ]] ||
            die "$job: without a restore, --used has not packed everything"
        packs+=("$archives/$job-$go_version.castore")
        : >"$log"
        GOPROXY=off do_work "$job"
        warm[$job]=$(work_done)
        [[ ${warm[$job]} != */compile* ]] || die "$job: Go compiles again with caches that nobody has touched"
    done
    "$cachectl" union --quiet --force "${packs[@]}" -o "$archives/all-$go_version.castore"
    for job in "${jobs[@]}"; do check "$job"; done
done
say "passed"
