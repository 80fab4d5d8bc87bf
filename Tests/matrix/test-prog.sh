#!/usr/bin/env bash
# Proves with real Go toolchains that builds that `cachectl prog` serves (GOCACHEPROG) give what builds from a
# restored cache give, byte for byte, and compile nothing; also where the program is killed, the archive is
# damaged, or GOCACHE can't be written.
#
#     Tests/matrix/test-prog.sh               # 1.21.13, which knows no GOCACHEPROG, and 1.24.11, 1.25.5, 1.27.3
#
# Two jobs fill caches: one builds, vets, tests, lists and runs without C, one builds with C and tests with the
# race detector. Both are packed, with the results of tests. A restore of their union is the measure of
# everything: it gives the outputs, the text of the tests and the list of tools that Go runs.
set -euo pipefail
shopt -s inherit_errexit

usage() {
    cat <<'END_OF_USAGE'
usage: test-prog.sh [--go VERSION]… [--cachectl BIN]

  --go VERSION    test only this version
  --cachectl BIN  the cachectl to test (default: $CACHECTL_STATIC, else $CACHECTL)

Needs root, gcc, procps, python3-venv and, the first time, PyPI: the toolchains are kept below
${XDG_CACHE_HOME:-~/.cache}/cachestore/toolchains.
END_OF_USAGE
}

