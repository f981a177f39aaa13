/* The locked console: lists, names and references are out of sight, what is being charged stays in
   it. Not a screen of the stack but in front of it: while it stands no key, paste or question
   reaches what lies beneath, which is found again as it was, but for questions about money: those
   were not confirmed. */
#include "app_internal.h"

#include "money_screens.h"
#include "notices.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 4 }; /* shown; the top line counts all */

/* An operation that was on its way when it was locked, or has begun elsewhere since. */
struct lock_row {
    struct arena arena; /* of intent */
    struct intent intent;
    int64_t read_boot_ms;
};
struct lock {
    struct app *app;
    struct pin_entry pin;
    const char *stored; /* the operator's PIN; NULL: any key unlocks */
    int64_t since_ms;   /* UTC */
    const char *hint;   /* untranslated */
    struct lock_row rows[ROWS_MAX];
    size_t count;
    struct loop_timer *tick; /* while somebody waits at a terminal */
    struct loop_timer *calm; /* until the next PIN is looked at */
};

/* --- what is on its way ----------------------------------------------------------------------- */

static bool is_waiting(const struct intent *intent)
{
    return intent->state == INTENT_PREPARED || intent->state == INTENT_SENT;
}

static int64_t age_ms(const struct lock_row *row)
{
    return row->intent.age_ms + clock_boot_ms() - row->read_boot_ms;
}

static void tick(void *ctx);

/* Wakes up when a shown second changes, and not at all when nobody waits. */
static void keep_ticking(struct lock *lock)
{
    struct loop *loop = app_loop(lock->app);
    int64_t next = 0;
    loop_timer_stop(loop, lock->tick);
    lock->tick = NULL;
    for (size_t i = 0; i < lock->count; i++) {
        int64_t due = is_waiting(&lock->rows[i].intent) ? 1000 - age_ms(&lock->rows[i]) % 1000 : 0;
        if (due > 0 && (next == 0 || due < next))
            next = due;
    }
    if (next > 0)
        lock->tick = loop_timer_start(loop, next, tick, lock);
}

static void tick(void *ctx)
{
    struct lock *lock = ctx;
    lock->tick = NULL;
    keep_ticking(lock);
    app_dirty(lock->app);
}

static void read_row(struct lock *lock, struct lock_row *row, const char *id)
{
    struct arena arena = {0};
    struct intent intent;
    if (!journal_get(app_desk(lock->app)->journal, id, &arena, &intent, NULL)) {
        arena_done(&arena);
        return; /* what was read before stands */
    }
    arena_done(&row->arena);
    *row = (struct lock_row){.arena = arena, .intent = intent, .read_boot_ms = clock_boot_ms()};
}

static bool has_row(const struct lock *lock, const char *id)
{
    for (size_t i = 0; i < lock->count; i++)
        if (strcmp(lock->rows[i].intent.id, id) == 0)
            return true;
    return false;
}

/* Those shown are followed to their ends; what has begun since joins them. */
static void read_rows(struct lock *lock)
{
    struct intent_page page = {0};
    char id[INTENT_ID_SIZE];
    for (size_t i = 0; i < lock->count; i++) {
        memcpy(id, lock->rows[i].intent.id, sizeof id);
        read_row(lock, &lock->rows[i], id);
    }
    if (journal_list(app_desk(lock->app)->journal, INTENTS_OPEN, 1000, &page, NULL)) {
        for (size_t i = 0; i < page.count && lock->count < ROWS_MAX; i++) {
            const struct intent *intent = &page.rows[i];
            if ((is_waiting(intent) || intent->state == INTENT_UNKNOWN) &&
                !has_row(lock, intent->id))
                read_row(lock, &lock->rows[lock->count++], intent->id);
        }
        intent_page_done(&page);
    }
    keep_ticking(lock);
}

void lock_news(struct app *app, unsigned bits)
{
    if (app->lock && bits & CHANGED_JOURNAL)
        read_rows(app->lock);
}

/* --- on and off ------------------------------------------------------------------------------- */

static void watch_idle(struct app *app);

void lock_close(struct app *app)
{
    struct lock *lock = app->lock;
    if (!lock)
        return;
    app->lock = NULL;
    loop_timer_stop(app->loop, lock->tick);
    loop_timer_stop(app->loop, lock->calm);
    for (size_t i = 0; i < lock->count; i++)
        arena_done(&lock->rows[i].arena);
    pin_wipe(lock, sizeof *lock);
    free(lock);
}

