#!/usr/bin/env bash
# Writes the library's documentation as web pages for a static host, below the path BASE of that host.
#
# usage: pages.sh OUT BASE [OPTION…]   with the options of a build that is to serve here, too
#
# Needs Swift 6.3, and as root installs Debian's packages that the build needs.
set -euo pipefail
(($# >= 2)) || { echo "usage: pages.sh OUT BASE [OPTION…]" >&2; exit 64; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
say() { echo "pages.sh: $*" >&2; }
die() { echo "pages.sh: $*" >&2; exit 1; }
# shellcheck source=../../Tests/packages.sh
source Tests/packages.sh
# shellcheck disable=SC2154 # Tests/packages.sh sets it
install_packages "${build_packages[@]}"
options=("${@:3}")
((${#options[@]})) || options=(-Xswiftc -warnings-as-errors)

# The documentation plugin would compile the library once more, for two minutes with optimisation. Unless the tests are
# built already, this fails for their runners, of which no page tells; the symbols of the library are there all the same.
symbols=$(dirname "$(swift build "${options[@]}" --show-bin-path)")/symbolgraph
rm -rf "$symbols"
swift package "${options[@]}" dump-symbol-graph || [[ -s $symbols/CacheStore.symbols.json ]] ||
    die "the library has no symbols, see above"
chosen=$(mktemp -d)
cp "$symbols"/CacheStore{,@*}.symbols.json "$chosen"
docc convert Sources/CacheStore/CacheStore.docc --additional-symbol-graph-dir "$chosen" --warnings-as-errors \
    --fallback-display-name CacheStore --fallback-bundle-identifier CacheStore \
    --transform-for-static-hosting --hosting-base-path "$2" --output-path "$out"
rm -r "$chosen"
[[ -s $out/documentation/cachestore/index.html ]] || die "the library has no page"
# The root has no page of its own.
printf '<!doctype html>\n<meta charset="utf-8">\n<title>CacheStore</title>\n%s\n' \
    '<meta http-equiv="refresh" content="0; url=documentation/cachestore/">' >"$out/index.html"
