#!/usr/bin/env bash
# Proves with real Go toolchains that cachectl does what is right in situations that people met with other
# tools. Each function below is one situation.
#
#     Tests/field/test-field.sh --cachectl BIN [SITUATION…]
set -euo pipefail
shopt -s inherit_errexit

die() { echo "test-field: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*" >&2; }

cachectl=${CACHECTL_STATIC:-${CACHECTL:-}}
[[ ${1:-} != --cachectl ]] || { cachectl=${2:?--cachectl BIN}; shift 2; }
cachectl=$(realpath "$(type -P "${cachectl:?--cachectl BIN}")")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly cachectl here toolchains=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/toolchains

# shellcheck source=../toolchains.sh
source "$here/../toolchains.sh"
for version in 1.21.13 1.25.5 1.27.3; do install_toolchain "$version"; done

work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-field.XXXXXX")
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
unset GOROOT GOPROXY GOOS GOARCH GOAMD64 GOEXPERIMENT GODEBUG GOFIPS140 GOPATH
export GOENV=off GOFLAGS='' GOSUMDB=off GOTELEMETRY=off CGO_ENABLED=0 GOPROXY=off GOTOOLCHAIN=local TZ=UTC
path=$PATH
use_go() { export PATH=$toolchains/go-$1/go/bin:$path; } # use_go VERSION
use_go 1.25.5

situation() { # situation DIRECTORY: begins in an empty directory, with empty caches
    say "${FUNCNAME[1]//_/ }"
    top=$work/$1
    mkdir -p "$top"
    cd "$top"
    export GOCACHE=$top/build GOMODCACHE=$top/mod
    mkdir -p "$GOMODCACHE"
}
pack() { "$cachectl" pack --label job -o "$top/job.castore" --json --force "$@" >"$top/pack.json" 2>"$top/pack.err"; }
query() { python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print($2)" "$1"; }
warned() { [[ $(query "$top/pack.json" "sum(w['code'] == '$1' for w in d['warnings'])") == 1 ]] || die "pack did not warn once: $1"; }
entries() { find "$1" -name '*-a' | wc -l; }
compiles() { go build -x -o "$work/program" "$@" 2>&1 | grep -c '/compile -o ' || true; }

# ---------------------------------------------------------------- situations

# A checkout with pinned times, and the next commit with files of equal sizes.
the_index_of_a_checkout_is_for_another_commit() {
    local version kind
    for version in 1.21.13 1.25.5 1.27.3; do
        use_go "$version"
        for kind in import tag embed; do
            [[ $version == 1.25.5 || $kind == import ]] || continue
            situation "index-$version-$kind"
            commit() { # commit A|B
                rm -rf src
                mkdir -p src/v4 src/v5
                printf 'module example.com/app\ngo 1.21\n' >src/go.mod
                for name in v4 v5; do printf 'package %s\nfunc F() string { return "%s" }\n' $name $name >src/$name/a.go; done
                printf '%s' four >src/v4.txt
                printf '%s' five >src/v5.txt
                local import=v4 tag='ignore' embed=v4.txt
                [[ $1 == A ]] || case $kind in
                    import) import=v5 ;;
                    tag) tag='!plan9' ;;
                    embed) embed=v5.txt ;;
                esac
                printf 'package main\nimport (_ "embed"; v "example.com/app/%s")\n//go:embed %s\nvar text string\nfunc main() { println(v.F(), text, extra) }\n' \
                    $import $embed >src/main.go
                printf '//go:build %s\npackage main\nfunc init() { extra = "extra" }\n' "$tag" >src/extra.go
                printf 'package main\nvar extra string\n' >src/var.go
                find src -exec touch -d 2001-01-01 {} +
            }
            commit A
            (cd src && go build -o /dev/null ./...)
            pack --no-go
            [[ $(query pack.json "sum(l['reason'] == 'checkoutIndex' for l in d['left_out'])") -ge 1 ]] || die "no index was left out"
            pack
            local std
            std=$(entries "$GOCACHE")
            rm -rf "$GOCACHE"
            "$cachectl" restore job.castore -q 2>/dev/null
            commit B
            local expected='v5 four '
            case $kind in tag) expected='v4 four extra' ;; embed) expected='v4 five ' ;; esac
            (cd src && go build -o "$work/second" .) || die "Go $version, $kind: the next commit does not build"
            [[ $("$work/second" 2>&1) == "$expected" ]] || die "Go $version, $kind: $("$work/second" 2>&1)"
            [[ $std -gt 0 ]] || die "no entries"
        done
    done
    use_go 1.25.5
}

