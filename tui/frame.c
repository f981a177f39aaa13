/* The frame around the screens: top line, tabs, message line, footer. */
#include "notices.h"

#include "freshness.h"
#include "words.h"

#include <string.h>

/* Readable without colour: each word has brackets of its own. */
static const struct {
    const char *before, *after;
} brackets[ENV_COUNT] = {
    [ENV_TRAINING] = {"(", ")"},
    [ENV_TEST] = {"▌", "▐"},
    [ENV_LIVE] = {"█ ", " █"},
};

struct text app_env_word(struct app *app, struct arena *arena)
{
    enum env env = app->desk->env;
    return text_oursf(arena, "%s%s%s", brackets[env].before, words_env(env).bytes,
                      brackets[env].after);
}

/* --- top line ----------------------------------------------------------------------------- */

/* What is known of the line to the API, of the three lists together. */
struct link_state {
    int64_t last_ok_ms, retry_at_ms;
    bool failed, syncing;
    int64_t failed_since_ms; /* the last good answer of the list that fails, 0: never */
    struct text why;         /* of the failure */
    int percent;             /* of the first sync, -1: not known */
};

static struct link_state link_state(struct app *app)
{
    struct link_state link = {.percent = -1};
    for (int kind = 0; app->desk->sync && kind < RECORD_KINDS; kind++) {
        struct sync_progress progress;
        sync_get_progress(app->desk->sync, (enum record_kind)kind, &progress);
        if (progress.last_ok_ms > link.last_ok_ms)
            link.last_ok_ms = progress.last_ok_ms;
        if (progress.retry_at_ms > link.retry_at_ms)
            link.retry_at_ms = progress.retry_at_ms;
        if (progress.last_error.code != ERR_NONE && !link.failed) {
            link.failed = true;
            link.failed_since_ms = progress.last_ok_ms;
            link.why = freshness_why(&app->arena, &progress);
        }
        if (progress.running && !progress.complete && progress.total > 0 && !link.syncing) {
            link.syncing = true;
            link.percent = (int)(progress.rows * 100 / progress.total);
        }
    }
    return link;
}

/* Right to left, so that what matters most survives a narrow window: dot, time, who. */
static int draw_left_of(struct area area, int right, int stop, enum style style, struct text text)
{
    int width = text_width(text);
    if (width == 0 || right - width < stop)
        return right;
    draw_text(area, 0, right - width, style, text);
    return right - width - 2;
}

static bool is_today(int64_t utc_ms)
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    return format_wall_ms(utc_ms) / day_ms == format_wall_ms(clock_utc_ms()) / day_ms;
}

static struct text sync_text(struct arena *arena, const struct link_state *link)
{
    if (link->failed && link->failed_since_ms == 0)
        return link->why;
    if (link->failed)
        return text_oursf(arena, _("since %s: %s"),
                          is_today(link->failed_since_ms)
                              ? format_clock(arena, link->failed_since_ms).bytes
                              : format_when_utc(arena, link->failed_since_ms).bytes,
                          link->why.bytes);
    if (link->retry_at_ms > clock_utc_ms())
        return text_oursf(arena, _("slowed down until %s"),
                          format_clock(arena, link->retry_at_ms).bytes);
    if (link->syncing && link->percent >= 0)
        return text_oursf(arena, _("syncing %d %%"), link->percent);
    if (link->last_ok_ms == 0)
        return text_ours(_("not synced yet"));
    return text_oursf(arena, _("synced %s"), format_clock(arena, link->last_ok_ms).bytes);
}

static struct text who(struct arena *arena, const struct config *config)
{
    struct text person = text_brief(arena, config->person, 24);
    struct text terminal = text_brief(arena, config->terminal, 32);
    bool both = *person.bytes && *terminal.bytes;
    return text_oursf(arena, "%s%s%s", person.bytes, both ? " · " : "", terminal.bytes);
}

/* What is under way, and the key that leads to it. */
static int draw_tally(struct app *app, struct area area, int col)
{
    struct arena *arena = &app->arena;
    const struct tally *tally = &app->tally;
    if (tally->running > 0)
        col = draw_text(area, 0, col, STYLE_WARN,
                        text_oursf(arena, _("%d running"), tally->running)) + 1;
    if (tally->unknown > 0)
        col = draw_text(area, 0, col, STYLE_BAD,
                        text_oursf(arena, _("%d UNKNOWN"), tally->unknown)) + 1;
    if (tally->running > 0 || tally->unknown > 0)
        col = draw_text(area, 0, col, STYLE_NORMAL,
                        text_oursf(arena, _("(key %s)"),
                                   command_key_name(arena, COMMAND_GO_INBOX).bytes)) + 1;
    return col;
}

