/* What the three lists of records (screens 1 to 3) share: their state, their handlers, and the
   columns that mean the same in each. A list screen is its columns and a descriptor. */
#ifndef TUI_RECORDS_H
#define TUI_RECORDS_H

#include "list.h"

struct records {
    struct list *list;
};
bool records_open(struct app *app, void *state, const struct list_settings *settings);
void records_close(struct app *app, void *state);
void records_reload(struct app *app, void *state, unsigned bits);
void records_paint(struct app *app, void *state, struct area area);
bool records_key(struct app *app, void *state, uint32_t key);
void records_paste(struct app *app, void *state, struct text text);
bool records_command(struct app *app, void *state, enum command command);
bool records_target(struct app *app, void *state, struct arena *arena, struct target *out);

/* Everything of a descriptor but title, changes and open. */
#define RECORDS_HANDLERS                                                                           \
    .scope = SCOPE_LIST, .state_size = sizeof(struct records), .close = records_close,             \
    .reload = records_reload, .paint = records_paint, .key = records_key, .paste = records_paste,  \
    .command = records_command, .target = records_target

/* --- columns, by struct row ------------------------------------------------------------------- */

const struct record *record_of(const void *row);
struct text record_created(struct arena *arena, const void *row);
struct text record_created_csv(struct arena *arena, const void *row);
struct text record_status(struct arena *arena, const void *row);
enum style record_status_style(const void *row);
struct text record_amount(struct arena *arena, const void *row);
/* "?" where the API gave none; nothing for a cancel or an extension, which have none to give. */
struct text record_amount_text(struct arena *arena, const struct record *record);
struct text record_amount_csv(struct arena *arena, const void *row);
struct text record_currency(struct arena *arena, const void *row);
struct text record_hold(struct arena *arena, const void *row); /* "P": a pre-authorisation */
struct text record_reference(struct arena *arena, const void *row);
struct text record_description(struct arena *arena, const void *row);
struct text record_id(struct arena *arena, const void *row);
struct text record_payment(struct arena *arena, const void *row);

/* How a row of a session or of a terminal's payment begins. */
/* clang-format off */
#define RECORDS_PAYMENT_COLUMNS                                                                    \
    {N_("Created"), CREATED_COLS, ALIGN_LEFT, 0, SORT_CREATED, record_created, NULL,               \
     record_created_csv},                                                                          \
    {N_("Status"), STATUS_COLS, ALIGN_LEFT, 0, SORT_STATUS, record_status, record_status_style,    \
     NULL},                                                                                        \
    {N_("Amount"), AMOUNT_COLS, ALIGN_RIGHT, 0, SORT_AMOUNT, record_amount, NULL,                  \
     record_amount_csv},                                                                           \
    {N_("Currency"), 0, ALIGN_LEFT, 0, NO_SORT, record_currency, NULL, NULL},                      \
    {N_("P"), 1, ALIGN_LEFT, 0, NO_SORT, record_hold, NULL, NULL},                                 \
    {N_("Reference"), REFERENCE_COLS, ALIGN_LEFT, 0, SORT_REFERENCE, record_reference, NULL,       \
     NULL}
/* clang-format on */

/* Widths that the lists have in common, in cells. */
enum { CREATED_COLS = 12, STATUS_COLS = 10, AMOUNT_COLS = 13, REFERENCE_COLS = 16 };

/* The reference people gave it, else the record's own id: what `y` copies. */
struct text record_copy(struct arena *arena, const struct row *row);
/* How long ago by the clock the stamp is told in; 0 when it is not known. */
int64_t record_age_ms(const struct stamp *stamp);
/* Until a hold lapses, by our estimate alone: the API tells no date. Negative: it may have lapsed.
 */
int64_t record_hold_left_ms(const struct stamp *began, int hold_days);
enum style style_of_status(enum record_kind kind, const char *status);

#endif
