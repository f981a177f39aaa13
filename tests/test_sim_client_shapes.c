/* Fixtures and simulator speak of the same things: the fixtures are written from the contract, and
   every field that the simulator sends is known to them with the same JSON type, every field they
   know is sent, and what the client decodes is what stands in the bytes. */
#include "support_simc.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- fields of JSON text, read without the client's reader --------------------------------- */

struct field {
    char path[64], value[160];
    char type; /* s n b z o a */
};
struct fields {
    struct field all[4000];
    size_t count;
};

static const char *after_space(const char *at)
{
    return at + strspn(at, " \t\r\n,:");
}

static const char *after_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

static const char *flatten(const char *at, const char *path, struct fields *out);

static const char *flatten_inside(const char *at, const char *path, struct fields *out)
{
    bool object = *at == '{';
    for (at = after_space(at + 1); *at != '}' && *at != ']'; at = after_space(at)) {
        char inner[64];
        const char *name = at + 1;
        if (object)
            at = after_space(after_string(at));
        const char *dot = object && *path ? "." : "";
        int len = object ? (int)(strchr(name, '"') - name) : 0;
        snprintf(inner, sizeof(inner), "%s%s%.*s%s", path, dot, len, name, object ? "" : "[]");
        at = flatten(at, inner, out);
    }
    return at + 1;
}

/* Adds the value at `at` and all that is inside it; returns what follows. The text is valid JSON.
 */
static const char *flatten(const char *at, const char *path, struct fields *out)
{
    assert_true(out->count < COUNT_OF(out->all));
    struct field *field = &out->all[out->count++];
    const char *from = at = after_space(at);
    snprintf(field->path, sizeof(field->path), "%s", path);
    field->value[0] = '\0';
    switch (*at) {
    case '{':
    case '[':
        field->type = *at == '{' ? 'o' : 'a';
        return flatten_inside(at, path, out);
    case '"':
        field->type = 's';
        at = after_string(at);
        snprintf(field->value, sizeof(field->value), "%.*s", (int)(at - from - 2), from + 1);
        return at;
    default:
        field->type = *at == 't' || *at == 'f' ? 'b' : *at == 'n' ? 'z' : 'n';
        at += strcspn(at, ",]} \r\n");
        snprintf(field->value, sizeof(field->value), "%.*s", (int)(at - from), from);
        return at;
    }
}

/* The field of that path; type 0: any. */
static const struct field *find(const struct fields *fields, const char *path, char type)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->all[i].path, path) == 0 && (!type || fields->all[i].type == type))
            return &fields->all[i];
    return NULL;
}

/* --- shapes ------------------------------------------------------------------------------- */

struct source {
    const char *fixture, *prefix; /* of the paths that belong to the shape */
};
/* Written from the contract: which fields an object must have, which fixtures show it, and which of
   their fields the simulator does not send in it. */
struct shape {
    const char *name, *required[10];
    struct source sources[4];
    const char *elsewhere[6];
};
static const struct shape
    created = {"created session",
               {"sessionId", "paymentUrl", "status", "amount", "amount.value", "amount.currency",
                "createdAt"},
               {{"session_create", "data."}},
               {NULL}},
    session = {"session",
               {"sessionId", "status", "amount", "amount.value", "amount.currency", "createdAt"},
               {{"session_get", "data."}, {"session_create", "data."}},
               {"paymentUrl", "loyalty", "loyalty.points", "loyalty.points[]"}},
    payment = {"POS payment",
               {"posPaymentId", "paymentReference", "poiId", "status", "amount", "amount.value",
                "amount.currency", "createdAt"},
               {{"charge", "data."}},
               {NULL}},
    modification = {"modification",
                    {"modificationReference", "type", "paymentReference", "status", "createdAt"},
                    {{"modification_refund", "data."},
                     {"modification_cancel", "data."},
                     {"modifications", "data.items[]."}},
                    {NULL}},
    terminal = {"terminal", {"poiId", "status"}, {{"terminals", "data[]."}}, {NULL}},
    pagination = {"pagination",
                  {"page", "limit", "total", "totalPages"},
                  {{"sessions", "data.pagination."},
                   {"sessions_empty", "data.pagination."},
                   {"modifications", "data.pagination."}},
                  {NULL}},
    error = {"error",
             {"success", "error", "error.message", "error.statusCode", "error.traceId"},
             {{"error_11001", ""}, {"error_13004", ""}, {"error_409", ""}},
             {NULL}};

static struct fields known, met, one;

