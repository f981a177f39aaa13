/* Pages of seeded objects under any filter. Positions run from the newest; dates are found by
   halves, everything else by a scan over one byte (and a hash) a row that is built once, when the
   first filter asks for it. */
#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>

#define FACET_STATUS 15 /* low half of a facet: the status; high half: the terminal */

struct entry { /* one seeded modification */
    int64_t created_ms;
    uint32_t index;
    uint8_t kind, part, status;
};
struct seed_cache {
    uint8_t *facets[2];
    uint32_t *hashes[2];
    struct entry *entries; /* newest first */
    size_t entry_count, entry_cap;
    bool entries_built;
};
struct list { /* one call of seed_list() */
    struct sim_seed *seed;
    const struct sim_filter *filter;
    struct seed_cache *cache;
    const struct sim_sink *sink;
    int status, poi; /* wanted, -1: any */
    uint32_t hash;
};

static uint32_t hash_of(const char *text)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT32_C(16777619);
    return hash;
}

static void build_facets(struct list *list)
{
    const struct sim_filter *filter = list->filter;
    uint32_t count = list->seed->counts[filter->kind];
    uint8_t *facets = mem_alloc(count + 1);
    for (uint32_t i = 0; i < count; i++) {
        facets[i] = seed_facts_of(list->seed, filter->env, filter->kind, i).status;
        if (filter->kind == SIM_PAYMENT) {
            int poi = terminal_index(seed_poi(list->seed, filter->env, i));
            facets[i] = (uint8_t)(facets[i] | poi << 4);
        }
    }
    list->cache->facets[filter->kind] = facets;
}

static void build_hashes(struct list *list)
{
    const struct sim_filter *filter = list->filter;
    uint32_t count = list->seed->counts[filter->kind];
    uint32_t *hashes = mem_resize(NULL, count + 1, sizeof(*hashes));
    for (uint32_t i = 0; i < count; i++) {
        char text[SEED_TEXT_SIZE];
        seed_custom_reference(list->seed, filter->env, filter->kind, i, text);
        hashes[i] = hash_of(text);
    }
    list->cache->hashes[filter->kind] = hashes;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->created_ms != y->created_ms)
        return x->created_ms > y->created_ms ? -1 : 1;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return (x->kind - y->kind) * 8 + y->part - x->part;
}

static void add_entries(struct list *list, enum sim_kind kind, uint32_t index)
{
    struct seed_cache *cache = list->cache;
    enum sim_env env = list->filter->env;
    struct seed_facts facts = seed_facts_of(list->seed, env, kind, index);
    int64_t times[SEED_STEPS];
    size_t count = seed_step_times(list->seed, env, kind, index, &facts, times);
    for (size_t i = 0; i < count; i++) {
        if (cache->entry_count == cache->entry_cap) {
            cache->entry_cap = cache->entry_cap ? 2 * cache->entry_cap : 256;
            cache->entries = mem_resize(cache->entries, cache->entry_cap, sizeof(struct entry));
        }
        cache->entries[cache->entry_count++] = (struct entry){
            .created_ms = times[i],
            .index = index,
            .kind = (uint8_t)kind,
            .part = (uint8_t)i,
            .status = seed_step_status(facts.story, i, list->seed->base_ms - times[i])};
    }
}

static void build_entries(struct list *list)
{
    struct seed_cache *cache = list->cache;
    for (int kind = SIM_SESSION; kind <= SIM_PAYMENT; kind++) {
        for (uint32_t i = 0; i < list->seed->counts[kind]; i++)
            add_entries(list, (enum sim_kind)kind, i);
    }
    if (cache->entry_count)
        qsort(cache->entries, cache->entry_count, sizeof(struct entry), compare_entries);
    cache->entries_built = true;
}

static int64_t created_at(const struct list *list, int64_t position)
{
    if (list->filter->kind == SIM_MODIFICATION)
        return list->cache->entries[position].created_ms;
    return seed_created_ms(list->seed, list->filter->env, list->filter->kind, position);
}

/* The first position that is older than limit_ms. */
static int64_t first_before(const struct list *list, int64_t count, int64_t limit_ms)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (created_at(list, middle) < limit_ms)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void entry_row(const struct list *list, const struct entry *entry, struct sim_row *out)
{
    enum sim_env env = list->filter->env;
    struct seed_facts facts =
        seed_facts_of(list->seed, env, (enum sim_kind)entry->kind, entry->index);
    struct sim_row owner, rows[SEED_STEPS];
    seed_row(list->seed, env, (enum sim_kind)entry->kind, entry->index, list->sink->arena, &owner);
    seed_modifications(list->seed, env, &owner, &facts, list->filter->now_ms, rows);
    *out = rows[entry->part];
}

