/* Two real consoles side by side take the same keys: one gets payloads in every text, the other
   the payloads' twins, which say with a sign of their own which cells a text may cover. Whatever
   else is on the screen must be the same on both, in text and in looks, and every byte passes the
   gate. */
#include "support_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 44, COLS = 80, LIMIT_MS = 10000, AGREE_MS = 4000, PRESS_MS = 600 };

/* keys, pressed until `shows` is on both screens where that is `insist` (what tells of money is
   deaf for a moment; PRESS_MS is longer, so that a slow console's next screen gets none of them);
   then the screens are compared, or with `frame` only their first and last lines: lists in the
   order of hostile words, and the QR code of a hostile address. */
struct step {
    const char *keys, *shows;
    bool insist, frame;
};

static const struct step browse[] = {
    {"", "of 32", false, false},
    {"G", "of 32", false, false},
    {"g<Space><Down><Space>", "marked", false, false},
    {"<Esc>", "of 32", false, false},
    {"y", "Filter:", false, false},
    {"/zz<Lt>q<Enter>", "Nothing fits", false, true},
    {"<Esc>", "of 32", false, false},
    {"w", "Wrote 32 rows", false, false},
    {"2", "[2 POS", false, false},
    {"", "of 32", false, false},
    {"y", "Filter:", false, false},
    {"w", "Wrote 32 rows", false, false},
    {"3", "[3 Mod", false, false},
    {"", "of 32", false, false},
    {"G", "of 32", false, false},
    {"w", "Wrote 32 rows", false, false},
    {"4", "Connected", false, false},
    {"<Down><Down>", "Connected", false, false},
    {"5", "[5 Inbox", false, false},
    {"G", "[5 Inbox", false, false},
    {"?", "What can be done here", false, false},
    {"<Esc>", "[5 Inbox", false, false},
    {"t", "here", false, true}, /* the servers' ports differ */
    {"<Esc>", "[5 Inbox", false, false},
};

static const struct step copy[] = {
    {"2g<Enter>", "Timeline", false, false},
    {"y", "ROW000", false, false},
    {"q", "Filter:", false, false},
};

static const struct step money[] = {
    {"1g", "of 32", false, false},
    {"p", "Pre-authorise", false, false},
    {"", "online", false, false},
    {"1", "[1 ", false, false},
    {"<Enter>13.51", "= 13.51", false, false},
    {"<F2>", "y Confirm", false, false},
    {"y", "The API rejected", true, false},
    {"<Esc>", "of 32", true, false},
    {"p", "online", false, false},
    {"1", "[1 ", false, false},
    {"<Enter>15", "= 15.00", false, false},
    {"<F2>", "y Confirm", false, false},
    {"y", "Approved: 15.00 EUR", true, false},
    {"<Enter>", "Timeline", true, false},
    {"q", "Filter:", false, false},
    {"p", "online", false, false},
    {"1", "[1 ", false, false},
    {"<Enter>15", "= 15.00", false, false},
    {"<F2>", "A second charge?", false, false},
    {"n", "= 15.00", false, false},
    {"<BS>6.52", "= 16.52", false, false},
    {"<F2>", "y Confirm", false, false},
    {"y", "Do not charge again", true, false},
    {"d", "1 UNKNOWN", true, false},
    {"p", "UNKNOWN ", false, false},
    {"1", "[1 ", false, false},
    {"<Enter>5", "= 5.00", false, false},
    {"<F2>", "This terminal is busy", false, false},
    {"n", "= 5.00", false, false},
    {"<Esc>", "Filter:", false, false},
    {"5", "[5 Inbox", false, false},
    {"h", "By hand", false, false},
    {"<Esc>", "[5 Inbox", false, false},
    {"<Enter>", "[5 Inbox", false, false},
    {"q", "[5 Inbox", true, false},
};

