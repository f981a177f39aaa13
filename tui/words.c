/* Names: statuses, types, operations, reasons, states, environments. One table each; a word that no
   table knows is shown as the API gave it. */
#include "words_internal.h"

#include <string.h>
#include <strings.h>

struct name {
    const char *word, *label;
};

static struct text look_up(struct arena *arena, const struct name *names, size_t count,
                           const char *word)
{
    if (!word)
        return text_ours("");
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i].word, word) == 0)
            return text_ours(_(names[i].label));
    return text_brief(arena, word, WORDS_WORD);
}

/* A modification's success is that of a request, a POS payment's that of a card. */
static const struct name record_statuses[] = {
    {"pending", N_("pending")},       {"completed", N_("completed")},
    {"expired", N_("expired")},       {"cancelled", N_("cancelled")},
    {"failed", N_("failed")},         {"success", N_("success")},
    {"refused", N_("refused")},       {"received", N_("received")},
    {"authorised", N_("authorised")},
};
static const struct name payment_statuses[] = {{"success", N_("approved")}};

struct text words_status(struct arena *arena, enum record_kind kind, const char *status)
{
    if (kind == REC_PAYMENT && status && strcasecmp(status, payment_statuses[0].word) == 0)
        return text_ours(_(payment_statuses[0].label));
    return look_up(arena, record_statuses, COUNT_OF(record_statuses), status);
}

struct text words_type(struct arena *arena, const char *type)
{
    static const struct name types[] = {
        {"charge", N_("charge")},
        {"link", N_("payment link")},
        {"refund", N_("refund")},
        {"capture", N_("capture")},
        {"cancel", N_("cancel")},
        {"extend", N_("extend")},
    };
    return look_up(arena, types, COUNT_OF(types), type);
}

struct text words_begin(struct arena *arena, struct text text)
{
    char first = *text.bytes;
    if (first < 'a' || first > 'z')
        return text;
    return text_oursf(arena, "%c%s", first - 'a' + 'A', text.bytes + 1);
}

struct text words_op(enum op_kind kind)
{
    static const char *const ops[OP_KINDS] = {
        [OP_CHARGE] = N_("Charge"), [OP_REFUND] = N_("Refund"), [OP_CAPTURE] = N_("Capture"),
        [OP_CANCEL] = N_("Cancel"), [OP_EXTEND] = N_("Extend"), [OP_LINK] = N_("Payment link"),
    };
    return text_ours(_(ops[kind]));
}

struct text words_reason(struct arena *arena, const char *reason)
{
    static const struct name reasons[] = {
        {"CUSTOMER REQUEST", N_("customer request")},
        {"RETURN", N_("return")},
        {"DUPLICATE", N_("duplicate")},
        {"FRAUD", N_("fraud")},
        {"OTHER", N_("other")},
    };
    return look_up(arena, reasons, COUNT_OF(reasons), reason);
}

struct text words_intent_state(enum intent_state state)
{
    static const char *const states[INTENT_STATE_COUNT] = {
        [INTENT_PREPARED] = N_("not sent yet"),
        [INTENT_SENT] = N_("under way"),
        [INTENT_UNKNOWN] = N_("UNKNOWN"),
        [INTENT_ACCEPTED] = N_("requested"),
        [INTENT_VOID] = N_("not sent"),
        [INTENT_REJECTED] = N_("rejected"),
        [INTENT_DECLINED] = N_("declined"),
        [INTENT_CONFIRMED] = N_("confirmed"),
        [INTENT_SUCCEEDED] = N_("done"),
        [INTENT_FAILED] = N_("failed"),
        [INTENT_NOT_EXECUTED] = N_("not executed"),
        [INTENT_MANUAL] = N_("CHECK BY HAND"),
        [INTENT_RESOLVED] = N_("closed by hand"),
    };
    return text_ours(_(states[state]));
}

struct text words_outcome(const struct intent *intent)
{
    if (intent->kind == OP_CHARGE && intent->state == INTENT_CONFIRMED)
        return text_ours(_(payment_statuses[0].label));
    return words_intent_state(intent->state);
}

/* The same word in every language: it is what --env, the vendor and the other shift call it. */
struct text words_env(enum env env)
{
    static const char *const envs[ENV_COUNT] = {
        [ENV_TRAINING] = "TRAINING", [ENV_TEST] = "TEST", [ENV_LIVE] = "LIVE"};
    return text_ours(envs[env]);
}

struct text words_why_not(enum why_not why, enum op_kind kind)
{
    static const char *const whys[] = {
        [WHY_POSSIBLE] = "",
        [WHY_NO_PAYMENT] = N_("nothing has been paid yet: there is nothing to act on"),
        [WHY_NOT_CAPTURED] =
            N_("this is a hold that has not been captured: cancel it instead of refunding"),
        [WHY_NOT_PREAUTH] = N_("this is an ordinary payment, not a pre-authorisation"),
        [WHY_ALREADY_CAPTURED] = N_("it has been captured already"),
        [WHY_ALREADY_CANCELLED] = N_("it has been cancelled already"),
        [WHY_NOTHING_LEFT] = N_("nothing is left: all of it has been refunded, or is about to be"),
        [WHY_IN_PROGRESS] =
            N_("another change of this payment is in progress: wait until it is final"),
        [WHY_STATUS] = N_("the payment's status does not allow it"),
        [WHY_OTHER_ENVIRONMENT] = N_("the reference belongs to the other environment"),
        [WHY_UNKNOWN_AMOUNT] = N_("the API gave no amount for this payment"),
        [WHY_BLOCKED_CURRENCY] =
            N_("the decimals of this currency are not confirmed by the provider"),
        [WHY_READ_ONLY] = N_("this console is read-only here"),
    };
    if (why == WHY_ALREADY_CAPTURED && kind == OP_CANCEL)
        return text_ours(_("it has been captured already: refund it instead"));
    return text_ours(_(whys[why]));
}
