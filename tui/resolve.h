/* Closing an intent by hand: a person says what the evidence shows (screen_resolve.c). */
#ifndef TUI_RESOLVE_H
#define TUI_RESOLVE_H

#include "app.h"
#include "../cache/journal.h"

/* For an intent that is UNKNOWN or MANUAL. */
void resolve_open(struct app *app, const char *intent_id);

#endif
