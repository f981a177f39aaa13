/* The bundled API server: an HTTP server on loopback that speaks the payments API on both
   /external/v1/ (live keys and data) and /external/v1/test/. Training, demos and tests talk to it;
   it runs inside the caller's loop, without a thread.

   Time. Nothing in it needs a timer but an answer or a connection that waits: what is created now
   and changes later (a refund that resolves, a charge that the terminal is still busy with, a link
   that gets paid) is stored with the moment it changes, and its status is worked out when it is
   read; what is to be executed later is kept, and executed as of its moment before anybody looks.
   So several simulators may share one data file, and a process that is killed loses nothing it had
   received.

   Magic amounts, by the last two digits of the minor units. POS charge: 01 refused by the issuer,
   02 cancelled by the customer, 03 error 13001 before anything was charged, 04 charged but the
   answer is error 13001 (a replay of the key gives the charge), 05 success after charge_slow_ms,
   06 charged but the connection drops, 07 the connection drops before anything was charged, 08 no
   answer for charge_silent_ms yet charged after charge_late_ms, 09 status 429 on the first try
   (the next try of that amount on that terminal passes), else success after charge_delay_ms.
   Modification (a cancel or an extend: the payment's amount): 11 fails after twice
   modification_delay_ms, 12 stays open for modification_long_ms, 13 is refused at once (12001),
   else success after modification_delay_ms. Payment link: 01 one refused attempt, then paid; 02
   refused and never paid; else paid after pay_after_ms. */
#ifndef API_SIM_SIM_H
#define API_SIM_SIM_H

#include "../base.h"
#include "../loop.h"

struct sim;

/* The zone of its zone-less times, all year: a hotel on the Spanish coast. As a value of TZ, so
   that a console in training can show its own times by the same clock. */
#define SIM_ZONE "<+01>-1"

/* Shapes of the list answers. */
enum sim_dialect {
    SIM_CANONICAL,    /* data:{items,pagination:{page,limit,total,totalPages}} */
    SIM_BARE,         /* data:[...], no page facts */
    SIM_RESULTS_META, /* data:{results,meta:{currentPage,perPage,totalItems,lastPage}} as strings */
    SIM_NAMED_CURSOR, /* data:{sessions|payments|modifications,hasMore,nextCursor}; ?cursor= */
    SIM_IGNORES_PAGE, /* canonical, but every page is the first */
    SIM_IGNORES_FILTER, /* canonical, but every filter is ignored */
    SIM_LEAN,           /* canonical, rows without paymentReference and attempts, null for absent,
                           POS and modification times in the form 2026-01-15T10:00:00Z */
    SIM_DIALECTS
};
const char *sim_dialect_name(enum sim_dialect dialect); /* "canonical", "bare", … */
bool sim_dialect_from_name(const char *name, enum sim_dialect *out);

struct sim_settings {
    uint16_t port;         /* 0: the system chooses, see sim_port() */
    const char *data_path; /* SQLite file that keeps what is created; NULL: memory */
    const char *webcode, *test_key, *live_key;
    uint32_t sessions, payments; /* seeded objects an environment; 0: none */
    uint64_t seed;               /* of the seeded objects and of the faults' probabilities */
    int64_t base_utc_ms; /* the seeded objects end here; 0: now. A data file keeps its own seed,
                            counts and base, so that a restart shows the same objects */
    const char *faults;  /* SPEC, see below; NULL: none */
    enum sim_dialect dialect;
    int64_t charge_delay_ms, charge_slow_ms, charge_late_ms, charge_silent_ms;
    int64_t terminal_offline_ms; /* until a charge on the offline terminal fails */
    int64_t modification_delay_ms, modification_long_ms;
    int64_t pay_after_ms; /* a payment link is paid by itself this long after its creation;
                             0: never */
};
/* Webcode HOTEL9, keys test-key and live-key, 400 sessions, 250 payments, seed 1, the delays of the
   head of this file (1 s, 20 s, 30 s, 10 min; 1.5 s; 2 s, 60 s), links paid after 20 s. */
struct sim_settings sim_settings_default(void);

/* Listens on 127.0.0.1 only. NULL and err: port taken, data file unusable or of something else, bad
   SPEC. The settings are copied. */
struct sim *sim_start(struct loop *loop, const struct sim_settings *settings, struct err *err);
void sim_stop(struct sim *sim); /* open connections are closed without an answer; NULL is fine */
uint16_t sim_port(const struct sim *sim);
/* The live-style base, "http://127.0.0.1:PORT/external/v1/". */
const char *sim_base_url(const struct sim *sim);

