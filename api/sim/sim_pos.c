/* Terminals and charges on them. What a charge will come to is decided and stored when it is
   received; only the answer waits. */
#include "sim_internal.h"

#include <string.h>

static const struct terminal {
    const char *poi, *name, *model;
    bool online;
    int64_t created_ms, updated_ms;
} terminals[] = {
    {"V400m-TEST-000001", "Terminal Test 1 - Mostrador", "V400m", true, INT64_C(1740819600000),
     INT64_C(1767261600000)},
    {"S1F2-TEST-000002", "Terminal Test 2 - Terraza", "S1F2", true, INT64_C(1740819660000),
     INT64_C(1767261660000)},
    {"P400Plus-TEST-000003", "Terminal Test 3 - Almacen", "P400Plus", false, INT64_C(1740819720000),
     INT64_C(1767261720000)},
};

/* The magic amounts. Delays are offsets of a setting, so that tests can shorten them. */
#define SETTING(name) offsetof(struct sim_settings, name)
static const struct magic {
    int ending;          /* last two digits; -1: any other */
    const char *outcome; /* NULL: it is as if the request had never come */
    size_t done, answer; /* when the terminal is done, and when the answer comes */
    enum sim_instead instead;
    bool fails;   /* 13001 is the answer that the key keeps */
    bool limited; /* 429 on the first try */
} magics[] = {
    {1, "refused", SETTING(charge_delay_ms), SETTING(charge_delay_ms), 0, false, false},
    {2, "cancelled", SETTING(charge_delay_ms), SETTING(charge_delay_ms), 0, false, false},
    {3, "none", SETTING(charge_delay_ms), SETTING(charge_delay_ms), 0, true, false},
    {4, "success", SETTING(charge_delay_ms), SETTING(charge_delay_ms), INSTEAD_13001, false, false},
    {5, "success", SETTING(charge_slow_ms), SETTING(charge_slow_ms), 0, false, false},
    {6, "success", SETTING(charge_delay_ms), SETTING(charge_delay_ms), INSTEAD_DROP, false, false},
    {7, NULL, SETTING(charge_delay_ms), SETTING(charge_delay_ms), INSTEAD_DROP, false, false},
    {8, "success", SETTING(charge_late_ms), SETTING(charge_silent_ms), 0, false, false},
    {9, "success", SETTING(charge_delay_ms), SETTING(charge_delay_ms), 0, false, true},
    {-1, "success", SETTING(charge_delay_ms), SETTING(charge_delay_ms), 0, false, false},
};

static int64_t delay_of(const struct sim *sim, size_t setting)
{
    int64_t delay;
    memcpy(&delay, (const char *)&sim->settings + setting, sizeof(delay));
    return delay;
}

static const struct magic *magic_of(int64_t amount)
{
    const struct magic *magic = magics;
    while (magic->ending >= 0 && magic->ending != amount % 100)
        magic++;
    return magic;
}

const char *terminal_poi(int index)
{
    return terminals[index].poi;
}

int terminal_index(const char *poi_id)
{
    for (size_t i = 0; i < COUNT_OF(terminals); i++) {
        if (strcmp(terminals[i].poi, poi_id) == 0)
            return (int)i;
    }
    return -1;
}

void handle_terminals(struct sim_request *request, struct sim_answer *answer)
{
    const char *sync = request_query(request, "syncFromProvider");
    bool connected = sync && strcmp(sync, "true") == 0;
    if (sync && !connected && strcmp(sync, "false") != 0) {
        answer_error(answer, 400, 12001, "Wrong format of parameter: syncFromProvider");
        return;
    }
    answer_data_open(answer, 200);
    sim_json_open(&answer->body, '[');
    for (size_t i = 0; i < COUNT_OF(terminals); i++) {
        if (connected && !terminals[i].online)
            continue;
        sim_json_open(&answer->body, '{');
        sim_json_pair(&answer->body, "poiId", terminals[i].poi);
        sim_json_pair(&answer->body, "status", "boarded");
        sim_json_pair(&answer->body, "name", terminals[i].name);
        sim_json_pair(&answer->body, "model", terminals[i].model);
        sim_json_time(&answer->body, "createdAt", terminals[i].created_ms, true);
        sim_json_time(&answer->body, "updatedAt", terminals[i].updated_ms, true);
        sim_json_close(&answer->body, '}');
    }
    sim_json_close(&answer->body, ']');
    answer_data_close(answer);
}

