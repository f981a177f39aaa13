#include "notices.h"

#include "money_screens.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MAX = 16, OPEN_MAX = 1000 };

struct told {
    char id[INTENT_ID_SIZE];
    enum style style;
    char *text;
};
struct notices {
    struct intent_page open;    /* the journal's open rows when last read */
    struct told told[TOLD_MAX]; /* the newest last; beyond that the inbox has them */
    int count;
};

/* --- what is told ------------------------------------------------------------------------- */

static void remove_told(struct app *app, int index)
{
    struct notices *notices = app->notices;
    free(notices->told[index].text);
    notices->count--;
    memmove(&notices->told[index], &notices->told[index + 1],
            (size_t)(notices->count - index) * sizeof *notices->told);
    app->dirty = true;
}

static enum style style_of_end(enum intent_state state)
{
    switch (state) {
    case INTENT_CONFIRMED:
    case INTENT_SUCCEEDED:
        return STYLE_GOOD;
    case INTENT_VOID:
    case INTENT_NOT_EXECUTED:
        return STYLE_WARN;
    default:
        return STYLE_BAD;
    }
}

/* "Approved: 7.05 EUR. Terminal Test 1, NU-21" */
static void tell(struct app *app, const struct intent *intent)
{
    struct notices *notices = app->notices;
    struct arena *arena = &app->arena;
    struct text where = intent->kind == OP_CHARGE ? money_terminal_name(app, intent->target)
                                                  : text_brief(arena, intent->target, 40);
    struct text known = text_brief(arena, intent->reference, 40);
    bool both = *where.bytes && *known.bytes;
    struct text text =
        text_oursf(arena, "%s %s%s%s", words_of_intent(arena, intent).what.bytes, where.bytes,
                   both ? ", " : "", known.bytes);
    if (notices->count == TOLD_MAX)
        remove_told(app, 0);
    struct told *told = &notices->told[notices->count++];
    snprintf(told->id, sizeof told->id, "%s", intent->id);
    told->style = style_of_end(intent->state);
    told->text = mem_strdup(text.bytes);
}

void app_outcome_seen(struct app *app, const char *intent_id)
{
    for (int i = app->notices ? app->notices->count : 0; i-- > 0;)
        if (strcmp(app->notices->told[i].id, intent_id) == 0)
            remove_told(app, i);
}

bool notices_put_away(struct app *app)
{
    if (!app->notices || app->notices->count == 0)
        return false;
    while (app->notices->count > 0)
        remove_told(app, app->notices->count - 1);
    return true;
}

struct text notices_line(struct app *app, enum style *style)
{
    const struct notices *notices = app->notices;
    if (!notices || notices->count == 0)
        return text_ours("");
    const struct told *newest = &notices->told[notices->count - 1];
    struct text key = command_key_name(&app->arena, COMMAND_OUTCOME);
    *style = newest->style;
    if (notices->count == 1)
        return text_oursf(&app->arena, _("%s · %s opens it, Esc puts it away"), newest->text,
                          key.bytes);
    return text_oursf(&app->arena, _("%s · %s opens it, Esc puts all %d away"), newest->text,
                      key.bytes, notices->count);
}

/* --- what has ended ----------------------------------------------------------------------- */

/* Its own screen is to be seen, perhaps below a question. */
static bool is_on_screen(struct app *app, const char *intent_id)
{
    for (int i = app->depth; i-- > 0;) {
        const struct layer *layer = app->stack[i];
        if (layer->screen->intent && strcmp(layer->screen->intent(layer->state), intent_id) == 0)
            return true;
        if (!layer->screen->overlay)
            break;
    }
    return false;
}

static void end(struct app *app, const char *intent_id)
{
    struct arena arena = {0};
    struct intent intent;
    if (journal_get(app->desk->journal, intent_id, &arena, &intent, NULL) &&
        !intent.acknowledged && intent.state != INTENT_RESOLVED) {
        term_bell();
        if (!is_on_screen(app, intent_id))
            tell(app, &intent);
    }
    arena_done(&arena);
}

static bool is_under_way(const struct intent *intent)
{
    return intent->own || intent->state == INTENT_SENT || intent->state == INTENT_UNKNOWN ||
           intent->state == INTENT_ACCEPTED;
}

static bool is_still_open(const struct intent_page *page, const char *intent_id)
{
    for (size_t i = 0; i < page->count; i++)
        if (strcmp(page->rows[i].id, intent_id) == 0)
            return page->rows[i].state != INTENT_MANUAL;
    return false;
}

/* Seen elsewhere: another screen, another console. */
static void drop_acknowledged(struct app *app)
{
    for (int i = app->notices->count; i-- > 0;) {
        struct arena arena = {0};
        struct intent intent;
        if (journal_get(app->desk->journal, app->notices->told[i].id, &arena, &intent, NULL) &&
            intent.acknowledged)
            remove_told(app, i);
        arena_done(&arena);
    }
}

void notices_read(struct app *app)
{
    struct intent_page page = {0};
    if (!app->notices)
        app->notices = mem_alloc(sizeof *app->notices);
    app->tally = (struct tally){0};
    if (!journal_list(app->desk->journal, INTENTS_OPEN, OPEN_MAX, &page, NULL))
        return;
    for (size_t i = 0; i < page.count; i++) {
        enum intent_state state = page.rows[i].state;
        app->tally.running += page.rows[i].own;
        app->tally.unknown += state == INTENT_UNKNOWN || state == INTENT_MANUAL;
    }
    drop_acknowledged(app);
    struct intent_page before = app->notices->open;
    app->notices->open = page;
    for (size_t i = 0; i < before.count; i++)
        if (is_under_way(&before.rows[i]) && !is_still_open(&page, before.rows[i].id))
            end(app, before.rows[i].id);
    intent_page_done(&before);
}

void notices_forget(struct app *app)
{
    if (!app->notices)
        return;
    notices_put_away(app);
    intent_page_done(&app->notices->open);
    free(app->notices);
    app->notices = NULL;
}

void command_outcome(struct app *app, enum command command)
{
    (void)command;
    if (!app->notices || app->notices->count == 0) {
        app_message(
            app, STYLE_NORMAL,
            text_ours(_("Nothing else has ended at this console; the inbox (5) has the rest.")));
        return;
    }
    char id[INTENT_ID_SIZE];
    snprintf(id, sizeof id, "%s", app->notices->told[app->notices->count - 1].id);
    remove_told(app, app->notices->count - 1);
    if (app->depth > LAYERS_MAX / 2)
        app_close_down_to(app, 0);
    money_follow(app, id);
}
