/* How a list looks: filter line, heading, rows, where in the list they are. */
#include "freshness.h"
#include "list_internal.h"

#include <string.h>

static const void *row_at(void *ctx, int index)
{
    const struct list *list = ctx;
    return &list->page.rows[index];
}

static const char *mark_at(void *ctx, int index)
{
    const struct list *list = ctx;
    const struct row *row = &list->page.rows[index];
    if (list->mark_count > 0 && list_find_mark(list, row->record.id) >= 0)
        return "*";
    return row->modified ? "·" : " ";
}

static bool old_at(void *ctx, int index)
{
    const struct list *list = ctx;
    return list->is_old || freshness_row_is_old(&list->page.rows[index]);
}

/* "1-17 of 1,204"; the total is exact or not there yet. */
static struct text position(struct list *list, struct arena *arena, int height)
{
    int64_t from = list->first + list->table.top + 1;
    int64_t rest = (int64_t)list->page.count - list->table.top;
    int64_t to = from - 1 + (rest < height ? rest : height);
    struct text total = list->totals.ok ? format_count(arena, list->totals.count) : text_ours("…");
    if (list->page.count == 0)
        return text_ours(list->totals.ok ? _("nothing to show") : "…");
    if (list->first < 0)
        return text_oursf(arena, _("of %s"), total.bytes);
    return text_oursf(arena, _("%s-%s of %s"), format_count(arena, from).bytes,
                      format_count(arena, to).bytes, total.bytes);
}

/* Carets below the wrong token; the message line says what is wrong with it. */
static void paint_error(struct list *list, struct area area, int col)
{
    struct arena arena = {0};
    const char *typed = list->prompt.text;
    size_t len = strlen(typed), start = list->error.start, end = list->error.end;
    start = start < len ? start : len;
    end = end > start && end <= len ? end : len;
    int at =
        col - list->prompt.shift + text_width((struct text){arena_strndup(&arena, typed, start)});
    int width = text_width((struct text){arena_strndup(&arena, typed + start, end - start)});
    draw_fill(area_rows(area, 1, 1), STYLE_NORMAL);
    for (int i = 0; i < (width > 0 ? width : 1); i++)
        draw_text(area, 1, at + i, STYLE_BAD, text_ours("^"));
    arena_done(&arena);
}

/* The keys that a filter of this list takes, where its heading is else. */
static void paint_hint(struct list *list, struct area area)
{
    static const char *const hints[RECORD_KINDS] = {
        [REC_SESSION] = N_("status: from: to: on: amount: currency: ref: preauth:"),
        [REC_PAYMENT] = N_("status: from: to: on: amount: currency: ref: terminal: preauth:"),
        [REC_MODIFICATION] = N_("status: type: from: to: on: amount: currency: ref:"),
    };
    draw_fill(area_rows(area, 1, 1), STYLE_NORMAL);
    draw_field(area_cell(area, 1, 1, area.cols - 2), ALIGN_LEFT, STYLE_DIM,
               text_ours(_(hints[list->settings.kind])));
}

void list_paint(struct list *list, struct area area)
{
    struct arena *arena = app_arena(list->app);
    struct list_spec spec = list_spec_now(list);
    const struct table_rows rows = {.count = (int)list->page.count,
                                    .row = row_at,
                                    .mark = mark_at,
                                    .dim = old_at,
                                    .ctx = list,
                                    .sort = (int)spec.sort,
                                    .ascending = spec.ascending};
    struct area below = area_rows(area, 1, area.rows - 1);
    list->is_old = freshness_list_is_old(list->app, list->settings.kind);
    table_paint(&list->table, list->app, below, &rows);
    list_fill(list);
    struct text where = position(list, arena, list->table.height);
    if (list->mark_count > 0)
        where = text_oursf(arena, _("%zu marked · %s"), list->mark_count, where.bytes);
    int right = area.cols - 1 - text_width(where);
    draw_text(area, 0, right, STYLE_NORMAL, where);
    int col = draw_text(area, 0, 1, STYLE_DIM, text_ours(_("Filter:"))) + 1;
    if (list->typing) {
        struct area place = {area.grid, area.row, area.col + col, 1, right - col - 2};
        prompt_paint(&list->prompt, place, true);
    } else {
        draw_field(area_cell(area, 0, col, right - col - 2), ALIGN_LEFT, STYLE_NORMAL,
                   (struct text){list->filter_text});
    }
    if (list->nothing)
        draw_wrapped(area_rows(area, 2, area.rows - 2), 0, 3, STYLE_DIM,
                     (struct text){list->nothing});
    if (list->wrong)
        paint_error(list, area, col);
    else if (list->typing)
        paint_hint(list, area);
}
