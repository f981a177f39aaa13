#include "nothing.h"

#include "words.h"

struct text nothing_known(struct arena *arena, struct cache *cache, enum record_kind kind,
                          const struct filter *filter)
{
    enum { WORDS = 12 };
    const char *words[WORDS];
    size_t count = cache_statuses(cache, kind, arena, words, WORDS);
    struct text known = text_ours("");
    if (count == 0 || !filter_asks_other_status(filter, words, count))
        return known;
    for (size_t i = 0; i < count; i++)
        known = text_oursf(arena, "%s%s%s", known.bytes, i ? ", " : "",
                           words_status(arena, kind, words[i]).bytes);
    return text_oursf(arena, _("Known here: %s."), known.bytes);
}
