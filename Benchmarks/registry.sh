#!/usr/bin/env bash
# Measures pushes, restores, pulls and images with a registry: the bytes that go over the network, and the time,
# each beside skopeo. The registry is on loopback, once plain and once behind a link of 100 MB/s and 10 ms.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: registry.sh --work DIR [options]

  --work DIR        the work directory of simulate-matrix-build.sh, with all.castore and packs/
  --only NAME       the provider that is new in the union, and that is restored (default: the last in packs/)
  --runs N          the number of measurements of everything (3)
  --short           one run on plain loopback; judges bytes and no times, as in Tests/run.sh
  --scratch DIR     the directory to write to; another file system than that of --work, if you like
  --cachectl PATH   the cachectl to measure ($CACHECTL_STATIC, else a release build of this repository)
  --json FILE       the file for all figures (registry.json in DIR of --work)

The script fails if a goal is missed: bytes sent by `push --onto` at most 1.1 times those of the new members;
bytes read by `restore --only` at most 1.05 times those that are needed, in at most 1.1 times the time of
`skopeo copy` of just those bytes and a local restore; `layers --push` no slower than `layers` and `skopeo copy`.
END_OF_USAGE
}

work='' only='' runs=3 short='' scratch='' cachectl=${CACHECTL_STATIC:-} json=''
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --only) only=${2:?--only NAME}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --scratch) scratch=${2:?--scratch DIR}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    --short) short=--short ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "$runs: not a number from 1"
[[ -n $work ]] || { usage >&2; exit 2; }
[[ -f $work/all.castore && -d $work/packs ]] ||
    die "\`$work\` has no all.castore and packs/: run simulate-matrix-build.sh --work \`$work\` first"
work=$(realpath "$work")
"$here/../Tests/remote/setup.sh" >&2
temporary=$(mktemp -d "${scratch:-$work}/registry.XXXXXX")
trap 'chmod -R u+w "$temporary"; rm -rf "$temporary"' EXIT
[[ -n $cachectl ]] || cachectl=$(built "$temporary/build.log" cachectl)
cachectl=$(runnable "$cachectl")
if [[ -z $only ]]; then
    packs=("$work"/packs/*.castore)
    only=$(basename "${packs[-1]}" .castore)
fi
export LC_ALL=C.UTF-8 TZ=UTC
# shellcheck disable=SC2086 # no word, or one
python3 "$here/registry/measure.py" --cachectl "$cachectl" --work "$work" --only "$only" --scratch "$temporary" \
    --runs "$runs" --json "${json:-$work/registry.json}" $short
