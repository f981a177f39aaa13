#include "cli.h"
#include "money_screens.h"
#include "notices.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct screen *const numbered[SCREEN_COUNT] = {
#define X(id, descriptor) [SCREEN_##id] = &descriptor,
    SCREEN_LIST(X)
#undef X
};

/* --- small accessors ---------------------------------------------------------------------- */

struct desk *app_desk(struct app *app)
{
    return app->desk;
}

const struct config *app_config(struct app *app)
{
    return app->settings.config;
}

struct loop *app_loop(struct app *app)
{
    return app->loop;
}

struct arena *app_arena(struct app *app)
{
    return &app->arena;
}

uint32_t app_last_key(struct app *app)
{
    return app->last_key;
}

void app_dirty(struct app *app)
{
    app->dirty = true;
}

struct layer *app_top(struct app *app)
{
    return app->depth > 0 ? app->stack[app->depth - 1] : app->bases[app->current];
}

bool app_is_top(struct app *app, const void *state)
{
    struct layer *top = app_top(app);
    return top && top->state == state && !app->lock;
}

/* The arena lives as long as one handler, however deep it calls. */
void app_enter(struct app *app)
{
    app->nesting++;
}

void app_exit(struct app *app)
{
    assert(app->nesting > 0);
    if (--app->nesting == 0)
        arena_done(&app->arena);
}

void app_message(struct app *app, enum style style, struct text text)
{
    free(app->message);
    app->message = *text.bytes ? mem_strdup(text.bytes) : NULL;
    app->message_style = style;
    app->dirty = true;
}

void app_error(struct app *app, const struct err *err)
{
    struct advice advice = words_of_error(&app->arena, err, NULL);
    app_message(app, STYLE_BAD,
                text_oursf(&app->arena, "%s %s %s", advice.what.bytes, advice.money.bytes,
                           advice.next.bytes));
}

/* --- the stack ---------------------------------------------------------------------------- */

static struct layer *layer_new(const struct screen *screen)
{
    struct layer *layer = mem_alloc(sizeof *layer);
    layer->screen = screen;
    layer->state = mem_alloc(screen->state_size ? screen->state_size : 1);
    return layer;
}

static void layer_bury(struct app *app, struct layer *layer, bool call_close)
{
    if (call_close && layer->screen->close)
        layer->screen->close(app, layer->state);
    layer->next_dead = app->dead;
    app->dead = layer;
    app->dirty = true;
}

static void free_dead(struct app *app)
{
    while (app->dead) {
        struct layer *layer = app->dead;
        app->dead = layer->next_dead;
        free(layer->state);
        free(layer);
    }
}

void *app_push(struct app *app, const struct screen *screen, const void *argument)
{
    assert(app->depth < LAYERS_MAX);
    struct layer *layer = layer_new(screen);
    app->stack[app->depth++] = layer;
    app->dirty = true;
    if (!screen->open || screen->open(app, layer->state, argument))
        return layer->state;
    for (int i = 0; i < app->depth; i++) {
        if (app->stack[i] == layer)
            app->depth = i;
    }
    layer_bury(app, layer, false);
    return NULL;
}

void app_close_down_to(struct app *app, int depth)
{
    while (app->depth > depth)
        layer_bury(app, app->stack[--app->depth], true);
}

void app_close(struct app *app, void *state)
{
    for (int i = 0; i < app->depth; i++) {
        if (app->stack[i]->state == state) {
            app_close_down_to(app, i);
            return;
        }
    }
}

void app_remove(struct app *app, void *state)
{
    for (int i = 0; i < app->depth; i++) {
        struct layer *layer = app->stack[i];
        if (layer->state != state)
            continue;
        memmove(&app->stack[i], &app->stack[i + 1],
                (size_t)(app->depth - i - 1) * sizeof(struct layer *));
        app->depth--;
        layer_bury(app, layer, true);
        return;
    }
}

static void reload(struct app *app, struct layer *layer, unsigned bits)
{
    bits &= layer->screen->changes;
    if (bits && layer->screen->reload) {
        layer->screen->reload(app, layer->state, bits);
        app->dirty = true;
    }
}

/* False: it was open already. */
static bool open_numbered(struct app *app, enum screen_id id)
{
    if (app->bases[id])
        return false;
    struct layer *layer = app->bases[id] = layer_new(numbered[id]);
    if (layer->screen->open)
        layer->screen->open(app, layer->state, NULL);
    return true;
}

void app_go(struct app *app, enum screen_id id)
{
    app_close_down_to(app, 0);
    app->current = id;
    app->dirty = true;
    if (open_numbered(app, id))
        return;
    unsigned missed = app->bases[id]->missed;
    app->bases[id]->missed = 0;
    reload(app, app->bases[id], missed);
}

static void close_all(struct app *app)
{
    app_close_down_to(app, 0);
    for (int i = 0; i < SCREEN_COUNT; i++) {
        if (app->bases[i])
            layer_bury(app, app->bases[i], true);
        app->bases[i] = NULL;
    }
    free(app->facts_for);
    app->facts_for = NULL;
    notices_forget(app);
}