# A job has changed a module in place. The index of the changed tree has the key of the published module's.
a_changed_module_leaves_no_index_behind() {
    situation changed
    make_proxy example.com/two v1.0.0 a.go='package two
var S = "plain"
func F() string { return S }' b.go='package two
func init() { S = "secure" }'
    mkdir src
    printf 'module app\ngo 1.21\nrequire example.com/two v1.0.0\n' >src/go.mod
    printf 'package main\nimport "example.com/two"\nfunc main() { print(two.F()) }\n' >src/main.go
    export GOFLAGS=-mod=mod GOPROXY=file://$top/proxy
    (cd src && go mod download example.com/two)
    chmod -R u+w "$GOMODCACHE"
    rm "$GOMODCACHE/example.com/two@v1.0.0/b.go"
    [[ $(cd src && go run . 2>&1) == plain ]] || die "the changed module is not used"
    local how
    for how in '' --no-gomodcache; do
        # shellcheck disable=SC2086 # nothing or one option
        pack $how
        mv "$GOCACHE" kept && mv "$GOMODCACHE" mod.kept && mkdir "$GOMODCACHE"
        "$cachectl" restore job.castore -q 2>/dev/null
        [[ $(cd src && go run . 2>&1 | tail -1) == *secure ]] || die "the published module is not what is built ($how)"
        chmod -R u+w "$GOMODCACHE"
        rm -rf "$GOCACHE" "$GOMODCACHE"
        mv kept "$GOCACHE" && mv mod.kept "$GOMODCACHE"
    done
    export GOFLAGS='' GOPROXY=off
}

