#!/usr/bin/env bash
# Which branches of the money core its tests take: builds with gcov, runs what tests it, and lists
# each branch that was never taken. usage: coverage.sh BUILD
# A branch that only a failed assertion would take does not count. Ends with
# "= branches covered: N of N", exit 1 when one is missing.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1
files=(cache/journal*.c cache/judge.c cache/operations.c cache/op_*.c cache/reconcile*.c
    cache/match.c cache/list_read.c cache/owner.c api/money.c)
programs=(
    tests/test_judge tests/test_money 'tests/test_journal*' tests/test_op_check tests/test_repeat
    tests/test_absence tests/test_late tests/test_reading tests/test_operations
    tests/test_modifications tests/test_recover tests/test_roles tests/test_no_amount
    'tests/test_core_*'
    "tests/safety/simulate --seeds 1500"
    "tests/safety/brute --short"
)

find "$build" -name '*.gcda' -delete 2>/dev/null
targets=()
for line in "${programs[@]}"; do
    for source in ${line%% *}.c; do
        [ -e "$source" ] || continue
        targets+=("$build/${source%.c}")
    done
done
# What a child of a test counted is written at exit(), but it ends by _exit().
mkdir -p "$build"
rm -f "${targets[@]}"
gcc -x c -c - -o "$build/exit.o" <<'END' || exit 2
void __gcov_dump(void);
void __real__exit(int status);
void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
END
make --no-print-directory -j"$(nproc)" BUILD="$build" \
    COVERAGE="-Wl,--wrap=_exit $PWD/$build/exit.o" "${targets[@]}" >"$build/made.log" 2>&1 ||
    { tail -n 20 "$build/made.log" && exit 2; }
for target in "${targets[@]}"; do
    options=
    for line in "${programs[@]}"; do
        [ "$build/${line%% *}" = "$target" ] && [ "${line%% *}" != "$line" ] && options=${line#* }
    done
    # shellcheck disable=SC2086
    "$target" $options >"$build/run.log" 2>&1 </dev/null ||
        { echo "VIOLATION $target failed" && grep -m 9 'VIOLATION\|FAILED' "$build/run.log"; }
done

# Branches of lines with an assertion, and of those it goes on over, are left out.
report() {
    for file in "${files[@]}"; do
        gcov -b -c -o "$build/${file%.c}.o" -t "$file" 2>/dev/null | awk -v file="$file" '
            /^ *[^ ]+: *[0-9]+:/ {
                number = $2 + 0
                line = $0
                sub(/^[^:]*:[^:]*:/, "", line)
                inside = line ~ /assert\(/ || (inside && !ended)
                ended = line ~ /;/
            }
            /^branch / && !inside {
                total++
                if ($0 ~ /taken 0|never executed/)
                    printf "%s:%d: %s\n", file, number, line
                else
                    taken++
            }
            END { printf "= %s %d %d\n", file, taken, total }'
    done
}
report >"$build/found"
grep -v '^= ' "$build/found" | uniq -c
awk '/^= / {
        printf "  %-28s %4d of %4d\n", $2, $3, $4
        taken += $3
        total += $4
    }
    END {
        printf "= branches covered: %d of %d\n", taken, total
        exit taken < total
    }' "$build/found"
