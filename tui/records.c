#include "records.h"

#include "detail.h"
#include "words.h"

#include <strings.h>

/* --- columns ---------------------------------------------------------------------------------- */

const struct record *record_of(const void *row)
{
    return &((const struct row *)row)->record;
}

struct text record_created(struct arena *arena, const void *row)
{
    return format_when(arena, &record_of(row)->created);
}

struct text record_created_csv(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->created.text);
}

struct text record_status(struct arena *arena, const void *row)
{
    static const char *const holds[] = {[HOLD_HELD] = N_("held"),
                                        [HOLD_CANCELLED] = N_("cancelled"),
                                        [HOLD_CAPTURED] = N_("captured")};
    enum hold_state hold = ((const struct row *)row)->hold;
    if (hold != HOLD_NONE)
        return text_ours(_(holds[hold]));
    return words_status(arena, record_of(row)->kind, record_of(row)->status);
}

enum style style_of_status(enum record_kind kind, const char *status)
{
    static const enum style styles[] = {[STATUS_OPEN] = STYLE_WARN,
                                        [STATUS_GOOD] = STYLE_NORMAL,
                                        [STATUS_BAD] = STYLE_BAD,
                                        [STATUS_OTHER] = STYLE_WARN};
    return styles[status_classify(kind, status)];
}

enum style record_status_style(const void *row)
{
    return style_of_status(record_of(row)->kind, record_of(row)->status);
}

struct text record_amount_text(struct arena *arena, const struct record *record)
{
    bool needless = record->kind == REC_MODIFICATION && record->type &&
                    (strcasecmp(record->type, op_name(OP_CANCEL)) == 0 ||
                     strcasecmp(record->type, op_name(OP_EXTEND)) == 0);
    return needless && !record->amount.known ? text_ours("")
                                             : format_money(arena, &record->amount);
}

/* An amount is not cut: one too long for its column does without group marks. */
struct text record_amount(struct arena *arena, const void *row)
{
    const struct money *amount = &record_of(row)->amount;
    struct text grouped = record_amount_text(arena, record_of(row));
    char plain[MONEY_TEXT_SIZE];
    if (text_width(grouped) <= AMOUNT_COLS)
        return grouped;
    return text_oursf(arena, "%s %s", money_format(amount, format_money_style(), false, plain),
                      text_clean(arena, amount->currency).bytes);
}

struct text record_amount_csv(struct arena *arena, const void *row)
{
    char plain[MONEY_TEXT_SIZE];
    const struct money *amount = &record_of(row)->amount;
    return text_oursf(arena, "%s",
                      amount->known ? money_format(amount, MONEY_POINT, false, plain) : "");
}

struct text record_currency(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->amount.currency);
}

struct text record_hold(struct arena *arena, const void *row)
{
    (void)arena;
    return text_ours(record_of(row)->is_preauth == 1 ? "P" : "");
}

struct text record_reference(struct arena *arena, const void *row)
{
    return text_clean(arena, ((const struct row *)row)->reference);
}

struct text record_description(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->description);
}

struct text record_id(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->id);
}

struct text record_payment(struct arena *arena, const void *row)
{
    return text_clean(arena, record_of(row)->payment_reference);
}

struct text record_copy(struct arena *arena, const struct row *row)
{
    const char *own = row->reference && *row->reference ? row->reference : row->record.id;
    return text_clean(arena, own);
}

int64_t record_age_ms(const struct stamp *stamp)
{
    int64_t now = clock_utc_ms();
    int64_t age = (stamp->zoned ? now : format_wall_ms(now)) - stamp->ms;
    return stamp->ms != 0 && age > 0 ? age : 0;
}

int64_t record_hold_left_ms(const struct stamp *began, int hold_days)
{
    return hold_days * (INT64_C(24) * 3600 * 1000) - record_age_ms(began);
}

/* --- the screens ------------------------------------------------------------------------------ */

bool records_open(struct app *app, void *state, const struct list_settings *settings)
{
    ((struct records *)state)->list = list_new(app, settings);
    return true;
}

void records_close(struct app *app, void *state)
{
    (void)app;
    list_free(((struct records *)state)->list);
}

void records_reload(struct app *app, void *state, unsigned bits)
{
    (void)app, (void)bits;
    list_reload(((struct records *)state)->list);
}

void records_paint(struct app *app, void *state, struct area area)
{
    (void)app;
    list_paint(((struct records *)state)->list, area);
}

bool records_key(struct app *app, void *state, uint32_t key)
{
    (void)app;
    return list_key(((struct records *)state)->list, key);
}

void records_paste(struct app *app, void *state, struct text text)
{
    (void)app;
    list_paste(((struct records *)state)->list, text);
}

bool records_command(struct app *app, void *state, enum command command)
{
    struct list *list = ((struct records *)state)->list;
    const struct row *row = list_selected(list);
    if (command != COMMAND_OPEN)
        return list_command(list, command);
    if (row)
        detail_open(app, row->record.kind, row->record.id);
    return true;
}

bool records_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    (void)app;
    return list_target(((struct records *)state)->list, arena, out);
}
