/* What can be checked about a request before anything is written or sent. Pure. */
#include <assert.h>
#include <string.h>
#include <utf8proc.h>

#include "ops_internal.h"

#define TARGET_MAX      128 /* bytes */
#define REFERENCE_MAX   60  /* code points; the tag is put behind it */
#define DESCRIPTION_MAX 200 /* code points */

/* --- card numbers: none is asked for, none may be written down ------------------------------- */

static const struct {
    int low, high, digits; /* first four digits, length */
} card_ranges[] = {
    {4000, 4999, 13}, {4000, 4999, 16}, {4000, 4999, 19},                   /* Visa */
    {5100, 5599, 16}, {2221, 2720, 16},                                     /* Mastercard */
    {3400, 3499, 15}, {3700, 3799, 15},                                     /* American Express */
    {3000, 3059, 14}, {3095, 3095, 14}, {3600, 3699, 14}, {3800, 3999, 14}, /* Diners */
    {3528, 3589, 16},                                                       /* JCB */
    {6000, 6999, 16}, {6000, 6999, 17}, {6000, 6999, 18}, {6000, 6999, 19}, /* Discover, UnionPay */
    {5000, 5099, 13}, {5000, 5099, 16}, {5000, 5099, 19}, {5600, 5999, 13}, /* Maestro */
    {5600, 5999, 16}, {5600, 5999, 18}, {5600, 5999, 19}, {6000, 6999, 13},
    {6000, 6999, 14}, {6000, 6999, 15},
};

static bool passes_luhn(const char *digits, int count)
{
    int sum = 0;

    for (int i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';
        if (i % 2 == 1 && (digit *= 2) > 9)
            digit -= 9;
        sum += digit;
    }
    return sum % 10 == 0;
}

