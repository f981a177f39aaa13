#!/usr/bin/env bash
# The command line as a script author uses it: the real binary against the bundled server over real
# HTTP, with folders of its own. usage: tests/flows/cli.sh BINARY. Ends with "N passed, N failed".
set -uo pipefail
bin=$(realpath "${1:-build/avirato-console}")
box=$(mktemp -d)
passed=0 failed=0
server=
trap 'stop_server; rm -rf "$box"' EXIT

# --- tools --------------------------------------------------------------------------------------

export HOME=$box/home XDG_CONFIG_HOME=$box/config
export XDG_STATE_HOME=$box/state XDG_CACHE_HOME=$box/cache
export LC_ALL=C.UTF-8 AVIRATO_ENV=test AVIRATO_WEBCODE=HOTEL9 AVIRATO_API_KEY=test-key
unset AVIRATO_BASE_URL AVIRATO_CLOCK LANGUAGE COLUMNS
mkdir -p "$HOME" "$XDG_CONFIG_HOME/avirato-console"
cat >"$XDG_CONFIG_HOME/avirato-console/config.ini" <<'INI'
[console]
operator = Ana
quiet_period = 1
charge_timeout = 2
INI
chmod 600 "$XDG_CONFIG_HOME/avirato-console/config.ini"
one=V400m-TEST-000001 two=S1F2-TEST-000002 off=P400Plus-TEST-000003

# Starts the bundled server with the given options; its first line is the base URL.
start_server() {
    local pipe=$box/url
    rm -f "$pipe" && mkfifo "$pipe"
    "$bin" simulator --port 0 --data "$box/server.db" --delays \
        charge=50,slow=400,late=300,silent=60000,offline=50,modification=200,long=60000,pay=0 \
        "$@" >"$pipe" 2>"$box/server.err" &
    server=$!
    read -r AVIRATO_BASE_URL <"$pipe"
    export AVIRATO_BASE_URL
}

stop_server() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    server=
}

# Runs the program: output, messages and status end in $out, $err and $status.
run() {
    out=$("$bin" "$@" 2>"$box/err" </dev/null)
    status=$?
    err=$(<"$box/err")
}

ok() {
    passed=$((passed + 1))
}

bad() {
    failed=$((failed + 1))
    printf 'FAILED %s\n  status %s\n  out: %s\n  err: %s\n' "$1" "$status" "$out" "$err"
}

