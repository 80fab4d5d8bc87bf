#!/usr/bin/env bash
# Compares cachectl with its peers (tar and zstd, cp, squashfs, erofs, casync, restic, borg) and with the
# limits of its verbs, on the caches of a finished simulation. In each run, all contenders take turns at every
# verb.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: compare-peers.sh --work DIR [options]
       compare-peers.sh --short [--cachectl PATH]

  --work DIR           the work directory of simulate-matrix-build.sh, with its caches
  --providers A,B,…    use the caches of these providers only (default: all in DIR)
  --quick              if DIR has no caches, run simulate-matrix-build.sh --quick --work DIR first; needs root
  --runs N             the number of measurements of everything (3)
  --peers LIST         tar-zstd-3 tar-zstd-1 tar-zstd-long tar-zstd-19 cp squashfs erofs casync restic borg,
                       with commas (default: all installed ones, without tar-zstd-19)
  --slow               also measure level 19, of cachectl and of zstd
  --install            install missing peers with apt-get; needs root
  --check              compare every byte of every restored tree, not only the number of files and their bytes
  --cold               drop the page cache before each measurement, so that inputs come from the disk; needs root
  --threads            also measure pack, restore, layers and verify at --jobs 4, 8 and 16
  --portable-sha       hide the processor's instructions for SHA-256 from cachectl and from the limits (x86-64)
  --large              add one more provider, `large`, whose caches have a package of 1 GB beside small ones; they
                       are made in DIR the first time, with CACHESTORE_GO or the `go` in PATH
  --memory             check, too, that no verb's peak of memory is above 64 MiB and 8 MiB per thread,
                       at --jobs 1, 2, 8 and 16
  --cachectl PATH      the cachectl to measure (default: a release build of this repository)
  --against PATH       another cachectl, measured beside it as `cachectl, other`, such as that of an earlier commit
  --scratch DIR        the directory for packing and restoring, on the file system to measure (DIR of --work)
  --json FILE          the file for every single measurement (compare.json in DIR of --work)
  --short              one run on small generated caches against tar and cp, for the CI; --large, with a package
                       of 150 MB, and --memory are part of it; checks that every verb works and that --jobs does
                       not change a byte; judges no target of time
END_OF_USAGE
}