static bool is_card_number(const char *digits, int count)
{
    int prefix = (digits[0] - '0') * 1000 + (digits[1] - '0') * 100 + (digits[2] - '0') * 10 +
                 (digits[3] - '0');

    for (size_t i = 0; i < COUNT_OF(card_ranges); i++)
        if (card_ranges[i].digits == count && prefix >= card_ranges[i].low &&
            prefix <= card_ranges[i].high)
            return passes_luhn(digits, count);
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Looks at each run of digits, in groups set apart by spaces and dashes, that starts here. */
static bool card_starts(const char *text)
{
    char digits[20];
    int count = 0;

    while (*text != '\0' && count < 19) {
        if (is_digit(*text)) {
            digits[count++] = *text++;
            if (!is_digit(*text) && count >= 13 && is_card_number(digits, count))
                return true;
        } else if (*text == ' ' || *text == '-') {
            text++;
        } else {
            return false;
        }
    }
    return false;
}

bool op_holds_card_number(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (is_digit(*at) && (at == text || !is_digit(at[-1])) && card_starts(at))
            return true;
    return false;
}

/* --- texts ----------------------------------------------------------------------------------- */

static bool check_text(const char *field, const char *text, size_t max, struct err *err)
{
    size_t points = 0;
    utf8proc_int32_t point;

    if (text == NULL)
        return true;
    for (const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text; *at != 0; points++) {
        utf8proc_ssize_t len = utf8proc_iterate(at, -1, &point);
        if (len <= 0)
            return err_set(err, ERR_INVALID, "%s: not valid UTF-8", field);
        if (utf8proc_category(point) == UTF8PROC_CATEGORY_CC || point == 0x2028 || point == 0x2029)
            return err_set(err, ERR_INVALID, "%s: control character", field);
        at += len;
    }
    if (points > max)
        return err_set(err, ERR_INVALID, "%s: longer than %zu characters", field, max);
    if (op_holds_card_number(text))
        return err_set(err, ERR_INVALID, "%s: looks like a card number", field);
    return true;
}

static bool check_target(const struct op_request *request, enum env env, const char *webcode,
                         struct err *err)
{
    const char *target = request->target;

    if (request->kind == OP_LINK && target != NULL)
        return err_set(err, ERR_INVALID, "target: a link has none");
    if (request->kind == OP_LINK)
        return true;
    if (target == NULL || target[0] == '\0')
        return err_set(err, ERR_INVALID, "target: missing");
    if (strlen(target) > TARGET_MAX)
        return err_set(err, ERR_INVALID, "target: too long");
    for (const char *at = target; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return err_set(err, ERR_INVALID, "target: not a reference");
    if (request->kind != OP_CHARGE && !reference_allowed(target, webcode, env))
        return err_set(err, ERR_DENIED, "target: %s belongs to the other environment", target);
    return true;
}

/* --- money ----------------------------------------------------------------------------------- */

static bool check_amount(const struct op_request *request, struct err *err)
{
    const struct money *amount = &request->amount;

    bool none = request->kind == OP_CANCEL || request->kind == OP_EXTEND;
    if (none && amount->known)
        return err_set(err, ERR_INVALID, "amount: not for this operation");
    if (none)
        return true;
    if (!amount->known || amount->minor <= 0)
        return err_set(err, ERR_INVALID, "amount: must be above zero");
    if (amount->minor > MONEY_MAX)
        return err_set(err, ERR_INVALID, "amount: too large");
    if (currency_exponent(amount->currency) < 0)
        return err_set(err, ERR_INVALID, "currency: %s is not one we can move", amount->currency);
    return true;
}

static bool check_reason(const struct op_request *request, struct err *err)
{
    if (request->kind != OP_REFUND && request->reason != NULL)
        return err_set(err, ERR_INVALID, "reason: only for refunds");
    if (request->kind != OP_REFUND)
        return true;
    for (size_t i = 0; request->reason != NULL && refund_reasons[i] != NULL; i++)
        if (strcmp(request->reason, refund_reasons[i]) == 0)
            return true;
    return err_set(err, ERR_INVALID, "reason: not one of the API's");
}

bool op_check_facts(enum op_kind kind, const struct money *amount,
                    const struct payment_facts *facts, struct err *err)
{
    if (payment_action_possible(facts, kind) != WHY_POSSIBLE)
        return err_set(err, ERR_STALE, "target: %s is not possible", op_name(kind));
    if (kind != OP_REFUND && kind != OP_CAPTURE)
        return true;
    assert(facts->authorised.known); /* else neither were possible */
    if (strcmp(amount->currency, facts->authorised.currency) != 0)
        return err_set(err, ERR_INVALID, "currency: the payment's is %s",
                       facts->authorised.currency);
    if (amount->minor > (kind == OP_REFUND ? facts->left : facts->authorised.minor))
        return err_set(err, ERR_INVALID, "amount: above what is left");
    return true;
}

bool op_check(const struct op_request *request, enum env env, const char *webcode, struct err *err)
{
    bool modifies = request->kind != OP_CHARGE && request->kind != OP_LINK;

    if ((int)request->kind < 0 || request->kind >= OP_KINDS)
        return err_set(err, ERR_INVALID, "kind: unknown");
    if (strlen(request->form_id) != UUID_SIZE - 1)
        return err_set(err, ERR_INVALID, "form: without id");
    if (modifies && (request->reference != NULL || request->is_preauth))
        return err_set(err, ERR_INVALID, "reference: not for this operation");
    return check_target(request, env, webcode, err) && check_amount(request, err) &&
           check_text("reference", request->reference, REFERENCE_MAX, err) &&
           check_text("description", request->description, DESCRIPTION_MAX, err) &&
           check_reason(request, err) &&
           (!modifies || !request->has_seen ||
            op_check_facts(request->kind, &request->amount, &request->seen, err));
}

/* --- who may ask for it ---------------------------------------------------------------------- */

enum role_limit op_limit_of(enum op_kind kind)
{
    /* What the guest pays counts against one limit, what the guest gets back against the other. */
    static const enum role_limit limits[OP_KINDS] = {
        [OP_CHARGE] = LIMIT_CHARGE, [OP_LINK] = LIMIT_CHARGE,   [OP_CAPTURE] = LIMIT_CHARGE,
        [OP_REFUND] = LIMIT_REFUND, [OP_CANCEL] = LIMIT_REFUND, [OP_EXTEND] = LIMIT_COUNT,
    };

    return limits[kind];
}

bool op_within_limit(const struct op_permit *permit, enum op_kind kind, const struct money *amount)
{
    enum role_limit which = op_limit_of(kind);
    int exponent = amount->known ? currency_exponent(amount->currency) : -1;

    if (permit->role != ROLE_DESK)
        return permit->role == ROLE_SUPERVISOR;
    if (which == LIMIT_COUNT || permit->limits[which] < 0)
        return true;
    if (exponent < 0 || amount->minor > MONEY_MAX)
        return false;
    int64_t limit = permit->limits[which];
    for (int i = 0; i < exponent; i++) /* both at most 10^15 */
        limit *= 10;
    return amount->minor * 100 <= limit;
}

bool op_may_approve(const struct op_permit *permit, const char *name)
{
    const char *const *at = permit->supervisors;

    if (name == NULL || at == NULL || (permit->person != NULL && strcmp(permit->person, name) == 0))
        return false;
    while (*at != NULL && strcmp(*at, name) != 0)
        at++;
    return *at != NULL;
}

bool op_permitted(const struct op_permit *permit, enum op_kind kind, const struct money *amount,
                  const char *approved_by, struct err *err)
{
    if (permit->role == ROLE_VIEWER)
        return err_set(err, ERR_DENIED, "role: a viewer moves no money");
    if (op_within_limit(permit, kind, amount))
        return true;
    if (approved_by == NULL)
        return err_set(err, ERR_DENIED, "limit: a supervisor has to approve this");
    if (!op_may_approve(permit, approved_by))
        return err_set(err, ERR_DENIED, "limit: %s cannot approve this", approved_by);
    return true;
}
