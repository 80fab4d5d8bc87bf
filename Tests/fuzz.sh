#!/usr/bin/env bash
# Builds the fuzz targets, runs each of them on its seeds and on random changes of them, and prints a table. It fails
# if an input crashes a target, takes longer than ten seconds, needs more than 2 GiB, or breaks a property.
#
#     Tests/fuzz.sh                          # 60 s per target, two at a time
#     Tests/fuzz.sh --hours 6                # six CPU hours, shared by all targets
#     Tests/fuzz.sh --target zip --seconds 5 # one target; may be given several times
#     Tests/fuzz.sh --check                  # only the inputs in the repository
#
# The inputs in Tests/fuzz/found are run first, then those in Tests/fuzz/corpus, then those that earlier runs have kept
# in the state directory, ${XDG_CACHE_HOME:-~/.cache}/cachestore/fuzz. New inputs and crashes go there, too.
set -euo pipefail
shopt -s inherit_errexit nullglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly state=${XDG_CACHE_HOME:-$HOME/.cache}/cachestore/fuzz
readonly memory=2048             # the limit of one input, in MiB
timeout=10                       # the limit of one input, in seconds
readonly longest=65536          # the greatest length of new inputs, in bytes

usage() { sed -n '2,/^set/p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//'; }
die() { echo "fuzz.sh: $*" >&2; exit 1; }

seconds=60 hours='' jobs=2 chosen=() check='' bin=''
while (($#)); do
    case $1 in
    --hours) hours=${2:?--hours N}; shift ;;
    --seconds) seconds=${2:?--seconds N}; shift ;;
    --jobs) jobs=${2:?--jobs N}; shift ;;
    --target) chosen+=("${2:?--target NAME}"); shift ;;
    --fuzz) bin=${2:?--fuzz BIN}; shift ;; # a fuzzer that is built already
    --check) check=1 timeout=60 ;; # also on a busy machine
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ $seconds =~ ^[0-9]+$ && $jobs =~ ^[1-9][0-9]*$ && $hours =~ ^[0-9]*([.][0-9]+)?$ ]] || die "not a number"

# ---------------------------------------------------------------- building

# The library is compiled with counters for its branches and with checks of memory. Its C and C++ dependencies are
# compiled without: they have their own fuzzers. Gold, the default linker, fails at the size of these objects.
build() {
    local options=(--configuration release --package-path Tests/fuzz --scratch-path "$state/build" --product fuzz)
    options+=(-Xswiftc -enable-testing -Xswiftc '-sanitize=fuzzer,address')
    options+=(-Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld)
    echo "building the fuzz targets"
    mkdir -p "$state"
    swift build "${options[@]}" >"$state/build.log" 2>&1 || { tail -40 "$state/build.log" >&2; die "the build failed"; }
    bin=$(swift build "${options[@]}" --show-bin-path 2>/dev/null)/fuzz
}

[[ -n $bin ]] || build
mapfile -t targets < <("$bin" --list)
((${#targets[@]})) || die "there are no targets"
if ((${#chosen[@]})); then
    for target in "${chosen[@]}"; do
        [[ " ${targets[*]} " == *" $target "* ]] || die "there is no target $target; there are: ${targets[*]}"
    done
    targets=("${chosen[@]}")
fi
if [[ -n $hours ]]; then seconds=$(awk "BEGIN { print int($hours * 3600 / ${#targets[@]}) }"); fi

# ---------------------------------------------------------------- running

# Swift's own backtraces would take the signal, LeakSanitizer would report what the runtime keeps, and the stack of each
# allocation would cost a third of the time.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:malloc_context_size=1:quarantine_size_mb=16

# Runs the fuzzer once, and notes why it failed, if it did, and with which input.
fuzz() { # fuzz TARGET ARGUMENT...
    local target=$1 part=$state/log/$1.part status=0 reason file
    "$bin" "$@" >"$part" 2>&1 || status=$?
    cat "$part" >>"$state/log/$target.log"
    ((status)) || return 0
    reason=$(grep -E -m 1 '^property:|Fatal error|ERROR: ' "$part" || echo "status $status; see $state/log/$target.log")
    # libFuzzer writes a new input to a file; of those in the repository it only prints the name before it runs them.
    file=$(sed -n 's/.*Test unit written to //p' "$part" | tail -1)
    [[ -n $file ]] || file=$(sed -n 's/^Running: //p' "$part" | tail -1)
    printf '%s\t%s\n' "$reason" "$file" >>"$state/log/$target.failures"
}

# Runs the inputs of the repository, and then random ones.
run() { # run TARGET
    local target=$1 options=(-detect_leaks=0 "-timeout=$timeout" "-rss_limit_mb=$memory" "-artifact_prefix=$state/crash/$1/") file seeds
    mkdir -p "$state"/{log,crash/"$target",corpus/"$target"}
    : >"$state/log/$target.log"
    : >"$state/log/$target.failures"
    # Each found input has a process of its own, so that one that fails does not hide the others.
    for file in "Tests/fuzz/found/$target"/*; do fuzz "$target" "${options[@]}" "$file"; done
    seeds=("Tests/fuzz/corpus/$target"/*)
    [[ $target != archive ]] || seeds=(Tests/fuzz/bases/*)
    ((${#seeds[@]} == 0)) || fuzz "$target" "${options[@]}" "${seeds[@]}"
    [[ -z $check ]] || return 0
    # The targets that run whole verbs are too slow to try all short inputs first.
    options+=("-max_total_time=$seconds" "-max_len=$longest" -len_control=10)
    options+=(-print_final_stats=1 -use_value_profile=1)
    ((${#seeds[@]} == 0)) || options+=("-seed_inputs=$(IFS=,; echo "${seeds[*]}")")
    fuzz "$target" "${options[@]}" "$state/corpus/$target"
}

started=$SECONDS failures=0 running=0
for target in "${targets[@]}"; do
    while ((running >= jobs)); do
        wait -n || true
        running=$((running - 1))
    done
    run "$target" &
    running=$((running + 1))
done
wait

# ---------------------------------------------------------------- the table

figure() { sed -n "s/^stat::$2: *//p" "$state/log/$1.log" | tail -1; }

printf '%-10s %12s %8s %9s %9s %8s %7s\n' target executions seconds coverage 'per s' new crashes
for target in "${targets[@]}"; do
    log=$state/log/$target.log
    cover=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2 || true)
    spent=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log" | tail -1)
    crashes=$(wc -l <"$state/log/$target.failures")
    failures=$((failures + crashes))
    printf '%-10s %12s %8s %9s %9s %8s %7s\n' "$target" "$(figure "$target" number_of_executed_units)" "${spent:--}" \
        "${cover:--}" "$(figure "$target" average_exec_per_sec)" "$(figure "$target" new_units_added)" "$crashes"
done
for target in "${targets[@]}"; do
    while IFS=$'\t' read -r reason file; do
        echo "$target: $reason"
        echo "    again: SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=$ASAN_OPTIONS $bin $target $file"
    done <"$state/log/$target.failures"
done
# The seconds above are those of the clock; a busy machine gives less of its processors.
times >"$state/log/times"
cpu=$(awk 'NR == 2 { gsub("[ms]", " "); print int($1 * 60 + $2 + $3 * 60 + $4) }' "$state/log/times")
echo "${#targets[@]} targets in $((SECONDS - started)) s, $cpu s of processors, $failures crashes"
((failures == 0))
