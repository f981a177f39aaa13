/* Writes every row of a filtered list to a CSV file, a page at a time between keys. */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include "list.h"

struct export;
/* Starts; the message line tells how it went. filter is parsed again: later changes do not matter.
   NULL and a message when the file cannot be made. */
struct export *export_start(struct app *app, const struct list_settings *settings,
                            const char *filter, enum sort_by sort, bool ascending);
bool export_is_running(const struct export *job);
void export_free(struct export *job); /* an unfinished file is removed; NULL is fine */

#endif
