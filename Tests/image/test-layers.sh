#!/usr/bin/env bash
# Writes an archive as images with `cachectl layers`, upon a base with Go. Pushes them to a registry, pulls
# them, and unpacks them with umoci (gzip) and buildah (zstd). Proves that the trees are those that
# `cachectl restore` makes. Also proves that Go compiles nothing there, nor in images that a Dockerfile makes
# of them. The requirements are those of common.sh, skopeo, umoci and docker-registry; `bash Tests/run.sh`
# sets them up.
commands=(docker-registry skopeo umoci)
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# ---------------------------------------------------------------- a registry

start_registry() {
    local attempt
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >"$work/registry.yml" <<END
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "127.0.0.1:$port"}
END
    docker-registry serve "$work/registry.yml" &>"$work/registry.log" &
    registry=$!
    # shellcheck disable=SC2154 # set by common.sh
    trap 'kill "$registry" 2>/dev/null || true; clean_up' EXIT
    for attempt in {1..100}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        kill -0 "$registry" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/registry.log" >&2
    die "docker-registry does not answer after $attempt attempts"
}

# Pushes a layout's image to the registry and pulls it to another layout, with the same digests.
through_registry() { # through_registry LAYOUT PULLED
    local remote=docker://127.0.0.1:$port/test/caches:${1##*/}
    skopeo copy --quiet --preserve-digests --dest-tls-verify=false "oci:$1:merged" "$remote"
    skopeo copy --quiet --preserve-digests --src-tls-verify=false "$remote" "oci:$2:merged"
}

# Prints the digest of a layout's only manifest.
manifest() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"])' "$1/index.json"; }

# ---------------------------------------------------------------- comparing

# Describes a tree: kind, mode, owner, size, link and name of everything, the times of GOCACHE's entries, and
# the content of every file, except the time in trim.txt, which a restore takes from the clock.
describe() { # describe ROOT
    (
        cd "$1/var/cache"
        find go-build go-mod -type d -printf '%y %m %U:%G %p\n'
        find go-build go-mod ! -type d ! -path go-build/trim.txt -printf '%y %m %U:%G %s %p %l\n'
        find go-build/trim.txt -printf '%y %m %U:%G %p\n'
        find go-build/?? -mindepth 1 -printf '%T@ %p\n'
        find go-build go-mod -type f ! -path go-build/trim.txt -print0 | xargs -0 sha256sum
    ) | LC_ALL=C sort
}

compare() { # compare NAME ROOT
    describe "$2" >"$work/$1.tree"
    diff "$work/restored.tree" "$work/$1.tree" >"$work/$1.diff" ||
        { head -n 20 "$work/$1.diff" >&2; die "the tree of $1 is not what a restore makes"; }
}

# ---------------------------------------------------------------- the test

say "images of busybox and Go"
make_images
buildah push --quiet localhost/test/go "oci:$work/base:go"

say "a job that fills caches"
make_archive
archive=$work/context/all.castore

say "cachectl restore"
mkdir -p "$work/restored/var/cache"
"$cachectl" restore "$archive" --gocache "$work/restored/var/cache/go-build" \
    --gomodcache "$work/restored/var/cache/go-mod" --no-go --quiet
describe "$work/restored" >"$work/restored.tree"
lines=$(wc -l <"$work/restored.tree")
((lines > 500)) || die "only $lines lines describe the restored tree"

say "cachectl layers"
for name in gzip zstd; do
    options=(--compression "$name" --base "oci:$work/base:go" --tag merged --arch amd64 --quiet)
    [[ $name == gzip ]] || options+=(--split)
    "$cachectl" layers "$archive" -o "$work/$name" "${options[@]}"
    "$cachectl" layers "$archive" -o "$work/again" "${options[@]}" --jobs 7
    diff -r "$work/$name" "$work/again" || die "another run gives another image"
    rm -r "$work/again"
done

say "push and pull"
start_registry
for name in gzip zstd; do
    through_registry "$work/$name" "$work/pulled-$name"
    [[ $(manifest "$work/$name") == "$(manifest "$work/pulled-$name")" ]] ||
        die "the image in $name has another digest after the registry"
    options=(--compression "$name" --base "oci:$work/base:go" --arch amd64 --quiet)
    [[ $name == gzip ]] || options+=(--split)
    "$cachectl" layers "$archive" --push "oci://127.0.0.1:$port/test/pushed:$name" "${options[@]}"
    pushed=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://127.0.0.1:$port/test/pushed:$name")
    [[ $pushed == "$(manifest "$work/$name")" ]] || die "layers --push makes another image than -o and skopeo"
