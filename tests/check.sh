#!/bin/sh
# Everything that `make check` proves, two things at a time; the last line is "N passed, N failed".
# usage: check.sh [asan]     asan: only the run under ASan and UBSan
# BUILD names the object folder; -clang and -asan are put behind it for the other two builds. What a
# step said is in BUILD/check/ and is shown when it failed.
set -u
cd "$(dirname "$0")/.." || exit 2
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
JOBS=$(nproc)
LOGS=$BUILD/check
LIMIT=400 # seconds of one step

# Name, exit status, seconds and log: counts what cmocka or the runners said, else the step is one.
count() {
    awk -v name="$1" -v status="$2" -v seconds="$3" '
        /^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
        /^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
        /^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
        END {
            if (status != 0 && !failed)
                failed = 1
            if (status == 0 && !passed)
                passed = 1
            printf "%s\t%d\t%d\t%.1f\n", name, passed, failed, seconds
        }' "$4"
}

# One step: a name, then the command. Several may run at once; each says its piece in one write.
step() {
    name=$1
    shift
    log=$LOGS/$(printf '%s' "$name" | tr -c 'A-Za-z0-9_\n' -).log
    start=$(date +%s.%N)
    timeout "$LIMIT" "$@" >"$log" 2>&1 </dev/null
    status=$?
    seconds=$(echo "$start $(date +%s.%N)" | awk '{ print $2 - $1 }')
    result=$(count "$name" $status "$seconds" "$log")
    printf '%s\n' "$result" >>"$LOGS/results"
    said=$(echo "$result" | awk -F'\t' '{
        printf "%-4s %6.1f s  %-34s %d passed%s", $3 ? "FAIL" : "ok", $4, $1, $2,
            $3 ? ", " $3 " failed" : "" }')
    [ $status = 0 ] || said="$said
$(tail -n 60 "$log" | sed 's/^/    | /')"
    [ $status != 124 ] || said="$said
    | it took longer than $LIMIT s"
    printf '%s\n' "$said"
    return $status
}

# False when it failed: what needs it is not tried then.
build() { # NAME SUFFIX VARIABLE...
    name=$1 folder=$BUILD$2
    shift 2
    step "$name" $MAKE --no-print-directory -j"$JOBS" BUILD="$folder" "$@" \
        tests safety-programs security-programs
}

# The test programs of a build, as many at once as there are processors, the longest first: shell
# scripts, which are given the program as their argument, then cmocka programs.
units() { # LABEL FOLDER SCRIPTS...
    label=$1 folder=$2
    shift 2
    for test in "$@" tests/test_*.c; do
        name=$(basename "${test%.*}")
        case $test in
        *.c) test=$folder/tests/$name ;;
        esac
        printf '%s %s\0%s\0%s\0' "$label" "${name#test_}" "$test" "$folder/avirato-console"
    done | xargs -0 -n 3 -P "$JOBS" "$0" --step
}

# Key scripts wait more than they work: twice as many at once.
keys() { # LABEL FOLDER SCRIPTS...
    label=$1 folder=$2
    shift 2
    [ -e "$1" ] || return
    step "$label" "$folder/tests/pty_run" -j $((JOBS * 2)) -p "$folder/avirato-console" "$@"
}

# The short runs of a proof, safety or security; `make safety`, `make security` run them in full.
proof() { # PART
    for file in tests/"$1"/*.c; do
        name=$(basename "$file" .c)
        case $name in
        support* | world* | *shim) ;;
        *) printf '%s %s\0%s\0--short\0' "$1" "$name" "$BUILD/tests/$1/$name" ;;
        esac
    done | xargs -0 -n 3 -P "$JOBS" "$0" --step
}

# Each fuzz target again with the inputs that were kept; `make fuzz` invents others.
corpora() { # FOLDER
    for file in tests/fuzz/fuzz_*.c; do
        name=$(basename "$file" .c)
        name=${name#fuzz_}
        printf 'corpus %s\0%s\0%s\0' "$name" "$1/tests/fuzz/replay_$name" "tests/fuzz/corpus/$name"
    done | xargs -0 -n 3 -P "$JOBS" "$0" --step
}

# What make docs wrote is what the program of today would write.
generated() {
    stale=
    while read -r what file; do
        "$BUILD/avirato-console" --generate "$what" | diff -u "assets/$file" - || stale=1
    done <<EOF
man avirato-console.1
bash completions/avirato-console.bash
zsh completions/_avirato-console
fish completions/avirato-console.fish
EOF
    [ -z "$stale" ] || { echo "make docs writes them anew" && return 1; }
}

if [ "${1-}" = --step ]; then
    shift
    step "$@"
    exit
fi
if [ "${1-}" = --generated ]; then
    generated
    exit
fi

rm -rf "$LOGS"
mkdir -p "$LOGS"
begin=$(date +%s)
plain() {
    build "build with gcc" "" CC=gcc || return
    step "man page and completions fit" "$0" --generated
    units unit "$BUILD" tests/flows/*.sh tests/test_*.sh
    keys "screens" "$BUILD" tests/screens/*.keys
    keys "flows" "$BUILD" tests/flows/*.keys
    proof safety
    proof security
}

sanitized() {
    build "build with ASan and UBSan" -asan SAN=1 fuzz-replays || return
    corpora "$BUILD-asan"
    units asan "$BUILD-asan" tests/flows/*.sh
    keys "flows asan" "$BUILD-asan" tests/flows/*.keys
}

if [ "${1-}" = asan ]; then
    sanitized
else
    step "lint" tests/lint.sh
    step "lint finds what it should" tests/lint.sh --self-test
    step "wrong versions still fit the sources" \
        awk -v fits=1 -f tests/safety/mutate.awk tests/safety/mutants.txt
    build "build with clang" -clang CC=clang
    plain
    sanitized
fi

echo
echo "Slowest:"
sort -t '	' -k 4 -rn "$LOGS/results" | head -n 5 | awk -F'\t' '{ printf "  %6.1f s  %s\n", $4, $1 }'
awk -F'\t' -v took=$(($(date +%s) - begin)) '
    { passed += $2; failed += $3 }
    END {
        printf "%d s in all\n%d passed, %d failed\n", took, passed, failed
        exit failed > 0
    }' "$LOGS/results"
