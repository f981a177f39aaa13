/* The operators of the configuration. What they may do is judged where money is sent from
   (op_permitted()); here it is read, and put into words. */
#include "roles.h"

#include "pin.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- values ----------------------------------------------------------------------------------- */

static bool set_role(struct operator_row *row, const char *value)
{
    static const char *const names[] = {
        [ROLE_SUPERVISOR] = "supervisor", [ROLE_DESK] = "desk", [ROLE_VIEWER] = "viewer"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            row->role = (enum role)i;
            row->has_role = true;
        }
    }
    return row->has_role;
}

/* "300", "300,5" or "300.50" in hundredths. No marks between thousands: nothing to be mistaken. */
static bool parse_limit(const char *value, int64_t *hundredths)
{
    enum { WHOLE_MAX = 10 };
    size_t whole = strspn(value, "0123456789");
    bool has_mark = value[whole] == ',' || value[whole] == '.';
    const char *decimals = value + whole + has_mark;
    size_t count = strspn(decimals, "0123456789");
    if (whole == 0 || whole > WHOLE_MAX || decimals[count] != '\0' || count > 2 ||
        has_mark != (count > 0))
        return false;
    *hundredths = 0;
    for (size_t i = 0; i < whole; i++)
        *hundredths = *hundredths * 10 + (value[i] - '0');
    for (size_t i = 0; i < 2; i++)
        *hundredths = *hundredths * 10 + (i < count ? decimals[i] - '0' : 0);
    return true;
}

static bool set_charge_limit(struct operator_row *row, const char *value)
{
    return parse_limit(value, &row->limits[LIMIT_CHARGE]);
}

static bool set_refund_limit(struct operator_row *row, const char *value)
{
    return parse_limit(value, &row->limits[LIMIT_REFUND]);
}

static bool set_pin(struct operator_row *row, const char *value)
{
    row->pin = mem_strdup(value);
    return pin_is_stored(value);
}

static const struct {
    const char *name;
    bool (*set)(struct operator_row *row, const char *value);
    const char *expects;
} keys[] = {
    {"role", set_role, "expected viewer, desk or supervisor"},
    {"charge_limit", set_charge_limit, "expected an amount as 300,00, no marks for thousands"},
    {"refund_limit", set_refund_limit, "expected an amount as 300,00, no marks for thousands"},
    {"pin", set_pin, "expected what avirato-console pin prints"},
};

/* --- the table -------------------------------------------------------------------------------- */

/* "+" joins the two names of what was approved, so that no single name may look like two. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '+')
            return false;
    return len > 0 && len <= ROLES_NAME_MAX && name[0] != ' ' && name[len - 1] != ' ';
}

static struct operator_row *row_of(struct roles *roles, const char *name)
{
    for (size_t i = 0; i < roles->count; i++)
        if (strcmp(roles->rows[i].name, name) == 0)
            return &roles->rows[i];
    if (roles->count == ROLES_MAX)
        return NULL;
    if (!roles->rows)
        roles->rows = mem_alloc(ROLES_MAX * sizeof *roles->rows);
    struct operator_row *row = &roles->rows[roles->count++];
    *row = (struct operator_row){.name = mem_strdup(name), .limits = {-1, -1}};
    return row;
}

const char *roles_take(struct roles *roles, const char *name, const char *key, const char *value)
{
    if (!is_name(name))
        return "expected [operator NAME], at most 40 bytes, without +";
    struct operator_row *row = row_of(roles, name);
    if (!row)
        return "more than 64 operators";
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (strcmp(keys[i].name, key) != 0)
            continue;
        if (row->seen & (1U << i))
            return "given twice";
        row->seen |= 1U << i;
        return keys[i].set(row, value) ? NULL : keys[i].expects;
    }
    return "no such key: role, charge_limit, refund_limit, pin";
}

/* A limit that would never be looked at is a mistake that money pays for. */
static const char *row_trouble(const struct operator_row *row)
{
    bool limited = row->limits[LIMIT_CHARGE] >= 0 || row->limits[LIMIT_REFUND] >= 0;
    if (!row->has_role)
        return "role is missing: viewer, desk or supervisor";
    if (limited && row->role != ROLE_DESK)
        return "limits are for role = desk: a viewer moves nothing, a supervisor has none";
    return NULL;
}

const char *roles_finish(struct roles *roles, const char **name)
{
    size_t count = 0;
    if (roles->count == 0)
        return NULL;
    roles->supervisors = mem_alloc((roles->count + 1) * sizeof *roles->supervisors);
    for (size_t i = 0; i < roles->count; i++) {
        const struct operator_row *row = &roles->rows[i];
        const char *trouble = row_trouble(row);
        *name = row->name;
        if (trouble)
            return trouble;
        if (row->role == ROLE_SUPERVISOR && row->pin)
            roles->supervisors[count++] = row->name;
    }
    return NULL;
}

void roles_done(struct roles *roles)
{
    for (size_t i = 0; i < roles->count; i++) {
        free(roles->rows[i].name);
        free(roles->rows[i].pin);
    }
    free(roles->rows);
    free(roles->supervisors);
    *roles = (struct roles){0};
}

const struct operator_row *roles_find(const struct roles *roles, const char *name)
{
    for (size_t i = 0; name && i < roles->count; i++)
        if (strcmp(roles->rows[i].name, name) == 0)
            return &roles->rows[i];
    return NULL;
}

struct op_permit roles_permit(const struct roles *roles, const char *person)
{
    struct op_permit permit = {.role = ROLE_SUPERVISOR, .limits = {-1, -1}, .person = person};
    const struct operator_row *row = roles_find(roles, person);
    if (roles->count == 0)
        return permit;
    permit.supervisors = roles->supervisors;
    permit.role = row ? row->role : ROLE_VIEWER;
    for (int i = 0; i < LIMIT_COUNT && row; i++)
        permit.limits[i] = row->limits[i];
    return permit;
}

void roles_user(char *out, size_t size)
{
    const struct passwd *user = getpwuid(geteuid());
    snprintf(out, size, "%s", user ? user->pw_name : "");
}

/* --- sentences -------------------------------------------------------------------------------- */

struct text roles_why_viewer(struct arena *arena, const struct roles *roles,
                             const struct op_permit *permit)
{
    const char *person = text_clean(arena, permit->person).bytes;
    if (!roles_find(roles, permit->person))
        return text_oursf(
            arena,
            _("%s only looks and moves no money: the configuration has operators, and "
              "this is none of them"),
            *person ? person : "-");
    return text_oursf(arena,
                      _("%s only looks and moves no money (role viewer): the desk or a supervisor "
                        "can"),
                      person);
}

struct text roles_why_limit(struct arena *arena, const struct op_permit *permit, enum op_kind kind,
                            const struct money *amount)
{
    enum role_limit which = op_limit_of(kind);
    const char *person = text_clean(arena, permit->person).bytes;
    int exponent = amount->known ? currency_exponent(amount->currency) : -1;
    if (exponent < 0 || which == LIMIT_COUNT)
        return text_oursf(arena, _("%s does not do this alone"), person);
    int64_t limit = permit->limits[which];
    for (int i = 0; i < exponent; i++)
        limit *= 10;
    return text_oursf(arena,
                      which == LIMIT_CHARGE ? _("%s takes at most %s alone")
                                            : _("%s gives back at most %s alone"),
                      person, format_minor(arena, limit / 100, amount->currency).bytes);
}
