/* A world in one process: hosts with clocks and disks, consoles (the real money core) on them, a
   network that lies, and a payments server that keeps the truth. Everything is drawn from one
   64-bit seed and happens in virtual time, so a seed replays bit for bit.

   world_time.c      the virtual clock, the event queue, loop.h over it, the trace
   world_disk.c      an SQLite VFS in memory that can be cut, fail, and kill the process that writes
   world_owner.c     which process lives, in place of lock files
   world_transfer.c  one attempt of a call, in place of libcurl; client.c above it is the real one
   world_faults.c    what can go wrong with a request, drawn and counted
   world_server*.c   the model server, written from the contract alone
   world_console.c   a console process: opened, killed, buried
   world_person.c    who sits before it
   world_run.c       one seed: plan, troubles, recovery
   world_referee.c   what must hold, during the run and at its end */
#ifndef SAFETY_WORLD_H
#define SAFETY_WORLD_H

#include "../../api/api_internal.h"
#include "../../cache/cache_internal.h"
#include "../../cache/ops_internal.h"
#include "world_faults.h"

#define SECOND       INT64_C(1000)
#define MINUTE       (60 * SECOND)
#define HOUR         (60 * MINUTE)
#define DAY          (24 * HOUR)
#define WORLD_HOSTS  2
#define HOST_PROCS   4
#define WORLD_PROCS  (WORLD_HOSTS * HOST_PROCS)
#define WEBCODE      "HOTEL9"
#define SOME_TIME    INT64_C(1780000000000) /* server's UTC when a run begins: May 2026 */

/* --- chance -------------------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *dice);
int64_t dice_below(struct dice *dice, int64_t bound);           /* 0 … bound-1 */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high); /* inclusive */
bool dice_chance(struct dice *dice, int per_mille);

/* --- hosts and processes -------------------------------------------------------------------- */

struct host {
    int index;
    char boot_id[UUID_SIZE];
    char folder[64];
    int64_t booted_at, boot_base; /* virtual time of the boot, what the boot clock showed then */
    int64_t utc_offset;           /* wall clock minus virtual time; people and NTP change it */
    int64_t asleep_until, audit_seen;
    bool cut;                     /* the power has just failed: its processes are to be buried */
    bool off;
};

struct proc {
    struct host *host;
    int index;
    bool alive, dying;   /* dying: killed, yet functions of it are on the C stack */
    bool read_only;
    int64_t stopped_until;
    char owner[64];
    struct loop *loop;
    struct changes changes;
    unsigned bits;
    struct api_client *client;
    struct cache *cache;
    struct journal *journal;
    struct ops *ops;
    struct loop_timer *poll, *act, *hold, *regret;
    char regretted[INTENT_ID_SIZE]; /* about to be backed out of */
    bool storage_failed; /* its journal's file gave an error: no POST may leave any more */
    int acts_left;
};

/* --- one world ------------------------------------------------------------------------------ */

struct form { /* a person's confirmation */
    char form_id[UUID_SIZE], intent_id[INTENT_ID_SIZE];
    enum op_kind kind;
    int host;
    int replays;         /* times a person had it sent again */
    int leaves;          /* POSTs that left */
    int64_t first_left, last_left; /* virtual time of those; 0: none */
    bool closing;        /* a person closes it by hand: it may be written before they know */
    bool resolved, charged; /* they have, and said that */
};
#define FORMS_MAX 64

struct settings { /* what is drawn once for a world */
    int consoles[WORLD_HOSTS];
    int acts;                /* of each console */
    int trouble;             /* per mille of requests that meet a fault */
    int64_t quiet_charge, quiet_modification;
    int64_t think;           /* longest pause of a person */
    bool crashes, cuts, storage, clocks, sleeps, cache_drops;
    bool foreign;            /* another system uses the same terminals and payments */
    bool late_beyond;        /* executions later than the quiet period: the alarm must ring */
};

