#!/usr/bin/env bash
# Writes the manual pages and the completions of cachectl, which it makes from cachectl's own parser.
#
#   documentation.sh CACHECTL OUT    writes OUT/man/man1/*.1 and OUT/completions/{bash,zsh,fish}/*
#
# The date of the pages is SOURCE_DATE_EPOCH, or else the time of the last commit, so that the same sources
# give the same bytes.
set -euo pipefail
shopt -s inherit_errexit

(($# == 2)) || { echo "usage: documentation.sh CACHECTL OUT" >&2; exit 64; }
readonly cachectl=$1 out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || date +%s)}
date=$(date -u -d "@$seconds" +%F)

mkdir -p "$out/man/man1" "$out/completions/bash" "$out/completions/zsh" "$out/completions/fish"

"$cachectl" manual --date "$date" >"$out/man/man1/cachectl.1"
names=$("$cachectl" manual --names)
for name in $names; do
    "$cachectl" manual "$name" --date "$date" >"$out/man/man1/cachectl-$name.1"
done

# Each shell looks for these names: bash-completion, zsh's fpath, and fish.
"$cachectl" --generate-completion-script bash >"$out/completions/bash/cachectl"
"$cachectl" --generate-completion-script zsh >"$out/completions/zsh/_cachectl"
"$cachectl" --generate-completion-script fish >"$out/completions/fish/cachectl.fish"
