# The common parts of the image tests: a work directory in memory, images to start from, and an archive from a
# container that is built like that of a CI job. The tests source this file after they set `commands` to the
# further programs that they need.
#
# Needs root, buildah, busybox-static and python3, and
#   CACHECTL_STATIC  a statically linked release build of cachectl
#   CACHESTORE_GO    a Go toolchain's `go`
# `bash Tests/run.sh` installs, builds and sets all of these.
# shellcheck shell=bash
set -euo pipefail
shopt -s inherit_errexit

die() { echo "${0##*/}: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*"; }

# ---------------------------------------------------------------- requirements

((EUID == 0)) || die "needs root, for buildah's mounts"
for command in buildah busybox python3 unshare "${commands[@]}"; do
    type -P "$command" >/dev/null || die "\`$command\` is missing: run \`bash Tests/run.sh\`"
done
cachectl=${CACHECTL_STATIC:?is not set: run 'bash Tests/run.sh'}
go=${CACHESTORE_GO:?is not set: run 'bash Tests/run.sh'}
[[ -x $cachectl ]] || die "cannot run CACHECTL_STATIC, $cachectl"
goroot=$(GOTOOLCHAIN=local "$go" env GOROOT) || die "cannot run CACHESTORE_GO, $go"
if ldd "$cachectl" &>/dev/null; then die "$cachectl is linked dynamically"; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-image.XXXXXX")
# The work directory is in memory, since the layers' overlays cannot lie on another overlay, as /tmp of a
# container is.
mount -t tmpfs -o size=2g,mode=700 cachestore-image "$work" || die "cannot mount a tmpfs; a container needs --privileged"
export TMPDIR=$work BUILDAH_ISOLATION=chroot
store=(--root "$work/storage" --runroot "$work/run" --storage-driver overlay)
buildah() { command buildah "${store[@]}" "$@"; }
# Runs buildah offline. Chroot isolation has the caller's network, so the caller must have none.
buildah_offline() { unshare --net -- buildah "${store[@]}" "$@"; }

clean_up() {
    local status=$?
    trap '' INT TERM
    # The innermost mounts come first: containers' roots, the storage, and at last the memory that holds
    # everything.
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

    # These are the files that a build reads: a third of the toolchain's bytes, and of the time to store them
    # twice.
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

# Counts compilations. With -x the go command prints each tool that it runs; for a package in the cache it
# prints none.
count_compiles() { grep -cE '/tool/[^/ ]+/compile"? -o ' "$1" || true; }

# Builds the program in a container, and writes its compilations to LOG.
build_program() { # build_program CONTAINER LOG [VARIABLE=VALUE…]
    local container=$1 log=$2
    shift 2
    # The path is always fresh: Go would neither link an up-to-date program nor look up its package.
    in_container "$container" 'rm -f /tmp/program; go build -x -o /tmp/program .' "$@" &>"$log" ||
        { tail -n 20 "$log" >&2; return 1; }
}

# Runs the matrix job: fills the caches at the paths that the image has, and packs them.
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
