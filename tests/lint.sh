#!/bin/sh
# The rules of the house that a script can prove: includes point one way, caps on sizes, banned
# calls, no floating point near money, what may stand at the top, every message translated.
# usage: lint.sh [FOLDER]      prints file:line: what; exit status 1 when anything was found
#        lint.sh --self-test   breaks every rule in a folder of its own and sees each found
set -u
here=$(cd "$(dirname "$0")" && pwd)
LC_ALL=C
export LC_ALL

top_level() {
    if [ -d .git ] && command -v git >/dev/null; then
        git ls-files | cut -d/ -f1 | sort -u
    else
        ls -A
    fi | grep -vxE 'api|cache|tests|tui|assets|Makefile|README\.md|CHANGELOG\.md|LICENSE|\.ci' |
        grep -vxE '\.gitignore|\.clang-format|\.clang-tidy|\.git|build.*' |
        sed 's/$/:1: does not belong at the top/'
}

long_scripts() {
    find assets tests .ci -name '*.sh' -o -name '*.awk' -o -path .ci/run 2>/dev/null | sort |
        xargs -r awk '
            { columns = $0; gsub(/[\200-\277]/, "", columns) }
            length(columns) > 100 {
                print FILENAME ":" FNR ": line of " length(columns) " columns, the cap is 100"
            }
            FNR > 500 { print FILENAME ":" FNR ": the cap is 500 lines"; nextfile }'
}

# Each message of the program stands translated in each catalogue, and nothing else does.
messages() {
    command -v xgettext >/dev/null || return
    pot=$(mktemp) said=$(mktemp)
    find tui -name '*.[ch]' | sort | xargs -r xgettext -L C --from-code=UTF-8 -k_ -kN_ \
        -kformat_plural:1,2 --no-wrap -o - 2>/dev/null |
        sed 's/charset=CHARSET/charset=UTF-8/' >"$pot"
    for po in assets/po/*.po; do
        [ -e "$po" ] && [ -s "$pot" ] || continue
        msgfmt --check-format --check-domain -o /dev/null "$po" 2>&1 | grep -v '^msgfmt: found'
        msgcmp "$po" "$pot" >"$said" 2>&1 # names lines of the template; the source's are wanted
        awk -v pot="$pot" '
            FILENAME == pot && /^#: / { place = $2 }
            FILENAME == pot { place_of[FNR] = place; next }
            /^msgcmp: found/ { next }
            index($0, pot ":") == 1 {
                split(substr($0, length(pot) + 2), part, ":")
                $0 = place_of[part[1]] substr($0, length(pot ":" part[1]) + 1)
            }
            { print }' "$pot" "$said"
    done
    rm -f "$pot" "$said"
}

sources() {
    find api cache tui tests -name '*.[ch]' 2>/dev/null | sort
}

lint() {
    sources | xargs -r awk -f "$here/lint.awk"
    long_scripts
    top_level
    messages
}

# --- self-test: FILE | LINE THAT BREAKS A RULE | WHAT MUST BE SAID -------------------------------

breaches() {
    cat <<'EOT'
api/a1.c|#include "../cache/cache.h"|includes point one way
api/a2.c|#include "../tui/ui.h"|includes point one way
api/a3.c|#include "sim/sim.h"|includes point one way
cache/b1.c|#include "../tui/ui.h"|includes point one way
cache/b2.c|#include "../api/api_internal.h"|private to another folder
api/sim/s1.c|#include "../api.h"|the simulator shares only
tui/t1.c|#include "../tests/support.h"|only tests include
tui/t2.c|#include "nowhere.h"|no such file
tui/t3.c|#include <ncurses.h>|<ncurses.h> may not
tui/term.h|#include <ncurses.h>|<ncurses.h> may not
tests/test_t4.c|#include <ncurses.h>|<ncurses.h> may not
cache/b3.c|#include <curl/curl.h>|<curl/curl.h> may not
cache/b4.c|#include <cjson/cJSON.h>|<cjson/cJSON.h> may not
api/a4.c|#include <sqlite3.h>|<sqlite3.h> may not
api/a5.c|#include <microhttpd.h>|<microhttpd.h> may not
api/a6.c|#include <libintl.h>|<libintl.h> may not
tui/t5.c|static void f(void) { strcpy(a, b); }|banned call: strcpy
tui/t6.c|    n = atoi(text);|banned call: atoi
tui/t7.c|    sprintf(out, "x");|banned call: sprintf
tests/test_t8.c|    sleep(1);|banned wait: sleep
cache/b5.c|    poll(fds, 1, -1);|the one wait
api/a7.c|    err = _("Sorry");|only tui/ words
cache/b6.c|    printf("x");|only tui/ prints
cache/b7.c|    x = sqlite3_column_text(s, 0);|banned call: sqlite3_column_text
api/a8.c|    fputs("x", stdout);|only tui/ prints
api/money.c|    double x;|floating point
cache/judge_more.c|    x = y * 1.5;|floating point
cache/operations.c|    x = strtod(text, 0);|floating point
tui/t9.c|int f(int a, int b, int c, int d, int e, int g, int h)@{@}|more than 6 parameters
tui/t9.h|int f(int a, int b, int c,@      int d, int e, int g, int h);|more than 6 parameters
tui/t10.c|	tab();|tab
tui/t11.c|x = 1; |blank at the end
tui/t12.c|/* TO-DO: later */|unfinished
tui/t13.c|FUNCTION 61|function of 61 lines
tui/t14.c|LINES 501|the cap is 500
tui/t14.h|LINES 301|the cap is 300
tui/t15.c|COLUMNS 101|line of 101 columns
tests/long.sh|COLUMNS 101|line of 101 columns
docs/x.md|a folder of its own|docs:1: does not belong
tui/t16.c|    text = _("Nowhere");@    text = _("To be reviewed");|this message is used but not
assets/po/es.po|KEEP|this message needs to be reviewed
assets/po/es.po|KEEP|this message is not used
EOT
}

