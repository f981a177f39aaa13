/* List pages -> the two readers of lists. Never endless, never "complete" when a page is missing.
   Input: '0' and a server that pages truthfully over a list that moves meanwhile, see struct model;
   or a letter from 'a' (so many of the last pages come again and again), then an answer's body a
   line, with three digits and a blank in front where the status is not 200. */
#include "fuzz.h"

#include "../../api/wire.h"
#include "pager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_CALLS_MAX (5 * LIST_PAGES_MAX) /* the passes of list_read.c */

static bool has_id(const struct list_result *result, const char *id)
{
    for (size_t i = 0; i < result->count; i++)
        if (strcmp(result->rows[i].id, id) == 0)
            return true;
    return false;
}

/* --- a truthful server -------------------------------------------------------------------- */

enum {
    SAYS_MORE = 1,
    SAYS_PAGES = 2,
    SAYS_TOTAL = 4,
    SAYS_LIMIT = 8,
    GIVES_CURSOR = 16,
    FILTERS_LATE = 32 /* pages first: where rows fall out, a page is short or empty */
};
enum { ROWS_MAX = 200 };

struct model {
    const uint8_t *steps; /* one a call: how many rows go, then come, before it is answered */
    size_t left;
    unsigned says;
    int per_page;
    int ids[ROWS_MAX]; /* oldest first, so that the last one stands first; none comes again */
    int rows, next_id, pass_id;          /* ids from pass_id on came since the pass began */
    int at_pass[ROWS_MAX], at_pass_rows; /* the list when the pass began */
    int out; /* FILTERS_LATE: two pages of rows from this id on are not in the list */
    struct arena arena;
};

static bool model_shows(const struct model *model, int id)
{
    return !(model->says & FILTERS_LATE) || id < model->out ||
           id >= model->out + 2 * model->per_page;
}

/* Only rows that the pass has met go: no reader of pages can know of one that came and went unseen
   and of what it moved. */
static void model_move(struct model *model, int go, int come)
{
    bool hides = model->says & FILTERS_LATE;
    for (; go > 0 && !hides && model->rows > 0; go--)
        if (model->ids[model->rows - 1] < model->pass_id)
            model->rows--;
    while (come-- > 0 && model->rows < ROWS_MAX)
        model->ids[model->rows++] = model->next_id++;
}

static const char *model_id(struct arena *arena, int row)
{
    char id[32];
    int len = snprintf(id, sizeof id, "HOTEL9-POSXT-%d", row);
    return arena_strndup(arena, id, (size_t)len);
}

static void model_page_facts(struct model *model, int page, struct page_info *info)
{
    int pages = (model->rows + model->per_page - 1) / model->per_page, total = 0;
    bool more = page < pages;

    for (int row = 0; row < model->rows; row++)
        total += model_shows(model, model->ids[row]);
    if (model->says & SAYS_MORE)
        info->has_more = more;
    if (model->says & SAYS_PAGES)
        info->total_pages = pages;
    if (model->says & SAYS_TOTAL)
        info->total = total;
    if (model->says & SAYS_LIMIT)
        info->per_page = model->per_page;
    if (model->says & GIVES_CURSOR && more) {
        char next[16];
        int len = snprintf(next, sizeof next, "%d", page + 1);
        info->next_cursor = arena_strndup(&model->arena, next, (size_t)len);
    }
}

static void model_serve(void *ctx, struct api_answer *answer)
{
    struct model *model = ctx;
    int page = pager_call.cursor[0] ? (int)strtol(pager_call.cursor, NULL, 10) : pager_call.page;

    if (page == 1)
        model->pass_id = model->next_id;
    if (model->left > 0) {
        model_move(model, *model->steps >> 2 & 3, *model->steps & 3);
        model->steps++;
        model->left--;
    }
    if (page == 1) {
        model->pass_id = model->next_id;
        memcpy(model->at_pass, model->ids, sizeof model->ids);
        model->at_pass_rows = model->rows;
    }
    int start = (page - 1) * model->per_page, end = start + model->per_page;
    answer->body = BODY_DATA;
    answer->records = arena_alloc(&model->arena, (size_t)model->per_page * sizeof(struct record));
    for (int i = start; i < end && i < model->rows; i++) {
        int id = model->ids[model->rows - 1 - i];
        if (model_shows(model, id))
            answer->records[answer->count++] = (struct record){
                .kind = REC_PAYMENT, .id = model_id(&model->arena, id), .is_preauth = -1};
    }
    model_page_facts(model, page, &answer->page);
}

