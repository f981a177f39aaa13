/* Screen 5: everything that needs a person, the most pressing first. Empty is the aim. */
#include "inbox.h"

#include "detail.h"
#include "money_screens.h"
#include "resolve.h"

#include <stdio.h>
#include <string.h>

enum { MARK_COLS = 3, WHAT_COLS = 31, AMOUNT_WIDTH = 13, AGE_COLS = 6, WIDE_COLS = 76 };
enum { NOTE_MAX = 200 };
#define READ_AGAIN_MS 60000 /* things also become due by mere time: not looked at more often */

struct inbox_screen {
    struct app *app;
    struct inbox inbox;
    struct attention *attention; /* NULL: not looked yet */
    bool asking, ask_again;
    int64_t read_boot_ms;           /* when it was last looked at all */
    int64_t items_boot_ms;          /* when the ages of the items were right */
    struct loop_timer *tick;        /* once a second while something runs */
    int cursor, top, height;        /* items; one takes more than one row */
    char acting_on[INTENT_ID_SIZE]; /* while a note is being typed */
};

/* --- reading ---------------------------------------------------------------------------------- */

static const struct inbox_item *selected(const struct inbox_screen *screen)
{
    bool there = screen->cursor >= 0 && (size_t)screen->cursor < screen->inbox.count;
    return there ? &screen->inbox.items[screen->cursor] : NULL;
}

static bool is_same(const struct inbox_item *item, const char *intent_id, const char *record_id)
{
    if (intent_id || item->intent_id)
        return intent_id && item->intent_id && strcmp(item->intent_id, intent_id) == 0;
    return record_id && item->record_id && strcmp(item->record_id, record_id) == 0;
}

/* The cursor exists and is on the screen, which is not empty below while there is more above. */
static void settle(struct inbox_screen *screen)
{
    int count = (int)screen->inbox.count, most = count - screen->height;
    if (screen->cursor >= count)
        screen->cursor = count - 1;
    if (screen->cursor < 0)
        screen->cursor = 0;
    if (screen->top > most)
        screen->top = most > 0 ? most : 0;
    if (screen->top > screen->cursor)
        screen->top = screen->cursor;
    if (screen->height > 0 && screen->top + screen->height <= screen->cursor)
        screen->top = screen->cursor - screen->height + 1;
}

static int count_running(const struct inbox *inbox)
{
    int count = 0;
    for (size_t i = 0; i < inbox->count; i++)
        count += inbox->items[i].kind == INBOX_RUNNING;
    return count;
}

static void tick(void *ctx);

static void keep_ticking(struct inbox_screen *screen)
{
    loop_timer_stop(app_loop(screen->app), screen->tick);
    screen->tick = NULL;
    if (count_running(&screen->inbox) > 0)
        screen->tick = loop_timer_start(app_loop(screen->app), 1000, tick, screen);
}

static void tick(void *ctx)
{
    struct inbox_screen *screen = ctx;
    screen->tick = NULL;
    keep_ticking(screen);
    app_dirty(screen->app);
}

/* The cursor stays on its item, or where that one was; at the top it stays there: what comes in
   above is to be seen. */
static void read_again(struct inbox_screen *screen)
{
    struct arena *arena = app_arena(screen->app);
    const struct inbox_item *before = screen->cursor > 0 ? selected(screen) : NULL;
    const char *intent_id = before ? arena_strdup(arena, before->intent_id) : NULL;
    const char *record_id = before ? arena_strdup(arena, before->record_id) : NULL;
    struct err err = {0};
    if (!inbox_read(&screen->inbox, app_desk(screen->app), screen->attention, &err))
        app_error(screen->app, &err);
    screen->items_boot_ms = clock_boot_ms();
    for (size_t i = 0; before && i < screen->inbox.count; i++)
        if (is_same(&screen->inbox.items[i], intent_id, record_id))
            screen->cursor = (int)i;
    settle(screen);
    keep_ticking(screen);
    app_dirty(screen->app);
}

