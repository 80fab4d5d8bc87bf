#!/usr/bin/env bash
# Measures cachectl on synthetic archives of 10 thousand to 2 million members, the largest with 100 GB of
# content: the CPU per member and the peak memory of each verb.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: scale.sh --work DIR [options]
       scale.sh --short [--cachectl PATH]

  --work DIR        the directory for the archives, which stay for the next run; 30 GB for all sizes
  --sizes A,B,…     the numbers of members (10000,50000,200000,1000000,2000000)
  --runs N          the runs of a verb below a million members (3); verify and the restore of everything run
                    once
  --no-restore-all  leave out the restore of everything, which needs root and writes to a compressing btrfs in
                    a sparse file
  --cachectl PATH   the cachectl to measure (default: a release build of this repository)
  --json FILE       the file for every single measurement (scale.json in DIR); the plot is beside it, scale.svg
  --short           10,000 and 40,000 members, for the CI; checks that the archives are sound and that every
                    verb does its job; judges no time
END_OF_USAGE
}

work='' sizes=10000,50000,200000,1000000,2000000 runs=3 restore_all=1 cachectl='' json='' short=''
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --sizes) sizes=${2:?--sizes A,B}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    --no-restore-all) restore_all='' ;;
    --short) short=1 ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ -n $work || -n $short ]] || { usage >&2; exit 2; }
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs is a number of at least 1, not \`$runs\`"
[[ $sizes =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || die "--sizes are numbers with commas, not \`$sizes\`"

# ---------------------------------------------------------------- the directory for everything

temporary='' mounted=''
clean_up() {
    [[ -z $mounted ]] || umount "$mounted" || true
    [[ -z $temporary ]] || { chmod -R u+rwX "$temporary" 2>/dev/null || true; rm -rf "$temporary"; }
}
trap clean_up EXIT

flags=()
if [[ -n $short ]]; then
    temporary=$(mktemp -d "${TMPDIR:-/tmp}/scale-XXXXXX")
    work=${work:-$temporary} sizes=10000,40000 runs=1 restore_all='' flags+=(--check)
fi
mkdir -p "$work"
work=$(cd "$work" && pwd)
[[ -n $temporary ]] || temporary=$(mktemp -d "$work/scale-XXXXXX")
json=${json:-$work/scale.json}

# ---------------------------------------------------------------- Python with zstandard and xxhash, cachectl

python=$(python_with "$work/python" zstandard xxhash)
[[ -n $cachectl ]] || cachectl=$(built "$temporary/build.log" cachectl)
cachectl=$(runnable "$cachectl")

# ---------------------------------------------------------------- room for a restore of everything

# Makes a compressing file system: there the repetitive content of large outputs takes next to no room.
make_btrfs() {
    local image=$temporary/btrfs.img
    ((EUID == 0)) || { why="mounting needs root"; return 1; }
    type -P mkfs.btrfs >/dev/null || { why="no mkfs.btrfs (btrfs-progs)"; return 1; }
    # A restore checks for room before it begins, so the file system must be large enough for all the content.
    # Its file is sparse.
    truncate -s 512G "$image" 2>/dev/null || { why="no sparse file of 512 GiB in $work"; return 1; }
    mkfs.btrfs -q -m single -d single "$image" >"$temporary/mkfs.log" 2>&1 || { why="mkfs.btrfs failed"; return 1; }
    mkdir "$temporary/btrfs"
    mount -o loop,compress=zstd:1,noatime "$image" "$temporary/btrfs" 2>"$temporary/mount.log" ||
        { why="mount: $(tail -n 1 "$temporary/mount.log")"; return 1; }
    mounted=$temporary/btrfs
}
why="left out by --no-restore-all"
[[ -z $short ]] || why="not in the short form"
if [[ -n $restore_all ]] && make_btrfs; then
    flags+=(--large-target "$mounted")
else
    [[ -z $restore_all ]] || say "not restoring everything: $why"
    flags+=(--no-large-target "$why")
fi

# ---------------------------------------------------------------- the run

unset GOFLAGS GOCACHE GOMODCACHE GOENV
export LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
python3 "$here/scale/measure.py" --work "$work" --cachectl "$cachectl" --python "$python" --json "$json" \
    --sizes "$sizes" --runs "$runs" "${flags[@]}"
python3 "$here/scale/plot.py" "$json" "${json%.json}.svg"
[[ -z $short ]] || echo "the archives are sound, and every verb ran"
