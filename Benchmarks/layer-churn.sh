#!/usr/bin/env bash
# Measures the cost of a new version of one SDK for a registry or host that has the images already. Writes the
# images of the caches of simulate-matrix-build.sh, of all providers and of each one. Gives one provider's
# caches a new version of a module, and writes the images again. Prints the bytes that stay the same, and
# those that images share.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END'
usage: layer-churn.sh --work DIR [options] [provider…]

providers: those with caches of simulate-matrix-build.sh in DIR (default: all)

  --work DIR       the work directory of simulate-matrix-build.sh
  --bump PROVIDER MODULE
                   the provider that gets a new version, and of which module
                   (hetzner github.com/hetznercloud/hcloud-go)
  --cachectl PATH  a release build of this repository (default: cachectl)

Needs root, for mount namespaces.
END
}

readonly gomodcache=/var/cache/go-mod gocache=/var/cache/go-build
work='' cachectl=cachectl bumped=hetzner module=github.com/hetznercloud/hcloud-go
providers=()
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --bump) bumped=${2:?--bump PROVIDER MODULE} module=${3:?--bump PROVIDER MODULE}; shift 2 ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) providers+=("$1") ;;
    esac
    shift
done
[[ -n $work ]] || { usage >&2; exit 2; }
((EUID == 0)) || die "needs root, for mount namespaces"
cachectl=$(runnable "$cachectl")
work=$(cd "$work" && pwd)
if ((${#providers[@]} == 0)); then
    for dir in "$work"/caches/*/complete; do providers+=("$(basename "${dir%/complete}")"); done
fi
[[ " ${providers[*]} " == *" $bumped "* ]] || die "there are no caches of $bumped in $work"

# All new files go to a directory of their own: nothing in $work changes.
scratch=$(mktemp -d "${TMPDIR:-$work}/churn.XXXXXX")
clean_up() {
    awk -v scratch="$scratch" 'index($2, scratch) == 1 { print $2 }' /proc/self/mounts | tac | xargs -r umount
    chmod -R u+w "$scratch"
    rm -rf "$scratch"
}
trap clean_up EXIT

venv=$(ls -d "$work"/go-* 2>/dev/null | head -n 1)
PATH=$(GOTOOLCHAIN=local "$venv/bin/go" env GOROOT)/bin:$PATH
unset GOFLAGS GOSUMDB GOOS GOARCH GOEXPERIMENT GOMODCACHE GOCACHE
export PATH GOTOOLCHAIN=local GOENV=off GOFLAGS=-buildvcs=false GOTELEMETRY=off TZ=UTC GOSUMDB=off
export GOPROXY=file://$scratch/proxy,file://$work/proxy

in_job() { # in_job DIR COMMAND…: runs it with DIR/go-mod and DIR/go-build at the paths of the caches
    # shellcheck disable=SC2016 # expanded by the inner shell
    GOMODCACHE=$gomodcache GOCACHE=$gocache unshare --mount --propagation private bash -euc '
        mount --bind "$1/go-mod" "$GOMODCACHE"
        mount --bind "$1/go-build" "$GOCACHE"
        shift
        "$@"' job "$@"
}

# Before and after the change, the caches have the same paths. So do the sources, although their content
# differs.
build_provider() { # build_provider PROVIDER: builds at the path from which the caches were filled
    mount --bind "$bumped_src" "$src"
    cd "$src"
    local program
    for program in providers/"$1"/*/; do
        go build -o "$scratch/program" "./$program"
        rm -f "$scratch/program"
    done
}

list_provider() { # list_provider PROVIDER: reads the modules that a job reads, without building
    mount --bind "$bumped_src" "$src"
    cd "$src"
    go list -deps "./providers/$1/..." >/dev/null
}
export -f build_provider list_provider
export src=$work/src bumped_src=$scratch/src scratch

# ---------------------------------------------------------------- the new version

mkdir -p "$gomodcache" "$gocache"
version=$(awk -v module="$module" '$1 == module || $2 == module { print $(NF > 2 && $NF == "indirect" ? NF - 2 : NF); exit }' "$src/go.mod")
[[ -n $version ]] || die "the programs do not require $module"
new=$(python3 "$here/corpus/bump-module.py" "$work/proxy" "$scratch/proxy" "$module" "$version")
say "$module $version becomes $new for $bumped"
cp -r "$src" "$bumped_src"
mkdir -p "$scratch/caches/$bumped"/go-{mod,build} "$scratch/packs"
(
    cd "$bumped_src"
    sed -i "s#\\(^\\|\\s\\)$module $version#\\1$module $new#" go.mod
    mkdir "$scratch/tidy"
    # This is the command of simulate-matrix-build.sh; only the lines of the new version change.
    GOMODCACHE=$scratch/tidy GOCACHE=$scratch/tidy/build go mod tidy -e &>"$scratch/tidy.log" ||
        { tail -n 5 "$scratch/tidy.log" >&2; die "go mod tidy failed"; }
    grep -q "$module $new" go.mod || die "go mod tidy does not keep $module $new"
)

say "building $bumped from nothing"
in_job "$scratch/caches/$bumped" build_provider "$bumped" &>"$scratch/build.log" ||
    { tail -n 5 "$scratch/build.log" >&2; die "$bumped does not build"; }
for provider in "${providers[@]}"; do
    dir=$scratch/caches/$provider
    if [[ $provider != "$bumped" ]]; then
        # In the other providers' caches, only the module graph changes: the files of the old version go, and
        # Go fetches the files that it needs of the new one.
        mkdir -p "$dir"/{upper,index,go-mod,go-build,work,work2}
        mount -t overlay churn "$dir/go-mod" \
            -o "lowerdir=$work/caches/$provider/go-mod,upperdir=$dir/upper,workdir=$dir/work"
        mount -t overlay churn "$dir/go-build" \
            -o "lowerdir=$work/caches/$provider/go-build,upperdir=$dir/index,workdir=$dir/work2"
        escaped=$(sed 's/[A-Z]/!\L&/g' <<<"$module")
        rm -f "$dir/go-mod/cache/download/$escaped/@v/$version".*
        in_job "$dir" list_provider "$provider" || die "the modules of $provider can't be listed"
        umount "$dir/go-build"
        # Listing adds only Go's index of the checkout, which a build would add too. Dropping the overlay
        # drops it.
        rmdir "$dir/go-build"
        ln -s "$work/caches/$provider/go-build" "$dir/go-build"
    fi
    in_job "$dir" "$cachectl" pack --label "$provider" -o "$scratch/packs/$provider.castore" --quiet
    in_job "$work/caches/$provider" "$cachectl" pack --label "$provider" -o "$scratch/packs/$provider.old" --quiet
done

# ---------------------------------------------------------------- images

say "writing images"
before=() after=()
for provider in "${providers[@]}"; do
    before+=("$scratch/packs/$provider.old")
    after+=("$scratch/packs/$provider.castore")
done
"$cachectl" union "${before[@]}" -o "$scratch/before.castore" --quiet
"$cachectl" union "${after[@]}" -o "$scratch/after.castore" --quiet
mkdir "$scratch/images"
for time in before after; do
    for image in all "${providers[@]}"; do
        only=()
        [[ $image == all ]] || only=(--only "$image")
        "$cachectl" layers "$scratch/$time.castore" "${only[@]}" --split -o "$scratch/image" --arch amd64 --json \
            >"$scratch/images/$image.$time" 2>/dev/null
        rm -r "$scratch/image"
    done
done

python3 - "$scratch/images" all "${providers[@]}" <<'END'
import json, pathlib, sys

directory, images = pathlib.Path(sys.argv[1]), sys.argv[2:]

def layers(image, time):
    report = json.loads((directory / f"{image}.{time}").read_text())
    return {layer["digest"]: layer for layer in report["layers"]}

print("image         layers       MB   MB kept   kept  largest MB (as tar)")
total = kept = 0
known, stored = {}, {}
for image in images:
    old, new = layers(image, "before"), layers(image, "after")
    size = sum(layer["bytes"] for layer in new.values())
    same = sum(layer["bytes"] for digest, layer in new.items() if digest in old)
    largest = max(new.values(), key=lambda layer: layer["tar_bytes"])
    print(f"{image:<13} {len(new):>6} {size / 1e6:>8.1f} {same / 1e6:>9.1f} {same / size:>6.1%}"
          f" {largest['bytes'] / 1e6:>8.1f} ({largest['tar_bytes'] / 1e6:.1f})")
    total, kept = total + size, kept + same
    known |= {digest: layer["bytes"] for digest, layer in old.items()}
    stored |= {digest: layer["bytes"] for digest, layer in new.items()}
print(f"{'together':<13} {'':>6} {total / 1e6:>8.1f} {kept / 1e6:>9.1f} {kept / total:>6.1%}")
unique = sum(stored.values())
again = sum(size for digest, size in stored.items() if digest in known)
print(f"{'in a registry':<13} {len(stored):>6} {unique / 1e6:>8.1f} {again / 1e6:>9.1f} {again / unique:>6.1%}")
changed = [layer for digest, layer in layers("all", "after").items() if digest not in layers("all", "before")]
for layer in changed:
    print(f"new in all: {layer['title']}, {layer['bytes'] / 1e6:.1f} MB")
END
