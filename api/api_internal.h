/* Shared among api/ files only: transfers of the loop, JSON, the wire, the endpoint table and the
   two halves of the client. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api.h"

/* --- loop.c: transfers. An easy handle of libcurl ("CURL *", void here so that only loop.c and
   client*.c include curl) is run until done(ctx, CURLcode) is called from loop_turn(); the handle
   has been taken off the loop before that. The first call starts libcurl: a first screen does not
   pay. */
typedef void (*loop_transfer_fn)(void *ctx, int curl_code);
bool loop_transfers_ready(struct loop *loop); /* false: libcurl does not start */
bool loop_transfer_add(struct loop *loop, void *easy, loop_transfer_fn done, void *ctx);
void loop_transfer_remove(struct loop *loop, void *easy); /* done will not be called */

/* --- json.c: a strictly checked document. Every number is kept as the text it was written as. ---
 */

#define JSON_DEPTH_MAX  32
#define JSON_VALUES_MAX 100000
#define JSON_STRING_MAX ((size_t)64 * 1024)

struct cJSON; /* a value; only json.c looks inside */
struct json_extent {
    uint32_t start, len; /* of one object in the text */
};
struct json_doc {
    struct cJSON *root;
    const char *text; /* the caller's; must outlive the document */
    struct json_extent *objects;
    size_t object_count, object_cap;
};
/* False and ERR_DATA for anything that is not RFC 8259, or passes a limit above, or has two members
   of one name, \u0000, a lone surrogate, or something after the value. */
bool json_open(struct json_doc *doc, const char *text, size_t len, struct err *err);
void json_close(struct json_doc *doc);

/* All take NULL for "no value" and answer NULL, false or -1. A JSON null is no value either. */
const struct cJSON *json_member(const struct cJSON *object, const char *name);
const struct cJSON *json_first(const struct cJSON *array); /* NULL: empty, or no array */
const struct cJSON *json_next(const struct cJSON *element);
void json_drop_first(const struct cJSON *array); /* frees the first element, which there must be */
bool json_is_array(const struct cJSON *value);
bool json_is_object(const struct cJSON *value);
const char *json_text(const struct cJSON *value); /* a string, or a number as written */
bool json_integer(const struct cJSON *value,
                  int64_t *out); /* -?(0|[1-9][0-9]{0,14}), nothing else */
int json_truth(
    const struct cJSON *value); /* true 1, false 0, otherwise -1; "true" and 1 pass too */
/* The object exactly as received. */
const char *json_raw(const struct json_doc *doc, const struct cJSON *object, size_t *len);

/* --- client.c (life of a call) and client_transfer.c (one attempt of it, libcurl) ------------- */

struct api_client {
    struct loop *loop;
    struct decoding *decodings; /* of long answers: at work, and those that wait for it */
    enum env env;
    char *base;         /* with the environment's part and a slash at the end */
    const char *scheme; /* the one scheme transfers may use */
    char *webcode, *ca_file, *pins;
    char *key; /* sodium_malloc() */
    bool read_only;
    int64_t charge_timeout_ms, connect_timeout_ms;
    struct api_call *calls; /* doubly linked */
    size_t in_flight;
    int64_t asleep_ms;   /* BOOTTIME - MONOTONIC when last looked: grows over a suspend */
    int64_t fresh_until; /* boot ms; connections from before a suspend are not reused till then */
};

/* What an attempt brought back, besides the bytes in api_call.body. */
struct attempt_result {
    bool whole;   /* libcurl saw the end of the answer */
    bool too_big; /* it passed a cap */
    bool futile;  /* trying again cannot help (the server was not believed) */
    int http_status, retry_after_s;
    int64_t server_utc_ms;
    char trouble[160];
};

struct api_call {
    struct api_call *next, *prev;
    struct api_client *client;
    enum endpoint endpoint;
    bool post, no_retry;
    char *url;
    api_leave_fn on_leave;
    api_done_fn done;
    void *ctx;
    int64_t deadline; /* boot ms, for all attempts together */
    int tries;
    struct loop_timer *timer; /* the next try, or the end of a cancelled call */
    bool left, aborted;
    /* of the attempt under way */
    void *easy;
    struct curl_slist *headers;
    struct buf body;
    size_t header_bytes;
    bool too_big;
    char trouble[256]; /* CURL_ERROR_SIZE: libcurl writes here */
    /* after the last attempt */
    struct decoding *decoding; /* a thread reads what came; NULL: none does */
};

/* Starts an attempt; attempt_done() of client.c is called when it is over, unless dropped before.
   body is NULL for a GET; idempotency_key goes with a POST. */
bool client_attempt_start(struct api_call *call, const void *body, size_t body_len,
                          const char *idempotency_key);
void client_attempt_drop(struct api_call *call);
void client_attempt_done(struct api_call *call, const struct attempt_result *result);
/* Reads what came, touching nothing of the client but its key; then, in the loop's thread, hands
   the answer over and frees the call. */
void client_decode_here(struct api_call *call, const struct attempt_result *result,
                        struct api_answer *answer, struct arena *arena);
void client_call_over(struct api_call *call, struct api_answer *answer, struct arena *arena);
/* client_decode.c: the same by a thread, for answers longer than LONG_BODY bytes. False: there is
   none to be had. Dropping waits for it and calls nobody. */
#define LONG_BODY ((size_t)256 * 1024)
bool client_decode_start(struct api_call *call, const struct attempt_result *result);
void client_decode_drop(struct api_call *call);
/* wiping.c: for libcurl. */
void wiping_free(void *memory);
void *wiping_realloc(void *old, size_t size);
/* client_echo.c: strikes the key out of what was received. */
void client_hide_key(struct buf *body, const char *key);
/* The base URL that settings lead to, ending in a slash; NULL and err when they must not be used.
 */
char *client_base_url(const char *base_url, enum env env, const char **scheme, struct err *err);

#endif
