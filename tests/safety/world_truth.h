/* What the server made of one intent: the truth that a journal is held against. */
#ifndef TESTS_SAFETY_WORLD_TRUTH_H
#define TESTS_SAFETY_WORLD_TRUTH_H

#include "world_server.h"

struct truth {
    const char *id, *state, *claim, *target;
    enum op_kind kind;
    int64_t attempt, charged, minor;
    const struct srv_key *key;
    const struct form *form;
    int objects, good, open, bad; /* of this key at the server, by their status now */
    bool flipped;                  /* one of them succeeded, then failed */
    bool sparse;                   /* a row that left out its amount, and fits in the rest */
    bool claims_own, claims_other; /* server_reference names an object of it, of somebody else */
    int likes;                     /* others' objects that could be ours, as far as lists tell */
    bool claims_like;              /* it claims one that nothing at all tells apart from ours */
    bool other_boot;               /* sent before the machine was started anew */
    bool clock_lost;               /* and the wall clock was moved: given up as too old */
    bool target_failed;            /* the payment it acts on succeeded, then failed */
    bool came_late;                /* executed when absence could have been shown already */
};

/* Fills in what the server knows; what the journal says of the intent is there already. */
void truth_look(struct truth *truth);

#endif
