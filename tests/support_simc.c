/* See support_simc.h. */
#include "support_simc.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALL_DEADLINE_MS 60000 /* nothing waits for it unless something is broken */

struct simc simc;
static struct arena kept;

void simc_open(const struct sim_settings *settings, enum env env)
{
    simc = (struct simc){.lab = lab_open(settings), .env = env};
    simc.access =
        (struct api_settings){.env = env,
                              .base_url = sim_base_url(simc.lab->sim),
                              .webcode = settings->webcode,
                              .api_key = env == ENV_LIVE ? settings->live_key : settings->test_key};
    simc_connect();
}

void simc_connect(void)
{
    struct err err = {0};
    api_client_free(simc.client);
    simc.client = api_client_new(simc.lab->loop, &simc.access, &err);
    if (!simc.client)
        fail_msg("%s", err.detail);
}

int simc_close(void **state)
{
    (void)state;
    api_client_free(simc.client);
    if (simc.lab)
        lab_close(simc.lab);
    simc = (struct simc){0};
    arena_done(&kept);
    return 0;
}

bool simc_is_home(const char *reference)
{
    return reference_allowed(reference, simc.access.webcode, simc.env);
}

/* --- calls -------------------------------------------------------------------------------- */

static bool leaves(void *ctx)
{
    struct simc_got *got = ctx;
    got->leaves++;
    return true;
}

static void keep_record(struct record *record)
{
    struct record copy;
    struct err err = {0};
    if (!record_from_json(&kept, record->kind, record->raw, &copy, &err))
        fail_msg("a raw record is not read again: %s", err.detail);
    assert_string_equal(copy.id, record->id);
    *record = copy;
}

static void keep_terminal(struct terminal *terminal)
{
    terminal->poi_id = arena_strdup(&kept, terminal->poi_id);
    terminal->status = arena_strdup(&kept, terminal->status);
    terminal->name = arena_strdup(&kept, terminal->name);
    terminal->model = arena_strdup(&kept, terminal->model);
}

static void keep_answer(void *ctx, const struct api_answer *answer)
{
    struct simc_got *got = ctx;
    assert_false(got->over);
    got->over = true;
    struct api_answer *copy = &got->answer;
    *copy = *answer;
    copy->error.message = arena_strdup(&kept, answer->error.message);
    copy->error.trace_id = arena_strdup(&kept, answer->error.trace_id);
    copy->page.next_cursor = arena_strdup(&kept, answer->page.next_cursor);
    if (answer->record.id)
        keep_record(&copy->record);
    if (answer->records) {
        copy->records = arena_alloc(&kept, (answer->count + 1) * sizeof(*copy->records));
        memcpy(copy->records, answer->records, answer->count * sizeof(*copy->records));
        for (size_t i = 0; i < answer->count; i++)
            keep_record(&copy->records[i]);
    }
    if (answer->terminals) {
        copy->terminals = arena_alloc(&kept, (answer->count + 1) * sizeof(*copy->terminals));
        memcpy(copy->terminals, answer->terminals, answer->count * sizeof(*copy->terminals));
        for (size_t i = 0; i < answer->count; i++)
            keep_terminal(&copy->terminals[i]);
    }
}

struct simc_got *simc_begin(const struct api_request *request)
{
    struct simc_got *got = arena_alloc(&kept, sizeof(*got));
    struct api_request full = *request;
    struct err err = {0};
    full.done = keep_answer;
    full.on_leave = leaves;
    full.ctx = got;
    if (full.idempotency_key)
        snprintf(got->key, sizeof(got->key), "%s", full.idempotency_key);
    else
        random_uuid(got->key);
    full.idempotency_key = got->key;
    if (!api_call(simc.client, &full, &err))
        fail_msg("%s", err.detail);
    return got;
}

static bool got_is_over(void *ctx)
{
    return ((struct simc_got *)ctx)->over;
}

struct simc_got *simc_wait(struct simc_got *got)
{
    assert_true(loop_run_until(simc.lab->loop, got_is_over, got, CALL_DEADLINE_MS));
    return got;
}

struct simc_got *simc_get(enum endpoint endpoint, const char *id, struct list_query query)
{
    struct api_request request = {.endpoint = endpoint, .id = id, .query = query};
    return simc_wait(simc_begin(&request));
}

struct simc_got *simc_post(enum endpoint endpoint, const char *body, const char *key)
{
    struct api_request request = {
        .endpoint = endpoint, .body = body, .body_len = strlen(body), .idempotency_key = key};
    return simc_wait(simc_begin(&request));
}

struct simc_got *simc_charge(const struct charge_draft *draft)
{
    struct buf body;
    buf_init(&body, 65536);
    body_charge(&body, simc.access.webcode, draft);
    struct simc_got *got = simc_post(EP_POS_CHARGE, body.data, NULL);
    buf_done(&body);
    return got;
}

