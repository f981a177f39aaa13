#include "support_paste.h"
#include "support_places.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MIN = 12, KEYS_MAX = 60, PAYLOAD_MAX = 512, BIG = 1 << 20, HANG_MS = 20000 };
#define BEGIN "\033[200~"
#define END   "\033[201~"

/* --- what is pasted --------------------------------------------------------------------------- */

/* Always more keys than a hand types at once. */
static size_t make_payload(struct lane *lane, char *out)
{
    static const char *const keys[] = {
        "\r", "\n", "y", "Y",       "\r",       "12.34\r",  "q", "p", "r", "1",  "2", "5",      "t",
        "x",  "S",  "a", "\033OQ",  "\033[21~", "\033[15~", "d", "?", ":", "/",  " ", "\t",     "n",
        "Y",  "y",  "c", "0.10\r"};
    uint32_t count = KEYS_MIN + company_below(&lane->company, KEYS_MAX - KEYS_MIN);
    size_t len = 0;

    for (uint32_t i = 0; i < count; i++) {
        const char *key = keys[company_below(&lane->company, COUNT_OF(keys))];
        memcpy(out + len, key, strlen(key));
        len += strlen(key);
    }
    return len;
}

static void add(struct buf *out, const char *text)
{
    buf_puts(out, text);
}

static void write_all(struct lane *lane, const struct buf *bytes)
{
    pty_write(lane->pty, bytes->data, bytes->len);
}

/* In pieces, as a line brings it: cut anywhere, the marks above all, but not in the first `whole`
   bytes: the beginning of a mark could be keys. */
static void write_torn(struct lane *lane, const struct buf *bytes, size_t whole, uint32_t piece,
                       uint32_t gap_ms)
{
    for (size_t at = 0, len; at < bytes->len; at += len) {
        len = (at == 0 ? whole : 0) + 1 + company_below(&lane->company, piece);
        len = len < bytes->len - at ? len : bytes->len - at;
        pty_write(lane->pty, bytes->data + at, len);
        lane_pause(lane, company_below(&lane->company, gap_ms + 1));
    }
}

static void fill_big(struct lane *lane, struct buf *out)
{
    static const char keys[] = "y\rY12.34\r2q";

    while (out->len < BIG)
        buf_add(out, &keys[company_below(&lane->company, sizeof keys - 1)], 1);
}

enum how { WHOLE, BARE, NO_END, NO_BEGIN, BEGIN_TWICE, END_TWICE, TORN, TORN_END, HALF_BEGIN,
           SLOW_BEGIN, BIG_WHOLE, BIG_BARE, HOWS };
static const char *const how_names[HOWS] = {
    "with marks",      "without marks",         "no end mark",        "no beginning mark",
    "two beginnings",  "an end in the middle",  "torn",               "torn end mark",
    "half a beginning", "a beginning in pieces", "1 MiB with marks", "1 MiB without marks"};

static void build(struct lane *lane, enum how how, struct buf *out)
{
    static const bool begins[HOWS] = {[WHOLE] = true, [NO_END] = true, [BEGIN_TWICE] = true,
                                      [END_TWICE] = true, [TORN] = true, [TORN_END] = true,
                                      [BIG_WHOLE] = true};
    static const bool ends[HOWS] = {[WHOLE] = true, [NO_BEGIN] = true, [BEGIN_TWICE] = true,
                                    [END_TWICE] = true, [TORN] = true, [HALF_BEGIN] = true,
                                    [SLOW_BEGIN] = true, [BIG_WHOLE] = true};
    char payload[PAYLOAD_MAX];

    add(out, begins[how] ? BEGIN : how == HALF_BEGIN ? "\033[20" : "");
    if (how == BIG_WHOLE || how == BIG_BARE)
        fill_big(lane, out);
    else
        buf_add(out, payload, make_payload(lane, payload));
    if (how == BEGIN_TWICE || how == END_TWICE) {
        add(out, how == BEGIN_TWICE ? BEGIN : END);
        buf_add(out, payload, make_payload(lane, payload));
    }
    add(out, ends[how] ? END : "");
}

static void paste(struct lane *lane, enum how how)
{
    struct buf bytes, mark;

    buf_init(&bytes, 2 * BIG);
    buf_init(&mark, 16);
    build(lane, how, &bytes);
    if (how == SLOW_BEGIN) {
        pty_write(lane->pty, BEGIN, 3);
        lane_pause(lane, 30 + company_below(&lane->company, 400));
        pty_write(lane->pty, &BEGIN[3], sizeof BEGIN - 4);
    }
    if (how == TORN)
        write_torn(lane, &bytes, 2, 7, 3);
    else
        write_all(lane, &bytes);
    if (how == TORN_END) {
        add(&mark, END);
        write_torn(lane, &mark, 0, 1, 60);
    }
    buf_done(&mark);
    buf_done(&bytes);
}

/* --- what came of it -------------------------------------------------------------------------- */

static bool wrote_more(struct lane *lane, size_t before, int limit_ms)
{
    int64_t end = company_now_ms() + limit_ms;
    size_t len;

    do {
        lane_pause(lane, 2);
        pty_log(lane->pty, &len);
    } while (len == before && pty_running(lane->pty) && company_now_ms() < end);
    return len != before;
}

/* It paints itself anew for another size of its window. */
static bool is_alive(struct lane *lane)
{
    size_t before;
    bool alive = true;

    for (int rows = 25; rows >= 24 && alive; rows--) {
        pty_log(lane->pty, &before);
        pty_resize(lane->pty, rows, 80);
        alive = wrote_more(lane, before, HANG_MS);
    }
    return alive && pty_running(lane->pty);
}

static void tell(struct lane *lane, const struct place *place, enum how how, const char *what)
{
    char *screen = pty_screen_text(lane->pty);

    company_violation(&lane->company, "--part paste%s: round %d: into %s, %s: %s\n%s",
                      lane->company.live ? ":live" : "", lane->round, place->name, how_names[how],
                      what, screen);
    free(screen);
}

static void one_paste(struct lane *lane, struct paste_sums *sums, const struct place *place,
                      enum how how)
{
    int64_t before = lane_rows(lane);

    paste(lane, how);
    lane_pause(lane, how == NO_END ? 1300 : 200);
    sums->pastes++;
    if (!is_alive(lane)) {
        sums->hung++;
        tell(lane, place, how, "it does not answer any more");
        return;
    }
    if (lane_rows(lane) != before) {
        sums->confirmed++;
        tell(lane, place, how, "something was asked for");
    }
    if (!company_sees(&lane->company, lane->pty, place_mark(lane, place), 2000)) {
        sums->ran++;
        tell(lane, place, how, "a command was run");
    }
}

void paste_everywhere(struct lane *lane, struct paste_sums *sums)
{
    enum { STEP = 8, ALL = PLACES * HOWS }; /* STEP and PLACES share no factor */
    uint32_t first = lane->company.live ? ALL / 2 : 0, tries = 0;

    if (!lane->company.full)
        first = company_below(&lane->company, ALL);
    for (uint32_t i = first; sums->pastes < sums->wanted && !company_interrupted() &&
                             lane->company.violations < 3 && pty_running(lane->pty);
         i++, lane->round++) {
        const struct place *place = &places[i * STEP % PLACES];
        if (place_go(lane, place))
            one_paste(lane, sums, place, (enum how)((i + i / PLACES) % HOWS));
        else if (++tries > sums->wanted)
            company_violation(&lane->company, "it never comes to %s", place->name);
        else
            i--;
    }
}