static void ask_cache(struct inbox_screen *screen);

static void on_attention(void *ctx, struct attention *attention)
{
    struct inbox_screen *screen = ctx;
    screen->asking = false;
    if (attention) {
        if (screen->attention)
            attention_done(screen->attention);
        screen->attention = attention;
    }
    read_again(screen);
    if (screen->ask_again)
        ask_cache(screen);
}

/* A question under way is let finish: while pages pour in it would never be answered otherwise. */
static void ask_cache(struct inbox_screen *screen)
{
    int64_t holds_from, open_until;
    screen->ask_again = screen->asking;
    if (screen->asking)
        return;
    screen->asking = true;
    inbox_span(&holds_from, &open_until);
    cache_attention(app_desk(screen->app)->cache, app_loop(screen->app), holds_from, open_until,
                    on_attention, screen);
}

static bool inbox_screen_open(struct app *app, void *state, const void *argument)
{
    struct inbox_screen *screen = state;
    (void)argument;
    screen->app = app;
    screen->read_boot_ms = clock_boot_ms();
    read_again(screen);
    ask_cache(screen);
    return true;
}

static void inbox_screen_close(struct app *app, void *state)
{
    struct inbox_screen *screen = state;
    loop_timer_stop(app_loop(app), screen->tick);
    cache_attention_forget(app_desk(app)->cache);
    if (screen->attention)
        attention_done(screen->attention);
    inbox_done(&screen->inbox);
}

static void inbox_screen_reload(struct app *app, void *state, unsigned bits)
{
    struct inbox_screen *screen = state;
    bool due = clock_boot_ms() - screen->read_boot_ms > READ_AGAIN_MS;
    (void)app;
    if (bits == CHANGED_SYNC && !due)
        return;
    screen->read_boot_ms = clock_boot_ms();
    if (bits & CHANGED_JOURNAL)
        read_again(screen);
    if (bits != CHANGED_JOURNAL)
        ask_cache(screen);
}

/* What only runs needs nobody. */
static int inbox_badge(const void *state)
{
    const struct inbox *inbox = &((const struct inbox_screen *)state)->inbox;
    return (int)inbox->count - count_running(inbox);
}

/* --- drawing ---------------------------------------------------------------------------------- */

static enum style style_of_item(const struct inbox_item *item)
{
    static const enum style styles[] = {
        [INBOX_RUNNING] = STYLE_STRONG,     [INBOX_MANUAL] = STYLE_BAD,
        [INBOX_UNKNOWN] = STYLE_BAD,        [INBOX_ENDED] = STYLE_STRONG,
        [INBOX_FAILED] = STYLE_BAD,         [INBOX_ACCEPTED] = STYLE_WARN,
        [INBOX_OPEN] = STYLE_WARN,          [INBOX_HOLD] = STYLE_WARN,
        [INBOX_CONTRADICTION] = STYLE_WARN,
    };
    return styles[item->kind];
}

/* What, amount, reference, age; below, the one step. Where it is narrow the reference has a row of
   its own. */
static void paint_item(struct inbox_screen *screen, struct area area, const struct inbox_item *item)
{
    struct arena *arena = app_arena(screen->app);
    bool wide = area.cols >= WIDE_COLS;
    int age = area.cols - AGE_COLS - 1,
        what = wide ? WHAT_COLS : age - AMOUNT_WIDTH - MARK_COLS - 2;
    int amount = MARK_COLS + what + 1, reference = amount + AMOUNT_WIDTH + 1;
    draw_field(area_cell(area, 0, MARK_COLS, what), ALIGN_LEFT, style_of_item(item), item->what);
    draw_field(area_cell(area, 0, amount, AMOUNT_WIDTH), ALIGN_RIGHT, STYLE_NORMAL,
               item->amount.known ? format_money(arena, &item->amount) : text_ours(""));
    int64_t age_ms = item->age_ms + clock_boot_ms() - screen->items_boot_ms;
    draw_field(area_cell(area, 0, age, AGE_COLS), ALIGN_RIGHT, STYLE_DIM,
               item->kind == INBOX_RUNNING ? format_elapsed(arena, age_ms)
                                           : format_ago(arena, age_ms));
    struct text known = text_clean(arena, item->reference);
    if (wide)
        draw_field(area_cell(area, 0, reference, age - reference - 1), ALIGN_LEFT, STYLE_NORMAL,
                   known);
    else
        draw_text(area, 1, MARK_COLS + 2, STYLE_NORMAL, known);
    draw_wrapped(area, wide ? 1 : 2, MARK_COLS + 2, STYLE_NORMAL, item->step);
}

