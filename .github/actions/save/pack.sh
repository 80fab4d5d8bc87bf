#!/usr/bin/env bash
# Packs what this job used of Go's caches, writes the job's summary, and says whether the archive is to be
# stored. If anything is wrong, a warning says so, and the job goes on.
#
#   INPUT_WHEN       needed: store if no whole cache for this key was restored, or one that lacks much of what
#                    this job used, and if there are entries of GOCACHE; always; never
#   INPUT_ARTIFACT   the name of an artifact to upload; empty: none
#   INPUT_BUDGET     the size above which a warning is shown, as in 500MB; empty: none
#   INPUT_LOG        a file with the output of the job's `go build -x`, in the workspace or else in the directory
#                    in which the job builds, for the summary; empty: none
#   EVENT, HEAD      the event, and the repository that the commits of a pull request come from
#   and the inputs of restore/prepare.sh, for a job that restored nothing
export LEVEL=warning
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
trap forgive EXIT

artifact() { # artifact FILE: gives a file to the step that uploads the artifact
    local name=$INPUT_ARTIFACT
    # GitHub refuses these characters, and the step would fail the job.
    if [[ $name =~ [[:cntrl:]\":\<\>\|*?\\/] || $name == .* || ${#name} -gt 128 ]]; then name=$(word "$name"); fi
    output artifact-name "$name"
    output artifact-path "$1"
}

# Ends without an archive. The artifact then holds the text in its place, because the action `union` would not
# see that an artifact is missing, and what is made of the union would silently lack this job's caches.
leave() { # leave LEVEL TEXT
    local file=$files/$name.nothing.txt
    [[ $1 == none ]] || annotate "$1" "$2"
    if [[ -n ${INPUT_ARTIFACT:-} ]]; then
        printf '%s\n' "$2" >"$file"
        artifact "$file"
    fi
    exit 0
}

output upload false
output over-budget false
readonly files=$state/artifact # apart, because a name may be `cache` or `restored`
rm -rf "$files"
mkdir "$files"
name=$(recall name)
name=${name:-$(cache_name)}
when=${INPUT_WHEN:-needed}
if [[ ! $when =~ ^(needed|always|never)$ ]]; then
    annotate warning "The input \`when\` is \`$when\`, not needed, always or never, so no cache is stored."
    when=never
fi

# Whoever can write a stored cache decides what later jobs compile, so commits from elsewhere only restore. All
# events but these may build anybody's commits, with the rights of the default branch (`repository_dispatch` of a
# comment "/test", for example).
if [[ -n ${HEAD:-} && $HEAD != "${GITHUB_REPOSITORY:-}" ]]; then
    leave notice "These commits come from $HEAD, so no cache is stored."
fi
case ${EVENT:-} in
    push | schedule | merge_group | release | workflow_dispatch) ;;
    pull_request)
        [[ -n ${HEAD:-} ]] || leave notice "These commits come from a repository that is gone, so no cache is stored."
        ;;
    *) leave notice "The event ${EVENT:-(none)} may build anybody's commits, so no cache is stored." ;;
esac

if [[ -z $(recall name) ]]; then # no `restore` before
    bash "${BASH_SOURCE[0]%/*}/../restore/prepare.sh"
fi
scope=$(recall scope)
[[ -n $scope ]] || leave none "$(recall nothing)" # prepare.sh has said why
matched=$(recall matched)
cachectl=$(find_cachectl) || leave warning "There is no cachectl, so no cache is stored."

rm -f "$archive"
if ! "$cachectl" pack --used --checkout="$(recall directory)" --label="$name" -o "$archive" \
    >"$state/pack.txt" 2>"$state/pack.log"; then
    show "$state/pack.log"
    leave warning "The caches of this job can't be packed, so no cache is stored."$'\n'"$(
        reason "$state/pack.log")"
