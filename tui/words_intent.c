/* What became of a wish to move money, said so that nobody charges twice or believes a refund that
   never was. Rows: operation and state. Nothing is ever called "not charged" but what is proven so.
 */
#include "words_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct sentence {
    const char *what, *money, *next;
};

/* POS charges. */
static const struct sentence charges[INTENT_STATE_COUNT] = {
    [INTENT_PREPARED] = {N_("The charge of {amount} is written down and about to be sent."),
                         N_("Nothing has been charged yet."), ""},
    [INTENT_SENT] = {N_("{amount} is on the terminal, waiting for the guest."),
                     N_("The card may be charged at any moment."),
                     N_("To stop it, press the red key on the terminal; the result still arrives "
                        "here.")},
    [INTENT_UNKNOWN] =
        {N_("The outcome of the charge of {amount} is not known: {cause}"),
         N_("Nobody can say yet whether the card was charged."),
         N_("Do not charge again. Wait{until}: this console keeps looking and tells you.")},
    [INTENT_VOID] = {N_("The charge of {amount} was not sent: {why}"),
                     N_("Nothing has been charged."), N_("Charge again when the reason is gone.")},
    [INTENT_REJECTED] = {N_("The API rejected the charge of {amount}: {trouble}"),
                         N_("Nothing has been charged."), "{advice}"},
    [INTENT_DECLINED] = {N_("The charge of {amount} did not go through: {cause}"),
                         N_("Nothing has been charged."),
                         N_("Ask for another card, or charge again.")},
    [INTENT_CONFIRMED] = {N_("Approved: {amount}."), N_("The card has been charged."), ""},
    [INTENT_NOT_EXECUTED] = {N_("The charge of {amount} did not take place (verified at {time})."),
                             N_("Nothing has been charged."), N_("You can charge again.")},
    [INTENT_MANUAL] =
        {N_("What is known about the charge of {amount} does not fit together: {why}"),
         N_("Whether the card was charged must be checked by a person."),
         N_("Look at the terminal's slip and at the list of payments, then close this "
            "by hand with what you found.")},
    [INTENT_RESOLVED] = {N_("The charge of {amount} was closed by hand by {person}."), "", ""},
};

/* The same for a pre-authorisation, where it differs. */
static const struct sentence hold_confirmed = {
    N_("Approved: {amount} is held on the card."), N_("Nothing is charged until you capture it."),
    N_("Capture, extend or cancel it before the hold lapses.")};

/* Refund, capture, cancel and extend: what differs is what the guest sees. */
static const struct sentence modifications[INTENT_STATE_COUNT] = {
    [INTENT_PREPARED] = {N_("{Op} of {target} is written down and about to be sent."),
                         N_("Nothing has changed yet."), ""},
    [INTENT_SENT] = {N_("{Op} of {target} has been sent; waiting for the answer."), "", ""},
    [INTENT_UNKNOWN] = {N_("It is not known whether the API took this request ({op} of {target}): "
                           "{cause}"),
                        N_("It may have been carried out."),
                        N_("Do not ask for it again. This console is finding out by reading the "
                           "payment's modifications{until}.")},
    [INTENT_VOID] = {N_("{Op} of {target} was not sent: {why}"), N_("Nothing has changed."),
                     N_("Try again when the reason is gone.")},
    [INTENT_REJECTED] = {N_("The API rejected the request ({op} of {target}): {trouble}"),
                         N_("Nothing has changed."), "{advice}"},
    [INTENT_DECLINED] = {N_("The API refused the request ({op} of {target}): {cause}"),
                         N_("Nothing has changed."), ""},
    [INTENT_FAILED] = {N_("Failed: {op} of {target}. {cause}"), "", ""},
    [INTENT_NOT_EXECUTED] = {N_("The request did not take place (verified at {time}): {op} of "
                                "{target}."),
                             N_("Nothing has changed."), N_("You can ask for it again.")},
    [INTENT_MANUAL] = {N_("What is known about this request ({op} of {target}) does not fit "
                          "together: {why}"),
                       N_("Whether it was carried out must be checked by a person."),
                       N_("Compare the payment's modifications with the guest's statement, then "
                          "close this by hand with what you found.")},
    [INTENT_RESOLVED] = {N_("Closed by hand by {person}: {op} of {target}."), "", ""},
};
static const struct sentence requested[OP_KINDS] = {
    [OP_REFUND] = {N_("Refund of {amount} requested."),
                   N_("The guest does not have the money back yet."),
                   N_("This console follows it until it is final.")},
    [OP_CAPTURE] = {N_("Capture of {amount} requested."), N_("The hold is not charged yet."),
                    N_("This console follows it until it is final.")},
    [OP_CANCEL] = {N_("Cancellation of the hold {target} requested."),
                   N_("The amount is still held on the card."),
                   N_("This console follows it until it is final.")},
    [OP_EXTEND] = {N_("Extension of the hold {target} requested."),
                   N_("The old end of the hold counts until it succeeds."),
                   N_("This console follows it until it is final.")},
};
static const struct sentence done[OP_KINDS] = {
    [OP_REFUND] = {N_("Refunded: {amount}."),
                   N_("It goes back to the same card; the guest's bank may take days to show it."),
                   ""},
    [OP_CAPTURE] = {N_("Captured: {amount}."),
                    N_("The card has been charged; what was left of the hold is released."), ""},
    [OP_CANCEL] = {N_("The hold {target} is cancelled."),
                   N_("Nothing is charged; the guest's bank may take days to free the amount."),
                   ""},
    [OP_EXTEND] = {N_("The hold {target} is extended."), N_("The amount has not changed."), ""},
};
static const struct sentence failed_money[OP_KINDS] = {
    [OP_REFUND] = {"", N_("The guest has NOT got the money back."),
                   N_("Tell the guest, and refund again or find another way.")},
    [OP_CAPTURE] = {"", N_("The hold has NOT been charged."),
                    N_("Charge the guest on the terminal or send a payment link.")},
    [OP_CANCEL] = {"", N_("The amount is still held on the card."),
                   N_("Cancel it again, or let the hold lapse.")},
    [OP_EXTEND] = {"", N_("The hold still ends when it did before."),
                   N_("Capture it in time, or ask the guest for the card again.")},
};

