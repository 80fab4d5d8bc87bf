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
trap forgive EXIT
unset token # it may be exported
token=${INPUT_TOKEN:-}
unset INPUT_TOKEN # for the programs below
readonly copy=$state/base.castore # of a given archive
readonly patience=600             # seconds in which it must be fetched; later, a cold build is faster

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
    local LC_ALL=C text=$1 digest=''
    if [[ $text =~ ^(.*)(@sha256:[0-9a-f]+)$ ]]; then text=${BASH_REMATCH[1]} digest=${BASH_REMATCH[2]}; fi
    if [[ $text =~ ^[[:alnum:]+.-]+:/ && $text == *@* ]]; then
        text=${text%%:/*}://…
    elif [[ $text =~ ^[[:alnum:]+.-]+:/ ]]; then
        text=${text%%[?#]*}
    fi
    printf '%s' "$text$digest"
}

restore_from() { # restore_from FILE WHAT [OPTION]: the status is that of cachectl: 3 if only a part is restored
    local status=0
    "$cachectl" restore --profile ci --skip-damaged --json "${@:3}" "$1" >"$state/new.json" 2>"$state/restore.log" ||
        status=$?
    if ((status == 0 || status == 3)); then mv "$state/new.json" "$report"; fi
    if ((status)); then
        show "$state/restore.log"
    else
        show "$state/restore.log" - <<<"$2 is restored."
        relay "$state/restore.log" "$2 is restored, but: " # for example, that nothing can hit here
    fi
    return "$status"
}

# Sets FILE to a copy of a given archive, or of the part of it that is wanted. `save` compares with the copy what the
# job has used; by then, the tag of an address or the path may name another archive.
fetch() { # fetch ARCHIVE
    local path=${1/#-/./-} command secret='' status=0
    if [[ -n $only ]]; then
        command=(select "$path" --only="$only")
    elif is_address "$1"; then
        command=(pull "$path")
    else
        file=$(realpath -- "$path")
        if ln -f -- "$file" "$copy" 2>/dev/null; then file=$copy; fi
        return
    fi
    command=(timeout "$patience" "$cachectl" "${command[@]}" --output="$copy" --force)
    file=$copy
    if is_address "$1"; then secret=$token; fi
    GITHUB_TOKEN=$secret show_run "$state/fetch.log" "${command[@]}" || status=$?
    ((status != 124)) || echo "error: it was not fetched within $((patience / 60)) minutes" >>"$state/fetch.log"
    # ghcr.io may refuse a public archive to a token that may not read packages, and to an old password.
    if ((status)) && is_refused && [[ ${1,,} == oci://ghcr.io/* ]]; then
        status=0
        mkdir -p "$state/none"
        GITHUB_TOKEN='' HOME=$state/none XDG_CONFIG_HOME='' XDG_RUNTIME_DIR=$state/none DOCKER_CONFIG='' \
            REGISTRY_AUTH_FILE='' show_run "$state/anonymous.log" "${command[@]}" || status=$?
    fi
    return "$status"
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
    local what status=0
    what="The archive \`$(title "$given")\` (input \`$input\`)"
    if ! is_address "$given" && [[ ! -f $given ]]; then
        annotate warning "There is no archive \`$(title "$given")\` (input \`$input\`), so $cold. An address begins" \
            "with oci:// or https://."
        return 1
    elif fetch "$given"; then
        restore_from "$file" "$what" || status=$?
    elif [[ -f $given ]] && ! is_address "$given"; then # of a damaged one, there may be something to restore
        restore_from "${given/#-/./-}" "$what" --only="$only" || status=$?
    else
        annotate warning "$what can't be read, so $cold."$'\n'"$(explain)"
        return 1
    fi
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
    show - <<<"No cache is stored for $key, so the archive \`$(title "$given")\` takes its place."
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
