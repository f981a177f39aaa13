/* What happened to a seeded payment after it was paid: refunds, captures and the rest, as a table
   of short stories. */
#include "sim_internal.h"

#include <string.h>

#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    (24 * HOUR_MS)
#define RECENT_MS (4 * DAY_MS) /* what is still open is never older */

enum { STEP_NONE, STEP_REFUND, STEP_CAPTURE, STEP_CANCEL, STEP_EXTEND };
struct step {
    uint8_t type, percent, status;
};
struct story {
    bool hold;
    unsigned weight; /* of 1000 among the stories for holds, or for ordinary payments */
    struct step steps[SEED_STEPS];
};

static const struct story stories[] = {
    {false, 840, {{0}}},
    {false, 46, {{STEP_REFUND, 100, SEED_SUCCESS}}},
    {false, 38, {{STEP_REFUND, 40, SEED_SUCCESS}}},
    {false, 14, {{STEP_REFUND, 30, SEED_SUCCESS}, {STEP_REFUND, 20, SEED_SUCCESS}}},
    {false, 16, {{STEP_REFUND, 100, SEED_FAILED}}},
    {false, 12, {{STEP_REFUND, 50, SEED_FAILED}, {STEP_REFUND, 50, SEED_SUCCESS}}},
    {false, 34, {{STEP_REFUND, 25, SEED_PENDING}}},
    {true, 330, {{0}}},
    {true, 220, {{STEP_CAPTURE, 60, SEED_SUCCESS}}},
    {true, 60, {{STEP_CAPTURE, 80, SEED_SUCCESS}, {STEP_REFUND, 20, SEED_SUCCESS}}},
    {true, 130, {{STEP_CAPTURE, 100, SEED_SUCCESS}}},
    {true, 130, {{STEP_CANCEL, 0, SEED_SUCCESS}}},
    {true, 80, {{STEP_EXTEND, 0, SEED_SUCCESS}}},
    {true, 30, {{STEP_CAPTURE, 100, SEED_FAILED}}},
    {true, 20, {{STEP_CAPTURE, 70, SEED_PENDING}}},
};
static const struct {
    const char *name;
    enum sim_tag tag;
    const char *failure;
} step_types[] = {
    [STEP_REFUND] = {"refund", TAG_REFUND, "Refund declined by the issuing bank"},
    [STEP_CAPTURE] = {"capture", TAG_CAPTURE, "Authorisation has expired"},
    [STEP_CANCEL] = {"cancel", TAG_CANCEL, "Cancellation refused by the acquirer"},
    [STEP_EXTEND] = {"extend", TAG_EXTEND, "Issuer does not support the adjustment"},
};
static const char *const reasons[] = {
    "CUSTOMER REQUEST", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER", "FRAUD"};

uint8_t seed_story(uint64_t roll, bool hold, int64_t age_ms)
{
    unsigned left = (unsigned)(roll % 1000);
    /* A hold that nobody touched lapses within days: most older ones were used. */
    if (hold && age_ms > 7 * DAY_MS && left < 280)
        left += 330;
    uint8_t i = 0;
    while (stories[i].hold != hold || left >= stories[i].weight) {
        if (stories[i].hold == hold)
            left -= stories[i].weight;
        i++;
    }
    return i;
}

/* What a trainee must be able to see at once, whatever the seed: positions among the newest
   sessions, and the story of each. The last stands where a hold is about to lapse. */
enum { STORY_REFUND_OPEN = 6, STORY_HOLD_OPEN = 7, STORY_CAPTURE_OPEN = 14 };
static const struct {
    int64_t index;
    uint8_t status;
    bool preauth;
    uint8_t story;
} showcase[] = {
    {1, SEED_PENDING, false, 0},
    {3, SEED_COMPLETED, true, STORY_HOLD_OPEN},
    {5, SEED_COMPLETED, true, STORY_CAPTURE_OPEN},
    {7, SEED_COMPLETED, false, STORY_REFUND_OPEN},
    {9, SEED_FAILED, false, 0},
    {11, SEED_COMPLETED, false, STORY_REFUND_OPEN},
    {-1, SEED_COMPLETED, true, STORY_HOLD_OPEN},
};

void seed_showcase(int64_t index, int64_t count, struct seed_facts *facts)
{
    bool usual = count >= 100 && count <= SEED_SPAN_DAYS * 400;
    int64_t lapsing = usual ? count * 65 / (10 * SEED_SPAN_DAYS) : INT64_MAX; /* 6.5 days ago */
    for (size_t i = 0; i < COUNT_OF(showcase); i++) {
        if (index == (showcase[i].index < 0 ? lapsing : showcase[i].index)) {
            facts->status = showcase[i].status;
            facts->preauth = showcase[i].preauth;
            facts->story = showcase[i].story;
        }
    }
}

uint8_t seed_step_status(uint8_t story, size_t part, int64_t age_ms)
{
    uint8_t status = stories[story].steps[part].status;
    return status == SEED_PENDING && age_ms > RECENT_MS ? SEED_SUCCESS : status;
}

/* The newest open ones resolve two minutes after the base time, for those who watch; others within
   hours to days, as with banks. */
static int64_t due_of(const struct sim_seed *seed, int64_t index, uint64_t roll)
{
    if (index < 10)
        return seed->base_ms + 2 * 60 * 1000;
    return seed->base_ms + (int64_t)(1 + roll % 60) * HOUR_MS;
}

/* The step's row; out holds when it began and, as updated_ms, the time now. */
static void tell(const struct sim_seed *seed, enum sim_env env, const struct sim_row *owner,
                 uint8_t story, size_t part, struct sim_row *out)
{
    int64_t now_ms = out->updated_ms;
    int64_t serial = owner->number * 16 + (int64_t)part * 2 + (owner->kind == SIM_PAYMENT);
    uint64_t roll = seed_roll(seed, env, SIM_MODIFICATION, serial, 0);
    const struct step *step = &stories[story].steps[part];
    uint8_t status = seed_step_status(story, part, seed->base_ms - out->created_ms);
    int64_t due = out->created_ms + 60 * 1000 + (int64_t)(roll % (50 * HOUR_MS / 60));
    if (due > seed->base_ms)
        due = out->created_ms + (seed->base_ms - out->created_ms) / 2;
    if (status == SEED_PENDING) {
        due = due_of(seed, owner->number, roll);
        status = due <= now_ms               ? SEED_SUCCESS
                 : step->type == STEP_REFUND ? SEED_PENDING
                                             : SEED_RECEIVED;
    }
    out->kind = SIM_MODIFICATION;
    out->number = owner->number;
    out->type = step_types[step->type].name;
    out->status = seed_statuses[status];
    out->updated_ms = due <= now_ms ? due : out->created_ms;
    if (status == SEED_FAILED)
        out->failure_reason = step_types[step->type].failure;
    if (step->type == STEP_REFUND)
        out->reason = reasons[roll / 7 % COUNT_OF(reasons)];
    if (step->percent) {
        int64_t amount = owner->amount * step->percent / 100;
        int64_t unit = step->percent == 100 ? 1 : amount > 1000 ? 50 : 1;
        out->amount = amount - amount % unit > 0 ? amount - amount % unit : 1;
    }
    memcpy(out->currency, owner->currency, sizeof(out->currency));
    memcpy(out->payment_reference, owner->payment_reference, sizeof(out->payment_reference));
    reference_write(&seed->codes, env, step_types[step->type].tag, owner->number,
                    (int)part + (owner->kind == SIM_PAYMENT ? 4 : 0), out->reference);
}

/* When step number part began: some hours to days after the payment, before the base time. */
static int64_t step_created_ms(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                               int64_t index, int64_t after_ms, size_t part)
{
    uint64_t roll = seed_roll(seed, env, kind, index, 32 + (unsigned)part);
    int64_t offset = HOUR_MS + (int64_t)(roll % (uint64_t)(2 * DAY_MS));
    int64_t room = seed->base_ms - after_ms;
    int64_t created = after_ms + (offset < room ? offset : room / 3);
    return created - created % 1000;
}

size_t seed_step_times(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                       int64_t index, const struct seed_facts *facts, int64_t out[SEED_STEPS])
{
    const struct story *story = &stories[facts->story];
    int64_t after = facts->completed_ms;
    size_t count = 0;
    while (count < SEED_STEPS && story->steps[count].type != STEP_NONE) {
        after = step_created_ms(seed, env, kind, index, after, count);
        out[count++] = after;
    }
    return count;
}

size_t seed_modifications(const struct sim_seed *seed, enum sim_env env,
                          const struct sim_row *owner, const struct seed_facts *facts,
                          int64_t now_ms, struct sim_row out[SEED_STEPS])
{
    int64_t times[SEED_STEPS];
    size_t count = seed_step_times(seed, env, owner->kind, owner->number, facts, times);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct sim_row){.created_ms = times[i], .updated_ms = now_ms};
        tell(seed, env, owner, facts->story, i, &out[i]);
    }
    return count;
}
