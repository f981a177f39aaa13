#!/usr/bin/env bash
# The whole proof of the security, with figures: runs every program of this folder in full and the
# fuzzers, holds what they print against the bar below and writes tests/SECURITY.md.
# usage: security.sh BUILD      BUILD: where `make security-programs` has built; BUILD-fuzz: the
# fuzzers
# Logs are in BUILD/security/. Exit 1: a figure misses its bar or a program found a violation. The
# last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1
part=security
report=tests/SECURITY.md

bars() {
    sed 's/^ *//' <<'BARS'
    hostile payloads|>= 400|escape sequences, hidden, reversed, torn and endless text
    cells compared|>= 1000000|of screens with hostile text, against the same with harmless text
    escape sequences checked|>= 100000|each one of terminfo's, or of our own list
    commands with hostile text|>= 1000|tables, CSV, JSON, messages
    fields of answers with 400 payloads and more|all|each text of each object
    hostile text violations|= 0|
    bursts around the opening of a money question|>= 1000|
    pastes|>= 200|with marks, without, torn, nested, a mebibyte
    confirmed or submitted by a burst or a paste|= 0|
    commands run by a paste|= 0|
    hangs by a paste|= 0|
    keys violations|= 0|
    ends at random moments of a charge|>= 500|hang-up, TERM, end of input, a dead line
    stops and continuations|>= 100|
    signals violations|= 0|every one of them found out by `recover`, nothing spun
    resizes|>= 1000|between 1x1 and 500x200, in every screen
    kinds of terminals and locales|>= 50|started, or refused in one sentence
    exits|>= 20|of every kind: the line as it was before
    terminals violations|= 0|
    answers that point elsewhere|>= 1000|every method, every status of a redirect
    connections there|= 0|
    fuzzed references in paths, queries and bodies|>= 1000|the request keeps its shape
    network violations|= 0|floods end within their limits while keys are answered
    keys pressed during floods|>= 1000|
    slowest answer to a key, ms|<= 100|
    most memory of a console during floods, KiB|<= 65536|
    servers to be refused that were|all|wrong host, dates, authorities, versions, pins
    of those a careless client believed|all|so that the servers are what they seem
    good servers believed|all|
    faults at the name, judged as the server's books say|all|
    charges dropped on a warm connection|>= 1000|
    of those that the server saw exactly once|all|
    connections to a hostile proxy|= 0|
    hostile files opened|= 0|named by variables of the environment
    TLS violations|= 0|
    commands run with the key|>= 300|
    places where the key or its traces were found|= 0|arguments, environments, files, screens, cores
    files tried as key or configuration|>= 10000|owners, modes, links, folders
    files judged wrongly|= 0|
    core files of the program|= 0|
    role, operation, amount and approval combined|>= 400|
    POSTs that a role forbids|= 0|
    wrong exit statuses or messages|= 0|
    wrong names in the journal|= 0|
    out-of-memory scenarios|>= 35000|a request for memory refused, once and from then on
    commands' paths to a request made to fail|all|each chain of calls that asks for memory
    out-of-memory violations|= 0|
    bytes not given back, at most|<= 16384|
    fuzz json finds|= 0|libFuzzer with ASan and UBSan, a minute each
    fuzz judge finds|= 0|
    fuzz pager finds|= 0|
    fuzz clean finds|= 0|
    fuzz amount finds|= 0|
    fuzz filter finds|= 0|
    fuzz config finds|= 0|
    fuzz date finds|= 0|
    fuzz keys finds|= 0|
BARS
}

. tests/proof.sh

write_report() {
    write_table "What the proof of the security found"
    cat <<REPORT

## Not covered

Of the chains of calls that ask for memory at a screen every sixteenth is tried; another seed
takes others. Libraries that do not look whether they were given memory (glibc's \`getpwuid_r\` and
gettext, ncurses) crash when it is out; for the money that is a kill like any other. Times as texts
are kept to 39 bytes, prose to 4 KiB; longer payloads are tried whole in \`v\` and \`--json\`. What
is not defended at all is said in the README.
REPORT
}

# Those that measure time, or press keys as a person would, have the machine to themselves.
lane network keys signals terminals text
lane tls secrets roles &
lane memory &
run fuzz tests/fuzz/fuzz.sh "$build-fuzz" &
wait
figures >"$logs/figures"
write_report >"$report"
conclude
