/* Pages of a list by key, in both directions, at the same cost anywhere in a million rows. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cache_internal.h"

/* --- the statement ------------------------------------------------------------------------ */

/* What each order sorts by before the row's number; NULL: the number alone. Modifications have no
   reference of their own making: theirs is the payment's. */
static const char *sort_column(const struct list_spec *spec)
{
    bool modification = spec->kind == REC_MODIFICATION;

    switch (spec->sort) {
    case SORT_STATUS:
        return "s.status";
    case SORT_AMOUNT:
        return "s.scaled";
    case SORT_REFERENCE:
        return modification ? "s.payment_reference" : "s.reference";
    case SORT_DESCRIPTION:
        return modification ? NULL : "s.description";
    case SORT_TERMINAL:
        return spec->kind == REC_PAYMENT ? "s.poi_id" : NULL;
    case SORT_TYPE:
        return modification ? "s.type" : NULL;
    case SORT_CREATED:
        break;
    }
    return NULL;
}

static const char *anchor_text(const struct list_spec *spec, const struct row *anchor)
{
    const struct record *record = &anchor->record;
    const char *text = NULL;

    switch (spec->sort) {
    case SORT_STATUS:
        text = record->status;
        break;
    case SORT_REFERENCE:
        text = spec->kind == REC_MODIFICATION ? record->payment_reference : anchor->reference;
        break;
    case SORT_DESCRIPTION:
        text = record->description;
        break;
    case SORT_TERMINAL:
        text = record->poi_id;
        break;
    case SORT_TYPE:
        text = record->type;
        break;
    case SORT_AMOUNT:
    case SORT_CREATED:
        break;
    }
    return text == NULL ? "" : text;
}

/* Rows beyond the anchor: by number alone, or in two steps, since one condition over both columns
   would make SQLite read all rows of the anchor's value: those of the same value first. */
enum key { KEY_NONE, KEY_NUMBER, KEY_SAME_VALUE, KEY_OTHER_VALUES };

static void add_key(struct sql *sql, const struct page_request *request, enum key key,
                    const char *number, bool upwards)
{
    const struct list_spec *spec = request->spec;
    const char *sign = upwards ? ">" : "<";

    if (key == KEY_SAME_VALUE || key == KEY_OTHER_VALUES) {
        buf_printf(&sql->text, " AND %s %s ", sort_column(spec),
                   key == KEY_SAME_VALUE ? "=" : sign);
        if (spec->sort == SORT_AMOUNT)
            sql_add_number(sql, "?", amount_scaled(&request->anchor->record.amount));
        else
            sql_add_text(sql, "?", anchor_text(spec, request->anchor));
    }
    if (key == KEY_NUMBER || key == KEY_SAME_VALUE) {
        buf_printf(&sql->text, " AND %s %s ", number, sign);
        sql_add_number(sql, "?", request->anchor->rowid);
    }
}

/* What of a table the statement goes through. */
enum source { ALL_ROWS, INDEXED_ROWS, PUT_OFF_ROWS, FOUND_ROWS };

static void add_from(struct sql *sql, const struct list_spec *spec, enum source source,
                     const char *match)
{
    const char *table = kind_tables[spec->kind];

    buf_printf(&sql->text, "SELECT %s%s FROM ", row_columns, row_more_sql(spec->kind));
    switch (source) {
    case ALL_ROWS:
        buf_printf(&sql->text, "%s s WHERE 1", table);
        break;
    case INDEXED_ROWS:
        buf_printf(&sql->text, "search_%s f CROSS JOIN %s s ON s.n = f.rowid WHERE search_%s",
                   table, table, table);
        sql_add_text(sql, " MATCH ?", match);
        break;
    case PUT_OFF_ROWS:
        buf_printf(&sql->text, "todo_%s f CROSS JOIN %s s ON s.n = f.n WHERE 1", table, table);
        break;
    case FOUND_ROWS:
        buf_printf(&sql->text, "%s s WHERE s.n IN (SELECT rowid FROM search_%s WHERE search_%s",
                   table, table, table);
        sql_add_text(sql, " MATCH ?", match);
        buf_printf(&sql->text, " UNION ALL SELECT n FROM todo_%s)", table);
        break;
    }
}

static const char *const numbers[] = {
    [ALL_ROWS] = "s.n", [INDEXED_ROWS] = "f.rowid", [PUT_OFF_ROWS] = "f.n", [FOUND_ROWS] = "s.n"};

static void make_sql(struct list_job *job, const struct page_request *request, enum source source,
                     enum key key, const char *match)
{
    struct sql *sql = &job->sql[job->sql_count++];
    const char *column = sort_column(request->spec), *way = job->upwards ? "ASC" : "DESC";

    sql_init(sql);
    add_from(sql, request->spec, source, match);
    filter_add_where(sql, request->spec->filter, numbers[source],
                     column != NULL || source != ALL_ROWS);
    add_key(sql, request, key, numbers[source], job->upwards);
    buf_puts(&sql->text, " ORDER BY ");
    if (column != NULL && key != KEY_SAME_VALUE)
        buf_printf(&sql->text, "%s %s, ", column, way);
    buf_printf(&sql->text, "%s %s", numbers[source], way);
    sql_add_number(sql, " LIMIT ?", (int64_t)request->limit + 1);
}

