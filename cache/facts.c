/* What is known of one payment's money: the payment's own record and its modifications added up.
   An open refund counts as spent; a figure that cannot be known makes all of them unknown. */
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

static const char *const op_names[OP_KINDS] = {
    [OP_CHARGE] = "charge", [OP_REFUND] = "refund", [OP_CAPTURE] = "capture",
    [OP_CANCEL] = "cancel", [OP_EXTEND] = "extend", [OP_LINK] = "link"};

const char *op_name(enum op_kind kind)
{
    return op_names[kind];
}

/* --- adding up ---------------------------------------------------------------------------- */

struct sums {
    struct payment_facts *facts;
    bool unclear; /* an amount is missing, too large, or of another currency */
};

static void add(struct sums *sums, int64_t *to, const struct money *amount)
{
    const struct money *whole = &sums->facts->authorised;

    if (!amount->known || !whole->known || strcmp(amount->currency, whole->currency) != 0 ||
        amount->minor < 0 || !money_add(*to, amount->minor, to))
        sums->unclear = true;
}

static int64_t stamp_latest(const struct record *record)
{
    return record->updated.ms != 0 ? record->updated.ms : record->created.ms;
}

static void add_refund(struct sums *sums, const struct record *record, bool open)
{
    add(sums, open ? &sums->facts->refunding : &sums->facts->refunded, &record->amount);
}

static void add_capture(struct sums *sums, const struct record *record, bool open)
{
    sums->facts->is_preauth = true;
    *(open ? &sums->facts->capture_open : &sums->facts->captured_any) = true;
    add(sums, open ? &sums->facts->capturing : &sums->facts->captured, &record->amount);
}

static void add_cancel(struct sums *sums, const struct record *record, bool open)
{
    (void)record;
    *(open ? &sums->facts->cancelling : &sums->facts->cancelled) = true;
}

static void add_extend(struct sums *sums, const struct record *record, bool open)
{
    if (open)
        sums->facts->extending = true;
    else if (stamp_latest(record) > sums->facts->extended_ms)
        sums->facts->extended_ms = stamp_latest(record);
}

static const struct {
    const char *type;
    void (*add)(struct sums *sums, const struct record *record, bool open);
} types[] = {{"refund", add_refund},
             {"capture", add_capture},
             {"cancel", add_cancel},
             {"extend", add_extend}};

/* A type we do not know may have given money back: it counts as an open refund. */
static void add_modification(struct sums *sums, const struct record *record)
{
    enum status_class class = status_classify(REC_MODIFICATION, record->status);

    if (class == STATUS_BAD)
        return;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (record->type != NULL && strcasecmp(record->type, types[i].type) == 0) {
            types[i].add(sums, record, class != STATUS_GOOD);
            return;
        }
    }
    add_refund(sums, record, true);
}

bool cache_payment_facts(struct cache *cache, const char *payment_reference,
                         struct payment_facts *out, struct err *err)
{
    struct arena arena = {0};
    struct row payment = {0};
    struct row_page page = {0};
    struct sums sums = {out, false};

    *out = (struct payment_facts){0};
    bool good = cache_get_payment(cache, payment_reference, &arena, &payment, err) &&
                cache_modifications_of(cache, payment_reference, &page, err);
    if (good) {
        const struct record *record = &payment.record;
        out->authorised = record->amount;
        out->is_preauth = record->is_preauth == 1;
        out->final_enough = status_classify(record->kind, record->status) == STATUS_GOOD;
        out->authorised_ms = record->completed.ms != 0 ? record->completed.ms : record->created.ms;
        for (size_t i = 0; i < page.count; i++)
            add_modification(&sums, &page.rows[i].record);
        if (!out->is_preauth && out->final_enough) {
            out->captured = out->authorised.minor;
            out->captured_any = true;
        }
        out->left = out->captured - out->refunded - out->refunding;
        if (sums.unclear)
            out->authorised.known = false;
        if (!out->authorised.known)
            out->captured = out->refunded = out->refunding = out->capturing = out->left = 0;
    }
    row_page_done(&page);
    arena_done(&arena);
    return good;
}

/* --- what may be done --------------------------------------------------------------------- */

static enum why_not refund_possible(const struct payment_facts *facts)
{
    if (!facts->captured_any)
        return facts->capture_open ? WHY_IN_PROGRESS : WHY_NOT_CAPTURED;
    return facts->left > 0 ? WHY_POSSIBLE : WHY_NOTHING_LEFT;
}

/* Capture, cancel and extend act on a hold that nothing has been done with yet. */
static enum why_not hold_possible(const struct payment_facts *facts)
{
    if (!facts->is_preauth)
        return WHY_NOT_PREAUTH;
    if (facts->captured_any)
        return WHY_ALREADY_CAPTURED;
    return facts->capture_open || facts->extending ? WHY_IN_PROGRESS : WHY_POSSIBLE;
}

/* Nobody can confirm an amount that nobody knows, be it in the request or only in the question. */
enum why_not payment_action_possible(const struct payment_facts *facts, enum op_kind kind)
{
    bool has_amount = kind == OP_REFUND || kind == OP_CAPTURE;

    if (kind == OP_CHARGE || kind == OP_LINK)
        return WHY_POSSIBLE;
    if (!facts->final_enough)
        return WHY_STATUS;
    if (facts->cancelled)
        return WHY_ALREADY_CANCELLED;
    if (facts->cancelling)
        return WHY_IN_PROGRESS;
    if (has_amount && !facts->authorised.known)
        return WHY_UNKNOWN_AMOUNT;
    if (has_amount && currency_exponent(facts->authorised.currency) < 0)
        return WHY_BLOCKED_CURRENCY;
    enum why_not why = kind == OP_REFUND ? refund_possible(facts) : hold_possible(facts);
    return why == WHY_POSSIBLE && !facts->authorised.known ? WHY_UNKNOWN_AMOUNT : why;
}
