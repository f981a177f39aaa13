/* Every sentence about an outcome, in one place: what happened, what it means for the money, what
   to do next. Screens and the command line both take them from here. All results are cleaned. */
#ifndef TUI_WORDS_H
#define TUI_WORDS_H

#include "format.h"
#include "../cache/journal.h"

/* Three parts of every message about money. Any may be "" but what is never. */
struct advice {
    struct text what;  /* "The terminal did not answer in time." */
    struct text money; /* "The card may have been charged." */
    struct text next;  /* "Do not charge again: this console is finding out." */
    struct text proof; /* "13001 · HTTP 500 · traceId 7f3a…", for copying; "" if none */
};
struct advice words_of_intent(struct arena *arena, const struct intent *intent);
struct advice words_of_error(struct arena *arena, const struct err *err,
                             const struct api_error *api /* may be NULL */);
/* The server was not believed (certificate, pin, TLS): nothing was sent to it. */
bool words_is_distrust(const struct err *err);
struct text words_status(struct arena *arena, enum record_kind kind, const char *status);
/* refund -> devolución; takes the names of operations as well. */
struct text words_type(struct arena *arena, const char *type);
struct text words_begin(struct arena *arena, struct text text); /* with a capital, for a heading */
struct text words_op(enum op_kind kind);                           /* "Refund" */
struct text words_reason(struct arena *arena, const char *reason); /* label of an API reason */
struct text words_why_not(enum why_not why, enum op_kind kind);
struct text words_intent_state(enum intent_state state);
struct text words_outcome(const struct intent *intent); /* the same, as the lists call a charge */
struct text words_env(enum env env); /* TRAINING, TEST, LIVE */
struct text words_filter_error(struct arena *arena, const char *filter,
                               const struct filter_error *error);
/* "1.234 may mean 1,234.00 or 1.23": for ERR_AMBIGUOUS of money_parse(). */
struct text words_amount_error(struct arena *arena, const char *typed, const char *currency,
                               const struct err *err, const int64_t readings[2]);

#endif
