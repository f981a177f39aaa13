/* Finds out by reading: follows every UNKNOWN and ACCEPTED intent of the journal until it ends,
   those of dead processes included, and charges whose answer is long in coming. Never sends
   anything that moves money. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ops_internal.h"

#define READS_AT_ONCE     4
#define SOON_MS           INT64_C(1000)
#define FOREIGN_MS        (INT64_C(10) * 1000) /* how often others are asked if they live */
#define DAY_MS            (INT64_C(24) * 3600 * 1000)
#define ACCEPTED_MAX_MS   (7 * DAY_MS)
#define PATIENCE_MS       (INT64_C(3600) * 1000) /* of a machine that is started much later */
#define ACCEPTED_MIN_WAIT (INT64_C(2) * 1000)
#define ACCEPTED_MAX_WAIT (INT64_C(300) * 1000)

static const int unknown_waits_s[] = {5, 10, 20, 40, 60};

/* --- the list of watches --------------------------------------------------------------------- */

static struct watch *watch_get(const struct ops *ops, const char *id)
{
    struct watch *watch = ops->watches;

    while (watch != NULL && strcmp(watch->id, id) != 0)
        watch = watch->next;
    return watch;
}

static void watch_delay(struct watch *watch, int64_t wait_ms)
{
    watch->due_boot_ms = clock_boot_ms() + wait_ms;
    journal_note_look(watch->ops->journal, watch->id, clock_utc_ms() + wait_ms);
}

static struct watch *watch_add(struct ops *ops, const char *id)
{
    struct watch *watch = mem_alloc(sizeof *watch);

    watch->ops = ops;
    memcpy(watch->id, id, sizeof watch->id);
    watch->next = ops->watches;
    ops->watches = watch;
    watch_delay(watch, 0);
    return watch;
}

static bool is_followed(const struct intent *intent)
{
    return intent->state == INTENT_UNKNOWN || intent->state == INTENT_ACCEPTED ||
           (intent->state == INTENT_SENT && intent->kind == OP_CHARGE &&
            intent->age_ms >= LOOK_BESIDE_MS);
}

static bool page_holds(const struct intent_page *page, const char *id)
{
    for (size_t i = 0; i < page->count; i++)
        if (is_followed(&page->rows[i]) && strcmp(page->rows[i].id, id) == 0)
            return true;
    return false;
}

static void drop_ended(struct ops *ops, const struct intent_page *page)
{
    for (struct watch **at = &ops->watches; *at != NULL;) {
        struct watch *watch = *at;
        if (watch->reading || page_holds(page, watch->id)) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        journal_note_look(ops->journal, watch->id, 0);
        free(watch);
    }
}

/* --- when to look next ----------------------------------------------------------------------- */

static int64_t wait_unknown(struct watch *watch, const struct intent *intent)
{
    struct arena arena = {0};
    struct intent_extra extra = {0};
    size_t last = COUNT_OF(unknown_waits_s) - 1;
    int64_t wait = (int64_t)unknown_waits_s[watch->step < last ? watch->step : last] * 1000;
    int64_t now = clock_boot_ms();

    watch->step++;
    if (journal_get_extra(watch->ops->journal, watch->id, &arena, &extra, NULL) &&
        extra.quiet_known) {
        int64_t quiet_end =
            extra.quiet_boot_ms + journal_quiet_ms(watch->ops->journal, intent->kind);
        int64_t special = watch->absence.seen && watch->absence.boot_ms >= quiet_end
                              ? watch->absence.boot_ms + watch->ops->settings.second_read_ms
                              : quiet_end;
        if (special > now && special - now < wait)
            wait = special - now;
        else if (special <= now && watch->begun_boot_ms < quiet_end)
            wait = SOON_MS; /* the quiet period ended while a long list was read */
    }
    arena_done(&arena);
    return wait;
}

/* The age doubles from look to look. */
static int64_t wait_accepted(const struct intent *intent)
{
    int64_t age = clock_utc_ms() - intent->changed_ms;

    if (age > ACCEPTED_MAX_WAIT || age < -ACCEPTED_MAX_WAIT)
        return ACCEPTED_MAX_WAIT; /* the second: our clock has been set back */
    return age < ACCEPTED_MIN_WAIT ? ACCEPTED_MIN_WAIT : age;
}

