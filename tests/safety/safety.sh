#!/usr/bin/env bash
# The whole proof of the money safety, with figures: runs every program of this folder in full,
# holds what they print against the bar below and writes tests/SAFETY.md. usage: safety.sh BUILD
# BUILD: where `make safety-programs tests` has built. Logs are in BUILD/safety/. Exit 1: a figure
# misses its bar or a program found a violation. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1
part=safety
report=tests/SAFETY.md

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

. tests/proof.sh

write_report() {
    write_table "What the proof of the money safety found"
    cat <<REPORT

Faults injected, by kind: $(awk -F'\t' '/^fault / {
    printf "%s%s %s", (n++ ? ", " : ""), substr($1, 7), $2 }' "$logs/figures").

Every mutant and what killed it first:

$(sed -n 's/^killed \([^ ]*\) by \(.*\)$/- \1: \2/p' "$logs/mutants.log" | sort)

## Not covered

Several hosts with wrong clocks at once, more than four consoles in the simulation, disks that lie
about a sync, and a server that keeps showing an old list with a new date for longer than the quiet
period: then an executed charge is called "not charged" until the list shows it, and the console
raises it.
REPORT
}

# What plays by real time goes first at every moment; the others take what it leaves.
lane company fingers storage power damage brute &
renice -n 15 -p $$ >/dev/null
lane crash simulate &
{
    lane multicrash
    run mutants tests/safety/mutants.sh "$build"
    run coverage tests/safety/coverage.sh "$build-coverage"
} &
wait
figures >"$logs/figures"
write_report >"$report"
conclude
