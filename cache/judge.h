/* What an answer to a POST means for its intent. Pure: no disk, no clock, no memory.
   Private to cache/ (and its tests). */
#ifndef CACHE_JUDGE_H
#define CACHE_JUDGE_H

#include "journal.h"

#define JUDGE_MAX_ATTEMPTS 3

/* The part of an intent that an answer is held against. */
struct judge_intent {
    enum op_kind kind;
    int attempt;              /* the attempt this answers: 1, or more for a replay */
    enum env env;
    const char *webcode;
    const char *target;       /* poiId or paymentReference; NULL for a link */
    const char *tag;          /* what we put behind "~" in customReference */
    struct money amount;      /* not known for cancel, extend */
};

struct verdict {
    enum intent_state next;   /* VOID, REJECTED, DECLINED, CONFIRMED, ACCEPTED or UNKNOWN */
    bool alarm;               /* should never happen: a person must hear of it */
    bool read_now;            /* UNKNOWN: the first read need not wait */
    const char *why;          /* technical English, static */
};

struct verdict judge_answer(const struct judge_intent *intent, const struct api_answer *answer);

/* Identity: everything the record carries agrees with the intent. NULL when it does, else which
   part differs (static English). Also used on rows of lists. */
const char *judge_difference(const struct judge_intent *intent, const struct record *record);

/* A type word that names one of the other operations; new words prove nothing. */
bool judge_names_other(enum op_kind kind, const char *type);

/* The tag at the end of a customReference: the eight characters behind its last '~', or NULL. Its
   case means nothing. */
const char *judge_tag_in(const char *custom_reference);

#endif