struct world {
    uint64_t seed, hash;     /* hash: of the trace */
    int64_t now;             /* virtual ms */
    struct settings settings;
    struct dice plan, fate, ids, person;
    struct host hosts[WORLD_HOSTS];
    struct proc procs[WORLD_PROCS];
    struct proc *running;    /* whose code is on the stack; NULL: the world's */
    struct form forms[FORMS_MAX];
    int form_count;
    bool judging;            /* the referee reads: its reads meet no trouble */
    bool healthy;            /* the troubles are over: everything must end well */
    int64_t healthy_at;
    int violations;
    char first_violation[300];
};
extern struct world world;
extern bool world_tracing;   /* print the trace */
void world_trace(const char *format, ...) PRINTF_LIKE(1, 2);
void world_violation(const char *format, ...) PRINTF_LIKE(1, 2);

/* --- time (world_time.c) -------------------------------------------------------------------- */

void time_begin(void);        /* an empty queue; the clocks of the program are ours from here on */
bool time_step(void);         /* the next event; false: none */
int64_t time_next(void);      /* virtual time of the next event; INT64_MAX: none */
/* An event of the world itself: no process, so nothing of it dies or sleeps. */
typedef void (*event_fn)(void *ctx);
void time_at(int64_t when, event_fn fn, void *ctx);
void time_end(void);
void host_boot(struct host *host, int64_t base);
/* Runs fn with proc as the running process. */
void proc_enter(struct proc *proc, loop_fn fn, void *ctx);

/* --- disks (world_disk.c) ------------------------------------------------------------------- */

enum disk_fault { DISK_NONE, DISK_KILL_BEFORE, DISK_KILL_AFTER, DISK_KILL_TORN, DISK_CUT,
                  DISK_EIO, DISK_FULL, DISK_EIO_READ };
void disk_register(void);              /* once: the default VFS */
void disk_begin(void);                 /* no files */
void disk_put_template(const char *from, const char *to); /* a copy of a kept file */
void disk_keep_template(const char *path);
void disk_forget(const char *path);    /* the file and its side files are gone */
/* The nth operation on host's journal from now on meets fault; for_ever: all after it too. */
void disk_plan(struct host *host, enum disk_fault fault, int nth, bool for_ever);
void disk_power_cut(struct host *host);  /* unsynced sectors of its journal survive by chance */
void disk_drop_process(struct proc *proc); /* locks and handles of a dead process mean nothing */
bool disk_is_synced(const struct host *host); /* nothing of the journal is waiting for a sync */
int disk_operations(const struct host *host);

/* --- the network (world_transfer.c); its faults are in world_faults.h ------------------------ */

/* A request on its way. Outlives the process that sent it. */
struct flight;
struct exchange {
    struct exchange *next;
    struct flight *flight;    /* NULL: nobody waits any more */
    bool post, charge, done;
    char *path, *query, *body, *key;
    enum fault fault;
    int64_t gives_up_at;      /* when the client stops waiting */
    int64_t arrived_at;
    struct answer {
        int status;           /* 0: the connection is dropped */
        char *text;
        size_t len, cut_at;   /* cut_at < len: the connection drops there */
        int64_t date;         /* server UTC of the Date header, 0: none */
        int retry_after_s;
    } answer;
};
void transfer_begin(void);
void transfer_end(void);
void transfer_answered(struct exchange *exchange); /* the answer leaves the server now */

/* --- the server (world_server.c, world_lists.c, world_words.c) ------------------------------- */

