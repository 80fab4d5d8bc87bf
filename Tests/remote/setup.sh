#!/usr/bin/env bash
# Installs what servers.py needs, and starts no service. `bash Tests/run.sh` calls it, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

die() { echo "setup.sh: $*" >&2; exit 1; }
say() { echo "$*"; }
# shellcheck source=../packages.sh
source Tests/packages.sh

# Debian starts the service of a package that it installs, unless this program forbids it.
policy=/usr/sbin/policy-rc.d
if ((EUID == 0)) && [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
install_packages apache2-utils curl docker-registry nginx-light openssl python3 skopeo umoci
