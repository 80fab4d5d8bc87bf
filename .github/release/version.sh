#!/usr/bin/env bash
# Prints the version of cachectl, from the one place that states it.
#
# usage: version.sh [TAG]   with TAG: fails unless TAG is that of this version
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly source=Sources/cachectl/Output/Version.swift
version=$(sed -n 's/^ *static let current = "\(.*\)"$/\1/p' "$source")
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$ ]] || {
    echo "version.sh: $source states no version, but \`$version\`" >&2
    exit 1
}
if (($#)) && [[ $1 != "v$version" ]]; then
    echo "version.sh: the tag is $1, but $source states $version: tag v$version, or change the version first" >&2
    exit 1
fi
echo "$version"
