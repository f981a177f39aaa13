/* A list and its commands: marks, the filter line, export. What rows it has: list_rows.c. */
#include "list_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FILTER_MAX = 300, MARKS_MAX = 1000 };

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
    list_move(list, COMMAND_DOWN);
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
    list_start_over(list);
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
        list_sort_next(list);
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
        return list_move(list, command);
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
    list_start_over(list);
    return list;
}

void list_free(struct list *list)
{
    struct cache *cache = app_desk(list->app)->cache;
    cache_list_forget(cache, (int)list->settings.kind);
    list_stop_totals(list);
    export_free(list->export);
    drop_marks(list);
    row_page_done(&list->page);
    filter_free(list->filter);
    free(list->nothing);
    free(list);
}
