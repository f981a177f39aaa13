/* What an answer means, for every HTTP status, body, attempt and operation. Bodies go in as bytes
   through the decoder of the client. The second opinion is a list of what may be believed; whatever
   it does not name must come out as unknown. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../api/wire.h"
#include "../../cache/judge.h"
#include "../../cache/ops_internal.h"
#include "support_brute.h"

/* --- bodies ---------------------------------------------------------------------------------- */

/* What an object of the API says, a NULL leaves the field out. */
struct words {
    const char *id, *status, *value, *currency, *terminal, *payment, *custom, *type, *url;
};

static bool changes_payment(enum op_kind kind)
{
    return kind != OP_CHARGE && kind != OP_LINK;
}

static struct words true_words(enum op_kind kind)
{
    if (kind == OP_CHARGE)
        return (struct words){.id = "HOTEL9-POSXT-77",
                              .status = "success",
                              .value = "1250",
                              .currency = "EUR",
                              .terminal = "V400m-TEST-000001",
                              .custom = "RES-1~0123abcd"};
    if (kind == OP_LINK)
        return (struct words){.id = "HOTEL9-EXTT-77",
                              .status = "pending",
                              .value = "1250",
                              .currency = "EUR",
                              .custom = "RES-1~0123abcd",
                              .url = "https://pay.example/77"};
    return (struct words){.id = "HOTEL9-RFXT-77",
                          .status = "pending",
                          .value = "1250",
                          .currency = "EUR",
                          .payment = "HOTEL9-POSXT-42",
                          .type = op_name(kind)};
}

static void add_word(struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        buf_printf(out, ",\"%s\":\"%s\"", name, value);
}

static void print_object(struct buf *out, enum op_kind kind, const struct words *words)
{
    const char *id = kind == OP_CHARGE ? "posPaymentId"
                     : kind == OP_LINK ? "sessionId"
                                       : "modificationReference";

    buf_puts(out, "{\"success\":true,\"data\":{\"createdAt\":\"2026-01-15T10:00:00Z\"");
    add_word(out, id, words->id);
    add_word(out, "status", words->status);
    if (words->value != NULL)
        buf_printf(out, ",\"amount\":{\"value\":%s,\"currency\":\"%s\"}", words->value,
                   words->currency);
    add_word(out, "poiId", words->terminal);
    add_word(out, "paymentReference", words->payment);
    add_word(out, "customReference", words->custom);
    add_word(out, "type", words->type);
    add_word(out, "paymentUrl", words->url);
    buf_puts(out, "}}");
}

enum body {
    NOTHING,
    PAGE_OF_A_PROXY,
    HALF,    /* the object, cut in the middle */
    REFUSAL, /* an error raised before anything is executed */
    TROUBLE, /* an error that may be raised after */
    YES,
    NO,          /* the same object, but its status says refused */
    OTHER_WORLD, /* an object of the live environment */
    BODIES
};
static const char *const body_names[BODIES] = {"nothing", "html", "half", "12001",
                                               "13001",   "yes",  "no",   "live"};

static void print_body(struct buf *out, enum op_kind kind, enum body body)
{
    struct words words = true_words(kind);

    buf_clear(out);
    if (body == NO)
        words.status = "refused";
    if (body == OTHER_WORLD)
        words.id = kind == OP_CHARGE ? "HOTEL9-POSX-77"
                   : kind == OP_LINK ? "HOTEL9-EXT-77"
                                     : "HOTEL9-RFX-77";
    if (body == PAGE_OF_A_PROXY)
        buf_puts(out, "<html><body><h1>502 Bad Gateway</h1></body></html>");
    else if (body == REFUSAL || body == TROUBLE)
        buf_printf(out,
                   "{\"success\":false,\"error\":{\"message\":\"no\",\"code\":%s,"
                   "\"statusCode\":400,\"traceId\":\"t-1\"}}",
                   body_names[body]);
    else if (body != NOTHING)
        print_object(out, kind, &words);
    if (body == HALF)
        out->len /= 2;
}

/* --- asking the judge ------------------------------------------------------------------------ */

static struct verdict judge_bytes(enum op_kind kind, int attempt, int status,
                                  const struct buf *bytes)
{
    struct judge_intent intent = {.kind = kind,
                                  .attempt = attempt,
                                  .env = ENV_TEST,
                                  .webcode = "HOTEL9",
                                  .target = kind == OP_LINK     ? NULL
                                            : kind == OP_CHARGE ? "V400m-TEST-000001"
                                                                : "HOTEL9-POSXT-42",
                                  .tag = "0123abcd"};
    struct api_answer answer = {
        .endpoint = op_endpoint(kind), .left = true, .http_status = status, .retry_after_s = -1};
    struct arena arena = {0};

    if (kind != OP_CANCEL && kind != OP_EXTEND)
        intent.amount = money_make(1250, "EUR");
    wire_decode(&answer, &arena, bytes->data, bytes->len);
    struct verdict verdict = judge_answer(&intent, &answer);
    arena_done(&arena);
    return verdict;
}

