/* The judge against a second table, written apart from the first: every status, body, attempt and
   kind. Then identity, field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../cache/judge.h"

enum kind_of_body {
    NOTHING,
    ALIEN,
    ENVELOPE_BEFORE,
    ENVELOPE_OTHER,
    ENVELOPE_TERMINAL,
    RECORD_GOOD,
    RECORD_BAD,
    RECORD_ODD_STATUS,
    RECORD_NO_ID,
    RECORD_FOREIGN,
    RECORD_OTHER_AMOUNT,
    BODY_KINDS
};

static bool is_mod(enum op_kind kind)
{
    return kind == OP_REFUND || kind == OP_CAPTURE || kind == OP_CANCEL || kind == OP_EXTEND;
}

static struct judge_intent make_intent(enum op_kind kind, int attempt)
{
    struct judge_intent intent = {.kind = kind,
                                  .attempt = attempt,
                                  .env = ENV_TEST,
                                  .webcode = "HOTEL9",
                                  .target =
                                      kind == OP_CHARGE ? "V400m-TEST-000001" : "HOTEL9-POSXT-42",
                                  .tag = "0123abcd"};

    if (kind == OP_LINK)
        intent.target = NULL;
    if (kind != OP_CANCEL && kind != OP_EXTEND)
        intent.amount = money_make(1250, "EUR");
    return intent;
}

static struct record make_record(const struct judge_intent *intent)
{
    struct record record = {.id = "HOTEL9-POSXT-77",
                            .status = "success",
                            .amount = money_make(1250, "EUR"),
                            .custom_reference = "RES-1~0123abcd",
                            .poi_id = intent->target,
                            .is_preauth = -1};

    if (is_mod(intent->kind)) {
        record.id = "HOTEL9-RFXT-9";
        record.status = "pending";
        record.type = op_name(intent->kind);
        record.payment_reference = intent->target;
        record.custom_reference = NULL;
    } else if (intent->kind == OP_LINK) {
        record.id = "HOTEL9-EXTT-9";
        record.status = "pending";
        record.payment_url = "https://pay.example/1";
    }
    return record;
}

static struct api_answer make_answer(const struct judge_intent *intent, int status,
                                     enum kind_of_body body)
{
    struct api_answer answer = {.left = true, .http_status = status};

    answer.record = make_record(intent);
    switch (body) {
    case NOTHING:
        answer.body = BODY_NONE;
        return answer;
    case ALIEN:
        answer.body = BODY_ALIEN;
        return answer;
    case ENVELOPE_BEFORE:
    case ENVELOPE_OTHER:
    case ENVELOPE_TERMINAL:
        answer.body = BODY_ERROR;
        answer.error.code = body == ENVELOPE_BEFORE  ? 12001
                            : body == ENVELOPE_OTHER ? 13001
                                                     : 13004;
        return answer;
    case RECORD_BAD:
        answer.record.status = "refused";
        break;
    case RECORD_ODD_STATUS:
        answer.record.status = "thinking";
        break;
    case RECORD_NO_ID:
        answer.record.id = NULL;
        break;
    case RECORD_FOREIGN:
        answer.record.id = "HOTEL9-POSX-77";
        break;
    case RECORD_OTHER_AMOUNT:
        answer.record.amount = money_make(1251, "EUR");
        break;
    default:
        break;
    }
    answer.body = BODY_DATA;
    return answer;
}

/* The second table: what must come out, thought through again from what a caller can know. */
static enum intent_state expected(enum op_kind kind, int attempt, int status,
                                  enum kind_of_body body)
{
    bool reference_ok = body == RECORD_GOOD || body == RECORD_BAD || body == RECORD_ODD_STATUS ||
                        (body == RECORD_OTHER_AMOUNT && (kind == OP_CANCEL || kind == OP_EXTEND));

    if (is_mod(kind) && status == 202 && reference_ok)
        return INTENT_ACCEPTED;
    if (kind == OP_CHARGE && (status == 200 || status == 201)) {
        if (body == RECORD_GOOD)
            return INTENT_CONFIRMED;
        if (body == RECORD_BAD)
            return INTENT_DECLINED;
    }
    if (kind == OP_LINK && (status == 200 || status == 201) && body == RECORD_GOOD)
        return INTENT_CONFIRMED;
    if (attempt == 1 && body == ENVELOPE_BEFORE)
        switch (status) {
        case 400:
        case 401:
        case 403:
        case 404:
        case 422:
            return INTENT_REJECTED;
        }
    return INTENT_UNKNOWN;
}

static void whole_table(void **state)
{
    (void)state;
    unsigned cases = 0;

    for (int status = 0; status <= 599; status = status == 0 ? 100 : status + 1)
        for (int body = 0; body < BODY_KINDS; body++)
            for (int attempt = 1; attempt <= JUDGE_MAX_ATTEMPTS; attempt++)
                for (int kind = 0; kind < OP_KINDS; kind++, cases++) {
                    struct judge_intent intent = make_intent((enum op_kind)kind, attempt);
                    struct api_answer answer =
                        make_answer(&intent, status, (enum kind_of_body)body);
                    struct verdict verdict = judge_answer(&intent, &answer);
                    enum intent_state want =
                        expected(intent.kind, attempt, status, (enum kind_of_body)body);
                    if (verdict.next != want)
                        fail_msg("%s attempt %d status %d body %d: %s, not %s",
                                 op_name(intent.kind), attempt, status, body,
                                 intent_state_name(verdict.next), intent_state_name(want));
                    assert_non_null(verdict.why);
                }
    assert_true(cases > 48000);
}