/* A question about money that nobody watches over is not confirmed. */
static void give_up_questions(struct app *app)
{
    for (int i = app->depth - 1; i >= 0 && i < app->depth; i--)
        if (app->stack[i]->screen->too_small)
            app->stack[i]->screen->too_small(app, app->stack[i]->state);
}

static void lock_open(struct app *app)
{
    const struct config *config = app_config(app);
    const struct operator_row *self = roles_find(&config->roles, config->person);
    if (app->lock)
        return;
    give_up_questions(app);
    loop_timer_stop(app->loop, app->idle_timer);
    app->idle_timer = NULL;
    struct lock *lock = app->lock = mem_alloc(sizeof *lock);
    lock->app = app;
    lock->stored = self ? self->pin : NULL;
    lock->since_ms = clock_utc_ms();
    lock->hint = "";
    read_rows(lock);
    app->dirty = true;
}

/* What lies beneath has not been looked at since: outcomes count as seen only from now on. */
static void unlock(struct app *app)
{
    lock_close(app);
    app->changed |= CHANGED_JOURNAL;
    app->dirty = true;
    app->heard_ms = clock_boot_ms();
    watch_idle(app);
}

void command_lock(struct app *app, enum command command)
{
    (void)command;
    lock_open(app);
}

/* --- idle ------------------------------------------------------------------------------------- */

/* One deadline, not moved by each key: when it comes it looks how long the keys have been quiet. */
static void on_idle(void *ctx)
{
    struct app *app = ctx;
    app->idle_timer = NULL;
    app_enter(app);
    if (clock_boot_ms() - app->heard_ms >= app_config(app)->lock_after_s * INT64_C(1000))
        lock_open(app);
    else
        watch_idle(app);
    app_exit(app);
}

static void watch_idle(struct app *app)
{
    int64_t limit_ms = app_config(app)->lock_after_s * INT64_C(1000);
    int64_t left = app->heard_ms + limit_ms - clock_boot_ms();
    if (limit_ms > 0)
        app->idle_timer = loop_timer_start(app->loop, left > 0 ? left : 0, on_idle, app);
}

void lock_start(struct app *app)
{
    app->heard_ms = clock_boot_ms();
    watch_idle(app);
}

