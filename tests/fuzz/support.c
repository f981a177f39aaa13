#include "fuzz.h"

#include "../support_folder.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *fuzz_copy(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert(copy);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    size_t len = size ? strnlen((const char *)data, size) : 0;
    char *text = malloc(len + 1);
    assert(text);
    if (len)
        memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

static char folder[64];

static void remove_folder(void)
{
    folder_remove(folder);
}

const char *fuzz_folder(void)
{
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/fuzz-XXXXXX");
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
    }
    return folder;
}

/* By the ranges of code points, where the program goes by tables of bytes. */
bool fuzz_is_utf8(const char *text)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        int len = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        int32_t point = len == 1 ? *at : *at & (0x7f >> len);
        for (int i = 1; i < len; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (at[i] & 0x3f);
        }
        if (len == 0 || *at >= 0xf8 || point < least[len] || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff))
            return false;
        at += len;
    }
    return true;
}

/* --- SQLite's JSON ------------------------------------------------------------------------ */

static sqlite3_stmt *prepare(const char *sql)
{
    static sqlite3 *db;
    sqlite3_stmt *stmt = NULL;
    if (!db && sqlite3_open(":memory:", &db) != SQLITE_OK)
        abort();
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        abort();
    return stmt;
}

static bool ask(sqlite3_stmt *stmt, const char *json, const char *path)
{
    sqlite3_reset(stmt);
    sqlite3_bind_text(stmt, 1, json, -1, SQLITE_TRANSIENT);
    if (path)
        sqlite3_bind_text(stmt, 2, path, -1, SQLITE_TRANSIENT);
    return sqlite3_step(stmt) == SQLITE_ROW;
}

bool fuzz_json_valid(const char *json)
{
    static sqlite3_stmt *stmt;
    if (!stmt)
        stmt = prepare("SELECT json_valid(?1)");
    return ask(stmt, json, NULL) && sqlite3_column_int(stmt, 0) == 1;
}

bool fuzz_json_repeats(const char *json)
{
    static sqlite3_stmt *stmt;
    if (!stmt)
        stmt = prepare("SELECT 1 FROM json_tree(?1) WHERE typeof(key) = 'text' "
                       "GROUP BY parent, key HAVING count(*) > 1");
    return ask(stmt, json, NULL);
}

const char *fuzz_json_type(const char *json, const char *path)
{
    static sqlite3_stmt *stmt;
    if (!stmt)
        stmt = prepare("SELECT json_type(?1, ?2)");
    return ask(stmt, json, path) ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
}

static sqlite3_stmt *value_at(const char *json, const char *path)
{
    static sqlite3_stmt *stmt;
    if (!stmt)
        stmt = prepare("SELECT json_extract(?1, ?2)");
    return ask(stmt, json, path) ? stmt : NULL;
}

int64_t fuzz_json_integer(const char *json, const char *path)
{
    sqlite3_stmt *stmt = value_at(json, path);
    return stmt ? sqlite3_column_int64(stmt, 0) : 0;
}

bool fuzz_json_is(const char *json, const char *path, const char *text)
{
    sqlite3_stmt *stmt = value_at(json, path);
    return stmt && sqlite3_column_type(stmt, 0) == SQLITE_TEXT &&
           strcmp((const char *)sqlite3_column_text(stmt, 0), text) == 0;
}