/* What was there all through the last pass must have been seen by a complete reading. */
static void model_seen(void *ctx, const struct list_result *result)
{
    struct model *model = ctx;
    for (int i = 0; result->complete && i < model->at_pass_rows && i < model->rows; i++) {
        int id = model->at_pass[i];
        if (id == model->ids[i] && model_shows(model, id))
            assert(has_id(result, model_id(&model->arena, id)));
    }
}

static void read_model(const uint8_t *data, size_t size)
{
    if (size < 4)
        return;
    struct model model = {.says = data[0],
                          .per_page = data[1] % 16 + 1,
                          .out = data[3] % 64,
                          .steps = data + 4,
                          .left = size - 4};
    if (!(model.says & (SAYS_MORE | SAYS_PAGES | GIVES_CURSOR)))
        model.says &= ~(unsigned)FILTERS_LATE; /* an empty page would be the end without a word */
    model_move(&model, 0, data[2] % 64);
    struct pager_result result = pager_read_list(model_serve, &model, model_seen);
    assert(result.ended == 1);
    assert(pager_call.count <= READ_CALLS_MAX);
    /* Nothing moves after the first page, and it is not longer than what is read: no excuse. */
    if (size <= 5 && model.rows / model.per_page + 1 < LIST_PAGES_MAX)
        assert(result.complete);
    arena_done(&model.arena);
}

/* --- any answers at all ------------------------------------------------------------------- */

enum { PAGES_MAX = 40 };

struct script {
    const char *pages[PAGES_MAX];
    size_t lengths[PAGES_MAX];
    size_t count, again, served;
    struct arena arena;
    /* of the pass under way */
    size_t rows;
    bool whole; /* all of its answers were good, each of their rows usable */
    struct page_info last;
};

static void script_serve(void *ctx, struct api_answer *answer)
{
    struct script *script = ctx;
    size_t i = script->served++;
    if (i >= script->count)
        i = script->count - script->again + (i - script->count) % script->again;
    const char *body = script->pages[i];
    size_t len = script->lengths[i];
    if (len >= 4 && body[3] == ' ' && strspn(body, "0123456789") == 3) {
        answer->http_status = (int)strtol(body, NULL, 10);
        body += 4;
        len -= 4;
    }
    wire_decode(answer, &script->arena, body, len);
    if (pager_call.page == 1 && !pager_call.cursor[0]) {
        script->rows = 0;
        script->whole = true;
    }
    script->rows += answer->count;
    script->whole &= answer->body == BODY_DATA && answer->skipped == 0;
    script->last = answer->page;
}

static void script_seen(void *ctx, const struct list_result *result)
{
    const struct script *script = ctx;
    const struct page_info *last = &script->last;
    size_t different = 0;

    if (!result->complete)
        return;
    assert(script->whole && result->count == script->rows);
    for (size_t i = 0; i < result->count; i++) {
        size_t k = 0;
        while (k < i && strcmp(result->rows[i].id, result->rows[k].id) != 0)
            k++;
        different += k == i;
    }
    assert(last->has_more == 0 || (last->has_more == -1 && !last->next_cursor));
    assert(last->has_more == 0 || last->total_pages <= result->pages);
    assert(last->total <= (int64_t)different);
}

static void play(const struct script *written, bool first)
{
    struct script script = *written;
    /* Any cycle is seen before it has come twice from a page that was kept. */
    size_t bound = 4 * (script.count + script.again) + 8;
    assert(pager_walk_list(script_serve, &script, first, bound) <= bound);
    arena_done(&script.arena);
}

static void read_script(const uint8_t *data, size_t size)
{
    struct script script = {.again = (size_t)(data[0] - 'a') % 8 + 1};
    char *text = fuzz_text(data + 1, size - 1);

    for (char *at = text; at && script.count < PAGES_MAX;) {
        char *end = strchr(at, '\n');
        script.pages[script.count] = at;
        script.lengths[script.count++] = end ? (size_t)(end - at) : strlen(at);
        at = end ? end + 1 : NULL;
    }
    if (script.again > script.count)
        script.again = script.count;
    struct script reading = script;
    struct pager_result result = pager_read_list(script_serve, &reading, script_seen);
    assert(result.ended == 1 && pager_call.count <= READ_CALLS_MAX);
    assert(result.complete == (result.err.code == ERR_NONE));
    arena_done(&reading.arena);
    play(&script, false);
    play(&script, true);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 && data[0] == '0')
        read_model(data + 1, size - 1);
    else if (size > 1 && data[0] >= 'a' && data[0] <= 'z')
        read_script(data, size);
    return 0;
}
