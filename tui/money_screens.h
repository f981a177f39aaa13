/* The screens that ask for money to move, and the one that says what became of it. None of them
   sends anything itself: form → questions → dialog_confirm() → op_start() → money_follow(). */
#ifndef TUI_MONEY_SCREENS_H
#define TUI_MONEY_SCREENS_H

#include "ui.h"

/* Handler of the commands CHARGE, LINK, REFUND, CAPTURE, CANCEL and EXTEND; the last four act on
   what is selected on the screen on top. */
void money_command(struct app *app, enum command command);

/* Empty forms, or filled in from an earlier intent (like; its strings are copied). */
void money_open_charge(struct app *app, const struct intent *like);
void money_open_link(struct app *app, const struct intent *like);
/* kind: refund, capture, cancel or extend. Says why when the payment does not allow it. */
void money_open_action(struct app *app, enum op_kind kind, const char *payment_reference);

/* The screen that waits for an intent, tells its outcome and turns by itself as more becomes known:
   right after op_start(), and to come back to it from anywhere. */
void money_follow(struct app *app, const char *intent_id);
/* The same right after a modification was started; seen: what the person saw when confirming, so
   that a payment that has changed meanwhile can be shown as it was and as it is. */
void money_follow_seen(struct app *app, const char *intent_id, const struct payment_facts *seen);

/* --- shared by these screens ------------------------------------------------------------------ */

extern const struct screen screen_link_ready; /* argument: intent id; money_follow() chooses it */

/* "Charge █ LIVE █": no money screen without the word of its environment. */
struct text money_title(struct app *app, struct text what);
/* COPY of a screen that has a target. */
void money_copy(struct app *app);
/* The name of a terminal, or its poiId when it has none. */
struct text money_terminal_name(struct app *app, const char *poi_id);
/* Labelled lines; those with an empty value are left out. Returns the row after them. */
int money_paint_facts(struct area area, int row, const struct fact *facts, size_t count);
/* What happened in this style, then money, next and proof, wrapped, apart. Returns the row after.
 */
int money_paint_advice(struct area area, int row, const struct advice *advice, enum style style);
/* Facts that people compare: true when one of them moved. */
bool money_facts_differ(const struct payment_facts *a, const struct payment_facts *b);
/* Shows why the core refuses a request: at the field it speaks of, else as a message. names[i] is
   what ERR_INVALID's detail calls field i, or NULL. */
void money_fail_form(struct app *app, struct form *form, const struct err *err,
                     const char *const *names);
/* op_start() of a confirmed request. False: said why (who is in the way, or the error), and form_id
   is a new one for the next try. */
bool money_start(struct app *app, const struct op_request *request, char form_id[UUID_SIZE],
                 char id[INTENT_ID_SIZE]);
/* Amounts are read in the currency that stands in the form; call it after every key. */
void money_follow_currency(struct form *form, size_t currency_field);
void money_fill_amount(struct form *form, size_t amount_field, size_t currency_field,
                       const struct money *amount);
/* What was typed, for the review: reference, description, and that it is only a hold. */
void money_add_facts(struct app *app, struct confirm *confirm, const struct op_request *request);
/* Box with title for a form of that many rows; returns the place inside. */
struct area money_paint_box(struct app *app, struct area area, int rows, enum op_kind kind);
/* Ended without effect: the same may be asked for again, with a form and an intent of its own. */
bool money_can_ask_again(const struct intent *intent);
/* Closes the screen of this state and opens the form again, filled in. */
void money_ask_again(struct app *app, void *state, const struct intent *intent);
const char *money_or_null(const char *typed); /* "" becomes NULL */

#endif
