/* Every place where a console can be, and the way there. */
#ifndef TESTS_SECURITY_SUPPORT_PLACES_H
#define TESTS_SECURITY_SUPPORT_PLACES_H

#include "../safety/support_forms.h"

enum { PLACES = 21 };

/* How to get there from the list, and what is only to be seen there. NULL keys: a form, filled in;
   asking: its question about money. */
struct place {
    const char *name, *keys, *mark;
    int form;
    bool asking;
};
extern const struct place places[PLACES];

const char *place_mark(const struct lane *lane, const struct place *place);
/* From anywhere; what it asks is listening. False: the machine was too busy. */
bool place_go(struct lane *lane, const struct place *place);

#endif