void list_job_init(struct list_job *job, const struct page_request *request)
{
    bool by_date = sort_column(request->spec) == NULL;
    bool anchored =
        request->anchor != NULL && (request->from == FROM_AFTER || request->from == FROM_BEFORE);
    struct buf match;

    buf_init(&match, 16384);
    bool search = filter_match(request->spec->filter, &match);
    *job = (struct list_job){.kind = request->spec->kind, .limit = request->limit};
    job->backwards = request->from == FROM_LAST || request->from == FROM_BEFORE;
    job->upwards = request->spec->ascending != job->backwards;
    job->one_after_other = !by_date;
    if (search && by_date) {
        make_sql(job, request, INDEXED_ROWS, anchored ? KEY_NUMBER : KEY_NONE, match.data);
        make_sql(job, request, PUT_OFF_ROWS, anchored ? KEY_NUMBER : KEY_NONE, match.data);
    } else if (by_date || !anchored) {
        make_sql(job, request, search ? FOUND_ROWS : ALL_ROWS, anchored ? KEY_NUMBER : KEY_NONE,
                 match.data);
    } else {
        make_sql(job, request, search ? FOUND_ROWS : ALL_ROWS, KEY_SAME_VALUE, match.data);
        make_sql(job, request, search ? FOUND_ROWS : ALL_ROWS, KEY_OTHER_VALUES, match.data);
    }
    buf_done(&match);
}

void list_job_done(struct list_job *job)
{
    for (size_t i = 0; i < job->sql_count; i++)
        sql_done(&job->sql[i]);
    job->sql_count = 0;
}

/* --- running it --------------------------------------------------------------------------- */

static bool comes_before(const struct list_job *job, const struct row *a, const struct row *b)
{
    if (job->one_after_other)
        return true;
    return job->upwards ? a->rowid < b->rowid : a->rowid > b->rowid;
}

/* Merges the rows of one statement, in order, into those of the page, keeping limit + 1. */
static void merge_rows(const struct list_job *job, struct row_page *page, const struct row *rows,
                       size_t count)
{
    struct row *both = arena_alloc(&page->arena, (job->limit + 1) * sizeof *both);
    size_t left = 0, right = 0, used = 0;

    while (used <= job->limit && (left < page->count || right < count)) {
        bool take_left = right == count ||
                         (left < page->count && comes_before(job, &page->rows[left], &rows[right]));
        both[used++] = take_left ? page->rows[left++] : rows[right++];
    }
    page->rows = both;
    page->count = used;
}

static bool run_one(const struct list_job *job, const struct sql *sql, struct db *db,
                    struct row_page *page, struct err *err)
{
    struct row *rows = arena_alloc(&page->arena, (job->limit + 1) * sizeof *rows);
    sqlite3_stmt *stmt = sql_begin(db, sql, err);
    enum db_step step = DB_FAILED;
    size_t count = 0;

    while (stmt != NULL && (step = db_step(db, stmt, err)) == DB_ROW) {
        assert(count <= job->limit);
        row_read(stmt, job->kind, &page->arena, &rows[count++]);
    }
    db_end(stmt);
    if (step == DB_FAILED)
        return false;
    merge_rows(job, page, rows, count);
    return true;
}

bool list_job_run(const struct list_job *job, struct db *db, struct row_page *page, struct err *err)
{
    *page = (struct row_page){0};
    for (size_t i = 0; i < job->sql_count; i++) {
        if (job->one_after_other && page->count > job->limit)
            break;
        if (!run_one(job, &job->sql[i], db, page, err)) {
            row_page_done(page);
            return false;
        }
    }
    page->more = page->count > job->limit;
    if (page->more)
        page->count = job->limit;
    for (size_t i = 0; job->backwards && i < page->count / 2; i++) {
        struct row swap = page->rows[i];
        page->rows[i] = page->rows[page->count - 1 - i];
        page->rows[page->count - 1 - i] = swap;
    }
    return true;
}

bool cache_list(struct cache *cache, const struct page_request *request, struct row_page *page,
                struct err *err)
{
    struct list_job job;

    list_job_init(&job, request);
    bool good = list_job_run(&job, cache->db, page, err);
    list_job_done(&job);
    return good;
}

/* --- where nothing fits ------------------------------------------------------------------- */

int64_t cache_count(struct cache *cache, enum record_kind kind)
{
    char sql[64];
    int64_t count = 0;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", kind_tables[kind]);
    db_get_int(cache->db, NULL, &count, 0, sql);
    return count;
}

size_t cache_statuses(struct cache *cache, enum record_kind kind, struct arena *arena,
                      const char **words, size_t max)
{
    char sql[512];
    const char *table = kind_tables[kind];
    size_t count = 0;

    /* From word to word through the index: DISTINCT would read all of it. */
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE known(word) AS (SELECT min(status) FROM %s UNION ALL"
             " SELECT (SELECT min(s.status) FROM %s s WHERE s.status > word) FROM known"
             " WHERE word IS NOT NULL) SELECT word FROM known WHERE word <> '' LIMIT ?",
             table, table);
    sqlite3_stmt *stmt = db_query(cache->db, NULL, sql, "i", (int64_t)max);
    while (stmt != NULL && db_step(cache->db, stmt, NULL) == DB_ROW)
        words[count++] = db_text(stmt, 0, arena);
    db_end(stmt);
    return count;
}