/* Payment links move no money by themselves. */
static const struct sentence links[INTENT_STATE_COUNT] = {
    [INTENT_PREPARED] = {N_("The payment link for {amount} is about to be asked for."), "", ""},
    [INTENT_SENT] = {N_("The payment link for {amount} has been asked for."), "", ""},
    [INTENT_UNKNOWN] = {N_("It is not known whether the payment link for {amount} exists: {cause}"),
                        N_("No money has moved."), N_("You can create another link.")},
    [INTENT_VOID] = {N_("The payment link for {amount} was not asked for: {why}"), "",
                     N_("Try again when the reason is gone.")},
    [INTENT_REJECTED] = {N_("The API rejected the payment link for {amount}: {trouble}"), "",
                         "{advice}"},
    [INTENT_CONFIRMED] = {N_("The payment link for {amount} is ready."),
                          N_("Nothing is paid until the guest has paid."),
                          N_("Give the guest the link or the QR code.")},
    [INTENT_NOT_EXECUTED] = {N_("The payment link for {amount} was not created (verified at "
                                "{time})."),
                             "", N_("You can create another link.")},
    [INTENT_MANUAL] =
        {N_("What is known about the payment link for {amount} does not fit together: "
            "{why}"),
         N_("No money has moved."), N_("Look at the list of sessions, then close this by hand.")},
    [INTENT_RESOLVED] = {N_("The payment link for {amount} was closed by hand by {person}."), "",
                         ""},
};

static struct sentence choose_sentence(const struct intent *intent)
{
    if (intent->kind == OP_LINK)
        return links[intent->state];
    if (intent->kind == OP_CHARGE)
        return intent->state == INTENT_CONFIRMED && intent->is_preauth ? hold_confirmed
                                                                       : charges[intent->state];
    if (intent->state == INTENT_ACCEPTED)
        return requested[intent->kind];
    if (intent->state == INTENT_SUCCEEDED || intent->state == INTENT_CONFIRMED)
        return done[intent->kind];
    struct sentence sentence = modifications[intent->state];
    if (intent->state == INTENT_FAILED) {
        sentence.money = failed_money[intent->kind].money;
        sentence.next = failed_money[intent->kind].next;
    }
    return sentence;
}

/* Why nobody knows yet: what was seen instead of an answer. */
static const char *unknown_cause(const struct intent *intent)
{
    static const struct {
        int low, high;
        const char *words;
    } ranges[] = {
        {409, 409, N_("the API says that it conflicts with an earlier request (409).")},
        {429, 429, N_("the API asked to slow down (429).")},
        {408, 408, N_("the API timed out (408).")},
        {200, 299, N_("the answer could not be understood.")},
        {300, 499, N_("an unexpected answer came, perhaps from a proxy.")},
        {500, 599, N_("the server reported an error.")},
    };
    if (intent->code == 13004)
        return _("the terminal is offline or did not answer (usually nothing was charged then).");
    if (intent->code == 13001)
        return _("the payment provider reported an error (13001).");
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (intent->http_status >= ranges[i].low && intent->http_status <= ranges[i].high)
            return _(ranges[i].words);
    return _("no answer came.");
}

/* What the server called the end of it. */
static struct text end_cause(struct arena *arena, const struct intent *intent)
{
    const char *status = intent->server_status ? intent->server_status : "";
    if (intent->kind == OP_CHARGE) {
        if (strcasecmp(status, "refused") == 0)
            return text_ours(_("the card's bank refused it."));
        if (strcasecmp(status, "cancelled") == 0)
            return text_ours(_("it was cancelled on the terminal."));
        return text_ours(_("the terminal could not complete it."));
    }
    return text_brief(arena, intent->message ? intent->message : intent->why, WORDS_SAID);
}

