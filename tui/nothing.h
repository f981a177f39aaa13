/* What is said where a filter has left nothing of a list. */
#ifndef TUI_NOTHING_H
#define TUI_NOTHING_H

#include "text.h"
#include "../cache/cache.h"

/* "Known here: pending, completed." when the filter asks for a status that no row has, as the lists
   show the words; else "". */
struct text nothing_known(struct arena *arena, struct cache *cache, enum record_kind kind,
                          const struct filter *filter);

#endif
