/* Every sentence about money: there is one for each outcome, in both languages, none has a hole
   left, and none says "nothing was charged" where that is not proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../tui/words.h"

#include <libintl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;

static void speak(const char *name)
{
    char path[PATH_MAX];
    setenv("LC_ALL", "C.UTF-8", 1);
    format_init(name);
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 20);
    assert_true(len > 0);
    path[len] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(path, '/') = '\0';
    snprintf(path + strlen(path), 20, "/locale");
    bindtextdomain("avirato-console", path);
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static struct intent intent_of(enum op_kind kind, enum intent_state state)
{
    return (struct intent){.kind = kind,
                           .state = state,
                           .target = kind == OP_LINK ? NULL : "V400m-1",
                           .amount = money_make(1250, "EUR"),
                           .person = "Ana",
                           .sent_ms = 1000,
                           .changed_ms = 2000};
}

/* Operations that can be in that state at all. */
static bool can_be(enum op_kind kind, enum intent_state state)
{
    bool modification = kind != OP_CHARGE && kind != OP_LINK;
    if (state == INTENT_ACCEPTED || state == INTENT_SUCCEEDED || state == INTENT_FAILED)
        return modification;
    return state != INTENT_DECLINED || kind == OP_CHARGE;
}

static void no_holes(struct advice advice)
{
    const char *parts[] = {advice.what.bytes, advice.money.bytes, advice.next.bytes,
                           advice.proof.bytes};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        assert_non_null(parts[i]);
        if (strchr(parts[i], '{') || strchr(parts[i], '}') || strstr(parts[i], "(null)"))
            fail_msg("a hole is left: %s", parts[i]);
    }
}

static void every_outcome_has_words(void **state)
{
    (void)state;
    for (int spanish = 0; spanish < 2; spanish++) {
        speak(spanish ? "es" : "en");
        for (int kind = 0; kind < OP_KINDS; kind++) {
            for (int at = 0; at < INTENT_STATE_COUNT; at++) {
                struct intent intent = intent_of((enum op_kind)kind, (enum intent_state)at);
                struct advice advice = words_of_intent(&arena, &intent);
                no_holes(advice);
                if (can_be(intent.kind, intent.state) && strlen(advice.what.bytes) < 15)
                    fail_msg("%s %s: %s", op_name(intent.kind), intent_state_name(intent.state),
                             advice.what.bytes);
            }
        }
    }
}

/* Only what never ran, was refused, or is proven absent may be called "not charged". */
static void nothing_charged_only_when_proven(void **state)
{
    (void)state;
    speak("en");
    for (int kind = 0; kind < OP_KINDS; kind++) {
        for (int at = 0; at < INTENT_STATE_COUNT; at++) {
            struct intent intent = intent_of((enum op_kind)kind, (enum intent_state)at);
            const char *money = words_of_intent(&arena, &intent).money.bytes;
            bool proven = at == INTENT_VOID || at == INTENT_REJECTED || at == INTENT_DECLINED ||
                          at == INTENT_NOT_EXECUTED;
            bool says = strcmp(money, "Nothing has been charged.") == 0 ||
                        strcmp(money, "Nothing has changed.") == 0;
            assert_true(!says || proven);
            if (kind != OP_LINK && can_be(intent.kind, intent.state))
                assert_int_equal(says, proven);
        }
    }
}

static void unknown_says_what_was_seen(void **state)
{
    static const struct {
        int http, code;
        const char *said;
    } seen[] = {
        {0, 0, "no answer came"},    {500, 13001, "13001"},  {502, 13004, "terminal is offline"},
        {409, 0, "conflicts"},       {429, 0, "slow down"},  {200, 0, "could not be understood"},
        {503, 0, "server reported"}, {302, 0, "unexpected"}, {404, 0, "unexpected"},
    };
    (void)state;
    speak("en");
    for (size_t i = 0; i < COUNT_OF(seen); i++) {
        struct intent intent = intent_of(OP_CHARGE, INTENT_UNKNOWN);
        intent.http_status = seen[i].http;
        intent.code = seen[i].code;
        struct advice advice = words_of_intent(&arena, &intent);
        if (!strstr(advice.what.bytes, seen[i].said))
            fail_msg("HTTP %d: %s", seen[i].http, advice.what.bytes);
        assert_string_equal(advice.money.bytes, "Nobody can say yet whether the card was charged.");
        assert_non_null(strstr(advice.next.bytes, "Do not charge again"));
    }
}

