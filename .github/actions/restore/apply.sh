#!/usr/bin/env bash
# Restores what was found into Go's caches, and a given archive. If there is nothing whole to restore, a warning says
# so, and the job's builds compile everything. Of an archive with damaged content, the rest is restored.
#
#   MATCHED        the key under which a cache was found; empty: none was
#   INPUT_ARCHIVE  an archive to restore instead of a stored cache: a path or an address
#   INPUT_BASE     an archive to restore, too, if this job's own cache is not stored: a path or an address
#   INPUT_ONLY     the labels to restore of these; empty: all
#   INPUT_TOKEN    the token for ghcr.io; empty: none
export LEVEL=warning
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
token=${INPUT_TOKEN:-}
unset INPUT_TOKEN # for the programs below
readonly copy=$state/base.castore # of a given archive

finish() { # finish RESTORED EXACT
    output restored "$1"
    output exact "$2"
    exit 0
}

trim() { # trim TEXT: prints it without white space around it
    local text=${1#"${1%%[![:space:]]*}"}
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# Prints the labels with commas between them. In YAML, a list is often a label per line.
labels() { # labels TEXT
    local label list=''
    while IFS= read -r -d , label; do
        label=$(trim "$label")
        [[ -z $label ]] || list+=,$label
    done <<<"${1//$'\n'/,},"
    printf '%s' "${list:1}"
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

restore_from() { # restore_from FILE WHAT: the status is that of cachectl: 3 if only a part is restored
    local status=0
    "$cachectl" restore --profile ci --skip-damaged --json "$1" >"$state/new.json" 2>"$state/restore.log" || status=$?
    if ((status == 0 || status == 3)); then mv "$state/new.json" "$report"; fi
    if ((status)); then
        show "$state/restore.log"
    else
        show "$state/restore.log" - <<<"$2 is restored."
        relay "$state/restore.log" "$2 is restored, but: " # for example, that nothing can hit here
    fi
    return "$status"
}

# Sets FILE to a given archive, or to a copy of it from afar or of the part that is wanted. `save` compares with the
# copy what the job has used; the tag of an address may name another archive by then.
fetch() { # fetch ARCHIVE
    local path=${1/#-/./-} command
    if [[ -n $only ]]; then
        command=(select "$path" --only="$only")
    elif is_address "$1"; then
        command=(pull "$path")
    else
        file=$(realpath -- "$path")
        return
    fi
    command=("$cachectl" "${command[@]}" --output="$copy" --force)
    file=$copy
    GITHUB_TOKEN=$token show_run "$state/fetch.log" "${command[@]}" && return
    # ghcr.io may refuse a public archive to a token that may not read packages.
    is_refused && [[ -n $token && ${1,,} == oci://ghcr.io/* ]] || return
    GITHUB_TOKEN='' show_run "$state/anonymous.log" "${command[@]}"
}

is_refused() { grep -q -E '^error: .*the server answered 40[13]' "$state/fetch.log"; }

# Prints why a given archive can't be fetched, and what to do.
explain() {
    grep -a -m 5 -E '^(error|hint): ' "$state/fetch.log" || tail -n 3 "$state/fetch.log"
    if is_refused; then
        echo "For ghcr.io, the job needs the permission \`packages: read\`, or the input \`token\`. For another" \
            "registry, sign in in a step before, for example with docker/login-action."
    fi
}

# Restores a given archive. The status is 0 if all of it is restored, 3 if what is whole of it is.
restore_given() {
    local what
    what="The archive \`$(title "$given")\` (input \`$input\`)"
    if ! is_address "$given" && [[ ! -f $given ]]; then
        annotate warning "There is no archive \`$(title "$given")\` (input \`$input\`), so $cold. An address begins" \
            "with oci:// or https://."
        return 1
    elif ! fetch "$given"; then
        annotate warning "$what can't be read, so $cold."$'\n'"$(explain)"
        return 1
    fi
    local status=0
    restore_from "$file" "$what" || status=$?
    if ((status == 3)); then
        annotate warning "$what is damaged: what is whole of it is restored, and builds compile the rest."
        relay "$state/restore.log"
    elif ((status)); then
        annotate warning "$what can't be restored, so $cold."$'\n'"$(reason "$state/restore.log")"
    fi
    return "$status"
}

only=$(labels "${INPUT_ONLY:-}")
given=$(trim "${INPUT_ARCHIVE:-}") input=archive
cold="builds compile everything" # what follows if there is nothing else to restore
key=$(recall key) matched=${MATCHED:-}
rm -f "$copy"
: >"$report" # the summary takes an empty report for a cold build
if ! cachectl=$(find_cachectl); then
    annotate warning "There is no cachectl, so $cold."
    finish false false
elif [[ -n $given ]]; then
    [[ -z ${INPUT_BASE:-} ]] || echo "The input \`base\` is not used, because there is the input \`archive\`."
    restore_given || finish false false
    remember base "$file"
    finish true false
elif [[ -z $key ]]; then
    finish false false # prepare.sh has said why
fi

given=$(trim "${INPUT_BASE:-}") input=base
if [[ ! -f $archive ]]; then
    if [[ -z $given ]]; then
        annotate warning "No cache is stored for $key yet, so $cold."
        finish false false
    fi
    show - <<<"No cache is stored for $key, so this job begins with the archive \`$(title "$given")\`."
    restore_given || finish false false
    remember base "$file"
    finish true false
fi

# `save` packs to the same path, because the path is part of what GitHub finds a cache by.
mv "$archive" "$restored"
status=0 what="The cache \`$matched\`"
restore_from "$restored" "$what" || status=$?
if ((status == 0)); then
    # This remembers for `save` whether a cache for these very settings and go.sum files is there already.
    remember matched "$matched"
    remember base "$restored"
    [[ $matched != "$(recall scope)"* ]] || finish true true
    [[ -n $given ]] || finish true false
    show - <<<"It is not this job's own for this go.sum, so the archive \`$(title "$given")\` completes it."
    cold="there is only that cache"
    restore_given || true
    finish true false
fi

# Without a base, `save` stores what the job has used, in the place of what is damaged.
then=$cold
((status != 3)) || then="builds compile the rest"
cold=$then
[[ -z $given ]] || then="the archive \`$(title "$given")\` is restored, too"
if ((status == 3)); then
    annotate warning "$what is damaged: what is whole of it is restored, and $then. The next cache that is saved" \
        "takes its place."
    [[ -n $given ]] || relay "$state/restore.log"
else
    annotate warning "$what can't be restored, so $then. The next cache that is saved takes its place."$'\n'"$(
        reason "$state/restore.log")"
fi
rm -f "$restored"
if [[ -n $given ]] && restore_given; then finish true false; fi
finish false false
