/* Screen 4: the terminals, whether they are connected, and who is using them. */
#include "money_screens.h"

#include <string.h>

/* One terminal as shown. */
struct line {
    int number; /* the key that chooses it in the charge form */
    const struct terminal_row *row;
    bool busy;
    struct intent holder;
};
struct terminals {
    struct app *app;
    struct table table;
    struct terminal_page page;
    struct line *lines;      /* in arena */
    struct arena arena;      /* lines and what they hold */
    int64_t aged_boot_ms;    /* when the ages of the holders were right */
    struct loop_timer *tick; /* once a second while somebody uses one */
};

/* --- reading ---------------------------------------------------------------------------------- */

/* The ages of the holders go on from when they were read. */
static void grow_older(struct terminals *terminals)
{
    int64_t now = clock_boot_ms();
    for (size_t i = 0; i < terminals->page.count; i++)
        terminals->lines[i].holder.age_ms += now - terminals->aged_boot_ms;
    terminals->aged_boot_ms = now;
}

static void keep_ticking(struct terminals *terminals);

static void tick(void *ctx)
{
    struct terminals *terminals = ctx;
    terminals->tick = NULL;
    grow_older(terminals);
    keep_ticking(terminals);
    if (app_is_top(terminals->app, terminals))
        app_dirty(terminals->app);
}

static void keep_ticking(struct terminals *terminals)
{
    loop_timer_stop(app_loop(terminals->app), terminals->tick);
    terminals->tick = NULL;
    for (size_t i = 0; i < terminals->page.count; i++) {
        if (!terminals->lines[i].busy)
            continue;
        int64_t rest = 1000 - terminals->lines[i].holder.age_ms % 1000;
        terminals->tick = loop_timer_start(app_loop(terminals->app), rest, tick, terminals);
        return;
    }
}

static void load(struct terminals *terminals)
{
    struct app *app = terminals->app;
    struct err err = {0};
    terminal_page_done(&terminals->page);
    arena_done(&terminals->arena);
    if (!cache_terminals(app_desk(app)->cache, &terminals->page, &err))
        app_error(app, &err);
    size_t count = terminals->page.count;
    terminals->lines = arena_alloc(&terminals->arena, (count + 1) * sizeof *terminals->lines);
    terminals->aged_boot_ms = clock_boot_ms();
    for (size_t i = 0; i < count; i++) {
        struct line *line = &terminals->lines[i];
        line->number = (int)i + 1;
        line->row = &terminals->page.rows[i];
        line->busy = journal_holder(app_desk(app)->journal, OP_CHARGE, line->row->terminal.poi_id,
                                    &terminals->arena, &line->holder, NULL);
    }
    keep_ticking(terminals);
}

static const struct line *selected(const struct terminals *terminals)
{
    int cursor = terminals->table.cursor;
    bool there = cursor >= 0 && (size_t)cursor < terminals->page.count;
    return there ? &terminals->lines[cursor] : NULL;
}

/* --- columns ---------------------------------------------------------------------------------- */

static struct text get_number(struct arena *arena, const void *row)
{
    return text_oursf(arena, "%d", ((const struct line *)row)->number);
}

static struct text get_name(struct arena *arena, const void *row)
{
    const struct terminal *terminal = &((const struct line *)row)->row->terminal;
    return text_clean(arena, terminal->name ? terminal->name : terminal->poi_id);
}

static struct text get_model(struct arena *arena, const void *row)
{
    return text_clean(arena, ((const struct line *)row)->row->terminal.model);
}

static struct text get_poi(struct arena *arena, const void *row)
{
    return text_clean(arena, ((const struct line *)row)->row->terminal.poi_id);
}

static struct text get_online(struct arena *arena, const void *row)
{
    int online = ((const struct line *)row)->row->online;
    (void)arena;
    return text_ours(online < 0 ? _("not known") : online ? _("online") : _("offline"));
}

/* When that was learned. */
static struct text get_learned(struct arena *arena, const void *row)
{
    enum { TODAY_MS = 12 * 3600 * 1000 };
    const struct terminal_row *terminal = ((const struct line *)row)->row;
    bool recent = clock_utc_ms() - terminal->online_ms < TODAY_MS;
    if (terminal->online < 0)
        return text_ours("");
    return recent ? format_clock(arena, terminal->online_ms)
                  : format_when_utc(arena, terminal->online_ms);
}

static enum style online_style(const void *row)
{
    int online = ((const struct line *)row)->row->online;
    return online < 0 ? STYLE_DIM : online ? STYLE_GOOD : STYLE_WARN;
}