# `seal` in an image after a build there: the index of that checkout must not stay for years.
a_seal_is_not_for_the_index_of_a_checkout() {
    situation seal
    make_proxy example.com/dep v1.0.0 a.go='package dep'
    app src example.com/dep
    find src -exec touch -d 2001-01-01 {} +
    (cd src && GOFLAGS=-mod=mod GOPROXY=file://$top/proxy go build -o /dev/null . && go list -deps . >/dev/null)
    find src -exec touch -d 2001-01-01 {} +
    (cd src && go list -deps . >/dev/null)
    "$cachectl" seal "$GOCACHE" -q
    local unsealed
    unsealed=$(find "$GOCACHE" -name '*-a' ! -newermt 2030-01-01 | wc -l)
    # The checkout has changed twice: Go has written go.sum, and the times are new.
    ((unsealed >= 1 && unsealed <= 3)) || die "$unsealed entries are unsealed, and not the checkout's index alone"
    "$cachectl" seal "$GOCACHE" --check -q || die "the check does not agree with the seal"
}

# What can be computed is kept: the indexes of the standard library and of modules.
the_indexes_of_goroot_and_modules_are_kept() {
    situation kept
    make_proxy example.com/dep v1.0.0 a.go='package dep'
    app src example.com/dep
    (cd src && GOFLAGS=-mod=mod GOPROXY=file://$top/proxy go build -o /dev/null . && go list -deps . >/dev/null)
    pack
    local kept
    kept=$("$cachectl" ls job.castore --json 2>/dev/null | grep -c '"class":"index"' || true)
    ((kept >= 20)) || die "only $kept indexes were kept"
    "$cachectl" pack --label job -o quiet.castore --no-go -q 2>/dev/null
    [[ $("$cachectl" ls quiet.castore --json | grep -c '"class":"index"') == "$kept" ]] || die "another number with --no-go"
    rm -rf "$GOCACHE"
    "$cachectl" restore job.castore -q
    local before after
    before=$(entries "$GOCACHE")
    (cd src && go list -deps . >/dev/null)
    after=$(entries "$GOCACHE")
    ((after - before <= 1)) || die "$((after - before)) directories were indexed again, and not only the checkout"
}

make_proxy() { # make_proxy PATH VERSION NAME=CONTENT…: adds a module to the proxy of the situation
    local module=$1@$2 item
    for item in "${@:3}"; do
        mkdir -p "$(dirname "modules/$module/${item%%=*}")"
        printf '%s\n' "${item#*=}" >"modules/$module/${item%%=*}"
    done
    [[ -e modules/$module/go.mod ]] || printf 'module %s\n' "$1" >"modules/$module/go.mod"
    rm -rf proxy
    python3 "$here/../image/make-proxy.py" modules proxy
}

app() { # app DIRECTORY MODULE: makes a program that imports a module
    mkdir -p "$1"
    printf 'module app\ngo 1.21\nrequire %s v1.0.0\n' "$2" >"$1/go.mod"
    printf 'package main\nimport _ "%s"\nfunc main() { println("ok") }\n' "$2" >"$1/main.go"
}

# go.mod's toolchain line builds with another version than the one that `pack` asks.
another_toolchain_built_than_the_one_that_is_asked() {
    situation toolchain
    mkdir bin src
    ln -s "$toolchains/go-1.27.3/go/bin/go" bin/go1.27.3
    printf 'module app\ngo 1.27.3\n' >src/go.mod
    printf 'package main\nfunc main() {}\n' >src/main.go
    (cd src && GOTOOLCHAIN=auto PATH=$top/bin:$PATH go build -o /dev/null .)
    pack
    warned packageOrigins
    grep -q 'go1.27.3 linux/amd64' pack.err || die "the warning does not say what built: $(cat pack.err)"
    [[ $(query pack.json "d['environment']['PACKAGE_ORIGINS'].split()[5]") == go1.27.3 ]] || die "the origins are not recorded"
    local status=0
    "$cachectl" doctor job.castore --go "$toolchains/go-1.27.3/go/bin/go" >doctor.txt || status=$?
    ((status == 0)) || die "doctor says that builds with the version that built will miss: $(cat doctor.txt)"
    "$cachectl" doctor job.castore >doctor.txt && die "doctor says that builds with another version hit: $(cat doctor.txt)"
    rm -rf "$GOCACHE"
    "$cachectl" restore job.castore -q 2>/dev/null
    [[ $(cd src && use_go 1.27.3 && compiles .) == 0 ]] || die "the build that the packages are for compiles"
}

# A job builds for other machines than its own, and for several.
cross_builds_are_normal() {
    situation cross
    mkdir src
    printf 'module app\ngo 1.21\n' >src/go.mod
    printf 'package main\nfunc main() {}\n' >src/main.go
    (cd src && GOARCH=arm64 go build -o /dev/null . && GOAMD64=v3 go build -o /dev/null .)
    pack
    warned packageOrigins
    [[ $(query pack.json "len(d['environment']['PACKAGE_ORIGINS'].splitlines())") == 2 ]] || die "not two origins"
    GOARCH=arm64 "$cachectl" doctor job.castore >/dev/null || die "the doctor does not see the packages for arm64"
    GOAMD64=v3 "$cachectl" doctor job.castore >/dev/null || die "the doctor does not see the packages of level v3"
    GOARCH=386 "$cachectl" doctor job.castore >/dev/null && die "the doctor sees packages for 386"
    (cd src && go build -o /dev/null .)
    pack
    [[ $(query pack.json "sum(w['code'] == 'packageOrigins' for w in d['warnings'])") == 0 ]] || die "a needless warning"
}

# Go unpacks a snapshot of its cryptography into GOMODCACHE, and up to 1.26 without a hash.
go_unpacks_its_own_snapshot_into_gomodcache() {
    local version
    for version in 1.25.5 1.27.3; do
        use_go "$version"
        situation "fips-$version"
        mkdir src
        printf 'module app\ngo 1.24\n' >src/go.mod
        printf 'package main\nimport "crypto/sha256"\nfunc main() { println(sha256.Sum256(nil)[0]) }\n' >src/main.go
        (cd src && GOFIPS140=v1.0.0 go build -o /dev/null .)
        pack
        [[ $(query pack.json "d['totals']['by_kind']['tree']['members']") == 1 ]] ||
            die "the snapshot is not packed: $(cat pack.json)"
        chmod -R u+w "$GOMODCACHE"
        rm -rf "$GOCACHE" "$GOMODCACHE"
        "$cachectl" restore job.castore -q
        [[ $(cd src && GOFIPS140=v1.0.0 compiles .) == 0 ]] || die "Go $version compiles with a restored snapshot"
        # A snapshot that somebody has changed is not that of GOROOT.
        chmod -R u+w "$GOMODCACHE/golang.org"
        rm -rf "$GOMODCACHE/cache"
        find "$GOMODCACHE/golang.org" -name '*.go' -print -quit | xargs -I {} sh -c 'echo "// x" >>{}'
        pack --no-gocache
        [[ $(query pack.json "sum(l['reason'] == 'wrongModuleHash' for l in d['left_out'])") == 1 ]] || die "a changed snapshot is packed"
    done
    use_go 1.25.5
}

# A module has a file with a name that image layers take for a removal.
a_module_has_a_whiteout_name() {
    situation whiteout
    make_proxy example.com/r v1.0.0 a.go='package r' testdata/.wh.layer2.txt='' testdata/layer2.txt=two
    app src example.com/r
    (cd src && GOFLAGS=-mod=mod GOPROXY=file://$top/proxy go build -o /dev/null .)
    pack
    warned whiteoutName
    chmod -R u+w "$GOMODCACHE"
    rm -rf "$GOCACHE" "$GOMODCACHE"
    "$cachectl" restore job.castore -q
    [[ ! -e $GOMODCACHE/example.com/r@v1.0.0 ]] || die "the tree is there, whose file a layer would lose"
    [[ $(cd src && compiles .) == 0 ]] || die "the build offline compiles"
    (cd src && go mod verify >/dev/null) || die "Go does not verify the module"
    [[ -e $GOMODCACHE/example.com/r@v1.0.0/testdata/.wh.layer2.txt ]] || die "Go did not unpack the file"
}

# A module of 75,001 generated files has a list of names that is longer than 8 MiB.
a_module_has_more_names_than_one_chunk_can_hold() {
    situation huge
    local name='group/AStructWithAVeryLongGeneratedNameForEachOfItsManyStatementsAndRules%05dOutputReference__no_checks_when_built.go'
    python3 "$here/make_module.py" "$GOMODCACHE" example.com/huge/v19 v19.1.1 75000 "$name"
    python3 "$here/make_module.py" "$GOMODCACHE" example.com/plain v1.0.0 3 'a%d.go'
    pack --no-gocache --no-go
    [[ $(query pack.json "[l['reason'] for l in d['left_out']]") == '[]' ]] || die "something is left out: $(cat pack.json)"
    version_of() { "$cachectl" info "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["format_version"])'; }
    [[ $(version_of job.castore) == 2 ]] || die "the archive is not of version 2"
    "$cachectl" verify job.castore -q
    "${CACHESTORE_PYTHON:-python3}" "$here/../Oracle/castore.py" check --fast job.castore || die "the independent reader refuses it"
    "$cachectl" restore job.castore -q --no-go --no-gocache --gomodcache again
    diff <(cd "$GOMODCACHE" && find . -name '*.go' | sort) <(cd again && find . -name '*.go' | sort) || die "files are missing"
    "$cachectl" pack --label job -o again.castore --no-gocache --gomodcache again --no-go -q 2>/dev/null
    cmp job.castore again.castore || die "another archive after a restore"
    # The laws, and the lowest version that a result needs.
    rm -rf "$GOMODCACHE"/example.com/huge* "$GOMODCACHE"/cache/download/example.com/huge
    "$cachectl" pack --label plain -o plain.castore --no-gocache --gomodcache "$GOMODCACHE" --no-go -q 2>/dev/null
    [[ $(version_of plain.castore) == 1 ]] || die "an archive without a long list is not of version 1"
    "$cachectl" union job.castore plain.castore -o one.castore -q
    "$cachectl" union plain.castore job.castore -o other.castore -q
    cmp one.castore other.castore || die "the order of a union matters"
    "$cachectl" intersect job.castore plain.castore -o both.castore -q
    [[ $(version_of both.castore) == 1 ]] || die "an intersection is not of the lowest version"
    "$cachectl" difference job.castore plain.castore -o rest.castore -q
    [[ $(version_of rest.castore) == 2 ]] || die "a difference is not of the version that it needs"
    "$cachectl" cat job.castore file "example.com/huge/v19@v19.1.1/$(printf "$name" 74999)" | grep -qx 'package x // 74999' || die "cat"
}

# A fuzz corpus is the user's data.
a_fuzz_corpus_is_in_gocache() {
    situation fuzz
    mkdir src
    printf 'module example.com/fz\ngo 1.21\n' >src/go.mod
    printf 'package fz\nimport "testing"\nfunc FuzzX(f *testing.F) { f.Add("a"); f.Fuzz(func(t *testing.T, s string) { if len(s) > 3 \&\& s[0] == 98 { _ = s } }) }\n' |
        sed 's/\\&/\&/g' >src/a_test.go
    (cd src && timeout 100 go test -fuzz=FuzzX -fuzztime=2s . >/dev/null)
    (($(find "$GOCACHE/fuzz" -type f | wc -l) > 0)) || die "Go wrote no corpus"
    pack --strict
    warned fuzzCorpus
}

# ----------------------------------------------------------------

chosen=("$@")
((${#chosen[@]})) || mapfile -t chosen < <(grep -o '^[a-z_]*_[a-z_]*() {$' "${BASH_SOURCE[0]}" | sed 's/() {//' |
    grep -v -e '^install_toolchain$' -e '^use_go$' -e '^make_proxy$')
for name in "${chosen[@]}"; do "$name"; done
say "all ${#chosen[@]} situations are right"
