/* Which rows of a list are in memory: a stretch, some pages around what is on the screen. Moving
   within it costs no query; at its edge the next stretch is fetched by key, overlapping, and the
   move is made again. The reader thread may answer late: until then the old stretch stays as it is.
   One question is on its way at a time. News never replace it, or a slow one would not be answered
   as long as news keep coming: they are asked about when it is here.
 */
#include "list_internal.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES = 4, FIRST_HEIGHT = 40, TOTALS_REST_MS = 500, TOTALS_SHARE = 4 };

/* --- order -------------------------------------------------------------------------------- */

static int count_sortable(const struct list *list)
{
    int count = 0;
    for (size_t i = 0; i < list->settings.column_count; i++)
        count += list->settings.columns[i].sort != NO_SORT;
    return count;
}

/* Newest and largest first, words from A on; the second time round the other way. */
struct list_spec list_spec_now(const struct list *list)
{
    struct list_spec spec = {.kind = list->settings.kind, .filter = list->filter};
    int count = count_sortable(list), wanted = count ? list->sort_step % count : 0;
    for (size_t i = 0; i < list->settings.column_count; i++) {
        int sort = list->settings.columns[i].sort;
        if (sort == NO_SORT || wanted-- > 0)
            continue;
        spec.sort = (enum sort_by)sort;
        break;
    }
    bool falls = spec.sort == SORT_CREATED || spec.sort == SORT_AMOUNT;
    spec.ascending = falls == (list->sort_step >= count && count > 0);
    return spec;
}

void list_sort_next(struct list *list)
{
    list->sort_step = (list->sort_step + 1) % (2 * count_sortable(list));
    list_start_over(list);
}

/* --- totals ------------------------------------------------------------------------------- */

static void ask_totals(struct list *list);

static void on_totals_due(void *ctx)
{
    struct list *list = ctx;
    list->totals_timer = NULL;
    if (list->totals_wanted)
        ask_totals(list);
}

/* Counting a million rows keeps a core busy: while news pour in, only a share of the time. */
static void rest_from_totals(struct list *list)
{
    int64_t rest = (clock_boot_ms() - list->totals_begun_ms) * TOTALS_SHARE;
    list->totals_timer = loop_timer_start(
        app_loop(list->app), rest > TOTALS_REST_MS ? rest : TOTALS_REST_MS, on_totals_due, list);
}

static void on_totals(void *ctx, const struct list_totals *totals)
{
    struct list *list = ctx;
    bool changed = totals->ok && list->totals.ok && totals->count != list->totals.count;
    list->totals_running = false;
    list->totals = *totals;
    if (totals->ok && list->at_end && !list->at_start)
        list->first = totals->count - (int64_t)list->page.count;
    else if (changed && !list->at_start)
        list->first = -1;
    rest_from_totals(list);
    app_dirty(list->app);
}

static void ask_totals(struct list *list)
{
    list->totals_wanted = list->totals_running || list->totals_timer;
    if (list->totals_wanted)
        return;
    struct list_spec spec = list_spec_now(list);
    list->totals_running = true;
    list->totals_begun_ms = clock_boot_ms();
    cache_totals(app_desk(list->app)->cache, app_loop(list->app), (int)list->settings.kind, &spec,
                 on_totals, list);
}

/* Those of another list are of no use; its own are asked for at once. */
static void restart_totals(struct list *list)
{
    list_stop_totals(list);
    list->totals.ok = false;
    ask_totals(list);
}

void list_stop_totals(struct list *list)
{
    cache_totals_forget(app_desk(list->app)->cache, (int)list->settings.kind);
    loop_timer_stop(app_loop(list->app), list->totals_timer);
    list->totals_timer = NULL;
    list->totals_running = false;
}

/* --- stretches ---------------------------------------------------------------------------- */

static int page_height(const struct list *list)
{
    return list->table.height > 0 ? list->table.height : FIRST_HEIGHT;
}

