/* Roles: what the configuration says of operators, who may do what up to where, a second person's
   approval in the journal, and PINs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../tui/config.h"
#include "../tui/pin.h"
#include "../tui/term.h"
#include "support_folder.h"
#include "support_money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the table: role x operation x amount ----------------------------------------------------- */

static const char *const supervisors[] = {"Marta", "Luis", NULL};

struct ask {
    enum role role;
    int64_t charge, refund; /* limits */
    enum op_kind kind;
    int64_t minor;
    const char *currency, *approved_by;
};

static bool is_allowed(const struct ask *ask)
{
    struct op_permit permit = {.role = ask->role,
                               .limits = {ask->charge, ask->refund},
                               .person = "Ana",
                               .supervisors = supervisors};
    struct money amount = money_make(ask->minor, ask->currency);
    struct err err = {0};
    bool good = op_permitted(&permit, ask->kind, &amount, ask->approved_by, &err);
    assert_true(good || err.code == ERR_DENIED);
    return good;
}
#define allowed(...) is_allowed(&(struct ask){__VA_ARGS__})

static void without_roles_all_is_allowed(void **state)
{
    (void)state;
    struct op_permit nothing_set = {0};
    struct money most = money_make(MONEY_MAX, "EUR");
    for (int kind = 0; kind < OP_KINDS; kind++)
        assert_true(op_permitted(&nothing_set, (enum op_kind)kind, &most, NULL, NULL));
}

static void a_viewer_moves_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < OP_KINDS; kind++) {
        assert_false(allowed(ROLE_VIEWER, -1, -1, (enum op_kind)kind, 1, "EUR", NULL));
        assert_false(allowed(ROLE_VIEWER, -1, -1, (enum op_kind)kind, 1, "EUR", "Marta"));
    }
}

static void a_supervisor_has_no_limit(void **state)
{
    (void)state;
    for (int kind = 0; kind < OP_KINDS; kind++)
        assert_true(allowed(ROLE_SUPERVISOR, 0, 0, (enum op_kind)kind, MONEY_MAX, "EUR", NULL));
}

static void each_operation_has_its_limit(void **state)
{
    (void)state;
    static const struct {
        enum op_kind kind;
        int limit; /* 0 the charges', 1 the refunds', -1 none */
    } rows[] = {{OP_CHARGE, 0}, {OP_LINK, 0},   {OP_CAPTURE, 0},
                {OP_REFUND, 1}, {OP_CANCEL, 1}, {OP_EXTEND, -1}};
    assert_int_equal(COUNT_OF(rows), OP_KINDS);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum op_kind kind = rows[i].kind;
        bool counted = rows[i].limit >= 0;
        int64_t charge = rows[i].limit == 0 ? 2050 : -1, refund = rows[i].limit == 1 ? 2050 : -1;
        assert_true(allowed(ROLE_DESK, charge, refund, kind, 2050, "EUR", NULL));
        assert_true(allowed(ROLE_DESK, charge, refund, kind, 2051, "EUR", NULL) != counted);
        assert_true(allowed(ROLE_DESK, refund, charge, kind, 2051, "EUR", NULL));
        assert_true(allowed(ROLE_DESK, -1, -1, kind, MONEY_MAX, "EUR", NULL));
        assert_true(allowed(ROLE_DESK, 0, 0, kind, 1, "EUR", NULL) != counted);
    }
}

/* One figure serves every currency, to its last decimal. */
static void limits_are_exact_in_every_currency(void **state)
{
    (void)state;
    static const struct {
        const char *currency;
        int64_t most; /* minor units that 20.50 allows */
    } rows[] = {{"EUR", 2050}, {"USD", 2050}, {"JPY", 20}, {"KWD", 20500}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *currency = rows[i].currency;
        assert_true(allowed(ROLE_DESK, 2050, -1, OP_CHARGE, rows[i].most, currency, NULL));
        assert_false(allowed(ROLE_DESK, 2050, -1, OP_CHARGE, rows[i].most + 1, currency, NULL));
    }
    const int64_t highest = INT64_C(999999999999); /* hundredths that can be configured */
    assert_true(allowed(ROLE_DESK, highest, -1, OP_CHARGE, MONEY_MAX, "KWD", NULL));
    assert_false(allowed(ROLE_DESK, highest, -1, OP_CHARGE, MONEY_MAX, "EUR", NULL));
    assert_false(allowed(ROLE_DESK, highest, -1, OP_CHARGE, INT64_MAX, "EUR", NULL));
    assert_false(allowed(ROLE_DESK, highest, -1, OP_CHARGE, 1, "CLP", NULL)); /* unsure decimals */
    struct op_permit permit = {.role = ROLE_DESK, .limits = {2050, 2050}};
    struct money unknown = {0};
    assert_false(op_within_limit(&permit, OP_CANCEL, &unknown));
}