static void endings_of_a_charge(void **state)
{
    (void)state;
    speak("en");
    struct intent intent = intent_of(OP_CHARGE, INTENT_DECLINED);
    intent.server_status = "refused";
    assert_non_null(strstr(words_of_intent(&arena, &intent).what.bytes, "bank refused"));
    intent.server_status = "cancelled";
    assert_non_null(
        strstr(words_of_intent(&arena, &intent).what.bytes, "cancelled on the terminal"));
    intent = intent_of(OP_CHARGE, INTENT_CONFIRMED);
    assert_string_equal(words_of_intent(&arena, &intent).what.bytes, "Approved: 12.50 EUR.");
    intent.is_preauth = true;
    assert_non_null(strstr(words_of_intent(&arena, &intent).money.bytes, "until you capture"));
    intent = intent_of(OP_CHARGE, INTENT_VOID);
    intent.why = "unsent: Couldn't connect \x1b[31m";
    struct advice advice = words_of_intent(&arena, &intent);
    assert_non_null(strstr(advice.what.bytes, "no connection to the API (Couldn't connect"));
    assert_null(strchr(advice.what.bytes, '\x1b'));
}

static void requested_is_not_refunded(void **state)
{
    (void)state;
    speak("en");
    struct intent intent = intent_of(OP_REFUND, INTENT_ACCEPTED);
    assert_null(strstr(words_of_intent(&arena, &intent).what.bytes, "Refunded"));
    intent.state = INTENT_FAILED;
    intent.message = "Account closed";
    struct advice advice = words_of_intent(&arena, &intent);
    assert_non_null(strstr(advice.what.bytes, "Account closed"));
    assert_non_null(strstr(advice.money.bytes, "NOT"));
}

static void proof_is_what_support_asks_for(void **state)
{
    (void)state;
    speak("en");
    struct intent intent = intent_of(OP_CHARGE, INTENT_UNKNOWN);
    intent.code = 13001;
    intent.http_status = 500;
    intent.trace_id = "7f3a";
    assert_string_equal(words_of_intent(&arena, &intent).proof.bytes,
                        "13001 \xc2\xb7 HTTP 500 \xc2\xb7 traceId 7f3a");
    intent = intent_of(OP_CHARGE, INTENT_CONFIRMED);
    intent.http_status = 200;
    assert_string_equal(words_of_intent(&arena, &intent).proof.bytes, "");
}

static void every_error_has_words(void **state)
{
    static const int codes[][2] = {{11001, 403}, {11002, 403}, {11008, 403}, {12001, 400},
                                   {12002, 400}, {12006, 400}, {12009, 400}, {10404, 404},
                                   {13001, 500}, {13004, 502}, {0, 409},     {0, 429},
                                   {99999, 418}};
    (void)state;
    for (int spanish = 0; spanish < 2; spanish++) {
        speak(spanish ? "es" : "en");
        for (int code = ERR_INVALID; code <= ERR_SYSTEM; code++) {
            struct err err = {.code = (enum err_code)code, .detail = "detail"};
            struct advice advice = words_of_error(&arena, &err, NULL);
            no_holes(advice);
            assert_non_null(strstr(advice.what.bytes, "(detail)"));
        }
        for (size_t i = 0; i < COUNT_OF(codes); i++) {
            struct err err = {.code = ERR_API};
            struct api_error api = {.code = codes[i][0],
                                    .http_status = codes[i][1],
                                    .message = "said so",
                                    .trace_id = "t1"};
            struct advice advice = words_of_error(&arena, &err, &api);
            no_holes(advice);
            assert_non_null(strstr(advice.what.bytes, "said so"));
            assert_non_null(strstr(advice.proof.bytes, "traceId t1"));
            if (codes[i][0] != 99999)
                assert_true(strlen(advice.next.bytes) > 5);
        }
    }
}

