/* Answer -> next state, over one table.

   An answer proves something only when it is whole, documented, and about the very thing that was
   asked for. Everything else is UNKNOWN: the money may have moved, and reading finds out. A replay
   is judged more strictly than a first attempt: that the second try was refused says nothing about
   the first, which may have been executed. */
#include "judge.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* What the body said, in the order in which it is asked. */
enum said {
    SAID_NOTHING = 1 << 0,   /* no body, or it was cut */
    SAID_ALIEN = 1 << 1,     /* HTML, not JSON, too big: a proxy spoke */
    SAID_REFUSAL = 1 << 2,   /* whole error envelope, code surely raised before execution */
    SAID_TERMINAL = 1 << 3,  /* whole error envelope, code 13004: the terminal was out of reach */
    SAID_ERROR = 1 << 4,     /* any other error envelope */
    SAID_DIFFERENT = 1 << 5, /* a record of something else than what was asked for */
    SAID_PARTLY = 1 << 6,    /* a field is missing, or its status is not a listed final one */
    SAID_YES = 1 << 7,       /* executed (charge), accepted (modification), created (link) */
    SAID_NO = 1 << 8,        /* the card was refused, the guest cancelled */
    SAID_ANYTHING = (1 << 9) - 1
};

#define CHARGE       (1u << OP_CHARGE)
#define LINK         (1u << OP_LINK)
#define MODIFICATION (1u << OP_REFUND | 1u << OP_CAPTURE | 1u << OP_CANCEL | 1u << OP_EXTEND)
#define EVERY        (CHARGE | LINK | MODIFICATION)

/* The first row that fits decides; the last one fits always. */
static const struct rule {
    int from, to; /* HTTP status; 0: no status line came */
    unsigned said, kinds;
    enum intent_state first, again; /* next state after attempt 1, after a replay */
    bool alarm, read_now;
    const char *why;
} rules[] = {
    {200, 201, SAID_YES, CHARGE | LINK, INTENT_CONFIRMED, INTENT_CONFIRMED, false, false,
     "answered with success"},
    {200, 201, SAID_NO, CHARGE, INTENT_DECLINED, INTENT_DECLINED, false, false,
     "answered with a refusal of the card"},
    {202, 202, SAID_YES, MODIFICATION, INTENT_ACCEPTED, INTENT_ACCEPTED, false, false,
     "accepted for processing"},
    {200, 299, SAID_DIFFERENT, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, true, false,
     "the answer is about something else than what was asked for"},
    {200, 299, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, false,
     "the answer is no documented success"},
    {400, 401, SAID_REFUSAL, EVERY, INTENT_REJECTED, INTENT_UNKNOWN, false, false,
     "refused before execution"},
    {403, 404, SAID_REFUSAL, EVERY, INTENT_REJECTED, INTENT_UNKNOWN, false, false,
     "refused before execution"},
    {422, 422, SAID_REFUSAL, EVERY, INTENT_REJECTED, INTENT_UNKNOWN, false, false,
     "refused before execution"},
    {409, 409, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, true, false,
     "409: the key is in use"},
    {429, 429, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, false,
     "429: too many requests"},
    {400, 599, SAID_TERMINAL, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, true,
     "terminal out of reach; to be verified"},
    {400, 499, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, false,
     "a refusal that does not exclude execution"},
    {500, 599, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, false,
     "a server error that does not exclude execution"},
    {0, 0, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, false, "no answer came"},
    {INT32_MIN, INT32_MAX, SAID_ANYTHING, EVERY, INTENT_UNKNOWN, INTENT_UNKNOWN, false, false,
     "an answer of no documented kind"},
};

const char *judge_tag_in(const char *custom_reference)
{
    const char *mark = custom_reference == NULL ? NULL : strrchr(custom_reference, '~');

    return mark != NULL && strlen(mark + 1) == INTENT_TAG_SIZE - 1 ? mark + 1 : NULL;
}

static bool is_modification(enum op_kind kind)
{
    return (1u << kind & MODIFICATION) != 0;
}

