/* What the cache's tests share: a folder of their own, a cache in it, random records. */
#ifndef TESTS_SUPPORT_CACHE_H
#define TESTS_SUPPORT_CACHE_H

#include "../cache/cache_internal.h"

struct box {
    char folder[64], path[96];
    struct changes changes;
    unsigned bits;          /* change bits raised so far */
    struct cache *cache;
};
void box_open(struct box *box);   /* a new folder with a new cache */
void box_reopen(struct box *box); /* as a new start of the program */
void box_close(struct box *box);  /* the folder goes too */

/* The same numbers in each run. */
uint32_t test_random(uint32_t bound);
/* Record number i of a kind, with ties in every column that sorts. Strings live in arena. */
void test_record(struct arena *arena, enum record_kind kind, int i, struct record *out);
/* Stores count of them, numbered from first. */
void test_store(struct cache *cache, enum record_kind kind, int first, int count);
struct filter *test_filter(const char *text, enum record_kind kind); /* fails on a wrong token */
extern const struct filter_context test_context; /* 22 Nov 2026 14:00, comma */

#endif
