/* Who works here and how far alone: the [operator NAME] sections of the configuration. Without any,
   everybody may do everything, as on a desk of one. A policy of this desk and no wall: whoever may
   write the configuration and holds the API key is not bound by it. */
#ifndef TUI_ROLES_H
#define TUI_ROLES_H

#include "format.h"
#include "../cache/journal.h"

#define ROLES_SECTION "operator "             /* and the name behind it */
enum { ROLES_MAX = 64, ROLES_NAME_MAX = 40 }; /* inih cuts names of sections at 49 bytes */

struct operator_row {
    char *name;
    bool has_role;
    enum role role;
    int64_t limits[LIMIT_COUNT]; /* as in struct op_permit */
    char *pin;                   /* argon2id, as "avirato-console pin" prints it; NULL: none */
    unsigned seen;               /* keys that were given */
};
struct roles {
    struct operator_row *rows;
    size_t count;
    const char **supervisors; /* those with a PIN, ends with NULL; NULL without roles */
};
/* One key of [operator name]. NULL, or what is wrong with it. */
const char *roles_take(struct roles *roles, const char *name, const char *key, const char *value);
/* After the last one. NULL, or what is wrong, and *name: with whom. */
const char *roles_finish(struct roles *roles, const char **name);
void roles_done(struct roles *roles);

const struct operator_row *roles_find(const struct roles *roles, const char *name);
/* What that person may do. Without roles: everything; whoever is not among them only looks. The
   result points into roles and to person. */
struct op_permit roles_permit(const struct roles *roles, const char *person);
/* The name of this system's user, for a desk that names no operator; "" when there is none. */
void roles_user(char *out, size_t size);

/* --- sentences, cleaned ---------------------------------------------------------------------- */

/* Why a viewer moves no money. */
struct text roles_why_viewer(struct arena *arena, const struct roles *roles,
                             const struct op_permit *permit);
/* "Ana charges at most 300.00 EUR alone"; not within the limit. */
struct text roles_why_limit(struct arena *arena, const struct op_permit *permit, enum op_kind kind,
                            const struct money *amount);

#endif
