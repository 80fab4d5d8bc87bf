#!/usr/bin/env bash
# Tests the actions and workflows in .github: their files, by zizmor and shellcheck; and each of their steps, on
# a played runner (runner.py) with real Go. Needs root and Debian's apt-get, PyPI, and
#   CACHESTORE_GO  a Go toolchain's `go`
#
# usage: test-actions.sh --cachectl BINARY [TEST…]   BINARY: a static build of cachectl
#                                                    TEST: as unittest names it, for example test_setup.Setup
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")"

die() { echo "test-actions.sh: $*" >&2; exit 1; }
[[ ${1:-} == --cachectl && -x ${2:-} ]] || die "usage: test-actions.sh --cachectl BINARY [TEST…]"
CACHECTL=$(realpath "$2")
export CACHECTL PYTHONDONTWRITEBYTECODE=1
: "${CACHESTORE_GO:?is not set: run \`bash Tests/run.sh\`}"
shift 2

# ---------------------------------------------------------------- setup

say() { echo "$*"; }
# shellcheck source=../packages.sh
source ../packages.sh
install_packages binutils curl jq shellcheck wget
venv=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/actions
requirements="pyyaml==6.0.3 zizmor==1.32.0"
if [[ ! -x $venv/bin/zizmor || $(cat "$venv/requirements" 2>/dev/null) != "$requirements" ]]; then
    echo "installing $requirements"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    # shellcheck disable=SC2086 # one word per requirement
    "$venv/bin/pip" install --quiet --disable-pip-version-check $requirements
    echo "$requirements" >"$venv/requirements"
fi

# ---------------------------------------------------------------- the files

shellcheck -x -P SCRIPTDIR ../../.github/actions/*/*.sh ../../.github/release/*.sh ./*.sh
"$venv/bin/zizmor" --offline --no-progress --quiet ../../.github

# ---------------------------------------------------------------- the steps

if (($#)); then
    exec "$venv/bin/python" -m unittest "$@"
fi
# The tests spend most of their time in waiting for processes, so the files of tests run side by side.
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
tests=(test_actions test_base test_inputs test_setup test_files test_release)
for test in "${tests[@]}"; do
    "$venv/bin/python" -m unittest "$test" &>"$logs/$test" &
    echo $! >"$logs/$test.pid"
done
status=0
for test in "${tests[@]}"; do
    wait "$(cat "$logs/$test.pid")" || status=1
    cat "$logs/$test"
done
exit "$status"