#define SRV_ROWS 256
enum outcome { OUTCOME_GOOD, OUTCOME_REFUSED, OUTCOME_CANCELLED };
struct srv_key {
    char key[64];
    char *body;
    char path[40];
    int host;                /* whose console sent it first; -1: another system */
    int posts, executions;   /* POSTs that arrived; objects that moved money, or links made */
    int objects;             /* objects of any outcome */
    bool running, answered;
    int status;
    char *answer;
    int64_t first_at, last_end; /* arrival of the first POST; when its last execution was over */
    bool beyond;             /* an execution later than the quiet period allows */
    bool wrong_answer;       /* it was told an untruth about itself */
};
struct srv_payment {
    char ref[48], session[48], custom[96], currency[4], poi[32];
    int64_t minor, made_at, seen_at; /* virtual time; seen_at: listed from then on */
    enum outcome outcome;
    bool preauth;
    int64_t flips_at;        /* 0: never */
    int key;                 /* -1: nobody's of ours */
    bool sparse;             /* a list has shown it without its amount */
};
struct srv_modification {
    char ref[48], type[12];
    int payment;
    int64_t minor, made_at, seen_at, ends_at, flips_at;
    bool good, sparse;       /* sparse: as above */
    int key;
};
struct srv_session {
    char ref[48], custom[96], currency[4], url[96];
    int64_t minor, made_at, seen_at;
    bool preauth;
    int payment;             /* -1: not paid yet */
    int key;
};
struct server {
    int64_t skew;            /* its clock minus virtual time */
    int64_t zone;            /* of zone-less times and of days */
    bool zoned, echoes, lists_refused, lists_running;
    int page_cap;            /* rows a page, whatever is asked for */
    int dialect;
    int64_t lag;             /* how much later the lists show what has happened, at most */
    int serial;
    struct srv_key keys[SRV_ROWS];
    struct srv_payment payments[SRV_ROWS];
    struct srv_modification modifications[SRV_ROWS];
    struct srv_session sessions[SRV_ROWS];
    int key_count, payment_count, modification_count, session_count;
    int busy_until_terminal[4];
};
extern struct server server;
extern const char *const srv_terminals[3];
void server_begin(void);
void server_end(void);
void server_receive(struct exchange *exchange);
/* Another system charges, refunds, or a guest pays a link. */
void server_foreign(void *ctx);
void server_guest(void *ctx);
void server_cut_off(struct exchange *exchange); /* its client is gone */
int64_t server_utc(int64_t when);
struct srv_key *server_key(const char *key);    /* NULL: never seen */
/* Lists and single objects; *fault changes what it says. */
void lists_answer(struct exchange *exchange);
void words_payment(struct buf *out, const struct srv_payment *payment, int64_t as_of);
void words_modification(struct buf *out, const struct srv_modification *row, int64_t as_of);
void words_session(struct buf *out, const struct srv_session *session, bool with_url);
void words_time(char out[32], int64_t when, bool zoned);
bool words_field(const char *text, const char *name, char *out, size_t size);
int64_t words_number(const char *text, const char *name);
const char *srv_payment_status(const struct srv_payment *payment, int64_t as_of);
const char *srv_modification_status(const struct srv_modification *row, int64_t as_of);

/* --- consoles (world_console.c, world_person.c) ---------------------------------------------- */

bool console_open(struct proc *proc);   /* a new process: open, recover, follow */
void console_kill(struct proc *proc);   /* at once; it is buried when the stack is free of it */
void console_bury_dead(void);
void power_returns(void *host);         /* boots a host that is off */
void console_close(struct proc *proc);  /* the orderly end */
void console_poll(void *ctx);
void person_begin(struct proc *proc);
void person_act(void *ctx);
struct form *form_of(const char *intent_id);
const struct form *form_by_form_id(const char *form_id);

/* --- the run and its referee ------------------------------------------------------------------ */

/* True: nothing was violated. The trace's hash in *hash. */
bool world_run(uint64_t seed, uint64_t *hash);
void world_prepare(const char *folder); /* templates; once a process, folder is private to it */

void referee_leaves(struct proc *proc, const char *key);  /* a POST is about to leave */
void referee_moved(struct proc *proc);                    /* something of the journal changed */
void referee_final(void);
bool referee_all_ended(void);
void referee_check_patience(void);

extern int64_t figure_manual, figure_ambiguous, figure_intents, figure_posts, figure_executions,
    figure_kills, figure_runs;

#endif
