/* An answer to each kind of request -> the decoder -> the judge. Whatever comes, an intent ends as
   done or as not done only when the answer says exactly that of exactly this intent; the conditions
   are written down here a second time and looked up by another reader of JSON.
   Input: kind, flags (1 left, 2 a repetition, 4 stopped), three digits of a status, body. */
#include "fuzz.h"

#include "../../api/wire.h"
#include "../../cache/judge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TARGET_POI     "V400m-TEST-000001"
#define TARGET_PAYMENT "HOTEL9-POSXT-42"
#define TAG            "0123abcd"
enum { MINOR = 1250 };

static struct judge_intent intent_of(enum op_kind kind, int attempt)
{
    bool modifies = kind != OP_CHARGE && kind != OP_LINK;
    struct judge_intent intent = {.kind = kind,
                                  .attempt = attempt,
                                  .env = ENV_TEST,
                                  .webcode = "HOTEL9",
                                  .target = modifies ? TARGET_PAYMENT : TARGET_POI,
                                  .tag = TAG};
    if (kind == OP_LINK)
        intent.target = NULL;
    if (kind != OP_CANCEL && kind != OP_EXTEND)
        intent.amount = money_make(MINOR, "EUR");
    return intent;
}

/* --- the conditions ----------------------------------------------------------------------- */

static bool is_type(const char *body, const char *path, const char *type)
{
    const char *found = fuzz_json_type(body, path);
    return found && strcmp(found, type) == 0;
}

static bool is_absent(const char *body, const char *path)
{
    const char *found = fuzz_json_type(body, path);
    return !found || strcmp(found, "null") == 0;
}

static bool is_one_of(const char *body, const char *path, const char *const *words)
{
    for (; *words; words++)
        if (fuzz_json_is(body, path, *words))
            return true;
    return false;
}

/* Not there, empty, or this text. */
static bool is_nothing_but(const char *body, const char *path, const char *text)
{
    return is_absent(body, path) || fuzz_json_is(body, path, "") || fuzz_json_is(body, path, text);
}

static bool amount_fits(const char *body)
{
    if (is_absent(body, "$.data.amount"))
        return true;
    return (is_type(body, "$.data.amount.value", "integer") ||
            is_type(body, "$.data.amount.value", "text")) &&
           fuzz_json_integer(body, "$.data.amount.value") == MINOR &&
           fuzz_json_is(body, "$.data.amount.currency", "EUR");
}

static bool has_name(const char *body, const char *path)
{
    return !is_absent(body, path) && !fuzz_json_is(body, path, "");
}

static bool is_done(enum op_kind kind, int status, const char *body)
{
    static const char *const good[] = {"success", "authorised", NULL};
    static const char *const open[] = {"pending", "completed", "authorised", "AUTHORISED", NULL};
    bool wanted =
        (status == 200 || status == 201) && is_type(body, "$.success", "true") && amount_fits(body);
    if (kind == OP_CHARGE)
        return wanted && is_one_of(body, "$.data.status", good) &&
               is_nothing_but(body, "$.data.poiId", TARGET_POI) &&
               (has_name(body, "$.data.posPaymentId") || has_name(body, "$.data.paymentReference"));
    return kind == OP_LINK && wanted && is_one_of(body, "$.data.status", open) &&
           has_name(body, "$.data.sessionId") && has_name(body, "$.data.paymentUrl");
}

static bool is_declined(enum op_kind kind, int status, const char *body)
{
    static const char *const bad[] = {"refused", "cancelled", "failed", NULL};
    return kind == OP_CHARGE && (status == 200 || status == 201) &&
           is_type(body, "$.success", "true") && amount_fits(body) &&
           is_one_of(body, "$.data.status", bad) &&
           is_nothing_but(body, "$.data.poiId", TARGET_POI);
}

static bool is_accepted(enum op_kind kind, int status, const char *body)
{
    bool with_amount = kind == OP_REFUND || kind == OP_CAPTURE;
    return kind != OP_CHARGE && kind != OP_LINK && status == 202 &&
           is_type(body, "$.success", "true") && has_name(body, "$.data.modificationReference") &&
           is_nothing_but(body, "$.data.paymentReference", TARGET_PAYMENT) &&
           (!with_amount || amount_fits(body));
}

static bool is_rejected(int attempt, int status, const char *body)
{
    static const int statuses[] = {400, 401, 403, 404, 422};
    int64_t code = fuzz_json_integer(body, "$.error.code");
    bool listed = false;
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        listed |= status == statuses[i];
    return listed && attempt == 1 && is_type(body, "$.success", "false") &&
           (code / 1000 == 11 || code / 1000 == 12 || code == 10404);
}

/* --- the target --------------------------------------------------------------------------- */

/* Which answers of the API belong to a kind; the program has its own table. */
static enum endpoint endpoint_of(enum op_kind kind)
{
    static const enum endpoint endpoints[OP_KINDS] = {
        [OP_CHARGE] = EP_POS_CHARGE, [OP_REFUND] = EP_REFUND, [OP_CAPTURE] = EP_CAPTURE,
        [OP_CANCEL] = EP_CANCEL,     [OP_EXTEND] = EP_EXTEND, [OP_LINK] = EP_SESSION_CREATE};
    return endpoints[kind];
}

static void check(const struct judge_intent *intent, const struct api_answer *answer,
                  const char *body)
{
    struct verdict verdict = judge_answer(intent, answer);
    enum op_kind kind = intent->kind;
    int status = answer->http_status;
    bool sure = answer->left && !answer->aborted, readable = !strchr(body, '\\');

    assert(verdict.why);
    switch (verdict.next) {
    case INTENT_UNKNOWN:
        break;
    case INTENT_VOID:
        assert(!answer->left && intent->attempt == 1);
        break;
    case INTENT_CONFIRMED:
        assert(sure && (!readable || is_done(kind, status, body)));
        break;
    case INTENT_DECLINED:
        assert(sure && (!readable || is_declined(kind, status, body)));
        break;
    case INTENT_ACCEPTED:
        assert(sure && (!readable || is_accepted(kind, status, body)));
        break;
    case INTENT_REJECTED:
        assert(sure && (!readable || is_rejected(intent->attempt, status, body)));
        break;
    default:
        assert(verdict.next == INTENT_UNKNOWN); /* no answer leads anywhere else */
    }
    if (verdict.next != INTENT_UNKNOWN)
        assert(!verdict.alarm && !verdict.read_now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = 5 };
    if (size < HEAD)
        return 0;
    enum op_kind kind = (enum op_kind)(data[0] % OP_KINDS);
    int status = (data[2] % 16 * 10 + data[3] % 16) * 10 + data[4] % 16;
    char *body = fuzz_copy(data + HEAD, size - HEAD), *text = fuzz_text(data + HEAD, size - HEAD);
    struct arena arena = {0};
    struct judge_intent intent = intent_of(kind, data[1] & 2 ? 2 : 1);
    struct api_answer answer = {.endpoint = endpoint_of(kind),
                                .left = data[1] & 1,
                                .aborted = data[1] & 4,
                                .http_status = status};

    wire_decode(&answer, &arena, body, size - HEAD);
    check(&intent, &answer, text);
    arena_done(&arena);
    free(text);
    free(body);
    return 0;
}
