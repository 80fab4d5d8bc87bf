#!/usr/bin/env bash
# Restores what was found into Go's caches, or else a given archive. If there is nothing whole to restore, a warning
# says so, and the job's builds compile everything. Of an archive with damaged content, the rest is restored.
#
#   MATCHED        the key under which a cache was found; empty: none was
#   INPUT_ARCHIVE  an archive to restore instead of a stored cache: a path or an address
#   INPUT_BASE     an archive to restore if there is no whole cache: a path or an address
#   INPUT_ONLY     the labels to restore of these; empty: all
#   INPUT_TOKEN    the token for ghcr.io; empty: none
export LEVEL=warning
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
token=${INPUT_TOKEN:-}
unset INPUT_TOKEN # for the programs below

finish() { # finish RESTORED EXACT
    output restored "$1"
    output exact "$2"
    exit 0
}

give_up() { # give_up TEXT: says why builds compile everything, and leaves the job without a restored cache
    annotate warning "$1"
    rm -f "$restored"
    : >"$report" # the summary takes an empty report for a cold build
    finish false false
}

restore_from() { # restore_from FILE WHAT: the status is that of cachectl: 3 if only a part is restored
    local status=0
    "$cachectl" restore --profile ci --skip-damaged --json "$1" >"$report" 2>"$state/restore.log" || status=$?
    if ((status)); then
        show "$state/restore.log"
    else
        show "$state/restore.log" - <<<"$2 is restored."
        relay "$state/restore.log" "$2 is restored, but: " # for example, that nothing can hit here
    fi
    return "$status"
}

is_address() { [[ ${1,,} =~ ^(oci|https?):// ]]; }

title() { # title ARCHIVE: prints its name without the secrets that an address may have
    local text=$1
    if is_address "$text"; then
        text=${text%%[?#]*}
        [[ ! $text =~ ^([A-Za-z]+://)[^/]*@(.*)$ ]] || text=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
    fi
    printf '%s' "$text"
}

# Sets FILE to a given archive, or to a copy of it from afar or of the part that is wanted. `save` compares with the
# copy what the job has used; the tag of an address may name another archive by then.
fetch() { # fetch ARCHIVE
    local path=${1/#-/./-} command
    if [[ -n ${INPUT_ONLY:-} ]]; then
        command=(select "$path" --only="$INPUT_ONLY")
    elif is_address "$1"; then
        command=(pull "$path")
    else
        file=$(realpath -- "$path")
        return
    fi
    command+=(--output="$restored" --force)
    file=$restored
    if ! GITHUB_TOKEN=$token "$cachectl" "${command[@]}" &>"$state/fetch.log"; then
        show "$state/fetch.log"
        # ghcr.io may refuse a public archive to a token that may not read packages.
        [[ -n $token && ${1,,} == oci://ghcr.io/* ]] || return
        GITHUB_TOKEN='' "$cachectl" "${command[@]}" &>"$state/anonymous.log" || return
        mv "$state/anonymous.log" "$state/fetch.log"
    fi
    show "$state/fetch.log"
    relay "$state/fetch.log"
}

cachectl=$(find_cachectl) || give_up "There is no cachectl, so builds compile everything."
key=$(recall key)
given=${INPUT_ARCHIVE:-} input=archive cold="builds compile everything"
whole=true # whether no stored cache is damaged, which `save` has to replace
if [[ -z $given ]]; then
    [[ -n $key ]] || finish false false # prepare.sh has said why
    given=${INPUT_BASE:-} input=base
    then=$cold
    [[ -z $given ]] || then="this job begins with \`$(title "$given")\`"
    if [[ ! -f $archive ]]; then
        [[ -n $given ]] || give_up "No cache is stored for $key yet, so $then."
        show - <<<"No cache is stored for $key yet, so $then."
    else
        # `save` packs to the same path, because the path is part of what GitHub finds a cache by.
        mv "$archive" "$restored"
        status=0 what="The cache \`${MATCHED:-}\`"
        restore_from "$restored" "$what" || status=$?
        if ((status == 0)); then
            # This remembers for `save` whether a cache for these very settings and go.sum files is there already.
            remember matched "${MATCHED:-}"
            remember base "$restored"
            if [[ ${MATCHED:-} == "$(recall scope)"* ]]; then finish true true; else finish true false; fi
        fi
        whole=false
        if ((status == 3)); then
            cold="builds compile the rest" then=$cold
            [[ -z $given ]] || then="the rest comes from \`$(title "$given")\`"
            annotate warning "$what is damaged: what is whole of it is restored, and $then. The next cache that is" \
                "saved takes its place."
            relay "$state/restore.log"
        else
            annotate warning "$what can't be restored, so $then. The next cache that is saved takes its" \
                "place."$'\n'"$(reason "$state/restore.log")"
            : >"$report"
        fi
        rm -f "$restored"
        [[ -n $given ]] || finish false false
    fi
fi

what="The archive \`$(title "$given")\` (input \`$input\`)"
is_address "$given" || [[ -f $given ]] || give_up "There is no archive \`$given\` (input \`$input\`), so $cold."
fetch "$given" || give_up "$what can't be read, so $cold."$'\n'"$(reason "$state/fetch.log")"
status=0
restore_from "$file" "$what" || status=$?
case $status in
    0)
        # Without a base, `save` stores what the job has used, in the place of what is damaged.
        if $whole; then remember base "$file"; fi
        finish true false
        ;;
    3)
        annotate warning "$what is damaged: what is whole of it is restored, and builds compile the rest."
        relay "$state/restore.log"
        rm -f "$restored"
        finish false false
        ;;
    *) give_up "$what can't be restored, so $cold."$'\n'"$(reason "$state/restore.log")" ;;
esac
