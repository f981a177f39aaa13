/* Public face of the money core: the journal of intents, and the operations that are
   the only path to a POST. Read the head of journal.c first: states, invariants, transitions. */
#ifndef CACHE_JOURNAL_H
#define CACHE_JOURNAL_H

#include "cache.h"

/* --- journal: intents -------------------------------------------------------- */

#define INTENT_STATES(X)                                                                        \
    X(PREPARED, "prepared") X(SENT, "sent") X(UNKNOWN, "unknown") X(ACCEPTED, "accepted")       \
    X(VOID, "void") X(REJECTED, "rejected") X(DECLINED, "declined") X(CONFIRMED, "confirmed")   \
    X(SUCCEEDED, "succeeded") X(FAILED, "failed") X(NOT_EXECUTED, "not_executed")               \
    X(MANUAL, "manual") X(RESOLVED, "resolved")
enum intent_state {
#define X(id, name) INTENT_##id,
    INTENT_STATES(X)
#undef X
    INTENT_STATE_COUNT
};
const char *intent_state_name(enum intent_state state);
bool intent_state_is_final(enum intent_state state);     /* VOID … NOT_EXECUTED, RESOLVED */
bool intent_state_from_name(const char *name, enum intent_state *out);

#define INTENT_ID_SIZE UUID_SIZE
#define INTENT_TAG_SIZE 9
struct intent {
    char id[INTENT_ID_SIZE];   /* UUIDv4; it is the Idempotency-Key */
    char tag[INTENT_TAG_SIZE]; /* sent as "~tag" behind the customReference, to find it again */
    enum op_kind kind;
    enum intent_state state;
    int64_t rev;
    const char *target;        /* poiId or paymentReference; NULL for a link */
    struct money amount;       /* not known for cancel, extend */
    const char *reference, *description, *reason; /* what the person typed; NULL if none */
    bool is_preauth;
    const char *person;        /* operator (configuration), OS user if unnamed */
    int64_t created_ms, sent_ms, changed_ms; /* UTC, 0: not yet */
    int64_t age_ms;            /* since sent, by boot clock when the boot is the same */
    bool own;                  /* this process is its owner and its transfer is under way */
    int attempt;
    int http_status, code;     /* of the answer, 0: none */
    const char *message, *trace_id;
    const char *server_reference; /* payment, modification or session id once known */
    const char *server_status;
    const char *payment_url;   /* link */
    /* Technical reason of the state, English. Of a VOID it begins with one of: changed: (the
       payment is not what the person saw) · expired: (over a minute since the yes) · look: (the
       look before sending failed) · terminal: (not known any more) · unsent: (no connection) ·
       journal: (it could not be written down) · backed out · shutdown: · never sent: (its process
       died). "alarm: …" should never happen. */
    const char *why;
    bool acknowledged;
    bool unwritten;            /* state and what tells of it could not be written down: only this
                                  process knows */
    bool waits;                /* unwritten only until another console lets go of the file */
    int64_t quiet_until_ms;    /* UNKNOWN: UTC when absence may first be believed; 0: another boot
                                  counted, so this one has to begin anew */
    int64_t next_look_ms;      /* UNKNOWN, ACCEPTED: UTC of the next read, 0: none planned */
};
struct intent_page {
    struct arena arena;
    struct intent *rows;
    size_t count;
};
void intent_page_done(struct intent_page *page);

struct journal;
struct journal_settings {
    const char *person;        /* operator named in the configuration, or NULL */
    const char *version;       /* of this program */
};
struct journal *journal_open(const char *path, const char *webcode, enum env env,
                             const struct journal_settings *settings, struct changes *changes,
                             struct err *err);
void journal_close(struct journal *journal);
bool journal_get(struct journal *journal, const char *id, struct arena *arena, struct intent *out,
                 struct err *err);
/* The open intent that keeps others off this terminal (kind OP_CHARGE) or payment (any other kind
   but OP_LINK); false ERR_NOT_FOUND: it is free. Also answers "who is using this terminal". */