static void only_another_supervisor_approves(void **state)
{
    (void)state;
    static const char *const nobody[] = {NULL, "Ana", "Eva", "", "marta", "Marta ", "Mart"};
    for (size_t i = 0; i < COUNT_OF(nobody); i++)
        assert_false(allowed(ROLE_DESK, 2050, -1, OP_CHARGE, 2051, "EUR", nobody[i]));
    assert_true(allowed(ROLE_DESK, 2050, -1, OP_CHARGE, 2051, "EUR", "Marta"));
    assert_true(allowed(ROLE_DESK, 2050, -1, OP_CHARGE, MONEY_MAX, "EUR", "Luis"));
    struct op_permit self = {.role = ROLE_DESK, .person = "Marta", .supervisors = supervisors};
    assert_false(op_may_approve(&self, "Marta"));
    assert_true(op_may_approve(&self, "Luis"));
    assert_false(op_may_approve(&self, NULL));
    self.person = NULL;
    assert_true(op_may_approve(&self, "Marta"));
    self.supervisors = NULL;
    assert_false(op_may_approve(&self, "Luis"));
}

/* --- the path to a POST ----------------------------------------------------------------------- */

static void reopen_as(struct till *till, enum role role, int64_t charge, int64_t refund)
{
    till_close(till);
    till->settings.permit = (struct op_permit){
        .role = role, .limits = {charge, refund}, .person = "Ana", .supervisors = supervisors};
    till_open(till);
}

static uint64_t posts(const struct till *till)
{
    static const char *const paths[] = {"POST/pos/payment",    "POST/payment/session",
                                        "POST/payment/refund", "POST/payment/capture",
                                        "POST/payment/cancel", "POST/payment/extend"};
    uint64_t count = 0;
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        count += sim_requests_seen(till->sim, paths[i]);
    return count;
}

static int64_t rows_of(struct till *till)
{
    struct intent_page page = {0};
    struct err err;
    assert_true(journal_list(till->journal, INTENTS_ALL, 0, &page, &err));
    int64_t count = (int64_t)page.count;
    intent_page_done(&page);
    return count;
}

/* Refused: no row, no request. */
static void refuse(struct till *till, struct op_request *request)
{
    char id[INTENT_ID_SIZE];
    struct err err = {0};
    int64_t rows = rows_of(till);
    uint64_t sent = posts(till);
    random_uuid(request->form_id);
    assert_false(op_start(till->ops, request, id, &err));
    assert_int_equal(err.code, ERR_DENIED);
    for (int i = 0; i < 5; i++)
        loop_turn(till->loop, 1);
    assert_int_equal(rows_of(till), rows);
    assert_int_equal(posts(till), sent);
}

static void every_operation_is_refused_below_the_screen(void **state)
{
    struct till *till = *state;
    char payment[80], hold[80];
    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, false));
    snprintf(hold, sizeof hold, "%s", till_charged(till, 5000, true));
    static const struct {
        enum role role;
        int64_t limit;
        const char *approved_by;
    } cases[] = {{ROLE_VIEWER, -1, NULL}, {ROLE_VIEWER, -1, "Marta"}, {ROLE_DESK, 1999, NULL},
                 {ROLE_DESK, 0, NULL},    {ROLE_DESK, 1999, "Ana"},   {ROLE_DESK, 1999, "Eva"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        reopen_as(till, cases[i].role, cases[i].limit, cases[i].limit);
        struct op_request requests[] = {
            till_charge(TERMINAL_1, 2000),
            till_link(2000),
            till_modify(till, OP_REFUND, payment, 2000),
            till_modify(till, OP_CAPTURE, hold, 2000),
            till_modify(till, OP_CANCEL, hold, 0), /* of a hold of 50.00 */
        };
        for (size_t k = 0; k < COUNT_OF(requests); k++) {
            requests[k].approved_by = cases[i].approved_by;
            refuse(till, &requests[k]);
        }
    }
}

