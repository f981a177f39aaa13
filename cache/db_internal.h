/* What db.c and db_open.c share. */
#ifndef CACHE_DB_INTERNAL_H
#define CACHE_DB_INTERNAL_H

#include "db.h"

struct db_slot {
    char *sql;
    sqlite3_stmt *stmt;
    uint64_t hash, begun; /* begun: value of db.begun when last asked for */
};

struct db {
    sqlite3 *handle;
    bool broken, busy, hurried; /* busy: seen since the last db_begin() */
    uint64_t begun;
    struct db_slot slots[64];
};

extern const char db_identity_sql[]; /* the table that every file has */

#endif
