#include "support_money.h"
#include "support_clock.h"
#include "support_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

static struct arena shown; /* of the row last handed out */

static void note_bits(void *ctx, unsigned bits)
{
    ((struct till *)ctx)->bits |= bits;
}

void till_open(struct till *till)
{
    struct api_settings api = {.env = ENV_TEST,
                               .base_url = till->base_url,
                               .webcode = "HOTEL9",
                               .api_key = "test-key",
                               .charge_timeout_ms = till->charge_timeout_ms};
    struct journal_settings who = {.person = "Ana", .version = "0"};
    char cache[96], journal[96];
    struct err err = {0};

    snprintf(cache, sizeof cache, "%s/cache.db", till->folder);
    snprintf(journal, sizeof journal, "%s/journal.db", till->folder);
    till->changes = (struct changes){note_bits, till};
    till->client = api_client_new(till->loop, &api, &err);
    if (till->client != NULL)
        till->cache = cache_open(cache, "HOTEL9", ENV_TEST, &till->changes, &err);
    if (till->cache != NULL)
        till->journal = journal_open(journal, "HOTEL9", ENV_TEST, &who, &till->changes, &err);
    if (till->journal == NULL)
        fail_msg("till: %s", err.detail);
    till->ops =
        ops_new(till->loop, till->client, till->cache, till->journal, NULL, &till->settings);
}

void till_close(struct till *till)
{
    ops_free(till->ops);
    api_client_free(till->client);
    cache_close(till->cache);
    journal_close(till->journal);
    till->ops = NULL;
    till->client = NULL;
    till->cache = NULL;
    till->journal = NULL;
}

void till_restart_sim(struct till *till, const char *faults)
{
    struct err err = {0};

    sim_stop(till->sim);
    till->sim_settings.faults = faults;
    till->sim = sim_start(till->loop, &till->sim_settings, &err);
    if (till->sim == NULL)
        fail_msg("simulator: %s", err.detail);
    snprintf(till->base_url, sizeof till->base_url, "%s", sim_base_url(till->sim));
}

int till_setup(void **state)
{
    struct till *till = mem_alloc(sizeof *till);

    snprintf(till->folder, sizeof till->folder, "/tmp/till-XXXXXX");
    assert_non_null(mkdtemp(till->folder));
    till->loop = loop_new();
    till->sim_settings = sim_settings_default();
    till->sim_settings.sessions = till->sim_settings.payments = 0;
    till->sim_settings.charge_delay_ms = 10;
    till->sim_settings.charge_slow_ms = 80;
    till->sim_settings.charge_late_ms = 300;
    till->sim_settings.charge_silent_ms = 5000;
    till->sim_settings.terminal_offline_ms = 10;
    till->sim_settings.modification_delay_ms = 30;
    till->settings = (struct ops_settings){.quiet_charge_ms = 400,
                                           .quiet_modification_ms = 400,
                                           .second_read_ms = 60,
                                           .url_ok = "https://hotel.example/ok",
                                           .url_ko = "https://hotel.example/ko"};
    till_restart_sim(till, NULL);
    till_open(till);
    *state = till;
    return 0;
}

int till_teardown(void **state)
{
    struct till *till = *state;

    clocks_set_right();
    till_close(till);
    sim_stop(till->sim);
    loop_free(till->loop);
    folder_remove(till->folder);
    arena_done(&shown);
    free(till);
    return 0;
}

void till_faults(struct till *till, const char *spec)
{
    struct err err = {0};

    if (!sim_faults_set(till->sim, spec, &err))
        fail_msg("faults: %s", err.detail);
}

/* --- operations ------------------------------------------------------------------------------ */

struct op_request till_charge(const char *terminal, int64_t minor)
{
    struct op_request request = {.kind = OP_CHARGE,
                                 .target = terminal,
                                 .amount = money_make(minor, "EUR"),
                                 .reference = "RES-2026"};

    random_uuid(request.form_id);
    return request;
}

struct op_request till_link(int64_t minor)
{
    struct op_request request = {
        .kind = OP_LINK, .amount = money_make(minor, "EUR"), .description = "Depósito"};

    random_uuid(request.form_id);
    return request;
}

struct op_request till_modify(struct till *till, enum op_kind kind, const char *payment,
                              int64_t minor)
{
    struct op_request request = {.kind = kind, .target = payment, .has_seen = true};
    struct err err = {0};

    random_uuid(request.form_id);
    if (minor > 0)
        request.amount = money_make(minor, "EUR");
    if (kind == OP_REFUND)
        request.reason = "RETURN";
    if (!cache_payment_facts(till->cache, payment, &request.seen, &err))
        fail_msg("facts: %s", err.detail);
    return request;
}

void till_start(struct till *till, const struct op_request *request, char id[INTENT_ID_SIZE])
{
    struct err err = {0};

    if (!op_start(till->ops, request, id, &err))
        fail_msg("op_start: %s", err.detail);
}

const struct intent *till_get(struct till *till, const char *id)
{
    static struct intent intent;
    struct err err = {0};

    arena_done(&shown);
    if (!journal_get(till->journal, id, &shown, &intent, &err))
        fail_msg("intent: %s", err.detail);
    return &intent;
}

struct wanted {
    struct till *till;
    const char *id;
    enum intent_state state;
};

static bool is_there(void *ctx)
{
    struct wanted *wanted = ctx;
    const struct intent *intent = till_get(wanted->till, wanted->id);

    /* Accepted ones are asked about every two seconds and then less; a test need not wait for that.
     */
    if (intent->state != wanted->state && intent->state == INTENT_ACCEPTED)
        ops_look_now(wanted->till->ops, wanted->id);
    return intent->state == wanted->state;
}

const struct intent *till_wait(struct till *till, const char *id, enum intent_state state)
{
    struct wanted wanted = {till, id, state};

    if (!loop_run_until(till->loop, is_there, &wanted, PATIENCE_MS)) {
        const struct intent *intent = till_get(till, id);
        fail_msg("%s of %" PRId64 ": %s (%s), not %s", op_name(intent->kind), intent->amount.minor,
                 intent_state_name(intent->state), intent->why, intent_state_name(state));
    }
    return till_get(till, id);
}

const struct intent *till_run(struct till *till, const struct op_request *request,
                              enum intent_state state)
{
    char id[INTENT_ID_SIZE];

    till_start(till, request, id);
    return till_wait(till, id, state);
}

const char *till_charged(struct till *till, int64_t minor, bool is_preauth)
{
    static char reference[64];
    struct op_request request = till_charge(TERMINAL_1, minor);

    request.is_preauth = is_preauth;
    snprintf(reference, sizeof reference, "%s",
             till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    return reference;
}

void till_referee(struct till *till, const struct intent *intent, int64_t executions)
{
    assert_int_equal(sim_executions_of_key(till->sim, intent->id), executions);
    assert_true(sim_requests_of_key(till->sim, intent->id) <= intent->attempt);
}

void till_check_unsent(struct till *till, const char *id, const char *why)
{
    const struct intent *intent = till_wait(till, id, INTENT_VOID);

    if (strncmp(intent->why, why, strlen(why)) != 0)
        fail_msg("why: %s", intent->why);
    assert_int_equal(sim_requests_of_key(till->sim, id), 0);
    assert_int_equal(ops_in_flight(till->ops), 0);
}