# expect NAME STATUS [JQ-CONDITION]: of the last run.
expect() {
    if [ "$status" = "$2" ] && { [ $# -lt 3 ] || jq -es "$3" <<<"$out" >/dev/null 2>&1; }; then
        ok
    else
        bad "$1 (wanted status $2${3:+ and $3})"
    fi
}

# says NAME PATTERN: the messages of the last run hold it.
says() {
    if grep -qE -- "$2" <<<"$err"; then ok; else bad "$1 (wanted to read: $2)"; fi
}

# is NAME EXPECTED ACTUAL
is() {
    if [ "$2" = "$3" ]; then ok; else bad "$1: wanted '$2', got '$3'"; fi
}

charge() {
    run charge --terminal "$one" --yes --json "$@"
}

reference() {
    jq -r .reference <<<"$out"
}

fields='keys == ["code","httpStatus","intent","message","reference","state","status","traceId"]'

# --- help and wrong use -------------------------------------------------------------------------

run --version && expect version 0
run --help && expect help 0
is "help goes to stdout only" "" "$err"
for command in sessions payments modifications session terminals charge link refund capture cancel \
    extend inbox recover journal doctor pin simulator; do
    is "help names $command" 1 "$(grep -c "^  $command " <<<"$out")"
    is "help of $command" 1 "$("$bin" "$command" --help | grep -c "avirato-console $command")"
done
run nonsense && expect "unknown command" 2
for wrong in "sessions --nonsense" "charge" "charge --amount 5 --terminal" "refund" \
    "sessions --limit x" "sessions --json --csv" "--env prod sessions" \
    "--language fr sessions" "terminals extra" \
    "sessions --yes" "--limit 5" "sessions --limit 1 --limit 2"; do
    # shellcheck disable=SC2086 # words are meant
    run $wrong
    expect "wrong use: $wrong" 2
    is "wrong use prints no data: $wrong" "" "$out"
done

# --- no server ----------------------------------------------------------------------------------

export AVIRATO_BASE_URL=http://127.0.0.1:9/external/v1/
run sessions && expect "no server: list" 4
says "no server: hint" "--offline"
run charge --terminal "$one" --amount 5 --yes --json
expect "no server: charge" 4 '.[0].state == "void"'
says "no server: nothing charged" "Nothing has been charged"
run sessions --offline && expect "no server: offline list" 0
run refund HOTEL9-POSXT-ANY --all --reason other --yes --json
expect "no server: refund" 4 '.[0].intent == null'

# --- lists --------------------------------------------------------------------------------------

start_server
run sessions --limit 5 --json
expect "sessions as JSON" 0 'length == 5 and all(.[]; .sessionId and .amount.value and .createdAt)'
run sessions --limit 5
is "sessions as TSV: lines" 5 "$(wc -l <<<"$out")"
is "sessions as TSV: columns" 9 "$(head -1 <<<"$out" | awk -F'\t' '{ print NF }')"
run sessions --limit 5 --csv
titles=createdAt,status,amount,currency,sessionId,customReference,paymentReference
is "sessions as CSV: title" "$titles,isPreAuth,description" "$(head -1 <<<"$out")"
is "sessions as CSV: lines" 6 "$(wc -l <<<"$out")"
run sessions status:pending --limit 20 --json
expect "filter by status" 0 'length > 0 and all(.[]; .status == "pending")'
run sessions -status:completed --limit 0 --json
expect "negated filter" 0 'length > 0 and all(.[]; .status != "completed")'
run sessions currency:JPY --limit 0 --json
expect "filter by currency" 0 'length > 0 and all(.[]; .amount.currency == "JPY")'
run sessions 'amount:>300' currency:EUR --limit 0 --json
expect "filter by amount" 0 'length > 0 and all(.[]; .amount.value > 30000)'
run sessions --limit 0 --json
expect "all sessions" 0 'length == 400 and (map(.sessionId) | unique | length) == 400'
all=$out
run sessions --offline --limit 0 --json
is "offline shows the same" "$(jq -cS . <<<"$all" | sort)" "$(jq -cS . <<<"$out" | sort)"
run sessions --sum --json
expect "sum counts all" 0 '(map(.count) | add) == 400'
is "sum adds up" "$(jq -s 'map(select(.amount.currency=="EUR").amount.value) | add' <<<"$all")" \
    "$(jq 'select(.currency=="EUR").value' <<<"$out")"
run payments --limit 3 --json
expect "payments as JSON" 0 'length == 3 and all(.[]; .posPaymentId and .poiId)'
run modifications --limit 3 --json
expect "modifications as JSON" 0 'length == 3 and all(.[]; .modificationReference and .type)'
run modifications type:refund status:failed --json
expect "modifications filtered" 0 'all(.[]; .type == "refund" and .status == "failed")'
run sessions statuss:x && expect "wrong token" 2
says "wrong token is named" "statuss"
run sessions from:yesteryear && expect "wrong date" 2
id=$(jq -rs 'map(select(.status=="completed"))[0].sessionId' <<<"$all")
run session "$id" --json
expect "one session" 0 ".[0].sessionId == \"$id\" and (.[0].modifications | type) == \"array\""
run session "$id" && expect "one session as text" 0
run session HOTEL9-EXTT-NOTHERE && expect "no such session" 1
run terminals --json
expect "terminals" 0 'length == 3 and all(.[]; .online == null)'
run terminals --online --json
expect "terminals online" 0 'map(select(.online)) | length == 2'
is "a table aligned for people" "Created" \
    "$(script -qec "stty cols 100; '$bin' sessions --limit 2 2>$box/err" /dev/null </dev/null |
        tr -d '\r' | awk 'NR == 1 { print $1 }')"
is "a table fills the terminal, and no more" 60 \
    "$(script -qec "stty cols 60; '$bin' sessions --limit 20 2>$box/err" /dev/null </dev/null |
        tr -d '\r' | wc -L)"
