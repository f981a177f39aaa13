/* Screen 1: the payment sessions. */
#include "records.h"

static const struct column columns[] = {
    RECORDS_PAYMENT_COLUMNS,
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
