#!/bin/bash
# Runs each fuzz target for so many seconds, two at a time, from the inputs that were kept, and says
# how much was tried and what was found. usage: fuzz.sh BUILD [NAME…]     FUZZ_SECONDS (60) for each
# In BUILD/fuzz stand what each said, the inputs it found new (NAME.new) and those that failed. A
# find becomes a file in tests/fuzz/corpus/NAME, which make check replays, and then a fix.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1
shift
seconds=${FUZZ_SECONDS:-60}
logs=$build/fuzz
mkdir -p "$logs"

if [ "${1-}" = --one ]; then
    name=$2
    new=$logs/$name.new
    rm -rf "$new"
    mkdir -p "$new"
    dictionary=tests/fuzz/$name.dict
    nice "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -max_len=2048 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$logs/$name-" \
        ${dictionary:+$([ -e "$dictionary" ] && echo "-dict=$dictionary")} \
        "$new" "tests/fuzz/corpus/$name" >"$logs/$name.log" 2>&1 </dev/null
    status=$?
    awk -v name="$name" -v status="$status" -v seconds="$seconds" '
        /^stat::number_of_executed_units/ { done = $2 }
        /Test unit written to/ { input = $NF }
        END {
            printf "= fuzz %s inputs: %d\n", name, done
            printf "= fuzz %s finds: %d\n", name, status != 0
            if (status != 0)
                printf "VIOLATION fuzz_%s fails, status %d: %s\n", name, status, input
        }' "$logs/$name.log"
    [ "$status" = 0 ] || tail -n 40 "$logs/$name.log" | sed 's/^/    | /'
    exit "$status"
fi

[ $# -gt 0 ] || set -- $(basename -a tests/fuzz/fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
printf '%s\n' "$@" | xargs -P 2 -I{} "$0" "$build" --one {}