static void flags(void **state)
{
    (void)state;
    struct judge_intent intent = make_intent(OP_CHARGE, 1);
    struct api_answer answer = make_answer(&intent, 502, ENVELOPE_TERMINAL);

    assert_true(judge_answer(&intent, &answer).read_now);
    answer = make_answer(&intent, 500, ENVELOPE_OTHER);
    assert_false(judge_answer(&intent, &answer).read_now);
    answer = make_answer(&intent, 409, ENVELOPE_OTHER);
    assert_true(judge_answer(&intent, &answer).alarm);
    answer = make_answer(&intent, 200, RECORD_FOREIGN);
    assert_true(judge_answer(&intent, &answer).alarm);
    answer = make_answer(&intent, 429, ENVELOPE_OTHER);
    assert_false(judge_answer(&intent, &answer).alarm);
}

static void never_left_or_stopped(void **state)
{
    (void)state;
    for (int attempt = 1; attempt <= 3; attempt++) {
        struct judge_intent intent = make_intent(OP_CHARGE, attempt);
        struct api_answer answer = make_answer(&intent, 0, NOTHING);
        answer.left = false;
        assert_int_equal(judge_answer(&intent, &answer).next,
                         attempt == 1 ? INTENT_VOID : INTENT_UNKNOWN);
        answer = make_answer(&intent, 200, RECORD_GOOD);
        answer.aborted = true;
        assert_int_equal(judge_answer(&intent, &answer).next, INTENT_UNKNOWN);
    }
}

/* Codes around the listed ones: only the listed families are sure to precede execution. */
static void codes(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum intent_state next;
    } rows[] = {{11001, INTENT_REJECTED}, {11999, INTENT_REJECTED}, {12000, INTENT_REJECTED},
                {10404, INTENT_REJECTED}, {10405, INTENT_UNKNOWN},  {10999, INTENT_UNKNOWN},
                {13000, INTENT_UNKNOWN},  {0, INTENT_UNKNOWN},      {-1, INTENT_UNKNOWN},
                {99999, INTENT_UNKNOWN}};
    struct judge_intent intent = make_intent(OP_REFUND, 1);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct api_answer answer = make_answer(&intent, 400, ENVELOPE_BEFORE);
        answer.error.code = rows[i].code;
        assert_int_equal(judge_answer(&intent, &answer).next, rows[i].next);
    }
}

static void identity(void **state)
{
    (void)state;
    struct judge_intent intent = make_intent(OP_CHARGE, 1);
    struct record record = make_record(&intent);

    assert_null(judge_difference(&intent, &record));
    record.poi_id = "V400m-TEST-000002";
    assert_string_equal(judge_difference(&intent, &record), "terminal");
    record.poi_id = NULL;
    assert_null(judge_difference(&intent, &record));
    record.amount = money_make(1250, "USD");
    assert_string_equal(judge_difference(&intent, &record), "amount or currency");
    record.amount = (struct money){0};
    assert_null(judge_difference(&intent, &record));
    record.custom_reference = "RES-1~zzzzzzzz";
    assert_string_equal(judge_difference(&intent, &record), "customReference");
    record.custom_reference = "no tag at all";
    assert_null(judge_difference(&intent, &record));
    record.payment_reference = "HOTEL9-PXT-1";
    assert_non_null(judge_difference(&intent, &record));

    intent = make_intent(OP_REFUND, 1);
    record = make_record(&intent);
    assert_null(judge_difference(&intent, &record));
    record.type = "capture";
    assert_string_equal(judge_difference(&intent, &record), "operation");
    record.type = "somethingNew";
    assert_null(judge_difference(&intent, &record));
    record.payment_reference = "HOTEL9-POSXT-43";
    assert_string_equal(judge_difference(&intent, &record), "payment");
}

static void tags(void **state)
{
    (void)state;
    assert_string_equal(judge_tag_in("A~B~0123abcd"), "0123abcd");
    assert_string_equal(judge_tag_in("~0123abcd"), "0123abcd");
    assert_null(judge_tag_in("~0123abc"));
    assert_null(judge_tag_in("~0123abcde"));
    assert_null(judge_tag_in("0123abcd"));
    assert_null(judge_tag_in(NULL));
    assert_null(judge_tag_in(""));
}

static void link_needs_its_url(void **state)
{
    (void)state;
    struct judge_intent intent = make_intent(OP_LINK, 1);
    struct api_answer answer = make_answer(&intent, 201, RECORD_GOOD);

    assert_int_equal(judge_answer(&intent, &answer).next, INTENT_CONFIRMED);
    answer.record.payment_url = NULL;
    assert_int_equal(judge_answer(&intent, &answer).next, INTENT_UNKNOWN);
    answer = make_answer(&intent, 201, RECORD_GOOD);
    answer.record.status = "completed"; /* paid already */
    assert_int_equal(judge_answer(&intent, &answer).next, INTENT_CONFIRMED);
    answer.record.status = "expired";
    assert_int_equal(judge_answer(&intent, &answer).next, INTENT_UNKNOWN);
    answer.record.status = "no such word";
    assert_int_equal(judge_answer(&intent, &answer).next, INTENT_UNKNOWN);
}

/* An empty name is none: nothing could be claimed by it. */
static void nameless_record(void **state)
{
    (void)state;
    struct judge_intent intent = make_intent(OP_CHARGE, 1);
    struct api_answer answer = make_answer(&intent, 200, RECORD_GOOD);

    answer.record.id = "";
    assert_int_equal(judge_answer(&intent, &answer).next, INTENT_UNKNOWN);
    assert_true(judge_answer(&intent, &answer).alarm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_table),
        cmocka_unit_test(flags),
        cmocka_unit_test(never_left_or_stopped),
        cmocka_unit_test(codes),
        cmocka_unit_test(identity),
        cmocka_unit_test(tags),
        cmocka_unit_test(link_needs_its_url),
        cmocka_unit_test(nameless_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
