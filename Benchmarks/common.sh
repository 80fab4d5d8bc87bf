# Functions that the scripts beside this one share. They source this file after their options
# `set -euo pipefail` and `inherit_errexit`.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }
say() { echo "==> $*" >&2; }
# shellcheck source=../Tests/packages.sh
source "$here/../Tests/packages.sh"

# These traps make a script run its EXIT trap after a signal, too.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

need() { # need PROGRAM…
    local program
    for program; do type -P "$program" >/dev/null || die "needs $program"; done
}

runnable() { # runnable PROGRAM: prints the program's absolute path
    local path
    path=$(type -P "$1") || die "cannot run \`$1\`: there is no such program; name another"
    realpath "$path"
}

built() { # built LOG PRODUCT: makes a static release build, as releases hold it, and prints its path
    # On other systems than Debian, the error of the build names what is missing.
    if type -P dpkg-query >/dev/null; then install_packages "${build_packages[@]}"; fi
    local build=(swift build --package-path "$here/.." -c release --product "$2"
        --static-swift-stdlib -Xswiftc -static-executable)
    say "building $2"
    "${build[@]}" >"$1" || { tail -n 5 "$1" >&2; die "swift build failed, see above"; }
    echo "$("${build[@]}" --show-bin-path)/$2"
}

python_with() { # python_with DIR PACKAGE…: prints CACHESTORE_PYTHON, or a Python in DIR, that has the modules
    local python=${CACHESTORE_PYTHON:-$1/bin/python} modules
    modules=$(IFS=,; echo "${*:2}")
    if ! "$python" -c "import $modules" 2>/dev/null; then
        [[ -z ${CACHESTORE_PYTHON:-} ]] || die "CACHESTORE_PYTHON is a Python with $modules, and $python is not"
        say "installing $modules"
        python3 -m venv "$1"
        "$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"
    fi
    echo "$python"
}
