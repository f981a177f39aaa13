/* Shared by the words_*.c alone: sentences with {named} holes, filled with cleaned text. Not
   printf: a translation cannot break the program, and the order of the holes is the translator's.
 */
#ifndef TUI_WORDS_INTERNAL_H
#define TUI_WORDS_INTERNAL_H

#include "words.h"

/* Cells of what is not ours in a sentence of ours: a word, a name, what somebody said of it. */
enum { WORDS_WORD = 24, WORDS_NAMED = 48, WORDS_SAID = 120, WORDS_DETAIL = 200 };

struct hole {
    const char *name;  /* "amount" for {amount} */
    struct text value; /* cleaned */
};
/* sentence is already translated. A hole without a value stays visible as it is. */
struct text words_fill(struct arena *arena, const char *sentence, const struct hole *holes,
                       size_t count);
/* "13001 · HTTP 500 · traceId 7f3a…"; parts that are 0 or NULL are left out, "" if none is left. */
struct text words_proof(struct arena *arena, int code, int http_status, const char *trace_id);
/* What the API's own code means: what happened and what to do; false when it is not in the
 * catalogue. */
bool words_api_trouble(enum api_trouble trouble, const char **what, const char **next);

#endif