fi
show "$state/pack.txt" "$state/pack.log"
# Such a cache would be found under this key by every later job, and bring it nothing.
if grep -q '^warning: no build has used an entry' "$state/pack.log"; then
    leave warning "This job has used nothing of its restored GOCACHE, so no cache is stored."$'\n'"$(
        reason "$state/pack.log")"
fi
relay "$state/pack.log"
output archive "$archive"
if [[ -n ${INPUT_ARTIFACT:-} ]]; then
    ln -f "$archive" "$files/$name.castore" # a name that differs between jobs, for one directory of all
    artifact "$files/$name.castore"
fi

# ---------------------------------------------------------------- the summary

base=$(recall base)
[[ -f $base ]] || base=''
options=() log=() budget=()
[[ -z $base ]] || options+=(--base "$base")
[[ ! -e $report ]] || options+=(--restored "$report")
if [[ -n ${INPUT_LOG:-} ]]; then
    # The commands of `cache` run in the directory, and a relative path in them begins there.
    other=$(recall directory)/$INPUT_LOG
    if [[ -f $INPUT_LOG ]]; then
        log=(--log="$INPUT_LOG")
    elif [[ $INPUT_LOG != /* && -f $other ]]; then
        log=(--log="$other")
    else
        annotate warning "There is no log \`$INPUT_LOG\` (input \`log\`), neither in the workspace nor in the" \
            "directory in which the job builds, so the summary shows no hits and misses."
    fi
fi
[[ -z ${INPUT_BUDGET:-} ]] || budget=(--budget="$INPUT_BUDGET")
summary=$state/summary.md status=0
declare -A why=() # the reasons why there is no page without these parts

# Writes the page without some of its parts, and says whether there is one. STATUS is 1 for one over budget.
write_summary() { # write_summary PARTS
    local arguments=()
    [[ $1 == *base* ]] || arguments+=("${options[@]}")
    [[ $1 == *log* ]] || arguments+=("${log[@]}")
    [[ $1 == *budget* ]] || arguments+=("${budget[@]}")
    status=0
    "$cachectl" summary "${arguments[@]}" "$archive" >"$summary" 2>"$state/summary.log" || status=$?
    [[ ! -s $summary ]] || return 0
    why[$1]=$(reason "$state/summary.log")
    return 1
}

# A part that can't be made costs no other part.
without=''
for without in none budget log 'budget log' 'budget log base' everything; do
    if [[ $without == everything ]] || write_summary "$without"; then break; fi
done
[[ ! -s $state/summary.log ]] || show "$state/summary.log"
case $without in
    none) ;;
    everything) annotate warning "The summary of this job's cache can't be made."$'\n'"${why[budget log base]}" ;;
    *base) annotate warning "The summary of this job's cache shows sizes only, and checks no" \
        "budget."$'\n'"${why[budget log]}" ;;
    *log) annotate warning "The log \`$INPUT_LOG\` (input \`log\`) can't be read, so the summary shows no hits and" \
        "misses."$'\n'"${why[budget]}" ;;
esac
if [[ $without == budget* && -n ${INPUT_BUDGET:-} ]]; then
    budget=()
    [[ $without == *base ]] || annotate warning "The input \`budget\` is \`$INPUT_BUDGET\`, which is no size, so" \
        "the size of the cache is not checked. Give a number with a unit, as in \`500MB\`, \`1.5GB\` or \`1GiB\`."
fi
cat "$summary" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
relay "$state/summary.log"
if ((status == 1)) && ((${#budget[@]})) && [[ -s $summary ]]; then
    output over-budget true
    annotate warning "The cache of this job is over its budget of $INPUT_BUDGET: the job's summary shows what grew."
elif ((status)) && [[ -s $summary ]]; then
    annotate warning "The summary of this job's cache lacks a part."$'\n'"$(reason "$state/summary.log")"
fi

# ---------------------------------------------------------------- to store or not

# No text in the JSON of cachectl can look like its keys, because quotes in it are escaped.
frame_bytes() { # frame_bytes ARCHIVE: prints the bytes of its content, compressed
    "$cachectl" info --json "$1" | grep -o -m 1 '"frame_bytes":[0-9]*' | sed -n '1s/.*://p'
}

# Prints the sum of a figure of the actions and the outputs, which are the entries of GOCACHE.
entries() { # entries KEY FIGURE: reads the JSON, in which KEY holds a tally per kind of member
    local tallies
    tallies=$(grep -o -m 1 "\"$1\":{\"action\":{[^}]*},\"output\":{[^}]*}") || return 1
    [[ $tallies =~ \"$2\":([0-9]+).*\"$2\":([0-9]+) ]] || return 1
    echo $((BASH_REMATCH[1] + BASH_REMATCH[2]))
}

# Compares the archive with the one that this job began with, and sets LACKED and UNUSED: the hundredths of the
# one's bytes that the other lacks; and LACKED_ENTRIES, the same as LACKED for the entries of GOCACHE alone.
compare() {
    local json figures before now removed added entries_now entries_added
    json=$("$cachectl" diff --json "$base" "$archive") &&
        figures=$(grep -o '"all_removed":{[^}]*},"all_added":{[^}]*}' <<<"$json") &&
        entries_added=$(entries added stored_bytes <<<"$json") &&
        entries_now=$("$cachectl" info --json "$archive" | entries by_kind stored_bytes) &&
        before=$(frame_bytes "$base") && now=$(frame_bytes "$archive") || return 1
    [[ $figures =~ \"stored_bytes\":([0-9]+)\},\"all_added\":.*\"stored_bytes\":([0-9]+)\}$ ]] || return 1
    removed=${BASH_REMATCH[1]} added=${BASH_REMATCH[2]}
    unused=$((removed * 100 / (before + 1)))
    lacked=$((added * 100 / (now + 1)))
    lacked_entries=$((entries_added * 100 / (entries_now + 1)))
}

# Says whether the archive is worth a place. A cache that was stored by a job that built little would otherwise
# be found by all later jobs, and bring them little. The project's own packages change with every commit.
is_needed() {
    # Later jobs would find such a cache, of modules alone, before others that hold compiled packages too.
    if [[ $("$cachectl" info --json "$archive" 2>/dev/null | entries by_kind members || true) == 0 ]]; then
        annotate notice "This job's GOCACHE has no entries, as after \`go mod download\` alone, so its cache is not" \
            "stored: jobs that find it would compile everything. To store it all the same, give the input" \
            "\`when\` the value \`always\`, and a \`name\` of its own."
        return 1
    fi
    [[ -n $base && ($matched == "$scope"* || -z $matched) ]] || return 0
    if ! compare 2>"$state/compare.log"; then
        show "$state/compare.log"
        annotate warning "The cache of this job can't be compared with the restored one, so it is stored."
        return 0
    fi
    echo "The restored cache lacks $lacked % of what this job used, and $lacked_entries % of its entries of GOCACHE;" \
        "this job used $((100 - unused)) % of the restored cache."
    # Modules are often larger than all that is compiled, so they must not hide what a job has to compile.
    ((lacked >= 10 || lacked_entries >= 10)) || return 1
    if [[ -n $matched ]] && ((lacked > 50 && unused > 50)); then
        annotate notice "The restored cache has little of what this job used, and this job used little of it. If" \
            "jobs that build different things share the name \`$name\`, each of them replaces the other's cache:" \
            "give each a \`name\`."
    fi
}

if [[ $when == never ]]; then
    echo "The cache is not stored: see the input \`when\`."
elif [[ $when == needed ]] && ! is_needed; then
    echo "So it is not stored."
else
    output path "$archive"
    output key "$scope${GITHUB_RUN_ID:?}.${GITHUB_RUN_ATTEMPT:-1}"
    output upload true
fi
