/* A second person's yes, for what is above the operator's limit. */
#ifndef TUI_APPROVE_H
#define TUI_APPROVE_H

#include "dialog.h"

/* amount: of a cancel or an extension that of the hold. */
bool approve_is_needed(struct app *app, enum op_kind kind, const struct money *amount);
/* Somebody could; false and a message: nobody. */
bool approve_is_possible(struct app *app, enum op_kind kind, const struct money *amount);
/* Asks for a supervisor's PIN, then calls confirm->done; while that runs app_approver() names the
   supervisor, and only what it starts is approved. Texts are copied. Only when
   approve_is_possible(). */
void approve_ask(struct app *app, const struct confirm *confirm);
const char *app_approver(struct app *app); /* NULL: nobody has approved what is being started */

#endif
