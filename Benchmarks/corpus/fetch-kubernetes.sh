#!/usr/bin/env bash
# fetch-kubernetes.sh DIR
# Debian packages no client-go, but the Kubernetes source package holds all of it (staging/) and
# every dependency (vendor/). Downloads that package with apt and prints where it was unpacked.
set -euo pipefail
mkdir -p "$1"
cd "$1"

if ! compgen -G 'kubernetes-*/vendor/modules.txt' >/dev/null; then
    # The system's own package sources, asked for source packages, with lists and state of their
    # own: the machine's apt configuration is not touched.
    mkdir -p sources lists/partial
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/{debian,ubuntu}.sources; do
        [[ -f $file ]] || continue
        sed -E 's/^deb /deb-src /; s/^Types:.*/Types: deb-src/' "$file" >"sources/${file##*/}"
    done
    [[ ! -f sources/sources.list ]] || mv sources/sources.list sources/system.list
    apt_options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/sources"
        -o "Dir::State::lists=$PWD/lists")
    apt-get "${apt_options[@]}" update >&2
    apt-get "${apt_options[@]}" -o APT::Sandbox::User=root --download-only source kubernetes >&2
    tar -xf kubernetes_*.orig.tar.* --no-same-owner
fi
trees=(kubernetes-*/)
echo "$PWD/${trees[0]%/}"