static struct text get_user(struct arena *arena, const void *row)
{
    const struct line *line = row;
    if (!line->busy)
        return text_ours("");
    struct text person = text_clean(arena, line->holder.person);
    if (line->holder.state == INTENT_UNKNOWN)
        return text_oursf(arena, "%s, %s", words_intent_state(INTENT_UNKNOWN).bytes, person.bytes);
    return text_oursf(arena, "%s, %s", person.bytes,
                      format_elapsed(arena, line->holder.age_ms).bytes);
}

static enum style user_style(const void *row)
{
    return ((const struct line *)row)->holder.state == INTENT_UNKNOWN ? STYLE_BAD : STYLE_WARN;
}

static const struct column columns[] = {
    {"#", 2, ALIGN_RIGHT, 0, NO_SORT, get_number, NULL, NULL},
    {N_("Terminal"), 27, ALIGN_LEFT, 0, NO_SORT, get_name, NULL, NULL},
    {N_("Model"), 9, ALIGN_LEFT, 2, NO_SORT, get_model, NULL, NULL},
    {N_("Id"), 20, ALIGN_LEFT, 3, NO_SORT, get_poi, NULL, NULL},
    {N_("Connected"), 12, ALIGN_LEFT, 0, NO_SORT, get_online, online_style, NULL},
    {N_("As of"), 12, ALIGN_LEFT, 1, NO_SORT, get_learned, NULL, NULL},
    {N_("In use by"), 11, ALIGN_LEFT, 0, NO_SORT, get_user, user_style, NULL},
};

/* --- the screen ------------------------------------------------------------------------------- */

static bool terminals_open(struct app *app, void *state, const void *argument)
{
    struct terminals *terminals = state;
    (void)argument;
    terminals->app = app;
    terminals->table.columns = columns;
    terminals->table.column_count = COUNT_OF(columns);
    load(terminals);
    if (app_desk(app)->sync)
        sync_terminals(app_desk(app)->sync, true);
    return true;
}

static void terminals_close(struct app *app, void *state)
{
    struct terminals *terminals = state;
    loop_timer_stop(app_loop(app), terminals->tick);
    terminal_page_done(&terminals->page);
    arena_done(&terminals->arena);
}

static void terminals_reload(struct app *app, void *state, unsigned bits)
{
    (void)app, (void)bits;
    load(state);
}

static const void *line_at(void *ctx, int index)
{
    return &((const struct terminals *)ctx)->lines[index];
}

static void terminals_paint(struct app *app, void *state, struct area area)
{
    struct terminals *terminals = state;
    const struct table_rows rows = {
        .count = (int)terminals->page.count, .row = line_at, .ctx = terminals, .sort = NO_SORT};
    grow_older(terminals);
    table_paint(&terminals->table, app, area, &rows);
    if (terminals->page.count == 0)
        draw_wrapped(area, 2, 3, STYLE_DIM,
                     text_ours(_("No terminals are known yet; R asks the API for them.")));
}

/* On the selected terminal; one in use leads to what is going on there. */
static void use(struct app *app, const struct line *line, bool follow)
{
    const struct intent like = {.kind = OP_CHARGE, .target = line->row->terminal.poi_id};
    struct text why = app_why_not(app, app_arena(app), COMMAND_CHARGE);
    if (line->busy && follow)
        money_follow(app, line->holder.id);
    else if (*why.bytes)
        app_message(app, STYLE_WARN, why);
    else
        money_open_charge(app, &like);
}

static bool terminals_key(struct app *app, void *state, uint32_t key)
{
    const struct line *line = selected(state);
    if (!line || command_of_key(key, SCOPE_TERMINALS) != COMMAND_CHARGE)
        return false;
    use(app, line, false);
    return true;
}

static bool terminals_command(struct app *app, void *state, enum command command)
{
    struct terminals *terminals = state;
    switch (command) {
    case COMMAND_OPEN:
        use(app, selected(terminals), true);
        return true;
    case COMMAND_COPY:
        money_copy(app);
        return true;
    case COMMAND_CLEAR:
        return true;
    case COMMAND_REFRESH:
        sync_terminals(app_desk(app)->sync, true);
        app_message(app, STYLE_NORMAL, text_ours(_("Asking for news…")));
        return true;
    default:
        return table_move(&terminals->table, command, (int)terminals->page.count);
    }
}

static bool terminals_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    const struct line *line = selected(state);
    (void)app;
    if (!line)
        return false;
    out->id = out->copy = arena_strdup(arena, line->row->terminal.poi_id);
    return true;
}

const struct screen screen_terminals = {
    .title = N_("Terminals"),
    .scope = SCOPE_TERMINALS,
    .state_size = sizeof(struct terminals),
    .changes = CHANGED_TERMINALS | CHANGED_JOURNAL,
    .open = terminals_open,
    .close = terminals_close,
    .reload = terminals_reload,
    .paint = terminals_paint,
    .key = terminals_key,
    .command = terminals_command,
    .target = terminals_target,
};