work='' providers='' quick='' peers='' install='' cachectl='' against='' scratch='' json='' short='' large='' memory='' runs=3
flags=()
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --providers) providers=${2:?--providers A,B}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --peers) peers=${2:?--peers LIST}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --against) against=${2:?--against PATH}; shift ;;
    --scratch) scratch=${2:?--scratch DIR}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    --quick) quick=1 ;;
    --install) install=1 ;;
    --short) short=1 ;;
    --large) large=1 ;;
    --memory) memory=1 ;;
    --slow | --check | --cold | --threads | --portable-sha) flags+=("$1") ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ -n $work || -n $short ]] || { usage >&2; exit 2; }
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs is a number of at least 1, not \`$runs\`"
need cc python3 tar zstd
# An assignment of its own, because the failure of a substitution in an argument stops no script.
[[ -z $large$short ]] || go=$(runnable "${CACHESTORE_GO:-go}")
[[ " ${flags[*]} " != *' --cold '* || $EUID == 0 ]] || die "--cold needs root"

# ---------------------------------------------------------------- the directory for everything

temporary=''
clean_up() {
    [[ -z $temporary ]] || { chmod -R u+rwX "$temporary" 2>/dev/null || true; rm -rf "$temporary"; }
}
trap clean_up EXIT

if [[ -n $short ]]; then
    temporary=$(mktemp -d "${scratch:-${TMPDIR:-/tmp}}/compare-XXXXXX")
    [[ -n $work ]] || work=$temporary
    runs=1 peers=${peers:-tar-zstd-3,cp} flags+=(--check --no-targets)
    say "writing small caches"
    python3 -B "$here/compare_corpus.py" "$temporary"
    caches=$temporary/caches large=1 memory=1
else
    [[ -z $quick ]] || mkdir -p "$work"
    [[ -d $work ]] || die "no such directory: $work; it is the --work of simulate-matrix-build.sh"
    work=$(cd "$work" && pwd)
    temporary=$(mktemp -d "${scratch:-$work}/compare-XXXXXX")
    caches=$work/caches
fi
json=${json:-$work/compare.json}

# ---------------------------------------------------------------- cachectl, caches, peers

[[ -n $cachectl ]] || cachectl=$(built "$temporary/build.log" cachectl)
cachectl=$(runnable "$cachectl")
[[ -z $against ]] || flags+=(--against "$(runnable "$against")")

if [[ -n $quick && ! -d $caches ]]; then
    "$here/simulate-matrix-build.sh" --quick --work "$work" --cachectl "$cachectl" >&2
fi
[[ -d $caches ]] || die "no caches in $work; run simulate-matrix-build.sh --work $work first, or give --quick"

if [[ -n $install ]]; then
    missing=()
    for package in casync restic borgbackup squashfs-tools erofs-utils; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    if ((${#missing[@]})); then
        ((EUID == 0)) || die "--install needs root"
        say "installing ${missing[*]}"
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null
    fi
fi

caches=(--caches "$caches")
if [[ -n $large ]]; then
    [[ -z $providers ]] || providers+=,large
    directory=$work/large size=1000000000
    [[ -z $short ]] || directory=$temporary/large size=150000000
    say "making caches with a package of $((size / 1000000)) MB, unless they are there"
    python3 -B "$here/corpus/make-large.py" "$directory/large" --go "$go" --size "$size"
    caches+=(--caches "$directory")
fi

# ---------------------------------------------------------------- the run

# A fixed environment, so that a run does not depend on the caller's settings.
unset GOFLAGS GOCACHE GOMODCACHE GOENV TAR_OPTIONS ZSTD_CLEVEL ZSTD_NBTHREADS BORG_REPO RESTIC_REPOSITORY
export LC_ALL=C.UTF-8 TZ=UTC

mkdir "$temporary/scratch"
python3 -B "$here/compare_peers.py" "${caches[@]}" --cachectl "$cachectl" \
    --scratch "$temporary/scratch" --json "$json" --runs "$runs" \
    ${providers:+--providers "$providers"} ${peers:+--peers "$peers"} "${flags[@]}"

if [[ -n $short ]]; then
    python3 - "$json" <<'END_OF_CHECK'
import json
import sys

with open(sys.argv[1], encoding='utf-8') as f:
    results = json.load(f)
expected = {
    'pack': {'cachectl', 'cachectl --jobs 1', 'cachectl --jobs 2', 'cachectl --level 1', 'limit', 'tar | zstd -3',
             'cp -a'},
    'union': {'cachectl', 'limit', 'cp of the result', 'cp -rn', 'tar -x of each'},
    'prog': {'cachectl', 'limit'},
    'seal': {'cachectl', 'tar | zstd -3'},
    'restore': {'cachectl', 'cachectl --jobs 1', 'limit', 'limit, tree from memory', 'tar | zstd -3', 'cp -a'},
    'verify': {'cachectl', 'limit', 'tar | zstd -3'},
    'layers': {'cachectl', 'cachectl --jobs 1', 'cachectl --split', 'tar | zstd -3, digests'},
    'open': {'cachectl info', 'cachectl cat, one member', 'cachectl ls, one member'},
}
for verb, contenders in expected.items():
    for contender in contenders:
        figures = results['summary'].get(verb, {}).get(contender)
        if not figures or not figures['wall'] > 0:
            sys.exit(f'compare-peers: {verb}: {contender} was not measured: {results["failed"]}')
print('every verb ran')
END_OF_CHECK
fi

if [[ -n $memory ]]; then
    say "checking the peak of memory of every verb"
    rm -rf "$temporary/scratch" && mkdir "$temporary/scratch"
    python3 -B "$here/compare_memory.py" "${caches[@]}" --cachectl "$cachectl" --scratch "$temporary/scratch"
fi
