/* What is outside the API: the page a payer would see, the referee's ledger, faults at run time. */
#include "faults_internal.h"

#include <string.h>

static void page(struct sim_request *request, struct sim_answer *answer)
{
    struct sim_row row;
    const char *id = request->url + strlen("/pay/");
    answer->content_type = "text/html; charset=utf-8";
    enum store_verdict verdict = STORE_MISSING;
    for (int env = 0; env < SIM_ENVS && verdict != STORE_FOUND; env++)
        verdict =
            store_find(request->sim, (enum sim_env)env, SIM_SESSION, id, &request->arena, &row);
    bool found = verdict == STORE_FOUND;
    answer->status = found ? 200 : 404;
    /* Only the reference and the status are written: neither can hold markup. */
    buf_printf(&answer->body,
               "<!doctype html><title>Payment</title><h1>%s</h1><p>Training: no money moves here."
               "</p><p>Status: %s</p>\n",
               found ? row.reference : "No such payment", found ? row.status : "none");
}

static void ledger(struct sim_request *request, struct sim_answer *answer)
{
    answer->status = 200;
    sim_ledger_json(request->sim, &answer->body);
}

static void faults(struct sim_request *request, struct sim_answer *answer)
{
    struct err err = {0};
    if (!sim_faults_set(request->sim, request->body.data, &err)) {
        answer_error(answer, 400, 0, err.detail);
        return;
    }
    answer_data_open(answer, 200);
    sim_json_text(&answer->body, request->body.data);
    answer_data_close(answer);
}

void handle_control(struct sim_request *request, struct sim_answer *answer)
{
    static const struct {
        const char *method, *url;
        bool prefix;
        sim_handler handle;
    } pages[] = {{"GET", "/pay/", true, page},
                 {"GET", "/__sim/ledger", false, ledger},
                 {"POST", "/__sim/faults", false, faults}};
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        size_t len = strlen(pages[i].url) + !pages[i].prefix;
        if (strcmp(request->method, pages[i].method) == 0 &&
            strncmp(request->url, pages[i].url, len) == 0) {
            pages[i].handle(request, answer);
            return;
        }
    }
    answer_error(answer, 404, 0, "No such endpoint");
}

/* --- the referee --------------------------------------------------------------------------------
 */

uint64_t sim_requests_seen(const struct sim *sim, const char *endpoint)
{
    uint64_t seen = 0;
    for (size_t i = 0; i <= routes_count(); i++) {
        if (!endpoint || (i < routes_count() && routes_same(i, endpoint)))
            seen += sim->seen[i];
    }
    return seen;
}

int64_t sim_executions_of_key(struct sim *sim, const char *idempotency_key)
{
    routes_settle(sim);
    return data_executions(sim->data, BY_KEY, idempotency_key, sim_now_ms(sim));
}

int64_t sim_executions_of_reference(struct sim *sim, const char *custom_reference)
{
    routes_settle(sim);
    return data_executions(sim->data, BY_REFERENCE, custom_reference, sim_now_ms(sim));
}

int64_t sim_requests_of_key(struct sim *sim, const char *idempotency_key)
{
    return data_key_requests(sim->data, idempotency_key);
}

void sim_each_execution(struct sim *sim, void (*fn)(void *ctx, const struct sim_execution *),
                        void *ctx)
{
    routes_settle(sim);
    data_each_execution(sim->data, &sim->seed.codes, sim_now_ms(sim), fn, ctx);
}

bool sim_payment_sums(struct sim *sim, const char *payment_reference, struct sim_sums *out)
{
    enum store_verdict verdict = STORE_MISSING;
    routes_settle(sim);
    for (int env = 0; env < SIM_ENVS && verdict != STORE_FOUND; env++) {
        struct arena arena = {0};
        struct store_payment payment;
        verdict = store_payment_find(sim, (enum sim_env)env, payment_reference, &arena, &payment);
        *out = payment.sums;
        arena_done(&arena);
    }
    return verdict == STORE_FOUND;
}

bool sim_faults_set(struct sim *sim, const char *spec, struct err *err)
{
    struct sim_faults *fresh = faults_new(spec, sim->settings.seed, sim->fault_applied, err);
    if (!fresh)
        return false;
    faults_free(sim->faults);
    sim->faults = fresh;
    listen_meet_faults(sim);
    return true;
}

bool sim_faults_count(const struct sim *sim, size_t rule, uint64_t *matched, uint64_t *applied)
{
    return faults_count(sim->faults, rule, matched, applied);
}

uint64_t sim_fault_applied(const struct sim *sim, const char *kind)
{
    return faults_applied(sim, kind);
}

/* --- the ledger as JSON -------------------------------------------------------------------------
 */

static void ledger_requests(const struct sim *sim, struct buf *out)
{
    sim_json_open(out, '{');
    for (size_t i = 0; i < routes_count(); i++) {
        struct buf name;
        buf_init(&name, 128);
        routes_name(i, &name);
        sim_json_key(out, name.data);
        sim_json_number(out, (int64_t)sim->seen[i]);
        buf_done(&name);
    }
    sim_json_close(out, '}');
}

static void ledger_execution(void *ctx, const struct sim_execution *execution)
{
    sim_json_execution(ctx, execution);
}

struct ledger {
    struct sim *sim;
    struct buf *out;
};

static void ledger_payment(void *ctx, const char *reference)
{
    static const struct {
        const char *name;
        size_t offset;
    } members[] = {{"authorised", offsetof(struct sim_sums, authorised)},
                   {"captured", offsetof(struct sim_sums, captured)},
                   {"capturing", offsetof(struct sim_sums, capturing)},
                   {"refunded", offsetof(struct sim_sums, refunded)},
                   {"refunding", offsetof(struct sim_sums, refunding)},
                   {"refunds", offsetof(struct sim_sums, refunds)},
                   {"captures", offsetof(struct sim_sums, captures)},
                   {"cancels", offsetof(struct sim_sums, cancels)},
                   {"extends", offsetof(struct sim_sums, extends)}};
    struct ledger *ledger = ctx;
    struct sim_sums sums;
    if (!sim_payment_sums(ledger->sim, reference, &sums))
        return;
    sim_json_key(ledger->out, reference);
    sim_json_open(ledger->out, '{');
    sim_json_pair(ledger->out, "currency", sums.currency);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        int64_t value;
        memcpy(&value, (const char *)&sums + members[i].offset, sizeof(value));
        sim_json_key(ledger->out, members[i].name);
        sim_json_number(ledger->out, value);
    }
    sim_json_close(ledger->out, '}');
}

void sim_ledger_json(struct sim *sim, struct buf *out)
{
    struct ledger ledger = {sim, out};
    routes_settle(sim);
    sim_json_open(out, '{');
    sim_json_key(out, "requests");
    ledger_requests(sim, out);
    data_ledger(sim->data, sim_now_ms(sim), out);
    sim_json_key(out, "executions");
    sim_json_open(out, '[');
    sim_each_execution(sim, ledger_execution, out);
    sim_json_close(out, ']');
    sim_json_key(out, "payments");
    sim_json_open(out, '{');
    data_each_payment(sim->data, ledger_payment, &ledger);
    sim_json_close(out, '}');
    sim_json_key(out, "faults");
    faults_ledger(sim->faults, out);
    sim_json_key(out, "kinds");
    faults_kinds_ledger(sim, out);
    sim_json_close(out, '}');
}