static void what_is_within_the_limit_goes(void **state)
{
    struct till *till = *state;
    char payment[80], hold[80];
    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, false));
    snprintf(hold, sizeof hold, "%s", till_charged(till, 2000, true));
    reopen_as(till, ROLE_DESK, 2000, 2000);
    struct op_request charge = till_charge(TERMINAL_2, 2000);
    till_run(till, &charge, INTENT_CONFIRMED);
    struct op_request refund = till_modify(till, OP_REFUND, payment, 2000);
    till_run(till, &refund, INTENT_SUCCEEDED);
    struct op_request extend = till_modify(till, OP_EXTEND, hold, 0);
    till_run(till, &extend, INTENT_SUCCEEDED);
    struct op_request cancel = till_modify(till, OP_CANCEL, hold, 0);
    assert_null(strchr(till_run(till, &cancel, INTENT_SUCCEEDED)->person, '+')); /* nobody else */
}

/* --- who stands behind it --------------------------------------------------------------------- */

struct looked {
    const char *id, *event;
    char detail[320];
};

static bool look_at(void *ctx, const struct audit_entry *entry)
{
    struct looked *looked = ctx;
    if (entry->intent_id && strcmp(entry->intent_id, looked->id) == 0 &&
        strcmp(entry->event, looked->event) == 0)
        snprintf(looked->detail, sizeof looked->detail, "%s", entry->detail ? entry->detail : "");
    return true;
}

static void both_names_stand_in_the_journal(void **state)
{
    struct till *till = *state;
    char both[200];
    int64_t entries;
    struct err err = {0};
    reopen_as(till, ROLE_DESK, 1999, -1);
    struct op_request charge = till_charge(TERMINAL_1, 2000);
    charge.approved_by = "Marta";
    const struct intent *intent = till_run(till, &charge, INTENT_CONFIRMED);
    struct looked looked = {.id = intent->id, .event = "prepared"};
    assert_true(journal_audit(till->journal, look_at, &looked, &err));
    snprintf(both, sizeof both, "charge %s 2000 EUR, approved by Marta", TERMINAL_1);
    assert_string_equal(looked.detail, both);
    assert_non_null(strstr(intent->person, " + Marta"));
    assert_true(journal_verify(till->journal, &entries, &err));
}

