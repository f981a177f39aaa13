/* The journals as SQLite reads them, against the server's books. */
#include "support_company.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 20000 };

static sqlite3 *open_journal(struct company *company, const char *host)
{
    char path[300];
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/%s/state/avirato-console/HOTEL9-%s/journal.db",
             company->folder, host, company->live ? "live" : "test");
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, 10000);
    return db;
}

static void copy(char *to, size_t size, sqlite3_stmt *stmt, int column)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);

    snprintf(to, size, "%s", text ? (const char *)text : "");
}

int company_rows(struct company *company, const char *host, struct company_row *rows, int max)
{
    sqlite3 *db = open_journal(company, host);
    sqlite3_stmt *stmt = NULL;
    int count = 0, rc = SQLITE_ERROR;

    if (db)
        sqlite3_prepare_v2(db,
                           "SELECT intent_id, kind, state, why, person, server_reference,"
                           " amount_minor, reconciled_utc FROM intent ORDER BY rowid",
                           -1, &stmt, NULL);
    while (stmt && count < max && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct company_row *row = &rows[count++];
        copy(row->id, sizeof row->id, stmt, 0);
        copy(row->kind, sizeof row->kind, stmt, 1);
        copy(row->state, sizeof row->state, stmt, 2);
        copy(row->why, sizeof row->why, stmt, 3);
        copy(row->person, sizeof row->person, stmt, 4);
        copy(row->claim, sizeof row->claim, stmt, 5);
        row->minor = sqlite3_column_int64(stmt, 6);
        row->reconciled = sqlite3_column_int64(stmt, 7);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return rc == SQLITE_DONE || count == max ? count : -1;
}

int64_t company_number(struct company *company, const char *host, const char *sql)
{
    sqlite3 *db = open_journal(company, host);
    sqlite3_stmt *stmt = NULL;
    int64_t number = -1;

    if (db && sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return number;
}

/* --- all keys --------------------------------------------------------------------------------- */

struct books {
    struct company *company;
    const char *part;
    struct company_row *rows;
    int count;
};

static const struct company_row *find(const struct books *books, const char *key)
{
    for (int i = 0; i < books->count; i++)
        if (strcmp(books->rows[i].id, key) == 0)
            return &books->rows[i];
    return NULL;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

static void check_execution(void *ctx, const struct sim_execution *done)
{
    static const char *const never[] = {"prepared", "void", "rejected", "declined", "not_executed",
                                        NULL};
    struct books *books = ctx;
    const struct company_row *row = find(books, done->key);
    int64_t times = sim_executions_of_key(books->company->sim, done->key);

    if (!row)
        company_violation(books->company, "%s: %s of key %s is in no journal", books->part,
                          done->kind, done->key);
    else if (done->executed && is_one_of(row->state, never))
        company_violation(books->company, "%s: %s %s was executed, its row says %s (%s)",
                          books->part, done->kind, done->key, row->state, row->why);
    if (times > 1)
        company_violation(books->company, "%s: key %s was executed %lld times", books->part,
                          done->key, (long long)times);
}

static void check_row(const struct books *books, const struct company_row *row)
{
    static const char *const charged[] = {"confirmed", "succeeded", NULL};
    static const char *const unsent[] = {"prepared", "void", NULL};
    int64_t executed = sim_executions_of_key(books->company->sim, row->id);
    int64_t requests = sim_requests_of_key(books->company->sim, row->id);

    if (is_one_of(row->state, charged) && executed != 1)
        company_violation(books->company, "%s: %s %s is %s, the server executed it %lld times",
                          books->part, row->kind, row->id, row->state, (long long)executed);
    if (is_one_of(row->state, unsent) && requests != 0)
        company_violation(books->company, "%s: %s %s is %s, the server has seen it %lld times",
                          books->part, row->kind, row->id, row->state, (long long)requests);
    if (requests > 1)
        company_violation(books->company, "%s: %s %s was sent %lld times", books->part, row->kind,
                          row->id, (long long)requests);
}

void company_referee(struct company *company, const char *part)
{
    struct books books = {
        company, part, mem_alloc(ROWS_MAX * sizeof(struct company_row)), 0};

    for (size_t i = 0; i < company->host_count; i++) {
        int more = company_rows(company, company->hosts[i], books.rows + books.count,
                                ROWS_MAX - books.count);
        if (more < 0)
            company_violation(company, "%s: the journal of %s cannot be read", part,
                              company->hosts[i]);
        else
            books.count += more;
    }
    sim_each_execution(company->sim, check_execution, &books);
    for (int i = 0; i < books.count; i++)
        check_row(&books, &books.rows[i]);
    free(books.rows);
}
