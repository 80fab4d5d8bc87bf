#!/usr/bin/env bash
# Proves with real Go toolchains that builds do not trim, compile again or copy up the files of
# `cachectl restore`, ten days and ten years later. Every cell of the matrix is a Go version, with or without
# -trimpath and cgo.
#
#     Tests/matrix/test-matrix.sh --full      # all seven versions, 28 cells; half an hour
#     Tests/matrix/test-matrix.sh             # the oldest, the newest and 1.25.5, as in Tests/run.sh
#
# In a cell, two jobs fill empty caches, each with one of two programs that share packages. The test unites
# their archives, restores the union, and makes the restored caches older. It builds an unrelated program,
# which trims. Then it builds, vets, tests and runs the jobs' programs offline. Nothing may be compiled, and
# no file may be missing afterwards.
#
# Besides the cells, the script tests the profiles of restore with other users and read-only mounts, the files
# that hits write above a layer in a real overlay, `cachectl seal` of caches in place, and Go's behaviour if
# caches have other modes and times.
set -euo pipefail
shopt -s inherit_errexit

usage() {
    cat <<'END_OF_USAGE'
usage: test-matrix.sh [--full] [--go VERSION]… [--cachectl BIN]

  --full          test every version with every setting, and the other proofs for every version
  --go VERSION    test only this version, of the reduced matrix or of the full one
  --cachectl BIN  the cachectl to test (default: $CACHECTL_STATIC, else $CACHECTL)

Needs root (mount namespaces, other users), gcc, python3-venv and, the first time, PyPI: the toolchains are
kept below ${XDG_CACHE_HOME:-~/.cache}/cachestore/toolchains.
END_OF_USAGE
}

die() { echo "test-matrix: $*" >&2; exit 1; }
say() { printf '==> %3d s  %s\n' "$SECONDS" "$*" >&2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here toolchains=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/toolchains
readonly all_versions=(1.21.13 1.22.10 1.23.9 1.24.11 1.25.5 1.26.6 1.27.3)
readonly reduced_cells=('1.21.13 plain 0' '1.25.5 plain 1' '1.27.3 trimpath 1')
readonly user=4242 # a user that owns nothing and has only the rights of others

full='' chosen=() cachectl=${CACHECTL_STATIC:-${CACHECTL:-}} work=''
while (($#)); do
    case $1 in
    --full) full=1 ;;
    --go) chosen+=("${2:?--go VERSION}"); shift ;;
    --cachectl) cachectl=${2:?--cachectl BIN}; shift ;;
    --inside) work=${2:?--inside DIR}; shift ;; # for the script's own use, see below
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

# ---------------------------------------------------------------- requirements