die() { echo "test-prog: $*" >&2; exit 1; }
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
((${#versions[@]})) || versions=(1.21.13 1.24.11 1.25.5 1.27.3)

# shellcheck source=../toolchains.sh
source "$here/../toolchains.sh"

for command in gcc pgrep python3 setpriv unshare; do
    type -P "$command" >/dev/null || die "\`$command\` is missing: install Debian's gcc, procps and python3-venv"
done
((EUID == 0)) || die "needs root, to mount a small file system and to become another user"
[[ -n $cachectl ]] || die "which cachectl? Give --cachectl BIN, or run \`bash Tests/run.sh\`"
cachectl=$(type -P "$cachectl") || die "cannot run the given cachectl"
cachectl=$(realpath "$cachectl")

work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-prog.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
python3 "$here/../EndToEndTests/Fixtures/make_workspace.py" "$work"
readonly programs=$work/programs archives=$work/archives
log=$work/log
mkdir "$archives" "$work/tmp" "$work/bin"
find "$programs" -exec touch -d 2024-05-01 {} +

unset GOROOT GOFLAGS GOOS GOARCH GOEXPERIMENT GODEBUG GOCACHEPROG CC CGO_CFLAGS CGO_LDFLAGS
export GOTOOLCHAIN=local GOENV=off GOTELEMETRY=off GOSUMDB=off TZ=UTC LC_ALL=C TMPDIR=$work/tmp GOPATH=$work/gopath
export GOMODCACHE=$work/go-mod CGO_ENABLED=0 GOPROXY=off
export GOCACHE=''

remove() { [[ ! -d $1 ]] || { chmod -R u+w "$1"; rm -rf "$1"; }; }

# ---------------------------------------------------------------- what a job does

# Each function runs go in the directory of a program, and writes what it gives to the directory $out.

run_go() { # run_go ARGUMENT…: the commands that go runs are in the log, and `go` is counted there
    local arguments=("$1" -x)
    shift
    [[ ${arguments[0]} == vet ]] || arguments+=(-buildvcs=false)
    echo "A GO COMMAND BEGINS" >>"$log"
    "$go" "${arguments[@]}" "$@" 2>>"$log" || { tail -20 "$log" >&2; die "go ${arguments[*]} $* failed"; }
}

build() { run_go build -o "$out/worker" .; }

build_with_c() { CGO_ENABLED=1 run_go build -o "$out/worker-c" .; }

vet() { run_go vet ./... && echo "vetted" >"$out/vet"; }

tests() { run_go test ./... >"$out/test"; }

race_tests() { CGO_ENABLED=1 run_go test -race ./... >"$out/race"; }

# Names each compiled package, and the SHA-256 of the file that Go says it is in.
list() {
    run_go list -export -deps -f '{{with .Export}}{{$.ImportPath}} {{.}}{{end}}' . >"$work/tmp/list-$BASHPID"
    while read -r package file; do
        [[ $file == "$GOCACHE"/* ]] || die "go list -export: $package is not below GOCACHE: $file"
        [[ -f $file ]] || die "go list -export: $package is not there: $file"
        echo "$package $(basename "$file")"
        printf '%s  %s\n' "$(basename "$file" -d)" "$file" >>"$work/tmp/sums-$BASHPID"
    done <"$work/tmp/list-$BASHPID" >"$out/list"
    sha256sum --check --quiet --strict "$work/tmp/sums-$BASHPID" >&2 || die "go list -export: files are not what their names say"
    rm "$work/tmp/list-$BASHPID" "$work/tmp/sums-$BASHPID"
}

# Go moves the file of a package away unless it lies below GOCACHE, so the second command would miss it.
package() { run_go build -o "$out/lib.a" example.com/lib && run_go build -o "$out/lib-again.a" example.com/lib; }

run() { run_go run . >"$out/run" 2>>"$log"; }

go_commands() { grep -c 'A GO COMMAND BEGINS' "$log"; }

warnings() { grep -c '^warning: ' "$log" || true; }

do_work() { # do_work OUT [ACTION…]
    local action actions=("${@:2}") out=$1
    ((${#actions[@]})) || actions=("${everything[@]}")
    remove "$out"
    mkdir "$out"
    : >"$log"
    cd "$programs/worker"
    for action in "${actions[@]}"; do "$action"; done
}

readonly plain=(build vet tests list package run) with_c=(build_with_c race_tests)
readonly everything=("${plain[@]}" "${with_c[@]}")

# Tells which tools the commands of the log ran, as in test-used.sh. Go links each program that it runs, because it
# asks no GOCACHEPROG for linked programs.
work_done() {
    grep -oE '/(compile|vet|asm|cgo|cover) (-o|-V|-flags|-unsafeptr|-atomic|-mod|-objdir|-trimpath|-p)|go: downloading .*' "$log" |
        grep -vE -- '-V|-flags' | sort | uniq -c || true
}

# ---------------------------------------------------------------- checks

check_entries() { # check_entries SITUATION: all that stands in GOCACHE is right, and nothing is left over
    python3 "$here/../Oracle/gocache.py" "$GOCACHE" >"$work/faults" || die "$1: GOCACHE is wrong: $(head -3 "$work/faults")"
    local left
    left=$(find "$work/tmp" -mindepth 1 -name '.castore-*' | head -3)
    [[ -z $left ]] || die "$1: scratch files are left in TMPDIR: $left"
}

# Compares with the restored cache: the outputs, and the tools that Go ran.
check_warm() { # check_warm SITUATION [WARNINGS]
    local lost count
    diff -r "$work/reference" "$work/out" >&2 || die "$1: Go gives something else than with a restored cache"
    lost=$(work_done)
    [[ $lost == "$warm" ]] || die "$1: Go does not do what it does with a restored cache: $lost; not: $warm"
    count=$(warnings)
    [[ $count == "${2:-0}" ]] || { grep -A2 '^warning: ' "$log" | head -20 >&2; die "$1: $count warnings, not ${2:-0}"; }
    check_entries "$1"
    say "$go_version: $1"
}

check_program() { # check_program SITUATION FILE OUTPUT: one output of the reference is equal
    cmp "$work/reference/$2" "$3" >&2 || die "$1: the program is not that of a restored cache"
}

members() { "$cachectl" info --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["totals"]["all"]["members"])'; }

pack_served() { # pack_served NAME: what stands in GOCACHE, without modules
    "$cachectl" pack --quiet --force --keep all --label served --go "$go" --no-gomodcache -o "$archives/$1"
}

# ---------------------------------------------------------------- situations

use_empty() { export GOCACHE=$work/served/$1; remove "$GOCACHE"; mkdir -p "$work/served"; } # use_empty NAME

fill() { # fill LABEL ACTION…: packs what the actions make in empty caches
    export GOCACHE=$work/made/$1
    GOPROXY=file://$work/proxy do_work "$work/out" "${@:2}"
    [[ $(work_done) == */compile* ]] || die "$1: nothing compiled in an empty cache: the log is not understood"
    "$cachectl" pack --quiet --force --keep all --label "$1" --go "$go" -o "$archives/$1.castore"
}

measure() { # what a restored cache gives
    export GOCACHE=$work/restored/go-build
    remove "$GOMODCACHE"
    "$cachectl" restore --quiet --go "$go" "$archives/all.castore"
    do_work "$work/reference"
    warm=$(work_done)
    [[ $warm != */compile* ]] || die "Go compiles with a restored cache"
    [[ $(<"$work/reference/test") == *"(cached)"* && $(<"$work/reference/race") == *"(cached)"* ]] ||
        die "the tests are not cached in a restored cache, so this proves nothing about them"
}

an_old_go_ignores_the_program() {
    local witness=$work/bin/witness
    printf '#!/bin/sh\ntouch "%s/started"\nexec "%s" prog "$@"\n' "$work" "$cachectl" >"$witness"
    chmod +x "$witness"
    GOCACHEPROG="$witness $archives/all.castore" do_work "$work/out"
    check_warm "an old Go ignores GOCACHEPROG"
    [[ ! -e $work/started ]] || die "Go $go_version has started the program: then it must have all tests"
}

served_from_the_union() {
    use_empty union
    GOCACHEPROG="$cachectl prog $archives/all.castore" do_work "$work/out"
    check_warm "served from a union"
    # What was made is nothing, and what was used is a part.
    pack_served served.castore
    "$cachectl" difference --quiet --force "$archives/served.castore" "$archives/all.castore" -o "$archives/more.castore"
    [[ $(members "$archives/more.castore") == 0 ]] || {
        "$cachectl" ls "$archives/more.castore" | head -5 >&2
        die "GOCACHE has entries that the archive does not have"
    }
    # The archive is not needed again, but for a warning of each go command.
    GOCACHEPROG="$cachectl prog $archives/absent.castore" do_work "$work/out"
    check_warm "served again without the archive" "$(go_commands)"
    do_work "$work/out"
    check_warm "built without GOCACHEPROG"
}

served_from_two_archives() {
    use_empty two
    GOCACHEPROG="$cachectl prog $archives/first.castore $archives/second.castore" do_work "$work/out"
    check_warm "served from two archives"
}

four_commands_at_once() {
    local action processes=() process
    use_empty four
    remove "$work/out"
    mkdir "$work/out"
    cp -r "$work/reference/." "$work/out"
    export GOCACHEPROG="$cachectl prog $archives/all.castore"
    for action in build build_with_c tests list; do
        (
            log=$work/log-$action out=$work/out
            : >"$log"
            cd "$programs/worker"
            "$action"
        ) &
        processes+=($!)
    done
    for process in "${processes[@]}"; do wait "$process" || die "one of four go commands at once has failed"; done
    unset GOCACHEPROG
    ! grep -E '/compile -|^warning: ' "$work"/log-{build,build_with_c,tests,list} >&2 || die "one of four commands has compiled"
    diff -r "$work/reference" "$work/out" >&2 || die "one of four go commands at once gives something else"
    check_entries "four at once"
    say "$go_version: four go commands at once"
}

damage() { # damage FROM TO: changes a byte in each 256 KiB of the frames
    python3 - "$1" "$2" <<'END'
import struct, sys
content = bytearray(open(sys.argv[1], 'rb').read())
index = int.from_bytes(content[-8:], 'big')
frames = struct.unpack('<Q', content[index - 48:index - 40])[0]  # the trailer's header has 64 bytes
assert 1 << 20 < frames < index, frames
for offset in range(1 << 15, frames, 1 << 18): content[offset] ^= 0xFF
open(sys.argv[2], 'wb').write(content)
END
}

served_from_a_damaged_archive() {
    local start
    use_empty damaged
    damage "$archives/all.castore" "$archives/damaged.castore"
    start=$(milliseconds)
    GOCACHEPROG="$cachectl prog $archives/damaged.castore" do_work "$work/out" build
    damaged_whole=$(($(milliseconds) - start))
    check_program "a damaged archive" worker "$work/out/worker"
    [[ $(work_done) == */compile* && $(warnings) == 1 ]] || die "a damaged archive: $(warnings) warnings, $(work_done)"
    check_entries "a damaged archive"
    say "$go_version: served from a damaged archive"
}

random_moment() { # random_moment MILLISECONDS
    local moment=$(($1 * (RANDOM % 1000) / 1000))
    printf '%d.%03d' $((moment / 1000)) $((moment % 1000))
}

milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }

# Starts a served build in the background, and kills what $1 names at a random moment in $2 milliseconds.
begin_and_kill() { # begin_and_kill prog|go MILLISECONDS ARCHIVE
    local build helper waited=0
    GOCACHEPROG="$cachectl prog $3" "$go" build -buildvcs=false -o "$work/killed" . &>"$work/killed.log" &
    build=$!
    disown "$build" # bash would tell of its end
    sleep "$(random_moment "$2")"
    helper=$(pgrep -P "$build" -f "$cachectl prog" || true)
    case $1 in
    prog) [[ -z $helper ]] || kill -KILL "$helper" 2>/dev/null || true ;;
    go) kill -KILL "$build" 2>/dev/null || true ;;
    esac
    # Go 1.24 to 1.26 wait for ever if the program dies at certain moments.
    while kill -0 "$build" 2>/dev/null && ((waited++ < 100)); do sleep 0.05; done
    kill -KILL "$build" 2>/dev/null || true
    # The program ends by itself when go is gone.
    waited=0
    while [[ -n $helper && -e /proc/$helper ]] && ((waited++ < 200)); do sleep 0.05; done
    [[ -z $helper || ! -e /proc/$helper ]] || die "the program goes on 10 s after the end of go"
}