static void add_below(const struct fields *from, const char *prefix, struct fields *to)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i < from->count; i++) {
        if (strncmp(from->all[i].path, prefix, len) != 0 || !from->all[i].path[len])
            continue;
        assert_true(to->count < COUNT_OF(to->all));
        to->all[to->count] = from->all[i];
        memmove(to->all[to->count].path, from->all[i].path + len,
                strlen(from->all[i].path + len) + 1);
        to->count++;
    }
}

/* From now on judges() is about this shape. */
static void begins(const struct shape *shape)
{
    known.count = met.count = 0;
    for (size_t i = 0; i < COUNT_OF(shape->sources) && shape->sources[i].fixture; i++) {
        char path[96], text[8192];
        snprintf(path, sizeof(path), "tests/fixtures/%s.json", shape->sources[i].fixture);
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        size_t len = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[len] = '\0';
        one.count = 0;
        flatten(text, "", &one);
        add_below(&one, shape->sources[i].prefix, &known);
    }
    for (size_t i = 0; i < COUNT_OF(shape->required) && shape->required[i]; i++)
        if (!find(&known, shape->required[i], 0))
            fail_msg("no fixture of a %s has %s", shape->name, shape->required[i]);
}

/* One object as the simulator sent it: leaves its fields in one. */
static void judges(const struct shape *shape, const char *text, const char *prefix)
{
    static struct fields whole;
    whole.count = one.count = 0;
    flatten(text, "", &whole);
    add_below(&whole, prefix, &one);
    for (size_t i = 0; i < COUNT_OF(shape->required) && shape->required[i]; i++) {
        const struct field *field = find(&one, shape->required[i], 0);
        if (!field || field->type == 'z')
            fail_msg("a %s without %s: %s", shape->name, shape->required[i], text);
    }
    for (size_t i = 0; i < one.count; i++) {
        const struct field *field = &one.all[i];
        if (!find(&known, field->path, field->type == 'z' ? 0 : field->type))
            fail_msg("a %s with %s of type %c, unknown to the fixtures", shape->name, field->path,
                     field->type);
        if (!find(&met, field->path, field->type)) {
            assert_true(met.count < COUNT_OF(met.all));
            met.all[met.count++] = *field;
        }
    }
}

static void all_known_was_met(const struct shape *shape)
{
    for (size_t i = 0; i < known.count; i++) {
        const struct field *field = &known.all[i];
        bool met_it = field->type == 'z' || find(&met, field->path, field->type);
        for (size_t k = 0; k < COUNT_OF(shape->elsewhere) && shape->elsewhere[k]; k++)
            met_it |= strcmp(shape->elsewhere[k], field->path) == 0;
        if (!met_it)
            fail_msg("no %s of the simulator has %s of type %c", shape->name, field->path,
                     field->type);
    }
}

/* --- values: what was decoded is what one.all says ----------------------------------------- */

static void text_is(const char *path, const char *decoded)
{
    const struct field *field = find(&one, path, 's');
    assert_string_equal(decoded ? decoded : "", field ? field->value : "");
}

static void decoded_is_raw(const struct record *record, const char *id)
{
    char number[32] = "";
    text_is(id, record->id);
    text_is("paymentReference", record->payment_reference);
    text_is("status", record->status);
    text_is("type", record->type);
    text_is("description", record->description);
    text_is("customReference", record->custom_reference);
    text_is("poiId", record->poi_id);
    text_is("reason", record->reason);
    text_is("failureReason", record->failure_reason);
    text_is("paymentStatus", record->payment_status);
    text_is("paymentUrl", record->payment_url);
    text_is("createdAt", record->created.text);
    text_is("completedAt", record->completed.text);
    text_is("updatedAt", record->updated.text);
    text_is("amount.currency", record->amount.currency);
    if (record->amount.known)
        snprintf(number, sizeof(number), "%lld", (long long)record->amount.minor);
    const struct field *field = find(&one, "amount.value", 'n');
    assert_string_equal(number, field ? field->value : "");
    field = find(&one, "isPreAuth", 'b');
    assert_int_equal(record->is_preauth, field ? strcmp(field->value, "true") == 0 : -1);
    size_t attempts = 0;
    for (size_t i = 0; i < one.count; i++)
        attempts += strcmp(one.all[i].path, "attempts[]") == 0;
    assert_int_equal(record->attempt_count, attempts);
}

static void judges_record(const struct shape *shape, const struct record *record, const char *id)
{
    judges(shape, record->raw, "");
    decoded_is_raw(record, id);
}

static void judges_list(const struct shape *shape, enum endpoint endpoint, const char *id)
{
    struct list_query query = {.limit = 100};
    struct simc_got *got = NULL;
    for (query.page = 1; !got || got->answer.count == 100; query.page++) {
        got = simc_get(endpoint, NULL, query);
        assert_int_equal(got->answer.body, BODY_DATA);
        for (size_t i = 0; i < got->answer.count; i++)
            judges_record(shape, &got->answer.records[i], id);
    }
}