cells=()
choose_cells() {
    local version flags cgo cell choice
    if [[ -n $full ]]; then
        for version in "${all_versions[@]}"; do
            for flags in plain trimpath; do
                for cgo in 0 1; do cells+=("$version $flags $cgo"); done
            done
        done
    else
        cells=("${reduced_cells[@]}")
    fi
    ((${#chosen[@]})) || return 0
    local candidates=("${cells[@]}")
    cells=()
    for choice in "${chosen[@]}"; do
        [[ " ${all_versions[*]} " == *" $choice "* ]] || die "--go $choice: not one of ${all_versions[*]}"
        local before=${#cells[@]}
        for cell in "${candidates[@]}"; do [[ ${cell%% *} != "$choice" ]] || cells+=("$cell"); done
        ((${#cells[@]} > before)) || cells+=("$choice plain 1") # not in the reduced matrix
    done
}

# shellcheck source=../toolchains.sh
source "$here/../toolchains.sh"

((EUID == 0)) || die "needs root, for mount namespaces and other users"
for command in gcc python3 setpriv unshare; do
    type -P "$command" >/dev/null || die "\`$command\` is missing: install Debian's gcc, python3-venv and util-linux"
done
[[ -n $cachectl ]] || die "which cachectl? Give --cachectl BIN, or run \`bash Tests/run.sh\`"
cachectl=$(type -P "$cachectl") || die "cannot run the given cachectl"
cachectl=$(realpath "$cachectl")
choose_cells

# Everything happens in a namespace of its own, without a network and in memory. However the script ends, its
# mounts end with it, and no file stays behind.
if [[ -z $work ]]; then
    for cell in "${cells[@]}"; do install_toolchain "${cell%% *}"; done
    work=$(mktemp -d "${TMPDIR:-/tmp}/cachestore-matrix.XXXXXX")
    trap 'rmdir "$work"' EXIT
    arguments=(--inside "$work" --cachectl "$cachectl" ${full:+--full})
    for version in "${chosen[@]}"; do arguments+=(--go "$version"); done
    unshare --mount --net --propagation private true || die "cannot make namespaces; a container needs --privileged"
    unshare --mount --net --propagation private bash "${BASH_SOURCE[0]}" "${arguments[@]}"
    exit
fi
mount -t tmpfs -o size=4g,mode=755 cachestore-matrix "$work" ||
    die "cannot mount a tmpfs; a container needs --privileged"

# Every job and every pod finds the toolchain, the caches and the programs at these paths. Go's keys contain
# them.
readonly goroot=$work/go gocache=$work/cache/go-build gomodcache=$work/cache/go-mod
readonly workspace=$work/workspace cell_dir=$work/cell logs=$work/logs
mkdir -p "$goroot" "$gocache" "$gomodcache" "$logs"
mkdir -m 1777 "$work/tmp"
python3 "$here/../EndToEndTests/Fixtures/make_workspace.py" "$workspace"

# Gives the checkout a new date. Go's index of a checkout is keyed by the times of its files.
date_checkout() { find "$workspace/programs" -exec touch -d "$1" {} +; }
date_checkout 2024-05-01

unset GOROOT GOPROXY GOFLAGS GOSUMDB GOOS GOARCH GOEXPERIMENT GODEBUG CC CGO_CFLAGS CGO_LDFLAGS
export GOTOOLCHAIN=local GOENV=off GOTELEMETRY=off GOSUMDB=off TZ=UTC LC_ALL=C GOCACHE=$gocache GOMODCACHE=$gomodcache
PATH=$goroot/bin:$PATH
export TMPDIR=$work/tmp HOME=$work/tmp workspace

# ---------------------------------------------------------------- jobs and pods

# Runs a command (or an exported function) with DIR/go-build and DIR/go-mod at the paths of the caches. The
# mounts end with the namespace.
in_job() { # in_job DIR COMMAND…
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --propagation private bash -euc '
        mount --bind "$1/go-build" "$GOCACHE"
        mount --bind "$1/go-mod" "$GOMODCACHE"
        shift
        "$@"' job "$@"
}

# Builds to a fresh path: Go would neither link an up-to-date program nor look up its package.
build_program() { # build_program PROGRAM
    local out status=0
    out=$(mktemp -d)
    (cd "$workspace/programs/$1" && go build -x -o "$out/program" .) || status=$?
    rm -rf "$out"
    return "$status"
}

# Does everything that jobs, and later pods, do with a program.
use_program() { # use_program PROGRAM
    build_program "$1"
    cd "$workspace/programs/$1"
    if [[ $1 == worker ]]; then # one program is enough, because the step is slow
        go vet -x ./...
        go test -x -run '^$' ./...
    fi
    go run -x . # the program's output is the last line
}
export -f build_program use_program

# Counts runs of tools. With -x the go command prints each tool that it runs; for a package in the cache it
# prints none.
count_tools() { # count_tools LOG TOOL…
    local log=$1 IFS='|'
    shift
    grep -cE "/tool/[^/ ]+/($*)\"? -" "$log" || true
}
compiles() { count_tools "$1" compile cgo asm; }

show_failure() { # show_failure LOG
    grep -vE '^(cd |cat |mkdir |WORK=|rm |mv |cp |echo |EOF|packagefile |/|\[|[A-Z_]+=)' "$1" | tail -n 5 >&2
}

# Lists every file and link below the caches with its size. A file that is rewritten in place keeps its name
# and size.
list_caches() { (cd "$1" && find go-build go-mod ! -type d ! -name trim.txt -printf '%p %s\n' | sort); }

age() { python3 "$here/age.py" "$@"; }

failures=()
fail() { failures+=("${row:-}: $*"); echo "FAILED: ${row:-}: $*" >&2; }

# Runs a command (or an exported function) offline on the caches in DIR, as a pod does.
in_pod() { # in_pod LOG WHAT DIR COMMAND…
    local log=$1 what=$2
    shift 2
    GOPROXY=off in_job "$@" &>"$log" || { show_failure "$log"; fail "$what failed"; }
}

fill_caches() { # fill_caches PROGRAM: runs a job that starts with empty caches
    local dir=$cell_dir/$1 log=$logs/job-$1.log count
    mkdir -p "$dir"/go-{build,mod}
    GOPROXY=file://$workspace/proxy in_job "$dir" use_program "$1" &>"$log" ||
        { show_failure "$log"; die "$row: the job of $1 failed"; }
    count=$(count_tools "$log" compile)
    # Proves that the counter sees the compilations of this version.
    ((count > 40)) || die "$row: only $count compilations were counted with empty caches"
    (($(count_tools "$log" asm) > 0)) || die "$row: the assembler was not seen in the job of $1"
    if ((cgo)); then (($(count_tools "$log" cgo) > 0)) || die "$row: cgo was not seen in the job of $1"; fi
    in_job "$dir" "$cachectl" pack --quiet --label "$1" -o "$cell_dir/$1.castore"
}

restore_caches() { # restore_caches DIR [OPTION…]
    local dir=$1
    shift
    rm -rf "$dir"
    mkdir -p "$dir"/go-{build,mod}
    in_job "$dir" "$cachectl" restore --quiet "$@" "$cell_dir/all.castore"
}

# ---------------------------------------------------------------- a cell

expected_output() { # expected_output PROGRAM
    local language=Go
    if ((cgo)); then language=C; fi
    case $1 in
    worker) echo "[\"WORKERWORKER\",42,3,\"$language\",42]" ;;
    report) echo "[REPORTREPORT still here DEEP 3 $language 42]" ;;
    esac
}

# Restores the caches, makes them older, trims them by building an unrelated program, and repeats the jobs'
# work.
aged() { # aged DAYS: leaves "compilations files-missing" in `result`
    local dir=$cell_dir/restored log program compiled=0 count missing
    restore_caches "$dir"
    list_caches "$dir" >"$logs/before"
    age "$1" "$dir"/go-{build,mod}
    log=$logs/hello.log
    in_pod "$log" "building hello" "$dir" build_program hello
    count=$(count_tools "$log" compile)
    ((count == 1)) || fail "after $1 days hello compiled $count packages, not just its own"
    local trimmed
    trimmed=$(cat "$dir/go-build/trim.txt")
    # The restored trim.txt may be a link to a file that keeps no time; then every build trims.
    [[ -L $dir/go-build/trim.txt ]] || ((trimmed > $(date +%s) - 3600)) || fail "after $1 days the build did not trim"
    # Missing files are listed at once, before new compilations hide deletions, and again at the end.
    list_caches "$dir" | comm -23 "$logs/before" - >"$logs/missing"
    for program in worker report; do
        log=$logs/aged-$1-$program.log
        in_pod "$log" "$program after $1 days" "$dir" use_program "$program"
        compiled=$((compiled + $(compiles "$log")))
        [[ $(tail -n 1 "$log") == "$(expected_output "$program")" ]] || fail "$program printed: $(tail -n 1 "$log")"
    done
    list_caches "$dir" | comm -23 "$logs/before" - >>"$logs/missing"
    missing=$(sort -u "$logs/missing" | wc -l)
    ((compiled == 0)) || fail "after $1 days $compiled packages were compiled again"
    ((missing == 0)) || fail "after $1 days $missing files are missing"
    result="$compiled $missing"
}

# Runs the control: the same caches, merged by copying.
copied() { # leaves the same in `result`, after ten days
    local dir=$cell_dir/copied log=$logs/copied.log program missing
    rm -rf "$dir"
    mkdir "$dir"
    for program in worker report; do cp -rn "$cell_dir/$program"/go-{build,mod} "$dir"; done
    list_caches "$dir" >"$logs/before"
    age 10 "$dir"/go-{build,mod}
    in_pod "$log" "building hello from copies" "$dir" build_program hello
    missing=$(list_caches "$dir" | comm -23 "$logs/before" - | wc -l)
    in_pod "$log" "building worker from copies" "$dir" build_program worker
    ((missing > 0 && $(compiles "$log") > 0)) || fail "the copies survived ten days: the ageing proves nothing"
    result="$(compiles "$log") $missing"
    rm -rf "$dir"
}

test_cell() { # test_cell VERSION FLAGS CGO
    local version=$1 flags=$2 start=$SECONDS jobs files ten_days ten_years copies
    cgo=$3
    row="Go $version $flags cgo=$cgo"
    say "$row"
    rm -rf "$cell_dir"
    mkdir -p "$cell_dir"
    mount --bind "$toolchains/go-$version/go" "$goroot"
    [[ $(go env GOVERSION) == "go$version" ]] || die "$toolchains/go-$version holds $(go env GOVERSION): remove it"
    export CGO_ENABLED=$cgo GOFLAGS=-buildvcs=false
    [[ $flags == plain ]] || GOFLAGS+=" -trimpath"
    fill_caches worker &
    local other=$!
    fill_caches report
    wait "$other"
    jobs=$(($(compiles "$logs/job-worker.log") + $(compiles "$logs/job-report.log")))
    "$cachectl" union --quiet "$cell_dir"/{worker,report}.castore -o "$cell_dir/all.castore"
    aged 10; ten_days=$result
    files=$(wc -l <"$logs/before")
    aged 3652; ten_years=$result
    copied; copies=$result
    # shellcheck disable=SC2086 # two words each
    printf '%-8s %-9s %3s %6d %6d   %8d %7d   %8d %7d   %8d %7d %5d\n' "$version" "$flags" "$cgo" "$jobs" "$files" \
        $ten_days $ten_years $copies $((SECONDS - start)) >>"$work/table"
}

# ---------------------------------------------------------------- the proofs beside it

# Tests the files that a container writes above a layer of the image that holds the caches.
test_overlay() {
    local dir=$cell_dir/restored layer=$cell_dir/overlay cache program options log=$logs/overlay.log
    row="Go $1 overlay"
    restore_caches "$dir"
    age 10 "$dir"/go-{build,mod}
    # The container has a checkout of its own, which Go has to index.
    date_checkout 2024-05-02
    rm -rf "$layer"
    mkdir -p "$layer"/{go-build,go-mod,upper/go-build,upper/go-mod,work/go-build,work/go-mod}
    for cache in go-build go-mod; do
        options=lowerdir=$dir/$cache,upperdir=$layer/upper/$cache,workdir=$layer/work/$cache
        mount -t overlay -o "$options" overlay "$layer/$cache" || die "cannot mount an overlay"
    done
    for program in worker report; do
        in_pod "$log" "$program in an overlay" "$layer" use_program "$program"
        (($(compiles "$log") == 0)) || fail "$program: $(compiles "$log") packages were compiled again in an overlay"
    done
    umount "$layer"/go-{build,mod}
    printf '\nGo %s: %s\n' "$1" \
        "written above a layer with the restored caches, by build and run of two programs, vet and test of one" \
        >>"$work/notes"
    python3 "$here/upper.py" "$dir" "$layer/upper" >>"$work/notes" ||
        { tail -n 12 "$work/notes" >&2; fail "hits were copied up"; }
    date_checkout 2024-05-01
}

# Builds `worker` from the caches in DIR, and leaves the build's `status` and its last `message`.
try_build() { # try_build DIR USER ro|rw [VARIABLE=VALUE]
    local dir=$1 who=$2 log=$logs/try.log
    shift 2
    status=0
    # shellcheck disable=SC2016 # expanded by the inner shell
    in_job "$dir" bash -uc '
        user=$1 access=$2 out=$(mktemp -d)
        shift 2
        chmod 777 "$out"
        if [[ $access == ro ]]; then mount -o remount,bind,ro "$GOCACHE"; mount -o remount,bind,ro "$GOMODCACHE"; fi
        cd "$workspace/programs/worker"
        env GOPROXY=off HOME="$out" TMPDIR="$out" "${@:2}" setpriv --reuid "$user" --regid "$user" --clear-groups \
            go build -x -o "$out/program" . 2>"$1"
        status=$?
        rm -rf "$out"
        exit "$status"' try "$who" "$1" "$log" "${@:2}" >/dev/null || status=$?
    message=$(grep -E '^(go: |open )' "$log" | tail -n 1 | sed "s#$GOCACHE/##; s#/[0-9a-f]\{64\}#/…#" || true)
}

expect_build() { # expect_build STATUS CASE try_build's arguments…
    local expected=$1 name=$2
    shift 2
    try_build "$cell_dir/restored" "$@"
    ((status == expected)) || fail "$name: status $status, expected $expected: $message"
    (($(compiles "$logs/try.log") == 0)) || fail "$name: $(compiles "$logs/try.log") packages were compiled again"
    printf '  %-72s %d  %s\n' "$name" "$status" "${message:0:90}" >>"$work/notes"
}

expect_seal() { # expect_seal STATUS CASE PROFILE
    local status=0
    "$cachectl" seal --check --quiet --profile "$3" "$cell_dir/restored/go-build" &>"$logs/seal.log" || status=$?
    ((status == $1)) || { tail -n 5 "$logs/seal.log" >&2; fail "$2: seal --check said $status, expected $1"; }
    printf '  %-72s %d\n' "$2, seal --check" "$status" >>"$work/notes"
}

# This entry would be deleted by a scan: if it stays, Go did not scan.
readonly stale_entry=ab/ab00000000000000000000000000000000000000000000000000000000000000-a
plant_stale_entry() {
    : >"$cell_dir/restored/go-build/$stale_entry"
    touch -d 2001-01-01 "$cell_dir/restored/go-build/$stale_entry"
}
expect_scan() { # expect_scan yes|no CASE
    local scanned=yes
    [[ ! -e $cell_dir/restored/go-build/$stale_entry ]] || scanned=no
    [[ $scanned == "$1" ]] || fail "$2: scanned: $scanned, expected $1"
}

# Tests Go's behaviour with a cache that it may not write, or that belongs to another user. The results are
# the reason for the modes that a restore gives. `worker` has the jobs' checkout unless a case says otherwise.
test_facts() { # test_facts VERSION
    local dir=$cell_dir/restored build=$cell_dir/restored/go-build stale=1
    row="Go $1 other users"
    case $1 in 1.26.* | 1.27.*) stale=0 ;; esac # from 1.26 on a trim.txt that cannot be written is ignored
    printf '\nGo %s: status and message of builds by user %d, or on read-only mounts\n' "$1" "$user" >>"$work/notes"
    restore_caches "$dir"
    # A restored cache holds no index of a checkout, so that of the jobs' checkout is made here.
    in_pod "$logs/index.log" "indexing the checkout" "$dir" build_program worker
    chmod 0755 "$build" "$build"/??
    rm -f "$build/trim.txt"
    date +%s >"$build/trim.txt"
    chmod 0644 "$build/trim.txt"
    expect_build 0 "root's, 0755" "$user" rw
    age 10 "$build"
    expect_build "$stale" "root's, 0755, trim.txt 10 days old" "$user" rw
    expect_build "$stale" "read-only, trim.txt 10 days old, root" 0 ro
    expect_build "$stale" "read-only, trim.txt 10 days old, other user" "$user" ro
    ln -sf /dev/null "$build/trim.txt"
    expect_build 0 "read-only, trim.txt -> /dev/null, root" 0 ro
    expect_build 0 "read-only, trim.txt -> /dev/null, other user" "$user" ro
    date_checkout 2024-05-03 # Go's index of this checkout is missing
    expect_build 1 "read-only, trim.txt -> /dev/null, new checkout" "$user" ro
    expect_build 0 "read-only, trim.txt -> /dev/null, new checkout, GODEBUG=goindex=0" "$user" ro GODEBUG=goindex=0
    expect_build 1 "root's, 0755, new checkout" "$user" rw
    chmod 0733 "$build"/??
    plant_stale_entry
    expect_build 0 "root's, 0733, trim.txt -> /dev/null, new checkout" "$user" rw
    expect_scan no "mode 0733"
    chmod 0777 "$build"/??
    date_checkout 2024-05-04
    expect_build 0 "root's, 0777, trim.txt -> /dev/null, new checkout" "$user" rw
    expect_scan yes "mode 0777"
    date_checkout 2024-05-01
}

# Tests that each profile of a restore has its effect.
test_profiles() { # test_profiles VERSION
    local dir=$cell_dir/restored build=$cell_dir/restored/go-build days missing
    row="Go $1 profiles"
    printf '\nGo %s: profiles of restore, status and message\n' "$1" >>"$work/notes"

    restore_caches "$dir" --profile image
    expect_seal 0 "image" image
    age 10 "$build"
    plant_stale_entry
    date_checkout 2024-05-05
    expect_build 0 "image, 10 days old, new checkout, other user" "$user" rw
    expect_scan no "image, other user"
    age 2 "$build"
    expect_build 0 "image, then root, 2 days later" 0 rw
    expect_scan yes "image, root"
    date_checkout 2024-05-01

    restore_caches "$dir" --profile readonly
    expect_seal 0 "readonly" readonly
    age 10 "$build"
    plant_stale_entry
    date_checkout 2024-05-06
    expect_build 0 "readonly, 10 days old, new checkout, goindex=0, root" 0 ro GODEBUG=goindex=0
    expect_build 0 "readonly, 10 days old, new checkout, goindex=0, other user" "$user" ro GODEBUG=goindex=0
    expect_build 0 "the same on a writable mount" "$user" rw GODEBUG=goindex=0
    expect_scan no "readonly, other user"
    date_checkout 2024-05-01

    for days in 4 10; do
        restore_caches "$dir" --profile ci
        list_caches "$dir" >"$logs/before"
        age "$days" "$dir"/go-{build,mod}
        in_pod "$logs/hello.log" "building hello with profile ci" "$dir" build_program hello
        missing=$(list_caches "$dir" | comm -23 "$logs/before" - | wc -l)
        ((days == 10 ? missing > 0 : missing == 0)) || fail "profile ci, $days days old: $missing files were trimmed"
        printf '  %-72s %s\n' "ci, $days days old, after an unrelated build" "$missing files trimmed" >>"$work/notes"
    done
}

# Tests caches that were merged by copying, used by a go command as in a Dockerfile's RUN, and sealed in
# place.
test_seal() { # test_seal VERSION
    local dir=$cell_dir/restored program count missing
    row="Go $1 seal"
    printf '\nGo %s: caches that were merged by copying, and sealed in place\n' "$1" >>"$work/notes"
    rm -rf "$dir"
    mkdir "$dir"
    for program in worker report; do cp -rn "$cell_dir/$program"/go-{build,mod} "$dir"; done
    # shellcheck disable=SC2016 # expanded by the inner shell
    in_pod "$logs/list.log" "go list with copies" "$dir" bash -euc \
        'cd "$workspace/programs/worker"; go list -deps ./...'
    expect_seal 1 "copied" image
    in_pod "$logs/seal.log" "seal" "$dir" "$cachectl" seal --quiet "$gocache"
    expect_seal 0 "copied and sealed" image
    list_caches "$dir" >"$logs/before"
    # A seal leaves the indexes of checkouts to Go, which forgets them.
    find "$dir/go-build" -name '*-a' ! -newermt 2030-01-01 -printf 'go-build/%P %s\n' | sort >"$logs/unsealed"
    (($(wc -l <"$logs/unsealed") <= 12)) || fail "the seal left $(wc -l <"$logs/unsealed") entries unsealed"
    age 10 "$dir"/go-{build,mod}
    in_pod "$logs/hello.log" "building hello after seal" "$dir" build_program hello
    missing=$(list_caches "$dir" | comm -23 "$logs/before" - | comm -23 - "$logs/unsealed" | wc -l)
    in_pod "$logs/sealed.log" "worker after seal" "$dir" use_program worker
    count=$(compiles "$logs/sealed.log")
    ((missing == 0 && count == 0)) || fail "10 days after seal: $missing files are missing, $count compiled again"
    printf '  %-72s %s\n' "copied and sealed, 10 days old" "$missing files missing, $count compiled" >>"$work/notes"
    touch "$dir/go-build/$(cd "$dir/go-build" && find . -name '*-d' | sort | head -n 1)"
    expect_seal 1 "after a file was touched" image
}

# ---------------------------------------------------------------- the run

: >"$work/table"
: >"$work/notes"
proven=''
for index in "${!cells[@]}"; do
    # shellcheck disable=SC2086 # three words
    test_cell ${cells[index]}
    read -r version _ <<<"${cells[index]}"
    # These proofs run once per version. In the reduced matrix not every version runs all of them, to save
    # time.
    if [[ " $proven " != *" $version "* ]]; then
        test_profiles "$version"
        if [[ -n $full || ${#cells[@]} == 1 || $version == 1.25.5 ]]; then
            test_overlay "$version"
            test_seal "$version"
        fi
        [[ -z $full && ${#cells[@]} -gt 1 ]] || test_facts "$version"
        proven+=" $version"
    fi
    umount "$goroot"
done

printf '\n%36s   %-16s   %-16s   %s\n' \
    'two jobs, empty caches' 'restored, 10 days' 'restored, 10 years' 'cp -rn, 10 days'
printf '%-8s %-9s %3s %6s %6s   %8s %7s   %8s %7s   %8s %7s %5s\n' \
    Go flags cgo tools files compiled missing compiled missing compiled missing s
cat "$work/table" "$work/notes"
if ((${#failures[@]})); then
    printf '\n%d failures:\n' "${#failures[@]}" >&2
    printf '  %s\n' "${failures[@]}" >&2
    exit 1
fi
printf '\nall %d cells passed in %d s\n' "${#cells[@]}" "$SECONDS"
