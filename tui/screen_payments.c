/* Screen 2: what was charged on the terminals. */
#include "records.h"

static struct text get_terminal(struct arena *arena, const void *row)
{
    const char *name = ((const struct row *)row)->terminal;
    return text_clean(arena, name ? name : record_of(row)->poi_id);
}

static struct text get_terminal_csv(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->poi_id);
}

static const struct column columns[] = {
    RECORDS_PAYMENT_COLUMNS,
    {N_("Terminal"), 20, ALIGN_LEFT, 1, SORT_TERMINAL, get_terminal, NULL, get_terminal_csv},
    {N_("Description"), 15, ALIGN_LEFT, 2, SORT_DESCRIPTION, record_description, NULL, NULL},
    {N_("Payment"), 0, ALIGN_LEFT, 0, NO_SORT, record_id, NULL, NULL},
};

static bool payments_open(struct app *app, void *state, const void *argument)
{
    static const struct list_settings settings = {REC_PAYMENT, columns, COUNT_OF(columns),
                                                  "payments", record_copy};
    (void)argument;
    return records_open(app, state, &settings);
}

const struct screen screen_payments = {
    .title = N_("POS"),
    .changes = CHANGED_PAYMENTS | CHANGED_MODIFICATIONS,
    .open = payments_open,
    RECORDS_HANDLERS,
};