static struct text rejection(struct arena *arena, const struct intent *intent, struct text *advice)
{
    const char *what = "", *next = "";
    bool known = words_api_trouble(api_trouble_of(intent->code, intent->http_status), &what, &next);
    *advice = text_ours(_(next));
    struct text message = text_brief(arena, intent->message, WORDS_SAID);
    if (!known)
        return message.bytes[0] ? message : text_ours(_("it gave no reason."));
    if (!message.bytes[0])
        return text_ours(_(what));
    return text_oursf(arena, "%s (%s)", _(what), message.bytes);
}

/* Why nothing was sent: journal.h lists the words that begin it. */
static struct text unsent_why(struct arena *arena, const char *why)
{
    static const struct {
        const char *begins, *words;
        bool detailed;
    } reasons[] = {
        {"changed:", N_("the payment is not any more what you saw"), true},
        {"expired:", N_("more than a minute has passed since it was confirmed"), false},
        {"look:", N_("the check right before sending failed"), true},
        {"terminal:", N_("this terminal does not belong to this business any more"), false},
        {"unsent:", N_("there was no connection to the API"), true},
        {"journal:", N_("this machine could not write it down"), true},
        {"backed out", N_("it was called off"), false},
        {"shutdown:", N_("the program ended first"), false},
        {"never sent:", N_("the program ended before it was sent"), false},
    };
    if (!why)
        return text_ours(_("no reason is noted"));
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        size_t len = strlen(reasons[i].begins);
        if (strncmp(why, reasons[i].begins, len) != 0)
            continue;
        if (!reasons[i].detailed)
            return text_oursf(arena, "%s.", _(reasons[i].words));
        return text_oursf(arena, "%s (%s).", _(reasons[i].words),
                          text_brief(arena, why + len + strspn(why + len, " "), WORDS_SAID).bytes);
    }
    return text_brief(arena, why, WORDS_SAID);
}

static struct text until(struct arena *arena, const struct intent *intent)
{
    if (intent->quiet_until_ms == 0)
        return text_ours("");
    struct hole hole = {"time", format_clock(arena, intent->quiet_until_ms)};
    if (intent->kind == OP_CHARGE) /* follows "Wait" */
        return words_fill(arena, _(", at least until {time}"), &hole, 1);
    /* Follows "reading the payment's modifications". */
    return words_fill(arena, _("; if it is not there, that counts from {time} on"), &hole, 1);
}

struct advice words_of_intent(struct arena *arena, const struct intent *intent)
{
    struct sentence sentence = choose_sentence(intent);
    struct text advice;
    struct text trouble = rejection(arena, intent, &advice);
    bool open = intent->state == INTENT_UNKNOWN;
    struct hole holes[] = {
        {"amount", format_money(arena, &intent->amount)},
        {"target", text_brief(arena, intent->target, WORDS_NAMED)},
        {"person", text_brief(arena, intent->person, WORDS_NAMED)},
        {"why", unsent_why(arena, intent->why)},
        {"cause", open ? text_ours(unknown_cause(intent)) : end_cause(arena, intent)},
        {"trouble", trouble},
        {"advice", advice},
        {"until", until(arena, intent)},
        {"time", format_clock(arena, intent->changed_ms)},
        {"Op", words_op(intent->kind)},
        {"op", words_type(arena, op_name(intent->kind))},
    };
    struct advice result = {
        .what = words_fill(arena, _(sentence.what ? sentence.what : ""), holes, COUNT_OF(holes)),
        .money = words_fill(arena, _(sentence.money ? sentence.money : ""), holes, COUNT_OF(holes)),
        .next = words_fill(arena, _(sentence.next ? sentence.next : ""), holes, COUNT_OF(holes)),
        .proof = words_proof(arena, intent->code, intent->http_status, intent->trace_id),
    };
    bool ended_well = intent->state == INTENT_CONFIRMED || intent->state == INTENT_SUCCEEDED ||
                      intent->state == INTENT_ACCEPTED;
    bool accepted = intent->http_status / 100 == 2 && intent->code == 0;
    /* "HTTP 200" alone proves nothing, and the error before a good end found by reading misleads.
     */
    if ((accepted && !intent->trace_id) || (ended_well && !accepted))
        result.proof = text_ours("");
    if (intent->waits)
        result.next = text_ours(_("Another console keeps the journal busy: this is written down "
                                  "as soon as it is free. Leave this console open until then."));
    else if (intent->unwritten)
        result.next = text_ours(_("This could not be written down on this machine, so no more "
                                  "money is moved from here. Check the disk (avirato-console "
                                  "doctor), start again, and do not repeat it before this console "
                                  "has found out anew."));
    if (!result.what.bytes[0])
        result.what = words_intent_state(intent->state);
    return result;
}