static int find_row(const struct row_page *page, const char *id)
{
    for (size_t i = 0; id && i < page->count; i++) {
        if (strcmp(page->rows[i].record.id, id) == 0)
            return (int)i;
    }
    return -1;
}

static void note_position(struct list *list, const struct row_page *page)
{
    int64_t count = (int64_t)page->count;
    switch (list->asked_from) {
    case FROM_FIRST:
        list->first = 0;
        list->at_start = true;
        list->at_end = !page->more;
        break;
    case FROM_LAST:
        list->at_end = true;
        list->at_start = !page->more;
        list->first = list->at_start ? 0 : list->totals.ok ? list->totals.count - count : -1;
        break;
    case FROM_AFTER:
        list->first = list->first < 0 ? -1 : list->first + list->asked_anchor + 1;
        list->at_start = false;
        list->at_end = !page->more;
        break;
    case FROM_BEFORE:
        list->at_start = !page->more;
        list->at_end = false;
        list->first = list->at_start    ? 0
                      : list->first < 0 ? -1
                                        : list->first + list->asked_anchor - count;
        break;
    }
}

static bool move_inside(struct list *list, enum command command);

/* Where the cursor is in a page that has just come: on its row, if that is still there. */
static int find_cursor(const struct list *list, const struct row_page *page)
{
    const struct row *selected = list_selected(list);
    int index = find_row(page, selected ? selected->record.id : NULL);
    if (list->from_top || (list->asked_from == FROM_FIRST && list->pending_move == COMMAND_FIRST))
        return 0;
    if (list->asked_from == FROM_LAST)
        return (int)page->count - 1;
    return index >= 0 ? index : list->table.cursor;
}

static void note_nothing(struct list *list)
{
    struct arena arena = {0};
    struct cache *cache = app_desk(list->app)->cache;
    free(list->nothing);
    list->nothing = NULL;
    if (list->page.count > 0 || filter_is_empty(list->filter))
        return;
    struct text count = format_count(&arena, cache_count(cache, list->settings.kind));
    struct text known = nothing_known(&arena, cache, list->settings.kind, list->filter);
    list->nothing =
        mem_strdup(text_oursf(&arena, _("Nothing fits this filter (0 of %s). %s%s%s"), count.bytes,
                              known.bytes, *known.bytes ? " " : "", _("Esc clears it."))
                       .bytes);
    arena_done(&arena);
}

static void on_page(void *ctx, struct row_page *page, const struct err *err)
{
    struct list *list = ctx;
    bool reload = list->reload_wanted;
    bool from_top = list->from_top ||
                    (list->at_start && list->table.top == 0 && list->asked_from == FROM_FIRST);
    list->asking = list->reload_wanted = false;
    if (!page) {
        list->pending_move = COMMAND_NONE;
        list->from_top = false;
        app_error(list->app, err);
        return;
    }
    int offset = list->table.cursor - list->table.top;
    list->table.cursor = find_cursor(list, page);
    enum command move = list->pending_move;
    list->pending_move = COMMAND_NONE;
    list->from_top = false;
    note_position(list, page);
    row_page_done(&list->page);
    list->page = *page;
    note_nothing(list);
    /* At the top, news come into sight above the cursor; further down, rows stay where they are. */
    list->table.top = from_top || list->table.cursor < offset ? 0 : list->table.cursor - offset;
    /* News must not push the window down where nobody has moved: it goes on from the newest. */
    if (from_top && !list->chosen && list->table.cursor >= page_height(list))
        list->table.cursor = 0;
    if (move != COMMAND_NONE && move != COMMAND_FIRST && move != COMMAND_LAST)
        move_inside(list, move);
    if (reload)
        list_reload(list);
    app_dirty(list->app);
}