/* --- the second opinion ---------------------------------------------------------------------- */

/* All that may be believed. Kinds by letter: c charge, l link, m modification. */
static const struct {
    const char *kinds, *statuses;
    enum body body;
    const char *first, *again;
} believed[] = {
    {"cl", "200 201", YES, "confirmed", "confirmed"},
    {"c", "200 201", NO, "declined", "declined"},
    {"m", "202", YES, "accepted", "accepted"},
    {"m", "202", NO, "accepted", "accepted"}, /* taken on; what became of it is read later */
    {"clm", "400 401 403 404 422", REFUSAL, "rejected", "unknown"},
};

static char letter_of(enum op_kind kind)
{
    return kind == OP_CHARGE ? 'c' : kind == OP_LINK ? 'l' : 'm';
}

static const char *opinion(enum op_kind kind, int attempt, int status, enum body body)
{
    char text[8];

    snprintf(text, sizeof text, "%d", status);
    for (size_t i = 0; i < COUNT_OF(believed); i++)
        if (believed[i].body == body && strchr(believed[i].kinds, letter_of(kind)) != NULL &&
            strstr(believed[i].statuses, text) != NULL)
            return attempt == 1 ? believed[i].first : believed[i].again;
    return "unknown";
}

/* A person must hear of a key in use, and of a success that is about something else. */
static bool alarms(int status, enum body body)
{
    return status == 409 || (status / 100 == 2 && body == OTHER_WORLD);
}

static void try_case(struct brute *brute, enum op_kind kind, int attempt, int status,
                     enum body body, const struct buf *bytes)
{
    struct verdict verdict = judge_bytes(kind, attempt, status, bytes);
    const char *got = intent_state_name(verdict.next);
    const char *wanted = opinion(kind, attempt, status, body);

    if (strcmp(got, wanted) != 0 || verdict.alarm != alarms(status, body) || verdict.why == NULL)
        brute_violation(brute, "judge: %s attempt %d status %d body %s: %s%s, not %s",
                        op_name(kind), attempt, status, body_names[body], got,
                        verdict.alarm ? " with alarm" : "", wanted);
}

/* --- differences of identity ----------------------------------------------------------------- */

/* A field of the true object with another value. different: for whom that is another thing; for the
   others it is a field that their operation does not fix, or that is no evidence. */
static const struct {
    const char *name;
    struct words change;
    const char *different;
} differences[] = {
    {"amount", {.value = "1251"}, "charge refund capture link"},
    {"currency", {.currency = "USD"}, "charge refund capture link"},
    {"terminal", {.terminal = "S1F2-TEST-000002"}, "charge"},
    {"payment", {.payment = "HOTEL9-POSXT-43"}, "refund capture cancel extend"},
    {"tag", {.custom = "RES-1~76543210"}, "charge link"},
    {"environment", {.id = "HOTEL9-POSX-77"}, "charge refund capture cancel extend link"},
    {"environment of the payment",
     {.payment = "HOTEL9-PXT-1"},
     "charge refund capture cancel extend link"},
};

static struct words merged(struct words words, const struct words *change)
{
    const char **to = (const char **)&words;
    const char *const *from = (const char *const *)change;

    for (size_t i = 0; i < sizeof words / sizeof *to; i++)
        if (from[i] != NULL)
            to[i] = from[i];
    return words;
}

static size_t try_differences(struct brute *brute, struct buf *bytes)
{
    size_t cases = 0;

    for (size_t d = 0; d < COUNT_OF(differences); d++)
        for (int k = 0; k < OP_KINDS; k++)
            for (int n = 0; n < 6; n++, cases++) {
                enum op_kind kind = (enum op_kind)k;
                int status = 200 + n / 2, attempt = 1 + n % 2;
                struct words words = merged(true_words(kind), &differences[d].change);
                buf_clear(bytes);
                print_object(bytes, kind, &words);
                bool different = strstr(differences[d].different, op_name(kind)) != NULL;
                const char *wanted = different ? "unknown" : opinion(kind, attempt, status, YES);
                struct verdict verdict = judge_bytes(kind, attempt, status, bytes);
                if (strcmp(intent_state_name(verdict.next), wanted) != 0 ||
                    verdict.alarm != different)
                    brute_violation(brute, "judge: %s attempt %d status %d other %s: %s, not %s",
                                    op_name(kind), attempt, status, differences[d].name,
                                    intent_state_name(verdict.next), wanted);
            }
    return cases;
}