static void paint_top(struct app *app, struct area area)
{
    struct arena *arena = &app->arena;
    const struct desk *desk = app->desk;
    int col = 1;
    if (area.cols >= 76)
        col = draw_text(area, 0, col, STYLE_DIM, text_ours("avirato-console")) + 2;
    col = draw_text(area, 0, col, STYLE_TITLE, text_clean(arena, desk->webcode)) + 1;
    col = draw_text(area, 0, col, style_of_env(desk->env), app_env_word(app, arena)) + 1;
    if (desk->read_only)
        col = draw_text(area, 0, col, STYLE_WARN, text_ours(_("read-only"))) + 1;
    if (desk->overridden)
        col = draw_text(area, 0, col, STYLE_DIM, text_ours("AVIRATO_*")) + 1;
    col = draw_tally(app, area, col);
    struct link_state link = link_state(app);
    bool good = desk->sync && !link.failed && link.last_ok_ms > 0;
    int right = draw_left_of(area, area.cols - 1, col, good ? STYLE_GOOD : STYLE_BAD,
                             text_ours(good ? "●" : "○"));
    right = draw_left_of(area, right, col, link.failed ? STYLE_BAD : STYLE_DIM,
                         desk->sync ? sync_text(arena, &link) : text_ours(_("offline")));
    draw_left_of(area, right - 1, col + 1, STYLE_NORMAL, who(arena, app_config(app)));
}

static const struct screen *const tabs[] = {
#define X(id, descriptor) &descriptor,
    SCREEN_LIST(X)
#undef X
};

/* "5 Inbox (2)"; the name cut to so many cells, number and count never. */
static struct text tab_label(struct app *app, int index, int cells)
{
    struct arena *arena = &app->arena;
    bool here = index == (int)app->current;
    int badge = tabs[index]->badge ? tabs[index]->badge(app->bases[index]->state) : 0;
    struct text name = text_ours(_(tabs[index]->title));
    struct text count = badge > 0 ? text_oursf(arena, "(%d)", badge) : text_ours("");
    if (!here && text_width(name) > cells) {
        int kept = cells > 1 ? cells - 1 : cells; /* of a single letter no mark is left over */
        name.bytes = arena_strndup(arena, name.bytes, text_fit(name, kept, NULL));
        if (cells > 1)
            name = text_oursf(arena, "%s…", name.bytes);
    }
    return text_oursf(arena, "%s%d%s%s%s%s%s", here ? "[" : "", index + 1, *name.bytes ? " " : "",
                      name.bytes, *count.bytes ? " " : "", count.bytes, here ? "]" : "");
}

static int tabs_width(struct app *app, int cells, int gap)
{
    int width = 1;
    for (int i = 0; i < SCREEN_COUNT; i++)
        width += text_width(tab_label(app, i, cells)) + gap;
    return width - gap;
}

/* All of them are to be seen: where it is narrow, the names of the others grow shorter. */
static void paint_tabs(struct app *app, struct area area)
{
    enum { LONGEST = 24 };
    int cells = LONGEST, gap = 2, col = 1;
    while (cells > 0 && tabs_width(app, cells, gap) > area.cols)
        cells--;
    for (int i = 0; i < SCREEN_COUNT; i++) {
        enum style style = i == (int)app->current ? STYLE_TITLE : STYLE_NORMAL;
        col = draw_text(area, 0, col, style, tab_label(app, i, cells)) + gap;
    }
}

/* --- bottom ------------------------------------------------------------------------------- */

/* A screen that waits or tells an outcome offers only what makes sense in its state. */
static bool is_in_footer(struct app *app, enum scope scope, enum command command)
{
    const struct command_row *row = command_row(command);
    return row->label && (row->scopes & (unsigned)scope) &&
           (scope != SCOPE_WAIT || !*app_why_not(app, &app->arena, command).bytes);
}

static int footer_width(struct app *app, enum scope scope)
{
    int width = 1;
    for (int command = 1; command < COMMAND_COUNT; command++) {
        const struct command_row *row = command_row((enum command)command);
        if (is_in_footer(app, scope, (enum command)command))
            width += text_width(command_key_name(&app->arena, (enum command)command)) + 1 +
                     text_width(text_ours(_(row->label))) + 2;
    }
    return width - 2;
}

static int paint_label(struct app *app, struct area area, int col, enum command command)
{
    bool possible = !*app_why_not(app, &app->arena, command).bytes;
    struct text key = command_key_name(&app->arena, command);
    struct text label = text_ours(_(command_row(command)->label));
    if (col + text_width(key) + 1 + text_width(label) > area.cols)
        return -1;
    col = draw_text(area, 0, col, possible ? STYLE_KEY : STYLE_DIM, key) + 1;
    return draw_text(area, 0, col, possible ? STYLE_NORMAL : STYLE_DIM, label);
}

