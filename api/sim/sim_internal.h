/* Shared only among api/sim/: one request and its answer, and what each file offers. */
#ifndef API_SIM_SIM_INTERNAL_H
#define API_SIM_SIM_INTERNAL_H

#include "seed_internal.h"

/* --- stored objects (sim_data.c) ------------------------------------------------------------ */

struct sim_data;
struct sim_new { /* a stored object at its birth */
    struct sim_row row;
    enum sim_env env;
    enum sim_tag tag;    /* of its own reference */
    const char *key;     /* Idempotency-Key or NULL */
    int64_t started_ms;  /* progress clock */
    int64_t refused_ms;  /* link: first refused attempt, 0 none */
    int64_t due_ms;      /* when outcome comes true; 0: never */
    const char *outcome; /* "completed", "success", "failed", "refused", "cancelled", "none" */
    int64_t shown_ms;    /* lists leave it out before; 0: never */
    int64_t flip_ms;     /* from then on it has failed after all; 0: never */
};
struct sim_key {
    enum sim_env env;
    const char *text; /* NULL: the request had none */
};
struct sim_stored_answer {                /* what a key got first */
    const char *endpoint, *body, *answer; /* in the arena */
    size_t body_len, answer_len;
    int status;
    int64_t ready_ms;  /* progress clock; before it the request is still running */
    int64_t forget_ms; /* from then on it is as if the key was never used; 0: never */
};
struct sim_late { /* a POST to be executed later, texts in the arena */
    int64_t due_ms;
    struct sim_key key;
    const char *path, *body;
    size_t body_len;
};
/* Opens or makes the file; seed (seed, base_ms, counts) is stored in a new file, read from an old
   one. */
struct sim_data *data_open(const char *path, struct sim_seed *seed, struct err *err);
void data_close(struct sim_data *data);
bool data_begin(struct sim_data *data, struct err *err); /* takes the write lock */
bool data_commit(struct sim_data *data, struct err *err);
void data_rollback(struct sim_data *data);
int64_t data_insert(struct sim_data *data, const struct sim_new *fresh); /* rowid, 0 on failure */
int64_t data_list(struct sim_data *data, const struct sim_filter *filter,
                  const struct sim_codes *codes, const struct sim_sink *sink); /* total */
struct sim_place {
    enum sim_env env;
    enum sim_kind kind;
    int64_t number, now_ms;
};
/* Any stored object by its number; false: none. done tells whether its outcome has come true. */
bool data_row(struct sim_data *data, const struct sim_codes *codes, const struct sim_place *place,
              struct arena *arena, struct sim_row *out, bool *done);
bool data_terminal_busy(struct sim_data *data, enum sim_env env, const char *poi_id,
                        int64_t now_ms);
bool data_find_answer(struct sim_data *data, const struct sim_key *key, int64_t now_ms,
                      struct arena *arena, struct sim_stored_answer *out);
bool data_keep_answer(struct sim_data *data, const struct sim_key *key,
                      const struct sim_stored_answer *answer); /* replaces an older one */
bool data_late_keep(struct sim_data *data, const struct sim_late *late);
bool data_late_waits(struct sim_data *data, int64_t now_ms);
/* The next that is due, which then waits no longer; false: none. Inside a transaction. */
bool data_late_take(struct sim_data *data, int64_t now_ms, struct arena *arena,
                    struct sim_late *out);
/* Counts a POST for the referee. */
void data_note_key(struct sim_data *data, const char *key);
/* First try of that amount on that terminal? Remembers the answer's opposite for the next. */
bool data_first_try(struct sim_data *data, enum sim_env env, const char *poi_id, int64_t amount);
/* What the referee asks (sim_data_referee.c). */
enum sim_count_by { BY_KEY, BY_REFERENCE };
int64_t data_executions(struct sim_data *data, enum sim_count_by by, const char *value,
                        int64_t now_ms);
int64_t data_key_requests(struct sim_data *data, const char *key);
void data_ledger(struct sim_data *data, int64_t now_ms, struct buf *out); /* keys, references */
void data_each_execution(struct sim_data *data, const struct sim_codes *codes, int64_t now_ms,
                         void (*fn)(void *, const struct sim_execution *), void *ctx);
void data_each_payment(struct sim_data *data, void (*fn)(void *, const char *reference),
                       void *ctx); /* that was ever modified */

/* --- seeded and stored together (sim_store.c) ----------------------------------------------- */

