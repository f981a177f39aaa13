/* Seeded and stored objects as one: lists with the stored ones on top (they are the younger), and
   what money can still be moved on a payment. */
#include "sim_internal.h"

#include <string.h>

int64_t sim_now_ms(const struct sim *sim)
{
    return sim->anchor_utc_ms + clock_boot_ms() - sim->anchor_boot_ms;
}

int64_t store_list(struct sim *sim, const struct sim_filter *filter, const struct sim_sink *sink)
{
    int64_t stored = data_list(sim->data, filter, &sim->seed.codes, sink);
    int64_t shown = stored > sink->skip ? stored - sink->skip : 0;
    struct sim_sink rest = *sink;
    rest.want -= shown < sink->want ? shown : sink->want;
    rest.skip = sink->skip > stored ? sink->skip - stored : 0;
    return stored + seed_list(&sim->seed, filter, &rest);
}

/* An object by number, wherever it lives. done: it is what it will ever be (a charge that is still
   on the terminal is not). */
static bool row_of(struct sim *sim, const struct sim_place *place, struct arena *arena,
                   struct sim_row *out, bool *done)
{
    if (place->number >= SIM_STORED)
        return data_row(sim->data, &sim->seed.codes, place, arena, out, done);
    *done = true;
    if (place->number >= sim->seed.counts[place->kind])
        return false;
    seed_row(&sim->seed, place->env, place->kind, place->number, arena, out);
    return true;
}

enum store_verdict store_find(struct sim *sim, enum sim_env env, enum sim_kind kind,
                              const char *reference, struct arena *arena, struct sim_row *out)
{
    enum sim_tag tag;
    bool done;
    struct sim_place place = {.env = env, .kind = kind, .now_ms = sim_now_ms(sim)};
    enum reference_verdict verdict =
        reference_read(&sim->seed.codes, env, reference, &tag, &place.number);
    if (verdict == REFERENCE_DENIED)
        return STORE_DENIED;
    if (verdict == REFERENCE_UNKNOWN || tag != (kind == SIM_SESSION ? TAG_SESSION : TAG_POS) ||
        !row_of(sim, &place, arena, out, &done))
        return STORE_MISSING;
    if (strcmp(out->reference, reference) != 0 || (kind == SIM_PAYMENT && !done))
        return STORE_MISSING;
    return STORE_FOUND;
}

/* Adds one modification to what the payment has been through. */
static void fold(void *ctx, const struct sim_row *row)
{
    struct store_payment *payment = ctx;
    struct sim_sums *sums = &payment->sums;
    bool good = strcmp(row->status, "success") == 0, bad = strcmp(row->status, "failed") == 0;
    bool open = !good && !bad;
    if (strcmp(row->type, "refund") == 0) {
        sums->refunds++;
        sums->refunded += good ? row->amount : 0;
        sums->refunding += open ? row->amount : 0;
    } else if (strcmp(row->type, "capture") == 0) {
        sums->captures++;
        sums->captured += good ? row->amount : 0;
        sums->capturing += open ? row->amount : 0;
        payment->was_captured |= good;
        payment->capture_open |= open;
    } else if (strcmp(row->type, "cancel") == 0) {
        sums->cancels++;
        payment->was_cancelled |= good;
        payment->cancel_open |= open;
    } else {
        sums->extends++;
        payment->extend_open |= open;
    }
}

enum store_verdict store_payment_find(struct sim *sim, enum sim_env env, const char *reference,
                                      struct arena *arena, struct store_payment *out)
{
    *out = (struct store_payment){0};
    enum sim_tag tag;
    bool done;
    struct sim_place place = {.env = env, .now_ms = sim_now_ms(sim)};
    enum reference_verdict verdict =
        reference_read(&sim->seed.codes, env, reference, &tag, &place.number);
    if (verdict == REFERENCE_DENIED)
        return STORE_DENIED;
    if (verdict == REFERENCE_UNKNOWN || (tag != TAG_ONLINE && tag != TAG_POS))
        return STORE_MISSING;
    place.kind = tag == TAG_POS ? SIM_PAYMENT : SIM_SESSION;
    if (!row_of(sim, &place, arena, &out->row, &done) || !done ||
        strcmp(out->row.payment_reference, reference) != 0)
        return STORE_MISSING;
    out->paid = strcmp(out->row.status, place.kind == SIM_SESSION ? "completed" : "success") == 0;
    struct sim_filter filter = {.env = env,
                                .kind = SIM_MODIFICATION,
                                .payment_reference = reference,
                                .from_ms = INT64_MIN,
                                .to_ms = INT64_MAX,
                                .now_ms = place.now_ms,
                                .hidden_too = true};
    struct sim_sink sink = {0, INT64_MAX / 2, arena, fold, out};
    store_list(sim, &filter, &sink);
    memcpy(out->sums.currency, out->row.currency, sizeof(out->sums.currency));
    out->sums.authorised = out->paid ? out->row.amount : 0;
    if (!out->row.preauth)
        out->sums.captured = out->sums.authorised;
    return STORE_FOUND;
}

bool store_insert(struct sim_request *request, struct sim_answer *answer, struct sim_new *fresh)
{
    const struct sim_twist *twist = &request->twist;
    struct sim_row *row = &fresh->row;
    if (twist->lag_ms) /* a charge is in no list before the terminal is done */
        fresh->shown_ms =
            (row->kind == SIM_PAYMENT ? fresh->due_ms : fresh->started_ms) + twist->lag_ms;
    if (twist->flip_ms && row->kind == SIM_MODIFICATION)
        fresh->flip_ms = fresh->due_ms + twist->flip_ms;
    row->number = data_insert(request->sim->data, fresh) + SIM_STORED;
    return row->number > SIM_STORED ||
           answer_error(answer, 500, 0, "The simulator's storage failed");
}
