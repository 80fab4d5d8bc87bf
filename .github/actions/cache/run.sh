#!/usr/bin/env bash
# Runs the commands of INPUT_RUN in the current directory, as GitHub runs those of a step with `shell: bash`.
set -euo pipefail

if [[ -z ${INPUT_RUN//[[:space:]]/} ]]; then
    echo "::error title=cachectl::The input \`run\` is empty, so there is nothing to cache: give the commands, or" \
        "use the actions \`restore\` and \`save\` before and after your steps."
    exit 1
fi
script=$(mktemp "${RUNNER_TEMP:?}/cachectl-run.XXXXXX")
trap 'rm -f "$script"' EXIT
printf '%s\n' "$INPUT_RUN" >"$script"
unset INPUT_RUN
bash --noprofile --norc -eo pipefail "$script"
