/* Screen 3: refunds, captures, cancellations and extensions of all payments. */
#include "records.h"
#include "words.h"

#include <string.h>

static struct text get_type(struct arena *arena, const void *row)
{
    return words_type(arena, record_of(row)->type);
}

/* What one wants to know of it: how long it has been open, why it failed, or why it was asked. */
static struct text get_note(struct arena *arena, const void *row)
{
    const struct record *record = record_of(row);
    enum status_class class = status_classify(REC_MODIFICATION, record->status);
    if (class == STATUS_BAD)
        return text_clean(arena, record->failure_reason);
    if (class == STATUS_GOOD)
        return words_reason(arena, record->reason);
    return text_oursf(arena, _("for %s"), format_ago(arena, record_age_ms(&record->created)).bytes);
}

static enum style note_style(const void *row)
{
    enum status_class class = status_classify(REC_MODIFICATION, record_of(row)->status);
    return class == STATUS_BAD ? STYLE_BAD : class == STATUS_GOOD ? STYLE_DIM : STYLE_WARN;
}

static struct text get_reason(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->reason);
}

static struct text get_failure(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->failure_reason);
}

/* What tells one from another: webcode and tag before it are the same in nearly every row. */
static struct text get_payment(struct arena *arena, const void *row)
{
    const char *reference = record_of(row)->payment_reference;
    const char *last = reference ? strrchr(reference, '-') : NULL;
    return text_clean(arena, last ? last + 1 : reference);
}

static const struct column columns[] = {
    {N_("Created"), CREATED_COLS, ALIGN_LEFT, 0, SORT_CREATED, record_created, NULL,
     record_created_csv},
    {N_("Type"), 10, ALIGN_LEFT, 0, SORT_TYPE, get_type, NULL, NULL},
    {N_("Status"), STATUS_COLS, ALIGN_LEFT, 0, SORT_STATUS, record_status, record_status_style,
     NULL},
    {N_("Amount"), AMOUNT_COLS, ALIGN_RIGHT, 0, SORT_AMOUNT, record_amount, NULL,
     record_amount_csv},
    {N_("Currency"), 0, ALIGN_LEFT, 0, NO_SORT, record_currency, NULL, NULL},
    {N_("Payment"), 16, ALIGN_LEFT, 0, NO_SORT, get_payment, NULL, record_payment},
    {N_("Note"), 10, ALIGN_LEFT, 1, NO_SORT, get_note, note_style, get_reason},
    {N_("Modification"), 0, ALIGN_LEFT, 0, NO_SORT, record_id, NULL, NULL},
    {N_("Failure"), 0, ALIGN_LEFT, 0, NO_SORT, get_failure, NULL, NULL},
};

static bool modifications_open(struct app *app, void *state, const void *argument)
{
    static const struct list_settings settings = {REC_MODIFICATION, columns, COUNT_OF(columns),
                                                  "modifications", record_copy};
    (void)argument;
    return records_open(app, state, &settings);
}

const struct screen screen_modifications = {
    .title = N_("Modifications"),
    .changes = CHANGED_MODIFICATIONS,
    .open = modifications_open,
    RECORDS_HANDLERS,
};
