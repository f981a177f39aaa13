/* The life of one payment as dated lines, oldest at the top: what the API says happened to it, and
   what was asked for at this console. */
#ifndef TUI_TIMELINE_H
#define TUI_TIMELINE_H

#include "lines.h"
#include "../cache/journal.h"

struct timeline_source {
    const struct row *record;
    const struct row_page *modifications;
    const struct intent_page *intents; /* of the journal, about it */
};
void timeline_make(struct lines *lines, const struct timeline_source *source);

#endif
