/* The filter language: what a person types, checked token by token into terms.

   filter := token { blank token }            every token must hold
   token  := [ "-" ] ( key ":" values | text )  "-" negates
   values := value { "," value }              any of them (only keys marked so below)
   Quotes keep blanks, commas and colons: ref:"RES 12", "a b", "10:30 h". */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

#define TEXT_MAX   512
#define TERMS_MAX  24
#define MARKS_MAX  80 /* in a statement, of the 96 it has room for; each value takes up to two */

struct token {
    size_t start, end;  /* bytes of the text, the minus and quotes included */
    size_t value_start; /* behind "key:" */
    char key[32], value[TEXT_MAX + 1];
    bool has_key, negated, quoted;
    bool open_quote;
    size_t quote_at;
};

struct parser {
    const char *text;
    struct filter *filter;
    const struct filter_context *context;
    struct filter_error *error;
};

#define ON(kind) (1u << (kind))
#define ON_ALL   (ON(REC_SESSION) | ON(REC_PAYMENT) | ON(REC_MODIFICATION))

struct key;
typedef bool (*read_fn)(struct parser *parser, const struct key *key, const struct token *token,
                        struct term *term);
struct key {
    const char *name;
    enum term_type type;
    unsigned lists;
    bool several;
    read_fn read;
};

static bool fail(struct parser *parser, size_t start, size_t end, int why)
{
    parser->error->start = start;
    parser->error->end = end;
    /* The enumeration of filter_error has no name of its own. */
    parser->error->why = (unsigned)why;
    return false;
}

/* An empty value is pointed at together with its key. */
static bool fail_value(struct parser *parser, const struct token *token, int why)
{
    return fail(parser, token->value[0] == '\0' ? token->start : token->value_start, token->end,
                why);
}

/* --- values of each key ------------------------------------------------------------------- */

static const char *fold_copy(struct parser *parser, const char *text)
{
    struct buf folded;

    buf_init(&folded, TEXT_MAX * 8);
    fold_add(&folded, text);
    const char *copy = arena_strdup(&parser->filter->arena, folded.data == NULL ? "" : folded.data);
    buf_done(&folded);
    return copy;
}

static bool read_text(struct parser *parser, const struct key *key, const struct token *token,
                      struct term *term)
{
    (void)key;
    term->values[0] = fold_copy(parser, token->value);
    term->value_count = 1;
    return term->values[0][0] != '\0' || fail_value(parser, token, FILTER_BAD_VALUE);
}

static bool is_word(const char *text)
{
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && *text != '_' && *text != '-')
            return false;
    return true;
}

/* Parts of a value list, in place. A value between quotes is one. */
static bool split_values(struct parser *parser, const struct key *key, const struct token *token,
                         struct term *term)
{
    char *rest = arena_strdup(&parser->filter->arena, token->value);

    for (char *part = rest; part != NULL; part = rest) {
        char *comma = key->several && !token->quoted ? strchr(part, ',') : NULL;
        rest = comma == NULL ? NULL : comma + 1;
        if (comma != NULL)
            *comma = '\0';
        if (part[0] == '\0' || term->value_count == TERM_VALUES)
            return fail_value(parser, token, FILTER_BAD_VALUE);
        term->values[term->value_count++] = part;
    }
    return true;
}

static bool read_words(struct parser *parser, const struct key *key, const struct token *token,
                       struct term *term)
{
    if (!split_values(parser, key, token, term))
        return false;
    for (size_t i = 0; i < term->value_count; i++) {
        const char *folded = fold_copy(parser, term->values[i]);
        if (!is_word(folded))
            return fail_value(parser, token, FILTER_BAD_VALUE);
        term->values[i] =
            filter_plain_word(key->type == TERM_STATUS ? FILTER_STATUS : FILTER_TYPE, folded);
    }
    return true;
}

static bool read_currencies(struct parser *parser, const struct key *key, const struct token *token,
                            struct term *term)
{
    if (!split_values(parser, key, token, term))
        return false;
    for (size_t i = 0; i < term->value_count; i++) {
        char *copy = arena_strdup(&parser->filter->arena, term->values[i]);
        for (char *at = copy; *at != '\0'; at++) {
            if (!isalpha((unsigned char)*at))
                return fail_value(parser, token, FILTER_BAD_VALUE);
            *at = (char)toupper((unsigned char)*at);
        }
        if (strlen(copy) != 3)
            return fail_value(parser, token, FILTER_BAD_VALUE);
        term->values[i] = copy;
    }
    return true;
}

