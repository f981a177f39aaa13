#!/usr/bin/env bash
# The whole proof of the money safety, with figures: runs every program of this folder in full,
# holds what they print against the bar below and writes tests/SAFETY.md. usage: safety.sh BUILD
# BUILD: where `make safety-programs tests` has built. Logs are in BUILD/safety/. Exit 1: a figure
# misses its bar or a program found a violation. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1
logs=$build/safety
report=tests/SAFETY.md
rm -rf "$logs"
mkdir -p "$logs"
: >"$logs/times"

# Figure, bar, what it means. Bars: ">= N", "<= N", "= N", "> N", "all" ("N of N").
bars() {
    sed 's/^ *//' <<'BARS'
    simulation seeds|>= 20000|simulated days of the money core, replayable from the seed
    simulation violations|= 0|
    simulation intents|>= 40000|charges, refunds, captures, cancels, extensions, links
    simulation seeds run twice different|= 0|a seed is one run, event by event
    single-crash scenarios|>= 6000|the real binary killed at a call, then `recover`, the referee
    single-crash kills|>= 6000|
    single-crash violations|= 0|
    calls covered|all|every write, sync, unlink, truncate, create, connect, send, receive
    multi-crash rounds|>= 2000|1 to 4 consoles on one journal, killed at random, in recovery too
    multi-crash kills|>= 3000|
    multi-crash violations|= 0|
    rounds through a pseudo-terminal|>= 100|
    faults injected|>= 20000|by the simulators of all programs together
    faults of the rarest kind|>= 200|
    power-loss images|>= 10000|possible disks after a power cut, each opened
    power-loss lost|= 0|
    power-loss corrupt|= 0|
    power-loss images recovered|>= 20|by the real binary, then the referee
    power-loss violations|= 0|
    control WAL+NORMAL lost|> 0|the same with weaker settings: the check can see a loss
    control DELETE+FULL lost|> 0|
    storage faults|>= 1000|failing writes, syncs, opens: once, and from then on
    POSTs after a storage fault|= 0|
    storage violations|= 0|
    damaged journals|>= 2000|flipped bytes, cuts, zeroed and swapped pages
    damage violations|= 0|
    foreign files refused|all|newer, foreign, linked, empty, no database …
    migrations killed|>= 100|old or new afterwards, nothing between
    judge cases|all|every answer against a second, independent table
    amount strings|>= 1111110|all of up to six characters, against another language's decimals
    amount strings wrong|= 0|
    amounts written and read again|>= 10000000|
    amounts written and read again wrong|= 0|
    audit entries complete|all|one for each change, who, when, from where, in one transaction
    audit tamperings found|all|edits, deletions, insertions, reorderings
    bursts|>= 6000|of impatient fingers over the six money forms
    bursts that confirmed|>= 600|
    bursts with more than one charge|= 0|
    of those confirmed|= 0|bursts that were over before the question could be read
    fingers violations|= 0|
    company rounds|>= 200|eight consoles refund one payment at the same instant
    over-refunds with one journal|= 0|
    over-refunds of two hosts noticed|all|
    same charge from eight consoles, charged twice|= 0|
    transitions by 8 processes|>= 8000|
    transitions by 8 processes lost|= 0|
    longest wait of a transition, ms|<= 5000|
    company violations|= 0|
    cache deletions survived|all|
    mutants killed|all|wrong versions of the money core
    branches covered|all|of journal, judge, operations, reconcile, money
BARS
}

run() { # NAME COMMAND…
    local name=$1 start=$SECONDS status
    shift
    "$@" >"$logs/$name.log" 2>&1 </dev/null
    status=$?
    [ $status = 0 ] || echo "VIOLATION $name ended with $status" >>"$logs/$name.log"
    echo "$name $((SECONDS - start))" >>"$logs/times"
    printf -- '--- %s, %d s\n%s\n' "$name" $((SECONDS - start)) \
        "$(grep -E '^(VIOLATION|= )' "$logs/$name.log")"
}

lane() { # NAME…: one after the other
    local name
    for name in "$@"; do
        run "$name" "$build/tests/safety/$name" --full
    done
}

