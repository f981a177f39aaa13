# Applies one mutant of mutants.txt to the tree in the current folder, or lists their names.
# usage: awk -v name=NAME -f mutate.awk mutants.txt     prints the files it changed
#        awk -v list=1 -f mutate.awk mutants.txt        prints "NAME<tab>PROGRAM<tab>what is wrong",
#                                                       PROGRAM "-" where none is known to kill it
#        awk -v fits=1 -f mutate.awk mutants.txt        changes nothing, only looks whether all fit
# Exit 3: a block does not stand in its file exactly once, so the mutant no longer fits.

function read_file(path,    text, line) {
    text = ""
    while ((getline line < path) > 0)
        text = text line "\n"
    close(path)
    return text
}

function apply(    text, at, rest) {
    if (path == "")
        return
    text = read_file(path)
    at = index(text, old)
    rest = substr(text, at + length(old))
    if (at == 0 || index(rest, old) > 0) {
        printf "mutant %s no longer fits %s\n", current, path > "/dev/stderr"
        failed = 1
        if (!fits)
            exit 3
    }
    if (!fits) {
        printf "%s%s%s", substr(text, 1, at - 1), new, rest > path
        close(path)
        print path
    }
    path = old = new = ""
}

function tell() {
    if (what != "")
        print current "\t" program "\t" what
}

/^== / {
    apply()
    if (list)
        tell()
    colon = index($0, ": ")
    current = substr($0, 4, colon - 4)
    what = substr($0, colon + 2)
    program = "-"
    ours = fits || current == name
    found = found || ours
}
/^\? / { program = substr($0, 3) }
!ours { next }
/^@ / { apply(); path = substr($0, 3) }
/^- / { old = old substr($0, 3) "\n" }
/^\+ / { new = new substr($0, 3) "\n" }
END {
    if (failed && !fits)
        exit 3
    apply()
    if (list)
        tell()
    if (failed)
        exit 3
    if (!list && !fits && !found)
        exit 2
}