# None of these may be taken for a breach.
innocent() {
    cat <<'EOT'
api/o1.c|/* strcpy(a, b) and "don't" sleep(1); printf("x") */|
api/o2.c|    text = "strcpy(a) /* "; /* double: */|
tui/o3.c|    my_sleep(1); buf_printf(b, "x"); snprintf(a, 1, "x");|
api/o4.c|    int x = ','; char q = '"'; call('\'');|
tui/o5.c|FUNCTION 60|
tui/o6.c|LINES 500|
tui/o7.c|COLUMNS 100|
tui/o8.c|int f(int a, int b, int c, int (*d)(int, int, int, int), int e, int g)@{@}|
tui/o9.c|    text = _("Hello");|
tui/o10.c|#include "ui.h"@#include "../cache/cache.h"@#include "../api/api.h"|
api/sim/o11.c|#include "../base.h"@#include "../loop.h"@#include "sim.h"|
tests/test_o12.c|#include <sqlite3.h>@#include "../cache/cache_internal.h"|
tui/o13.c|static const int x[] = {f(1, 2, 3, 4, 5, 6, 7)};|
cache/o14.c|#include <sqlite3.h>@static double rate; /* not money */|
EOT
}

seed() { # FILE TEXT
    mkdir -p "$(dirname "$1")"
    [ "$2" = KEEP ] && return
    case $2 in
    FUNCTION\ *)
        echo 'void f(void)' && echo '{' && seq $((${2#* } - 3)) | sed 's/.*/    x();/' && echo '}'
        ;;
    LINES\ *) seq "${2#* }" | sed 's/.*/x;/' ;;
    COLUMNS\ *) printf 'á%*s\n' $((${2#* } - 1)) x ;;
    *) printf '%s\n' "$2" | tr @ '\n' | sed 's/TO-DO/TO''DO/' ;;
    esac >"$1"
}

self_test() {
    temp=$(mktemp -d)
    trap 'rm -rf "$temp"' EXIT
    cd "$temp" || exit 1
    for file in api/api.h api/base.h api/loop.h api/api_internal.h api/sim/sim.h cache/cache.h \
        cache/cache_internal.h tui/ui.h tests/support.h; do
        seed $file ''
    done
    mkdir -p assets/po
    printf '%s\n' 'msgid ""' 'msgstr "Content-Type: text/plain; charset=UTF-8\n"' \
        'msgid "Hello"' 'msgstr "Hola"' >assets/po/es.po
    innocent | while IFS='|' read -r file text _; do seed "$file" "$text"; done
    lint | grep -v '^said:' >said
    passed=0 failed=0
    if [ -s said ]; then
        echo "taken for a breach:" && cat said
        failed=1
    fi
    breaches >breaches
    printf '%s\n' '#, fuzzy' 'msgid "To be reviewed"' 'msgstr "?"' 'msgid "Gone"' 'msgstr "Ido"' \
        >>assets/po/es.po
    while IFS='|' read -r file text _; do seed "$file" "$text"; done <breaches
    lint >said
    while IFS='|' read -r file text what; do
        if grep -F -e "$file:" -e "${file%%/*}:1: " said | grep -q -F -e "$what"; then
            passed=$((passed + 1))
        else
            echo "not found: $file: $what" && failed=$((failed + 1))
        fi
    done <breaches
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}

case ${1-} in
--self-test) self_test ;;
*)
    cd "${1:-$here/..}" || exit 2
    found=$(lint)
    [ -z "$found" ] && exit 0
    printf '%s\n' "$found"
    exit 1
    ;;
esac
