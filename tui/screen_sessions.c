/* Screen 1: the payment sessions. */
#include "ui.h"

#include <string.h>

struct sessions {
    struct list *list;
};

/* --- columns ------------------------------------------------------------------------------ */

static const struct record *record_of(const void *row)
{
    return &((const struct row *)row)->record;
}

static struct text get_created(struct arena *arena, const void *row)
{
    return format_when(arena, &record_of(row)->created);
}

static struct text csv_created(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->created.text);
}

static struct text get_status(struct arena *arena, const void *row)
{
    return words_status(arena, REC_SESSION, record_of(row)->status);
}

static enum style status_style(const void *row)
{
    static const enum style styles[] = {[STATUS_OPEN] = STYLE_WARN,
                                        [STATUS_GOOD] = STYLE_NORMAL,
                                        [STATUS_BAD] = STYLE_BAD,
                                        [STATUS_OTHER] = STYLE_WARN};
    return styles[status_classify(REC_SESSION, record_of(row)->status)];
}

static struct text get_amount(struct arena *arena, const void *row)
{
    return format_money(arena, &record_of(row)->amount);
}

static struct text csv_amount(struct arena *arena, const void *row)
{
    char plain[MONEY_TEXT_SIZE];
    const struct money *amount = &record_of(row)->amount;
    return text_oursf(arena, "%s",
                      amount->known ? money_format(amount, MONEY_POINT, false, plain) : "");
}

static struct text get_currency(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->amount.currency);
}

static struct text get_preauth(struct arena *arena, const void *row)
{
    (void)arena;
    return text_ours(record_of(row)->is_preauth == 1 ? "P" : "");
}

static struct text get_reference(struct arena *arena, const void *row)
{
    return text_clean(arena, ((const struct row *)row)->reference);
}

static struct text get_description(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->description);
}

static struct text get_id(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->id);
}

static struct text get_payment(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->payment_reference);
}

static const struct column columns[] = {
    {N_("Created"), 12, ALIGN_LEFT, 0, SORT_CREATED, get_created, NULL, csv_created},
    {N_("Status"), 10, ALIGN_LEFT, 0, SORT_STATUS, get_status, status_style, NULL},
    {N_("Amount"), 13, ALIGN_RIGHT, 0, SORT_AMOUNT, get_amount, NULL, csv_amount},
    {N_("Currency"), 0, ALIGN_LEFT, 0, NO_SORT, get_currency, NULL, NULL},
    {N_("P"), 1, ALIGN_LEFT, 2, NO_SORT, get_preauth, NULL, NULL},
    {N_("Reference"), 16, ALIGN_LEFT, 0, SORT_REFERENCE, get_reference, NULL, NULL},
    {N_("Description"), 15, ALIGN_LEFT, 1, SORT_DESCRIPTION, get_description, NULL, NULL},
    {N_("Session"), 0, ALIGN_LEFT, 0, NO_SORT, get_id, NULL, NULL},
    {N_("Payment"), 0, ALIGN_LEFT, 0, NO_SORT, get_payment, NULL, NULL},
};

/* The reference people gave it, else the session's own id. */
static struct text reference(struct arena *arena, const struct row *row)
{
    const char *own = row->reference && *row->reference ? row->reference : row->record.id;
    return (struct text){arena_strdup(arena, own)};
}

/* --- the screen --------------------------------------------------------------------------- */

static bool sessions_open(struct app *app, void *state, const void *argument)
{
    (void)argument;
    static const struct list_settings settings = {REC_SESSION, columns, COUNT_OF(columns),
                                                  "sessions", reference};
    ((struct sessions *)state)->list = list_new(app, &settings);
    return true;
}

static void sessions_close(struct app *app, void *state)
{
    (void)app;
    list_free(((struct sessions *)state)->list);
}

static void sessions_reload(struct app *app, void *state, unsigned bits)
{
    (void)app, (void)bits;
    list_reload(((struct sessions *)state)->list);
}

static void sessions_paint(struct app *app, void *state, struct area area)
{
    (void)app;
    list_paint(((struct sessions *)state)->list, area);
}

static bool sessions_key(struct app *app, void *state, uint32_t key)
{
    (void)app;
    return list_key(((struct sessions *)state)->list, key);
}

static void sessions_paste(struct app *app, void *state, struct text text)
{
    (void)app;
    list_paste(((struct sessions *)state)->list, text);
}

static bool sessions_command(struct app *app, void *state, enum command command)
{
    (void)app;
    return list_command(((struct sessions *)state)->list, command);
}

static bool sessions_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    (void)app;
    return list_target(((struct sessions *)state)->list, arena, out);
}

const struct screen screen_sessions = {
    .title = N_("Sessions"),
    .scope = SCOPE_LIST,
    .state_size = sizeof(struct sessions),
    .changes = CHANGED_SESSIONS,
    .open = sessions_open,
    .close = sessions_close,
    .reload = sessions_reload,
    .paint = sessions_paint,
    .key = sessions_key,
    .paste = sessions_paste,
    .command = sessions_command,
    .target = sessions_target,
};
