/* A person at the forms that move money: finds a payment to act on, fills in, goes back. One lane
   is one console with its own server. */
#ifndef TESTS_SAFETY_SUPPORT_FORMS_H
#define TESTS_SAFETY_SUPPORT_FORMS_H

#include "support_company.h"

enum { FORMS = 6, FAST_PACE = 20, STUCK_MAX = 20 };

struct form_row {
    const char *name, *key;
    const char *filled; /* keys from the open form up to the review; NULL: a new amount */
    const char *opens;  /* the key that opens the review */
    const char *title;  /* on the screen once the form is there */
    enum { WANTS_NOTHING, WANTS_PAYMENT, WANTS_HOLD } wants;
};
extern const struct form_row money_forms[FORMS];

struct lane {
    struct company company;
    const struct form_row *form;
    bool fast; /* by a clock FAST_PACE times as fast; needs support_fast_console.h */
    struct company_env env;
    struct pty *pty;
    char object[24];   /* reference of the payment acted on, "" none yet */
    char amount[16];   /* of the form */
    const char *cents; /* of new amounts, NULL: some that the server approves at once */
    int made, round;   /* payments made to act on; each round has another new amount */
    int stuck;         /* rounds that did not come about, the machine being busy */
};

/* Settings of the server that make it quick; before company_open(). */
void lane_settings(struct lane *lane);
/* The environment of its console; more: lines of [console], or "". */
void lane_env(struct lane *lane, const char *more);
void lane_start(struct lane *lane); /* a console, and its list is there */
int64_t lane_scaled(const struct lane *lane, int64_t ms);
bool lane_sees(struct lane *lane, const char *text);
/* Presses until the text is there: what tells of money is deaf for a moment. */
void lane_press(struct lane *lane, const char *keys, const char *text);
/* So long that what comes next is no part of the same lump of keys. */
void lane_nap(struct lane *lane);
void lane_pause(struct lane *lane, int64_t ms); /* of the console's time */
void lane_go_home(struct lane *lane);
void lane_open_form(struct lane *lane); /* from home; filled in, one key before the review */
int64_t lane_rows(struct lane *lane);   /* of the journal */
void lane_settle(struct lane *lane);    /* until none of them is open */

/* --- many of them ----------------------------------------------------------------------------- */

void *lanes_shared(size_t size); /* memory that the lanes and this process share, zeroed */
/* Each in a process of its own, which ends with what play() returns: 0, or 2 when it could not be
   played to its end. The worst of them all; a lane that crashed counts as 2. */
int lanes_play(int count, int argc, char **argv, int (*play)(int which, int argc, char **argv));
/* A figure of each lane's sums: 64 bits at that place of them, not negative. */
struct lane_figure {
    const char *name;
    size_t at;
    bool most; /* the largest of all lanes counts; else all together */
};
/* sums: those of so many lanes, one after the other, each of that size. */
uint64_t lanes_sum(const void *sums, int lanes, size_t size, const struct lane_figure *figure);
/* Prints the figures as every proof does, the last one being the violations. Returns what the
   program ends with: status, that of lanes_play(), or 1 where there are violations. */
int lanes_tell(const void *sums, int lanes, size_t size, const struct lane_figure *figures,
               size_t count, int status);

#endif
