/* What the money files of cache/ share: the journal's writer, the reader of lists, the matcher. */
#ifndef CACHE_MONEY_INTERNAL_H
#define CACHE_MONEY_INTERNAL_H

#include "db.h"
#include "journal.h"
#include "judge.h"

#define HASH_SIZE 32 /* SHA-256 */

/* --- owner.c: which process works on a row --------------------------------------------------- */

/* A lock file beside the journal, held by an open-file-description lock as long as the process
   lives: survives the reuse of process ids and works across containers. */
struct owner;
struct owner *owner_new(const char *journal_path, struct err *err);
void owner_free(struct owner *owner); /* removes the file; NULL is fine */
const char *owner_name(const struct owner *owner);
/* Whether the process that wrote this name in that boot may still be working. */
bool owner_is_alive(const struct owner *self, const char *name, const char *boot_id);

/* --- journal.c ------------------------------------------------------------------------------- */

struct journal {
    struct db *db;
    char *webcode;
    enum env env;
    struct owner *owner;
    struct changes *changes;   /* may be NULL */
    char *person, *version;
    char os_user[64], tty[64], origin[128], host[128];
    int64_t quiet_charge_ms, quiet_modification_ms;
    bool verified;             /* this process has seen it hold: see journal_write_begin() */
    struct known {             /* what of it has been seen so far */
        size_t part;           /* of journal_verify_some() */
        int64_t entries;       /* of the chain, the last one with this hash */
        unsigned char hash[HASH_SIZE];
        int64_t row;           /* all before it */
    } known;
    struct err trouble;        /* set: this process moves no more money */
    struct look_note {         /* UTC of the next planned read; memory only */
        char id[INTENT_ID_SIZE];
        int64_t at_ms;
    } *notes;
    size_t note_count;
    struct unwritten *unwritten; /* newest first */
};

/* The frame of every write (journal_file.c): BEGIN IMMEDIATE, then COMMIT when good, else ROLLBACK.
   Before its first change a process verifies the whole journal: nothing is built on a damaged one.
   Most of that is done before the lock is taken, and when there is time before.
   Trouble of the file latches: see journal_usable(). err is required. */
bool journal_write_begin(struct journal *journal, struct err *err);
bool journal_write_end(struct journal *journal, bool good, struct err *err);
/* The two halves of the former, for who may find that there is nothing to change. */
bool journal_write_lock(struct journal *journal, struct err *err);
bool journal_write_trust(struct journal *journal, struct err *err); /* false: rolled back */

extern const char *const journal_steps[]; /* schema migrations, journal_schema.c */
#define JOURNAL_VERSION 2
#define JOURNAL_APPLICATION_ID 0x41764a31 /* "AvJ1" */

struct intent_draft {
    char id[INTENT_ID_SIZE], tag[INTENT_TAG_SIZE];
    const char *form_id;
    enum op_kind kind;
    const char *target;
    struct money amount;
    const char *reference, *description, *reason, *url;
    bool is_preauth;
    const char *repeats;       /* as in op_request; NULL: not compared */
    const char *approved_by;   /* the same; NULL: nobody */
    const void *body;
    size_t body_len;
};

/* One transition. What is NULL or 0 stays as it was in the row. */
struct intent_move {
    enum intent_state to;
    int64_t rev;               /* the row must still have this one; 0: whatever it has */
    int http_status, code;
    const char *message, *trace_id, *server_reference, *server_status, *payment_url;
    const char *why, *evidence, *baseline;
    int charged;               /* RESOLVED: 1 or 2 (not charged); 0 otherwise */
};

/* Where a row is. */
struct place {
    enum intent_state state;
    int64_t rev;
    int attempt;
    int charged;               /* as in intent_move */
    char claim[128];           /* server reference, "" if none */
};
bool journal_read_place(struct journal *journal, const char *id, struct place *place,
                        struct err *err);
/* Inside an open transaction, journal_upkeep.c: the quiet period of an UNKNOWN row begins now. */
bool journal_quiet_anew(struct journal *journal, const char *id, const char *detail,
                        struct err *err);
/* Inside an open transaction: a change from that place, and its audit row. */
bool journal_change(struct journal *journal, const char *id, const struct place *place,
                    const struct intent_move *move, struct err *err);

/* The new row. ERR_CONFLICT names who holds the terminal or payment, or that the form has
   been used; ERR_STALE: it repeats a charge that the person was not asked about. */
bool journal_prepare(struct journal *journal, const struct intent_draft *draft, struct err *err);
/* One legal transition and its audit row, durable when it returns true. ERR_STALE: the row has
   moved on, ERR_CONFLICT: no such transition, or the server reference is claimed by another intent.
   */
bool journal_move(struct journal *journal, const char *id, const struct intent_move *move,
                  struct err *err);
/* What was learned about a sent row, by answer or by reading, fitted to the state it is in now:
   nothing new changes nothing, a contradiction of an ended row makes it MANUAL. */
bool journal_learn(struct journal *journal, const char *id, const struct intent_move *move,
                   struct err *err);
/* journal_upkeep.c. Keeps the state, notes something in the audit trail and in why. */
bool journal_remark(struct journal *journal, const char *id, const char *event, const char *why,
                    struct err *err);
