#!/usr/bin/env bash
# Measures the cost of the first builds in a container whose image is ten days old. Compares the caches of a
# whole matrix merged with cp and the same caches restored from the union of their archives. Each run uses a
# real overlay with an empty upper directory. The caches are those of a finished simulate-matrix-build.sh.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: years-of-hits.sh --work DIR [options]

  --work DIR        the work directory of a finished simulate-matrix-build.sh
  --cachectl PATH   the cachectl to use ($CACHECTL_STATIC, else cachectl in $PATH)
  --first PROGRAM   the provider/program to build first, which trims (digitalocean/droplet)
  --second PROGRAM  the provider/program to build after it (hetzner/server)
  --runs N          the number of runs of each kind, in turns; the medians count (3)
  --days N          the age of the caches in days (10)
  --scratch DIR     the directory for the layers during the run, and for years.json (the work directory)
  --go VERSION      the Go version of the simulation (1.25.5)

Needs root, and as much space in the scratch directory as twice the merged caches take.
END_OF_USAGE
}

work='' cachectl=${CACHECTL_STATIC:-cachectl} runs=3 days=10 go_version=1.25.5
first=digitalocean/droplet second=hetzner/server
scratch=''
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --first) first=${2:?--first PROGRAM}; shift ;;
    --second) second=${2:?--second PROGRAM}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --days) days=${2:?--days N}; shift ;;
    --scratch) scratch=${2:?--scratch DIR}; shift ;;
    --go) go_version=${2:?--go VERSION}; shift ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

((EUID == 0)) || die "needs root, for overlay mounts"
[[ -n $work ]] || { usage >&2; exit 2; }
work=$(realpath -e "$work") || die "no such work directory"
[[ -f $work/all.castore && -d $work/caches ]] ||
    die "$work holds no all.castore and caches: run Benchmarks/simulate-matrix-build.sh --work $work first"
scratch=$(realpath -e "${scratch:-$work}") || die "no such scratch directory"
cachectl=$(runnable "$cachectl")
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs $runs: not a number from 1"
[[ $days =~ ^[1-9][0-9]*$ ]] || die "--days $days: not a number from 1"
for program in "$first" "$second"; do
    [[ -d $work/src/providers/$program ]] || die "$program: no such directory below $work/src/providers"
done

# The script runs in a namespace: the mounts end with it, and nothing in it reaches a network.
if [[ -z ${CACHESTORE_YEARS_INSIDE:-} ]]; then
    CACHESTORE_YEARS_INSIDE=1 exec unshare --mount --net --propagation private bash "${BASH_SOURCE[0]}" --work "$work" \
        --cachectl "$cachectl" --first "$first" --second "$second" --runs "$runs" --days "$days" \
        --scratch "$scratch" --go "$go_version"
fi

# These are the paths and the settings of simulate-matrix-build.sh, which Go's keys contain.
readonly gomodcache=/var/cache/go-mod gocache=/var/cache/go-build
unset GOROOT GOPROXY GOFLAGS GOSUMDB GOOS GOARCH GOEXPERIMENT GODEBUG
export GOTOOLCHAIN=local GOENV=off GOFLAGS=-buildvcs=false GOTELEMETRY=off TZ=UTC GOPROXY=off GOSUMDB=off
export GOCACHE=$gocache GOMODCACHE=$gomodcache LC_ALL=C
goroot=$("$work/go-$go_version/bin/go" env GOROOT) || die "cannot run $work/go-$go_version/bin/go"
PATH=$goroot/bin:$PATH
mkdir -p "$gocache" "$gomodcache"

results=$scratch/years.json
scratch=$(mktemp -d "$scratch/years.XXXXXX")
clean_up() {
    umount -q "$gocache" "$gomodcache" || true
    rm -rf "$scratch"
}
trap clean_up EXIT
figures=$scratch/figures
record() { echo "$1 $2" >>"$figures"; }

# ---------------------------------------------------------------- layers

