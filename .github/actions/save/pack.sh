#!/usr/bin/env bash
# Packs what this job used of Go's caches, writes the job's summary, and says whether the archive is to be
# stored. If anything is wrong, a warning says so, and the job goes on.
#
#   INPUT_WHEN       missing: store if no whole cache for this key was restored; always; never
#   INPUT_ARTIFACT   the name of an artifact to upload; empty: none
#   INPUT_BUDGET     the size above which a warning is shown, as in 500MB; empty: none
#   INPUT_LOG        a file with the output of the job's `go build -x`, for the summary; empty: none
#   EVENT, HEAD      the event, and the repository that the commits of a pull request come from
#   and the inputs of restore/prepare.sh, for a job that restored nothing
export LEVEL=warning
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

leave() { # leave LEVEL TEXT: ends without an archive
    annotate "$1" "$2"
    exit 0
}

output upload false
output over-budget false
when=${INPUT_WHEN:-missing}
[[ $when =~ ^(missing|always|never)$ ]] ||
    leave warning "The input \`when\` is \`$when\`, not missing, always or never, so no cache is stored."

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
[[ -n $scope ]] || exit 0 # prepare.sh has said why
matched=$(recall matched)
cachectl=$(find_cachectl) || leave warning "There is no cachectl, so no cache is stored."

name=$(recall name)
rm -f "$archive"
if ! "$cachectl" pack --used --checkout "$(recall directory)" --label="$name" -o "$archive" \
    >"$state/pack.txt" 2>"$state/pack.log"; then
    show "$state/pack.log"
    leave warning "The caches of this job can't be packed, so no cache is stored."$'\n'"$(reason "$state/pack.log")"
fi
show "$state/pack.txt" "$state/pack.log"
# Such a cache would be found under this key by every later job, and bring it nothing.
if grep -q '^warning: no build has used an entry' "$state/pack.log"; then
    leave warning "This job has used nothing of its restored GOCACHE, so no cache is stored."$'\n'"$(reason "$state/pack.log")"
fi
output archive "$archive"
if [[ -n ${INPUT_ARTIFACT:-} ]]; then
    ln -f "$archive" "$state/$name.castore" # a name that differs between jobs, for one directory of all
    output artifact-path "$state/$name.castore"
fi

# ---------------------------------------------------------------- the summary

options=()
[[ ! -e $restored ]] || options+=(--base "$restored")
[[ ! -e $report ]] || options+=(--restored "$report")
[[ -z ${INPUT_BUDGET:-} ]] || options+=(--budget "$INPUT_BUDGET")
if [[ -n ${INPUT_LOG:-} ]]; then
    if [[ -f $INPUT_LOG ]]; then
        options+=(--log "$INPUT_LOG")
    else
        annotate warning "There is no log \`$INPUT_LOG\` (input \`log\`), so the summary shows no hits and misses."
    fi
fi
summary=$state/summary.md status=0
"$cachectl" summary "$archive" "${options[@]}" >"$summary" 2>"$state/summary.log" || status=$?
[[ ! -s $state/summary.log ]] || show "$state/summary.log"
cat "$summary" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
if ((status)) && [[ -n ${INPUT_BUDGET:-} && -s $summary ]]; then
    output over-budget true
    annotate warning "The cache of this job is over its budget of $INPUT_BUDGET: the job's summary shows what grew."
elif ((status)); then
    annotate warning "The summary of this job's cache can't be made."$'\n'"$(reason "$state/summary.log")"
fi

# ---------------------------------------------------------------- to store or not

if [[ $when == never ]]; then
    echo "The cache is not stored, as the input \`when\` says."
elif [[ $when == missing && $matched == "$scope"* ]]; then
    echo "A cache with these settings and go.sum files is stored already: $matched"
else
    output path "$archive"
    output key "$scope${GITHUB_RUN_ID:?}.${GITHUB_RUN_ATTEMPT:-1}"
    output upload true
fi
