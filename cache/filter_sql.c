/* Terms of a filter as SQL. Only constants reach the text; every value is bound. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

/* --- a statement under construction ------------------------------------------------------- */

void sql_init(struct sql *sql)
{
    *sql = (struct sql){0};
    buf_init(&sql->text, 32768);
}

void sql_done(struct sql *sql)
{
    buf_done(&sql->text);
    arena_done(&sql->arena);
}

static struct sql_value *add_value(struct sql *sql, const char *text)
{
    assert(sql->count < COUNT_OF(sql->values));
    buf_puts(&sql->text, text);
    assert(!sql->text.over);
    return &sql->values[sql->count++];
}

void sql_add_text(struct sql *sql, const char *text, const char *value)
{
    *add_value(sql, text) = (struct sql_value){.text = arena_strdup(&sql->arena, value)};
}

void sql_add_number(struct sql *sql, const char *text, int64_t value)
{
    *add_value(sql, text) = (struct sql_value){.number = value};
}

sqlite3_stmt *sql_begin(struct db *db, const struct sql *sql, struct err *err)
{
    sqlite3_stmt *stmt = db_statement(db, err, sql->text.data);
    int rc = SQLITE_OK;

    for (int i = 0; stmt != NULL && i < (int)sql->count && rc == SQLITE_OK; i++) {
        const struct sql_value *value = &sql->values[i];
        rc = value->text != NULL ? sqlite3_bind_text(stmt, i + 1, value->text, -1, SQLITE_STATIC)
                                 : sqlite3_bind_int64(stmt, i + 1, value->number);
    }
    if (rc == SQLITE_OK)
        return stmt;
    db_fail(db, rc, "bind", err);
    db_end(stmt);
    return NULL;
}

/* --- terms -------------------------------------------------------------------------------- */

/* One column among several values. more than one value, or another order than by date, must not
   tempt SQLite to take this column's index: all its rows would have to be sorted. */
static void add_any_of(struct sql *sql, const struct term *term, const char *column, bool free)
{
    buf_puts(&sql->text, free && term->value_count == 1 ? "" : "+");
    buf_puts(&sql->text, column);
    for (size_t i = 0; i < term->value_count; i++)
        sql_add_text(sql, i == 0 ? " COLLATE NOCASE IN (?" : ",?", term->values[i]);
    buf_puts(&sql->text, ")");
}

static void add_terminals(struct sql *sql, const struct term *term)
{
    for (size_t i = 0; i < term->value_count; i++) {
        sql_add_text(sql, i == 0 ? "has(?, s.poi_id)" : " OR has(?, s.poi_id)", term->values[i]);
        sql_add_text(sql, " OR s.poi_id IN (SELECT poi_id FROM terminals WHERE has(?, name))",
                     term->values[i]);
    }
}

/* Row numbers of a span of wall clock milliseconds. */
static void add_dates(struct sql *sql, const struct term *term, const char *number)
{
    const char *join = "";

    if (term->low != INT64_MIN) {
        buf_puts(&sql->text, number);
        sql_add_number(sql, " >= ?", row_first_of_ms(term->low));
        join = " AND ";
    }
    if (term->high != INT64_MAX) {
        buf_puts(&sql->text, join);
        buf_puts(&sql->text, number);
        sql_add_number(sql, " < ?", row_first_of_ms(term->high + 1));
    }
}

static void add_amounts(struct sql *sql, const struct term *term, bool free)
{
    /* A single amount is rare enough for its index; a span is not. */
    sql_add_number(sql, free && term->low == term->high ? "s.scaled >= ?" : "+s.scaled >= ?",
                   term->low);
    sql_add_number(sql,
                   free && term->low == term->high ? " AND s.scaled <= ?" : " AND +s.scaled <= ?",
                   term->high);
}

static void add_term(struct sql *sql, const struct term *term, const char *number, bool free)
{
    switch (term->type) {
    case TERM_WORD:
        sql_add_text(sql, "has(?, s.id, s.payment_reference, s.custom_reference, s.description)",
                     term->values[0]);
        break;
    case TERM_REF:
        sql_add_text(sql, "has(?, s.id, s.payment_reference, s.custom_reference)", term->values[0]);
        break;
    case TERM_STATUS:
        add_any_of(sql, term, "s.status", free);
        break;
    case TERM_TYPE:
        add_any_of(sql, term, "s.type", free);
        break;
    case TERM_CURRENCY:
        add_any_of(sql, term, "s.currency", false);
        break;
    case TERM_TERMINAL:
        add_terminals(sql, term);
        break;
    case TERM_DATE:
        add_dates(sql, term, number);
        break;
    case TERM_AMOUNT:
        add_amounts(sql, term, free);
        break;
    case TERM_PREAUTH:
        buf_puts(&sql->text, term->low == 1 ? "s.is_preauth = 1" : "s.is_preauth <> 1");
        break;
    }
}

void filter_add_where(struct sql *sql, const struct filter *filter, const char *number, bool sorted)
{
    for (size_t i = 0; filter != NULL && i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        buf_puts(&sql->text, term->negated ? " AND NOT (" : " AND (");
        add_term(sql, term, number, !sorted && !term->negated);
        buf_puts(&sql->text, ")");
    }
}

/* --- the search index --------------------------------------------------------------------- */

/* Bytes of the first letter; 0 where none begins. What is no UTF-8 SQLite parts in another way. */
static size_t letter_length(const char *text)
{
    unsigned char first = (unsigned char)*text;
    size_t len = first == '\0'  ? 0
                 : first < 0x80 ? 1
                 : first < 0xc0 ? 0
                 : first < 0xe0 ? 2
                 : first < 0xf0 ? 3
                                : 4;

    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* Bytes of the next count letters; 0 when there are fewer. */
static size_t letters_length(const char *text, size_t count)
{
    size_t len = 0;

    for (; count > 0; count--) {
        size_t letter = letter_length(text + len);
        if (letter == 0)
            return 0;
        len += letter;
    }
    return len;
}

static void add_trigram(struct buf *out, const char *text, size_t len)
{
    buf_puts(out, out->len == 0 ? "\"" : " AND \"");
    for (size_t i = 0; i < len; i++) {
        buf_add(out, text + i, 1);
        if (text[i] == '"')
            buf_puts(out, "\"");
    }
    buf_puts(out, "\"");
}

/* Trigrams that cover the word; the last may overlap the one before it. */
static void add_trigrams(struct buf *out, const char *word)
{
    size_t len = 0;

    while ((len = letters_length(word, 3)) > 0) {
        add_trigram(out, word, len);
        size_t left = fold_letters(word + len);
        word += left >= 3 || left == 0 ? len : letters_length(word, left);
        if (left == 0)
            break;
    }
}

bool filter_match(const struct filter *filter, struct buf *out)
{
    for (size_t i = 0; filter != NULL && i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        if ((term->type == TERM_WORD || term->type == TERM_REF) && !term->negated)
            add_trigrams(out, term->values[0]);
    }
    return out->len > 0 && !out->over;
}
