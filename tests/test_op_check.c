/* The pure parts of an operation: what a request may say, and which row of a list is an intent's
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../cache/ops_internal.h"

/* --- requests --------------------------------------------------------------------------------- */

static struct op_request good_charge(void)
{
    struct op_request request = {.kind = OP_CHARGE,
                                 .target = "V400m-1",
                                 .amount = money_make(1250, "EUR"),
                                 .reference = "RES-2026-01234",
                                 .description = "Habitación 214, depósito"};

    random_uuid(request.form_id);
    return request;
}

static struct op_request good_refund(void)
{
    struct op_request request = {.kind = OP_REFUND,
                                 .target = "HOTEL9-PXTT-1",
                                 .amount = money_make(1000, "EUR"),
                                 .reason = "CUSTOMER REQUEST",
                                 .has_seen = true};

    request.seen = (struct payment_facts){.authorised = money_make(5000, "EUR"),
                                          .captured = 5000,
                                          .captured_any = true,
                                          .left = 1500,
                                          .final_enough = true};
    random_uuid(request.form_id);
    return request;
}

static void refuse(const struct op_request *request, enum err_code code, const char *field)
{
    struct err err = {0};

    assert_false(op_check(request, ENV_TEST, "HOTEL9", &err));
    if (err.code != code || strncmp(err.detail, field, strlen(field)) != 0)
        fail_msg("%d, %s; expected %s", err.code, err.detail, field);
}

static void accept(const struct op_request *request)
{
    struct err err = {0};

    if (!op_check(request, ENV_TEST, "HOTEL9", &err))
        fail_msg("%s", err.detail);
}

#define REFUSE(make, change, code, field)                                                          \
    do {                                                                                           \
        struct op_request request = make();                                                        \
        request.change;                                                                            \
        refuse(&request, code, field);                                                             \
    } while (0)

static void charges(void **state)
{
    (void)state;
    static char long_text[400];
    struct op_request fine = good_charge();

    accept(&fine);
    memset(long_text, 'x', sizeof long_text - 1);
    REFUSE(good_charge, amount.minor = 0, ERR_INVALID, "amount:");
    REFUSE(good_charge, amount.minor = -1, ERR_INVALID, "amount:");
    REFUSE(good_charge, amount.minor = MONEY_MAX + 1, ERR_INVALID, "amount:");
    REFUSE(good_charge, amount.known = false, ERR_INVALID, "amount:");
    REFUSE(good_charge, amount = money_make(5, "XYZ"), ERR_INVALID, "currency:");
    REFUSE(good_charge, amount = money_make(5, "CLP"), ERR_INVALID, "currency:");
    REFUSE(good_charge, target = NULL, ERR_INVALID, "target:");
    REFUSE(good_charge, target = "", ERR_INVALID, "target:");
    REFUSE(good_charge, target = "a b", ERR_INVALID, "target:");
    REFUSE(good_charge, target = long_text, ERR_INVALID, "target:");
    REFUSE(good_charge, reference = long_text, ERR_INVALID, "reference:");
    REFUSE(good_charge, reference = "a\nb", ERR_INVALID, "reference:");
    REFUSE(good_charge, reference = "a\xc2\x9b", ERR_INVALID, "reference:");
    REFUSE(good_charge, reference = "a\xff", ERR_INVALID, "reference:");
    REFUSE(good_charge, description = "\x1b[2J", ERR_INVALID, "description:");
    REFUSE(good_charge, description = "card 4111 1111 1111 1111 exp 12/27", ERR_INVALID,
           "description:");
    REFUSE(good_charge, reason = "RETURN", ERR_INVALID, "reason:");
    REFUSE(good_charge, form_id[5] = '\0', ERR_INVALID, "form:");
    REFUSE(good_charge, kind = (enum op_kind)OP_KINDS, ERR_INVALID, "kind:");
}

static void refunds(void **state)
{
    (void)state;
    struct op_request fine = good_refund();

    accept(&fine);
    fine.amount.minor = 1500;
    accept(&fine);
    REFUSE(good_refund, amount.minor = 1501, ERR_INVALID, "amount:");
    REFUSE(good_refund, amount = money_make(1000, "USD"), ERR_INVALID, "currency:");
    REFUSE(good_refund, reason = NULL, ERR_INVALID, "reason:");
    REFUSE(good_refund, reason = "because", ERR_INVALID, "reason:");
    REFUSE(good_refund, target = "HOTEL9-PXT-1", ERR_DENIED, "target:");
    REFUSE(good_refund, seen.captured_any = false, ERR_STALE, "target:");
    REFUSE(good_refund, reference = "R", ERR_INVALID, "reference:");
    REFUSE(good_refund, is_preauth = true, ERR_INVALID, "reference:");
    REFUSE(good_refund, kind = OP_CANCEL, ERR_INVALID, "amount:");
}

