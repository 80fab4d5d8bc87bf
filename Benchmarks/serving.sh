#!/usr/bin/env bash
# Measures four ways in which a container gets the caches of a matrix, from the pull of its image to the end of its
# first build: the caches restored in the image, those of one provider alone, the archive in the image for `cachectl
# run`, and the archive as a volume that the node has already.
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: serving.sh --work DIR [options]

  --work DIR        the work directory of simulate-matrix-build.sh, with its packs, their union and the programs
  --provider NAME   the provider whose first program is built (the last one of the packs)
  --runs N          the number of runs of each way; the table has medians (3)
  --cachectl PATH   a static release build of cachectl (default: the script builds one)
  --scratch DIR     the directory for all files (DIR of --work)
  --room SIZE       the size of the file system of one way, as mkfs.ext4 takes it (32G; only what is used takes place)
  --json FILE       the file for the figures (serving.json in DIR of --work)

Needs root, a C compiler, skopeo and docker-registry: `Tests/run.sh` installs them.
END_OF_USAGE
}

work='' provider='' cachectl='' scratch='' json='' runs=3 room=32G
while (($#)); do
    case $1 in
    --work) work=${2:?--work DIR}; shift ;;
    --provider) provider=${2:?--provider NAME}; shift ;;
    --runs) runs=${2:?--runs N}; shift ;;
    --cachectl) cachectl=${2:?--cachectl PATH}; shift ;;
    --scratch) scratch=${2:?--scratch DIR}; shift ;;
    --json) json=${2:?--json FILE}; shift ;;
    --room) room=${2:?--room SIZE}; shift ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ -n $work ]] || { usage >&2; exit 2; }
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs is a number of at least 1, not \`$runs\`"
((EUID == 0)) || die "needs root, for mounts"
need skopeo docker-registry python3 zstd tar cc mkfs.ext4 mount
work=$(cd "$work" && pwd)
json=${json:-$work/serving.json}
packs=("$work"/packs/*.castore)
[[ -f ${packs[0]} && -f $work/all.castore ]] || die "no packs in $work/packs; run simulate-matrix-build.sh --work $work"
[[ -n $provider ]] || provider=$(basename "${packs[-1]}" .castore)
[[ -f $work/packs/$provider.castore ]] || die "no pack of $provider in $work/packs"
gos=("$work"/go-*/bin/go)
[[ -x ${gos[0]} ]] || die "no Go in $work"
PATH=$(GOTOOLCHAIN=local "${gos[0]}" env GOROOT)/bin:$PATH

temporary=$(mktemp -d "${scratch:-$work}/serving-XXXXXX")
registry=''
clean_up() {
    local status=$?
    trap '' INT TERM
    if [[ -n $registry ]]; then
        kill "$registry" 2>/dev/null || true
        wait "$registry" || true
    fi
    for mounted in "$temporary"/root-*; do
        [[ ! -d $mounted ]] || ! mountpoint -q "$mounted" || umount "$mounted"
    done
    chmod -R u+w "$temporary"
    rm -rf "$temporary"
    exit "$status"
}
trap clean_up EXIT
[[ -n $cachectl ]] || cachectl=$(built "$temporary/build.log" cachectl)
cachectl=$(runnable "$cachectl")
cc -O2 -o "$temporary/answer-gets" "$(dirname "${BASH_SOURCE[0]}")/limit/answer-gets.c" || die "answer-gets.c: cc failed"
readonly gomodcache=/var/cache/go-mod gocache=/var/cache/go-build
mkdir -p "$gomodcache" "$gocache"
unset GOSUMDB GOOS GOARCH GOEXPERIMENT GOCACHEPROG
export TMPDIR=$temporary LC_ALL=C.UTF-8 TZ=UTC GOTOOLCHAIN=local GOENV=off GOFLAGS=-buildvcs=false GOTELEMETRY=off
export GOSUMDB=off GOPROXY=off GOMODCACHE=$gomodcache GOCACHE=$gocache

# ---------------------------------------------------------------- the program and the images

# The programs of the simulation are one module. That of a user has a go.mod of its own.
say "the first program of $provider as a module"
module=$temporary/module
mkdir -p "$module/providers/$provider"
programs=("$work/src/providers/$provider"/*/)
cp -r "$work"/src/{go.mod,go.sum,base} "$module"
cp -r "${programs[0]}" "$module/providers/$provider"
program=./providers/$provider/$(basename "${programs[0]}")
(cd "$module" && GOPROXY=file://$work/proxy GOMODCACHE=$temporary/tidy GOCACHE=$temporary/tidy/build \
    go mod tidy -e &>"$temporary/tidy.log") || die "go mod tidy failed: $(tail -n 1 "$temporary/tidy.log")"
chmod -R u+w "$temporary/tidy"
rm -rf "$temporary/tidy"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' 'version: 0.1' 'log: {level: error}' "storage: {filesystem: {rootdirectory: $temporary/registry}}" \
    "http: {addr: \"127.0.0.1:$port\"}" >"$temporary/registry.yml"
docker-registry serve "$temporary/registry.yml" &>"$temporary/registry.log" &
registry=$!
for _ in {1..100}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.1
done

push() { # push LAYOUT TAG
    skopeo copy --quiet --preserve-digests --dest-tls-verify=false "oci:$1:$2" "docker://127.0.0.1:$port/serving:$2"
    rm -rf "$1"
}

# Writes an image of one layer, as `COPY` would make it.
image_of_files() { # image_of_files DIR LAYOUT TAG
    python3 - "$@" <<'END'
import hashlib, json, os, subprocess, sys
source, layout, tag = sys.argv[1:]
blobs = os.path.join(layout, 'blobs/sha256')
os.makedirs(blobs)
tar = subprocess.run(['tar', '-C', source, '-cf', '-', '.'], check=True, stdout=subprocess.PIPE).stdout
stored = subprocess.run(['zstd', '-q', '-3', '-c'], check=True, input=tar, stdout=subprocess.PIPE).stdout

def blob(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(blobs, digest), 'wb') as f:
        f.write(data)
    return {'mediaType': kind, 'digest': 'sha256:' + digest, 'size': len(data)}

prefix = 'application/vnd.oci.image.'
layer = blob(stored, prefix + 'layer.v1.tar+zstd')
config = {'architecture': 'amd64', 'os': 'linux', 'config': {},
          'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(tar).hexdigest()]}}
config = blob(json.dumps(config).encode(), prefix + 'config.v1+json')
kind = prefix + 'manifest.v1+json'
manifest = blob(json.dumps({'schemaVersion': 2, 'mediaType': kind, 'config': config, 'layers': [layer]}).encode(), kind)
manifest['annotations'] = {'org.opencontainers.image.ref.name': tag}
with open(os.path.join(layout, 'index.json'), 'w') as f:
    json.dump({'schemaVersion': 2, 'manifests': [manifest]}, f)
with open(os.path.join(layout, 'oci-layout'), 'w') as f:
    f.write('{"imageLayoutVersion": "1.0.0"}')
END
}

say "the images"
for way in all "$provider"; do
    archive=$work/all.castore tag=restored
    [[ $way == all ]] || archive=$work/packs/$provider.castore tag=provider
    "$cachectl" layers "$archive" --quiet --arch amd64 --gocache "$gocache" --gomodcache "$gomodcache" --tag "$tag" \
        -o "$temporary/layout"
    push "$temporary/layout" "$tag"
done
mkdir -p "$temporary"/{files,node}/caches "$temporary/files/usr/bin"
cp "$work/all.castore" "$temporary/files/caches"
cp "$cachectl" "$temporary/files/usr/bin/cachectl"
image_of_files "$temporary/files" "$temporary/layout" archive
push "$temporary/layout" archive
cp "$work/all.castore" "$temporary/node/caches" # the node has the volume before the container starts

# ---------------------------------------------------------------- what is measured

pull() { # pull TAG DIR: pulls an image, and unpacks its layers
    skopeo copy --quiet --src-tls-verify=false "docker://127.0.0.1:$port/serving:$1" "dir:$2.pulled"
    python3 -c 'import json, sys
for layer in json.load(open(sys.argv[1] + "/manifest.json"))["layers"]: print(layer["digest"][7:])' "$2.pulled" |
        while read -r layer; do zstd -q -dc "$2.pulled/$layer" | tar --warning=no-timestamp -C "$2" -xf -; done
    rm -rf "$2.pulled"
}

# Builds with DIR/go-mod and DIR/go-build at the paths of the caches.
build() { # build DIR COMMAND
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --propagation private bash -euc '
        mount --bind "$1/go-mod" "$GOMODCACHE"
        mount --bind "$1/go-build" "$GOCACHE"
        cd "$2"
        shift 2
        "$@"' build "$1" "$module" "$2" go build -o "$temporary/program" "$program"
}

disk_bytes() { du -s --block-size=1 "$1" | cut -f 1; }
seconds() { # seconds COMMAND…: sets $elapsed
    local begin=$EPOCHREALTIME
    "$@" || die "failed: $*"
    elapsed=$(python3 -c "print($EPOCHREALTIME - $begin)")
}

# The commands in front of `go build`: of a restored cache none, then `cachectl run`, or the two verbs that it joins.
plain() { "$@"; }
run() { "$cachectl" run --quiet "$archive" -- "$@"; }
prog() {
    [[ -n $(ls -A "$GOMODCACHE") ]] || "$cachectl" restore "$archive" --for . --no-gocache --quiet --no-go 2>/dev/null
    GOCACHEPROG="$cachectl prog $archive" "$@"
}
export -f plain run prog
export cachectl archive=''

figures=$temporary/figures.tsv
measure() { # measure WAY TAG RUN COMMAND
    local way=$1 tag=$2 root=$temporary/root-$2-$3-$4 command=$4 pulled=0 caches before first
    say "$way"
    archive=$root/caches/all.castore
    [[ $tag != volume ]] || archive=$temporary/node/caches/all.castore
    # Where many files were removed in the last five minutes, ext4 is slow to create one, because it passes over their
    # inodes (`recently_deleted` in fs/ext4/ialloc.c). A new node has no such inodes, so each way has its own disk.
    truncate -s "$room" "$root.ext4"
    mkfs.ext4 -q "$root.ext4"
    mkdir "$root"
    mount -o loop "$root.ext4" "$root"
    sync
    if [[ $tag != volume ]]; then
        seconds pull "$tag" "$root"
        pulled=$elapsed
    fi
    caches=$root/var/cache
    mkdir -p "$caches"/go-{mod,build}
    before=$(disk_bytes "$root")
    rm -f "$temporary/program"
    seconds build "$caches" "$command"
    first=$elapsed
    written=$(($(disk_bytes "$root") - before))
    sum=$(sha256sum <"$temporary/program")
    rm -f "$temporary/program"
    seconds build "$caches" "$command"
    [[ $(sha256sum <"$temporary/program") == "$sum" ]] || die "the second build gave another program"
    printf '%s\t' "$way" "$tag" "$pulled" "$first" "$elapsed" "$written" "$before" >>"$figures"
    printf '%s\n' "${sum%% *}" >>"$figures"
    [[ $tag != restored ]] || limit "$caches"
    umount "$root"
    rmdir "$root"
    rm "$root.ext4"
}

# The second build again, with a program of GOCACHEPROG that does nothing but answer.
limit() { # limit CACHES
    mkdir "$temporary/puts"
    python3 - "$1/go-build" "$GOCACHE" >"$temporary/answers" <<'END'
import base64, os, re, sys
source, shown = sys.argv[1:]
for root, directories, files in os.walk(source):
    for name in files:
        if re.fullmatch(r'[0-9a-f]{64}-a', name):
            _, action, output, size, _ = open(os.path.join(root, name)).read().split()
            ids = [base64.b64encode(bytes.fromhex(text)).decode() for text in (action, output)]
            print(*ids, size, f'{shown}/{output[:2]}/{output}-d')
END
    rm -f "$temporary/program"
    GOCACHEPROG="$temporary/answer-gets $temporary/answers $temporary/puts" seconds build "$1" plain
    echo "$elapsed" >>"$temporary/limits"
    rm -r "$temporary/puts"
}
for ((run = 1; run <= runs; run++)); do
    measure "restored image" restored "$run" plain
    measure "restored image, $provider alone" provider "$run" plain
    measure "archive in the image, \`run\`" archive "$run" run
    measure "archive in the image, \`restore --for\` and \`prog\`" archive "$run" prog
    measure "archive as a volume, \`run\`" volume "$run" run
done

# ---------------------------------------------------------------- the table

python3 - "$figures" "$temporary/limits" "$port" "$json" "$provider" "${#packs[@]}" <<'END'
import datetime, json, os, statistics, sys, urllib.request
figures, limits, port, target, provider, packs = sys.argv[1:]
limit = statistics.median(map(float, open(limits)))
ways, programs = {}, set()
for line in open(figures):
    name, tag, *values, program = line.rstrip('\n').split('\t')
    ways.setdefault((name, tag), []).append([float(value) for value in values])
    programs.add(program)
if len(programs) != 1:
    sys.exit('serving: the ways gave different programs')
rows = []
for (name, tag), runs in ways.items():
    pulled, first, second, written, disk = (statistics.median(values) for values in zip(*runs))
    size = 0
    if tag != 'volume':
        request = urllib.request.Request(f'http://127.0.0.1:{port}/v2/serving/manifests/{tag}',
                                         headers={'Accept': 'application/vnd.oci.image.manifest.v1+json'})
        with urllib.request.urlopen(request) as reply:
            size = sum(layer['size'] for layer in json.load(reply)['layers'])
    total = statistics.median(values[0] + values[1] for values in runs)
    rows.append({'way': name, 'image_bytes': size, 'disk_bytes': int(disk), 'pull_seconds': pulled,
                 'first_build_seconds': first, 'second_build_seconds': second, 'written_bytes': int(written),
                 'total_seconds': total})
with open(target, 'w', encoding='utf-8') as f:
    json.dump({'schema': 'cachestore.serving/1', 'provider': provider, 'providers': int(packs), 'load': os.getloadavg(),
               'runs': len(runs), 'ways': rows, 'protocol_limit_seconds': limit,
               'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds')}, f, indent=1)
base = rows[0]
print(f'the first program of {provider}, from the pull of an image with the caches of {packs} providers\n')
print('| way | image MB | on disk MB | pull and unpack s | first build s | × | second s | × | written MB | '
      'pull to first build s | × |')
print('|---|---|---|---|---|---|---|---|---|---|---|')
for row in rows:
    ratio = {key: row[key] / base[key] for key in ('first_build_seconds', 'second_build_seconds', 'total_seconds')}
    print(f'| {row["way"]} | {row["image_bytes"] / 1e6:.1f} | {row["disk_bytes"] / 1e6:.0f} | {row["pull_seconds"]:.2f} '
          f'| {row["first_build_seconds"]:.2f} | {ratio["first_build_seconds"]:.2f} | {row["second_build_seconds"]:.2f} '
          f'| {ratio["second_build_seconds"]:.2f} | {row["written_bytes"] / 1e6:.1f} | {row["total_seconds"]:.2f} '
          f'| {ratio["total_seconds"]:.2f} |')
print(f'\nthe second build of the restored image, with a program that only answers: {limit:.2f} s, '
      f'{limit / base["second_build_seconds"]:.2f} ×')
END
