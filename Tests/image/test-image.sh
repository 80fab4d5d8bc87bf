#!/usr/bin/env bash
# Builds an image from Dockerfile.merged with buildah, without a network, and proves that Go
# compiles nothing in it. common.sh lists the requirements; `bash Tests/run.sh` sets them up.
commands=()
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# ---------------------------------------------------------------- the test

files() { find "$root"/var/cache/go-{build,mod} -type f "$@"; }

say "images of busybox, Go and cachectl"
make_images

say "a job that fills caches"
make_archive
echo "$jobs_compiles compilations"

arguments=()
for argument in BASE_IMAGE=localhost/test/base GO_IMAGE=localhost/test/go CACHECTL=localhost/test/cachectl \
    PULUMI_VERSION= TOFU_VERSION= PACKAGES=; do
    arguments+=(--build-arg "$argument")
done

say "Dockerfile.merged, only cachectl"
buildah_offline build --layers=false --pull=never "${arguments[@]}" --target binary --tag localhost/test/binary \
    --file "$here/../../Dockerfile.merged" "$work/context" &>"$work/build.log" ||
    { cat "$work/build.log" >&2; die "the image of cachectl cannot be built"; }
container=$(buildah from --pull=never localhost/test/binary)
held=$(find "$(buildah mount "$container")" -mindepth 1 -printf '/%P ')
[[ $held == "/cachectl " ]] || die "the image of cachectl holds $held"
buildah umount "$container" >/dev/null
buildah rm "$container" >/dev/null

say "Dockerfile.merged"
buildah_offline build --layers=false --pull=never "${arguments[@]}" --tag localhost/test/merged \
    --file "$here/../../Dockerfile.merged" "$work/context" &>"$work/build.log" ||
    { cat "$work/build.log" >&2; die "the image cannot be built"; }

container=$(buildah from --pull=never localhost/test/merged)
root=$(buildah mount "$container")
count=$(files | wc -l)
((count > 100)) || die "only $count files were restored"
files -printf '%P %T@ %s\n' | sort >"$work/before"
fresh=$(files -path '*/go-build/??/*-[ad]' ! -newermt '2036-12-31T00:00:00Z' | wc -l)
((fresh == 0)) || die "$fresh of $count files would be trimmed by Go, or copied up by a hit: they are dated before 2037"
for left in "$root"/mnt/* "$root"/usr/local/bin/* "$root"/cachectl; do
    [[ ! -e $left ]] || die "${left#"$root"} was left in the image"
done
buildah copy --quiet "$container" "$work/app" /src/app >/dev/null

say "go build in the image, offline"
build_program "$container" "$work/merged.log" HOME=/tmp GOPROXY=off || die "the program does not build in the image"
compiles=$(count_compiles "$work/merged.log")
((compiles == 0)) || die "$compiles packages were compiled again, see the paths above"
output=$(in_container "$container" 'go run .' HOME=/tmp GOPROXY=off)
[[ $output == '{"Text":"HELLO, WORLD!","Times":1}' ]] || die "the program printed: $output"
files -printf '%P %T@ %s\n' | sort >"$work/after"
rewritten=$(comm -23 "$work/before" "$work/after" | tee "$work/rewritten" | wc -l)
# Each link may rewrite one file: Go writes a link's action entry every time.
((rewritten <= 2)) || { cat "$work/rewritten" >&2; die "the builds rewrote $rewritten of the image's files"; }

say "controls"
build_program "$container" "$work/control.log" HOME=/tmp GOPROXY=off GOCACHE=/tmp/empty ||
    die "the program does not build with an empty build cache"
control=$(count_compiles "$work/control.log")
((control == jobs_compiles)) || die "an empty build cache compiled $control packages, the job $jobs_compiles"
if build_program "$container" "$work/control.log" HOME=/tmp GOPROXY=off GOMODCACHE=/tmp/empty 2>/dev/null; then
    die "the program builds without its modules: the test proves nothing about the module cache"
fi

say "passed"
printf '%-34s %s\n' \
    "archive" "$(stat -c %s "$work/context/all.castore") bytes" \
    "restored" "$count files, $(files -printf '%s\n' | awk '{ n += $1 } END { print n }') bytes" \
    "of them rewritten by two builds" "$rewritten" \
    "compilations with/without caches" "$compiles/$control"