/* False after an error was answered: unknown, offline or busy terminal. */
static bool check_terminal(struct sim_request *request, struct sim_answer *answer, const char *poi)
{
    struct sim *sim = request->sim;
    int index = terminal_index(poi);
    if (index < 0)
        return answer_error(answer, 404, 10404, "No such terminal");
    if (!terminals[index].online) {
        answer->wait_ms = sim->settings.terminal_offline_ms;
        answer->ready_ms += answer->wait_ms;
        return answer_error(answer, 502, 13004, "Terminal error: device is not reachable");
    }
    if (data_terminal_busy(sim->data, request->env, poi, request_now_ms(request)))
        return answer_error(answer, 502, 13004, "Terminal error: device is busy");
    return true;
}

/* Stores the charge as it will be and answers as the terminal will. */
static void charge(struct sim_request *request, struct sim_answer *answer,
                   const struct magic *magic, struct sim_new *fresh)
{
    struct sim *sim = request->sim;
    int64_t done = delay_of(sim, magic->done);
    answer->wait_ms = delay_of(sim, magic->answer);
    answer->instead = magic->instead;
    if (!magic->outcome) {
        answer->forget = true;
        return;
    }
    answer->ready_ms = fresh->started_ms + done;
    fresh->due_ms = answer->ready_ms > 0 ? answer->ready_ms : 1;
    fresh->outcome = magic->outcome;
    if (!store_insert(request, answer, fresh))
        return;
    if (magic->fails) {
        answer_error(answer, 500, 13001, "Payment provider error");
        return;
    }
    struct sim_row *row = &fresh->row;
    reference_write(&sim->seed.codes, request->env, TAG_POS, row->number, 0, row->reference);
    memcpy(row->payment_reference, row->reference, sizeof(row->reference));
    row->status = magic->outcome;
    row->completed_ms = row->created_ms + done;
    answer_data_open(answer, 200);
    sim_json_row(&answer->body, row, 0);
    answer_data_close(answer);
}

void handle_charge(struct sim_request *request, struct sim_answer *answer)
{
    static const struct sim_json_field fields[] = {
        {"webcode", WANT_TEXT, true},          {"poiId", WANT_TEXT, true},
        {"amount", WANT_AMOUNT, true},         {"description", WANT_TEXT, false},
        {"customReference", WANT_TEXT, false}, {"isPreAuth", WANT_BOOL, false}};
    struct sim_json_value values[COUNT_OF(fields)];
    struct sim *sim = request->sim;
    if (!request_read(request, answer, fields, COUNT_OF(fields), values) ||
        !check_currency(answer, values[2].currency) ||
        !check_terminal(request, answer, values[1].text))
        return;
    const struct magic *magic = magic_of(values[2].amount);
    if (magic->limited &&
        data_first_try(sim->data, request->env, values[1].text, values[2].amount)) {
        answer_error(answer, 429, 0, "Too many requests");
        answer->retry_after_s = 2;
        answer->forget = true;
        return;
    }
    struct sim_new fresh = {.env = request->env,
                            .tag = TAG_POS,
                            .key = request->idempotency_key,
                            .started_ms = request_now_ms(request),
                            .row = {.kind = SIM_PAYMENT,
                                    .poi_id = values[1].text,
                                    .amount = values[2].amount,
                                    .description = values[3].text,
                                    .custom_reference = values[4].text,
                                    .preauth = values[5].truth,
                                    .created_ms = request_created_ms(request)}};
    memcpy(fresh.row.currency, values[2].currency, sizeof(fresh.row.currency));
    charge(request, answer, magic, &fresh);
}
