# The installation of Debian's packages, for the scripts that source this file. They define `say` and `die`.
# shellcheck shell=bash

# Building cachectl needs these packages, beside Swift and what Swift itself needs.
# shellcheck disable=SC2034 # used by the scripts
build_packages=(ca-certificates git libc6-dev libsqlite3-dev libzstd-dev pkg-config zlib1g-dev)

install_packages() { # install_packages PACKAGE…: installs those that are missing, and touches apt only then
    local package log missing=()
    for package; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    type -P apt-get >/dev/null || die "needs Debian's packages ${missing[*]}, and there is no apt-get"
    ((EUID == 0)) || die "needs the packages ${missing[*]}: install them, or run this as root"
    say "installing ${missing[*]}"
    log=$(mktemp)
    if ! { apt-get -qq update && # without an update, apt may ask for versions that are gone
        DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${missing[@]}"; } &>"$log"; then
        tail -n 20 "$log" >&2
        rm "$log"
        die "apt-get cannot install ${missing[*]}: see above"
    fi
    rm "$log"
}