killed() { # killed prog|go: 10 times at random moments; half of the entries are puts, because the archive is damaged
    local number left start whole kills=0
    use_empty "killed-$1"
    start=$(milliseconds)
    GOCACHEPROG="$cachectl prog $archives/all.castore" do_work "$work/out" build
    whole=$(($(milliseconds) - start))
    remove "$GOCACHE"
    for number in {1..10}; do
        rm -f "$work/killed"
        if ((number % 2)); then
            begin_and_kill "$1" "$whole" "$archives/all.castore"
        else
            # What a build has made stays, so the next one comes further.
            begin_and_kill "$1" $((damaged_whole / 4)) "$archives/damaged.castore"
        fi
        if [[ -e $work/killed ]]; then
            check_program "a build that was not killed in time" worker "$work/killed"
            remove "$GOCACHE"
            continue
        fi
        kills=$((kills + 1))
        [[ -d $GOCACHE ]] || continue
        python3 "$here/../Oracle/gocache.py" "$GOCACHE" >"$work/faults" || true
        # A killed program leaves its scratch directory, which the next one removes. If go is killed, it ends well.
        left=$(if [[ $1 == prog ]]; then grep -v '^\.castore-' "$work/faults" || true; else cat "$work/faults"; fi)
        [[ -z $left ]] || die "after a kill of $1, GOCACHE is wrong: $left"
    done
    ((kills)) || die "no build was killed before its end: the moments are wrong"
    do_work "$work/out" build
    check_program "a plain build after kills of $1" worker "$work/out/worker"
    GOCACHEPROG="$cachectl prog $archives/all.castore" do_work "$work/out" build
    check_program "a served build after kills of $1" worker "$work/out/worker"
    check_entries "after kills of $1"
    say "$go_version: $kills of 10 builds ended by a kill of $1"
}

