/* Every endpoint in one table, and what all requests go through: counting, faults, key,
   idempotency. A POST runs inside one transaction from the look at its key to the commit of its
   effect and its answer, so a key is executed once however many processes share the file. */
#include "faults_internal.h"

#include <string.h>

static const struct sim_route routes[] = {
    {"POST", "/payment/session", handle_session_create, 0},
    {"GET", "/payment/session/{id}", handle_session_get, 0},
    {"GET", "/payment/sessions", handle_list, SIM_SESSION},
    {"GET", "/payment/session/{id}/modifications", handle_list_of_session, 0},
    {"POST", "/payment/refund", handle_modify, TAG_REFUND},
    {"POST", "/payment/capture", handle_modify, TAG_CAPTURE},
    {"POST", "/payment/cancel", handle_modify, TAG_CANCEL},
    {"POST", "/payment/extend", handle_modify, TAG_EXTEND},
    {"GET", "/modifications", handle_list, SIM_MODIFICATION},
    {"GET", "/pos/terminals", handle_terminals, 0},
    {"POST", "/pos/payment", handle_charge, 0},
    {"GET", "/pos/payments", handle_list, SIM_PAYMENT},
    {"GET", "/pos/payment/{id}/modifications", handle_list_of_payment, 0},
};
#define ANSWER_MAX    (4u << 20)
#define KEY_MAX       255
#define ERROR_409     "Idempotency conflict"
#define ERROR_RUNNING "The first request is still running"

size_t routes_count(void)
{
    return COUNT_OF(routes);
}

bool routes_same(size_t i, const char *endpoint)
{
    size_t method = strlen(routes[i].method);
    return strncmp(routes[i].method, endpoint, method) == 0 &&
           strcmp(routes[i].path, endpoint + method) == 0;
}

void routes_name(size_t i, struct buf *out)
{
    buf_printf(out, "%s%s", routes[i].method, routes[i].path);
}

const char *request_query(const struct sim_request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, name) == 0)
            return request->query[i].value;
    }
    return NULL;
}

int64_t request_now_ms(const struct sim_request *request)
{
    return sim_now_ms(request->sim) - request->late_ms;
}

int64_t request_created_ms(const struct sim_request *request)
{
    return clock_utc_ms() - request->late_ms;
}

bool answer_error(struct sim_answer *answer, int status, int code, const char *message)
{
    char trace[UUID_SIZE];
    random_uuid(trace);
    buf_clear(&answer->body);
    answer->status = status;
    sim_json_open(&answer->body, '{');
    sim_json_key(&answer->body, "success");
    sim_json_bool(&answer->body, false);
    sim_json_key(&answer->body, "error");
    sim_json_open(&answer->body, '{');
    sim_json_pair(&answer->body, "message", message);
    if (code) {
        sim_json_key(&answer->body, "code");
        sim_json_number(&answer->body, code);
    }
    sim_json_key(&answer->body, "statusCode");
    sim_json_number(&answer->body, status);
    sim_json_pair(&answer->body, "traceId", trace);
    sim_json_close(&answer->body, '}');
    sim_json_close(&answer->body, '}');
    return false;
}

void answer_data_open(struct sim_answer *answer, int status)
{
    answer->status = status;
    sim_json_open(&answer->body, '{');
    sim_json_key(&answer->body, "success");
    sim_json_bool(&answer->body, true);
    sim_json_key(&answer->body, "data");
}

void answer_data_close(struct sim_answer *answer)
{
    sim_json_close(&answer->body, '}');
}

bool answer_verdict(struct sim_answer *answer, enum store_verdict verdict, const char *what)
{
    if (verdict == STORE_DENIED)
        return answer_error(answer, 403, 11008, "Access to the resource is denied");
    return verdict == STORE_FOUND || answer_error(answer, 404, 10404, what);
}

bool request_check_webcode(struct sim_request *request, struct sim_answer *answer,
                           const char *webcode)
{
    if (!webcode || !webcode[0])
        return answer_error(answer, 400, 12001, "Missing parameter: webcode");
    if (strcmp(webcode, request->sim->settings.webcode) != 0)
        return answer_error(answer, 403, 11008, "The API key does not belong to this webcode");
    return true;
}

