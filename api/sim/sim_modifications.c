/* Refund, capture, cancel, extend: accepted within the limits, resolved some time later. */
#include "sim_internal.h"

#include <string.h>

static const char *const reasons[] = {"FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER"};

static bool refuse(struct sim_answer *answer, const char *why)
{
    return answer_error(answer, 400, 12001, why);
}

static bool check_refund(struct sim_answer *answer, const struct store_payment *payment,
                         int64_t amount)
{
    const struct sim_sums *sums = &payment->sums;
    if (sums->captured == 0)
        return refuse(answer, "The payment is not captured");
    if (amount > sums->captured - sums->refunded - sums->refunding)
        return refuse(answer, "The amount is above what is left to refund");
    return true;
}

static bool check_hold(struct sim_answer *answer, const struct store_payment *payment)
{
    if (!payment->row.preauth)
        return refuse(answer, "The payment is no pre-authorisation");
    if (payment->was_captured || payment->capture_open)
        return refuse(answer, "The payment is captured already");
    if (payment->was_cancelled || payment->cancel_open)
        return refuse(answer, "The payment is cancelled already");
    return true;
}

static bool check_capture(struct sim_answer *answer, const struct store_payment *payment,
                          int64_t amount)
{
    if (!check_hold(answer, payment))
        return false;
    return amount <= payment->row.amount ||
           refuse(answer, "The amount is above what is authorised");
}

static bool check_cancel(struct sim_answer *answer, const struct store_payment *payment,
                         int64_t amount)
{
    (void)amount;
    return check_hold(answer, payment);
}

static bool check_extend(struct sim_answer *answer, const struct store_payment *payment,
                         int64_t amount)
{
    (void)amount;
    if (!check_hold(answer, payment))
        return false;
    return !payment->extend_open || refuse(answer, "The payment is being extended already");
}

static const struct change {
    const char *type, *first_status, *failure;
    bool (*check)(struct sim_answer *, const struct store_payment *, int64_t amount);
    bool with_amount, with_reason;
} changes[TAG_COUNT] = {
    [TAG_REFUND] = {"refund", "pending", "Refund declined by the issuing bank", check_refund, true,
                    true},
    [TAG_CAPTURE] = {"capture", "received", "Authorisation has expired", check_capture, true,
                     false},
    [TAG_CANCEL] = {"cancel", "received", "Cancellation refused by the acquirer", check_cancel,
                    false, false},
    [TAG_EXTEND] = {"extend", "received", "Issuer does not support the adjustment", check_extend,
                    false, false},
};

static bool check_reason(struct sim_answer *answer, const char *reason)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (strcmp(reasons[i], reason) == 0)
            return true;
    }
    return refuse(answer, "Wrong format of parameter: reason");
}

/* The magic amounts of modifications; false after a refusal was answered. */
static bool decide(const struct sim *sim, struct sim_answer *answer, int64_t amount,
                   struct sim_new *fresh)
{
    int64_t delay = sim->settings.modification_delay_ms;
    fresh->outcome = "success";
    if (amount % 100 == 13)
        return refuse(answer, "The amount is not allowed");
    if (amount % 100 == 12)
        delay = sim->settings.modification_long_ms;
    if (amount % 100 == 11) {
        delay *= 2;
        fresh->outcome = "failed";
    }
    fresh->due_ms = fresh->started_ms + (delay > 0 ? delay : 1);
    return true;
}

static void accept(struct sim_request *request, struct sim_answer *answer,
                   const struct change *change, struct sim_new *fresh)
{
    struct sim *sim = request->sim;
    struct sim_row *row = &fresh->row;
    row->type = change->type;
    row->failure_reason = change->failure; /* shown only when it fails */
    if (!store_insert(request, answer, fresh))
        return;
    reference_write(&sim->seed.codes, request->env, fresh->tag, row->number, 0, row->reference);
    row->status = change->first_status;
    row->failure_reason = NULL;
    row->updated_ms = row->created_ms;
    answer_data_open(answer, 202);
    sim_json_row(&answer->body, row, 0);
    answer_data_close(answer);
}

void handle_modify(struct sim_request *request, struct sim_answer *answer)
{
    static const struct sim_json_field fields[] = {{"webcode", WANT_TEXT, true},
                                                   {"paymentReference", WANT_TEXT, true},
                                                   {"amount", WANT_AMOUNT, true},
                                                   {"reason", WANT_TEXT, true}};
    struct sim_json_value values[COUNT_OF(fields)] = {0};
    struct sim *sim = request->sim;
    enum sim_tag tag = (enum sim_tag)request->route->what;
    const struct change *change = &changes[tag];
    struct store_payment payment;
    size_t count = change->with_reason ? 4 : change->with_amount ? 3 : 2;
    if (!request_read(request, answer, fields, count, values) ||
        (change->with_reason && !check_reason(answer, values[3].text)))
        return;
    if (!answer_verdict(
            answer,
            store_payment_find(sim, request->env, values[1].text, &request->arena, &payment),
            "No such payment"))
        return;
    int64_t amount = change->with_amount ? values[2].amount : payment.row.amount;
    if (!payment.paid) {
        refuse(answer, "The payment was not successful");
        return;
    }
    if (change->with_amount && strcmp(values[2].currency, payment.row.currency) != 0) {
        refuse(answer, "The currency differs from the payment's");
        return;
    }
    struct sim_new fresh = {.env = request->env,
                            .tag = tag,
                            .key = request->idempotency_key,
                            .started_ms = request_now_ms(request),
                            .row = {.kind = SIM_MODIFICATION,
                                    .amount = change->with_amount ? amount : 0,
                                    .reason = values[3].text,
                                    .created_ms = request_created_ms(request)}};
    memcpy(fresh.row.currency, payment.row.currency, sizeof(fresh.row.currency));
    memcpy(fresh.row.payment_reference, payment.row.payment_reference,
           sizeof(fresh.row.payment_reference));
    if ((request->twist.no_limit || change->check(answer, &payment, amount)) &&
        decide(sim, answer, amount, &fresh))
        accept(request, answer, change, &fresh);
}
