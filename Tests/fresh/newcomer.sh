#!/usr/bin/env bash
# Plays somebody who has only the README and a Go module: installs cachectl from source, and runs the README's job
# for any CI system twice, each time in a new home with empty caches. The second build must not compile anything.
# Prints each step with its seconds. The commands are taken from the README.
#
#     Tests/fresh/newcomer.sh [DIR]     as root, in a clone; DIR is for everything that is made ($TMPDIR/cachestore-newcomer)
#
# The module has a program, a test and a dependency, which comes from a proxy of files, as tests reach no other.
# Go comes from PyPI: a newcomer has it already.
set -euo pipefail
shopt -s inherit_errexit

die() { echo "newcomer: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*" >&2; }

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
repository=$PWD
work=${1:-${TMPDIR:-/tmp}/cachestore-newcomer}
rm -rf "$work"
mkdir -p "$work"/{checkout,store,ci,proxy/example.org/greet/@v}
# shellcheck source=../packages.sh
source Tests/packages.sh
# shellcheck source=../toolchains.sh
source Tests/toolchains.sh

# Prints the lines of the README's shell block that has a line with a text.
block() { # block TEXT
    awk -v text="$1" '
        /^```/ { if (shell && index(block, text)) { printf "%s", block; exit }; shell = !fence && $0 == "```sh"
                 fence = !fence; block = ""; next }
        fence { block = block $0 "\n" }' "$repository/README.md"
}

# ---------------------------------------------------------------- what a newcomer has

toolchains=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/toolchains
install_packages python3 python3-venv zip
install_toolchain 1.25.5
export PATH=$toolchains/go-1.25.5/go/bin:$PATH GOTOOLCHAIN=local GOENV=off GOFLAGS='' GOSUMDB=off
export GOPROXY=file://$work/proxy
unset GOCACHE GOMODCACHE GOPATH XDG_CACHE_HOME

greet=$work/proxy/example.org/greet/@v
mkdir -p "$work/zip/example.org/greet@v1.2.3"
printf 'module example.org/greet\n\ngo 1.21\n' | tee "$greet/v1.2.3.mod" >"$work/zip/example.org/greet@v1.2.3/go.mod"
printf 'package greet\n\nimport "net/http"\n\nfunc Text() string { return http.StatusText(200) }\n' \
    >"$work/zip/example.org/greet@v1.2.3/greet.go"
(cd "$work/zip" && zip -q -r -D "$greet/v1.2.3.zip" .)
echo '{"Version":"v1.2.3"}' >"$greet/v1.2.3.info"
echo v1.2.3 >"$greet/list"

cd "$work/checkout"
cat >go.mod <<'END'
module example.com/hello

go 1.25

require example.org/greet v1.2.3
END
printf 'package main\n\nimport "example.org/greet"\n\nfunc main() { println(greet.Text()) }\n' >hello.go
printf 'package main\n\nimport "testing"\n\nfunc TestMain2(t *testing.T) {}\n' >hello_test.go
GOMODCACHE=$work/tidy go mod tidy 2>/dev/null || die "go mod tidy failed"
chmod -R u+w "$work/tidy"
rm -rf "$work/tidy"

# ---------------------------------------------------------------- what a newcomer does

steps=0
step() { # step COMMAND…: runs one and prints its seconds
    local start=$EPOCHREALTIME
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "failed: $*"; }
    steps=$((steps + 1))
    awk -v from="$start" -v to="$EPOCHREALTIME" -v text="$*" 'BEGIN { printf "%7.1f s  %s\n", to - from, text }'
}

from_source() { # the last part of the README's installation
    cd "$repository"
    block 'swift build' | sed -n '/from source/,$p' | bash -euo pipefail -s
}

job() { # the README's job, in a checkout of its own and with caches of its own; `go build` says what it compiles
    local build
    build=$(block 'cachectl pack --used')
    [[ $build == *'go build ./...'* ]] || die "the README's job has no \`go build ./...\`"
    cd "$work/ci/app"
    bash -s <<<"${build//go build/go build -x}"
}

compiles() { grep -cE '/tool/[^/ ]+/compile"? -o ' "$work/log" || true; }

new_machine() { # new_machine NUMBER: a checkout and a home, at the same paths in each job, as in CI
    [[ ! -e $work/ci ]] || chmod -R u+w "$work/ci" # Go writes modules read-only
    rm -rf "$work/ci"
    mkdir -p "$work/ci/home"
    cp -a "$work/checkout" "$work/ci/app"
    export HOME=$work/ci/home STORE=$work/store BUILD_NUMBER=$1
}

step from_source
step cachectl --version

for number in 1 2; do
    new_machine "$number"
    step job
    count=$(compiles)
    echo "           job $number compiled $count packages"
    grep -hE '^(restored|packed|warning|error|hint)' "$work/log" | sed 's/^/           | /' || true
    case $number in
    1) ((count > 50)) || die "the first job compiled $count packages: the counter sees nothing" ;;
    2) ((count == 0)) || die "the second job compiled $count packages" ;;
    esac
    if grep -qE '^warning' "$work/log"; then die "job $number warns"; fi
done
(($(find "$work/store" -name '*.castore' | wc -l) == 2)) || die "the store has not two archives"
printf 'a warm second build after %d steps and %d min %d s\n' "$steps" $((SECONDS / 60)) $((SECONDS % 60))
chmod -R u+w "$work"
rm -rf "$work"
