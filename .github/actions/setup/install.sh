#!/usr/bin/env bash
# Puts cachectl on the PATH of the following steps: the program at INPUT_PATH, or else a release, whose checksum
# is compared before anything of it runs.
#
#   INPUT_PATH      a cachectl that is there; empty: download a release
#   INPUT_VERSION   the release's version; empty: the version of the repository that this action is part of
#   INPUT_SHA256    the checksum that the release's archive must have; empty: the one in the release
#   INPUT_RELEASES  the URL below which the releases are; empty: the releases of this action's repository
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

readonly root=${BASH_SOURCE[0]%/*}/../../..
scratch=$(mktemp -d "$state/setup.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# The context `github.action_repository` is empty in the steps of a composite action (actions/runner#2473), but
# the runner keeps actions in …/_actions/OWNER/REPOSITORY/REF/. An action of the checkout itself is elsewhere.
action_repository() {
    local path
    path=$(cd "$root" && pwd -P)
    if [[ $path =~ /_actions/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/ ]]; then
        echo "${BASH_REMATCH[1]}"
    else
        echo "${GITHUB_REPOSITORY:?}"
    fi
}

own_version() { # the one place that states the version
    sed -n 's/^ *static let current = "\(.*\)"$/\1/p' "$root/Sources/cachectl/Output/Version.swift"
}

download() { # download URL FILE
    local only=()
    [[ $1 != https://* ]] || only=(--proto '=https')
    if type -P curl >/dev/null; then
        curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 "${only[@]}" -o "$2" "$1"
    elif type -P wget >/dev/null; then
        wget -q -O "$2" "$1"
    else
        die "There is neither curl nor wget here, so cachectl can't be downloaded. Install one of them in an" \
            "earlier step, or name a cachectl that is there with the input \`path\`."
    fi
}

install_release() { # install_release VERSION
    local version=${1#v} machine releases name sum found
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$ ]] ||
        die "\`$version\` is no version of cachectl: give the input \`version\` as in \`0.2.0\`."
    [[ $(uname -s) == Linux ]] || die "cachectl runs on Linux only, and this runner has $(uname -s)."
    machine=$(uname -m)
    case $machine in
        x86_64) ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) die "There is no release of cachectl for $machine: build it, and name it with the input \`path\`." ;;
    esac
    releases=${INPUT_RELEASES:-}
    releases=${releases:-${GITHUB_SERVER_URL:-https://github.com}/$(action_repository)/releases/download}
    name=cachectl-$version-linux-$machine.tar.gz

    download "${releases%/}/v$version/$name" "$scratch/$name" ||
        die "cachectl $version can't be downloaded from ${releases%/}/v$version/$name. If that release exists," \
            "run the job again; otherwise name another with the input \`version\`."
    sum=${INPUT_SHA256:-}
    if [[ -z $sum ]]; then
        download "${releases%/}/v$version/SHA256SUMS" "$scratch/SHA256SUMS" ||
            die "The checksums of cachectl $version can't be downloaded, so it is not used. Run the job again."
        sum=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$scratch/SHA256SUMS")
    fi
    [[ $sum =~ ^[0-9a-f]{64}$ ]] ||
        die "There is no SHA-256 checksum for $name (but \`$sum\`), so cachectl $version is not used."
    found=$(sha256sum "$scratch/$name")
    found=${found%% *}
    [[ $found == "$sum" ]] ||
        die "$name has the wrong checksum, so cachectl $version is not used: the SHA-256 is $found instead of" \
            "$sum. Run the job again; if this stays, somebody has changed the release."
    tar -xzf "$scratch/$name" -C "$scratch" --no-same-owner cachectl ||
        die "$name has no \`cachectl\` in it, though its checksum is right: report this to the releases' owner."
    mkdir -p "$state/bin"
    mv -f "$scratch/cachectl" "$state/bin/cachectl"
}

if [[ -n ${INPUT_PATH:-} ]]; then
    [[ -f $INPUT_PATH && -r $INPUT_PATH ]] || die "There is no cachectl at \`$INPUT_PATH\` (input \`path\`)."
    mkdir -p "$state/bin"
    # Artifacts lose modes, so a cachectl from another job's artifact can't be run where it is.
    [[ $INPUT_PATH -ef $state/bin/cachectl ]] || install -m 755 "$INPUT_PATH" "$state/bin/cachectl"
else
    wanted=${INPUT_VERSION:-}
    install_release "${wanted:-$(own_version)}"
fi
version=$("$state/bin/cachectl" --version 2>&1) || {
    rm -f "$state/bin/cachectl"
    die "cachectl does not run here: ${version:0:500}"
}
echo "cachectl $version is at $state/bin/cachectl"
echo "$state/bin" >>"$GITHUB_PATH"
output version "$version"
output path "$state/bin/cachectl"
output dockerfile "$(cd "$root" && pwd -P)/Dockerfile.merged"
