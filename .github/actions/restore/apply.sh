#!/usr/bin/env bash
# Restores what was found into Go's caches. A missing, truncated or foreign cache is a warning, and the job's
# builds compile everything. Of a cache with damaged content, the rest is restored.
#
#   MATCHED        the key under which the cache was found; empty: none was
#   INPUT_ARCHIVE  an archive that is there, to restore instead
export LEVEL=warning
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

give_up() { # give_up TEXT: says why builds compile everything, and leaves the job without a restored cache
    annotate warning "$1"
    rm -f "$restored" "$state/base"
    : >"$report" # the summary takes an empty report for a cold build
    output restored false
    output exact false
    exit 0
}

key=$(recall key)
matched=${MATCHED:-}
if [[ -n ${INPUT_ARCHIVE:-} ]]; then
    [[ -f $INPUT_ARCHIVE ]] ||
        give_up "There is no archive \`$INPUT_ARCHIVE\` (input \`archive\`), so builds compile everything."
    source=${INPUT_ARCHIVE/#-/./-} what="The archive \`$INPUT_ARCHIVE\`"
elif [[ -z $key ]]; then
    output restored false # prepare.sh has said why
    output exact false
    exit 0
elif [[ -f $archive ]]; then
    # `save` packs to the same path, because the path is part of what GitHub finds a cache by.
    mv "$archive" "$restored"
    source=$restored what="The cache \`$matched\`"
else
    give_up "No cache is stored for $key yet, so builds compile everything."
fi

cachectl=$(find_cachectl) || give_up "There is no cachectl, so builds compile everything."
status=0
"$cachectl" restore --profile ci --skip-damaged --json "$source" >"$report" 2>"$state/restore.log" || status=$?
if ((status != 0 && status != 3)); then
    show "$state/restore.log"
    give_up "$what can't be restored, so builds compile everything. The next cache that is saved takes its place."$'\n'"$(
        reason "$state/restore.log")"
fi
if ((status == 3)); then
    show "$state/restore.log"
    annotate warning "$what is damaged: what is whole of it is restored, and builds compile the rest. The next cache that" \
        "is saved takes its place."
    relay "$state/restore.log"
    # `save` must not find that this cache has all that the job used.
    rm -f "$restored" "$state/base"
    output restored false
    output exact false
    exit 0
fi
show "$state/restore.log" - <<<"$what is restored."
relay "$state/restore.log" "$what is restored, but: " # for example, that nothing can hit here
# This remembers for `save` whether a cache for these very settings and go.sum files is there already.
remember matched "$matched"
remember base "$(realpath -- "$source")"
output restored true
if [[ -n $matched && $matched == "$(recall scope)"* ]]; then output exact true; else output exact false; fi