static void paint_empty(struct area area)
{
    struct text text = text_ours(_("Nothing needs you."));
    struct area middle = area_center(area, 1, text_width(text));
    draw_text(middle, 0, 0, STYLE_GOOD, text);
}

static void inbox_paint(struct app *app, void *state, struct area area)
{
    struct inbox_screen *screen = state;
    int rows = area.cols >= WIDE_COLS ? 2 : 4;
    (void)app;
    if (screen->inbox.count == 0) {
        paint_empty(area);
        return;
    }
    area = area_rows(area, 1, area.rows - 1);
    screen->height = area.rows / rows;
    settle(screen);
    for (int i = 0; i < screen->height; i++) {
        int index = screen->top + i;
        if ((size_t)index >= screen->inbox.count)
            break;
        struct area place = area_rows(area, i * rows, rows);
        if (index == screen->cursor)
            draw_text(place, 0, 0, STYLE_SELECTED, text_ours(">"));
        paint_item(screen, place, &screen->inbox.items[index]);
    }
}

/* --- what can be done ------------------------------------------------------------------------- */

static struct text inbox_why_not(struct app *app, void *state, struct arena *arena,
                                 enum command command)
{
    const struct inbox_item *item = selected(state);
    enum inbox_kind kind = item ? item->kind : INBOX_HOLD;
    (void)app, (void)arena;
    if (command == COMMAND_ACKNOWLEDGE && kind != INBOX_FAILED && kind != INBOX_ENDED &&
        kind != INBOX_CONTRADICTION)
        return text_ours(_("Only what has ended is acknowledged; this goes when it is settled."));
    if (command == COMMAND_BY_HAND && kind != INBOX_UNKNOWN && kind != INBOX_MANUAL)
        return text_ours(_("Only an unknown outcome is closed by hand."));
    if (command == COMMAND_LOOK && (kind == INBOX_FAILED || kind == INBOX_MANUAL ||
                                    kind == INBOX_RUNNING || kind == INBOX_ENDED))
        return text_ours(_("There is nothing to look up."));
    return text_ours("");
}

/* The note typed, or NULL when it was left. */
static const char *note_typed(struct app *app, void *ctx, const char *typed)
{
    struct inbox_screen *screen = ctx;
    struct err err = {0};
    if (!typed)
        return NULL;
    if (strspn(typed, " ") == strlen(typed))
        return N_("A note is needed: what was done about it?");
    if (journal_acknowledge(app_desk(app)->journal, screen->acting_on, typed, &err)) {
        app_message(app, STYLE_GOOD, text_ours(_("Noted, with your name.")));
        return NULL;
    }
    if (err.code == ERR_INVALID)
        return N_("This looks like a card number: it must not be written down.");
    app_error(app, &err);
    return NULL;
}