struct sim {
    struct loop *loop;
    struct sim_settings settings; /* its texts are copies */
    struct sim_seed seed;
    struct sim_data *data;
    struct sim_faults *faults;
    struct sim_server *server; /* daemon and open requests (sim.c) */
    struct sim_listener *listener;
    int64_t anchor_utc_ms, anchor_boot_ms;
    char base_url[64];
    uint16_t port;
    uint64_t *seen;          /* requests for each route, the last one for no route */
    uint64_t *fault_applied; /* of each kind */
};

/* The clock that progress is measured with: UTC when the process began, carried on by the boot
   clock, as the loop's timers are. So nothing is held up by a UTC clock that a test froze or that
   jumps. */
int64_t sim_now_ms(const struct sim *sim);

int64_t store_list(struct sim *sim, const struct sim_filter *filter, const struct sim_sink *sink);
struct sim_request;
struct sim_answer;
/* Stores a new object as the request's faults want it; false after an error was answered. */
bool store_insert(struct sim_request *request, struct sim_answer *answer, struct sim_new *fresh);
enum store_verdict { STORE_FOUND, STORE_DENIED, STORE_MISSING };
/* A session by its reference, or (SIM_PAYMENT) a POS payment. */
enum store_verdict store_find(struct sim *sim, enum sim_env env, enum sim_kind kind,
                              const char *reference, struct arena *arena, struct sim_row *out);
/* What money can still be moved on a payment, given by its paymentReference. */
struct store_payment {
    struct sim_row row; /* session or POS payment */
    bool paid;          /* authorised, not refused */
    struct sim_sums sums;
    bool capture_open, cancel_open, extend_open; /* under way */
    bool was_captured, was_cancelled;
};
enum store_verdict store_payment_find(struct sim *sim, enum sim_env env, const char *reference,
                                      struct arena *arena, struct store_payment *out);

/* --- JSON out and in (sim_json.c); its own writer and reader, nothing shared with the client ---
 */

void sim_json_open(struct buf *out, char bracket);  /* '{' or '[', with the comma where needed */
void sim_json_close(struct buf *out, char bracket); /* '}' or ']' */
void sim_json_key(struct buf *out, const char *name);
void sim_json_text(struct buf *out, const char *text); /* NULL writes null */
void sim_json_number(struct buf *out, int64_t number);
void sim_json_bool(struct buf *out, bool value);
void sim_json_pair(struct buf *out, const char *name,
                   const char *text); /* nothing when text is NULL */
#define JSON_LEAN 1u                  /* style: see SIM_LEAN */
void sim_json_row(struct buf *out, const struct sim_row *row, unsigned style);
void sim_json_session_created(struct buf *out, const struct sim_row *row, const char *url);
void sim_json_time(struct buf *out, const char *name, int64_t ms, bool zoned);

void sim_json_execution(struct buf *out, const struct sim_execution *execution);

/* One field of a request body. */
enum sim_json_want { WANT_TEXT, WANT_BOOL, WANT_AMOUNT };
struct sim_json_field {
    const char *name;
    enum sim_json_want want;
    bool required;
};
struct sim_json_value {
    bool given;
    const char *text; /* NULL: absent */
    bool truth;
    int64_t amount;
    char currency[4];
};
/* Reads the fields, values[i] for fields[i]. On a missing, ill-typed or unknown field returns false
   and says why in trouble. Texts live in arena. */
bool sim_json_read(const struct buf *body, const struct sim_json_field *fields, size_t count,
                   struct sim_json_value *values, struct arena *arena, struct buf *trouble);

/* --- one request and its answer ----------------------------------------------------------------
 */

struct sim_pair {
    const char *name, *value;
};
#define SIM_QUERY_MAX 16
#define BODY_MAX      (64u << 10)
/* How faults bend the execution of one request and its lists; 0: not at all. All of one type, so
   that a kind of fault needs no more than the place of its value. */
struct sim_twist {
    int64_t lag_ms, stale_ms, flip_ms, forget_ms;
    int64_t no_idempotency, no_limit, no_filter, same_page;
    int64_t page_shift; /* rows, up or down */
    int64_t copies;     /* further ones of each row of a list */
};
struct sim_request {
    struct sim *sim;
    enum sim_env env;
    const char *method, *url;
    const char *path; /* of the url, below the base; NULL: outside the API */
    const char *id;   /* the {id} of the path, NULL */
    const char *api_key, *idempotency_key, *content_type, *faults;
    struct sim_twist twist;
    int64_t late_ms; /* since it should have been executed */
    struct sim_pair query[SIM_QUERY_MAX];
    size_t query_count;
    struct buf body;
    struct arena arena;
    const struct sim_route *route;
};