# Another user, who can read and search everything, but writes only where all may write.
as_user() {
    setpriv --reuid 4321 --regid 4321 --clear-groups --inh-caps=-all,+dac_read_search \
        --ambient-caps=-all,+dac_read_search "$@"
}

a_gocache_of_another_user() {
    use_empty foreign
    mkdir -p "$GOCACHE" "$work/foreign-tmp"
    touch "$GOCACHE/README"
    (cd "$GOCACHE" && mkdir $(printf '%02x ' {0..255})) # Go itself needs these
    chmod 1777 "$work/foreign-tmp"
    : >"$log"
    (
        cd "$programs/worker"
        HOME=$work/foreign-tmp TMPDIR=$work/foreign-tmp GOCACHEPROG="$cachectl prog $archives/all.castore" as_user \
            "$go" build -x -buildvcs=false -o "$work/foreign-tmp/worker" . 2>>"$log"
    ) || { tail "$log" >&2; die "the build of another user failed"; }
    check_program "a GOCACHE of another user" worker "$work/foreign-tmp/worker"
    [[ $(work_done) != */compile* && $(warnings) == 1 ]] || die "another user: $(warnings) warnings, $(work_done)"
    rm "$work/foreign-tmp/worker"
    [[ -z $(find "$GOCACHE" -mindepth 1 -type f ! -name README) ]] || die "another user has written in GOCACHE"
    [[ -z $(find "$work/foreign-tmp" -mindepth 1 -name '.castore-*') ]] || die "scratch files of another user are left"
    remove "$work/foreign-tmp"
    say "$go_version: a GOCACHE of another user"
}