static const struct step changes[] = {
    {"2g<Down>", "Filter:", false, false}, /* below the charge that was made before */
    {"r", "Left to refund", false, false},
    {"1.51", "= 1.51", false, false},
    {"<Enter>2<F2>", "y Confirm", false, false},
    {"y", "The API rejected", true, false},
    {"<Esc>", "Filter:", true, false},
    {"r", "Left to refund", false, false},
    {"2", "= 2.00", false, false},
    {"<Enter>2<F2>", "y Confirm", false, false},
    {"y", "requested", true, false},
    {"<Esc>", "Filter:", true, false},
    {"<Down>", "Filter:", false, false},
    {"c", "Held on the card", false, false},
    {"3", "= 3.00", false, false},
    {"<F2>", "y Confirm", false, false},
    {"n", "Held on the card", true, false},
    {"<Esc>", "Filter:", false, false},
    {"x", "Enter review", false, false},
    {"<Enter>", "y Confirm", false, false},
    {"n", "Enter review", true, false},
    {"<Esc>", "Filter:", false, false},
    {"e", "Enter review", false, false},
    {"<Enter>", "y Confirm", false, false},
    {"n", "Enter review", true, false},
    {"<Esc>", "Filter:", false, false},
    {"n", "Amount", false, false},
    {"9", "= 9.00", false, false},
    {"<F2>", "y Confirm", false, false},
    {"y", "Waiting for the guest", true, true},
    {"<Esc>", "Filter:", true, false},
};

/* No time of the last rows can be read. */
static const struct step last_row = {"G", "of 32", false, false};
static const struct step row_above[] = {
    {"<Up>", "of 32", false, false},
    {"<Enter>", "Timeline", false, false},
    {"q", "of 32", false, false},
};

/* The detail of the row that is selected, and back. */
static const struct step detail[] = {
    {"<Enter>", "Timeline", false, false},
    {"G", "Timeline", false, false},
    {"v", "As the API sent it", false, true}, /* escapes stand there as they came */
    {"G", "As the API sent it", false, true},
    {"v", "Timeline", false, false},
    {"q", "of 32", false, false},
    {"<Down>", "of 32", false, false},
};

struct side {
    struct hostile server;
    struct proof_home home;
    struct pty *pty;
};

struct couple {
    struct proof *proof;
    struct side sides[2]; /* payloads, twins */
    const char *term;
    long number;
    bool failed;
    size_t seen[2]; /* bytes of the logs when they were compared last */
    char why[160];
};

/* --- comparing -------------------------------------------------------------------------------- */

static bool is_digit(const char *text)
{
    return text[0] >= '0' && text[0] <= '9' && !text[1];
}

/* Digits of a clock: it may have struck between the two, also in a file's name. */
static bool is_time(struct pty *pty, int row, int col)
{
    for (int at = col - 2; at <= col + 2; at++)
        if (at >= 0 && at < COLS && strcmp(pty_cell(pty, row, at).text, ":") == 0)
            return true;
    for (int at = col; at < COLS && at < col + 12; at++)
        if (strcmp(pty_cell(pty, row, at).text, ".") == 0 && at + 1 < COLS &&
            strcmp(pty_cell(pty, row, at + 1).text, "c") == 0)
            return true;
    return false;
}

static bool same_looks(const struct pty_cell *a, const struct pty_cell *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->underline == b->underline &&
           a->reverse == b->reverse && a->blink == b->blink;
}

static bool row_agrees(struct couple *couple, int row, uint64_t *covered)
{
    struct pty *one = couple->sides[0].pty, *other = couple->sides[1].pty;
    bool wide = false; /* the right half of a twin's sign is its own too */

    for (int col = 0; col < COLS; col++) {
        struct pty_cell a = pty_cell(one, row, col), b = pty_cell(other, row, col);
        bool field = strcmp(b.text, TWIN_NARROW) == 0 || strcmp(b.text, TWIN_WIDE) == 0 ||
                     (wide && !b.text[0]);
        wide = strcmp(b.text, TWIN_WIDE) == 0;
        *covered += field;
        bool same = field || strcmp(a.text, b.text) == 0 ||
                    (is_digit(a.text) && is_digit(b.text) && is_time(other, row, col));
        bool bare = !b.text[0] || !a.text[0] || strcmp(a.text, " ") == 0; /* nothing to look at */
        if (same && (bare || same_looks(&a, &b)))
            continue;
        snprintf(couple->why, sizeof couple->why, "row %d, column %d: \"%s\" for \"%s\"%s", row,
                 col, a.text, b.text, same ? " in other looks" : "");
        return false;
    }
    return true;
}

