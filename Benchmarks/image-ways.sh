#!/usr/bin/env bash
# Measures three ways from an archive to an image in a registry: COPY of the merged directories, RUN cachectl
# restore, and cachectl layers. Each way begins with the files that the image's job has, and ends with the
# finished push.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: image-ways.sh --work DIR --providers A,B,… [options]

  --work DIR        the work directory of simulate-matrix-build.sh, with its caches
  --providers A,B,… the providers whose caches to use
  --runs N          the number of runs of each way (1)
  --cachectl PATH   a static release build of cachectl (default: the script builds one)
  --scratch DIR     the directory for all files (DIR of --work); needs ten times the bytes of the caches
  --json FILE       the file for the figures (ways.json in DIR of --work)
  --dockerd         also measure the ways of a Dockerfile with dockerd; needs the programs of Debian's
                    docker.io, containerd and runc in PATH

Needs root, buildah, skopeo, docker-registry and busybox-static: `Tests/run.sh` installs them.
END_OF_USAGE
}

work='' providers='' cachectl='' scratch='' json='' dockerd='' runs=1
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --providers) providers=${2:?--providers A,B}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --scratch) scratch=${2:?--scratch DIR}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    --dockerd) dockerd=1 ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ -n $work && -n $providers ]] || { usage >&2; exit 2; }
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs is a number of at least 1, not \`$runs\`"
((EUID == 0)) || die "needs root, for buildah's mounts"
for program in buildah skopeo docker-registry busybox python3; do
    type -P "$program" >/dev/null || die "\`$program\` is missing: run \`bash Tests/run.sh\`"
done
if [[ -n $dockerd ]]; then
    need dockerd docker
fi
work=$(cd "$work" && pwd)
json=${json:-$work/ways.json}

temporary=$(mktemp -d "${scratch:-$work}/ways-XXXXXX")
services=()
clean_up() {
    local status=$? service
    trap '' INT TERM
    for service in "${services[@]}"; do
        kill "$service" 2>/dev/null || true
        wait "$service" || true
    done
    awk -v work="$temporary" 'index($2, work) == 1 { print $2 }' /proc/self/mounts | tac | xargs -r umount -l || true
    rm -rf "$temporary"
    exit "$status"
}
trap clean_up EXIT
if [[ -z $cachectl ]]; then
    cachectl=$(built "$temporary/build.log" cachectl)
fi
cachectl=$(runnable "$cachectl")
export TMPDIR=$temporary BUILDAH_ISOLATION=chroot LC_ALL=C.UTF-8 TZ=UTC
store=(--root "$temporary/storage" --runroot "$temporary/run" --storage-driver overlay)
buildah() { command buildah "${store[@]}" "$@"; }

# ---------------------------------------------------------------- what each way begins with

say "an image to build upon"
mkdir -p "$temporary"/{base/bin,context}
cp "$(type -P busybox)" "$temporary/base/bin/busybox"
ln -s busybox "$temporary/base/bin/sh"
container=$(buildah from scratch)
buildah copy --quiet "$container" "$temporary/base" / >/dev/null
buildah commit --quiet --rm "$container" localhost/ways/base >/dev/null
buildah push --quiet localhost/ways/base "oci:$temporary/layout:base"

say "packs, their union and the merged directories"
context=$temporary/context
IFS=, read -ra names <<<"$providers"
packs=()
mkdir "$context"/{go-build,go-mod}
for name in "${names[@]}"; do
    cache=$work/caches/$name
    [[ -d $cache/go-build ]] || die "no caches of $name in $work/caches"
    "$cachectl" pack --quiet --no-go --label "$name" --gocache "$cache/go-build" --gomodcache "$cache/go-mod" \
        -o "$temporary/$name.castore"
    packs+=("$temporary/$name.castore")
    cp -rn "$cache/go-build/." "$context/go-build"
    cp -rn "$cache/go-mod/." "$context/go-mod"
done
"$cachectl" union --quiet "${packs[@]}" -o "$context/all.castore"
cp "$cachectl" "$context/cachectl"
printf '%s\n' 'FROM localhost/ways/base' 'COPY go-build /var/cache/go-build' 'COPY go-mod /var/cache/go-mod' \
    >"$temporary/copy.dockerfile"
printf '%s\n' 'FROM localhost/ways/base' \
    'RUN --mount=type=bind,source=all.castore,target=/all.castore --mount=type=bind,source=cachectl,target=/cachectl \' \
    '    /cachectl restore /all.castore --quiet --no-go --gocache /var/cache/go-build --gomodcache /var/cache/go-mod' \
    >"$temporary/restore.dockerfile"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' 'version: 0.1' 'log: {level: error}' "storage: {filesystem: {rootdirectory: $temporary/registry}}" \
    "http: {addr: \"127.0.0.1:$port\"}" >"$temporary/registry.yml"
docker-registry serve "$temporary/registry.yml" &>"$temporary/registry.log" &
services+=($!)
for _ in {1..100}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.1
done

if [[ -n $dockerd ]]; then
    say "starting dockerd"
    export DOCKER_HOST=unix://$temporary/docker.sock DOCKER_BUILDKIT=1
    dockerd --data-root "$temporary/docker" --exec-root "$temporary/docker-run" --pidfile "$temporary/docker.pid" \
        --host "$DOCKER_HOST" --iptables=false --ip6tables=false --ip-forward=false --bridge=none \
        --storage-driver overlay2 &>"$temporary/docker.log" &
    services+=($!)
    for _ in {1..100}; do
        if docker version &>/dev/null; then break; fi
        sleep 0.1
    done
    docker version >/dev/null || die "dockerd did not start: $(tail -n 1 "$temporary/docker.log")"
    tar -C "$temporary/base" -cf - . | docker import - localhost/ways/base >/dev/null
    docker build --quiet - <<<'FROM localhost/ways/base' >/dev/null || die "this \`docker\` can't build: install its buildx"
fi

# ---------------------------------------------------------------- the ways

built() { # built NAME COMPRESSION TAG: builds a Dockerfile's image and pushes it
    buildah build --quiet --layers=false --pull=never -f "$temporary/$1.dockerfile" -t "localhost/ways/$1" \
        "$context" >/dev/null
    buildah push --quiet --tls-verify=false --compression-format "$2" "localhost/ways/$1" \
        "docker://127.0.0.1:$port/ways:$3"
    buildah rmi --force "localhost/ways/$1" >/dev/null
}
built_by_dockerd() { # built_by_dockerd NAME TAG: does the same with dockerd, which compresses with gzip
    docker build --quiet --network=none --no-cache -f "$temporary/$1.dockerfile" -t "127.0.0.1:$port/ways:$2" \
        "$context" >/dev/null
    docker push --quiet "127.0.0.1:$port/ways:$2" >/dev/null
    docker rmi --force "127.0.0.1:$port/ways:$2" >/dev/null
    docker builder prune --all --force >/dev/null
}
pulled() { docker pull --quiet "127.0.0.1:$port/ways:$1" >/dev/null; } # pulled TAG: pulls and unpacks with dockerd
layers() { # layers TAG [OPTION…]
    local tag=$1
    shift
    "$cachectl" layers "$context/all.castore" --quiet --arch amd64 --base "oci:$temporary/layout:base" --tag "$tag" \
        -o "$temporary/image-$tag" "$@"
    skopeo copy --quiet --preserve-digests --dest-tls-verify=false "oci:$temporary/image-$tag:$tag" \
        "docker://127.0.0.1:$port/ways:$tag"
}

figures=$temporary/figures
measure() { # measure NAME COMMAND…: its wall and CPU seconds
    local name=$1 begin
    shift
    say "$name"
    sync
    begin=$EPOCHREALTIME
    ( "$@"; times ) >"$temporary/times"
    python3 - "$name" "$begin" "$EPOCHREALTIME" "$temporary/times" >>"$figures" <<'END'
import re, sys
name, begin, end, times = sys.argv[1:]
spent = sum(60 * int(m) + float(s) for m, s in re.findall(r'(\d+)m([\d.]+)s', open(times).read()))
print(f'{name}\t{float(end) - float(begin):.3f}\t{spent:.3f}')
END
}
for ((run = 1; run <= runs; run++)); do
    for compression in gzip zstd; do
        measure "COPY, $compression" built copy "$compression" "copy-$compression-$run"
        measure "RUN restore, $compression" built restore "$compression" "restore-$compression-$run"
    done
    measure "layers, gzip" layers "layers-gzip-$run" --compression gzip
    measure "layers, zstd" layers "layers-zstd-$run"
    measure "layers --split, zstd" layers "split-zstd-$run" --split
    if [[ -n $dockerd ]]; then
        measure "COPY by dockerd, gzip" built_by_dockerd copy "docked-copy-gzip-$run"
        measure "RUN restore by dockerd, gzip" built_by_dockerd restore "docked-restore-gzip-$run"
        measure "docker pull of layers, gzip" pulled "layers-gzip-$run"
    fi
done

# ---------------------------------------------------------------- the table

python3 - "$figures" "$port" "$json" "$providers" <<'END'
import datetime, json, os, statistics, sys, urllib.request
figures, port, target, providers = sys.argv[1:]
ways = {}
for line in open(figures):
    name, wall, cpu = line.rstrip('\n').split('\t')
    ways.setdefault(name, []).append((float(wall), float(cpu)))
tags = {'COPY': 'copy', 'RUN restore': 'restore', 'layers': 'layers', 'layers --split': 'split',
        'COPY by dockerd': 'docked-copy', 'RUN restore by dockerd': 'docked-restore', 'docker pull of layers': 'layers'}
kinds = ('application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json')
rows = []
for name, runs in ways.items():
    way, compression = name.split(', ')
    url = f'http://127.0.0.1:{port}/v2/ways/manifests/{tags[way]}-{compression}-1'
    with urllib.request.urlopen(urllib.request.Request(url, headers={'Accept': ', '.join(kinds)})) as reply:
        manifest = json.load(reply)
    rows.append({'way': name, 'wall': statistics.median(wall for wall, _ in runs),
                 'cpu': statistics.median(cpu for _, cpu in runs), 'runs': len(runs),
                 'layers': len(manifest['layers']), 'bytes': sum(layer['size'] for layer in manifest['layers'])})
with open(target, 'w', encoding='utf-8') as f:
    json.dump({'schema': 'cachestore.ways/1', 'providers': providers.split(','), 'load': os.getloadavg(),
               'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'), 'ways': rows}, f, indent=1)
print(f'{providers}: from the archive, or the merged directories, to the image in a registry\n')
print(f'{"":28}  wall s   CPU s  layers     MB  COPY, same compression / it')
for row in rows:
    copy = next(r for r in rows if r['way'] == 'COPY, ' + row['way'].split(', ')[1])
    spent = '' if 'docker' in row['way'] else f'{row["cpu"]:.1f}'  # a daemon's CPU time is not seen
    print(f'{row["way"]:28}{row["wall"]:8.1f}{spent:>8}{row["layers"]:8}{row["bytes"] / 1e6:7.1f}'
          f'{copy["wall"] / row["wall"]:10.1f} × the time, {row["bytes"] / copy["bytes"]:.2f} × the bytes')
END
