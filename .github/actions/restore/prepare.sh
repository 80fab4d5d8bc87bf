#!/usr/bin/env bash
# Finds or installs cachectl, and says under which keys the job's cache is stored. If anything is wrong, a
# warning says so, and the job goes on without a cache.
#
#   INPUT_NAME       the name of the cache among those with equal settings; empty: the job's id and its matrix
#   MATRIX           the values of the job's matrix, as JSON
#   INPUT_PREFIX     the beginning of all keys
#   INPUT_DIRECTORY  the directory in which the job builds
#   INPUT_ARCHIVE    an archive that is there, to restore instead of a stored cache
#   and the inputs of setup/install.sh
export LEVEL=warning
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
trap forgive EXIT

rm -f "$archive" "$restored" "$report" "$state"/{fallbacks.log,key,name,scope,directory,matched,base,nothing}
name=$(cache_name)
remember name "$name" # also the label of the archive that `save` packs

cold="This job gets no cache and stores none."
give_up() { # give_up TEXT [LOG]: ends without a key; `save` tells the text to the action `union`
    local text=$1
    [[ -z ${2:-} ]] || text+=$'\n'$(reason "$2")
    annotate warning "$text"
    remember nothing "$text"
    exit 0
}

if [[ -n ${INPUT_PATH:-}${INPUT_VERSION:-} ]] || ! find_cachectl >/dev/null; then
    bash "${BASH_SOURCE[0]%/*}/../setup/install.sh" || give_up "cachectl can't be set up. $cold"
fi
cachectl=$(find_cachectl)

options=(--prefix="$(word "${INPUT_PREFIX:-go}")")
directory=${INPUT_DIRECTORY:-.}
directory=${directory/#-/./-}
remember directory "$directory"
if key=$("$cachectl" key "${options[@]}" "$directory" 2>"$state/key.log") &&
    fallbacks=$("$cachectl" key "${options[@]}" --fallbacks "$directory" 2>"$state/fallbacks.log"); then
    [[ ! -s $state/key.log ]] || show "$state/key.log"
    relay "$state/key.log"
else
    [[ ! -e $state/fallbacks.log ]] || cat "$state/fallbacks.log" >>"$state/key.log"
    show "$state/key.log"
    give_up "The key of this job's cache can't be made. $cold" "$state/key.log"
fi

[[ $key =~ ^[[:graph:]]{1,400}$ && $key != *,* ]] || # GitHub refuses other keys
    give_up "The key of this job's cache has spaces or commas in it, or is too long. $cold"

# A stored cache can't be replaced. So each run has a key of its own, and a search by prefix finds the newest:
# a damaged cache is followed by a whole one. No name holds an `@`, so that no name is another's prefix.
scope=$key-$name@
remember key "$key"
remember scope "$scope"
output key "$scope${GITHUB_RUN_ID:?}.${GITHUB_RUN_ATTEMPT:-1}"
output fallbacks "$(printf '%s\n' "$scope" "$key-" "$fallbacks")"
echo "The key of this job's cache is $key"

if [[ -n ${INPUT_ARCHIVE:-} ]]; then
    output search false
else
    output search true
    output path "$archive"
fi