static bool read_terminals(struct parser *parser, const struct key *key, const struct token *token,
                           struct term *term)
{
    if (!split_values(parser, key, token, term))
        return false;
    for (size_t i = 0; i < term->value_count; i++)
        term->values[i] = fold_copy(parser, term->values[i]);
    return true;
}

static bool read_days(struct parser *parser, const struct key *key, const struct token *token,
                      struct term *term)
{
    if (!filter_read_days(token->value, parser->context->now_wall_ms, &term->low, &term->high))
        return fail_value(parser, token, FILTER_BAD_DATE);
    if (strcmp(key->name, "from") == 0)
        term->high = INT64_MAX;
    if (strcmp(key->name, "to") == 0)
        term->low = INT64_MIN;
    return true;
}

static bool read_amounts(struct parser *parser, const struct key *key, const struct token *token,
                         struct term *term)
{
    (void)key;
    return filter_read_amounts(token->value, parser->context->style, &term->low, &term->high) ||
           fail_value(parser, token, FILTER_BAD_AMOUNT);
}

static bool read_preauth(struct parser *parser, const struct key *key, const struct token *token,
                         struct term *term)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = {{"yes", 1}, {"no", 0}, {"si", 1}, {"true", 1}, {"false", 0}, {"1", 1}, {"0", 0}};
    const char *folded = fold_copy(parser, token->value);

    (void)key;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(folded, words[i].word) == 0) {
            term->low = term->high = words[i].value;
            return true;
        }
    }
    return fail_value(parser, token, FILTER_BAD_VALUE);
}

static const struct key keys[] = {
    {"status", TERM_STATUS, ON_ALL, true, read_words},
    {"type", TERM_TYPE, ON(REC_MODIFICATION), true, read_words},
    {"currency", TERM_CURRENCY, ON_ALL, true, read_currencies},
    {"ref", TERM_REF, ON_ALL, false, read_text},
    {"terminal", TERM_TERMINAL, ON(REC_PAYMENT), true, read_terminals},
    {"from", TERM_DATE, ON_ALL, false, read_days},
    {"to", TERM_DATE, ON_ALL, false, read_days},
    {"on", TERM_DATE, ON_ALL, false, read_days},
    {"amount", TERM_AMOUNT, ON_ALL, false, read_amounts},
    {"preauth", TERM_PREAUTH, ON(REC_SESSION) | ON(REC_PAYMENT), false, read_preauth},
};
static const struct key free_word = {"", TERM_WORD, ON_ALL, false, read_text};

/* --- tokens ------------------------------------------------------------------------------- */

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t';
}

/* A name of letters, accents included, with a colon right behind it. */
static size_t key_length(const char *text)
{
    size_t len = 0;

    while (isalpha((unsigned char)text[len]) || (unsigned char)text[len] >= 0x80)
        len++;
    return text[len] == ':' ? len : 0;
}

/* Reads the token at *at; false at the end of the text. */
static bool next_token(const char *text, size_t *at, struct token *token)
{
    size_t used = 0;
    bool in_quotes = false;

    while (is_blank(text[*at]))
        (*at)++;
    *token = (struct token){.start = *at};
    if (text[*at] == '\0')
        return false;
    if (text[*at] == '-' && text[*at + 1] != '\0' && !is_blank(text[*at + 1])) {
        token->negated = true;
        (*at)++;
    }
    size_t key_len = key_length(text + *at);
    if (key_len > 0) {
        snprintf(token->key, sizeof token->key, "%.*s", (int)key_len, text + *at);
        token->has_key = true;
        *at += key_len + 1;
    }
    token->value_start = *at;
    for (; text[*at] != '\0' && (in_quotes || !is_blank(text[*at])); (*at)++) {
        if (text[*at] == '"') {
            in_quotes = !in_quotes;
            token->quoted = true;
            token->quote_at = *at;
        } else {
            token->value[used++] = text[*at];
        }
    }
    token->open_quote = in_quotes;
    token->end = *at;
    return true;
}

