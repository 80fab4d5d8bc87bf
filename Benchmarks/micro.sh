#!/usr/bin/env bash
# Measures the hot pieces of the library (cutting, hashing, compressing, decoding, loading an index, creating
# files). Each piece takes turns with the same work in C.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: micro.sh [options]

  --content FILE   the content to cut, hash and compress (64 MB made of words and random numbers)
  --archive FILE --members N
                   the archive whose index to load, and its number of members (a synthetic one of 100,000)
  --runs N         the number of turns, of which the best counts (5)
  --tool PATH      the microbenchmark program (default: a release build of this repository)
  --json FILE      the file for every single measurement (micro.json in the current directory)
  --short          one turn on less content, for the CI; checks that every piece and its limit have the same
                   result; judges no time
END_OF_USAGE
}

content='' archive='' members='' runs=5 seconds=0.5 tool='' json='' size=64000000 short=''
while (($#)); do
    case $1 in
    --content) content=${2:?--content FILE}; shift ;;
    --archive) archive=${2:?--archive FILE}; shift ;;
    --members) members=${2:?--members N}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --tool) tool=${2:?--tool PATH}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    --short) short=1 runs=1 seconds=0 size=20000000 ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs is a number of at least 1, not \`$runs\`"
[[ -z $archive || $members =~ ^[1-9][0-9]*$ ]] || die "--archive needs --members, a number"
need cc python3

temporary=$(mktemp -d "${TMPDIR:-/tmp}/micro-XXXXXX")
clean_up() { rm -rf "$temporary"; }
trap clean_up EXIT
[[ -n $json ]] || if [[ -n $short ]]; then json=$temporary/micro.json; else json=micro.json; fi

cc -O2 -o "$temporary/pieces" "$here/limit/pieces.c" -lzstd -lcrypto -lsqlite3 ||
    die "needs the headers of libzstd, libcrypto and SQLite (libzstd-dev, libssl-dev, libsqlite3-dev)"

[[ -n $tool ]] || tool=$(built "$temporary/build.log" microbenchmark)
tool=$(runnable "$tool")

export LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
if [[ -z $content ]]; then
    content=$temporary/content
    PYTHONPATH=$here python3 -c "
import sys
import compare_corpus
with open(sys.argv[1], 'wb') as f:
    f.write(compare_corpus.text(int(sys.argv[2]), 'micro'))" "$content" "$size"
fi
if [[ -z $archive ]]; then
    python=$(python_with "$temporary/python" zstandard xxhash)
    archive=$temporary/archive members=100000
    [[ -z $short ]] || members=5000
    say "writing an archive of $members members"
    "$python" "$here/scale/make_archive.py" --members "$members" "$archive" >/dev/null
fi
python3 "$here/micro/measure.py" --ours "$tool" --limit "$temporary/pieces" --content "$content" --archive "$archive" \
    --members "$members" --json "$json" --runs "$runs" --seconds "$seconds"
[[ -z $short ]] || echo "every piece gives what its limit gives"