bool request_read(struct sim_request *request, struct sim_answer *answer,
                  const struct sim_json_field *fields, size_t count, struct sim_json_value *values)
{
    struct buf trouble;
    buf_init(&trouble, 256);
    bool good = sim_json_read(&request->body, fields, count, values, &request->arena, &trouble);
    if (!good)
        answer_error(answer, 400, 12001, trouble.data);
    buf_done(&trouble);
    return good && request_check_webcode(request, answer, values[0].text);
}

/* Matches a path against a pattern with at most one {id}; the id is copied into arena. */
static bool match(const char *pattern, const char *path, struct arena *arena, const char **id)
{
    const char *mark = strchr(pattern, '{');
    if (!mark)
        return strcmp(pattern, path) == 0;
    size_t head = (size_t)(mark - pattern);
    if (strncmp(pattern, path, head) != 0)
        return false;
    size_t len = strcspn(path + head, "/");
    if (len == 0 || strcmp(strchr(mark, '}') + 1, path + head + len) != 0)
        return false;
    *id = arena_strndup(arena, path + head, len);
    return true;
}

/* The route, or NULL; known_path tells 405 from 404. */
static const struct sim_route *find_route(struct sim_request *request, bool *known_path)
{
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (!match(routes[i].path, request->path, &request->arena, &request->id))
            continue;
        *known_path = true;
        if (strcmp(routes[i].method, request->method) == 0)
            return &routes[i];
    }
    return NULL;
}

static bool check_access(struct sim_request *request, struct sim_answer *answer)
{
    const struct sim_settings *settings = &request->sim->settings;
    const char *key = request->env == SIM_TEST ? settings->test_key : settings->live_key;
    if (!request->api_key || strcmp(request->api_key, key) != 0)
        return answer_error(answer, 403, 11001, "API key missing or invalid");
    return true;
}

static bool check_post(struct sim_request *request, struct sim_answer *answer)
{
    static const char json[] = "application/json";
    if (!request->content_type || strncmp(request->content_type, json, sizeof(json) - 1) != 0)
        return answer_error(answer, 400, 12001, "Content-Type must be application/json");
    if (request->idempotency_key &&
        (!request->idempotency_key[0] || strlen(request->idempotency_key) > KEY_MAX))
        return answer_error(answer, 400, 12001, "Idempotency-Key must have 1 to 255 characters");
    if (request->body.over)
        return answer_error(answer, 413, 12001, "The body is too large");
    return true;
}

static struct sim_key key_of(const struct sim_request *request)
{
    return (struct sim_key){request->env, request->idempotency_key};
}

/* True when the key was used before and answer is complete. */
static bool replay(struct sim_request *request, struct sim_answer *answer)
{
    int64_t now_ms = request_now_ms(request);
    struct sim_key key = key_of(request);
    struct sim_stored_answer first;
    if (!key.text || request->twist.no_idempotency ||
        !data_find_answer(request->sim->data, &key, now_ms, &request->arena, &first))
        return false;
    answer->forget = true;
    bool same = strcmp(first.endpoint, request->path) == 0 && first.body_len == request->body.len &&
                memcmp(first.body, request->body.data, first.body_len) == 0;
    if (!same || first.ready_ms > now_ms) {
        answer_error(answer, 409, 0, same ? ERROR_RUNNING : ERROR_409);
        return true;
    }
    answer->status = first.status;
    answer->replayed = true;
    buf_clear(&answer->body);
    buf_add(&answer->body, first.answer, first.answer_len);
    return true;
}

static bool keep(struct sim_request *request, const struct sim_answer *answer)
{
    int64_t forget_ms = request->twist.forget_ms;
    struct sim_key key = key_of(request);
    if (!key.text || answer->forget)
        return true;
    struct sim_stored_answer first = {.endpoint = request->path,
                                      .body = request->body.data,
                                      .body_len = request->body.len,
                                      .status = answer->status,
                                      .answer = answer->body.data,
                                      .answer_len = answer->body.len,
                                      .ready_ms = answer->ready_ms,
                                      .forget_ms = forget_ms ? answer->ready_ms + forget_ms : 0};
    return data_keep_answer(request->sim->data, &key, &first);
}

/* Inside a transaction; false when the storage failed. */
static bool execute(struct sim_request *request, struct sim_answer *answer)
{
    if (replay(request, answer))
        return true;
    answer->ready_ms = request_now_ms(request);
    request->route->handle(request, answer);
    return keep(request, answer);
}

