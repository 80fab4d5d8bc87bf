#!/usr/bin/env bash
# Pushes NAME:VERSION, an image for both architectures that holds only /cachectl, made of a release's archives.
# Needs Docker with buildx, which is logged in to the registry.
#
# usage: image.sh DIRECTORY NAME   prints the digest of the image
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=$(cd "$1" && pwd)
name=$2
version=$("$here/version.sh")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

images=()
for pair in x86_64=amd64 aarch64=arm64; do
    machine=${pair%=*} architecture=${pair#*=}
    mkdir "$scratch/$architecture"
    tar -xzf "$directory/cachectl-$version-linux-$machine.tar.gz" -C "$scratch/$architecture" cachectl
    # The context `prebuilt` stands for the image that CACHECTL names. The target runs nothing, so one machine
    # makes the images of both architectures.
    docker buildx build --file "$here/../../Dockerfile.merged" --target binary \
        --platform "linux/$architecture" --provenance=false \
        --build-context "prebuilt=$scratch/$architecture" --build-arg CACHECTL=prebuilt \
        --output "type=image,name=$name,push-by-digest=true,name-canonical=true,push=true" \
        --metadata-file "$scratch/$architecture.json" "$scratch/$architecture" >&2
    images+=("$name@$(sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$scratch/$architecture.json")")
done
docker buildx imagetools create --tag "$name:$version" "${images[@]}" >&2
docker buildx imagetools inspect "$name:$version" --format '{{.Manifest.Digest}}'