static void fetch(struct list *list, enum page_from from, int anchor, enum command then)
{
    struct list_spec spec = list_spec_now(list);
    int count = (int)list->page.count;
    bool anchored = (from == FROM_AFTER || from == FROM_BEFORE) && count > 0;
    if (from == FROM_AFTER && anchor < 0 && list->at_start)
        anchored = false; /* nothing lies before what is wanted */
    anchor = anchor < 0 ? 0 : anchor >= count ? count - 1 : anchor;
    list->asked_from = anchored || from == FROM_LAST ? from : FROM_FIRST;
    list->asked_anchor = anchor;
    list->pending_move = then;
    list->asking = true;
    const struct page_request request = {&spec, list->asked_from,
                                         anchored ? &list->page.rows[anchor] : NULL,
                                         (size_t)(PAGES * page_height(list))};
    cache_list_soon(app_desk(list->app)->cache, app_loop(list->app), (int)list->settings.kind,
                    &request, on_page, list);
}

void list_reload(struct list *list)
{
    int top = list->table.top, height = page_height(list);
    ask_totals(list);
    if (list->asking)
        list->reload_wanted = true;
    else if (list->at_start && top <= height)
        fetch(list, FROM_FIRST, 0, COMMAND_NONE);
    else if (top > 0)
        fetch(list, FROM_AFTER, top - height, COMMAND_NONE);
    else /* the first row of the stretch, with others before it */
        fetch(list, FROM_BEFORE, 2 * height, COMMAND_NONE);
}

/* The window has grown beyond the rows that are here. */
void list_fill(struct list *list)
{
    const struct table *table = &list->table;
    if (!list->asking && table->top + table->height > (int)list->page.count && !list->at_end)
        fetch(list, FROM_AFTER, table->top - table->height, COMMAND_NONE);
}

/* Another filter or order: from its first row on. */
void list_start_over(struct list *list)
{
    list->from_top = true;
    list->chosen = false;
    list->reload_wanted = false;
    fetch(list, FROM_FIRST, 0, COMMAND_NONE);
    restart_totals(list);
}

/* --- moving ------------------------------------------------------------------------------- */

/* Makes the move if the rows for it are here. */
static bool move_inside(struct list *list, enum command command)
{
    int count = (int)list->page.count, height = page_height(list);
    struct table *table = &list->table;
    bool here =
        (command == COMMAND_UP && (table->cursor > 0 || list->at_start)) ||
        (command == COMMAND_DOWN && (table->cursor + 1 < count || list->at_end)) ||
        (command == COMMAND_PAGE_UP && (table->top >= height || list->at_start)) ||
        (command == COMMAND_PAGE_DOWN && (table->top + 2 * height <= count || list->at_end)) ||
        (command == COMMAND_FIRST && list->at_start) || (command == COMMAND_LAST && list->at_end);
    if (here)
        table_move(table, command, count);
    return here;
}

/* While another list is awaited, one moves in the old one as far as it is here. */
static void move_or_fetch(struct list *list, enum command command, enum page_from from, int anchor)
{
    if (!move_inside(list, command) && !list->from_top)
        fetch(list, from, anchor, command);
}

static bool move(struct list *list, enum command command)
{
    int height = page_height(list), top = list->table.top;
    switch (command) {
    case COMMAND_UP:
    case COMMAND_PAGE_UP:
        move_or_fetch(list, command, FROM_BEFORE, top + 2 * height);
        return true;
    case COMMAND_DOWN:
    case COMMAND_PAGE_DOWN:
        move_or_fetch(list, command, FROM_AFTER, top - height);
        return true;
    case COMMAND_FIRST:
    case COMMAND_LAST:
        move_or_fetch(list, command, command == COMMAND_FIRST ? FROM_FIRST : FROM_LAST, 0);
        return true;
    default:
        return false;
    }
}

bool list_move(struct list *list, enum command command)
{
    if (!move(list, command))
        return false;
    list->chosen = command != COMMAND_FIRST && list->table.cursor > 0;
    return true;
}
