/* What the journal's tests share: a journal in a folder of its own, rows in it, raw SQL beside it.
   */
#ifndef TESTS_SUPPORT_JOURNAL_H
#define TESTS_SUPPORT_JOURNAL_H

#include "../cache/money_internal.h"

struct jbox {
    char folder[64], path[96], copy[96];
    struct journal *journal;
    bool child;             /* a forked process: a failure ends it instead of the test */
};
int jbox_setup(void **state);
int jbox_teardown(void **state);
struct journal *jbox_open(const struct jbox *box); /* one more journal on the same file */
void jbox_again(struct jbox *box);    /* as a new process would open it */
void jbox_restore(struct jbox *box);  /* the file as it was before raw_open() */

/* A charge of 12.50 EUR that may be prepared; target NULL: a terminal of its own. The form id lives
   until the next two calls. */
struct intent_draft jbox_charge(const char *target);
void jbox_prepare(struct jbox *box, const char *target, char id[INTENT_ID_SIZE]);
void jbox_move(struct jbox *box, const char *id, enum intent_state to,
               const char *server_reference);
void jbox_check_state(struct jbox *box, const char *id, enum intent_state state);
void jbox_check_count(struct jbox *box, enum intent_set set, size_t count);

/* A hand with a database tool. raw_open() keeps a copy of the file for jbox_restore(). */
sqlite3 *raw_open(struct jbox *box);
void raw_run(sqlite3 *raw, const char *sql);
void raw_drop_triggers(sqlite3 *raw);
int raw_move(sqlite3 *raw, const char *id, const char *state); /* all that a transition needs; rc */
int raw_copy_prepared(sqlite3 *raw, const char *id); /* inserts a second PREPARED row; rc */

#endif