/* --- news --------------------------------------------------------------------------------- */

static void on_change(void *ctx, unsigned bits)
{
    struct app *app = ctx;
    app->changed |= bits;
}

static void on_news_due(void *ctx)
{
    ((struct app *)ctx)->news_timer = NULL;
}

/* What pours in while lists are synced is shown so often that it looks alive, and no more: each
   time costs queries, a frame and its bytes. The first news of a kind come at once, and so does
   what somebody did here. */
static bool wait_for_more(struct app *app)
{
    enum { NEWS_MS = 150 };
    const unsigned poured = CHANGED_SESSIONS | CHANGED_PAYMENTS | CHANGED_MODIFICATIONS |
                            CHANGED_SYNC;
    int64_t now = clock_boot_ms();
    if (now - app->recent_ms >= NEWS_MS) {
        app->recent = 0;
        app->recent_ms = now;
    }
    bool wait = !(app->changed & ~app->recent);
    if (wait && !app->news_timer)
        app->news_timer =
            loop_timer_start(app->loop, app->recent_ms + NEWS_MS - now, on_news_due, app);
    app->recent |= wait ? 0 : app->changed & poured;
    return wait;
}

static void hand_out_changes(struct app *app)
{
    unsigned bits = app->changed;
    if (!bits || wait_for_more(app))
        return;
    app->changed = 0;
    free(app->facts_for);
    app->facts_for = NULL;
    if (app->desk->ops && bits & (CHANGED_PAYMENTS | CHANGED_MODIFICATIONS | CHANGED_JOURNAL))
        ops_hold_against_lists(app->desk->ops, bits);
    if (bits & CHANGED_JOURNAL)
        notices_read(app);
    lock_news(app, bits);
    for (int i = 0; i < SCREEN_COUNT; i++) {
        struct layer *layer = app->bases[i];
        if (layer && i != (int)app->current && layer->screen->badge)
            reload(app, layer, bits);
        else if (layer && i != (int)app->current)
            layer->missed |= bits;
    }
    reload(app, app->bases[app->current], bits);
    for (int i = 0; i < app->depth; i++)
        reload(app, app->stack[i], bits);
    app->dirty = true;
}

/* --- painting ----------------------------------------------------------------------------- */

static void call_painted(struct app *app, struct layer *layer)
{
    if (!layer->shown || layer->painted)
        return;
    layer->painted = true;
    if (layer->screen->painted)
        layer->screen->painted(app, layer->state);
}

static void before_wait(void *ctx)
{
    struct app *app = ctx;
    app_enter(app);
    hand_out_changes(app);
    free_dead(app);
    /* A screen may find while painting that it needs more rows; once is enough, never for ever. */
    for (int frames = 0; frames < 2 && app->dirty && !term_is_busy(); frames++) {
        app->dirty = false;
        frame_paint(app);
        term_show(&app->grid);
    }
    free_dead(app);
    if (!term_is_busy()) { /* the whole frame has left */
        call_painted(app, app->bases[app->current]);
        for (int i = 0; i < app->depth; i++)
            call_painted(app, app->stack[i]);
    }
    app_exit(app);
}

void app_leave(struct app *app, int status)
{
    app->status = status;
    loop_stop(app->loop);
}

/* What an earlier run left without an outcome is taken over and comes first: the newest of it, and
   what is being done about it. The top line and the inbox have the others. */
static void follow_unresolved(struct app *app)
{
    struct intent_page page = {0};
    const struct intent *newest = NULL;
    if (app->desk->ops)
        ops_recover(app->desk->ops, NULL, NULL);
    if (!journal_list(app->desk->journal, INTENTS_UNRESOLVED, 1000, &page, NULL))
        return;
    for (size_t i = 0; i < page.count; i++) {
        const struct intent *intent = &page.rows[i];
        if (intent->state == INTENT_UNKNOWN && !intent->own &&
            (!newest || intent->created_ms > newest->created_ms))
            newest = intent;
    }
    if (newest)
        money_follow(app, newest->id);
    intent_page_done(&page);
}

/* The first screen; those that count something for their tab count from now on. */
static void open_first(struct app *app)
{
    app_go(app, SCREEN_SESSIONS); /* asks for its rows before the others ask for anything */
    for (int i = 0; i < SCREEN_COUNT; i++)
        if (numbered[i]->badge)
            open_numbered(app, (enum screen_id)i);
    follow_unresolved(app);
}

bool app_change_env(struct app *app, enum env env)
{
    struct err err = {0};
    if (app->desk->ops && ops_in_flight(app->desk->ops) > 0) {
        app_message(app, STYLE_WARN,
                    text_ours(_("Not now: a payment is on its way in this environment.")));
        return false;
    }
    close_all(app);
    bool changed = app->settings.reopen(app->settings.ctx, env, &err);
    app->desk->changes = (struct changes){on_change, app};
    app->changed = CHANGED_JOURNAL;
    open_first(app);
    if (!changed)
        app_error(app, &err);
    return changed;
}

