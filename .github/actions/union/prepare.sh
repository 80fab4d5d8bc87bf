#!/usr/bin/env bash
# Finds or installs cachectl, and makes the directory into which the artifacts are downloaded.
#
#   the inputs of setup/install.sh
# shellcheck source=../common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ -n ${INPUT_PATH:-}${INPUT_VERSION:-} ]] || ! find_cachectl >/dev/null; then
    bash "${BASH_SOURCE[0]%/*}/../setup/install.sh"
fi
directory=$state/union
rm -rf "$directory"
mkdir "$directory"
output directory "$directory"
