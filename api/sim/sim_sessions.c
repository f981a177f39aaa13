/* Payment sessions: a link is created, looked at, and in time paid by itself. */
#include "sim_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    F_WEBCODE,
    F_AMOUNT,
    F_URL_OK,
    F_URL_KO,
    F_COUNTRY,
    F_LOCALE,
    F_DESCRIPTION,
    F_REFERENCE,
    F_PREAUTH,
    F_DELIVER
};
static const struct sim_json_field fields[] = {
    [F_WEBCODE] = {"webcode", WANT_TEXT, true},
    [F_AMOUNT] = {"amount", WANT_AMOUNT, true},
    [F_URL_OK] = {"urlOk", WANT_TEXT, true},
    [F_URL_KO] = {"urlKo", WANT_TEXT, true},
    [F_COUNTRY] = {"countryCode", WANT_TEXT, false},
    [F_LOCALE] = {"shopperLocale", WANT_TEXT, false},
    [F_DESCRIPTION] = {"description", WANT_TEXT, false},
    [F_REFERENCE] = {"customReference", WANT_TEXT, false},
    [F_PREAUTH] = {"isPreAuth", WANT_BOOL, false},
    [F_DELIVER] = {"deliverAt", WANT_TEXT, false},
};

/* When the payer will do what, by the last two digits of the amount. */
static void plan_payer(const struct sim *sim, struct sim_new *fresh)
{
    int64_t after = sim->settings.pay_after_ms, ending = fresh->row.amount % 100;
    fresh->outcome = "completed";
    if (after == 0)
        return;
    if (ending == 1 || ending == 2)
        fresh->refused_ms = fresh->started_ms + after / 2;
    if (ending != 2)
        fresh->due_ms = fresh->started_ms + after;
}

void handle_session_create(struct sim_request *request, struct sim_answer *answer)
{
    struct sim_json_value values[COUNT_OF(fields)];
    struct sim *sim = request->sim;
    if (!request_read(request, answer, fields, COUNT_OF(fields), values) ||
        !check_currency(answer, values[F_AMOUNT].currency) ||
        !check_country(answer, values[F_COUNTRY].text) ||
        !check_locale(answer, values[F_LOCALE].text) ||
        !check_moment(answer, values[F_DELIVER].text))
        return;
    struct sim_new fresh = {.env = request->env,
                            .tag = TAG_SESSION,
                            .key = request->idempotency_key,
                            .started_ms = request_now_ms(request),
                            .row = {.kind = SIM_SESSION,
                                    .status = "pending",
                                    .amount = values[F_AMOUNT].amount,
                                    .preauth = values[F_PREAUTH].truth,
                                    .description = values[F_DESCRIPTION].text,
                                    .custom_reference = values[F_REFERENCE].text,
                                    .country = values[F_COUNTRY].text,
                                    .locale = values[F_LOCALE].text,
                                    .deliver_at = values[F_DELIVER].text,
                                    .url_ok = values[F_URL_OK].text,
                                    .url_ko = values[F_URL_KO].text,
                                    .created_ms = request_created_ms(request)}};
    memcpy(fresh.row.currency, values[F_AMOUNT].currency, sizeof(fresh.row.currency));
    plan_payer(sim, &fresh);
    if (!store_insert(request, answer, &fresh))
        return;
    reference_write(&sim->seed.codes, request->env, TAG_SESSION, fresh.row.number, 0,
                    fresh.row.reference);
    char url[SIM_REFERENCE_SIZE + 64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/pay/%s", sim->port, fresh.row.reference);
    answer_data_open(answer, 201);
    sim_json_session_created(&answer->body, &fresh.row, url);
    answer_data_close(answer);
}

void handle_session_get(struct sim_request *request, struct sim_answer *answer)
{
    struct sim_row row;
    if (!answer_verdict(
            answer,
            store_find(request->sim, request->env, SIM_SESSION, request->id, &request->arena, &row),
            "No such session"))
        return;
    answer_data_open(answer, 200);
    sim_json_row(&answer->body, &row, 0);
    answer_data_close(answer);
}
