#!/usr/bin/env bash
# Are the tests any good? Each wrong version of mutants.txt is built in a copy of the sources and
# must be killed by one of the programs below. usage: mutants.sh BUILD [NAME…]
# BUILD: where `make safety-programs tests` has built. Some at a time; a survivor is a defect of the
# tests. The cmocka programs must pass unmutated first. Ends with "= mutants killed: N of N",
# exit 1 when one lives.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1
shift
list=tests/safety/mutants.txt
WORKERS=6 # they mostly wait
box=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$box"' EXIT
trap 'exit 2' INT TERM

# Tried in this order, the quick and telling ones first; the first that fails has killed the mutant.
programs=(
    tests/test_judge tests/test_op_check tests/test_cache_facts tests/test_journal_sets
    tests/test_reading tests/test_core_lists tests/test_core_absence tests/test_journal_processes
    tests/test_money tests/test_journal tests/test_late tests/test_core_file tests/test_core_news
    tests/test_repeat
    tests/test_modifications tests/test_core_busy tests/test_core_journal tests/test_journal_audit
    tests/test_recover tests/test_operations tests/test_absence
    "tests/safety/simulate --seeds 600 --jobs 1" "tests/safety/brute --short"
    tests/test_core_ops "tests/safety/power --short" "tests/safety/storage --short"
    "tests/safety/company --short" "tests/safety/crash --short" "tests/safety/multicrash --short"
)

# Says what kills the mutant whose tree is the current folder; nothing: it lives. False: it cannot
# be built or tried, which kills nothing.
kill_mutant() { # PROGRAM that is known to, or -
    local line program
    for line in "${@#-}" "${programs[@]}"; do
        [ -n "$line" ] || continue
        program=${line%% *}
        [ -e "${program}.c" ] || continue
        if ! make --no-print-directory "build/$program" >make.log 2>&1; then
            tail -n 5 make.log >&2
            return 1
        fi
        case $program in
        */simulate | */brute | tests/test_*) ;;
        *) make --no-print-directory all build/tests/safety/shim.so >make.log 2>&1 ;;
        esac
        # shellcheck disable=SC2086
        timeout 120 build/$line >run.log 2>&1 </dev/null
        case $?,$program in
        0,*) ;;
        2,tests/safety/*) # it could not run
            tail -n 5 run.log >&2
            return 1
            ;;
        124,*)
            echo "$program, which never came to its end"
            return
            ;;
        *)
            echo "$program"
            return
            ;;
        esac
    done
    return 0
}

work() { # NUMBER: takes every mutant whose place in the list it is
    local tree=$box/$1 name hint what killer file place=0
    mkdir "$tree"
    cp -a api cache tui tests assets Makefile "$tree"
    mkdir "$tree/build"
    (cd "$build" && find . -name '*.[oad]' -print0 -o -name flags -print0 -o -name '*.so' -print0 \
        -o -name 'control-*' -type f -print0 |
        tar -c --null -T -) | tar -x -C "$tree/build"
    cd "$tree" || exit 2
    while IFS=$'\t' read -r name hint what; do
        ((place++ % WORKERS == $1)) || continue
        awk -v name="$name" -f tests/safety/mutate.awk $list >changed || {
            echo "VIOLATION mutant $name no longer fits the sources"
            continue
        }
        if ! killer=$(kill_mutant "$hint"); then
            echo "VIOLATION mutant $name cannot be tried"
        elif [ -n "$killer" ]; then
            echo "killed $name by $killer"
        else
            echo "VIOLATION mutant $name lives: $what"
        fi
        while read -r file; do # newer than its object, so that it is built anew
            cat "$OLDPWD/$file" >"$file"
        done <changed
    done <"$box/mutants"
}

awk -v list=1 -f tests/safety/mutate.awk $list >"$box/mutants"
if [ $# -gt 0 ]; then
    printf '%s\n' "$@" | grep -F -f - "$box/mutants" >"$box/few"
    mv "$box/few" "$box/mutants"
fi
printf '%s\n' "${programs[@]}" | grep '^tests/test_' | xargs -P "$WORKERS" -I{} bash -c \
    '"$0/{}" >/dev/null 2>&1 </dev/null || echo "VIOLATION {} fails unmutated"' "$build" \
    >"$box/unfit"
[ ! -s "$box/unfit" ] || { cat "$box/unfit" && exit 1; }
for ((worker = 0; worker < WORKERS; worker++)); do
    work $worker >"$box/said.$worker" &
done
wait
cat "$box"/said.*
total=$(wc -l <"$box/mutants")
killed=$(cat "$box"/said.* | grep -c '^killed ')
echo "= mutants killed: $killed of $total"
[ "$killed" = "$total" ]
