#!/usr/bin/env bash
# Unites the archives that were downloaded into DIRECTORY into INPUT_OUTPUT. A missing or damaged archive fails
# the job, because what is made of the union would silently lack a job's caches.
#
#   DIRECTORY     the directory with one directory per artifact
#   INPUT_OUTPUT  the archive to write
#   INPUT_COUNT   how many archives there must be; empty: at least one
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

mapfile -d '' -t archives < <(find "$DIRECTORY" -type f -name '*.castore' -print0 | sort -z)
((${#archives[@]})) ||
    die "No artifact holds an archive, so there is nothing to unite. Give the jobs before this one the input" \
        "\`artifact\` of the action \`save\`, and name these artifacts with the input \`pattern\`."
[[ -z ${INPUT_COUNT:-} || $INPUT_COUNT == "${#archives[@]}" ]] ||
    die "There are ${#archives[@]} archives, not $INPUT_COUNT, so the union would lack a job's caches: look" \
        "whether a job before this one has packed nothing."
cachectl=$(find_cachectl) || die "There is no cachectl: look at the step before this one."
"$cachectl" union "${archives[@]}" -o "$INPUT_OUTPUT" --force &>"$state/union.log" || {
    show "$state/union.log"
    die "The archives can't be united."$'\n'"$(reason "$state/union.log")"
}
show "$state/union.log"
"$cachectl" summary "$INPUT_OUTPUT" 2>/dev/null >>"${GITHUB_STEP_SUMMARY:-/dev/null}" ||
    annotate warning "The summary of $INPUT_OUTPUT can't be made."
output archive "$INPUT_OUTPUT"
output count "${#archives[@]}"
