/* Single questions: one session, the modifications of one payment, the terminals. */
#include <stdio.h>
#include <string.h>

#include "sync_internal.h"

#define JOBS_AT_ONCE     2
#define TRIES_MAX        3
#define CHANGE_PAGES_MAX 50

static const struct {
    enum endpoint endpoint;
    enum record_kind stores;
} job_kinds[] = {
    [JOB_SESSION] = {EP_SESSION_GET, REC_SESSION},
    [JOB_SESSION_CHANGES] = {EP_SESSION_MODIFICATIONS, REC_MODIFICATION},
    [JOB_PAYMENT_CHANGES] = {EP_PAYMENT_MODIFICATIONS, REC_MODIFICATION},
};

/* --- the queue ---------------------------------------------------------------------------- */

void job_add(struct sync *sync, enum job_kind kind, const char *id, bool asked)
{
    struct job *place = NULL, *yielding = NULL;

    if (id == NULL || id[0] == '\0' || strlen(id) >= ID_ROOM)
        return;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job *job = &sync->jobs[i];
        if (job->id[0] == '\0') {
            place = job;
        } else if (job->kind == kind && strcmp(job->id, id) == 0) {
            job->asked |= asked;
            return;
        } else if (!job->asked && !job->in_flight) {
            yielding = job;
        }
    }
    if (place == NULL && asked)
        place = yielding;
    if (place == NULL)
        return;
    *place = (struct job){.sync = sync, .kind = kind, .asked = asked, .page = 1};
    snprintf(place->id, sizeof place->id, "%s", id);
}

void job_add_changes(struct sync *sync, const char *payment_reference, bool asked)
{
    struct arena arena = {0};
    enum record_kind home;
    const char *id = NULL;

    if (payment_reference != NULL &&
        cache_find_payment_home(sync->cache, payment_reference, &home, &arena, &id))
        job_add(sync, home == REC_SESSION ? JOB_SESSION_CHANGES : JOB_PAYMENT_CHANGES, id, asked);
    arena_done(&arena);
}

static void job_end(struct job *job)
{
    job->id[0] = '\0';
    job->asked = false;
}

bool jobs_waiting(const struct sync *sync, bool asked_only)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (sync->jobs[i].id[0] != '\0' && (sync->jobs[i].asked || !asked_only))
            return true;
    return asked_only && (sync->want_terminals || sync->want_online || sync->terminals_in_flight ||
                          sync->online_in_flight);
}

/* --- answers ------------------------------------------------------------------------------ */

static bool changes_go_on(struct job *job, const struct api_answer *answer)
{
    const struct page_info *info = &answer->page;
    bool more = info->has_more == 1 || (info->total_pages >= 0 && job->page < info->total_pages);

    return job->kind != JOB_SESSION && answer->count > 0 && more && job->page < CHANGE_PAGES_MAX;
}

static void job_goes_on(struct job *job)
{
    job->in_flight = false;
    changes_raise(job->sync->cache->changes, CHANGED_SYNC);
    sync_wake(job->sync);
}

static void note_outcome(struct job *job, const struct store_result *result, const struct err *err)
{
    struct feed *feed = &job->sync->feeds[job_kinds[job->kind].stores];

    if (result != NULL)
        sync_note_stored(feed, result);
    else
        sync_note_error(feed, err);
}

static void session_came(struct job *job, const struct api_answer *answer)
{
    struct store_result result = {0};
    struct err err = {0};
    bool good =
        cache_store(job->sync->cache, &answer->record, 1, SOURCE_DETAIL, &result, &err);

    note_outcome(job, good ? &result : NULL, &err);
    clock_answered(job->sync, job->id, result.added + result.changed > 0);
    job_end(job);
    job_goes_on(job);
}

static void changes_stored(void *ctx, const struct store_result *result, const struct err *err)
{
    struct job *job = ctx;

    note_outcome(job, result, err);
    if (job->more)
        job->page++;
    else
        job_end(job);
    job_goes_on(job);
}