/* Keys and labels from the command table; what is not possible now is grey. Where not all fit, the
   way to the whole list does. */
static void paint_footer(struct app *app, struct area area)
{
    enum scope scope = app_top(app)->screen->scope;
    int wanted = footer_width(app, scope), gap = wanted <= area.cols ? 2 : 1, col = 1;
    if (wanted > area.cols && (command_row(COMMAND_HELP)->scopes & (unsigned)scope)) {
        int width = text_width(text_ours(_(command_row(COMMAND_HELP)->label))) + 3;
        struct area right = {area.grid, area.row, area.col + area.cols - width, 1, width};
        paint_label(app, right, 1, COMMAND_HELP);
        area.cols -= width;
    }
    for (int command = 1; command < COMMAND_COUNT && col >= 0; command++) {
        if (is_in_footer(app, scope, (enum command)command) &&
            (command != COMMAND_HELP || wanted <= area.cols)) {
            int after = paint_label(app, area, col, (enum command)command);
            col = after < 0 ? -1 : after + gap;
        }
    }
}

/* One line, more where it must: what is said about money is never cut. Ends above row `bottom`;
   returns where it begins. */
static int paint_said(struct area all, int bottom, enum style style, struct text text)
{
    enum { LINES = 4 };
    struct grid scratch;
    grid_init(&scratch, LINES, all.cols - 2);
    int lines = draw_wrapped(grid_area(&scratch), 0, 0, style, text);
    grid_done(&scratch);
    struct area place = area_rows(all, bottom - lines, lines);
    draw_fill(place, STYLE_NORMAL);
    place.col += 1;
    place.cols -= 2;
    draw_wrapped(place, 0, 0, style, text);
    return bottom - lines;
}

/* What the last key brought, and above it what has ended unseen, which stays. */
static void paint_message(struct app *app, struct area all)
{
    int bottom = all.rows - 1;
    enum style style = STYLE_NORMAL;
    struct text told = notices_line(app, &style);
    if (app->message)
        bottom = paint_said(all, bottom, app->message_style, (struct text){app->message});
    if (*told.bytes)
        paint_said(all, bottom, style, told);
}

/* --- the whole ---------------------------------------------------------------------------- */

static void paint_too_small(struct app *app, struct area area)
{
    struct text why = text_oursf(&app->arena, _("Window %dx%d: needs %dx%d."), area.cols, area.rows,
                                 FRAME_MIN_COLS, FRAME_MIN_ROWS);
    draw_wrapped(area, 0, 0, STYLE_WARN, why);
}

/* A question that no longer fits closes itself; the others show what they can. */
static void tell_too_small(struct app *app, struct area area)
{
    for (int i = app->depth - 1; i >= 0 && i < app->depth; i--) {
        struct layer *layer = app->stack[i];
        const struct screen *screen = layer->screen;
        if (screen->too_small &&
            (app->too_small || area.rows < screen->min_rows || area.cols < screen->min_cols))
            screen->too_small(app, layer->state);
    }
}

static void paint_layer(struct app *app, struct layer *layer, struct area area)
{
    layer->shown = true;
    layer->screen->paint(app, layer->state, area);
}

void frame_paint(struct app *app)
{
    int rows, cols;
    term_size(&rows, &cols);
    if (rows != app->grid.rows || cols != app->grid.cols) {
        grid_done(&app->grid);
        grid_init(&app->grid, rows, cols);
    }
    grid_clear(&app->grid);
    struct area all = grid_area(&app->grid), inner = area_rows(all, 2, rows - 4);
    app->too_small = rows < FRAME_MIN_ROWS || cols < FRAME_MIN_COLS;
    tell_too_small(app, inner);
    if (app->too_small) {
        paint_too_small(app, all);
        return;
    }
    if (app->lock) {
        lock_paint(app, all);
        return;
    }
    paint_top(app, area_rows(all, 0, 1));
    paint_tabs(app, area_rows(all, 1, 1));
    int first = app->depth;
    while (first > 0 && app->stack[first - 1]->screen->overlay)
        first--;
    /* The lowest one to be seen: the topmost that is no overlay. */
    paint_layer(app, first > 0 ? app->stack[first - 1] : app->bases[app->current], inner);
    for (int i = first; i < app->depth; i++) {
        app->grid.cursor_row = -1; /* one types into the topmost only */
        paint_layer(app, app->stack[i], inner);
    }
    paint_message(app, all);
    paint_footer(app, area_rows(all, rows - 1, 1));
}
