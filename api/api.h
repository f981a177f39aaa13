/* Public face of api/: the types of the Avirato Payments External API and one way to call it.
   Everything here follows the contract's sections; [A] marks what is assumed about the API.
   Lower layers never word anything for people: they hand up codes, numbers and text as received. */
#ifndef API_API_H
#define API_API_H

#include "base.h"
#include "loop.h"

/* --- environments (contract 1) ------------------------------------------------------------- */

enum env { ENV_TRAINING, ENV_TEST, ENV_LIVE };
#define ENV_COUNT 3
const char *env_name(enum env env);                    /* "training", "test", "live" */
bool env_from_name(const char *name, enum env *out);

/* --- money: integer minor units, never a float (contract 2, ISO 4217) ---------------------- */

#define CURRENCY_SIZE 4
#define MONEY_MAX INT64_C(1000000000000) /* 10^12 minor units: largest amount we accept */
struct money {
    int64_t minor;                 /* meaningful only when known */
    char currency[CURRENCY_SIZE];  /* three capitals, or "" */
    bool known;                    /* false: the API gave no amount. Absent is never zero. */
};
/* How amounts are typed and shown: decimal mark and group mark. */
enum money_style { MONEY_POINT /* 1,234.50 */, MONEY_COMMA /* 1.234,50 */ };

/* Decimals of a currency: 0, 2, 3 …; -1 for a code not in the table, or blocked until the vendor
   confirms its exponent (CLP, CVE, ISK): no money action on it. */
int currency_exponent(const char *currency);

/* What a person typed, read as an amount of that currency. 12,50 and 12.50 and 1.234,50 are taken.
   An amount that can be read in two ways (1.234, 1,000) is ERR_AMBIGUOUS and readings[] holds both,
   the grouped one first, decimals that the currency lacks cut off; otherwise more decimals than the
   currency has is ERR_INVALID, never rounded. Only digits and the two marks: no sign, space,
   exponent or currency. Result > 0 and <= MONEY_MAX. */
bool money_parse(const char *text, const char *currency, enum money_style style,
                 struct money *out, int64_t readings[2], struct err *err);
/* "1.234,50": grouped when group is set. Writes at most size bytes; returns out. "?" if unknown. */
#define MONEY_TEXT_SIZE 40
const char *money_format(const struct money *money, enum money_style style, bool group,
                         char out[MONEY_TEXT_SIZE]);
struct money money_make(int64_t minor, const char *currency);
bool money_equal(const struct money *a, const struct money *b); /* both known, same, same */
bool money_add(int64_t a, int64_t b, int64_t *sum);             /* false on overflow */

/* --- times (contract 2) -------------------------------------------------------------------- */

#define STAMP_SIZE 40
struct stamp {
    char text[STAMP_SIZE]; /* as received, "" when absent */
    int64_t ms;            /* zoned: UTC. zone-less: the wall clock it shows, taken as if UTC */
    bool zoned;
};
bool stamp_parse(const char *text, struct stamp *out); /* false: keeps the text, ms = 0 */

/* --- references (contract 3) --------------------------------------------------------------- */

/* Which environment a reference's tag belongs to. The tag is the part between webcode and last '-',
   compared whole; a reference without a known tag belongs to none. */
enum ref_home { REF_ANY, REF_LIVE, REF_TEST };
enum ref_home reference_home(const char *reference, const char *webcode);
bool reference_allowed(const char *reference, const char *webcode, enum env env);

/* --- records: sessions, POS payments and modifications ------------------------------------- */

enum record_kind { REC_SESSION, REC_PAYMENT, REC_MODIFICATION };
#define RECORD_KINDS 3

struct attempt {
    const char *payment_reference, *status;
    struct stamp created;
};

/* One row of any of the three lists. Strings are borrowed from the arena of whoever made the
   record; NULL means absent. Unknown status and type words are kept as received, never guessed. */