# Every figure of the logs as "name<tab>value"; what several programs count is added up.
figures() {
    cat "$logs"/*.log | awk -F': ' '
        /^= fault [^:]*: [0-9]+$/ { kind[substr($1, 9)] += $2; next }
        /^= faults injected: / { injected += $2; next }
        /^= / { # "= seeds: 5, different: 0" are two: "seeds" and "seeds different"
            name = substr($1, 3)
            parts = split(substr($0, length($1) + 3), part, ", ")
            value[name] = part[1]
            for (i = 2; i <= parts; i++)
                if (split(part[i], more, ": ") == 2)
                    value[name " " more[1]] = more[2]
        }
        END {
            for (name in value)
                printf "%s\t%s\n", name, value[name]
            least = -1
            for (name in kind) {
                printf "fault %s\t%s\n", name, kind[name]
                if (least < 0 || kind[name] < least)
                    least = kind[name]
            }
            printf "faults injected\t%d\nfaults of the rarest kind\t%d\n", injected, least
        }' | sort
}

# Each bar with what was reached, and "ok" or "MISSED" behind it.
judged() {
    bars | awk -F'|' -v file="$logs/figures" '
        BEGIN {
            while ((getline line < file) > 0) {
                split(line, part, "\t")
                value[part[1]] = part[2]
            }
        }
        {
            have = $1 in value ? value[$1] : "none"
            split($2, bar, " ")
            split(have, of, " of ")
            good = have != "none" &&
                ($2 == "all" ? of[1] + 0 == of[2] + 0 && of[2] + 0 > 0 :
                 bar[1] == ">=" ? have + 0 >= bar[2] + 0 :
                 bar[1] == "<=" ? have + 0 <= bar[2] + 0 :
                 bar[1] == ">" ? have + 0 > bar[2] + 0 : have + 0 == bar[2] + 0)
            printf "%s|%s|%s|%s|%s\n", $1, $2, have, good ? "ok" : "MISSED", $3
        }'
}

machine() {
    echo "$(nproc) × $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
        "$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 2 ^ 20 }' /proc/meminfo)," \
        "Linux $(uname -r), $(. /etc/os-release && echo "$PRETTY_NAME")," \
        "$(gcc --version | head -n 1), SQLite $(pkg-config --modversion sqlite3)," \
        "libcurl $(pkg-config --modversion libcurl)"
}

write_report() {
    cat <<REPORT
# What the proof of the money safety found

Written by \`make safety\`; a shorter run of the same programs is part of \`make check\`. How each
works is said at the head of its source in \`tests/safety/\`.

- Date: $(date -u +%Y-%m-%d), of commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)
- Machine: $(machine)
- Time: $SECONDS s in all ($(awk '{
    printf "%s%s %d s", NR > 1 ? ", " : "", $1, $2 }' "$logs/times"))
- Seeds: the simulation takes 1 to its number of seeds and those of \`seeds.txt\`, the other
  programs begin with seed 1; each violation would print what runs just it again.

| Figure | Bar | Reached | | |
|---|---|---|---|---|
$(judged | awk -F'|' '{ printf "| %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5 }')

Faults injected, by kind: $(awk -F'\t' '/^fault / {
    printf "%s%s %s", n++ ? ", " : "", substr($1, 7), $2 }' "$logs/figures").

Every mutant and what killed it first:

$(sed -n 's/^killed \([^ ]*\) by \(.*\)$/- \1: \2/p' "$logs/mutants.log" | sort)
REPORT
}

# What plays by real time goes first at every moment; the others take what it leaves.
lane company fingers storage power damage brute &
(
    renice -n 15 -p $BASHPID >/dev/null
    lane crash simulate multicrash
    run mutants tests/safety/mutants.sh "$build"
    run coverage tests/safety/coverage.sh "$build-coverage"
) &
wait
figures >"$logs/figures"
write_report >"$report"
echo
judged | awk -F'|' '{ printf "%-36s %-12s %-24s %s\n", $1, $2, $3, $4 }'
violations=$(cat "$logs"/*.log | grep -c '^VIOLATION')
missed=$(judged | grep -c '|MISSED|')
echo "$SECONDS s in all"
echo "$(($(bars | wc -l) - missed)) passed, $((missed + violations)) failed"
[ $((missed + violations)) = 0 ]
