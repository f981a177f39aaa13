#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_cache.h"
#include "support_folder.h"

#define NOW_WALL_MS INT64_C(1795356000000) /* 2026-11-22 14:00:00 */

const struct filter_context test_context = {NOW_WALL_MS, MONEY_COMMA};

static void collect(void *ctx, unsigned bits)
{
    ((struct box *)ctx)->bits |= bits;
}

void box_reopen(struct box *box)
{
    struct err err = {0};

    cache_close(box->cache);
    box->cache = cache_open(box->path, "HOTEL9", ENV_TEST, &box->changes, &err);
    if (box->cache == NULL)
        fail_msg("cache_open: %s", err.detail);
}

void box_open(struct box *box)
{
    *box = (struct box){.changes = {collect, box}};
    box->changes.ctx = box;
    snprintf(box->folder, sizeof box->folder, "/tmp/cache-test-XXXXXX");
    assert_non_null(mkdtemp(box->folder));
    snprintf(box->path, sizeof box->path, "%s/cache.db", box->folder);
    box_reopen(box);
}

void box_close(struct box *box)
{
    cache_close(box->cache);
    folder_remove(box->folder);
}

uint32_t test_random(uint32_t bound)
{
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % bound;
}

static const char *text(struct arena *arena, const char *format, int i)
{
    char line[96];
    int len = snprintf(line, sizeof line, "%s%d", format, i);

    return arena_strndup(arena, line, (size_t)len);
}

static void set_stamp(struct stamp *stamp, int64_t ms)
{
    struct civil at = time_to_civil(ms);
    char line[80];

    snprintf(line, sizeof line, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day, at.hour,
             at.minute, at.second);
    stamp_parse(line, stamp);
}

void test_record(struct arena *arena, enum record_kind kind, int i, struct record *out)
{
    static const char *const session[] = {"completed", "completed", "pending", "expired", "weird"};
    static const char *const payment[] = {"success", "success", "refused", "cancelled", "pending"};
    static const char *const change[] = {"success", "pending", "failed", "received", "success"};
    static const char *const types[] = {"refund", "capture", "cancel", "extend"};
    static const char *const currencies[] = {"EUR", "EUR", "EUR", "JPY", "KWD"};
    static const char *const words[] = {"Depósito hab. ", "Cena Ñandú ", "MINIBAR ",
                                        "Spa \"Azul\" ", "Habitación "};
    static const char *const prefix[] = {"HOTEL9-EXTT-", "HOTEL9-POSXT-", "HOTEL9-RFXT-"};
    const char *const *states = kind == REC_SESSION   ? session
                                : kind == REC_PAYMENT ? payment
                                                      : change;
    uint32_t dice = (uint32_t)i * 2654435761u;

    *out = (struct record){.kind = kind, .id = text(arena, prefix[kind], 100000 + i)};
    out->status = states[(dice >> 3) % 5];
    out->type = kind == REC_MODIFICATION ? types[(dice >> 7) % 4] : NULL;
    out->amount = money_make((int64_t)((dice >> 9) % 40) * 1000, currencies[(dice >> 5) % 5]);
    if ((dice >> 11) % 9 == 0)
        out->amount = (struct money){0};
    if (kind != REC_MODIFICATION && (dice >> 13) % 4 != 0)
        out->description = text(arena, words[(dice >> 14) % 5], (int)((dice >> 10) % 30));
    if (kind != REC_MODIFICATION && (dice >> 15) % 5 != 0)
        out->custom_reference = text(arena, "RES-2026-", (int)((dice >> 8) % 50));
    if (kind == REC_SESSION && strcmp(out->status, "completed") == 0)
        out->payment_reference = text(arena, "HOTEL9-PXTT-", i);
    if (kind == REC_MODIFICATION)
        out->payment_reference = text(arena, "HOTEL9-PXTT-", (int)((dice >> 6) % 60));
    if (kind == REC_PAYMENT)
        out->poi_id = text(arena, "V400m-TEST-", (int)((dice >> 4) % 3));
    out->is_preauth = kind == REC_MODIFICATION ? -1 : (int)((dice >> 16) % 3) - 1;
    set_stamp(&out->created, NOW_WALL_MS - (int64_t)(i / 4) * 3600000); /* four share a second */
    out->raw = text(arena, "{\"n\":", i);
}

void test_store(struct cache *cache, enum record_kind kind, int first, int count)
{
    struct arena arena = {0};
    struct record *records = mem_resize(NULL, (size_t)count + 1, sizeof *records);
    struct err err = {0};

    for (int i = 0; i < count; i++)
        test_record(&arena, kind, first + i, &records[i]);
    if (!cache_store(cache, records, (size_t)count, SOURCE_LIST, NULL, &err))
        fail_msg("cache_store: %s", err.detail);
    free(records);
    arena_done(&arena);
}

struct filter *test_filter(const char *words, enum record_kind kind)
{
    struct filter_error error;
    struct filter *filter = filter_parse(words, kind, &test_context, &error);

    if (filter == NULL)
        fail_msg("filter \"%s\": %d at %zu-%zu", words, (int)error.why, error.start, error.end);
    return filter;
}