void lock_stop(struct app *app)
{
    loop_timer_stop(app->loop, app->idle_timer);
    app->idle_timer = NULL;
    lock_close(app);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void calm(void *ctx)
{
    struct lock *lock = ctx;
    lock->calm = NULL;
    lock->hint = "";
    app_dirty(lock->app);
}

/* The next one is not looked at before a while. */
static void wait_calmly(struct lock *lock)
{
    struct loop *loop = app_loop(lock->app);
    lock->hint = N_("Not that PIN. The next one is looked at in a moment.");
    loop_timer_stop(loop, lock->calm);
    lock->calm = loop_timer_start(loop, pin_wait_ms(&lock->app->pin_guard), calm, lock);
}

static void try_pin(struct app *app)
{
    struct lock *lock = app->lock;
    enum pin_answer answer = pin_check(&app->pin_guard, lock->stored, lock->pin.typed);
    pin_wipe(&lock->pin, sizeof lock->pin);
    if (answer == PIN_RIGHT)
        unlock(app);
    else if (answer == PIN_UNCHECKED)
        lock->hint = N_("Too little memory to check the PIN just now. Try again.");
    else
        wait_calmly(lock);
}

bool lock_takes_key(struct app *app, uint32_t key)
{
    enum { CTRL_L = 12 };
    struct lock *lock = app->lock;
    app->heard_ms = clock_boot_ms();
    if (!lock || key == CTRL_L) /* which only paints anew */
        return false;
    app->dirty = true;
    if (app->too_small)
        return true;
    if (!lock->stored && key != 'L') /* held down, L would lock and unlock in turns */
        unlock(app);
    else if (lock->stored && key == KEY_RETURN && lock->pin.len > 0 && !lock->calm)
        try_pin(app);
    else if (lock->stored)
        pin_entry_key(&lock->pin, key);
    return true;
}

/* --- drawing ---------------------------------------------------------------------------------- */

/* "Charge 12.50 EUR        0:41" and the terminal apart: no reference, no description, no name. */
static void paint_row(struct app *app, const struct lock_row *row, struct area area, int at)
{
    struct arena *arena = &app->arena;
    const struct intent *intent = &row->intent;
    struct text amount =
        intent->amount.known ? format_money(arena, &intent->amount) : text_ours("");
    struct text state = words_outcome(intent);
    enum style style = STYLE_STRONG;
    if (is_waiting(intent))
        state = format_elapsed(arena, age_ms(row));
    else if (intent->state == INTENT_CONFIRMED || intent->state == INTENT_SUCCEEDED)
        style = STYLE_GOOD;
    else if (intent->state != INTENT_ACCEPTED)
        style = STYLE_BAD;
    int right = area.cols - text_width(state);
    draw_field(area_cell(area, at, 0, right - 1), ALIGN_LEFT, STYLE_NORMAL,
               text_oursf(arena, "%s %s", words_op(intent->kind).bytes, amount.bytes));
    draw_text(area, at, right, style, state);
    if (intent->kind == OP_CHARGE)
        draw_field(area_cell(area, at + 1, 2, area.cols - 2), ALIGN_LEFT, STYLE_DIM,
                   money_terminal_name(app, intent->target));
}

/* How to get in: the operator's PIN, or any key, and why that is enough. */
static void paint_way_in(struct app *app, struct area area)
{
    const struct lock *lock = app->lock;
    struct arena *arena = &app->arena;
    struct text person = text_clean(arena, app_config(app)->person);
    if (!lock->stored) {
        draw_wrapped(area, 0, 0, STYLE_KEY, text_ours(_("Any key but L unlocks.")));
        draw_wrapped(area, 1, 0, STYLE_DIM,
                     text_ours(_("No PIN is set for the operator of this console.")));
        return;
    }
    char stars[PIN_MAX + 1] = "";
    memset(stars, '*', lock->pin.len);
    struct text label = text_oursf(arena, _("PIN of %s:"), person.bytes);
    int col = draw_text(area, 0, 0, STYLE_NORMAL, label) + 1;
    draw_field(area_cell(area, 0, col, PIN_MAX + 1), ALIGN_LEFT, STYLE_FIELD,
               text_oursf(arena, "%s", stars));
    draw_cursor(area, 0, col + (int)lock->pin.len);
    draw_text(area, 1, 0, *lock->hint ? STYLE_WARN : STYLE_KEY,
              text_ours(*lock->hint ? _(lock->hint) : _("Enter unlocks")));
}

static void paint_tally(struct app *app, struct area area, int row)
{
    const struct tally *tally = &app->tally;
    struct arena *arena = &app->arena;
    int col = 0;
    if (tally->running > 0)
        col = draw_text(area, row, col, STYLE_WARN,
                        text_oursf(arena, _("%d running"), tally->running)) +
              2;
    if (tally->unknown > 0)
        col = draw_text(area, row, col, STYLE_BAD,
                        text_oursf(arena, _("%d UNKNOWN"), tally->unknown)) +
              2;
    if (col > 0)
        draw_text(area, row, col, STYLE_DIM, text_ours(_("It goes on while locked.")));
}

void lock_paint(struct app *app, struct area all)
{
    enum { BOX_COLS = 72, BOX_ROWS = 9, LINES_EACH = 2 };
    struct lock *lock = app->lock;
    struct arena *arena = &app->arena;
    int shown = (int)lock->count, lines = shown > 0 ? shown * LINES_EACH : 1;
    struct area box = area_center(all, BOX_ROWS + lines, BOX_COLS);
    draw_box(box, app->desk->env, money_title(app, text_ours(_("Locked"))));
    struct area inner = area_inset(box, 1, 2);
    int row = draw_wrapped(inner, 0, 0, STYLE_NORMAL,
                           text_oursf(arena, _("%s, locked since %s."),
                                      text_clean(arena, app->desk->webcode).bytes,
                                      format_clock(arena, lock->since_ms).bytes));
    if (shown == 0)
        draw_wrapped(inner, row + 1, 0, STYLE_DIM, text_ours(_("Nothing is on its way.")));
    for (int i = 0; i < shown; i++)
        paint_row(app, &lock->rows[i], inner, row + 1 + i * LINES_EACH);
    paint_tally(app, inner, row + 2 + lines);
    paint_way_in(app, area_rows(inner, inner.rows - 2, 2));
}