static void a_server_not_believed_is_not_merely_out_of_reach(void **state)
{
    static const char *const begins[] = {"certificate: ", "pin: ", "ca_file: ", "tls: "};
    struct err plain = {.code = ERR_NETWORK, .detail = "certificate of honour"};
    (void)state;
    speak("en");
    assert_false(words_is_distrust(&plain));
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        struct err err = {.code = ERR_NETWORK};
        snprintf(err.detail, sizeof err.detail, "%sbad \x1b[2J", begins[i]);
        assert_true(words_is_distrust(&err));
        struct advice advice = words_of_error(&arena, &err, NULL);
        assert_non_null(strstr(advice.what.bytes, "sent"));
        assert_non_null(strstr(advice.what.bytes, "(bad "));
        assert_null(strchr(advice.what.bytes, '\x1b'));
        assert_string_equal(advice.money.bytes, "Nothing was sent.");
        assert_true(strlen(advice.next.bytes) > 5);
    }
}

static void labels_in_both_languages(void **state)
{
    (void)state;
    speak("es");
    assert_string_equal(words_type(&arena, "refund").bytes, "devoluci\xc3\xb3n");
    assert_string_equal(words_status(&arena, REC_PAYMENT, "success").bytes, "aprobado");
    assert_string_equal(words_env(ENV_LIVE).bytes, "LIVE");
    speak("en");
    assert_string_equal(words_status(&arena, REC_SESSION, "Completed").bytes, "completed");
    assert_string_equal(words_status(&arena, REC_SESSION, "in_review\x07").bytes,
                        text_clean(&arena, "in_review\x07").bytes);
    assert_string_equal(words_status(&arena, REC_SESSION, NULL).bytes, "");
    for (int why = WHY_NO_PAYMENT; why <= WHY_READ_ONLY; why++)
        for (int kind = 0; kind < OP_KINDS; kind++)
            assert_true(strlen(words_why_not((enum why_not)why, (enum op_kind)kind).bytes) > 10);
    for (size_t i = 0; refund_reasons[i]; i++) /* a label of ours, not the API's capitals */
        assert_string_not_equal(words_reason(&arena, refund_reasons[i]).bytes, refund_reasons[i]);
}

static void wrong_input_is_named(void **state)
{
    struct filter_error wrong = {.start = 5, .end = 9, .why = FILTER_BAD_DATE};
    struct err err = {.code = ERR_AMBIGUOUS};
    int64_t readings[2] = {100000, 100};
    (void)state;
    speak("en");
    assert_non_null(strstr(words_filter_error(&arena, "from:xxxx", &wrong).bytes, "xxxx"));
    wrong.start = 500, wrong.end = 900; /* beyond the text */
    words_filter_error(&arena, "from:xxxx", &wrong);
    const char *said = words_amount_error(&arena, "1.000", "EUR", &err, readings).bytes;
    assert_non_null(strstr(said, "1,000.00 EUR or 1.00 EUR"));
    err.code = ERR_INVALID;
    assert_non_null(
        strstr(words_amount_error(&arena, "1,5", "JPY", &err, readings).bytes, "no dec"));
    assert_non_null(strstr(words_amount_error(&arena, "x", "EUR", &err, readings).bytes, "2 dec"));
    assert_non_null(strstr(words_amount_error(&arena, "x", "CLP", &err, readings).bytes, "CLP"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, end)
        T(every_outcome_has_words),    T(nothing_charged_only_when_proven),
        T(unknown_says_what_was_seen), T(endings_of_a_charge),
        T(requested_is_not_refunded),  T(proof_is_what_support_asks_for),
        T(every_error_has_words),      T(labels_in_both_languages),
        T(wrong_input_is_named),       T(a_server_not_believed_is_not_merely_out_of_reach),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