struct record {
    enum record_kind kind;
    const char *id;                /* sessionId / posPaymentId / modificationReference */
    const char *payment_reference; /* what modifications act on; NULL until completed */
    const char *status;
    const char *type;              /* modification: refund, capture, cancel, extend, … */
    struct money amount;
    const char *description;
    const char *custom_reference;
    const char *poi_id;            /* POS payment */
    const char *reason;            /* refund */
    const char *failure_reason;    /* failed modification */
    const char *payment_status;    /* completed session */
    const char *payment_url;       /* only in the answer that creates a session */
    int is_preauth;                /* 1, 0, -1 not said */
    bool unclear;                  /* its amount, or a part that names what it is about, is there
                                      but cannot be read: it may be another than it seems */
    struct stamp created, completed, updated;
    const struct attempt *attempts;
    size_t attempt_count;
    const char *raw;               /* the API's own object as JSON text, unknown fields included */
};

/* What a status word says, for showing and sorting. It does not decide what is final: of a session
   only "completed" surely is (an "expired" or "cancelled" one may still change), so whoever stops
   asking about a row decides that itself - the cache for its rows, the journal for its intents. */
enum status_class {
    STATUS_OPEN,     /* pending, received */
    STATUS_GOOD,     /* completed, success, authorised */
    STATUS_BAD,      /* failed, refused, cancelled, expired */
    STATUS_OTHER     /* a word we do not know: not final, offer no money action */
};
enum status_class status_classify(enum record_kind kind, const char *status);

struct terminal {
    const char *poi_id, *status, *name, *model;
    struct stamp created, updated;
};

/* --- calls --------------------------------------------------------------------------------- */

/* Every endpoint of the contract; the table is in endpoints.c. */
enum endpoint {
    EP_SESSION_CREATE, EP_SESSION_GET, EP_SESSIONS, EP_SESSION_MODIFICATIONS,
    EP_REFUND, EP_CAPTURE, EP_CANCEL, EP_EXTEND,
    EP_MODIFICATIONS, EP_TERMINALS, EP_POS_CHARGE, EP_PAYMENTS, EP_PAYMENT_MODIFICATIONS,
    EP_COUNT
};
bool endpoint_moves_money(enum endpoint endpoint); /* POST other than creating a pay link */

/* Query of a list call; NULL or 0 leaves a part out. Dates are "YYYY-MM-DD", inclusive. */
struct list_query {
    int page, limit;
    const char *status, *date_from, *date_to, *custom_reference, *poi_id, *cursor;
    bool sync_from_provider; /* terminals only */
};

/* What a list answer said about its pages; -1 or NULL where it did not say. */
struct page_info {
    int page, per_page, total_pages;
    int64_t total;
    int has_more;             /* 1, 0, -1 not said */
    const char *next_cursor;
};

/* The error envelope, or what little there was of it. Strings are as received. */
struct api_error {
    int code;              /* 0: absent */
    int http_status;
    const char *message, *trace_id; /* NULL: absent */
};

enum api_body {
    BODY_NONE,      /* nothing came, or it was cut */
    BODY_DATA,      /* {"success":true,"data":…} and data decoded for this endpoint */
    BODY_ERROR,     /* a whole error envelope */
    BODY_ALIEN      /* anything else: HTML, not JSON, too big, wrong shape (a proxy spoke) */
};

/* All a call brought back. Lives until the done callback returns: copy what you keep, or take what
   it is made of. */
struct api_answer {
    enum endpoint endpoint;
    bool left;              /* the first request byte was about to be written (PREREQ ran) */
    bool aborted;           /* on_leave refused, api_call_cancel(), or libcurl tried to resend */
    int http_status;        /* 0: no status line */
    enum api_body body;
    struct api_error error; /* BODY_ERROR; trace_id also where data carried one */
    struct record record;   /* BODY_DATA of a single-object endpoint */
    struct record *records; /* BODY_DATA of a list */
    size_t count;
    size_t skipped;         /* rows of the list that were no usable objects */
    struct page_info page;
    struct terminal *terminals; /* EP_TERMINALS; count as above */
    int retry_after_s;      /* of Retry-After, -1: none */
    int64_t server_utc_ms;  /* of the Date header, 0: none */
    char trouble[160];      /* technical text of a transport or decoding failure, "" if none. Where
                               the server was not believed it begins "certificate: ", "pin: ",
                               "ca_file: " or "tls: ": then neither request nor key has left */
    struct arena *strings;  /* records and texts; who moves the arena out keeps them. NULL: lent */
};

typedef void (*api_done_fn)(void *ctx, const struct api_answer *answer);
/* Right before the first byte of a money POST is written. Commit SENT here; false stops the call:
   nothing has left then (protocol row 4). Called at most once a call: a second time, libcurl's own
   resend, is refused by the client itself (reliability E1-E3). */
