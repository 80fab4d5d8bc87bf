#!/usr/bin/env bash
# Unites the archives that were downloaded into DIRECTORY into INPUT_OUTPUT. A missing or damaged archive fails
# the job, because what is made of the union would silently lack a job's caches.
#
#   DIRECTORY     the directory with one directory per artifact
#   INPUT_OUTPUT  the archive to write
#   INPUT_COUNT   how many archives there must be; empty: one per artifact, and at least one
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

count=${INPUT_COUNT:-}
count=${count//[[:space:]]/}
[[ $count =~ ^[0-9]{0,6}$ ]] || die "The input \`count\` is \`$INPUT_COUNT\`, which is no number of archives."
target=${INPUT_OUTPUT:-all.castore}
target=${target/#-/./-}

mapfile -d '' -t archives < <(find "$DIRECTORY" -type f -name '*.castore' -print0 | sort -z)
# `save` leaves such a file in the place of an archive, which says why there is none.
mapfile -d '' -t markers < <(find "$DIRECTORY" -type f -name '*.nothing.txt' -print0 | sort -z)
nothing=''
for marker in "${markers[@]:0:10}"; do
    nothing+=$'\n'"${marker#"$DIRECTORY/"}: $(head -c 1000 "$marker" | tr -s '\n' ' ')"
done
((${#markers[@]} <= 10)) || nothing+=$'\n'"and $((${#markers[@]} - 10)) more"

if ((${#archives[@]} == 0 && ${#markers[@]})); then
    die "${nothing:1}"$'\n'"So no job has packed anything, and there is nothing to unite."
elif ((${#archives[@]} == 0)); then
    die "No artifact holds an archive, so there is nothing to unite. Give the jobs before this one the input" \
        "\`artifact\` of the action \`save\`, and name these artifacts with the input \`pattern\`."
elif [[ -n $count ]] && ((10#$count != ${#archives[@]})); then
    die "${nothing:+${nothing:1}$'\n'}There are ${#archives[@]} archives, not $count, so the union would lack a" \
        "job's caches, or hold one too many: look at the jobs before this one."
elif ((${#markers[@]})) && [[ -z $count ]]; then
    die "${nothing:1}"$'\n'"So the union would lack the caches of ${#markers[@]} of" \
        "$((${#archives[@]} + ${#markers[@]})) jobs, which have packed nothing. Run these again; or give the input" \
        "\`count\`, \`${#archives[@]}\`, to unite the others."
elif ((${#markers[@]})); then
    annotate warning "The union lacks the caches of ${#markers[@]} jobs, which have packed nothing, as the input" \
        "\`count\` allows.$nothing"
fi

cachectl=$(find_cachectl) || die "There is no cachectl: look at the step before this one."
"$cachectl" union "${archives[@]}" --output="$target" --force &>"$state/union.log" || {
    show "$state/union.log"
    die "The archives can't be united."$'\n'"$(reason "$state/union.log")"
}
show "$state/union.log"
relay "$state/union.log"
"$cachectl" summary "$target" 2>"$state/summary.log" >>"${GITHUB_STEP_SUMMARY:-/dev/null}" ||
    annotate warning "The summary of $target can't be made."$'\n'"$(reason "$state/summary.log")"
output archive "$target"
output count "${#archives[@]}"
