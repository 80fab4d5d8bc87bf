#!/usr/bin/env bash
# Makes the manual pages and completions as a release does, and lets the programs that read them judge them.
#
#   test-documentation.sh --cachectl FILE
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { echo "test-documentation.sh: $*" >&2; exit 1; }

[[ $# == 2 && $1 == --cachectl ]] || { echo "usage: test-documentation.sh --cachectl FILE" >&2; exit 64; }
cachectl=$(realpath "$2")

missing=()
for package in bsdextrautils fish groff-base man-db mandoc zsh; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
if ((${#missing[@]})); then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/../../.github/release/documentation.sh" "$cachectl" "$work"

# ---------------------------------------------------------------- the pages

pages=("$work"/man/man1/*.1)
verbs=$("$cachectl" manual --names | wc -l)
((${#pages[@]} == verbs + 1 && verbs >= 15)) || die "${#pages[@]} pages for $verbs commands"
for page in "${pages[@]}"; do
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)
    [[ -z $warnings ]] || die "man: ${page##*/}: $warnings"
    mandoc -T lint -W warning "$page" || die "mandoc finds faults in ${page##*/}"
done
text=$(MANWIDTH=80 LC_ALL=C.UTF-8 man -E UTF-8 -l "$work/man/man1/cachectl-pack.1" | col -b)
for part in 'cachectl-pack - pack Go' '--used-since time' 'cachectl pack --label aws -o aws.castore'; do
    grep -qF -- "$part" <<<"$text" || die "the page on pack lacks: $part"
done

# The same commit gives the same bytes.
SOURCE_DATE_EPOCH=1700000000 "$here/../../.github/release/documentation.sh" "$cachectl" "$work/again"
SOURCE_DATE_EPOCH=1700000000 "$here/../../.github/release/documentation.sh" "$cachectl" "$work/again2"
diff -r "$work/again" "$work/again2" >/dev/null || die "two runs differ"
grep -q '^\.TH CACHECTL 1 2023-11-14 ' "$work/again/man/man1/cachectl.1" || die "the date is not SOURCE_DATE_EPOCH"

# ---------------------------------------------------------------- the completions

bash -n "$work/completions/bash/cachectl"
zsh -n "$work/completions/zsh/_cachectl"
fish --no-execute "$work/completions/fish/cachectl.fish"

mkdir "$work/bin"
ln -s "$cachectl" "$work/bin/cachectl"
export PATH=$work/bin:$PATH

complete_in_bash() { # complete_in_bash WORD…: prints what bash offers for the last word
    # shellcheck disable=SC2016 # expanded by the inner shell
    bash --norc -c '
        source "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
        function=$(complete -p cachectl | sed "s/.*-F \([^ ]*\).*/\1/")
        "$function" cachectl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$work/completions/bash/cachectl" "$@"
}
[[ $(complete_in_bash cachectl res) =~ ^restore\ *$ ]] || die "bash does not complete restore"
complete_in_bash cachectl pack --us | grep -q -- '--used-since' || die "bash does not complete --used-since"
fish_words=$(HOME=$work fish --no-config -c \
    "source $work/completions/fish/cachectl.fish; complete --do-complete 'cachectl summ'")
[[ $fish_words == summary* ]] || die "fish does not complete summary: $fish_words"
grep -q '^#compdef cachectl' "$work/completions/zsh/_cachectl" || die "zsh does not find its completion"

echo "${#pages[@]} manual pages and 3 completions are sound"