bool journal_reconciled(struct journal *journal, const char *id, struct err *err);
/* Dead owners' rows: PREPARED -> VOID, SENT -> UNKNOWN; quiet counts of another boot start over. */
bool journal_recover(struct journal *journal, int *taken, struct err *err);
/* The request as kept, its bytes checked against their hash. */
bool journal_get_body(struct journal *journal, const char *id, struct buf *body, struct err *err);
void journal_note_look(struct journal *journal, const char *id, int64_t at_ms);

/* --- journal_unwritten.c: ends that the file would not take ---------------------------------- */

/* Keeps in memory how an intent has ended, when the write that has just failed cannot say it. From
   then on this process moves no more money, unless the file was only busy. */
void journal_note_unwritten(struct journal *journal, const struct intent *end);
/* Puts that over the row as it was read, or makes a row of it alone; false: there is none. */
bool journal_lay_unwritten(const struct journal *journal, const char *id, struct arena *arena,
                           struct intent *out, bool was_read);
/* Tries again to write down the first of them, without waiting for a busy file; names it. False:
   it was not possible, or there is none; journal_usable() tells whether to try once more. */
bool journal_write_unwritten(struct journal *journal, char id[INTENT_ID_SIZE]);
void journal_forget_unwritten(struct journal *journal);

/* --- journal_rows.c -------------------------------------------------------------------------- */

/* The open or ended intent with that tag / that claim; false ERR_NOT_FOUND. */
bool journal_find_tag(struct journal *journal, const char *tag, struct arena *arena,
                      struct intent *out, struct err *err);
bool journal_find_claim(struct journal *journal, const char *server_reference, struct arena *arena,
                        struct intent *out, struct err *err);
/* The newest charge not known to have failed with this reference, or this terminal and amount
   within the last ten minutes. */
bool journal_find_repeat(struct journal *journal, const struct op_request *request,
                         struct arena *arena, struct intent *out, struct err *err);

/* How long absence proves nothing after the last attempt. */
int64_t journal_quiet_ms(const struct journal *journal, enum op_kind kind);

/* What only the reader needs of a row. */
struct intent_extra {
    const char *baseline;      /* newline-separated references, "" if none, NULL if never read */
    const char *evidence;
    bool same_boot;            /* the times below can be compared with clock_boot_ms() */
    int64_t sent_boot_ms;
    bool quiet_known;          /* UNKNOWN: quiet_boot_ms is of this boot */
    int64_t quiet_boot_ms;     /* end of the last attempt */
    int64_t quiet_utc_ms;
    int charged;               /* RESOLVED: 1 or 2, else 0 */
    bool reconciled;
};
bool journal_get_extra(struct journal *journal, const char *id, struct arena *arena,
                       struct intent_extra *out, struct err *err);

/* --- op_check.c ------------------------------------------------------------------------------ */

/* 13 to 19 digits of a card's range and checksum, spaces and dashes between them allowed: must not
   be written down. */
bool op_holds_card_number(const char *text);

/* --- journal_audit.c ------------------------------------------------------------------------- */

/* Appends to the chain inside the open transaction, after the change of the intent's row. state and
   rev: of that row after the change. */
struct audit_fact {
    const char *intent_id, *event, *state, *trace_id, *detail;
    int64_t rev;
};
bool audit_append(struct journal *journal, const struct audit_fact *fact, struct err *err);
/* A row of AUDIT_COLUMNS behind one with the hash previous; an intent's columns from first on. */
#define AUDIT_COLUMNS                                                                              \
    "seq, utc, clock, intent_id, event, state, rev, person, os_user, tty, origin, host,"           \
    " trace_id, detail, content, hash"
enum audit_column {
    AUDIT_SEQ,
    AUDIT_UTC,
    AUDIT_CLOCK,
    AUDIT_INTENT,
    AUDIT_EVENT,
    AUDIT_STATE,
    AUDIT_REV,
    AUDIT_PERSON,
    AUDIT_USER,
    AUDIT_TTY,
    AUDIT_ORIGIN,
    AUDIT_HOST,
    AUDIT_TRACE,
    AUDIT_DETAIL,
    AUDIT_CONTENT,
    AUDIT_HASH
};
void audit_hash_row(sqlite3_stmt *stmt, const unsigned char previous[HASH_SIZE],
                    unsigned char out[HASH_SIZE]);
void audit_hash_content(sqlite3_stmt *stmt, int first, unsigned char out[HASH_SIZE]);
bool audit_is_hash(sqlite3_stmt *stmt, int column, const unsigned char hash[HASH_SIZE]);

/* journal_file.c: verifies all, without the lock, before a write that will want it. err: see there.
   */
bool journal_verify_ahead(struct journal *journal, struct err *err);
/* Verifies a piece more of it, and latches when it does not hold; false: there is nothing to do. */
bool journal_verify_idle(struct journal *journal);

/* --- journal_verify.c ------------------------------------------------------------------------ */

/* The whole journal in pieces, mostly of a few milliseconds. *more: there are others. What is
   written meanwhile is not looked for. */
bool journal_verify_some(struct journal *journal, bool *more, struct err *err);
/* All pieces that are left, and what has been written since the first. */
bool journal_verify_rest(struct journal *journal, struct err *err);

/* db_spec.carry: a journal of an older version must hold, then each intent's row is sealed. */
bool journal_carry(void *ctx, struct db *db, struct err *err);

#endif
