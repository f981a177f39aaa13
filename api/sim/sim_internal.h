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
};
struct sim_stored_answer {                /* what a key got first */
    const char *endpoint, *body, *answer; /* in the arena */
    size_t body_len, answer_len;
    int status;
    int64_t ready_ms; /* progress clock; before it the request is still running */
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
bool data_find_answer(struct sim_data *data, enum sim_env env, const char *key, struct arena *arena,
                      struct sim_stored_answer *out);
bool data_keep_answer(struct sim_data *data, enum sim_env env, const char *key,
                      const struct sim_stored_answer *answer);
/* Counts a POST for the referee. */
void data_note_key(struct sim_data *data, const char *key);
/* First try of that amount on that terminal? Remembers the answer's opposite for the next. */
bool data_first_try(struct sim_data *data, enum sim_env env, const char *poi_id, int64_t amount);
enum sim_count_by { BY_KEY, BY_REFERENCE };
int64_t data_executions(struct sim_data *data, enum sim_count_by by, const char *value,
                        int64_t now_ms);
int64_t data_key_requests(struct sim_data *data, const char *key);
void data_ledger(struct sim_data *data, const struct sim_codes *codes, int64_t now_ms,
                 struct buf *out); /* the members keys, references, executions */

/* --- seeded and stored together (sim_store.c) ----------------------------------------------- */

struct sim {
    struct loop *loop;
    struct sim_settings settings; /* its texts are copies */
    struct sim_seed seed;
    struct sim_data *data;
    struct sim_faults *faults;
    struct sim_server *server; /* daemon and open requests (sim.c) */
    int64_t anchor_utc_ms, anchor_boot_ms;
    char base_url[64];
    uint16_t port;
    uint64_t *seen; /* requests for each route, the last one for no route */
};

/* The clock that progress is measured with: UTC when the process began, carried on by the boot
   clock, as the loop's timers are. So nothing is held up by a UTC clock that a test froze or that
   jumps. */
int64_t sim_now_ms(const struct sim *sim);

int64_t store_list(struct sim *sim, const struct sim_filter *filter, const struct sim_sink *sink);
enum store_verdict { STORE_FOUND, STORE_DENIED, STORE_MISSING };
/* A session by its reference, or (SIM_PAYMENT) a POS payment. */
enum store_verdict store_find(struct sim *sim, enum sim_env env, enum sim_kind kind,
                              const char *reference, struct arena *arena, struct sim_row *out);
/* What money can still be moved on a payment, given by its paymentReference. */
struct store_payment {
    struct sim_row row; /* session or POS payment */
    bool paid;          /* authorised, not refused */
    int64_t captured;   /* successfully; an ordinary payment is captured at once */
    int64_t refunded;   /* successfully or still pending */
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

void sim_json_ledger_row(struct buf *out, const struct sim_row *row, bool test, const char *key,
                         bool executed);

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
struct sim_request {
    struct sim *sim;
    enum sim_env env;
    const char *method, *url;
    const char *path; /* of the url, below the base; NULL: outside the API */
    const char *id;   /* the {id} of the path, NULL */
    const char *api_key, *idempotency_key, *content_type;
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
};

/* Fills answer for a complete request (sim_routes.c). */
void routes_serve(struct sim_request *request, struct sim_answer *answer);
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

/* --- faults (sim_faults.c) ---------------------------------------------------------------------
 */

struct sim_faults *faults_new(const char *spec, uint64_t seed, struct err *err);
void faults_free(struct sim_faults *faults);
/* True: answer is complete and nothing may be executed. */
bool faults_before(struct sim_faults *faults, const char *target, struct sim_answer *answer);
void faults_after(struct sim_faults *faults, const char *target, struct sim_answer *answer);
bool faults_count(const struct sim_faults *faults, size_t rule, uint64_t *matched,
                  uint64_t *applied);
void faults_ledger(const struct sim_faults *faults, struct buf *out);

#endif