/* --- tests -------------------------------------------------------------------------------- */

static int opens(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    simc_open(&settings, ENV_TEST);
    return 0;
}

static void sessions_are_alike(void **state)
{
    (void)state;
    struct session_draft draft = {.amount = money_make(1000, "EUR"),
                                  .url_ok = "https://hotel.example/ok",
                                  .url_ko = "https://hotel.example/ko",
                                  .description = "Spa",
                                  .custom_reference = "BK-1",
                                  .country = "ES",
                                  .locale = "es-ES",
                                  .deliver_at = "2026-06-29T08:00:00Z"};
    begins(&created);
    const char *full = simc_record(simc_session(&draft))->id;
    struct session_draft bare = {
        .amount = draft.amount, .url_ok = draft.url_ok, .url_ko = draft.url_ko, .is_preauth = true};
    judges_record(&created, simc_record(simc_session(&bare)), "sessionId");
    judges_record(&created, simc_record(simc_session(&draft)), "sessionId");
    all_known_was_met(&created);
    begins(&session);
    judges_record(&session, simc_record(simc_get(EP_SESSION_GET, full, (struct list_query){0})),
                  "sessionId");
    judges_record(&session, simc_record(simc_until(EP_SESSION_GET, full, "completed")),
                  "sessionId");
    judges_list(&session, EP_SESSIONS, "sessionId");
    all_known_was_met(&session);
}

static void payments_are_alike(void **state)
{
    (void)state;
    begins(&payment);
    for (int i = 0; i < 4; i++) {
        struct charge_draft draft = {.poi_id = DEMO_POI,
                                     .amount = money_make(1000 + i, "EUR"),
                                     .description = i ? "Bar" : NULL,
                                     .custom_reference = i ? "AC-1" : NULL,
                                     .is_preauth = i == 2};
        if (i != 3) /* an error */
            judges_record(&payment, simc_record(simc_charge(&draft)), "posPaymentId");
    }
    judges_list(&payment, EP_PAYMENTS, "posPaymentId");
    all_known_was_met(&payment);
}

static void modifications_are_alike(void **state)
{
    (void)state;
    struct charge_draft draft = {.poi_id = DEMO_POI, .amount = money_make(50000, "EUR")};
    const char *plain = simc_record(simc_charge(&draft))->id;
    draft.is_preauth = true;
    const char *hold = simc_record(simc_charge(&draft))->id;
    begins(&modification);
    judges_record(&modification, simc_record(simc_modify(EP_REFUND, plain, 111, "EUR")),
                  "modificationReference");
    judges_record(&modification, simc_record(simc_modify(EP_EXTEND, hold, 0, "EUR")),
                  "modificationReference");
    judges_record(&modification, simc_record(simc_modify(EP_CAPTURE, hold, 500, "EUR")),
                  "modificationReference");
    simc_until(EP_PAYMENT_MODIFICATIONS, plain, "failed");
    judges_list(&modification, EP_MODIFICATIONS, "modificationReference");
    all_known_was_met(&modification);
}

static void terminals_pages_and_errors_are_alike(void **state)
{
    (void)state;
    begins(&terminal);
    judges(&terminal, lab_get(simc.lab, TEST "/pos/terminals?webcode=HOTEL9")->body, "data[].");
    all_known_was_met(&terminal);
    static const char *const paths[] = {"/payment/sessions", "/pos/payments", "/modifications"};
    begins(&pagination);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        char path[96];
        snprintf(path, sizeof(path), TEST "%s?webcode=HOTEL9&limit=7&page=2", paths[i]);
        judges(&pagination, lab_get(simc.lab, path)->body, "data.pagination.");
    }
    all_known_was_met(&pagination);
    begins(&error);
    judges(&error, lab_get(simc.lab, TEST "/pos/terminals")->body, "");
    judges(&error, lab_get(simc.lab, TEST "/payment/session/x?webcode=HOTEL9")->body, "");
    assert_true(sim_faults_set(simc.lab->sim, "*:409", NULL));
    judges(&error, lab_get(simc.lab, TEST "/pos/terminals?webcode=HOTEL9")->body, "");
    all_known_was_met(&error);
}

#define ALIKE(name) cmocka_unit_test_setup_teardown(name, opens, simc_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALIKE(sessions_are_alike),
        ALIKE(payments_are_alike),
        ALIKE(modifications_are_alike),
        ALIKE(terminals_pages_and_errors_are_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
