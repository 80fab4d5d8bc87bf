#!/usr/bin/env bash
# Proves that the commands of the README work on a fresh machine. For each command it makes a root with Debian's
# base, the packages without which Swift does not run, and this machine's Swift, clones the repository's HEAD
# into the root and runs the command there. The quick simulation builds fewer programs than usual, and the tests
# stop before their build (CACHESTORE_LAST_STEP names the last step); the set-up of both is whole. The first
# root then plays a newcomer: see newcomer.sh.
#
#     Tests/fresh/test-fresh.sh [--keep FILE] [COMMAND…]
#
#     --keep FILE   keeps the cachectl that the first command built, as FILE
#     COMMAND…      runs these commands instead of the README's, and shortens none
#
# A root gets nothing else of this machine but the way to the outside: apt's sources and options, pip's and git's
# configuration, proxies and certificates, and the files and directories that these name. Downloaded Debian
# packages are kept for the next run. Needs root, Swift, git, access to Debian and PyPI, and 11 GB of memory or 8 GB
# in $TMPDIR.
set -euo pipefail
shopt -s inherit_errexit

die() { echo "test-fresh: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*" >&2; }

script=$(realpath "${BASH_SOURCE[0]}")
repository=$(cd "${script%/*}/../.." && pwd)
readonly script repository suite=bookworm
# shellcheck source=../packages.sh
source "$repository/Tests/packages.sh"

# These packages of Debian are in Swift's image for the suite, and Swift does not run or link without them. For
# libraries this is what runs, without the headers. The rest of the image, as gcc, pkg-config, libsqlite3-dev and
# zlib1g-dev, is left out, so that a command has only what it installs itself.
readonly base=(binutils git libcurl4 libedit2 libncurses6 libpython3.11 libsqlite3-0 libstdc++-12-dev libxml2 tzdata)

# ---------------------------------------------------------------- the README's commands