run sessions --limit 1 --language es && expect Spanish 0

# --- charges: every magic amount ----------------------------------------------------------------

charge --amount 12,50 --reference RES-1
expect "charge" 0 ".[0] | $fields and .state == \"confirmed\" and .status == \"success\""
paid=$(reference)
run payments ref:RES-1 --json
expect "the charge is listed" 0 ".[0].paymentReference == \"$paid\""
charge --amount 12,50 && expect "the same again is refused" 1 '.[0].intent == null'
says "the same again: how" "--again"
charge --amount 12.50 --again && expect "the same again on purpose" 0
charge --amount 10,01
expect "01 refused" 1 '.[0].state == "declined" and .[0].status == "refused"'
charge --amount 10,02 && expect "02 cancelled" 1 '.[0].status == "cancelled"'
charge --amount 10,03
expect "03 unknown" 3 '.[0] | .state == "unknown" and .code == 13001 and .httpStatus == 500 and
    (.traceId | length) > 0'
says "unknown: do not charge again" "Do not charge again"
run recover --wait 20 --json
expect "03 settles as not charged" 0 '.[0].state == "not_executed"'
charge --amount 10,04 && expect "04 unknown" 3 '.[0].state == "unknown"'
run recover --wait 20 --json && expect "04 settles as charged" 0 '.[0].state == "confirmed"'
charge --amount 10,05 && expect "05 slow" 0 '.[0].state == "confirmed"'
charge --amount 10,06 --wait 20 && expect "06 charged, found out" 0 '.[0].state == "confirmed"'
charge --amount 10,07 --wait 20 && expect "07 not charged" 1 '.[0].state == "not_executed"'
charge --amount 10,08 && expect "08 silent" 3 '.[0].state == "unknown" and .[0].httpStatus == null'
run recover --wait 20 --json && expect "08 settles as charged" 0 '.[0].state == "confirmed"'
charge --amount 10,09 && expect "09 asks to slow down" 3 '.[0].httpStatus == 429'
run recover --wait 20 --json && expect "09 settles as not charged" 0 '.[0].state == "not_executed"'
run charge --terminal "$off" --amount 9 --yes --json
expect "offline terminal" 3 '.[0].code == 13004 and .[0].httpStatus == 502'
run recover --wait 20 --json && expect "offline settles" 0 '.[0].state == "not_executed"'
run recover && expect "nothing left to settle" 0

# --- refused before anything is sent ------------------------------------------------------------

posts=$("$bin" journal --limit 0 2>/dev/null | wc -l)
charge --amount 1.000 && expect "two readings" 2
says "both readings" '1,000\.00 EUR or'
charge --amount 1,005 && expect "too many decimals" 2
charge --amount 0 && expect "zero" 2
charge --amount -5 && expect "negative" 2
charge --amount 5,50 --currency JPY && expect "yen has no decimals" 2
charge --amount 5 --currency CLP && expect "blocked currency" 2
charge --amount 5 --description 4111111111111111 && expect "card number" 2
run charge --terminal "$one" --amount 5 && expect "without --yes, without a terminal" 2
run --read-only charge --terminal "$one" --amount 5 --yes --json && expect "read-only" 6
run --read-only link --amount 5 && expect "read-only link" 6
run --read-only cancel HOTEL9-PXTT-1 --yes && expect "read-only cancel" 6
(umask 077 && printf '[operator %s]\nrole = %s\n%s' Ana viewer '' >"$box/viewer.ini" &&
    printf '[console]\noperator = Ana\n[operator Ana]\nrole = desk\ncharge_limit = 5\n' \
        >"$box/desk.ini")