/* Numbers made to the cards' rules are caught wherever they stand, alike numbers that are none are
 * not. */
static void card_numbers(void **state)
{
    (void)state;
    static const char *const cards[] = {"4111111111111111",
                                        "4111 1111 1111 1111",
                                        "4111-1111-1111-1111",
                                        "x4111111111111111y",
                                        "5500005555555559",
                                        "378282246310005",
                                        "3782 822463 10005",
                                        "30569309025904",
                                        "6011111111111117",
                                        "3530111333300000",
                                        "2223003122003222",
                                        "4222222222222",
                                        "pay 12 4111 1111 1111 1111 99",
                                        "6304000000000000",
                                        "~4111111111111111"};
    static const char *const others[] = {
        "4111111111111112",         "RES-2026-01234",       "2026-11-22 14:00",
        "+34 600 123 456",          "41111111111111111111", "",
        "ES9121000418450200051332", "1234567890123456",     "4111 1111 x 1111 1111"};

    for (size_t i = 0; i < COUNT_OF(cards); i++)
        if (!op_holds_card_number(cards[i]))
            fail_msg("missed %s", cards[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (op_holds_card_number(others[i]))
            fail_msg("refused %s", others[i]);
}

/* Ten thousand generated Visa and Mastercard numbers, with and without separators. */
static void generated_cards(void **state)
{
    (void)state;
    static const char *const marks[] = {"", " ", "-"};

    for (uint32_t i = 0; i < 10000; i++) {
        char digits[17], text[40] = "r ";
        int sum = 0;
        digits[0] = i % 2 ? '4' : '5';
        digits[1] = (char)('1' + random_below(5));
        for (int at = 2; at < 15; at++)
            digits[at] = (char)('0' + random_below(10));
        for (int at = 0; at < 15; at++) {
            int digit = (digits[at] - '0') * (at % 2 == 0 ? 2 : 1);
            sum += digit > 9 ? digit - 9 : digit;
        }
        digits[15] = (char)('0' + (10 - sum % 10) % 10);
        digits[16] = '\0';
        const char *mark = marks[i % 3];
        snprintf(text, sizeof text, "r %.4s%s%.4s%s%.4s%s%.4s", digits, mark, digits + 4, mark,
                 digits + 8, mark, digits + 12);
        if (!op_holds_card_number(text))
            fail_msg("missed %s", text);
    }
}

/* --- matching --------------------------------------------------------------------------------- */

static bool claims(void *ctx, const char *id)
{
    return ctx != NULL && strcmp(ctx, id) == 0;
}

static struct match_ask ask_for(enum op_kind kind)
{
    bool named = kind == OP_CHARGE || kind == OP_LINK;

    return (struct match_ask){.intent = {.kind = kind,
                                         .attempt = 1,
                                         .env = ENV_TEST,
                                         .webcode = "HOTEL9",
                                         .target = named ? "T1" : "HOTEL9-POSXT-1",
                                         .tag = "0123abcd",
                                         .amount = money_make(1250, "EUR")},
                              .baseline = "HOTEL9-RFXT-1\n",
                              .sent_ms = time_from_civil(2026, 11, 22, 12, 0, 0),
                              .ended_ms = time_from_civil(2026, 11, 22, 12, 5, 0),
                              .is_claimed = claims};
}

static struct record payment(const char *id, const char *created)
{
    struct record record = {
        .id = id, .status = "success", .poi_id = "T1", .amount = money_make(1250, "EUR")};

    assert_true(stamp_parse(created, &record.created));
    return record;
}

static enum match_found found(const struct match_ask *ask, const struct record *rows, size_t count)
{
    return match_find(ask, rows, count).found;
}

static void match_by_tag(void **state)
{
    (void)state;
    struct match_ask ask = ask_for(OP_CHARGE);
    struct record rows[] = {payment("HOTEL9-POSXT-1", "2026-11-22T12:00:10Z"),
                            payment("HOTEL9-POSXT-2", "2026-11-22T12:00:10Z"),
                            payment("HOTEL9-POSXT-2", "2026-11-22T12:00:10Z")};

    rows[0].custom_reference = "RES-1~zzzzzzzz";
    assert_int_equal(found(&ask, rows, 1), MATCH_NONE); /* names are echoed, ours is not there */
    rows[1].custom_reference = rows[2].custom_reference = "RES-1~0123abcd";
    assert_int_equal(found(&ask, rows, 3), MATCH_ONE); /* one object that moved between pages */
    assert_string_equal(match_find(&ask, rows, 3).record->id, "HOTEL9-POSXT-2");
    rows[1].status = "processing";
    assert_int_equal(found(&ask, rows, 2), MATCH_OPEN);
    rows[1].status = "success";
    rows[1].amount = money_make(1251, "EUR");
    assert_int_equal(found(&ask, rows, 2), MATCH_DIFFERENT);
    rows[1].amount = money_make(1250, "EUR");
    ask.ctx = "HOTEL9-POSXT-2";
    assert_int_equal(found(&ask, rows, 2), MATCH_DIFFERENT);
    ask.ctx = NULL;
    rows[2].id = "HOTEL9-POSXT-3";
    assert_int_equal(found(&ask, rows, 3), MATCH_MANY);
    assert_int_equal(found(&ask, rows, 0), MATCH_NONE);
    rows[2].custom_reference = "RES-1~0123ABCD"; /* as some servers would write it */
    assert_int_equal(found(&ask, &rows[2], 1), MATCH_ONE);
}

/* A link is known by its name alone; where names are not echoed its absence is not shown. */
static void match_link(void **state)
{
    (void)state;
    struct match_ask ask = ask_for(OP_LINK);
    struct record row = payment("HOTEL9-EXTT-1", "2026-11-22T12:00:10Z");

    row.poi_id = NULL;
    row.status = "pending";
    assert_int_equal(found(&ask, &row, 1), MATCH_DOUBT);
    row.amount = money_make(1300, "EUR");
    assert_int_equal(found(&ask, &row, 1), MATCH_NONE);
    row.amount = money_make(1250, "EUR");
    row.custom_reference = "RES-1~zzzzzzzz";
    assert_int_equal(found(&ask, &row, 1), MATCH_NONE);
    row.custom_reference = "RES-1~0123abcd";
    assert_int_equal(found(&ask, &row, 1), MATCH_ONE);
    row.custom_reference = NULL;
    assert_true(stamp_parse("2026-11-20T12:00:10Z", &row.created));
    assert_int_equal(found(&ask, &row, 1), MATCH_NONE);
}

/* A name cut short or a part left out leaves a doubt; what is surely another one does not. */
static void match_in_doubt(void **state)
{
    (void)state;
    struct match_ask ask = ask_for(OP_CHARGE);
    struct record rows[] = {payment("HOTEL9-POSXT-1", "2026-11-22T12:00:10Z"),
                            payment("HOTEL9-POSXT-2", "2026-11-22T12:00:10Z")};

    rows[0].custom_reference = "RES-1~zzzzzzzz";
    assert_int_equal(found(&ask, rows, 2), MATCH_DOUBT);
    rows[1].custom_reference = "RES-1~0123";
    assert_string_equal(match_find(&ask, rows, 2).record->id, "HOTEL9-POSXT-2");
    rows[1].poi_id = NULL;
    rows[1].amount = (struct money){0};
    assert_int_equal(found(&ask, rows, 2), MATCH_DOUBT);
    rows[1].poi_id = "T2";
    assert_int_equal(found(&ask, rows, 2), MATCH_NONE);
    rows[1].poi_id = NULL;
    ask.ctx = "HOTEL9-POSXT-2";
    assert_int_equal(found(&ask, rows, 2), MATCH_NONE);

    ask = ask_for(OP_REFUND);
    struct record refund = {.id = "HOTEL9-RFXT-2",
                            .status = "pending",
                            .type = "partial_refund",
                            .payment_reference = "HOTEL9-POSXT-1"};
    assert_int_equal(found(&ask, &refund, 1), MATCH_DOUBT);
    refund.type = NULL;
    refund.amount = money_make(1250, "EUR");
    assert_int_equal(found(&ask, &refund, 1), MATCH_DOUBT);
    refund.amount = money_make(1251, "EUR");
    assert_int_equal(found(&ask, &refund, 1), MATCH_NONE);
    refund.amount = money_make(1250, "EUR");
    refund.type = "capture";
    assert_int_equal(found(&ask, &refund, 1), MATCH_NONE);
    refund.type = NULL;
    refund.id = "HOTEL9-RFXT-1"; /* was there before */
    assert_int_equal(found(&ask, &refund, 1), MATCH_NONE);
}

/* Without names: terminal, amount, currency and time, one only. */
static void match_by_likeness(void **state)
{
    (void)state;
    struct match_ask ask = ask_for(OP_CHARGE);
    static const struct {
        const char *created;
        enum match_found found;
    } times[] = {{"2026-11-22T12:00:10Z", MATCH_ONE},   {"2026-11-22T11:57:00Z", MATCH_NONE},
                 {"2026-11-22T12:08:00Z", MATCH_DOUBT}, {"2026-11-22T12:06:00Z", MATCH_ONE},
                 {"2026-11-23T12:09:00Z", MATCH_NONE},  {"2026-11-22 13:00:10", MATCH_DOUBT},
                 {"2026-11-22 17:30:10", MATCH_DOUBT},  {"2026-11-21 21:00:10", MATCH_NONE},
                 {"2026-11-23 02:00:10", MATCH_DOUBT},  {"2026-11-24 02:30:00", MATCH_NONE}};
    struct record ours = payment("HOTEL9-POSXT-9", "2026-11-22T09:00:00Z"); /* another intent's */

    ask.ctx = "HOTEL9-POSXT-9";
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct record rows[] = {payment("HOTEL9-POSXT-1", times[i].created), ours};
        if (found(&ask, rows, 2) != times[i].found)
            fail_msg("%s", times[i].created);
    }
    struct record rows[] = {payment("HOTEL9-POSXT-1", "2026-11-22T12:00:10Z"),
                            payment("HOTEL9-POSXT-2", "2026-11-22T12:01:10Z"), ours};
    assert_int_equal(found(&ask, rows, 3), MATCH_MANY);
    rows[0].poi_id = "T2";
    assert_int_equal(found(&ask, rows, 3), MATCH_ONE);
    assert_int_equal(found(&ask, rows, 2), MATCH_DOUBT); /* who says that names are not echoed? */
    ask.ctx = "HOTEL9-POSXT-2";                          /* claimed by another intent */
    assert_int_equal(found(&ask, rows, 2), MATCH_NONE);
    ask.ctx = "HOTEL9-POSXT-9";
    rows[1].amount = money_make(1250, "USD");
    assert_int_equal(found(&ask, rows, 3), MATCH_NONE);
}

static void match_modifications(void **state)
{
    (void)state;
    struct match_ask ask = ask_for(OP_REFUND);
    struct record rows[3];

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        rows[i] = (struct record){.status = "pending",
                                  .type = "refund",
                                  .payment_reference = "HOTEL9-POSXT-1",
                                  .amount = money_make(1250, "EUR")};
    rows[0].id = "HOTEL9-RFXT-1"; /* was there before */
    rows[1].id = "HOTEL9-RFXT-10";
    rows[2].id = "HOTEL9-RFXT-2";
    assert_int_equal(found(&ask, rows, 1), MATCH_NONE);
    assert_int_equal(found(&ask, rows, 2), MATCH_ONE);
    assert_int_equal(found(&ask, rows, 3), MATCH_MANY);
    rows[2].type = "capture";
    assert_int_equal(found(&ask, rows, 3), MATCH_ONE);
    rows[1].amount = money_make(1249, "EUR");
    assert_int_equal(found(&ask, rows, 3), MATCH_NONE);
    rows[1].amount = money_make(1250, "EUR");
    rows[1].payment_reference = "HOTEL9-POSXT-9";
    assert_int_equal(found(&ask, rows, 3), MATCH_NONE);
}

/* What belongs to one kind of operation is refused with every other. */
static void strangers(void **state)
{
    (void)state;
    struct op_request link = good_charge(), cancel = good_refund();

    link.kind = OP_LINK;
    REFUSE(good_charge, kind = OP_LINK, ERR_INVALID, "target: a link has none");
    link.target = NULL;
    accept(&link);
    REFUSE(good_charge, kind = OP_KINDS, ERR_INVALID, "kind:");
    REFUSE(good_charge, kind = (enum op_kind)(-1), ERR_INVALID, "kind:");
    REFUSE(good_charge, reason = "RETURN", ERR_INVALID, "reason: only");
    REFUSE(good_charge, target = "V400m\x7f", ERR_INVALID, "target: not a reference");
    REFUSE(good_charge, target = "V400m\xc3\xa9", ERR_INVALID, "target: not a reference");
    REFUSE(good_charge, description = "two\xe2\x80\xa8lines", ERR_INVALID, "description: control");
    REFUSE(good_charge, description = "two\xe2\x80\xa9paragraphs", ERR_INVALID,
           "description: control");
    cancel.kind = OP_CANCEL;
    cancel.reason = NULL;
    cancel.seen.is_preauth = true;
    cancel.seen.captured_any = false;
    refuse(&cancel, ERR_INVALID, "amount: not for");
    cancel.amount.known = false;
    accept(&cancel);
    cancel.kind = OP_EXTEND;
    cancel.amount = money_make(1, "EUR");
    refuse(&cancel, ERR_INVALID, "amount: not for");
}

/* Where the payment's amount is not known nothing may be done with it: absent is not nothing. */
static void unknown_amount(void **state)
{
    (void)state;
    struct payment_facts facts = good_refund().seen;
    struct money amount = money_make(1, "EUR");
    struct err err = {0};

    facts.authorised.known = false;
    assert_false(op_check_facts(OP_REFUND, &amount, &facts, &err));
    facts.is_preauth = true;
    facts.captured_any = false;
    assert_false(op_check_facts(OP_CAPTURE, &amount, &facts, &err));
    assert_int_equal(err.code, ERR_STALE);
    assert_false(op_check_facts(OP_CANCEL, &amount, &facts, &err));
    assert_false(op_check_facts(OP_EXTEND, &amount, &facts, &err));
}

/* A reference is in the baseline only as a whole line. */
static void match_whole_lines(void **state)
{
    (void)state;
    static const struct {
        const char *baseline;
        enum match_found found;
    } cases[] = {
        {"HOTEL9-RFXT-1", MATCH_NONE},
        {"HOTEL9-RFXT-0\nHOTEL9-RFXT-1", MATCH_NONE},
        {"HOTEL9-RFXT-12\nXHOTEL9-RFXT-1\nHOTEL9-RFXT-1\n", MATCH_NONE},
        {"HOTEL9-RFXT-12\n", MATCH_ONE},
        {"XHOTEL9-RFXT-1\nHOTEL9-RFXT-12", MATCH_ONE},
        {"", MATCH_ONE},
        {NULL, MATCH_ONE},
    };
    struct record row = {.id = "HOTEL9-RFXT-1",
                         .status = "pending",
                         .type = "refund",
                         .payment_reference = "HOTEL9-POSXT-1",
                         .amount = money_make(1250, "EUR")};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct match_ask ask = ask_for(OP_REFUND);
        ask.baseline = cases[i].baseline;
        assert_int_equal(found(&ask, &row, 1), cases[i].found);
    }
    struct match_ask claimed = ask_for(OP_REFUND);
    claimed.baseline = "";
    claimed.ctx = (void *)(uintptr_t)row.id;
    assert_int_equal(found(&claimed, &row, 1), MATCH_NONE);
}

