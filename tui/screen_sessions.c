/* Screen 1: the payment sessions. */
#include "records.h"

static const struct column columns[] = {
    {N_("Created"), CREATED_COLS, ALIGN_LEFT, 0, SORT_CREATED, record_created, NULL,
     record_created_csv},
    {N_("Status"), STATUS_COLS, ALIGN_LEFT, 0, SORT_STATUS, record_status, record_status_style,
     NULL},
    {N_("Amount"), AMOUNT_COLS, ALIGN_RIGHT, 0, SORT_AMOUNT, record_amount, NULL,
     record_amount_csv},
    {N_("Currency"), 0, ALIGN_LEFT, 0, NO_SORT, record_currency, NULL, NULL},
    {N_("P"), 1, ALIGN_LEFT, 0, NO_SORT, record_hold, NULL, NULL},
    {N_("Reference"), REFERENCE_COLS, ALIGN_LEFT, 0, SORT_REFERENCE, record_reference, NULL, NULL},
    {N_("Description"), 15, ALIGN_LEFT, 1, SORT_DESCRIPTION, record_description, NULL, NULL},
    {N_("Session"), 0, ALIGN_LEFT, 0, NO_SORT, record_id, NULL, NULL},
    {N_("Payment"), 0, ALIGN_LEFT, 0, NO_SORT, record_payment, NULL, NULL},
};

static bool sessions_open(struct app *app, void *state, const void *argument)
{
    static const struct list_settings settings = {REC_SESSION, columns, COUNT_OF(columns),
                                                  "sessions", record_copy};
    (void)argument;
    return records_open(app, state, &settings);
}

/* A modification marks its session. */
const struct screen screen_sessions = {
    .title = N_("Sessions"),
    .changes = CHANGED_SESSIONS | CHANGED_MODIFICATIONS,
    .open = sessions_open,
    RECORDS_HANDLERS,
};
