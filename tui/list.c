/* The rows in memory are a stretch of the list, some pages around what is on the screen. Moving
   within it costs no query; at its edge the next stretch is fetched by key, overlapping, and the
   move is made again. The reader thread may answer late: until then the old stretch stays as it is.
 */
#include "list_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 4, FIRST_HEIGHT = 40, FILTER_MAX = 300, MARKS_MAX = 1000 };

/* --- order -------------------------------------------------------------------------------- */

static int sortable(const struct list *list)
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
    int count = sortable(list), wanted = count ? list->sort_step % count : 0;
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

/* --- totals ------------------------------------------------------------------------------- */

static void ask_totals(struct list *list);

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
    if (list->totals_wanted)
        ask_totals(list);
    app_dirty(list->app);
}

static void ask_totals(struct list *list)
{
    list->totals_wanted = list->totals_running;
    if (list->totals_running)
        return;
    struct list_spec spec = list_spec_now(list);
    list->totals_running = true;
    cache_totals(app_desk(list->app)->cache, app_loop(list->app), (int)list->settings.kind, &spec,
                 on_totals, list);
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

static void on_page(void *ctx, struct row_page *page, const struct err *err)
{
    struct list *list = ctx;
    if (!page) {
        app_error(list->app, err);
        return;
    }
    const struct row *selected = list_selected(list);
    int offset = list->table.cursor - list->table.top;
    int index = list->from_top ? 0 : find_row(page, selected ? selected->record.id : NULL);
    note_position(list, page);
    row_page_done(&list->page);
    list->page = *page;
    if (list->asked_from == FROM_LAST)
        list->table.cursor = (int)page->count - 1;
    else if (list->asked_from == FROM_FIRST && list->pending_move == COMMAND_FIRST)
        list->table.cursor = 0;
    else if (index >= 0)
        list->table.cursor = index;
    list->table.top = list->table.cursor - offset;
    if (list->from_top || list->table.top < 0)
        list->table.top = 0;
    enum command move = list->pending_move;
    list->pending_move = COMMAND_NONE;
    list->from_top = false;
    if (move != COMMAND_NONE && move != COMMAND_FIRST && move != COMMAND_LAST)
        move_inside(list, move);
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
    const struct page_request request = {&spec, list->asked_from,
                                         anchored ? &list->page.rows[anchor] : NULL,
                                         (size_t)(PAGES * page_height(list))};
    cache_list_soon(app_desk(list->app)->cache, app_loop(list->app), (int)list->settings.kind,
                    &request, on_page, list);
}

void list_reload(struct list *list)
{
    int top = list->table.top;
    /* At the top, news are to be seen; further down, what is on the screen stays there. */
    if (top == 0)
        fetch(list, FROM_FIRST, 0, list->pending_move);
    else
        fetch(list, FROM_AFTER, top - page_height(list), list->pending_move);
    ask_totals(list);
}

/* The window has grown beyond the rows that are here. */
void list_fill(struct list *list)
{
    const struct table *table = &list->table;
    if (table->top + table->height > (int)list->page.count && !list->at_end)
        fetch(list, FROM_AFTER, table->top - table->height, list->pending_move);
}

/* Another filter or order: from its first row on. */
static void start_over(struct list *list)
{
    list->from_top = true;
    list->totals.ok = false;
    fetch(list, FROM_FIRST, 0, COMMAND_NONE);
    ask_totals(list);
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

static bool move(struct list *list, enum command command)
{
    int height = page_height(list), top = list->table.top;
    switch (command) {
    case COMMAND_UP:
    case COMMAND_PAGE_UP:
        if (!move_inside(list, command))
            fetch(list, FROM_BEFORE, top + 2 * height, command);
        return true;
    case COMMAND_DOWN:
    case COMMAND_PAGE_DOWN:
        if (!move_inside(list, command))
            fetch(list, FROM_AFTER, top - height, command);
        return true;
    case COMMAND_FIRST:
    case COMMAND_LAST:
        if (!move_inside(list, command))
            fetch(list, command == COMMAND_FIRST ? FROM_FIRST : FROM_LAST, 0, command);
        return true;
    default:
        return false;
    }
}

/* --- marks -------------------------------------------------------------------------------- */

int list_find_mark(const struct list *list, const char *id)
{
    for (size_t i = 0; i < list->mark_count; i++) {
        if (strcmp(list->marks[i], id) == 0)
            return (int)i;
    }
    return -1;
}

static void drop_marks(struct list *list)
{
    for (size_t i = 0; i < list->mark_count; i++)
        free(list->marks[i]);
    free(list->marks);
    list->marks = NULL;
    list->mark_count = 0;
}

static void toggle_mark(struct list *list)
{
    const struct row *row = list_selected(list);
    if (!row)
        return;
    int at = list_find_mark(list, row->record.id);
    if (at >= 0) {
        free(list->marks[at]);
        list->marks[at] = list->marks[--list->mark_count];
    } else if (list->mark_count < MARKS_MAX) {
        list->marks = mem_resize(list->marks, list->mark_count + 1, sizeof *list->marks);
        list->marks[list->mark_count++] = mem_strdup(row->record.id);
    }
    move(list, COMMAND_DOWN);
}

/* --- filter ------------------------------------------------------------------------------- */

bool list_set_filter(struct list *list, const char *text)
{
    struct filter_context context = format_filter_context();
    struct filter *filter = filter_parse(text, list->settings.kind, &context, &list->error);
    list->wrong = !filter;
    app_dirty(list->app);
    if (!filter)
        return false;
    filter_free(list->filter);
    list->filter = filter;
    if (strcmp(text, list->filter_text) != 0)
        drop_marks(list); /* a mark on a row that is not to be seen would surprise */
    size_t len = strnlen(text, sizeof list->filter_text - 1);
    memmove(list->filter_text, text, len);
    list->filter_text[len] = '\0';
    start_over(list);
    return true;
}

/* Bytes of what is typed without a key:value at its end that is still being typed. */
static size_t finished_length(const struct prompt *prompt)
{
    size_t token = prompt->len;
    while (token > 0 && prompt->text[token - 1] != ' ')
        token--;
    return strchr(prompt->text + token, ':') ? token : prompt->len;
}

/* The list narrows with every key. What cannot be understood yet is no mistake before Enter: until
   then the list is the one from before. */
static void narrow(struct list *list)
{
    char text[PROMPT_MAX] = {0};
    memcpy(text, list->prompt.text, finished_length(&list->prompt));
    if (strcmp(text, list->filter_text) != 0 && !list_set_filter(list, text))
        list_set_filter(list, list->before);
    list->wrong = false;
}

/* Enter: a wrong token is shown where it is, and the old list stays. */
static void accept(struct list *list)
{
    list->typing = !list_set_filter(list, list->prompt.text);
    if (!list->typing)
        return;
    struct filter_error error = list->error;
    list_set_filter(list, list->before);
    list->error = error;
    list->wrong = true;
    app_message(list->app, STYLE_BAD,
                words_filter_error(app_arena(list->app), list->prompt.text, &error));
}

bool list_key(struct list *list, uint32_t key)
{
    if (!list->typing)
        return false;
    if (key == KEY_ESC) {
        list->typing = false;
        list_set_filter(list, list->before);
    } else if (key == KEY_RETURN || key == KEY_ARROW_DOWN) {
        accept(list);
    } else if (prompt_key(&list->prompt, key)) {
        narrow(list);
    }
    return true;
}

void list_paste(struct list *list, struct text text)
{
    if (!list->typing) {
        app_message(list->app, STYLE_NORMAL,
                    text_ours(_("Pasted text is only taken where one can type.")));
        return;
    }
    prompt_paste(&list->prompt, text);
    narrow(list);
}

static void type_filter(struct list *list)
{
    memcpy(list->before, list->filter_text, sizeof list->before);
    prompt_init(&list->prompt, list->filter_text, FILTER_MAX);
    list->typing = true;
}

/* --- commands ----------------------------------------------------------------------------- */

const struct row *list_selected(const struct list *list)
{
    int cursor = list->table.cursor;
    return cursor >= 0 && (size_t)cursor < list->page.count ? &list->page.rows[cursor] : NULL;
}

bool list_target(struct list *list, struct arena *arena, struct target *out)
{
    const struct row *row = list_selected(list);
    if (!row)
        return false;
    *out = (struct target){.kind = list->settings.kind,
                           .id = arena_strdup(arena, row->record.id),
                           .payment_reference = arena_strdup(arena, row->record.payment_reference),
                           .copy = list->settings.reference(arena, row).bytes};
    return true;
}

static void copy_reference(struct list *list)
{
    struct target target;
    struct arena *arena = app_arena(list->app);
    if (!list_target(list, arena, &target))
        return;
    bool sent = term_copy(target.copy);
    app_message(
        list->app, sent ? STYLE_GOOD : STYLE_NORMAL,
        text_oursf(arena, sent ? _("%s copied") : "%s", text_clean(arena, target.copy).bytes));
}

static void start_export(struct list *list)
{
    if (export_is_running(list->export))
        return;
    struct list_spec spec = list_spec_now(list);
    export_free(list->export);
    list->export =
        export_start(list->app, &list->settings, list->filter_text, spec.sort, spec.ascending);
}

bool list_command(struct list *list, enum command command)
{
    switch (command) {
    case COMMAND_FILTER:
        type_filter(list);
        return true;
    case COMMAND_CLEAR:
        drop_marks(list);
        if (*list->filter_text || list->wrong)
            list_set_filter(list, "");
        return true;
    case COMMAND_SORT:
        list->sort_step = (list->sort_step + 1) % (2 * sortable(list));
        start_over(list);
        return true;
    case COMMAND_MARK:
        toggle_mark(list);
        return true;
    case COMMAND_COPY:
        copy_reference(list);
        return true;
    case COMMAND_EXPORT:
        start_export(list);
        return true;
    case COMMAND_REFRESH:
        sync_refresh(app_desk(list->app)->sync, list->settings.kind);
        app_message(list->app, STYLE_NORMAL, text_ours(_("Asking for news…")));
        return true;
    default:
        return move(list, command);
    }
}

/* --- life --------------------------------------------------------------------------------- */

struct list *list_new(struct app *app, const struct list_settings *settings)
{
    struct list *list = mem_alloc(sizeof *list);
    list->app = app;
    list->settings = *settings;
    list->table.columns = settings->columns;
    list->table.column_count = settings->column_count;
    prompt_init(&list->prompt, NULL, FILTER_MAX);
    start_over(list);
    return list;
}

void list_free(struct list *list)
{
    struct cache *cache = app_desk(list->app)->cache;
    cache_list_forget(cache, (int)list->settings.kind);
    cache_totals_forget(cache, (int)list->settings.kind);
    export_free(list->export);
    drop_marks(list);
    row_page_done(&list->page);
    filter_free(list->filter);
    free(list);
}