typedef bool (*api_leave_fn)(void *ctx);

struct api_request {
    enum endpoint endpoint;
    const char *id;              /* path parameter, where the endpoint has one */
    struct list_query query;
    const void *body;            /* POST: exact bytes; copied */
    size_t body_len;
    const char *idempotency_key; /* POST: required */
    api_leave_fn on_leave;       /* required where endpoint_moves_money() */
    api_done_fn done;            /* called exactly once, from the loop, never from api_call() */
    void *ctx;
    int64_t deadline_ms;         /* 0: the endpoint's default (reads 30 s, charge the setting) */
    bool no_retry;               /* GETs are otherwise retried with back-off up to 3 times */
};

struct api_settings {
    enum env env;
    const char *base_url;     /* live-style base; "test/" is appended unless env is live */
    const char *webcode;
    const char *api_key;      /* copied into locked memory, wiped at api_client_free() */
    const char *ca_file;      /* NULL: the system's */
    const char *pins;         /* NULL: none; else see api_pins_usable() */
    bool read_only;           /* POSTs are refused at this layer: ERR_DENIED */
    int64_t charge_timeout_ms; /* POS charge; 180 s by default */
    int64_t connect_timeout_ms; /* 0: 10 s */
};

/* "sha256//BASE64" of the server's public key, or two of them with ";" between: the spare is for
   the day the key is changed. They count beside the certificate, never instead of it. */
bool api_pins_usable(const char *pins);

struct api_client;
struct api_call;
/* NULL and err when the settings are unusable (URL not https and not loopback, control characters
   in the key, …). */
struct api_client *api_client_new(struct loop *loop, const struct api_settings *settings,
                                  struct err *err);
void api_client_free(struct api_client *client); /* calls under way end without their callback */
enum env api_client_env(const struct api_client *client);
const char *api_client_webcode(const struct api_client *client);
/* The URL a request would go to, for the journal. Returns out. */
const char *api_client_url(const struct api_client *client, enum endpoint endpoint, char *out,
                           size_t size);
/* Starts a call; NULL and err when it cannot even be tried (read-only, bad arguments): then done is
   never called. */
struct api_call *api_call(struct api_client *client, const struct api_request *request,
                          struct err *err);
/* Stops it; done is called (from the loop) with aborted set. */
void api_call_cancel(struct api_call *call);
size_t api_client_in_flight(const struct api_client *client);

/* --- bodies of POSTs: the exact bytes that the journal keeps ------------------------------- */

struct session_draft {
    struct money amount;
    const char *url_ok, *url_ko, *country, *locale, *description, *custom_reference, *deliver_at;
    bool is_preauth;
};
struct charge_draft {
    const char *poi_id;
    struct money amount;
    const char *description, *custom_reference;
    bool is_preauth;
};
struct modification_draft {
    const char *payment_reference;
    struct money amount;  /* refund, capture */
    const char *reason;   /* refund: one of refund_reasons[] */
};
extern const char *const refund_reasons[]; /* the API's exact values, NULL-terminated */
void body_session(struct buf *out, const char *webcode, const struct session_draft *draft);
void body_charge(struct buf *out, const char *webcode, const struct charge_draft *draft);
void body_modification(struct buf *out, const char *webcode, enum endpoint endpoint,
                       const struct modification_draft *draft);

/* Decodes one stored raw object again (cache rows keep only what lists need). Strings live in
   arena. */
bool record_from_json(struct arena *arena, enum record_kind kind, const char *json,
                      struct record *out, struct err *err);

/* --- error catalogue (contract 7) ---------------------------------------------------------- */

enum api_trouble {
    TROUBLE_OTHER, TROUBLE_KEY, TROUBLE_IP, TROUBLE_ACCESS, TROUBLE_PARAMETER, TROUBLE_DATE,
    TROUBLE_COUNTRY_FORMAT, TROUBLE_COUNTRY, TROUBLE_NOT_FOUND, TROUBLE_PROVIDER, TROUBLE_TERMINAL,
    TROUBLE_CONFLICT, TROUBLE_RATE
};
enum api_trouble api_trouble_of(int code, int http_status);
/* Codes listed as certainly raised before anything was executed: 11xxx, 12xxx, 10404. */
bool api_code_precedes_execution(int code);

#endif