static const struct key *find_key(struct parser *parser, const char *typed)
{
    const char *name = filter_plain_word(FILTER_KEY, fold_copy(parser, typed));

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static bool read_token(struct parser *parser, const struct token *token, struct term *term)
{
    const struct key *key = token->has_key ? find_key(parser, token->key) : &free_word;

    if (token->open_quote)
        return fail(parser, token->quote_at, token->end, FILTER_OPEN_QUOTE);
    if (key == NULL)
        return fail(parser, token->start + token->negated, token->value_start - 1,
                    FILTER_UNKNOWN_KEY);
    if ((key->lists & ON(parser->filter->kind)) == 0)
        return fail(parser, token->start + token->negated, token->value_start - 1, FILTER_NOT_HERE);
    term->type = key->type;
    term->negated = token->negated;
    return key->read(parser, key, token, term);
}

/* --- what the API can filter -------------------------------------------------------------- */

static void write_day(int64_t ms, char out[12])
{
    struct civil day = time_to_civil(ms);

    snprintf(out, 12, "%04u-%02u-%02u", (unsigned)day.year % 10000, (unsigned)day.month % 100,
             (unsigned)day.day % 100);
}

/* The days of all date tokens together, a day more on both sides: the API's zone is not known. */
static void note_days(struct filter *filter)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    const int64_t day = 86400000;

    for (size_t i = 0; i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        if (term->type != TERM_DATE || term->negated)
            continue;
        low = term->low > low ? term->low : low;
        high = term->high < high ? term->high : high;
    }
    if (low != INT64_MIN)
        write_day(low - day, filter->date_from);
    if (high < time_from_civil(9999, 12, 31, 0, 0, 0)) /* the day after that has no name */
        write_day(high + day, filter->date_to);
}

/* The terminal is left to the cache: people type parts of its name, the API compares whole ids. */
void filter_to_query(const struct filter *filter, struct list_query *query)
{
    for (size_t i = 0; filter != NULL && i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        if (term->type == TERM_STATUS && !term->negated && term->value_count == 1)
            query->status = term->values[0];
    }
    if (filter != NULL && filter->date_from[0] != '\0')
        query->date_from = filter->date_from;
    if (filter != NULL && filter->date_to[0] != '\0')
        query->date_to = filter->date_to;
}

struct filter *filter_parse(const char *text, enum record_kind kind,
                            const struct filter_context *context, struct filter_error *error)
{
    struct filter *filter = mem_alloc(sizeof *filter);
    struct parser parser = {text, filter, context, error};
    struct token token;
    size_t at = 0, marks = 0;
    bool good = true;

    filter->kind = kind;
    filter->terms = arena_alloc(&filter->arena, TERMS_MAX * sizeof *filter->terms);
    if (strlen(text) > TEXT_MAX)
        good = fail(&parser, TEXT_MAX, strlen(text), FILTER_TOO_LONG);
    while (good && next_token(text, &at, &token)) {
        if (filter->count == TERMS_MAX)
            good = fail(&parser, token.start, strlen(text), FILTER_TOO_LONG);
        else
            good = read_token(&parser, &token, &filter->terms[filter->count++]);
        if (good) {
            size_t values = filter->terms[filter->count - 1].value_count;
            marks += values > 1 ? 2 * values : 2;
            good = marks <= MARKS_MAX || fail(&parser, token.start, token.end, FILTER_TOO_LONG);
        }
    }
    if (good) {
        note_days(filter);
        return filter;
    }
    filter_free(filter);
    return NULL;
}

void filter_free(struct filter *filter)
{
    if (filter == NULL)
        return;
    arena_done(&filter->arena);
    free(filter);
}

bool filter_is_empty(const struct filter *filter)
{
    return filter == NULL || filter->count == 0;
}

bool filter_asks_other_status(const struct filter *filter, const char *const *words, size_t count)
{
    for (size_t i = 0; filter != NULL && i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        bool known = term->type != TERM_STATUS || term->negated;
        for (size_t k = 0; k < count * term->value_count && !known; k++)
            known = strcasecmp(term->values[k / count], words[k % count]) == 0;
        if (!known)
            return true;
    }
    return false;
}