a_full_disk() {
    use_empty small
    mkdir -p "$GOCACHE"
    : >"$log"
    (
        cd "$programs/worker"
        export GOCACHEPROG="$cachectl prog $archives/all.castore"
        unshare --mount sh -euc 'mount -t tmpfs -o size=2m small "$GOCACHE"; "$@"; python3 "$oracle" "$GOCACHE"' \
            sh "$go" build -x -buildvcs=false -o "$work/killed" . 2>>"$log"
    ) || { tail "$log" >&2; die "the build with a full disk failed"; }
    check_program "a full disk" worker "$work/killed"
    [[ $(work_done) != */compile* && $(warnings) == 1 ]] || die "a full disk: $(warnings) warnings, $(work_done)"
    check_entries "a full disk"
    say "$go_version: a full disk"
}

puts_stay_out() { # with --read-only
    # The archive has no entry of this program's own package.
    (cd "$programs/hello" && GOCACHE=$work/restored/go-build "$go" build -buildvcs=false -o "$work/hello" .)
    use_empty read-only
    (cd "$programs/hello" && GOCACHEPROG="$cachectl prog --read-only $archives/all.castore" \
        "$go" build -buildvcs=false -o "$work/served-hello" .)
    cmp "$work/hello" "$work/served-hello" || die "--read-only: the program is another one"
    check_entries "--read-only"
    pack_served served.castore
    "$cachectl" difference --quiet --force "$archives/served.castore" "$archives/all.castore" -o "$archives/more.castore"
    [[ $(members "$archives/more.castore") == 0 ]] || die "--read-only: what Go has made stands in GOCACHE"
    [[ $(members "$archives/served.castore") != 0 ]] || die "--read-only: nothing of the archive stands in GOCACHE"
    say "$go_version: --read-only"
}

# ---------------------------------------------------------------- the run

export oracle=$here/../Oracle/gocache.py
for go_version in "${versions[@]}"; do
    install_toolchain "$go_version"
    go=$toolchains/go-$go_version/go/bin/go
    for directory in made restored served out go-mod; do remove "$work/$directory"; done
    fill first "${plain[@]}"
    fill second "${with_c[@]}"
    "$cachectl" union --quiet --force "$archives/first.castore" "$archives/second.castore" -o "$archives/all.castore"
    measure
    say "$go_version: $(members "$archives/all.castore") members are packed"
    if [[ $go_version =~ ^1\.2[123]\. ]]; then
        an_old_go_ignores_the_program
        continue
    fi
    served_from_the_union
    served_from_two_archives
    four_commands_at_once
    served_from_a_damaged_archive
    killed prog
    killed go
    a_gocache_of_another_user
    a_full_disk
    puts_stay_out
done
say "passed"