struct simc_got *simc_session(const struct session_draft *draft)
{
    struct buf body;
    buf_init(&body, 65536);
    body_session(&body, simc.access.webcode, draft);
    struct simc_got *got = simc_post(EP_SESSION_CREATE, body.data, NULL);
    buf_done(&body);
    return got;
}

struct simc_got *simc_modify(enum endpoint endpoint, const char *payment, int64_t minor,
                             const char *currency)
{
    struct modification_draft draft = {.payment_reference = payment,
                                       .amount = money_make(minor, currency),
                                       .reason = refund_reasons[1]};
    struct buf body;
    buf_init(&body, 65536);
    body_modification(&body, simc.access.webcode, endpoint, &draft);
    struct simc_got *got = simc_post(endpoint, body.data, NULL);
    buf_done(&body);
    return got;
}

const struct record *simc_record(const struct simc_got *got)
{
    if (got->answer.body != BODY_DATA)
        fail_msg("no data: HTTP %d, code %d, %s%s", got->answer.http_status, got->answer.error.code,
                 got->answer.trouble, got->answer.error.message ? got->answer.error.message : "");
    if (got->answer.record.id)
        return &got->answer.record;
    assert_true(got->answer.count > 0);
    return &got->answer.records[0];
}

struct simc_got *simc_until(enum endpoint endpoint, const char *id, const char *status)
{
    for (int64_t end = clock_boot_ms() + CALL_DEADLINE_MS; clock_boot_ms() < end;) {
        struct simc_got *got = simc_get(endpoint, id, (struct list_query){0});
        if (strcmp(simc_record(got)->status, status) == 0)
            return got;
    }
    fail_msg("%s never became %s", id, status);
    return NULL;
}

/* --- the ledger --------------------------------------------------------------------------- */

static void copy_text(const struct cJSON *entry, const char *name, char *out, size_t size)
{
    const char *text = json_text(json_member(entry, name));
    snprintf(out, size, "%s", text ? text : "");
}
#define COPY_TEXT(entry, name, to) copy_text(entry, name, to, sizeof(to))

bool simc_ledger(const char *key, struct simc_entry *out)
{
    struct buf text;
    struct json_doc doc;
    struct err err = {0};
    bool found = false;
    buf_init(&text, 16u << 20);
    sim_ledger_json(simc.lab->sim, &text);
    if (!json_open(&doc, text.data, text.len, &err))
        fail_msg("the ledger: %s", err.detail);
    const struct cJSON *entry = json_first(json_member(doc.root, "executions"));
    for (; entry && !found; entry = json_next(entry)) {
        const char *own = json_text(json_member(entry, "key"));
        found = own && strcmp(own, key) == 0;
        if (!found)
            continue;
        *out = (struct simc_entry){.minor = -1};
        COPY_TEXT(entry, "kind", out->kind);
        COPY_TEXT(entry, "environment", out->environment);
        COPY_TEXT(entry, "reference", out->reference);
        COPY_TEXT(entry, "paymentReference", out->payment_reference);
        COPY_TEXT(entry, "customReference", out->custom_reference);
        COPY_TEXT(entry, "status", out->status);
        const struct cJSON *amount = json_member(entry, "amount");
        COPY_TEXT(amount, "currency", out->currency);
        json_integer(json_member(amount, "value"), &out->minor);
        out->executed = json_truth(json_member(entry, "executed")) == 1;
    }
    json_close(&doc);
    buf_done(&text);
    return found;
}

void simc_agrees_with_ledger(const struct simc_got *got, const char *kind)
{
    const struct record *record = simc_record(got);
    struct simc_entry entry;
    if (!simc_ledger(got->key, &entry))
        fail_msg("the ledger knows nothing of the %s", kind);
    assert_string_equal(entry.kind, kind);
    assert_string_equal(entry.environment, simc.env == ENV_LIVE ? "live" : "test");
    assert_string_equal(record->id, entry.reference);
    assert_string_equal(record->payment_reference ? record->payment_reference : "",
                        entry.payment_reference);
    assert_string_equal(record->custom_reference ? record->custom_reference : "",
                        entry.custom_reference);
    assert_string_equal(record->status, entry.status);
    assert_int_equal(record->amount.known, entry.minor >= 0);
    if (record->amount.known) {
        assert_int_equal(record->amount.minor, entry.minor);
        assert_string_equal(record->amount.currency, entry.currency);
    }
    assert_true(simc_is_home(record->id));
    assert_int_equal(simc_executions(got), 1);
    assert_int_equal(sim_requests_of_key(simc.lab->sim, got->key), 1);
}

int64_t simc_executions(const struct simc_got *got)
{
    return sim_executions_of_key(simc.lab->sim, got->key);
}
