#!/usr/bin/env bash
# Writes DIRECTORY/SHA256SUMS, for all other files in DIRECTORY.
#
# usage: checksums.sh DIRECTORY
set -euo pipefail
cd "$1"
rm -f SHA256SUMS
files=(*)
sha256sum -- "${files[@]}" >SHA256SUMS
cat SHA256SUMS