/* --- faults ------------------------------------------------------------------------------------

   SPEC  = RULE ["," RULE]…
   RULE  = TARGET ":" KIND ["=" VALUE] ["@" CHANCE] ["x" COUNT]
   TARGET  method and path below the base, "*" for anything: POST/pos/payment, GET*, *,
           POST/payment/…; a TARGET that starts with "/" means any method
   VALUE   the KIND's argument (milliseconds, bytes or seconds). For a KIND without argument it is
           the chance: POST/pos/payment:drop-after=0.5
   CHANCE  0 to 1, at most six decimals; drawn from the seed, so a run repeats
   COUNT   only the first COUNT requests that the rule hits; x3 = the first three
   Every rule that matches is applied, in order; the first one that stops the request before it is
   executed ends the search. An empty SPEC has no rules. sim_fault_kind() lists the kinds:

   the connection   refuse refuse-after hangup deaf close
   no answer        drop-before drop-after silent silent-after late late-silent
   a slow answer    delay slow
   an error         500-before 500-after 13004 13004-after 502-html 502-html-after (=503, =504)
                    429 409 409-running
   a broken answer  cut empty garbage not-utf8 too-deep twice-named endless-head endless-body bomb
                    clock-ahead clock-behind no-date
   a lie            wrong-amount wrong-currency wrong-terminal other-environment odd-status
                    no-reference no-echo
   a list           lag stale unstable no-filter same-page twins
   the server       flip forget-key no-idempotency no-limit

   Of a connection neither method nor path is known: for refuse, hangup and deaf the TARGET is
   CONNECT or *, and the requests of this file's own (/__sim/…) suffer with the others, so that only
   sim_faults_set() or the COUNT ends them. There is no TLS here; hangup (closed before a byte is
   read) stands for a handshake that fails. refuse strikes when the rules are set, refuse-after once
   a request was answered: new connections are refused and those kept alive closed for VALUE ms (0:
   until rules are set again). deaf reads nothing for VALUE ms (0: ever), then serves, though the
   client may be gone; for a client it cannot be told from a request that is read slowly.
   late is executed VALUE ms after its connection was closed, late-silent VALUE ms after it came,
   both as if it came only then: a key that was used meanwhile is not executed again.
   What concerns stored things (late, late-silent, lag, flip, forget-key) is set with the POST, kept
   in the data file and holds in every process that shares it, and after a kill.
   lag keeps what a POST makes out of lists (not from a look at one session) for VALUE ms from the
   moment it would be there; stale, of a GET, shows a list as it was VALUE ms ago. unstable shifts
   every page but the first by up to VALUE rows, up or down. flip: a modification that came to
   success is failed VALUE ms later. The kinds named a lie bend the answers of POSTs and GETs alike,
   never what is stored.

   A request brings rules of its own in the header X-Sim-Fault: KIND["=" VALUE]["@" CHANCE], several
   parted by commas, applied before the others; not of the kinds that strike connections. */
bool sim_faults_check(const char *spec, struct err *err); /* false: err says what and where */
bool sim_faults_set(struct sim *sim, const char *spec, struct err *err); /* replaces all rules */
/* Rule number rule: requests that matched its TARGET, and those it was applied to. False: no such
   rule. Both begin anew when rules are set. */
bool sim_faults_count(const struct sim *sim, size_t rule, uint64_t *matched, uint64_t *applied);
/* How often a kind was applied, by whatever rule or header, since this process has begun; 0 for a
   name that is no kind. */
uint64_t sim_fault_applied(const struct sim *sim, const char *kind);
/* Kind number i, NULL past the last; help is one line of English. */
const char *sim_fault_kind(size_t i, const char **help);

/* --- the referee: what really happened on the server -------------------------------------------
 */

/* Requests seen, faults included, for "METHOD/path" with ids as {id}: "POST/pos/payment",
   "GET/payment/session/{id}". NULL: all requests. Of this process only. */
uint64_t sim_requests_seen(const struct sim *sim, const char *endpoint);
/* How often something was executed for this key until now: a session or modification accepted, a
   card charged. Counts over all processes that share the data file. */
int64_t sim_executions_of_key(struct sim *sim, const char *idempotency_key);
/* The same for a customReference. */
int64_t sim_executions_of_reference(struct sim *sim, const char *custom_reference);
/* POSTs that arrived with this key, executed or not. */
int64_t sim_requests_of_key(struct sim *sim, const char *idempotency_key);

/* One thing that was asked for and got as far as being stored, oldest first. Texts are valid during
   the call; "" where there is none. */
struct sim_execution {
    const char *key, *kind; /* "session", "payment", "refund", "capture", "cancel", "extend" */
    const char *reference, *payment_reference, *custom_reference;
    const char *status, *currency;
    int64_t amount; /* minor units; 0: none (cancel, extend) */
    bool live, executed;
};
void sim_each_execution(struct sim *sim, void (*fn)(void *ctx, const struct sim_execution *),
                        void *ctx);
/* What happened to the money of one payment until now, in minor units of its currency. */
struct sim_sums {
    char currency[4];
    int64_t authorised;          /* what the card was asked for; 0: it said no */
    int64_t captured, capturing; /* an ordinary payment is captured at once; … still open */
    int64_t refunded, refunding; /* successfully; still open */
    int64_t refunds, captures, cancels, extends; /* accepted, whatever came of them */
};
/* By its paymentReference, of either environment. False: no such payment. */
bool sim_payment_sums(struct sim *sim, const char *payment_reference, struct sim_sums *out);
/* One JSON object: {"requests":{ENDPOINT:n},"keys":{KEY:{"requests":n,"executions":n}},
   "references":{CUSTOM_REFERENCE:n},"executions":[{"key","environment","kind","reference",
   "paymentReference","customReference","amount","status","executed"}],
   "payments":{PAYMENT_REFERENCE:{"currency" and the members of struct sim_sums}} of every payment
   that was ever modified,"faults":[{"rule","matched","applied"}],"kinds":{KIND:n} of those that
   were applied}.
   The same comes from GET /__sim/ledger; POST /__sim/faults with a SPEC as its body is
   sim_faults_set(). Neither needs a key. */
void sim_ledger_json(struct sim *sim, struct buf *out);

#endif