bool judge_names_other(enum op_kind kind, const char *type)
{
    if (type == NULL || strcasecmp(type, op_name(kind)) == 0)
        return false;
    for (int other = OP_REFUND; other <= OP_EXTEND; other++)
        if (strcasecmp(type, op_name((enum op_kind)other)) == 0)
            return true;
    return false;
}

static bool amount_differs(const struct judge_intent *intent, const struct money *amount)
{
    return intent->amount.known && amount->known && !money_equal(&intent->amount, amount);
}

const char *judge_difference(const struct judge_intent *intent, const struct record *record)
{
    const char *tag = judge_tag_in(record->custom_reference);

    if (record->id != NULL && !reference_allowed(record->id, intent->webcode, intent->env))
        return "environment of the reference";
    if (record->payment_reference != NULL &&
        !reference_allowed(record->payment_reference, intent->webcode, intent->env))
        return "environment of the payment reference";
    if (amount_differs(intent, &record->amount))
        return "amount or currency";
    if (intent->kind == OP_CHARGE && record->poi_id != NULL &&
        strcmp(record->poi_id, intent->target) != 0)
        return "terminal";
    if (is_modification(intent->kind)) {
        if (record->payment_reference != NULL &&
            strcmp(record->payment_reference, intent->target) != 0)
            return "payment";
        return judge_names_other(intent->kind, record->type) ? "operation" : NULL;
    }
    return tag != NULL && strcasecmp(tag, intent->tag) != 0 ? "customReference" : NULL;
}

static enum said said_by_record(const struct judge_intent *intent, const struct record *record)
{
    if (judge_difference(intent, record) != NULL)
        return SAID_DIFFERENT;
    if (record->id == NULL || record->unclear) /* an empty id is of no environment: that differs */
        return SAID_PARTLY;
    if (is_modification(intent->kind))
        return SAID_YES; /* its status is followed, whatever it says now */
    if (record->status == NULL)
        return SAID_PARTLY;
    if (intent->kind == OP_LINK) {
        enum status_class status = status_classify(REC_SESSION, record->status);
        bool usable = status == STATUS_OPEN || status == STATUS_GOOD;
        return usable && record->payment_url != NULL ? SAID_YES : SAID_PARTLY;
    }
    switch (status_classify(REC_PAYMENT, record->status)) {
    case STATUS_GOOD:
        return SAID_YES;
    case STATUS_BAD:
        return SAID_NO;
    default:
        return SAID_PARTLY;
    }
}

static enum said said_by(const struct judge_intent *intent, const struct api_answer *answer)
{
    switch (answer->body) {
    case BODY_DATA:
        return said_by_record(intent, &answer->record);
    case BODY_ERROR:
        if (api_code_precedes_execution(answer->error.code))
            return SAID_REFUSAL;
        return answer->error.code == 13004 ? SAID_TERMINAL : SAID_ERROR;
    case BODY_ALIEN:
        return SAID_ALIEN;
    default:
        return SAID_NOTHING;
    }
}

struct verdict judge_answer(const struct judge_intent *intent, const struct api_answer *answer)
{
    assert(intent->attempt >= 1 && intent->kind < OP_KINDS);
    bool first = intent->attempt == 1;

    if (!answer->left)
        return (struct verdict){.next = first ? INTENT_VOID : INTENT_UNKNOWN,
                                .why = first ? "not sent" : "not sent again"};
    if (answer->aborted)
        return (struct verdict){.next = INTENT_UNKNOWN, .why = "the transfer was stopped half way"};
    unsigned said = (unsigned)said_by(intent, answer);
    for (const struct rule *rule = rules;; rule++) {
        assert(rule < rules + COUNT_OF(rules));
        if (answer->http_status < rule->from || answer->http_status > rule->to ||
            (rule->said & said) == 0 || (rule->kinds & 1u << intent->kind) == 0)
            continue;
        enum intent_state next = first ? rule->first : rule->again;
        return (struct verdict){.next = next,
                                .alarm = rule->alarm,
                                .read_now = rule->read_now,
                                .why = next == INTENT_UNKNOWN && rule->first != next
                                           ? "the repetition was refused; the first may have run"
                                           : rule->why};
    }
}
