# What the proofs share (safety/safety.sh, security/security.sh): they run programs that print
# figures ("= name: value") and violations, hold the figures against bars and write them down. Who
# sources this sets: build, the folder of what was built; part, safety or security; report, the
# file to write; and a function bars: lines of "figure|bar|what it means", bars being ">= N",
# "<= N", "= N", "> N", "all" ("N of N").
logs=$build/$part
rm -rf "$logs"
mkdir -p "$logs"
: >"$logs/times"

# The log of each is in $logs.
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

lane() { # NAME…: programs of this part in full, one after the other
    local name
    for name in "$@"; do
        run "$name" "$build/tests/$part/$name" --full
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
            if ($2 == "all")
                good = of[1] + 0 == of[2] + 0 && of[2] + 0 > 0
            else if (bar[1] == ">=")
                good = have + 0 >= bar[2] + 0
            else if (bar[1] == "<=")
                good = have + 0 <= bar[2] + 0
            else if (bar[1] == ">")
                good = have + 0 > bar[2] + 0
            else
                good = have + 0 == bar[2] + 0
            good = good && have != "none"
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

# The head of the report and its table.
write_table() { # TITLE
    cat <<REPORT
# $1

Written by \`make $part\`; a shorter run of the same programs is part of \`make check\`. How each
works is said at the head of its source in \`tests/$part/\`.

- Date: $(date -u +%Y-%m-%d), of commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)
- Machine: $(machine)
- Time: $SECONDS s in all ($(awk '{
    printf "%s%s %d s", (NR > 1 ? ", " : ""), $1, $2 }' "$logs/times"))
- Seeds: 1 and those after it; each violation would print what runs just it again.

| Figure | Bar | Reached | | |
|---|---|---|---|---|
$(judged | awk -F'|' '{ printf "| %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5 }')
REPORT
}

# The figures on the terminal, and the sum in the last line. False: something failed.
conclude() {
    echo
    judged | awk -F'|' '{ printf "%-36s %-12s %-24s %s\n", $1, $2, $3, $4 }'
    violations=$(cat "$logs"/*.log | grep -c '^VIOLATION')
    missed=$(judged | grep -c '|MISSED|')
    echo "$SECONDS s in all"
    echo "$(($(bars | wc -l) - missed)) passed, $((missed + violations)) failed"
    [ $((missed + violations)) = 0 ]
}
