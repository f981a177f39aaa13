# Reads C sources, prints "file:line: what" for each rule that is broken. Called by lint.sh, which
# also checks what concerns the tree as a whole. Strings and comments are blanked first, so that
# words in them break nothing.

function report(line, what) {
    printf "%s:%d: %s\n", FILENAME, line, what
}

# The line without comments and without what is inside quotes.
function code_of(text,    out, kind, at) {
    out = ""
    while (text != "") {
        if (in_comment) {
            at = index(text, "*/")
            if (!at)
                return out
            text = substr(text, at + 2)
            in_comment = 0
            continue
        }
        if (!match(text, /"|'|\/\*|\/\//))
            return out text
        kind = substr(text, RSTART, RLENGTH)
        out = out substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + RLENGTH)
        if (kind == "//")
            return out
        if (kind == "/*") {
            in_comment = 1
            continue
        }
        if (kind == "\"")
            match(text, /^([^"\\]|\\.)*"/)
        else
            match(text, /^([^'\\]|\\.)*'/)
        text = RLENGTH > 0 ? substr(text, RLENGTH + 1) : ""
        out = out kind kind
    }
    return out
}

function folder_of(path) {
    return match(path, /.*\//) ? substr(path, 1, RLENGTH) : ""
}

# "tui/../api/x.h" to "api/x.h".
function plain_path(path) {
    while (match(path, /[^\/.]+\/\.\.\//))
        path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
    return path
}

# --- includes ---------------------------------------------------------------------------------

function system_include(name) {
    if (name in owners && layer != "tests" && FILENAME !~ owners[name])
        report(FNR, "<" name "> may not be included here")
    if (layer == "tests" && name ~ /curses/)
        report(FNR, "<" name "> may not be included here")
}

function project_include(name,    to, layer_to) {
    to = plain_path(folder_of(FILENAME) name)
    if ((getline ignored < to) < 0)
        report(FNR, "no such file, relative to this one: " name)
    else
        close(to)
    if (layer == "tests")
        return
    layer_to = layer_of(to)
    if (layer_to == "" || layer_to == "tests")
        report(FNR, "only tests include " to)
    else if (layer == "sim" && layer_to != "sim" && to !~ /^api\/(base|loop)\.h$/)
        report(FNR, "the simulator shares only base.h and loop.h with the client, not " to)
    else if (layer == "api" && layer_to != "api" || layer == "cache" && layer_to ~ /^(tui|sim)$/)
        report(FNR, "includes point one way, tui, cache, api: " to)
    if (to ~ /_internal\.h$/ && folder_of(to) != folder_of(FILENAME))
        report(FNR, "private to another folder: " to)
}

function layer_of(path) {
    if (path ~ /^api\/sim\//)
        return "sim"
    return match(path, /^(api|cache|tui|tests)\//) ? substr(path, 1, RLENGTH - 1) : ""
}

# --- signatures -------------------------------------------------------------------------------

# The largest number of parameters in any pair of outermost brackets.
function parameters(text,    i, c, depth, commas, most) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "(" && depth++ == 0)
            commas = 0
        else if (c == ")" && --depth == 0 && commas > most)
            most = commas
        else if (c == "," && depth == 1)
            commas++
    }
    return most + 1
}

function end_signature() {
    # libmicrohttpd fixes the eight parameters of its access handler.
    if (signature ~ /\(/ && signature !~ /=|MHD_Result/ && parameters(signature) > 6)
        report(signature_line, "more than 6 parameters")
    signature = ""
}

function follow_functions() {
    if (in_function) {
        if (code ~ /^}/) {
            count = FNR - function_line + 1
            if (count > 60)
                report(function_line, "function of " count " lines, the cap is 60")
            in_function = 0
        }
        return
    }
    if (code ~ /^[{]/ && signature ~ /\(/ || code ~ /^[A-Za-z_].*\)[ ]*[{]$/ && code !~ /=/) {
        in_function = 1
        function_line = signature == "" ? FNR : signature_line
        signature = signature == "" ? code : signature
        end_signature()
        return
    }
    if (signature == "" && code ~ /^[A-Za-z_]/)
        signature_line = FNR
    if (signature != "" || code ~ /^[A-Za-z_]/) {
        signature = signature " " code
        if (code ~ /[;{}][ ]*$/ || code == "")
            end_signature()
    }
}

# --- words ------------------------------------------------------------------------------------

function called(names) {
    return match(" " code, "[^A-Za-z0-9_](" names ")[ ]*\\(")
}

function check_words() {
    if (called("strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|system|alloca|strncat"))
        report(FNR, "banned call: " substr(code, RSTART, RLENGTH - 1))
    if (called("sleep|usleep|nanosleep|clock_nanosleep|curl_easy_perform"))
        report(FNR, "banned wait: " substr(code, RSTART, RLENGTH - 1))
    if (layer != "tests" && FILENAME !~ /^api.loop|^tui.tty/ && code !~ /poll\([^()]*, 0\)/ &&
        called("poll|ppoll|select|pselect|epoll_wait|curl_multi_poll|curl_multi_wait"))
        report(FNR, "the one wait of the program is in api/loop.c, of its end in tui/tty.c")
    if (layer == "cache" && FILENAME != "cache/db.c" && called("sqlite3_column_text"))
        report(FNR, "banned call: sqlite3_column_text (db_column() tells NULL from no memory)")
    if (layer ~ /^(api|cache|sim)$/) {
        if (called("_|N_|gettext|ngettext|dgettext"))
            report(FNR, "only tui/ words things for people")
        if (called("printf|vprintf|puts|putchar|perror") || code ~ /(^|[^A-Za-z0-9_])stdout/)
            report(FNR, "only tui/ prints")
    }
    if (FILENAME ~ /^(api\/money|cache\/(journal|judge|op))[a-z_]*\.[ch]$/ &&
        " " code " " ~ /[^A-Za-z0-9_](float|double|strto(d|f|ld)|atof)[^A-Za-z0-9_]|[0-9]\.[0-9]/)
        report(FNR, "floating point in a money path")
}

BEGIN {
    owners["ncurses.h"] = owners["curses.h"] = owners["term.h"] = "^tui/term(\\.c|_looks\\.[ch])$"
    owners["curl/curl.h"] = "^api/(loop|client[a-z_]*)\\.c$"
    owners["cjson/cJSON.h"] = "^api/(json|wire)\\.c$|^api/sim/"
    owners["microhttpd.h"] = "^api/sim/"
    owners["sqlite3.h"] = "^cache/|^api/sim/(sim_data[a-z_]*\\.c|data_internal\\.h)$"
    owners["libintl.h"] = owners["qrencode.h"] = owners["ini.h"] = "^tui/"
    owners["vterm.h"] = owners["zbar.h"] = owners["cmocka.h"] = "^tests/"
}

FNR == 1 {
    layer = layer_of(FILENAME)
    in_comment = in_function = continued = 0
    signature = ""
}

{
    lines[FILENAME] = FNR
    columns = $0
    gsub(/[\200-\277]/, "", columns) # what is left is one byte a character
    if (length(columns) > 100)
        report(FNR, "line of " length(columns) " columns, the cap is 100")
    if ($0 ~ /\t/)
        report(FNR, "tab")
    if ($0 ~ /[ ]$/)
        report(FNR, "blank at the end of the line")
    if ($0 ~ /TO[D]O|FIX[M]E/)
        report(FNR, "unfinished: " $0)
    include = in_comment ? "" : $0
    code = code_of($0)
    if (include ~ /^[ ]*#[ ]*include[ ]*</) {
        gsub(/^[^<]*<|>.*/, "", include)
        system_include(include)
    } else if (include ~ /^[ ]*#[ ]*include[ ]*"/) {
        gsub(/^[^"]*"|".*/, "", include)
        project_include(include)
    }
    check_words()
    if (continued || code ~ /^[ ]*#/)
        continued = code ~ /\\$/
    else
        follow_functions()
}

END {
    for (file in lines) {
        cap = file ~ /\.h$/ ? 300 : 500
        if (lines[file] > cap)
            printf "%s:%d: the cap is %d lines\n", file, lines[file], cap
    }
}
