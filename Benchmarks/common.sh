# What the scripts beside this one share; they source it after their options `set -euo pipefail` and `inherit_errexit`.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }
say() { echo "==> $*" >&2; }

# However a script ends, it comes to its trap on EXIT.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

need() { # need PROGRAM…
    local program
    for program; do type -P "$program" >/dev/null || die "needs $program"; done
}

runnable() { # runnable PROGRAM: its absolute path
    local path
    path=$(type -P "$1") || die "cannot run \`$1\`: there is no such program; name another"
    realpath "$path"
}

built() { # built LOG PRODUCT [OPTION…]: the path of a release build
    local build=(swift build --package-path "$here/.." -c release --product "$2" "${@:3}")
    say "building $2"
    "${build[@]}" >"$1" || { tail -n 5 "$1" >&2; die "swift build failed, see above"; }
    echo "$("${build[@]}" --show-bin-path)/$2"
}

python_with() { # python_with DIR PACKAGE…: CACHESTORE_PYTHON, or a Python in DIR, with these modules
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
