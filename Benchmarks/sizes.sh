#!/usr/bin/env bash
# Measures the gains and costs of each choice of the format on real caches: the cuts, the grouping, the level.
# Prints the tables of Format.md, "The choices in figures".
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: sizes.sh --work DIR [options]

  --work DIR        the work directory of simulate-matrix-build.sh, with its caches and their union,
                    all.castore
  --archive FILE    another union from which to take the streams
  --slow LIST       the providers on whose caches to try level 19 (hetzner,digitalocean); `all` takes long;
                    `none` leaves out the comparison with tar and zstd
  --sample N        try the levels on every N-th chunk (16)
  --select LIST     measure nothing but `select --level` with each level of the list, as in 3,9,16,19, on all of
                    the archive
  --cachectl PATH   the cachectl to use (default: a release build of this repository)
  --scratch DIR     the directory for temporary files, on the file system of DIR of --work (DIR of --work);
                    needs room for the content of the archive and twice the archive
  --json FILE       the file for every figure (sizes.json in DIR of --work)
END_OF_USAGE
}

work='' archive='' slow=hetzner,digitalocean sample=16 select='' cachectl='' scratch='' json=''
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --archive) archive=${2:?--archive FILE}; shift ;;
    --slow) slow=${2:?--slow LIST}; shift ;;
    --sample) sample=${2:?--sample N}; shift ;;
    --select) select=${2:?--select LIST}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --scratch) scratch=${2:?--scratch DIR}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ -n $work ]] || { usage >&2; exit 2; }
[[ $sample =~ ^[1-9][0-9]*$ ]] || die "--sample is a number of at least 1, not \`$sample\`"
[[ $select =~ ^([0-9]+(,[0-9]+)*)?$ ]] || die "--select is a list of levels, not \`$select\`"
[[ -d $work/caches ]] || die "no caches in $work; it is the --work of simulate-matrix-build.sh"
work=$(cd "$work" && pwd)
archive=${archive:-$work/all.castore}
[[ -f $archive ]] || die "no such archive: $archive"
need cc python3 tar zstd

temporary=$(mktemp -d "${scratch:-$work}/sizes-XXXXXX")
clean_up() { chmod -R u+rwX "$temporary" 2>/dev/null || true; rm -rf "$temporary"; }
trap clean_up EXIT

export PYTHONDONTWRITEBYTECODE=1
if [[ -n $select ]]; then
    [[ -n $cachectl ]] || cachectl=$(built "$temporary/build.log" cachectl)
    IFS=, read -ra levels <<<"$select"
    python3 "$here/sizes/levels.py" "$archive" "$(runnable "$cachectl")" "$temporary" "${levels[@]}"
    exit
fi

cc -O2 -pthread -o "$temporary/choices" "$here/sizes/choices.c" -lzstd -lcrypto ||
    die "needs the headers of libzstd and libcrypto (libzstd-dev, libssl-dev)"

python=$(python_with "$temporary/python" zstandard)

[[ -n $cachectl ]] || cachectl=$(built "$temporary/build.log" cachectl)
cachectl=$(runnable "$cachectl")

unset GOFLAGS GOCACHE GOMODCACHE GOENV TAR_OPTIONS ZSTD_CLEVEL ZSTD_NBTHREADS
export LC_ALL=C.UTF-8 TZ=UTC
say "reading the streams of $archive"
"$python" "$here/sizes/streams.py" "$archive" "$temporary/corpus" "$temporary/index"
python3 "$here/sizes/measure.py" --choices "$temporary/choices" --corpus "$temporary/corpus" --index "$temporary/index" \
    --caches "$work/caches" --cachectl "$cachectl" --scratch "$temporary" --json "${json:-$work/sizes.json}" \
    --slow "$slow" --sample "$sample"
