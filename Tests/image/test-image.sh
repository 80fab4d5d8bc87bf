#!/usr/bin/env bash
# Builds an image from Dockerfile.merged with buildah, without a network, and proves that Go
# compiles nothing in it. The archive comes from a container that is built the way a CI job's is.
#
# Needs root, buildah, busybox-static and python3, and
#   CACHECTL_STATIC  a statically linked release build of cachectl
#   CACHESTORE_GO    a Go toolchain's `go`
# `bash Tests/run.sh` installs, builds and sets all of that.
set -euo pipefail
shopt -s inherit_errexit

die() { echo "test-image: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*"; }

# ---------------------------------------------------------------- what it needs

((EUID == 0)) || die "needs root, for buildah's mounts"
for command in buildah busybox python3 unshare; do
    type -P "$command" >/dev/null || die "\`$command\` is missing: run \`bash Tests/run.sh\`"
done
cachectl=${CACHECTL_STATIC:?is not set: run 'bash Tests/run.sh'}
go=${CACHESTORE_GO:?is not set: run 'bash Tests/run.sh'}
[[ -x $cachectl ]] || die "cannot run CACHECTL_STATIC, $cachectl"
goroot=$(GOTOOLCHAIN=local "$go" env GOROOT) || die "cannot run CACHESTORE_GO, $go"
if ldd "$cachectl" &>/dev/null; then die "$cachectl is linked dynamically"; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-image.XXXXXX")
# In memory, since the layers' overlays cannot lie on another one, which /tmp of a container is.
mount -t tmpfs -o size=2g,mode=700 cachestore-image "$work" || die "cannot mount a tmpfs; a container needs --privileged"
export TMPDIR=$work BUILDAH_ISOLATION=chroot
store=(--root "$work/storage" --runroot "$work/run" --storage-driver overlay)
buildah() { command buildah "${store[@]}" "$@"; }
# Chroot isolation has the caller's network, so offline means that the caller has none.
buildah_offline() { unshare --net -- buildah "${store[@]}" "$@"; }

clean_up() {
    local status=$?
    trap '' INT TERM
    # Innermost first: containers' roots, the storage and at last the memory that all of it is in.
    awk -v work="$work" 'index($2, work) == 1 { print $2 }' /proc/self/mounts | tac | xargs -r umount -l || true
    rmdir "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---------------------------------------------------------------- images

# Packs DIRECTORY as IMAGE, on top of BASE.
make_image() { # make_image IMAGE DIRECTORY [BASE]
    local container
    container=$(buildah from --pull=never "${3:-scratch}")
    buildah copy --quiet "$container" "$2" / >/dev/null
    buildah commit --quiet --rm "$container" "$1" >/dev/null
}

make_images() {
    local applet
    mkdir -p "$work"/{base/bin,base/tmp,base/etc,go/usr/local/go,cachectl}
    cp "$(type -P busybox)" "$work/base/bin/busybox"
    for applet in $(busybox --list); do
        [[ $applet == busybox ]] || ln -s busybox "$work/base/bin/$applet"
    done
    make_image localhost/test/base "$work/base"

    # What a build reads: a third of the toolchain's bytes, and of the time to store them twice.
    (cd "$goroot" && tar -cf - --exclude='*_test.go' --exclude=testdata --exclude=src/cmd \
        bin/go go.env VERSION src pkg/include pkg/tool/*/{asm,compile,link}) |
        tar -C "$work/go/usr/local/go" -xf -
    make_image localhost/test/go "$work/go" localhost/test/base

    install "$cachectl" "$work/cachectl/cachectl"
    make_image localhost/test/cachectl "$work/cachectl"
    rm -rf "$work"/{base,go,cachectl}
}

# ---------------------------------------------------------------- containers

# Runs a shell command in a container, offline, in the program's directory.
in_container() { # in_container CONTAINER SCRIPT [VARIABLE=VALUE…]
    local container=$1 script=$2 variable
    local options=(--workingdir /src/app)
    shift 2
    for variable; do options+=(--env "$variable"); done
    buildah_offline run "${options[@]}" "$container" -- sh -euc "$script"
}

# With -x the go command prints each tool it runs; a package that is found in the cache prints none.
count_compiles() { grep -cE '/tool/[^/ ]+/compile"? -o ' "$1" || true; }

# Builds the program in a container; its compilations are in LOG.
build_program() { # build_program CONTAINER LOG [VARIABLE=VALUE…]
    local container=$1 log=$2
    shift 2
    # Always to a fresh path: an up-to-date program would not be linked, nor its package looked up.
    in_container "$container" 'rm -f /tmp/program; go build -x -o /tmp/program .' "$@" &>"$log" ||
        { tail -n 20 "$log" >&2; return 1; }
}

# The matrix job: fills the caches at the paths that the image has, and packs them.
make_archive() {
    local job environment
    job=$(buildah from --pull=never localhost/test/go)
    python3 "$here/make-proxy.py" "$here/modules" "$work/proxy"
    buildah copy --quiet "$job" "$here/app" /src/app >/dev/null
    buildah copy --quiet "$job" "$work/proxy" /proxy >/dev/null
    buildah copy --quiet "$job" "$cachectl" /bin/cachectl >/dev/null
    environment=(
        PATH=/usr/local/go/bin:/bin HOME=/tmp CGO_ENABLED=0 GOTOOLCHAIN=local
        GOCACHE=/var/cache/go-build GOMODCACHE=/var/cache/go-mod GOPROXY=file:///proxy GOSUMDB=off
    )
    in_container "$job" 'go mod tidy' "${environment[@]}" &>"$work/job.log" ||
        { cat "$work/job.log" >&2; die "the job cannot resolve its modules"; }
    build_program "$job" "$work/job.log" "${environment[@]}" || die "the job cannot build"
    jobs_compiles=$(count_compiles "$work/job.log")
    ((jobs_compiles > 20)) || die "only $jobs_compiles compilations counted in an empty cache"
    in_container "$job" 'cachectl pack --label job -o /tmp/all.castore' "${environment[@]}"
    mkdir "$work/context"
    local root
    root=$(buildah mount "$job")
    cp "$root/tmp/all.castore" "$work/context/"
    cp -a "$root/src/app" "$work/app" # with its go.sum
    buildah umount "$job" >/dev/null
    buildah rm "$job" >/dev/null
}

# ---------------------------------------------------------------- the test

files() { find "$root"/var/cache/go-{build,mod} -type f "$@"; }

say "images of busybox, Go and cachectl"
make_images

say "a job that fills caches"
make_archive
echo "$jobs_compiles compilations"

say "Dockerfile.merged"
arguments=()
for argument in BASE_IMAGE=localhost/test/base GO_IMAGE=localhost/test/go CACHECTL=localhost/test/cachectl \
    PULUMI_VERSION= TOFU_VERSION= PACKAGES=; do
    arguments+=(--build-arg "$argument")
done
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
# One for each link: its action entry is written every time.
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
