/* One record with everything that is known about it (screen_detail.c). */
#ifndef TUI_DETAIL_H
#define TUI_DETAIL_H

#include "app.h"

/* Opens the detail of a session or POS payment; of a modification, that of the payment it belongs
   to, or its own as long as that payment is not stored here. Strings are copied. */
void detail_open(struct app *app, enum record_kind kind, const char *id);
/* The same by payment reference; says so when it is not stored here. */
void detail_open_payment(struct app *app, const char *payment_reference);

#endif