static bool matches(const struct list *list, int64_t position)
{
    const struct sim_filter *filter = list->filter;
    if (filter->kind == SIM_MODIFICATION) {
        const struct entry *entry = &list->cache->entries[position];
        if (entry->status != SEED_PENDING)
            return list->status < 0 || entry->status == list->status;
        struct sim_row row; /* an open one may have resolved by now */
        entry_row(list, entry, &row);
        return !filter->status || strcmp(row.status, filter->status) == 0;
    }
    if (list->status >= 0 || list->poi >= 0) {
        int facet = list->cache->facets[filter->kind][position];
        if (list->status >= 0 && (facet & FACET_STATUS) != list->status)
            return false;
        if (list->poi >= 0 && facet >> 4 != list->poi)
            return false;
    }
    if (filter->custom_reference) {
        if (list->cache->hashes[filter->kind][position] != list->hash)
            return false;
        char text[SEED_TEXT_SIZE];
        seed_custom_reference(list->seed, filter->env, filter->kind, position, text);
        return strcmp(text, filter->custom_reference) == 0;
    }
    return true;
}

static void emit(const struct list *list, int64_t position)
{
    const struct sim_filter *filter = list->filter;
    struct sim_row found;
    if (filter->kind == SIM_MODIFICATION)
        entry_row(list, &list->cache->entries[position], &found);
    else
        seed_row(list->seed, filter->env, filter->kind, position, list->sink->arena, &found);
    list->sink->row(list->sink->ctx, &found);
}

/* Translates the filter and builds what it needs; false: nothing seeded can match. */
static bool prepare(struct list *list)
{
    const struct sim_filter *filter = list->filter;
    struct seed_cache *cache = list->cache;
    if (filter->status) {
        list->status = 0;
        while (list->status < SEED_STATUSES &&
               strcmp(seed_statuses[list->status], filter->status) != 0)
            list->status++;
        if (list->status == SEED_STATUSES)
            return false;
    }
    if (filter->kind == SIM_MODIFICATION) {
        if (!cache->entries_built)
            build_entries(list);
        return !filter->custom_reference && !filter->poi_id;
    }
    if (filter->poi_id) {
        list->poi = terminal_index(filter->poi_id);
        if (list->poi < 0 || filter->kind != SIM_PAYMENT)
            return false;
    }
    if (filter->custom_reference) {
        if (!filter->custom_reference[0])
            return false;
        list->hash = hash_of(filter->custom_reference);
        if (!cache->hashes[filter->kind])
            build_hashes(list);
    }
    if ((filter->status || filter->poi_id) && !cache->facets[filter->kind])
        build_facets(list);
    return true;
}

static int64_t list_of_payment(const struct list *list)
{
    const struct sim_sink *sink = list->sink;
    const struct sim_filter *filter = list->filter;
    enum sim_tag tag;
    int64_t number, total = 0;
    if (reference_read(&list->seed->codes, filter->env, filter->payment_reference, &tag, &number) !=
        REFERENCE_OURS)
        return 0;
    enum sim_kind kind = tag == TAG_POS ? SIM_PAYMENT : SIM_SESSION;
    if (number >= list->seed->counts[kind])
        return 0;
    struct seed_facts facts = seed_facts_of(list->seed, filter->env, kind, number);
    struct sim_row owner, rows[SEED_STEPS];
    seed_row(list->seed, filter->env, kind, number, list->sink->arena, &owner);
    if (strcmp(owner.payment_reference, filter->payment_reference) != 0)
        return 0;
    size_t i = seed_modifications(list->seed, filter->env, &owner, &facts, filter->now_ms, rows);
    while (i-- > 0) {
        if (rows[i].created_ms < filter->from_ms || rows[i].created_ms >= filter->to_ms ||
            (filter->status && strcmp(filter->status, rows[i].status) != 0))
            continue;
        if (total >= sink->skip && total - sink->skip < sink->want)
            sink->row(sink->ctx, &rows[i]);
        total++;
    }
    return total;
}

int64_t seed_list(struct sim_seed *seed, const struct sim_filter *filter,
                  const struct sim_sink *sink)
{
    if (!seed->cache[filter->env])
        seed->cache[filter->env] = mem_alloc(sizeof(struct seed_cache));
    struct list list = {seed, filter, seed->cache[filter->env], sink, -1, -1, 0};
    if (filter->payment_reference)
        return list_of_payment(&list);
    if (!prepare(&list))
        return 0;
    int64_t count = filter->kind == SIM_MODIFICATION ? (int64_t)list.cache->entry_count
                                                     : seed->counts[filter->kind];
    int64_t low = first_before(&list, count, filter->to_ms);
    int64_t high = first_before(&list, count, filter->from_ms), total = 0;
    if (!filter->status && !filter->poi_id && !filter->custom_reference) {
        for (int64_t i = 0; i < sink->want && low + sink->skip + i < high; i++)
            emit(&list, low + sink->skip + i);
        return high > low ? high - low : 0;
    }
    for (int64_t i = low; i < high; i++) {
        if (!matches(&list, i))
            continue;
        if (total >= sink->skip && total - sink->skip < sink->want)
            emit(&list, i);
        total++;
    }
    return total;
}

void seed_done(struct sim_seed *seed)
{
    for (int env = 0; env < SIM_ENVS; env++) {
        struct seed_cache *cache = seed->cache[env];
        if (!cache)
            continue;
        for (int kind = 0; kind < 2; kind++) {
            free(cache->facets[kind]);
            free(cache->hashes[kind]);
        }
        free(cache->entries);
        free(cache);
        seed->cache[env] = NULL;
    }
}
