/* How old what is on the screen may be, and what keeps it from being newer. */
#ifndef TUI_FRESHNESS_H
#define TUI_FRESHNESS_H

#include "app.h"

/* The last good answer about this list is older than the limit. */
bool freshness_list_is_old(struct app *app, enum record_kind kind);
/* A row that may still change and that the API has not confirmed within the limit. */
bool freshness_row_is_old(const struct row *row);
/* Why the last request failed, in two or three words. */
struct text freshness_why(struct arena *arena, const struct sync_progress *progress);

#endif