copy_layer() { # merges the caches as many Dockerfiles do: one COPY after another, without replacing
    local provider
    mkdir -p "$scratch/copied"
    for provider in "$work"/caches/*/; do
        cp -rn "$provider"/go-{build,mod} "$scratch/copied"
    done
}

restore_layer() {
    mkdir -p "$scratch"/restored/go-{build,mod}
    mount --bind "$scratch/restored/go-build" "$gocache"
    mount --bind "$scratch/restored/go-mod" "$gomodcache"
    "$cachectl" restore --quiet "$work/all.castore"
    umount "$gocache" "$gomodcache"
}

# ---------------------------------------------------------------- runs

# Counts compiler runs. With -x the go command prints each tool that it runs; for packages in the cache it
# prints none.
count_compiles() { grep -cE '/tool/[^/ ]+/(compile|cgo|asm)"? -' "$1" || true; }

bytes_of() { find "$@" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%.0f\n", n }'; }

count_entries() { find "$gocache" -mindepth 2 -maxdepth 2 -name '*-[ad]' | wc -l; }

# Reads everything once, so that both kinds of layer are in the page cache. (Into a pipe: tar does not read
# what it writes to /dev/null.)
warm() { tar -cf - -C "$1" . | cat >/dev/null; }

measure_build() { # measure_build KEY PROGRAM UPPER LAYER
    local key=$1 program=$2 upper=$3 layer=$4 TIMEFORMAT='%R %U %S' wall user system out log=$scratch/build.log
    out=$(mktemp -d "$scratch/out.XXXXXX")
    cd "$work/src"
    { time go build -x -o "$out/program" "./providers/$program" 2>"$log"; } 2>"$scratch/time" ||
        { grep -vE '^(cd|cat|mkdir|WORK|rm|echo|EOF)' "$log" | tail -n 5 >&2; die "$program does not build"; }
    cd "$scratch"
    rm -rf "$out"
    read -r wall user system <"$scratch/time"
    record "$key.wall" "$wall"
    record "$key.cpu" "$(awk "BEGIN { print $user + $system }")"
    record "$key.compiles" "$(count_compiles "$log")"
    record "$key.entries" "$(count_entries)"
    python3 "$here/years-report.py" upper "$layer" "$upper" | sed "s/^/$key./" >>"$figures"
}

run() { # run KIND: does both builds in a fresh container
    local kind=$1 layer=$scratch/$1 upper=$scratch/upper cache path options
    rm -rf "$upper" "$scratch/overlay"
    mkdir -p "$upper"/go-{build,mod} "$scratch"/overlay/go-{build,mod}
    warm "$layer"
    sync # the data of another run must not reach the disk during this one
    for cache in go-build go-mod; do
        path=$gocache
        [[ $cache == go-build ]] || path=$gomodcache
        options=lowerdir=$layer/$cache,upperdir=$upper/$cache,workdir=$scratch/overlay/$cache
        mount -t overlay -o "$options" overlay "$path" ||
            die "cannot mount an overlay with its upper directory in $scratch: is that one itself?"
    done
    [[ -n ${entries[$kind]:-} ]] || { entries[$kind]=$(count_entries); record "$kind.entries" "${entries[$kind]}"; }
    measure_build "$kind.first" "$first" "$upper" "$layer"
    measure_build "$kind.second" "$second" "$upper" "$layer"
    umount "$gocache" "$gomodcache"
}

# ---------------------------------------------------------------- the run

declare -A entries
say "merging the caches with cp -rn"
copy_layer
say "restoring the union"
restore_layer
for kind in copied restored; do
    record "$kind.bytes" "$(bytes_of "$scratch/$kind")"
    python3 "$here/../Tests/matrix/age.py" "$days" "$scratch/$kind"/go-{build,mod}
done
record days "$days"
for ((number = 1; number <= runs; number++)); do
    for kind in copied restored; do
        say "run $number of $runs, $kind"
        run "$kind"
    done
done
python3 "$here/years-report.py" report "$figures" "$results" "$first" "$second"
