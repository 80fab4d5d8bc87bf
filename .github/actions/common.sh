# What the scripts of the actions share: messages for the log, outputs, and the state that `restore` leaves for
# `save`. The scripts source this file.
# shellcheck shell=bash
set -euo pipefail
shopt -s inherit_errexit

# RUNNER_TEMP is emptied before and after each job, so nothing here outlives the job. In a container, the
# variable names the directory as the container sees it, which the context `runner.temp` does not.
readonly state=${RUNNER_TEMP:?is not set: these scripts run in a job of GitHub Actions}/cachectl
readonly archive=$state/cache.castore      # the path under which caches are stored and found: never change it
readonly restored=$state/restored.castore  # the archive that this job began with, if it was whole
readonly report=$state/restore.json        # what `cachectl restore --json` said of it
mkdir -p "$state"

annotate() { # annotate LEVEL TEXT…: writes an error, a warning or a notice that GitHub shows with the run
    local level=$1 text
    shift
    text=${*//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '::%s title=cachectl::%s\n' "$level" "${text//$'\n'/%0A}"
}

# Shows the warnings in a log of cachectl with the run. GitHub shows ten of a step, so this leaves some for others.
relay() { # relay FILE [BEGINNING]
    local line count=0
    local -r most=5
    while IFS= read -r line; do
        count=$((count + 1))
        ((count > most)) || annotate warning "${2:-}${line:9:2000}"
    done < <(grep -a '^warning: ' "$1" || true)
    ((count <= most)) || annotate warning "${2:-}$((count - most)) more warnings are in the log of this step."
}

# Prints files, or standard input for `-`, in which GitHub must find no commands: names in archives and values of
# inputs may hold anything.
show() { # show FILE…
    local token
    token=end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$token"
    cat -- "$@"
    printf '\n::%s::\n' "$token"
}

# Runs a program and keeps what it prints; shows it, as `show` does.
show_run() { # show_run FILE COMMAND…
    local token status=0 file=$1
    shift
    token=end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$token"
    "$@" 2>&1 | tee "$file" || status=$?
    printf '\n::%s::\n' "$token"
    return "$status"
}

# Prints a word for keys, labels and names of files: the text itself if it is one, else what is valid of it, and a
# hash of the whole, so that different texts have different words. Words that look like that get a hash as well.
word() { # word TEXT
    local LC_ALL=C text=$1 hash
    if [[ $text =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$ && ! $text =~ -[0-9a-f]{12}$ ]]; then
        printf '%s' "$text"
        return
    fi
    hash=$(printf '%s' "$text" | sha256sum)
    text=$(printf '%s' "$text" | tr -cs 'A-Za-z0-9._' '-') # also one `-` for several
    while [[ $text == [.-]* ]]; do text=${text:1}; done
    text=${text:0:51}
    text=${text%-}
    printf '%s' "${text:-name}-${hash:0:12}"
}

# Prints the name of this job's cache. Without the input, it is made of the job's id and the values of its matrix,
# so that the legs of a matrix have caches of their own.
cache_name() {
    local matrix=${MATRIX:-}
    [[ -n ${matrix//[[:space:]]/} && $matrix != null && $matrix != '{}' ]] || matrix=''
    if [[ -n ${INPUT_NAME:-} ]]; then
        word "$INPUT_NAME"
    else
        word "${GITHUB_JOB:-job}${matrix:+ $matrix}"
    fi
}

# Ends the script with a message. A cache must never fail a job, so all but `setup` and `union` set LEVEL to
# `warning` and go on without a cache.
die() {
    annotate "${LEVEL:-error}" "$*"
    exit 1
}

# As a trap, ends a script that failed where nobody expects it, such as on a full disk, without failing the job.
forgive() {
    (($? == 0)) || annotate warning "Something has failed that is not this job's: the log of this step tells what. The" \
        "job goes on."
    exit 0
}

output() { # output NAME VALUE: sets an output of the step; the value may have several lines
    local delimiter
    delimiter=end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') # no value can hold it, so none can end early
    printf '%s<<%s\n%s\n%s\n' "$1" "$delimiter" "$2" "$delimiter" >>"$GITHUB_OUTPUT"
}

# Prints the cachectl to use: the one that was installed in this job, or else the one on the PATH.
find_cachectl() {
    if [[ -x $state/bin/cachectl ]]; then
        echo "$state/bin/cachectl"
    else
        type -P cachectl
    fi
}

# These values are files, because each step is a process of its own. A path that begins with `-` is given to
# programs as ${path/#-/./-}, so that none takes it for an option.
remember() { printf '%s' "$2" >"$state/$1"; }           # remember NAME VALUE
recall() { [[ ! -e $state/$1 ]] || cat "$state/$1"; }   # recall NAME: prints nothing if nothing was remembered

# Prints the first errors and warnings in a file, or else its last lines, for an annotation.
reason() { grep -a -m 5 -E '^(error|warning): ' "$1" || tail -n 3 "$1"; }