static void job_succeeded(struct job *job, const struct api_answer *answer)
{
    if (job->kind == JOB_SESSION) {
        session_came(job, answer);
        return;
    }
    job->more = changes_go_on(job, answer);
    cache_store_list(job->sync->cache, job->sync->loop, answer, changes_stored, job);
}

static void job_answered(void *ctx, const struct api_answer *answer)
{
    struct job *job = ctx;
    struct sync *sync = job->sync;
    bool refused =
        answer->http_status >= 400 && answer->http_status < 500 && answer->http_status != 429;

    if (sync_judge(sync, &sync->feeds[job_kinds[job->kind].stores], answer)) {
        job_succeeded(job, answer);
        return;
    }
    if (refused || !sync->automatic || ++job->tries >= TRIES_MAX) {
        clock_answered(sync, job->id, false);
        job_end(job);
    }
    job_goes_on(job);
}

static void ask_job(struct job *job)
{
    struct api_request request = {.endpoint = job_kinds[job->kind].endpoint,
                                  .id = job->id,
                                  .done = job_answered,
                                  .ctx = job,
                                  .no_retry = job->sync->automatic};
    struct err err = {0};

    if (job->kind != JOB_SESSION)
        request.query = (struct list_query){.page = job->page, .limit = PAGE_ROWS};
    job->in_flight = api_call(job->sync->client, &request, &err) != NULL;
    if (!job->in_flight) {
        sync_note_error(&job->sync->feeds[job_kinds[job->kind].stores], &err);
        job_end(job);
    }
}

/* What somebody waits for goes first. */
void jobs_start(struct sync *sync)
{
    size_t in_flight = 0;

    for (size_t i = 0; i < JOBS_MAX; i++)
        in_flight += sync->jobs[i].in_flight;
    for (int asked = 1; asked >= 0; asked--) {
        for (size_t i = 0; i < JOBS_MAX && in_flight < JOBS_AT_ONCE; i++) {
            struct job *job = &sync->jobs[i];
            if (job->id[0] == '\0' || job->in_flight || job->asked != (asked == 1))
                continue;
            ask_job(job);
            in_flight += job->in_flight;
        }
    }
}

void jobs_forget(struct sync *sync)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        cache_store_list_forget(sync->cache, &sync->jobs[i]);
}

/* --- terminals ---------------------------------------------------------------------------- */

static void terminals_stored(struct sync *sync, const struct api_answer *answer, bool online)
{
    struct feed *feed = &sync->feeds[REC_PAYMENT];
    struct err err = {0};

    if (sync_judge(sync, feed, answer) &&
        !cache_store_terminals(sync->cache, answer->terminals, answer->count, online, &err))
        sync_note_error(feed, &err);
    changes_raise(sync->cache->changes, CHANGED_SYNC);
    sync_wake(sync);
}

static void terminals_answered(void *ctx, const struct api_answer *answer)
{
    struct sync *sync = ctx;

    sync->terminals_in_flight = false;
    terminals_stored(sync, answer, false);
}

static void online_answered(void *ctx, const struct api_answer *answer)
{
    struct sync *sync = ctx;

    sync->online_in_flight = false;
    terminals_stored(sync, answer, true);
}

static bool ask_terminals(struct sync *sync, bool online)
{
    struct api_request request = {.endpoint = EP_TERMINALS,
                                  .query = {.sync_from_provider = online},
                                  .done = online ? online_answered : terminals_answered,
                                  .ctx = sync};
    struct err err = {0};

    if (api_call(sync->client, &request, &err) != NULL)
        return true;
    sync_note_error(&sync->feeds[REC_PAYMENT], &err);
    return false;
}

/* The plain list first: the other one says who of it is connected. */
void terminals_start(struct sync *sync)
{
    if (sync->terminals_in_flight || sync->online_in_flight)
        return;
    if (sync->want_terminals) {
        sync->want_terminals = false;
        sync->terminals_in_flight = ask_terminals(sync, false);
    } else if (sync->want_online) {
        sync->want_online = false;
        sync->online_in_flight = ask_terminals(sync, true);
    }
}