run --config "$box/viewer.ini" link --amount 1 --json && expect "not among the operators" 6 \
    'length == 1 and .[0].intent == null'
run --config "$box/desk.ini" charge --terminal "$one" --amount 5.01 --yes
expect "above the limit" 6
says "above the limit: who can" '--supervisor NAME'
run --config "$box/desk.ini" link --amount 5.01 --supervisor Ana && expect "for oneself" 6
run pin && expect "a PIN without a terminal" 2
is "nothing of this is in the journal" "$posts" "$("$bin" journal --limit 0 2>/dev/null | wc -l)"
AVIRATO_API_KEY=wrong run sessions && expect "wrong key" 1
says "wrong key: proof" '11001 · HTTP 403 · traceId'

# --- refund, capture, cancel, extend ------------------------------------------------------------

run refund "$paid" --amount 5,50 --reason customer-request --yes --json
expect "refund accepted" 0 ".[0] | $fields and .state == \"accepted\" and .httpStatus == 202"
says "requested is not refunded" "does not have the money back yet"
run recover --wait 20 --json && expect "recover waits for its end" 0 '.[0].state == "succeeded"'
run refund "$paid" --amount 7,01 --reason other --yes --json
expect "more than is left" 1 '.[0].intent == null'
run refund "$paid" --amount 1,11 --reason other --yes --json --wait 20
expect "11 fails later" 1 '.[0].state == "failed"'
run inbox --json
expect "a failure is in the inbox" 0 'map(select(.kind == "failed")) | length == 1'
run refund "$paid" --amount 1,13 --reason other --yes --json
expect "13 is refused" 1 '.[0].state == "rejected" and .[0].code == 12001'
run refund "$paid" --amount 1 --reason nonsense --yes && expect "no such reason" 2
run refund "$paid" --reason other --yes && expect "neither amount nor --all" 2
run refund "$paid" --all --reason DUPLICATE --yes --json --wait 20
expect "the rest" 0 '.[0].state == "succeeded"'
run session "$paid" --json
expect "refunds add up" 0 '.[0].modifications | map(select(.status == "success").amount.value) |
    add == 1250'
run refund "$paid" --all --reason other --yes && expect "nothing left" 1
run capture "$paid" --all --yes && expect "no pre-authorisation" 1
run refund HOTEL9-POSX-LIVEONE --all --reason other --yes --json && expect "other environment" 6
run refund HOTEL9-POSXT-NOTHERE --all --reason other --yes --json && expect "no such payment" 1

charge --amount 100 --pre-auth --reference HOLD && expect "hold" 0
hold=$(reference)
run refund "$hold" --all --reason other --yes && expect "a hold is not refunded" 1
run extend "$hold" --yes --json --wait 20 && expect "extend" 0 '.[0].state == "succeeded"'
run capture "$hold" --amount 100,01 --yes && expect "above the hold" 1
run capture "$hold" --amount 80 --yes --json --wait 20
expect "capture lower" 0 '.[0].state == "succeeded"'
run capture "$hold" --amount 10 --yes && expect "one capture a hold" 1
charge --amount 60 --pre-auth && hold=$(reference)
run cancel "$hold" --yes --json --wait 20 && expect "cancel" 0 '.[0].state == "succeeded"'
run cancel "$hold" --yes && expect "cancelled already" 1

# --- link ---------------------------------------------------------------------------------------

run link --amount 33,30 --reference L1 --description 'Cena, mesa 4' --json
expect "link" 0 '.[0] | .state == "confirmed" and .status == "pending" and
    (.paymentUrl | length) > 10'