enum sim_instead { INSTEAD_NOTHING, INSTEAD_DROP, INSTEAD_13001 };
struct sim_answer {
    int status;
    struct buf body;
    const char *content_type;
    int64_t wait_ms;          /* until it is sent; SIM_FOREVER: never */
    int64_t ready_ms;         /* from now on a replay of the key gets it; else 409 */
    enum sim_instead instead; /* what this one request gets in its place */
    bool forget;              /* not kept for the key */
    bool replayed;
    int retry_after_s;  /* -1: none */
    int64_t cut_at;     /* close after that many bytes of the whole answer; -1: whole */
    int64_t trickle_ms; /* a byte each; 0: at once */
    bool drop;          /* close instead */
    bool hang_up;       /* close behind it, unannounced */
    bool no_date;
    int64_t skew_ms;                                                         /* of Date */
    enum sim_pour { POUR_NOTHING, POUR_HEADERS, POUR_BODY, POUR_BOMB } pour; /* instead */
    int64_t pour_mib;  /* POUR_BOMB: how much it unpacks to */
    int64_t refuse_ms; /* from now on, see listen_refuse(); -1: not */
};

/* Fills answer for a complete request (sim_routes.c). */
void routes_serve(struct sim_request *request, struct sim_answer *answer);
/* Executes what is late and due by now: to be called before anything is looked at. */
void routes_settle(struct sim *sim);
/* Keeps a POST to be executed so much later; false: it would be refused anyway. */
bool routes_delay(struct sim_request *request, int64_t delay_ms);
int64_t request_now_ms(const struct sim_request *request);     /* progress clock */
int64_t request_created_ms(const struct sim_request *request); /* UTC, for display */
size_t routes_count(void);
void routes_name(size_t i, struct buf *out); /* "POST/pos/payment" */
bool routes_same(size_t i, const char *endpoint);
const char *request_query(const struct sim_request *request, const char *name); /* NULL: absent */
bool answer_error(struct sim_answer *answer, int status, int code, const char *message); /* false */
void answer_data_open(struct sim_answer *answer, int status); /* {"success":true,"data": */
void answer_data_close(struct sim_answer *answer);
/* Webcode of a body or query: false after an error was answered. */
bool request_check_webcode(struct sim_request *request, struct sim_answer *answer,
                           const char *webcode);
bool answer_verdict(struct sim_answer *answer, enum store_verdict verdict, const char *what);
/* Reads the body; false after an error was answered. */
bool request_read(struct sim_request *request, struct sim_answer *answer,
                  const struct sim_json_field *fields, size_t count, struct sim_json_value *values);

/* Formats (sim_checks.c); false after an error was answered, absent texts pass. */
bool check_currency(struct sim_answer *answer, const char *currency);
bool check_country(struct sim_answer *answer, const char *country);
bool check_locale(struct sim_answer *answer, const char *locale);
bool check_moment(struct sim_answer *answer, const char *text);
bool date_read(const char *text, int64_t *utc_ms); /* a day of the server's zone; sim_lists.c */

/* Handlers: sim_sessions.c, sim_lists.c, sim_modifications.c, sim_pos.c, sim_control.c. */
typedef void (*sim_handler)(struct sim_request *request, struct sim_answer *answer);
void handle_session_create(struct sim_request *request, struct sim_answer *answer);
void handle_session_get(struct sim_request *request, struct sim_answer *answer);
void handle_list(struct sim_request *request, struct sim_answer *answer);
void handle_list_of_session(struct sim_request *request, struct sim_answer *answer);
void handle_list_of_payment(struct sim_request *request, struct sim_answer *answer);
void handle_modify(struct sim_request *request, struct sim_answer *answer);
void handle_terminals(struct sim_request *request, struct sim_answer *answer);
void handle_charge(struct sim_request *request, struct sim_answer *answer);
/* Everything outside the API: the payer's page, the ledger, the faults. */
void handle_control(struct sim_request *request, struct sim_answer *answer);

struct sim_route {
    const char *method, *path; /* "{id}" stands for one segment */
    sim_handler handle;
    int what; /* list: enum sim_kind; modify: enum sim_tag */
};

/* --- connections (sim_listen.c) ----------------------------------------------------------------
 */

struct sim_listener;
bool listen_start(struct sim *sim, struct err *err); /* sets the port */
void listen_stop(struct sim *sim);
void listen_refuse(struct sim *sim, int64_t ms); /* new connections; 0: for good */
void listen_meet_faults(struct sim *sim); /* of rules just set; forgets the old ones' refusal */
bool listen_refuses(const struct sim *sim);
void server_take(struct sim *sim, int fd); /* a connection to be served (sim.c) */

#endif
