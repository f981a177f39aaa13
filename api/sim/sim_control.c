/* What is outside the API: the page a payer would see, the referee's ledger, faults at run time. */
#include "sim_internal.h"

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
    return data_executions(sim->data, BY_KEY, idempotency_key, sim_now_ms(sim));
}

int64_t sim_executions_of_reference(struct sim *sim, const char *custom_reference)
{
    return data_executions(sim->data, BY_REFERENCE, custom_reference, sim_now_ms(sim));
}

int64_t sim_requests_of_key(struct sim *sim, const char *idempotency_key)
{
    return data_key_requests(sim->data, idempotency_key);
}

bool sim_faults_set(struct sim *sim, const char *spec, struct err *err)
{
    struct sim_faults *fresh = faults_new(spec, sim->settings.seed, err);
    if (!fresh)
        return false;
    faults_free(sim->faults);
    sim->faults = fresh;
    return true;
}

bool sim_faults_count(const struct sim *sim, size_t rule, uint64_t *matched, uint64_t *applied)
{
    return faults_count(sim->faults, rule, matched, applied);
}

void sim_ledger_json(struct sim *sim, struct buf *out)
{
    sim_json_open(out, '{');
    sim_json_key(out, "requests");
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
    data_ledger(sim->data, &sim->seed.codes, sim_now_ms(sim), out);
    sim_json_key(out, "faults");
    faults_ledger(sim->faults, out);
    sim_json_close(out, '}');
}
