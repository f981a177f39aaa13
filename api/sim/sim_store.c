/* Seeded and stored objects as one: lists with the stored ones on top (they are the younger), and
   what money can still be moved on a payment. */
#include "sim_internal.h"

#include <string.h>

int64_t sim_now_ms(const struct sim *sim)
{
    return sim->anchor_utc_ms + clock_boot_ms() - sim->anchor_boot_ms;
}

int64_t store_list(struct sim *sim, const struct sim_filter *filter, int64_t skip, int64_t want,
                   struct arena *arena, sim_row_fn row, void *ctx)
{
    int64_t stored =
        data_list(sim->data, filter, &sim->seed.codes, skip, want, arena, row, ctx);
    int64_t shown = stored > skip ? stored - skip : 0;
    shown = shown < want ? shown : want;
    int64_t rest = skip > stored ? skip - stored : 0;
    return stored + seed_list(&sim->seed, filter, rest, want - shown, arena, row, ctx);
}

/* An object by number, wherever it lives. done: it is what it will ever be (a charge that is still
   on the terminal is not). */
static bool row_of(struct sim *sim, enum sim_env env, enum sim_kind kind, int64_t number,
                   struct arena *arena, struct sim_row *out, bool *done)
{
    if (number >= SIM_STORED)
        return data_row(sim->data, &sim->seed.codes, env, kind, number, sim_now_ms(sim), arena,
                        out, done);
    *done = true;
    if (number >= sim->seed.counts[kind])
        return false;
    seed_row(&sim->seed, env, kind, number, arena, out);
    return true;
}

enum store_verdict store_find(struct sim *sim, enum sim_env env, enum sim_kind kind,
                              const char *reference, struct arena *arena, struct sim_row *out)
{
    enum sim_tag tag;
    int64_t number;
    bool done;
    enum reference_verdict verdict = reference_read(&sim->seed.codes, env, reference, &tag, &number);
    if (verdict == REFERENCE_DENIED)
        return STORE_DENIED;
    if (verdict == REFERENCE_UNKNOWN || tag != (kind == SIM_SESSION ? TAG_SESSION : TAG_POS) ||
        !row_of(sim, env, kind, number, arena, out, &done))
        return STORE_MISSING;
    if (strcmp(out->reference, reference) != 0 || (kind == SIM_PAYMENT && !done))
        return STORE_MISSING;
    return STORE_FOUND;
}

/* Adds one modification to what the payment has been through. */
static void fold(void *ctx, const struct sim_row *row)
{
    struct store_payment *payment = ctx;
    bool good = strcmp(row->status, "success") == 0, bad = strcmp(row->status, "failed") == 0;
    if (bad)
        return;
    if (strcmp(row->type, "refund") == 0) {
        payment->refunded += row->amount;
    } else if (strcmp(row->type, "capture") == 0) {
        payment->captured += good ? row->amount : 0;
        payment->was_captured |= good;
        payment->capture_open |= !good;
    } else if (strcmp(row->type, "cancel") == 0) {
        payment->was_cancelled |= good;
        payment->cancel_open |= !good;
    } else {
        payment->extend_open |= !good;
    }
}

enum store_verdict store_payment_find(struct sim *sim, enum sim_env env, const char *reference,
                                      struct arena *arena, struct store_payment *out)
{
    *out = (struct store_payment){0};
    enum sim_tag tag;
    int64_t number;
    bool done;
    enum reference_verdict verdict = reference_read(&sim->seed.codes, env, reference, &tag, &number);
    if (verdict == REFERENCE_DENIED)
        return STORE_DENIED;
    if (verdict == REFERENCE_UNKNOWN || (tag != TAG_ONLINE && tag != TAG_POS))
        return STORE_MISSING;
    enum sim_kind kind = tag == TAG_POS ? SIM_PAYMENT : SIM_SESSION;
    if (!row_of(sim, env, kind, number, arena, &out->row, &done) || !done ||
        strcmp(out->row.payment_reference, reference) != 0)
        return STORE_MISSING;
    out->paid = strcmp(out->row.status, kind == SIM_SESSION ? "completed" : "success") == 0;
    struct sim_filter filter = {.env = env,
                                .kind = SIM_MODIFICATION,
                                .payment_reference = reference,
                                .from_ms = INT64_MIN,
                                .to_ms = INT64_MAX,
                                .now_ms = sim_now_ms(sim)};
    store_list(sim, &filter, 0, INT64_MAX / 2, arena, fold, out);
    if (!out->row.preauth)
        out->captured = out->row.amount;
    return STORE_FOUND;
}