/* Where one insists a key may have been one too many, which the line of messages tells of. */
static bool screens_agree(struct couple *couple, bool frame, bool insist)
{
    uint64_t covered = 0;

    for (int row = 0; row < ROWS; row++) {
        bool skip = frame ? row > 0 && row < ROWS - 1 : insist && row < ROWS - 1 && row > ROWS - 5;
        if (!skip && !row_agrees(couple, row, &covered))
            return false;
    }
    couple->proof->screens++;
    couple->proof->cells += (uint64_t)(frame ? 2 : ROWS) * COLS;
    couple->proof->covered += covered;
    return true;
}

/* --- working ---------------------------------------------------------------------------------- */

static void turn(struct couple *couple)
{
    loop_turn(couple->proof->loop, 1);
    for (int i = 0; i < 2; i++)
        pty_pump(couple->sides[i].pty, 1);
}

static bool shows(struct side *side, const char *text)
{
    char *screen = pty_screen_text(side->pty);
    bool is = strstr(screen, text) != NULL;

    free(screen);
    return is;
}

static void fail_step(struct couple *couple, const struct step *step, const char *what)
{
    char *one = pty_screen_text(couple->sides[0].pty),
         *other = pty_screen_text(couple->sides[1].pty);

    couple->failed = true;
    proof_violation(couple->proof,
                    "--part screens --session %ld: TERM=%s, keys \"%s\", \"%s\": %s\n"
                    "-- payloads --\n%s-- twins --\n%s",
                    couple->number, couple->term, step->keys, step->shows, what, one, other);
    free(one);
    free(other);
}

/* Both come to show it; where one must insist, each key is for the side that does not yet. */
static bool both_show(struct couple *couple, const struct step *step)
{
    int64_t begun = proof_now_ms(), pressed = begun;

    while (proof_now_ms() < begun + LIMIT_MS) {
        bool is[2] = {shows(&couple->sides[0], step->shows), shows(&couple->sides[1], step->shows)};
        if (is[0] && is[1])
            return true;
        if (step->insist && proof_now_ms() >= pressed + PRESS_MS) {
            pressed = proof_now_ms();
            for (int i = 0; i < 2; i++)
                if (!is[i])
                    pty_send(couple->sides[i].pty, step->keys);
        }
        turn(couple);
    }
    return false;
}

static void do_step(struct couple *couple, const struct step *step)
{
    if (couple->failed)
        return;
    for (int i = 0; i < 2; i++)
        pty_send(couple->sides[i].pty, step->keys);
    int64_t read_by = proof_now_ms() + LIMIT_MS;
    while (proof_now_ms() < read_by &&
           !(pty_has_read(couple->sides[0].pty) && pty_has_read(couple->sides[1].pty)))
        turn(couple);
    if (!both_show(couple, step)) {
        fail_step(couple, step, "never shown");
        return;
    }
    int64_t end = proof_now_ms() + AGREE_MS;
    for (turn(couple), turn(couple); !screens_agree(couple, step->frame, step->insist);
         turn(couple)) {
        if (proof_now_ms() < end)
            continue;
        fail_step(couple, step, couple->why);
        return;
    }
}

static void do_steps(struct couple *couple, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        do_step(couple, &steps[i]);
}

/* --- a session -------------------------------------------------------------------------------- */

static bool may_copy(const struct couple *couple)
{
    return couple->number % 2 == 0;
}

/* The folder's name and the operator's are payloads too. */
static bool open_side(struct couple *couple, int which)
{
    static char shell[] = "/bin/sh", option[] = "-c", word[] = "--language", language[] = "en",
                command[] = "cd \"$PLACE\" && exec \"$0\" \"$@\"";
    struct proof *proof = couple->proof;
    struct side *side = &couple->sides[which];
    char *argv[] = {shell, option, command, proof->program, word, language, NULL};
    char *plain = proof_plain(proof, (uint64_t)couple->number), *twin = payload_twin(plain);
    char config[400], name[24];

    side->server = (struct hostile){.loop = proof->loop,
                                    .payloads = &proof->payloads,
                                    .from = (size_t)couple->number * HOSTILE_DATED,
                                    .benign = which == 1};
    snprintf(config, sizeof config, "operator = %s\nclipboard = %s\n", which ? twin : plain,
             may_copy(couple) ? "yes" : "no");
    snprintf(name, sizeof name, "side%d", which);
    free(plain);
    free(twin);
    if (!hostile_start(&side->server))
        return false;
    proof_home(proof, &side->home, name, config, &side->server, couple->term);
    side->pty = pty_open(argv, side->home.env, ROWS, COLS);
    return side->pty != NULL;
}