/* --- events of the terminal --------------------------------------------------------------- */

static void on_key(void *ctx, uint32_t key)
{
    struct app *app = ctx;
    enum { CTRL_C = 3, CTRL_L = 12, CTRL_Z = 26 };
    app_enter(app);
    app->last_key = key;
    if (lock_takes_key(app, key)) {
        app_exit(app);
        return;
    }
    if (app->message)
        app_message(app, STYLE_NORMAL, text_ours(""));
    struct layer *top = app_top(app);
    if (key == CTRL_Z) {
        term_suspend();
    } else if (key == CTRL_L) {
        term_repaint();
        app->dirty = true;
    } else if (app->too_small) {
        if (command_of_key(key, SCOPE_LIST) == COMMAND_BACK && app->depth == 0)
            command_back(app, COMMAND_BACK);
    } else if (top->screen->painted && !top->painted) {
        app->dirty = true; /* it is not on the glass, so the key was not meant for it */
    } else if (top->screen->key && top->screen->key(app, top->state, key)) {
        app->dirty = true;
    } else if (key == CTRL_C) {
        app_message(app, STYLE_NORMAL, text_ours(_("q or F10 leaves.")));
    } else if (key != KEY_ESC || !notices_put_away(app)) {
        enum command command = command_of_key(key, top->screen->scope);
        if (command != COMMAND_NONE)
            app_command(app, command);
    }
    app_exit(app);
}

static void on_paste(void *ctx, struct text text)
{
    struct app *app = ctx;
    app_enter(app);
    struct layer *top = app_top(app);
    app->heard_ms = clock_boot_ms();
    if (top->screen->paste && !app->too_small && !app->lock)
        top->screen->paste(app, top->state, text);
    else if (!app->lock)
        app_message(app, STYLE_NORMAL,
                    text_ours(_("Pasted text is only taken where one can type.")));
    app->dirty = true;
    app_exit(app);
}

/* What is on the glass is another screen's, or of another size: all of it has to be painted again
   before anybody can have read it. */
static void on_resize(void *ctx)
{
    struct app *app = ctx;
    for (int i = 0; i < app->depth; i++)
        app->stack[i]->painted = false;
    app->dirty = true;
}

/* A charge must not be cut off in the middle: Ctrl-Z would let its answer run into a time-out. */
static bool may_suspend(void *ctx)
{
    struct app *app = ctx;
    if (!app->desk->ops || ops_in_flight(app->desk->ops) == 0)
        return true;
    app_message(app, STYLE_WARN, text_ours(_("Not now: a payment is on its way.")));
    return false;
}

static void on_end(void *ctx)
{
    struct app *app = ctx;
    app->ended = true;
    app_leave(app, 0);
}

/* --- running ------------------------------------------------------------------------------ */

static bool nothing_in_flight(void *ctx)
{
    struct app *app = ctx;
    return ops_in_flight(app->desk->ops) == 0;
}

static void start_screens(struct app *app)
{
    app->desk->changes = (struct changes){on_change, app};
    app_enter(app);
    notices_read(app);
    open_first(app);
    if (app->settings.notice)
        app_message(app, STYLE_WARN, text_ours(_(app->settings.notice)));
    app_exit(app);
    lock_start(app);
    app->hook = loop_hook_before_wait(app->loop, before_wait, app);
}

int app_run(struct loop *loop, struct desk *desk, const struct app_settings *settings)
{
    struct app *app = mem_alloc(sizeof *app);
    app->loop = loop;
    app->desk = desk;
    app->settings = *settings;
    const struct term_settings terminal = {.mouse = settings->config->mouse,
                                           .clipboard = settings->config->clipboard,
                                           .ascii = settings->config->ascii_borders,
                                           .on_key = on_key,
                                           .on_paste = on_paste,
                                           .on_resize = on_resize,
                                           .may_suspend = may_suspend,
                                           .on_end = on_end,
                                           .ctx = app};
    struct err err = {0};
    if (!term_start(loop, &terminal, &err)) {
        cli_say(text_oursf(&app->arena, "avirato-console: %s",
                           text_clean(&app->arena, err.detail).bytes));
        arena_done(&app->arena);
        free(app);
        return 2;
    }
    grid_init(&app->grid, 0, 0);
    start_screens(app);
    loop_run(loop);
    loop_unhook(loop, app->hook);
    loop_timer_stop(loop, app->news_timer);
    lock_stop(app);
    term_stop();
    /* The line is gone; a request that has left still gets its answer written down. */
    if (app->ended && desk->ops)
        loop_run_until(loop, nothing_in_flight, app, app_config(app)->charge_timeout_s * 1000LL);
    desk->changes = (struct changes){0};
    close_all(app);
    free_dead(app);
    grid_done(&app->grid);
    arena_done(&app->arena);
    free(app->message);
    int status = app->status;
    free(app);
    return status;
}