bool journal_holder(struct journal *journal, enum op_kind kind, const char *target,
                    struct arena *arena, struct intent *out, struct err *err);
/* Raises CHANGED_JOURNAL when another process has written something, shortly after. NULL: the
   system has no means left to tell; then only what happens here is noticed. */
struct journal_news;
struct journal_news *journal_news_start(struct journal *journal, struct loop *loop);
void journal_news_stop(struct journal_news *news); /* NULL is fine */
/* False once the file gave trouble: this process moves no more money; err says why. */
bool journal_usable(const struct journal *journal, struct err *err);
enum intent_set {
    INTENTS_ALL,               /* newest first */
    INTENTS_OPEN,              /* PREPARED, SENT, UNKNOWN, ACCEPTED, MANUAL */
    INTENTS_UNRESOLVED,        /* SENT, UNKNOWN, MANUAL: what a start shows first */
    INTENTS_ATTENTION          /* inbox: UNKNOWN, MANUAL, old ACCEPTED; not acknowledged: FAILED,
                                  and how a charge, or what was once UNKNOWN, has ended */
};
bool journal_list(struct journal *journal, enum intent_set set, int limit, struct intent_page *page,
                  struct err *err);
/* All that was asked for on a payment or session here, oldest first. id and payment_reference: of
   the record; either may be NULL. */
bool journal_about(struct journal *journal, const char *id, const char *payment_reference,
                   struct intent_page *page, struct err *err);
/* A person has seen it; note may be NULL. Notes and evidence that hold a card number are
   ERR_INVALID. */
bool journal_acknowledge(struct journal *journal, const char *id, const char *note,
                         struct err *err);
/* A named person closes a MANUAL or UNKNOWN row by hand, with evidence. charged: what that says. */
bool journal_resolve(struct journal *journal, const char *id, bool charged, const char *evidence,
                     struct err *err);
/* The whole file, its tables, the hash chain, and each intent against its last audit row; false
   ERR_DATA naming the first that does not hold. *entries: good ones of the chain. */
bool journal_verify(struct journal *journal, int64_t *entries, struct err *err);
/* The hash of the last entry. Kept elsewhere it shows later that the end was cut off, or all of it
   written anew: both leave a file that holds. */
#define JOURNAL_HEAD_SIZE 65
bool journal_head(struct journal *journal, char head[JOURNAL_HEAD_SIZE], struct err *err);
/* The audit trail, oldest first; fn returns false to stop. */
struct audit_entry {
    int64_t seq, utc_ms;
    const char *intent_id, *event, *person, *os_user, *tty, *origin, *trace_id, *detail, *hash;
};
bool journal_audit(struct journal *journal, bool (*fn)(void *ctx, const struct audit_entry *entry),
                   void *ctx, struct err *err);

/* --- money operations: the one path to a POST ------------------------------------------------ */

/* How far a person goes alone. All zero, as where no roles are set up: everything is allowed. */
enum role { ROLE_SUPERVISOR, ROLE_DESK, ROLE_VIEWER };
enum role_limit { LIMIT_CHARGE, LIMIT_REFUND, LIMIT_COUNT };
struct op_permit {
    enum role role;
    /* ROLE_DESK: above that a supervisor has to approve. Hundredths of the unit of whatever
       currency is asked for, so that one figure serves all of them; -1: none. */
    int64_t limits[LIMIT_COUNT];
    const char *person;              /* who asks, and so never approves */
    const char *const *supervisors;  /* who may approve, ends with NULL; NULL: nobody */
};
/* Which of the limits counts; LIMIT_COUNT: none does (an extension moves nothing). */
enum role_limit op_limit_of(enum op_kind kind);
/* amount: what is asked for; of a cancel the hold that is given up. An amount that is not known is
   above any limit. Pure, as the next two. */
bool op_within_limit(const struct op_permit *permit, enum op_kind kind, const struct money *amount);
bool op_may_approve(const struct op_permit *permit, const char *name);
/* Both together: false ERR_DENIED. approved_by NULL: nobody has. */
bool op_permitted(const struct op_permit *permit, enum op_kind kind, const struct money *amount,
                  const char *approved_by, struct err *err);