/* --- answers that are nearly right ----------------------------------------------------------- */

/* Bytes that look like a success, none of which may be believed; @ is the object. */
static const char *const nearly[] = {
    /* the outer object */
    "{\"success\":false,\"data\":@}",
    "{\"success\":\"no\",\"data\":@}",
    "{\"data\":@}",
    "[{\"success\":true,\"data\":@}]",
    "{\"success\":true,\"data\":[@]}",
    "{\"success\":true,\"data\":@}}",
    "{\"success\":true,\"success\":true,\"data\":@}",
    "\xef\xbb\xbf{\"success\":true,\"data\":@}",
    "{\"success\":true,\"data\":@}{\"success\":true}",
    "{\"success\":true,\"data\":{\"data\":@}}",
    "{\"success\":true,\"data\":@,\"raw\":\"\x01\"}",
    "{\"success\":true,\"data\":@,\"raw\":\"\\u0000\"}",
    "{\"success\":true,\"data\":@,\"raw\":\"\xff\"}",
    "{\"success\":true,\"data\":null}",
    "{\"success\":true,\"data\":{}}",
    "{\"success\":true}",
};
/* Statuses of an object that say neither yes nor no; for a modification every one is "taken on". */
static const char *const odd_statuses[] = {"pending ", "SUCCES", "", "ok", "received2", "null"};

static void print_nearly(struct buf *out, const char *text, const struct buf *object)
{
    buf_clear(out);
    for (; *text != '\0'; text++)
        buf_add(out, *text == '@' ? object->data : text, *text == '@' ? object->len : 1);
    buf_add(out, "", 1); /* shown in messages */
    out->len--;
}

static void expect_unknown(struct brute *brute, enum op_kind kind, int status,
                           const struct buf *bytes)
{
    for (int attempt = 1; attempt <= 2; attempt++) {
        enum intent_state next = judge_bytes(kind, attempt, status, bytes).next;
        if (next != INTENT_UNKNOWN)
            brute_violation(brute, "judge: %s attempt %d status %d of %s: %s", op_name(kind),
                            attempt, status, bytes->data, intent_state_name(next));
    }
}

static size_t try_nearly(struct brute *brute, struct buf *bytes)
{
    struct buf object;
    size_t cases = 0;

    buf_init(&object, 4096);
    for (int k = 0; k < OP_KINDS; k++)
        for (int status = 200; status <= 202; status++) {
            enum op_kind kind = (enum op_kind)k;
            struct words words = true_words(kind);
            buf_clear(bytes);
            print_object(bytes, kind, &words);
            const char *data = strchr(bytes->data + 1, '{'); /* what stands in "data" */
            buf_clear(&object);
            buf_add(&object, data, strlen(data) - 1);
            for (size_t i = 0; i < COUNT_OF(nearly); i++, cases += 2) {
                print_nearly(bytes, nearly[i], &object);
                expect_unknown(brute, kind, status, bytes);
            }
            for (size_t i = 0; i < COUNT_OF(odd_statuses) && !changes_payment(kind); i++) {
                words.status = odd_statuses[i];
                buf_clear(bytes);
                print_object(bytes, kind, &words);
                expect_unknown(brute, kind, status, bytes);
                cases += 2;
            }
        }
    buf_done(&object);
    return cases;
}

bool brute_judge(struct brute *brute)
{
    uint64_t before = brute->violations;
    struct buf bytes;
    size_t cases = 0;

    buf_init(&bytes, 8192);
    for (int kind = 0; kind < OP_KINDS; kind++)
        for (int body = 0; body < BODIES; body++) {
            print_body(&bytes, (enum op_kind)kind, (enum body)body);
            for (int status = 100; status <= 599; status++)
                for (int attempt = 1; attempt <= 2; attempt++, cases++)
                    try_case(brute, (enum op_kind)kind, attempt, status, (enum body)body, &bytes);
        }
    printf("= judge cases: %" PRIu64 " of 48000\n", cases - (brute->violations - before));
    printf("= judge identity cases: %zu\n", try_differences(brute, &bytes));
    printf("= judge nearly right answers: %zu\n", try_nearly(brute, &bytes));
    buf_done(&bytes);
    return cases == 48000;
}