static void watch_delay_again(struct watch *watch, const struct intent *intent, int retry_after_s)
{
    int64_t wait =
        intent->state == INTENT_ACCEPTED ? wait_accepted(intent) : wait_unknown(watch, intent);

    if ((int64_t)retry_after_s * 1000 > wait)
        wait = (int64_t)retry_after_s * 1000;
    watch_delay(watch, wait);
}

/* --- one look -------------------------------------------------------------------------------- */

/* After a reading: what has been open for too long becomes a person's. Not before the API has been
   asked in vain: the machine may have been off, or asleep, all the while; nor as long as two
   readings may yet agree. */
static void give_up_old(struct watch *watch, const struct intent *intent)
{
    struct ops *ops = watch->ops;
    struct intent_move move = {.to = INTENT_MANUAL};
    int64_t quiet = journal_quiet_ms(ops->journal, intent->kind);
    /* Absence is judged first where the quiet period itself takes a day. */
    int64_t unknown_max = quiet + DAY_MS / 24 > DAY_MS ? quiet + DAY_MS / 24 : DAY_MS;
    int64_t age = intent->age_ms;
    int64_t quiet_age =
        intent->quiet_until_ms == 0 ? 0 : clock_utc_ms() - intent->quiet_until_ms + quiet;

    /* A second reading that never comes whole must not be waited for for ever. */
    bool awaits_second = watch->absence.seen &&
                         clock_boot_ms() - watch->absence.boot_ms < PATIENCE_MS;

    if (quiet_age > age) /* sent in another boot, by a clock that was ahead */
        age = quiet_age;
    if (intent->state == INTENT_UNKNOWN && age > unknown_max &&
        quiet_age > (quiet < PATIENCE_MS ? quiet : PATIENCE_MS) && !awaits_second)
        move.why = "not found out within a day";
    else if (intent->state == INTENT_ACCEPTED && age > ACCEPTED_MAX_MS)
        move.why = "not finished within seven days";
    else
        return;
    journal_move(ops->journal, intent->id, &move, NULL);
}

static void watch_read_done(void *ctx, const struct list_result *result)
{
    struct watch *watch = ctx;
    struct ops *ops = watch->ops;
    struct arena arena = {0};
    struct intent intent;

    watch->reading = false;
    watch->looked = true;
    watch->begun_boot_ms = result->begun_boot_ms;
    if (journal_get(ops->journal, watch->id, &arena, &intent, NULL) && is_followed(&intent)) {
        if (intent.state == INTENT_ACCEPTED) {
            reconcile_apply_accepted(ops, &intent, result->rows, result->count);
        } else {
            struct match match = reconcile_apply(ops, &intent, result);
            bool absent = match.found == MATCH_NONE || match.found == MATCH_DOUBT;
            if (absent && result->complete)
                reconcile_absent(watch, &intent, result, match.record);
            else if (!absent)
                watch->absence.seen = false;
        }
        if (result->err.code != ERR_NETWORK &&
            journal_get(ops->journal, watch->id, &arena, &intent, NULL))
            give_up_old(watch, &intent);
        watch_delay_again(watch, &intent, result->retry_after_s);
    }
    arena_done(&arena);
    reconcile_plan(ops);
}

/* The lists of the console may have seen its end already. */
static bool cache_knows_end(struct ops *ops, const struct intent *intent, struct arena *arena)
{
    struct row row;

    assert(intent->server_reference != NULL); /* the schema's CHECK: accepted is claimed */
    if (!cache_get_record(ops->cache, REC_MODIFICATION, intent->server_reference, arena, &row,
                          NULL))
        return false;
    enum status_class status = status_classify(REC_MODIFICATION, row.record.status);
    if (status != STATUS_GOOD && status != STATUS_BAD)
        return false;
    reconcile_apply_accepted(ops, intent, &row.record, 1);
    return true;
}

static void watch_look(struct watch *watch)
{
    struct ops *ops = watch->ops;
    struct arena arena = {0};
    struct intent intent;
    bool open = journal_get(ops->journal, watch->id, &arena, &intent, NULL) && is_followed(&intent);

    if (!open || (intent.state == INTENT_ACCEPTED && cache_knows_end(ops, &intent, &arena))) {
        watch_delay(watch, ACCEPTED_MAX_WAIT); /* the next plan drops it */
    } else if (watch->mine && ops_replay_link(ops, &intent)) {
        watch_delay(watch, ACCEPTED_MAX_WAIT); /* its end comes back with reconcile_follow() */
    } else {
        watch->reading = reconcile_read(ops, &intent, watch_read_done, watch, NULL);
        if (!watch->reading) {
            watch->begun_boot_ms = clock_boot_ms();
            watch_delay_again(watch, &intent, -1);
        }
    }
    arena_done(&arena);
}

