#!/usr/bin/env bash
# Builds cachectl for the machine's own architecture as a static binary, and writes
#
#   OUT/cachectl-VERSION-linux-ARCHITECTURE.tar.gz   cachectl, the licence, man pages and completions
#
# One commit always gives the same names, owners and times in the archive.
#
# usage: build.sh OUT   needs Swift 6.3, and as root installs Debian's packages that the build needs
#        build.sh OUT BINARY   packs a BINARY that was built before
set -euo pipefail
shopt -s inherit_errexit
die() { echo "build.sh: $*" >&2; exit 1; }
[[ $# == 1 || $# == 2 ]] || die "usage: build.sh OUT [BINARY]"
mkdir -p "$1"
out=$(cd "$1" && pwd)
binary=${2:+$(realpath -- "$2")}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

say() { echo "build.sh: $*" >&2; }
# shellcheck source=../../Tests/packages.sh
source Tests/packages.sh

if [[ -z $binary ]]; then
    # shellcheck disable=SC2154 # Tests/packages.sh sets it
    install_packages "${build_packages[@]}" binutils
    static=(-c release --static-swift-stdlib -Xswiftc -static-executable)
    swift build "${static[@]}" --product cachectl
    binary=$(swift build "${static[@]}" --show-bin-path)/cachectl
fi

version=$("$here/version.sh")
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
install -m 755 "$binary" "$stage/cachectl"
strip --strip-all "$stage/cachectl" # three fifths of the binary are symbols, which nobody reads here
if ldd "$stage/cachectl" &>/dev/null; then die "$binary is linked dynamically, so it would not run everywhere"; fi
built=$("$stage/cachectl" --version)
[[ $built == "$version" ]] || die "$binary has the version $built, but Version.swift states $version"
install -m 644 LICENSE "$stage/LICENSE"
"$here/documentation.sh" "$stage/cachectl" "$stage"

name=cachectl-$version-linux-$(uname -m).tar.gz
time=$(git log -1 --format=%ct 2>/dev/null) || time=0 # a source archive has no history
chmod -R u=rwX,go=rX "$stage"
mapfile -t members < <(cd "$stage" && find . -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort)
tar --create --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mtime="@$time" \
    -C "$stage" "${members[@]}" |
    gzip -9 --no-name >"$out/$name"
echo "$out/$name"
