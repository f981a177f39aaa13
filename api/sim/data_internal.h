/* The storage of the simulator among its own files: SQLite and what its queries share. */
#ifndef API_SIM_DATA_INTERNAL_H
#define API_SIM_DATA_INTERNAL_H

#include "sim_internal.h"

#include <sqlite3.h>

struct sim_data {
    sqlite3 *db;
};

/* ?1 is always the time now. A charge is no object of a list before it is done. */
#define FLIPPED "(flip_ms > 0 AND flip_ms <= ?1)"
#define STATUS                                                                                     \
    "CASE WHEN " FLIPPED " THEN 'failed' WHEN due_ms > 0 AND due_ms <= ?1 THEN outcome"            \
    " WHEN kind = 0 OR type = 'refund' THEN 'pending' ELSE 'received' END"
#define DONE "(due_ms > 0 AND due_ms <= ?1)"
/* Money moved, or at least accepted to be moved: what the referee calls an execution. */
#define EXECUTED "(kind <> 1 OR (outcome = 'success' AND " DONE "))"
/* Objects with what a fault has added to them. */
#define OBJECTS                                                                                    \
    "(SELECT object.*, coalesce(shown_ms, 0) AS shown_ms, coalesce(flip_ms, 0) AS flip_ms"         \
    " FROM object LEFT JOIN twist USING (id))"
#define COLUMNS                                                                                    \
    "id, kind, tag, " STATUS " AS status, type, payment_reference, amount, currency, preauth,"     \
    " description, custom_reference, poi_id, reason, failure_reason, country, locale, deliver_at," \
    " url_ok, url_ko, created_ms, started_ms, refused_ms, due_ms, " DONE " AS done,"               \
    " CASE WHEN " FLIPPED " THEN flip_ms ELSE due_ms END AS moved_ms"

enum { COLUMN_MOVED = 24, COLUMN_COUNT };

/* Prepares and binds: i an int64_t, t a text that may be NULL, b bytes and their size_t. NULL (and
   the reason on err) when SQLite refuses. */
sqlite3_stmt *data_query(struct sim_data *data, const char *sql, const char *types, ...);
bool data_run(sqlite3_stmt *stmt);
/* The first column of the first row, or otherwise. */
int64_t data_number(sqlite3_stmt *stmt, int64_t otherwise);
/* A row of COLUMNS. */
void data_read_row(sqlite3_stmt *stmt, const struct sim_codes *codes, enum sim_env env,
                   int64_t now_ms, struct arena *arena, struct sim_row *row);

#endif