url=$(jq -r .paymentUrl <<<"$out")
run link --amount 33,31
is "a link alone prints its address" "${url%/*}" "${out%/*}"
run link --amount 33,32 --qr
is "address, then the code" 1 "$(($(wc -l <<<"$out") > 15))"

# --- killed in the middle -----------------------------------------------------------------------

mkfifo "$box/said"
"$bin" charge --terminal "$two" --amount 66,08 --reference KILLED --yes --json \
    >"$box/none" 2>"$box/said" &
victim=$!
while read -r line; do
    [[ $line == *"waiting for the guest"* ]] && kill -9 "$victim" && break
done <"$box/said"
wait "$victim" 2>/dev/null
is "the killed charge printed nothing" "" "$(<"$box/none")"
run inbox --json && expect "the inbox knows it" 0 'map(select(.state == "sent")) | length == 1'
run recover --wait 20 --json
expect "recovered as charged" 0 '.[0].state == "confirmed" and (.[0].reference | length) > 0'
run payments ref:KILLED --json && expect "charged once" 0 'length == 1'

# --- interrupted --------------------------------------------------------------------------------

"$bin" charge --terminal "$two" --amount 5,05 --yes --json >"$box/out" 2>"$box/said" &
victim=$!
while read -r line; do
    [[ $line == *"waiting for the guest"* ]] && kill -INT "$victim"
done <"$box/said"
wait "$victim"
status=$? out=$(<"$box/out") err=
expect "one interrupt only says so" 0 '.[0].state == "confirmed"'
"$bin" charge --terminal "$two" --amount 6,08 --yes --json >"$box/out" 2>"$box/said" &
victim=$!
while read -r line; do
    [[ $line == *"waiting for the guest"* || $line == *"goes on"* ]] && kill -INT "$victim"
done <"$box/said"
wait "$victim"
status=$? out=$(<"$box/out") err=
expect "two interrupts leave it unknown" 3 '.[0].state == "sent"'
run recover --wait 20 --json && expect "which is found out" 0 '.[0].state == "confirmed"'

# --- long in coming -----------------------------------------------------------------------------

charge --amount 70,12 --pre-auth && hold=$(reference)
run cancel "$hold" --yes --json --wait 1 && expect "not final in time" 3 '.[0].state == "accepted"'
run recover --wait 1 --json && expect "recover neither" 3 '.[0].state == "accepted"'
run recover --json && expect "which is no trouble" 0 '.[0].state == "accepted"'

# --- journal, doctor, live ----------------------------------------------------------------------

run journal --limit 0 --json
expect "journal" 0 'length > 20 and all(.[]; .intent and .state and .kind and .operator == "Ana")'
run journal --verify && expect "the chain holds" 0
export TERM=xterm
run doctor --json
expect "doctor names short limits and the zone" 1 \
    'map(select(.ok | not).check) == ["charge_timeout", "quiet_period", "timezone"]'
AVIRATO_ENV=live AVIRATO_API_KEY=live-key run payments --limit 1 --json
expect "live is another place" 0 'length == 1 and (.[0].paymentReference | test("-POSX-"))'
AVIRATO_ENV=live run payments && expect "a test key opens no live" 1
is "files are private" "" "$(find "$XDG_STATE_HOME" "$XDG_CACHE_HOME" -perm /077)"
run sessions --limit 0 --json >/dev/null
"$bin" sessions --limit 0 --json | head -1 >/dev/null
is "a closed pipe is no trouble" 0 "${PIPESTATUS[0]}"

# --- other dialects -----------------------------------------------------------------------------

for dialect in bare results-meta named-cursor ignores-filter lean; do
    stop_server
    rm -rf "$XDG_CACHE_HOME" "$box/server.db"
    start_server --dialect "$dialect"
    run sessions --limit 0 --json
    expect "all sessions, dialect $dialect" 0 'length == 400'
    run sessions status:pending --limit 10 --json
    expect "filter, dialect $dialect" 0 'length > 0 and all(.[]; .status == "pending")'
done

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