static void serve_post(struct sim_request *request, struct sim_answer *answer)
{
    struct sim_data *data = request->sim->data;
    if (!check_post(request, answer))
        return;
    struct err err = {0};
    if (!data_begin(data, &err) || !execute(request, answer) || !data_commit(data, &err)) {
        data_rollback(data);
        answer->instead = INSTEAD_NOTHING;
        answer_error(answer, 500, 0, "The simulator's storage failed");
        return;
    }
    if (answer->instead == INSTEAD_DROP)
        answer->drop = true;
    else if (answer->instead == INSTEAD_13001)
        answer_error(answer, 500, 13001, "Payment provider error");
}

static void serve_route(struct sim_request *request, struct sim_answer *answer, bool known_path)
{
    if (!check_access(request, answer))
        return;
    if (!request->route)
        answer_error(answer, known_path ? 405 : 404, 0,
                     known_path ? "Method not allowed" : "No such endpoint");
    else if (strcmp(request->method, "POST") == 0)
        serve_post(request, answer);
    else if (request_check_webcode(request, answer, request_query(request, "webcode")))
        request->route->handle(request, answer);
}

static struct sim_answer answer_fresh(void)
{
    struct sim_answer answer = {
        .content_type = "application/json", .retry_after_s = -1, .cut_at = -1, .refuse_ms = -1};
    buf_init(&answer.body, ANSWER_MAX);
    return answer;
}

/* --- later ------------------------------------------------------------------------------------ */

bool routes_delay(struct sim_request *request, int64_t delay_ms)
{
    struct sim_answer refusal = answer_fresh();
    bool good = request->route && strcmp(request->method, "POST") == 0 &&
                check_access(request, &refusal) && check_post(request, &refusal);
    buf_done(&refusal.body);
    struct sim_late late = {.due_ms = request_now_ms(request) + delay_ms,
                            .key = key_of(request),
                            .path = request->path,
                            .body = request->body.data,
                            .body_len = request->body.len};
    return good && data_late_keep(request->sim->data, &late);
}

/* Executes one that is due, if no other process has done it; false when the storage failed. */
static bool settle_one(struct sim *sim)
{
    struct sim_late late = {0};
    struct sim_request request = {.sim = sim, .method = "POST"};
    struct sim_answer answer = answer_fresh();
    int64_t now_ms = sim_now_ms(sim);
    bool known_path, good = data_begin(sim->data, NULL);
    buf_init(&request.body, BODY_MAX);
    if (good && data_late_take(sim->data, now_ms, &request.arena, &late)) {
        request.env = late.key.env;
        request.path = late.path;
        request.idempotency_key = late.key.text;
        request.late_ms = now_ms - late.due_ms;
        buf_add(&request.body, late.body, late.body_len);
        request.route = find_route(&request, &known_path);
        good = execute(&request, &answer);
    }
    good = good && data_commit(sim->data, NULL);
    if (!good)
        data_rollback(sim->data);
    buf_done(&request.body);
    buf_done(&answer.body);
    arena_done(&request.arena);
    return good;
}

void routes_settle(struct sim *sim)
{
    while (data_late_waits(sim->data, sim_now_ms(sim)) && settle_one(sim))
        ;
}

/* --- every request ---------------------------------------------------------------------------- */

static void serve(struct sim_request *request, struct sim_answer *answer, struct sim_faults *own)
{
    struct sim_faults *faults = request->sim->faults;
    bool known_path = false;
    struct buf target;
    request->route = find_route(request, &known_path);
    request->sim->seen[request->route ? (size_t)(request->route - routes) : COUNT_OF(routes)]++;
    if (request->idempotency_key && strcmp(request->method, "POST") == 0)
        data_note_key(request->sim->data, request->idempotency_key);
    buf_init(&target, 4096);
    buf_printf(&target, "%s%s", request->method, request->path);
    if (!faults_before(own, target.data, request, answer) &&
        !faults_before(faults, target.data, request, answer)) {
        serve_route(request, answer, known_path);
        faults_after(own, target.data, request, answer);
        faults_after(faults, target.data, request, answer);
    }
    buf_done(&target);
}

void routes_serve(struct sim_request *request, struct sim_answer *answer)
{
    struct err err = {0};
    *answer = answer_fresh();
    routes_settle(request->sim);
    if (!request->path) {
        handle_control(request, answer);
        return;
    }
    struct sim_faults *own =
        request->faults ? faults_of_header(request->sim, request->faults, &err) : NULL;
    if (request->faults && !own)
        answer_error(answer, 400, 0, err.detail);
    else
        serve(request, answer, own);
    faults_free(own);
}