static void pass_gate(struct couple *couple, struct gate *gate)
{
    struct proof *proof = couple->proof;

    for (int i = 0; i < 2; i++) {
        struct gate_found found = {0};
        size_t len;
        const char *log = pty_log(couple->sides[i].pty, &len);
        gate_terminal(gate, log, len, false, &found);
        proof->bytes += found.bytes;
        proof->sequences += found.sequences;
        proof->copies += found.copies;
        if (!couple->failed && !found.wrong[0] && (found.copies > 0) != may_copy(couple))
            proof_violation(proof, "--part screens --session %ld: TERM=%s: %llu copies",
                            couple->number, couple->term, (unsigned long long)found.copies);
        if (found.wrong[0])
            proof_violation(proof, "--part screens --session %ld: TERM=%s wrote %s", couple->number,
                            couple->term, found.wrong);
    }
}

static void leave(struct couple *couple)
{
    int64_t end = proof_now_ms() + LIMIT_MS;

    for (int i = 0; i < 2; i++) {
        struct pty *pty = couple->sides[i].pty;
        while (!couple->failed && pty_running(pty) && proof_now_ms() < end) {
            pty_send(pty, "q");
            for (int k = 0; k < 20 && pty_running(pty); k++)
                turn(couple);
        }
        if (!couple->failed && pty_left_behind(pty))
            proof_violation(couple->proof, "--part screens --session %ld: TERM=%s left behind: %s",
                            couple->number, couple->term, pty_left_behind(pty));
    }
}

static void session(struct proof *proof, long number)
{
    static const char *const terms[] = {"xterm-256color", "tmux-256color", "screen",
                                        "linux",          "xterm",         "vt220"};
    struct couple *couple = mem_alloc(sizeof *couple);

    *couple = (struct couple){
        .proof = proof, .number = number, .term = terms[(size_t)number % COUNT_OF(terms)]};
    struct gate *gate = gate_open(couple->term);
    if (!gate || !open_side(couple, 0) || !open_side(couple, 1)) {
        proof_violation(proof, "--part screens --session %ld: cannot be begun", number);
    } else {
        do_steps(couple, browse, COUNT_OF(browse));
        for (int list = 1; list <= 3; list++) {
            const struct step go = {(const char *[]){"1g", "2g", "3g"}[list - 1], "of 32", false,
                                    false};
            do_step(couple, &go);
            for (int row = 0; row < (proof->full ? 3 : 2); row++)
                do_steps(couple, detail, COUNT_OF(detail));
            do_step(couple, &last_row);
            do_steps(couple, detail, COUNT_OF(detail));
            for (int row = 0; row < (proof->full ? HOSTILE_ROWS - HOSTILE_DATED - 1 : 1); row++)
                do_steps(couple, row_above, COUNT_OF(row_above));
        }
        do_steps(couple, copy, COUNT_OF(copy));
        do_steps(couple, money, COUNT_OF(money));
        do_steps(couple, changes, COUNT_OF(changes));
        leave(couple);
        pass_gate(couple, gate);
        proof->sessions++;
    }
    for (int i = 0; i < 2; i++) {
        proof->texts += couple->sides[i].server.texts;
        if (couple->sides[i].server.strange > 0)
            proof_violation(proof, "--part screens --session %ld: a cursor came back otherwise",
                            number);
        pty_close(couple->sides[i].pty);
        if (couple->sides[i].server.lines)
            hostile_stop(&couple->sides[i].server);
    }
    if (gate)
        gate_close(gate);
    free(couple);
}

void proof_screens(struct proof *proof)
{
    long all = (long)(proof->payloads.json / HOSTILE_DATED) + 1;
    long count = proof->full ? all : 2;

    if (proof->session >= 0) {
        if (proof->slice == 0)
            session(proof, proof->session);
        return;
    }
    for (long i = proof->slice; i < count; i += proof->slices)
        session(proof,
                proof->full ? i : (long)((proof->seed * 7 + (uint64_t)i * 11) % (uint64_t)all));
}