static void acknowledge(struct app *app, struct inbox_screen *screen, const struct inbox_item *item)
{
    struct err err = {0};
    if (item->kind == INBOX_CONTRADICTION) {
        if (!cache_forget_contradiction(app_desk(app)->cache, item->record_kind, item->record_id,
                                        &err))
            app_error(app, &err);
        return;
    }
    if (item->kind == INBOX_ENDED) {
        if (!journal_acknowledge(app_desk(app)->journal, item->intent_id, NULL, &err))
            app_error(app, &err);
        app_outcome_seen(app, item->intent_id);
        return;
    }
    snprintf(screen->acting_on, sizeof screen->acting_on, "%s", item->intent_id);
    struct text amount =
        item->amount.known ? format_money(app_arena(app), &item->amount) : text_ours("");
    struct text body = text_oursf(app_arena(app), _("%s %s. What was done about it?"),
                                  item->what.bytes, amount.bytes);
    dialog_line(app, &(struct line_question){.title = text_ours(_("Acknowledge")),
                                             .body = body,
                                             .max = NOTE_MAX,
                                             .done = note_typed,
                                             .ctx = screen});
}

static void look(struct app *app, const struct inbox_item *item)
{
    struct desk *desk = app_desk(app);
    if (item->intent_id)
        ops_look_now(desk->ops, item->intent_id);
    else if (item->record_kind == REC_MODIFICATION)
        sync_refresh(desk->sync, REC_MODIFICATION);
    else
        sync_record(desk->sync, item->record_kind, item->record_id);
    app_message(app, STYLE_NORMAL, text_ours(_("Looking now…")));
}

static void open_item(struct app *app, const struct inbox_item *item)
{
    if (item->intent_id)
        money_follow(app, item->intent_id);
    else
        detail_open(app, item->record_kind, item->record_id);
}

static void refresh(struct app *app, struct inbox_screen *screen)
{
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        sync_refresh(app_desk(app)->sync, (enum record_kind)kind);
    ask_cache(screen);
    app_message(app, STYLE_NORMAL, text_ours(_("Asking for news…")));
}

static bool move(struct inbox_screen *screen, enum command command)
{
    int count = (int)screen->inbox.count, page = screen->height > 0 ? screen->height : 1;
    int by = command == COMMAND_UP          ? -1
             : command == COMMAND_DOWN      ? 1
             : command == COMMAND_PAGE_UP   ? -page
             : command == COMMAND_PAGE_DOWN ? page
             : command == COMMAND_FIRST     ? -count
             : command == COMMAND_LAST      ? count
                                            : 0;
    screen->cursor += by;
    settle(screen);
    return by != 0 || count == 0;
}

static bool inbox_command(struct app *app, void *state, enum command command)
{
    struct inbox_screen *screen = state;
    const struct inbox_item *item = selected(screen);
    switch (command) {
    case COMMAND_OPEN:
        open_item(app, item);
        return true;
    case COMMAND_ACKNOWLEDGE:
        acknowledge(app, screen, item);
        return true;
    case COMMAND_LOOK:
        look(app, item);
        return true;
    case COMMAND_BY_HAND:
        resolve_open(app, item->intent_id);
        return true;
    case COMMAND_COPY:
        money_copy(app);
        return true;
    case COMMAND_CLEAR:
        return true;
    case COMMAND_REFRESH:
        refresh(app, screen);
        return true;
    default:
        return move(screen, command);
    }
}

static bool inbox_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    const struct inbox_item *item = selected(state);
    (void)app;
    if (!item)
        return false;
    out->kind = item->record_kind;
    out->id = arena_strdup(arena, item->record_id);
    out->payment_reference = arena_strdup(arena, item->payment_reference);
    out->copy = arena_strdup(arena, item->record_id ? item->record_id : item->reference);
    return true;
}

const struct screen screen_inbox = {
    .title = N_("Inbox"),
    .scope = SCOPE_INBOX,
    .state_size = sizeof(struct inbox_screen),
    .changes = CHANGED_JOURNAL | CHANGED_SESSIONS | CHANGED_PAYMENTS | CHANGED_MODIFICATIONS |
               CHANGED_SYNC,
    .open = inbox_screen_open,
    .close = inbox_screen_close,
    .reload = inbox_screen_reload,
    .paint = inbox_paint,
    .command = inbox_command,
    .why_not = inbox_why_not,
    .target = inbox_target,
    .badge = inbox_badge,
};