/* A row whose time nobody can read may be of any time. */
static void match_without_time(void **state)
{
    (void)state;
    struct match_ask ask = ask_for(OP_CHARGE);
    struct record row = payment("HOTEL9-POSXT-1", "2026-11-22T12:00:10Z");
    struct record rows[] = {row, payment("HOTEL9-POSXT-9", "2026-11-22T09:00:00Z")};

    ask.ctx = "HOTEL9-POSXT-9"; /* of another intent, and without a name */
    rows[0].custom_reference = "";
    assert_int_equal(found(&ask, rows, 2), MATCH_ONE);
    assert_true(stamp_parse("1970-01-01T00:00:00Z", &rows[0].created)); /* is no time */
    assert_int_equal(found(&ask, rows, 2), MATCH_DOUBT);
    assert_true(stamp_parse("2026-11-22T12:00:10", &rows[0].created));
    assert_int_equal(found(&ask, rows, 2), MATCH_DOUBT);
    rows[0].created = row.created;
    rows[0].poi_id = NULL;
    assert_int_equal(found(&ask, rows, 2), MATCH_DOUBT);
    row.created = (struct stamp){0};
    assert_int_not_equal(found(&ask, &row, 1), MATCH_NONE);
    snprintf(row.created.text, sizeof row.created.text, "yesterday");
    assert_int_not_equal(found(&ask, &row, 1), MATCH_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charges),           cmocka_unit_test(refunds),
        cmocka_unit_test(card_numbers),      cmocka_unit_test(generated_cards),
        cmocka_unit_test(match_by_tag),      cmocka_unit_test(match_in_doubt),
        cmocka_unit_test(match_link),
        cmocka_unit_test(match_by_likeness), cmocka_unit_test(match_modifications),
        cmocka_unit_test(strangers),         cmocka_unit_test(unknown_amount),
        cmocka_unit_test(match_whole_lines), cmocka_unit_test(match_without_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