struct ops;
struct ops_settings {
    int64_t quiet_charge_ms;   /* default 300 s: how long absence proves nothing */
    int64_t quiet_modification_ms; /* default 24 h */
    int64_t second_read_ms;    /* default 60 s between the two reads that show absence */
    const char *url_ok, *url_ko; /* of pay links */
    const char *locale;        /* shopperLocale, or NULL */
    bool read_only;
    struct op_permit permit;   /* its texts stay the caller's and outlive the operations */
};
struct ops *ops_new(struct loop *loop, struct api_client *client, struct cache *cache,
                    struct journal *journal, struct sync *sync,
                    const struct ops_settings *settings);
/* What is PREPARED becomes VOID, what is SENT stays so on disk. Calls under way are not touched:
   free the client before the loop turns again. */
void ops_free(struct ops *ops);

struct op_request {
    enum op_kind kind;
    char form_id[UUID_SIZE];   /* made when the form opened: one form can insert once */
    const char *target;        /* poiId or paymentReference */
    struct money amount;
    const char *reference, *description, *reason;
    bool is_preauth;
    /* What the person saw when they confirmed; a fresh look right before sending compares. */
    struct payment_facts seen;
    bool has_seen;
    /* A charge: the earlier one that the person agreed to repeat, "" where none was found. Another
       one by the time this is written down: ERR_STALE. has_asked false: not compared. */
    char repeats[INTENT_ID_SIZE];
    bool has_asked;
    /* The supervisor whose PIN was right for this very request; NULL: none was needed. The journal
       names both, "Ana + Marta". */
    const char *approved_by;
};
/* Checks everything that can be checked here; err says which: its detail begins with the field's
   name and a colon (target, amount, currency, reference, description, reason). Pure: no disk. */
bool op_check(const struct op_request *request, enum env env, const char *webcode, struct err *err);
/* An earlier charge that this one repeats (same terminal and amount within 10 min, or same
   reference): false when there is none. */
bool op_find_duplicate(struct ops *ops, const struct op_request *request, struct arena *arena,
                       struct intent *earlier);
/* Writes PREPARED, takes the fresh look, sends, judges, follows. Returns once PREPARED is on disk
   (id filled) or false: nothing was written or sent. Progress: CHANGED_JOURNAL, journal_get(). */
bool op_start(struct ops *ops, const struct op_request *request, char id[INTENT_ID_SIZE],
              struct err *err);
/* Resends the very same request, asked for by a person: within 20 minutes, at most 3 attempts in
   all, after a list read just now that shows nothing. */
bool op_replay(struct ops *ops, const char *id, struct err *err);
/* The same, approved by a supervisor where the amount is above the limit; NULL: by nobody. */
bool op_replay_approved(struct ops *ops, const char *id, const char *approved_by, struct err *err);
/* The person backs out while still PREPARED. False: too late, it has been sent. */
bool op_back_out(struct ops *ops, const char *id, struct err *err);
/* Recovery: dead owners' PREPARED → VOID, SENT → UNKNOWN; then the reader follows all that is
   open. *taken: how many rows were found so. Any number of times, by any number of processes. */
bool ops_recover(struct ops *ops, int *taken, struct err *err);
/* Holds the newest rows of the lists against the journal: rows that ended are ticked, contradicted
   ones become MANUAL, open ones may end. Call it with the change bits that came in, from the loop
   (not from inside the listener): only CHANGED_PAYMENTS and CHANGED_MODIFICATIONS matter. */
void ops_hold_against_lists(struct ops *ops, unsigned bits);
void ops_look_now(struct ops *ops, const char *id); /* read about this one at once */
/* A reading about it has ended, well or not, since this process began to follow it; also true when
   it is not followed (any more). */
bool ops_has_looked(const struct ops *ops, const char *id);
size_t ops_in_flight(const struct ops *ops);        /* own rows PREPARED or SENT */

#endif