static void sending_again_needs_the_approval_again(void **state)
{
    struct till *till = *state;
    char id[INTENT_ID_SIZE];
    struct err err = {0};
    till_faults(till, "POST/pos/payment:drop-before");
    reopen_as(till, ROLE_DESK, 1999, -1);
    struct op_request charge = till_charge(TERMINAL_1, 2000);
    charge.approved_by = "Marta";
    till_start(till, &charge, id);
    till_wait(till, id, INTENT_UNKNOWN);
    till_faults(till, "");
    assert_false(op_replay(till->ops, id, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_false(op_replay_approved(till->ops, id, "Ana", &err));
    assert_true(op_replay_approved(till->ops, id, "Luis", &err));
    till_wait(till, id, INTENT_CONFIRMED);
    struct looked looked = {.id = id, .event = "approved"};
    assert_true(journal_audit(till->journal, look_at, &looked, &err));
    assert_string_equal(looked.detail, "approved by Luis");
}

/* --- the configuration ------------------------------------------------------------------------ */

static char folder[64];
static struct config config;
static struct err err_of_load;
static char pin_line[PIN_STORED_SIZE];

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-roles-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("HOME", folder, 1);
    unsetenv("XDG_CONFIG_HOME");
    if (!pin_line[0])
        assert_true(pin_store("4711", pin_line));
    return 0;
}

static int end(void **state)
{
    (void)state;
    config_done(&config);
    return folder_remove(folder);
}

static bool load(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/config.ini", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    config_done(&config);
    err_of_load = (struct err){0};
    return config_load(&config, path, &err_of_load);
}

static void operators_arrive(void **state)
{
    (void)state;
    char text[600];
    snprintf(text, sizeof text,
             "[console]\noperator = Ana López\nlock_after = 5\n"
             "[operator Ana López]\nrole = desk\ncharge_limit = 300,5\nrefund_limit = 50\n"
             "[operator Marta]\nrole = supervisor\npin = %s\n"
             "[operator Luis]\nrole = supervisor\n[operator Eva]\nrole = viewer\n",
             pin_line);
    if (!load(text))
        fail_msg("%s", err_of_load.detail);
    assert_int_equal(config.lock_after_s, 300);
    assert_int_equal(config.permit.role, ROLE_DESK);
    assert_int_equal(config.permit.limits[LIMIT_CHARGE], 30050);
    assert_int_equal(config.permit.limits[LIMIT_REFUND], 5000);
    assert_string_equal(config.permit.person, "Ana López");
    assert_true(op_may_approve(&config.permit, "Marta"));
    assert_false(op_may_approve(&config.permit, "Luis")); /* no PIN */
    assert_false(op_may_approve(&config.permit, "Eva"));
    assert_string_equal(roles_find(&config.roles, "Marta")->pin, pin_line);
}

static void who_is_not_named_only_looks(void **state)
{
    (void)state;
    char text[200], user[64];
    assert_true(load("[console]\noperator = Iker\n[operator Ana]\nrole = desk\n"));
    assert_int_equal(config.permit.role, ROLE_VIEWER);
    assert_true(load("[operator Ana]\nrole = supervisor\n"));
    assert_int_equal(config.permit.role, ROLE_VIEWER);
    assert_true(load("[console]\noperator = Iker\n"));
    assert_int_equal(config.permit.role, ROLE_SUPERVISOR);
    roles_user(user, sizeof user);
    snprintf(text, sizeof text, "[operator %s]\nrole = desk\n", user);
    assert_true(load(text));
    assert_int_equal(config.permit.role, ROLE_DESK);
    assert_string_equal(config.person, user);
}

static void mistakes_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[operator Ana]\nrole = boss\n", "config.ini:2: role: expected viewer, desk"},
        {"[operator Ana]\ncharge_limit = 5\n", "[operator Ana]: role is missing"},
        {"[operator Ana]\nrole = desk\nrole = desk\n", "config.ini:3: role: given twice"},
        {"[operator Ana]\nrole = viewer\ncharge_limit = 5\n", "limits are for role = desk"},
        {"[operator Ana]\nrole = supervisor\nrefund_limit = 5\n", "limits are for role = desk"},
        {"[operator Ana]\nrole = desk\nlimit = 5\n", "no such key: role"},
        {"[operator Ana]\nrole = desk\npin = 4711\n", "expected what avirato-console pin prints"},
        {"[operator Ana]\nrole = desk\npin = $argon2id$v=19$m=1\n", "avirato-console pin prints"},
        {"[operator ]\nrole = desk\n", "expected [operator NAME]"},
        {"[operator A + B]\nrole = desk\n", "expected [operator NAME]"},
        {"[operators]\nrole = desk\n", "no such section"},
        {"[console]\nlock_after = 2000\n", "expected minutes"},
        {"[console]\nlock_after = soon\n", "expected minutes"},
        {"[operator An overly long name that goes on and on and on and on]\nrole = desk\n",
         "expected [operator NAME]"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(load(rows[i].text));
        if (!strstr(err_of_load.detail, rows[i].says))
            fail_msg("%s: %s", rows[i].says, err_of_load.detail);
    }
}

static void limits_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int64_t hundredths; /* -1: refused */
    } rows[] = {
        {"0", 0},           {"0,01", 1},   {"300", 30000}, {"300.5", 30050},
        {"300,50", 30050},  {"1.000", -1}, {"1,", -1},     {",5", -1},
        {"-1", -1},         {"1e3", -1},   {"1.0.0", -1},  {"1 000", -1},
        {"", -1},           {"+5", -1},    {"0x10", -1},   {"9999999999.99", INT64_C(999999999999)},
        {"10000000000", -1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[120];
        snprintf(text, sizeof text,
                 "[console]\noperator = A\n[operator A]\nrole = desk\n"
                 "charge_limit = %s\n",
                 rows[i].typed);
        bool good = load(text);
        if (good != (rows[i].hundredths >= 0) ||
            (good && config.permit.limits[LIMIT_CHARGE] != rows[i].hundredths))
            fail_msg("\"%s\": %d", rows[i].typed, good);
    }
    assert_true(load("[console]\nlock_after = 90s\n"));
    assert_int_equal(config.lock_after_s, 90);
}