done

say "the archive in the registry"
"$cachectl" push "$archive" "oci://127.0.0.1:$port/test/archive:v1" --quiet
"$cachectl" pull "oci://127.0.0.1:$port/test/archive:v1" -o "$work/pulled.castore" --quiet
cmp "$archive" "$work/pulled.castore"
skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://127.0.0.1:$port/test/archive:v1" \
    "docker://127.0.0.1:$port/test/copied:v1"
"$cachectl" restore "oci://127.0.0.1:$port/test/copied:v1" --gocache "$work/afar/var/cache/go-build" \
    --gomodcache "$work/afar/var/cache/go-mod" --no-go --quiet
compare afar "$work/afar"

say "umoci, gzip"
umoci unpack --image "$work/pulled-gzip:merged" "$work/bundle"
compare umoci "$work/bundle/rootfs"
python3 - "$work/bundle/config.json" <<'END' || die "the image's environment does not name its caches"
import json, sys
environment = json.load(open(sys.argv[1]))["process"]["env"]
sys.exit(not {"GOCACHE=/var/cache/go-build", "GOMODCACHE=/var/cache/go-mod"} <= set(environment))
END

say "buildah, zstd"
# skopeo does this, because buildah would name the image after the layout's path, which may have letters that
# an image name can't.
skopeo copy --quiet "oci:$work/pulled-zstd:merged" "containers-storage:[overlay@$work/storage+$work/run]localhost/test/layers"
container=$(buildah from --pull=never localhost/test/layers)
root=$(buildah mount "$container")
compare buildah "$root"

say "go build in the image, offline"
environment=(PATH=/usr/local/go/bin:/bin HOME=/tmp CGO_ENABLED=0 GOTOOLCHAIN=local GOPROXY=off)
buildah copy --quiet "$container" "$work/app" /src/app >/dev/null
build_program "$container" "$work/image.log" "${environment[@]}" || die "the program does not build in the image"
compiles=$(count_compiles "$work/image.log")
((compiles == 0)) || die "$compiles packages were compiled again, see the paths above"
output=$(in_container "$container" 'go run .' "${environment[@]}")
[[ $output == '{"Text":"HELLO, WORLD!","Times":1}' ]] || die "the program printed: $output"
build_program "$container" "$work/control.log" "${environment[@]}" GOCACHE=/tmp/empty ||
    die "the program does not build with an empty build cache"
control=$(count_compiles "$work/control.log")
((control == jobs_compiles)) || die "an empty build cache compiled $control packages, the job $jobs_compiles"

say "a Dockerfile upon the layout, and one that copies the caches from it"
# With Docker, the context `caches` is oci-layout://DIR:TAG; this buildah takes images only from its storage.
printf '%s\n' 'FROM caches' 'COPY app /src/app' >"$work/from.dockerfile"
printf '%s\n' 'FROM localhost/test/go' 'COPY --from=caches /var/cache /var/cache' 'COPY app /src/app' \
    'ENV GOCACHE=/var/cache/go-build GOMODCACHE=/var/cache/go-mod' >"$work/copy.dockerfile"
for name in from copy; do
    buildah_offline build --quiet --layers=false --pull=never -f "$work/$name.dockerfile" -t "localhost/test/$name" \
        --build-context caches=container-image://localhost/test/layers "$work" >/dev/null
    other=$(buildah from --pull=never "localhost/test/$name")
    compare "$name" "$(buildah mount "$other")"
    build_program "$other" "$work/$name.log" "${environment[@]}" || die "the program does not build in $name.dockerfile's image"
    count=$(count_compiles "$work/$name.log")
    ((count == 0)) || die "$count packages were compiled again in $name.dockerfile's image"
done

say "passed"
printf '%-34s %s\n' \
    "lines that describe the trees" "$lines" \
    "image in gzip, in zstd, with base" "$(du -sb "$work/gzip" | cut -f 1), $(du -sb "$work/zstd" | cut -f 1) bytes" \
    "compilations with/without caches" "$compiles/$control"