# Prints the commands of the console block below the heading "Two commands" or, if there is no such heading, of
# the console block that runs Tests/run.sh.
readme_commands() {
    awk '
        /^#/ && !fence { wanted = ($0 ~ /^#+ Two commands$/) }
        /^```/ {
            if (console && wanted && !headed) { found = block; headed = 1 }
            if (console && !headed && block ~ /(^|\n)Tests\/run\.sh\n/) found = block
            fence = !fence
            console = fence && $0 == "```console"
            block = ""
            next
        }
        console && /^\$ / { sub(/^\$ /, ""); sub(/[ \t]+#.*$/, ""); block = block $0 "\n" }
        END { printf "%s", found }
    ' "$repository/README.md"
}

# ---------------------------------------------------------------- the way to the outside

# Prints apt's sources of Debian, as this machine has them.
debian_sources() {
    # shellcheck disable=SC2016 # apt-get fills these in
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$1 == "Debian" { print "deb", $2, $3, $4 }'
}

# Shows a file or a directory of this machine in the root, at the same path. What may be replaced there, as
# certificates, is copied.
share() { # share ROOT PATH
    [[ $2 == /* && -e $2 && ! -e $1$2 ]] || return 0
    if [[ -d $2 && $2 == /etc/* ]]; then
        mkdir -p "$1$2"
        cp -rL "$2/." "$1$2"
    elif [[ -d $2 ]]; then
        mkdir -p "$1$2"
        mount_read_only "$2" "$1$2"
    else
        mkdir -p "$1${2%/*}"
        cp -L "$2" "$1$2"
    fi
}

mount_read_only() { # mount_read_only DIRECTORY TARGET
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

# Prints the variables by which programs reach the outside, as NAME=VALUE. The values have no line breaks.
outside_variables() {
    local pip='(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY|DEFAULT_TIMEOUT)'
    local certificates='SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CAINFO'
    env | grep -iE "^(PIP_$pip|(https?|ftp|all|no)_proxy|$certificates)=" || true
}

connect() { # connect ROOT: lets the root reach what this machine reaches
    local root=$1 file key value paths=()
    for file in /etc/resolv.conf /etc/hosts; do
        if [[ -e $file ]]; then cp -L "$file" "$root$file"; fi
    done

    debian_sources >"$root/etc/apt/sources.list"
    # The way that apt takes: proxies, certificates, checks of dates.
    apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >"$root/etc/apt/apt.conf.d/outside" || true

    mkdir -p "$root"/root/{.config/pip,.pip}
    for file in /etc/pip.conf "$HOME"/{.config/pip,.pip}/pip.conf; do
        [[ ! -e $file ]] || cp -L "$file" "$root${file/#"$HOME"//root}"
    done

    while read -r key value; do
        git config --file "$root/root/.gitconfig" --add "$key" "$value"
        key=${key#url.}
        paths+=("${key%.*}" "$value")
    done < <(git config --get-regexp '^(url\..*\.(insteadof|pushinsteadof)|http\.(proxy|sslcainfo|sslcapath))$')

    # What all that names, and certificates that only this machine has.
    mapfile -t -O "${#paths[@]}" paths < <(
        outside_variables | sed 's/^[^=]*=//'
        sed -nE 's/^[^#;=]*=[ \t]*//p' "$root"/{etc,root/.config/pip,root/.pip}/pip.conf 2>/dev/null || true
        sed -nE 's/.* "(.*)";$/\1/p' "$root/etc/apt/apt.conf.d/outside")
    for value in "${paths[@]}"; do share "$root" "${value#file://}"; done
    if [[ -d /usr/local/share/ca-certificates ]]; then
        cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
    fi
}

# ---------------------------------------------------------------- roots

make_base() { # make_base ROOT
    local mirror package http_proxy
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    export http_proxy
    mirror=$(debian_sources | awk -v suite=$suite '$3 == suite && $4 == "main" { print $2; exit }')
    [[ -n $mirror ]] || die "apt's sources on this machine have no Debian $suite: its Swift is for another system"
    # dpkg waits for the disk after every package otherwise.
    mkdir -p "$1/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
    debootstrap --variant=minbase --cache-dir="$packages" --include="$(IFS=,; echo "${base[*]}")" \
        "$suite" "$1" "$mirror" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 20 "$work/debootstrap.log" >&2; die "debootstrap failed, see above"; }
    rm -f "$1"/var/cache/apt/archives/*.deb
    # The commands must install these themselves; a root that has them would prove nothing.
    for package in gcc libsqlite3-dev libzstd-dev pkg-config python3 zlib1g-dev zstd; do
        [[ -z $(dpkg-query --root="$1" -W -f '${db:Status-Status}' "$package" 2>/dev/null) ]] ||
            die "the fresh root has $package: a package of the base has brought it"
    done
}

add_swift() { # add_swift ROOT: shows this machine's toolchain in the root
    local toolchain program
    toolchain=$(readlink -f "$(type -P swift)")
    toolchain=${toolchain%/bin/*}
    # If the toolchain is unpacked in /usr, all other programs of the machine are beside it. Therefore the
    # toolchain's directory is not in the root's PATH, but links to its programs are.
    mkdir -p "$1/opt/swift"
    mount_read_only "$toolchain" "$1/opt/swift"
    for program in "$1"/opt/swift/bin/{swift*,clang*,docc,lld*,ld.lld,llvm-*,sourcekit-lsp}; do
        if [[ -e $program ]]; then ln -s "${program#"$1"}" "$1/usr/local/bin/"; fi
    done
    in_root "$1" 'swift --version' >"$work/swift.log" 2>&1 ||
        { cat "$work/swift.log" >&2; die "this machine's Swift does not run on Debian $suite, see above"; }
}

in_root() { # in_root ROOT COMMAND
    local variables
    mapfile -t variables < <(outside_variables)
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb CI=true \
        "${variables[@]}" ${CACHESTORE_PROGRAMS+CACHESTORE_PROGRAMS="$CACHESTORE_PROGRAMS"} \
        ${CACHESTORE_LAST_STEP+CACHESTORE_LAST_STEP="$CACHESTORE_LAST_STEP"} \
        chroot "$1" /bin/bash -c "cd; [[ ! -d cachestore ]] || cd cachestore; $2" </dev/null
}

# Runs one command on a machine of its own: the mounts end with the mount namespace, and the command's last
# process with the process namespace.
run_fresh() { # run_fresh ROOT COMMAND
    local root=$1
    mount --bind "$root" "$root" # otherwise a command cannot make a namespace of its own below
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mkdir -p "$root/var/cache/apt/archives"
    mount --bind "$packages" "$root/var/cache/apt/archives"
    add_swift "$root"
    connect "$root"
    git clone --quiet "$repository" "$root/root/cachestore"
    in_root "$root" "$2"
}

# Runs a program in new namespaces. Its mounts and processes end with it.
readonly isolated=(unshare --mount --pid --fork --kill-child --propagation private)

run_all() { # run_all COMMAND…: each on a fresh machine
    local number command available
    # Memory is faster, and nothing is left behind. The roots take up to 5 GB, and Swift's compiler needs 3 GB.
    available=$(awk '$1 == "MemAvailable:" { print int($2 / 1e6) }' /proc/meminfo)
    if ((available >= 11)); then mount -t tmpfs -o size=8g,mode=755 cachestore-fresh "$work"; fi

    say "a root with Debian's base"
    make_base "$work/base"
    for number in $(seq $#); do
        command=${!number}
        say "on a fresh machine: $command"
        cp -a "$work/base" "$work/$number"
        "${isolated[@]}" bash "$script" --command "$work/$number" "$command" ||
            die "on a fresh machine, this failed: $command"
        say "done, with $(du -sm "$work/$number" | cut -f 1) MB in the root"
        if [[ -n ${CACHESTORE_KEEP:-} ]] && ((number == 1)); then
            cp "$work/$number/root/cachestore/.build/release/cachectl" "$CACHESTORE_KEEP.tmp"
            mv "$CACHESTORE_KEEP.tmp" "$CACHESTORE_KEEP" # others wait for it
        fi
        rm -rf --one-file-system "${work:?}/$number"
    done
    say "the commands work on a fresh machine"
}

# ---------------------------------------------------------------- the run

readonly packages=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/debian-packages
case ${1:-} in
--all) work=$2; run_all "${@:3}"; exit ;; # this script in a namespace
--command) work=${2%/*}; run_fresh "${@:2}"; exit ;;
--keep) CACHESTORE_KEEP=$(realpath "${2:?--keep FILE}"); export CACHESTORE_KEEP; shift 2 ;;
-*) die "has no option $1, only --keep FILE and commands to run on a fresh machine" ;;
esac

((EUID == 0)) || die "needs root, for debootstrap and mount namespaces"
type -P swift >/dev/null || die "needs Swift 6.3: https://www.swift.org/install/linux/"
unshare --mount --pid --fork true 2>/dev/null || die "cannot make namespaces; a container needs --privileged"
commands=("$@")
if ((!$#)); then
    mapfile -t commands < <(readme_commands)
    export CACHESTORE_PROGRAMS=${CACHESTORE_PROGRAMS-1} CACHESTORE_LAST_STEP=${CACHESTORE_LAST_STEP-style}
    ((${#commands[@]} >= 2)) || die "README.md has no console block with two commands below \"Two commands\""
    commands[0]+=' && Tests/fresh/newcomer.sh' # in this root, what it installs from source is built already
fi
install_packages debootstrap
[[ -n $(debian_sources) ]] || apt-get -qq update

mkdir -p "$packages"
exec {lock}>"$packages/.lock"
flock "$lock" # another run has apt's lock of the directory
child=''
work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-fresh.XXXXXX")
clean_up() {
    trap '' HUP INT TERM
    if [[ -n $child ]]; then
        kill -KILL "$child" 2>/dev/null || true
        wait "$child" || true
    fi
    # Nothing is mounted here any more, as far as this namespace goes; the option is for a slip in the above.
    rm -rf --one-file-system "$work"
    find "$packages" -name '*.deb' -atime +30 -delete
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

"${isolated[@]}" bash "$script" --all "$work" "${commands[@]}" &
child=$!
status=0
wait "$child" || status=$?
child=''
exit "$status"