/* --- PINs ------------------------------------------------------------------------------------- */

static void a_pin_is_kept_as_argon2id(void **state)
{
    (void)state;
    char again[PIN_STORED_SIZE];
    struct pin_guard guard = {0};
    assert_int_equal(strncmp(pin_line, "$argon2id$v=19$m=65536,", 23), 0);
    assert_true(pin_is_stored(pin_line));
    assert_true(pin_store("4711", again));
    assert_string_not_equal(again, pin_line); /* its own salt */
    int64_t begun = clock_boot_ms();
    assert_int_equal(pin_check(&guard, pin_line, "4711"), PIN_RIGHT);
    assert_true(clock_boot_ms() - begun < 2500); /* 0.1 s, and sanitizers */
    assert_false(pin_is_usable("471"));
    assert_true(pin_is_usable("4711"));
    assert_false(pin_is_usable("47 11"));
    assert_false(pin_is_usable("ñandú"));
    assert_false(pin_is_usable("123456789012345678901234567890123"));
}

/* Growing waits of at most half a minute; a right one within a wait is not even looked at. */
static void wrong_pins_are_answered_slowly(void **state)
{
    (void)state;
    static const int waits_s[] = {1, 2, 4, 8, 16, 30, 30};
    struct pin_guard guard = {0};
    for (size_t i = 0; i < COUNT_OF(waits_s); i++) {
        assert_int_equal(pin_check(&guard, pin_line, "0000"), PIN_WRONG);
        int64_t wait = pin_wait_ms(&guard);
        assert_true(wait <= waits_s[i] * 1000 && wait > waits_s[i] * 1000 - 900);
        assert_int_equal(pin_check(&guard, pin_line, "4711"), PIN_TOO_SOON);
        guard.free_at_ms = 0; /* as if that time had passed */
    }
    assert_int_equal(pin_check(&guard, pin_line, "4711"), PIN_RIGHT);
    assert_int_equal(guard.wrong, 0);
    assert_int_equal(pin_check(&guard, NULL, "4711"), PIN_WRONG);
}

static void typing_takes_characters_only(void **state)
{
    (void)state;
    struct pin_entry entry = {0};
    static const uint32_t keys[] = {'4', ' ', 0xf1, KEY_ARROW_UP, '7', 'x', KEY_ERASE, '1', '1'};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        pin_entry_key(&entry, keys[i]);
    assert_string_equal(entry.typed, "4711");
    for (int i = 0; i < 2 * PIN_MAX; i++)
        pin_entry_key(&entry, '9');
    assert_int_equal(entry.len, PIN_MAX);
    pin_entry_key(&entry, 21); /* Ctrl-U */
    for (size_t i = 0; i < sizeof entry.typed; i++)
        assert_int_equal(entry.typed[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_roles_all_is_allowed),
        cmocka_unit_test(a_viewer_moves_nothing),
        cmocka_unit_test(a_supervisor_has_no_limit),
        cmocka_unit_test(each_operation_has_its_limit),
        cmocka_unit_test(limits_are_exact_in_every_currency),
        cmocka_unit_test(only_another_supervisor_approves),
        cmocka_unit_test_setup_teardown(every_operation_is_refused_below_the_screen, till_setup,
                                        till_teardown),
        cmocka_unit_test_setup_teardown(what_is_within_the_limit_goes, till_setup, till_teardown),
        cmocka_unit_test_setup_teardown(both_names_stand_in_the_journal, till_setup, till_teardown),
        cmocka_unit_test_setup_teardown(sending_again_needs_the_approval_again, till_setup,
                                        till_teardown),
        cmocka_unit_test_setup_teardown(operators_arrive, begin, end),
        cmocka_unit_test_setup_teardown(who_is_not_named_only_looks, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_are_found, begin, end),
        cmocka_unit_test_setup_teardown(limits_are_read_strictly, begin, end),
        cmocka_unit_test_setup_teardown(a_pin_is_kept_as_argon2id, begin, end),
        cmocka_unit_test_setup_teardown(wrong_pins_are_answered_slowly, begin, end),
        cmocka_unit_test_setup_teardown(typing_takes_characters_only, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
