#!/usr/bin/env bash
# What the linker and the compiler have put into the program against those who would bend it, read
# from the file itself. usage: tests/test_elf.sh BINARY. Ends with "N passed, N failed".
set -uo pipefail
LC_ALL=C
export LC_ALL
bin=${1:-build/avirato-console}
objects=$(dirname "$bin")
passed=0 failed=0
[ -r "$bin" ] && command -v readelf >/dev/null || { echo "cannot read $bin" && exit 2; }
head=$(readelf -hW "$bin") segments=$(readelf -lW "$bin") dynamic=$(readelf -dW "$bin")
symbols=$(readelf --dyn-syms -W "$bin") sections=$(readelf -SW "$bin")

# has NAME TEXT PATTERN, hasnt NAME TEXT PATTERN
has() {
    if grep -qE -- "$3" <<<"$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)) && echo "VIOLATION $bin: $1 (no $3)"
    fi
}
hasnt() {
    if grep -qE -- "$3" <<<"$2"; then
        failed=$((failed + 1)) && echo "VIOLATION $bin: $1: $(grep -E -m 1 -- "$3" <<<"$2")"
    else
        passed=$((passed + 1))
    fi
}

has "loads anywhere: position-independent" "$head" 'Type: +DYN'
# The C library loads no such file into another program. (The mark NOOPEN says the same of a
# library; ld takes -z nodlopen for a program as well, and leaves it out there.)
has "an executable, not a library" "$dynamic" 'FLAGS_1\).*PIE'
has "relocations become read-only" "$segments" '^ +GNU_RELRO'
has "all of them, at the start" "$dynamic" '\(FLAGS\).*BIND_NOW'
has "all of them, at the start (flag 1)" "$dynamic" 'FLAGS_1\).*NOW'
hasnt "no table is left for later binding" "$sections" ' \.got\.plt '
has "the stack is not run" "$segments" 'GNU_STACK .* RW '
hasnt "nothing is both written and run" "$segments" ' (RWE|WE) '
hasnt "no code is patched at the start" "$dynamic" 'TEXTREL'
hasnt "libraries come from the system's places only" "$dynamic" 'RPATH|RUNPATH'
has "frames are guarded" "$symbols" '__stack_chk_fail'
fortified=$(grep -oE '__[a-z_]+_chk(@|$)' <<<"$symbols" | sort -u | wc -l)
has "sizes are checked at run time" "$((fortified >= 5))" 1
banned='(strcpy|strcat|sprintf|vsprintf|gets|system|popen|tmpnam|mktemp|tempnam|tmpfile|strtok)'
hasnt "calls that have no place here" "$symbols" " $banned@"
texts=$(readelf -p .rodata "$bin") # not what is there for debuggers: it may be built anywhere
hasnt "the shared folder for temporary files" "$texts" '\] +/(var/)?tmp(/|$)'
hasnt "the folder it was built in" "$texts" "$PWD/"

# Landing pads for indirect jumps and a shadow stack, where the processor has them. The program
# keeps the mark only if the C library's own start files have it: our objects are asked.
marked=0 all=0
if grep -q 'X86-64' <<<"$head"; then
    while read -r object; do
        all=$((all + 1))
        readelf -nW "$object" 2>/dev/null | grep -q 'IBT, SHSTK' && marked=$((marked + 1))
    done < <(find "$objects"/{api,cache,tui} -name '*.o' 2>/dev/null)
    has "jumps and returns are marked ($marked of $all objects)" "$((all && all == marked))" 1
fi

echo "= functions checked at run time: $fortified"
echo "= objects marked for IBT and SHSTK: $marked of $all"
echo "= program marked for IBT and SHSTK: $(readelf -nW "$bin" | grep -c 'IBT, SHSTK')"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