/* --- the clockwork --------------------------------------------------------------------------- */

static void on_time(void *ctx)
{
    struct ops *ops = ctx;
    size_t reading = 0;
    int taken;

    ops->timer = NULL;
    if (ops->foreign)
        journal_recover(ops->journal, &taken, NULL);
    for (struct watch *watch = ops->watches; watch != NULL; watch = watch->next)
        reading += watch->reading;
    for (struct watch *watch = ops->watches; watch != NULL && reading < READS_AT_ONCE;
         watch = watch->next)
        if (!watch->reading && watch->due_boot_ms <= clock_boot_ms()) {
            watch_look(watch);
            reading += watch->reading;
        }
    reconcile_plan(ops);
}

/* Milliseconds until something is due; -1: nothing. */
static int64_t next_due(const struct ops *ops)
{
    int64_t now = clock_boot_ms(), due = ops->foreign ? now + FOREIGN_MS : INT64_MAX;
    size_t reading = 0;

    for (const struct watch *watch = ops->watches; watch != NULL; watch = watch->next)
        reading += watch->reading;
    for (const struct watch *watch = ops->watches; watch != NULL; watch = watch->next)
        if (!watch->reading && reading < READS_AT_ONCE && watch->due_boot_ms < due)
            due = watch->due_boot_ms;
    if (due == INT64_MAX)
        return -1;
    return due > now ? due - now : 0;
}

void reconcile_plan(struct ops *ops)
{
    struct intent_page page;

    loop_timer_stop(ops->loop, ops->timer);
    ops->timer = NULL;
    if (!journal_usable(ops->journal, NULL) ||
        !journal_list(ops->journal, INTENTS_OPEN, 0, &page, NULL))
        return;
    ops->foreign = false;
    for (size_t i = 0; i < page.count; i++) {
        const struct intent *intent = &page.rows[i];
        if (is_followed(intent) && watch_get(ops, intent->id) == NULL)
            watch_add(ops, intent->id);
        if ((intent->state == INTENT_PREPARED || intent->state == INTENT_SENT) && !intent->own)
            ops->foreign = true;
    }
    drop_ended(ops, &page);
    intent_page_done(&page);
    int64_t wait = next_due(ops);
    if (wait >= 0)
        ops->timer = loop_timer_start(ops->loop, wait, on_time, ops);
}

void reconcile_stop(struct ops *ops)
{
    loop_timer_stop(ops->loop, ops->timer);
    ops->timer = NULL;
    while (ops->watches != NULL) {
        struct watch *watch = ops->watches;
        ops->watches = watch->next;
        journal_note_look(ops->journal, watch->id, 0);
        free(watch);
    }
}

void reconcile_follow(struct ops *ops, const char *id, bool now)
{
    struct arena arena = {0};
    struct intent intent;

    if (journal_get(ops->journal, id, &arena, &intent, NULL) && is_followed(&intent)) {
        struct watch *watch = watch_get(ops, id);
        if (watch == NULL)
            watch = watch_add(ops, id);
        watch->mine = true;
        watch->step = 0;
        watch->absence.seen = false;
        if (now)
            watch_delay(watch, 0);
        else
            watch_delay_again(watch, &intent, -1);
    }
    arena_done(&arena);
    reconcile_plan(ops);
}

void ops_look_now(struct ops *ops, const char *id)
{
    struct watch *watch = watch_get(ops, id);

    if (watch == NULL || watch->reading)
        return;
    watch_delay(watch, 0);
    reconcile_plan(ops);
}

bool ops_has_looked(const struct ops *ops, const char *id)
{
    const struct watch *watch = watch_get(ops, id);

    return watch == NULL || watch->looked;
}

bool ops_recover(struct ops *ops, int *taken, struct err *err)
{
    int count = 0;
    bool good = journal_recover(ops->journal, taken == NULL ? &count : taken, err);

    if (good)
        reconcile_plan(ops);
    return good;
}
