/* The life of a call: checked, sent, tried again where that is harmless, decoded, handed over.
   GETs are tried up to three times; POSTs are sent once, whatever happens. */
#include "wire.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_TIMEOUT_MS    30000
#define CHARGE_TIMEOUT_MS  180000
#define CONNECT_TIMEOUT_MS 10000
#define TRIES_MAX          3
#define BACKOFF_MS         500 /* doubles with each try */
#define RETRY_AFTER_MAX_S  60
#define BODY_MAX_OBJECT    ((size_t)1024 * 1024)
#define BODY_MAX_LIST      ((size_t)8 * 1024 * 1024)
#define KEY_MAX            4096
#define ID_MAX             512
#define PIN_WORD           "sha256//"
#define PIN_LEN            (strlen(PIN_WORD) + 44) /* 32 bytes in base64 */

/* --- the client --------------------------------------------------------------------------- */

/* libcurl sends header values as they are: only printable ASCII goes there. */
static bool header_value_fine(const char *value, size_t max)
{
    size_t len = value ? strlen(value) : 0;
    for (size_t i = 0; i < len; i++)
        if (value[i] < 0x21 || value[i] > 0x7e)
            return false;
    return len > 0 && len <= max;
}

static bool pin_fine(const char *pin)
{
    unsigned char hash[32];
    size_t len;
    return strncmp(pin, PIN_WORD, strlen(PIN_WORD)) == 0 &&
           sodium_base642bin(hash, sizeof(hash), pin + strlen(PIN_WORD), PIN_LEN - strlen(PIN_WORD),
                             NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           len == sizeof(hash);
}

bool api_pins_usable(const char *pins)
{
    const char *spare = strlen(pins) == 2 * PIN_LEN + 1 && pins[PIN_LEN] == ';'
                            ? pins + PIN_LEN + 1
                            : NULL;
    if (!spare)
        return strlen(pins) == PIN_LEN && pin_fine(pins);
    return pin_fine(pins) && pin_fine(spare) && strncmp(pins, spare, PIN_LEN) != 0;
}

static bool settings_fine(const struct api_settings *settings, struct err *err)
{
    if (!settings->base_url || !settings->webcode || !*settings->webcode)
        return err_set(err, ERR_INVALID, "base URL and webcode are needed");
    if (!header_value_fine(settings->api_key, KEY_MAX))
        return err_set(err, ERR_INVALID,
                       "the API key is empty, too long, or not plain characters");
    if (settings->pins && !api_pins_usable(settings->pins)) /* libcurl may take it for no pin */
        return err_set(err, ERR_INVALID, "pins are no SHA-256 hashes of public keys");
    return true;
}

struct api_client *api_client_new(struct loop *loop, const struct api_settings *settings,
                                  struct err *err)
{
    if (!settings_fine(settings, err))
        return NULL;
    const char *scheme = NULL;
    char *base = client_base_url(settings->base_url, settings->env, &scheme, err);
    if (!base)
        return NULL;
    size_t key_size = strlen(settings->api_key) + 1;
    char *key = sodium_init() < 0 ? NULL : sodium_malloc(key_size);
    if (!key) {
        free(base);
        err_set(err, ERR_SYSTEM, "no locked memory for the API key");
        return NULL;
    }
    memcpy(key, settings->api_key, key_size);
    sodium_mprotect_readonly(key);
    struct api_client *client = mem_alloc(sizeof(*client));
    *client = (struct api_client){
        .loop = loop,
        .env = settings->env,
        .base = base,
        .scheme = scheme,
        .webcode = mem_strdup(settings->webcode),
        .ca_file = mem_strdup(settings->ca_file),
        .pins = mem_strdup(settings->pins),
        .key = key,
        .read_only = settings->read_only,
        .charge_timeout_ms =
            settings->charge_timeout_ms > 0 ? settings->charge_timeout_ms : CHARGE_TIMEOUT_MS,
        .connect_timeout_ms =
            settings->connect_timeout_ms > 0 ? settings->connect_timeout_ms : CONNECT_TIMEOUT_MS,
        .asleep_ms = INT64_MAX / 2, /* the first look only takes the measure */
    };
    return client;
}

enum env api_client_env(const struct api_client *client)
{
    return client->env;
}

const char *api_client_webcode(const struct api_client *client)
{
    return client->webcode;
}

size_t api_client_in_flight(const struct api_client *client)
{
    return client->in_flight;
}

const char *api_client_url(const struct api_client *client, enum endpoint endpoint, char *out,
                           size_t size)
{
    snprintf(out, size, "%s%s", client->base, endpoint_row(endpoint)->path);
    return out;
}

/* --- the end of a call -------------------------------------------------------------------- */

static void call_unlink(struct api_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        call->client->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->client->in_flight--;
}

static void call_free(struct api_call *call)
{
    free(call->url);
    buf_done(&call->body);
    free(call);
}

void api_client_free(struct api_client *client)
{
    if (!client)
        return;
    while (client->calls) {
        struct api_call *call = client->calls;
        loop_timer_stop(client->loop, call->timer);
        client_attempt_drop(call);
        client_decode_drop(call);
        call_unlink(call);
        call_free(call);
    }
    free(client->base);
    free(client->webcode);
    free(client->ca_file);
    free(client->pins);
    sodium_free(client->key); /* wipes */
    free(client);
}

void client_decode_here(struct api_call *call, const struct attempt_result *result,
                        struct api_answer *answer, struct arena *arena)
{
    *answer = (struct api_answer){
        .endpoint = call->endpoint,
        .left = call->left,
        .aborted = call->aborted && !result->whole, /* an answer that came whole counts */
        .http_status = result->http_status,
        .retry_after_s = result->retry_after_s,
        .server_utc_ms = result->server_utc_ms,
    };
    if (!result->whole) /* nobody reads the megabytes before a break, so nobody waits for them */
        buf_done(&call->body);
    client_hide_key(&call->body, call->client->key);
    wire_decode(answer, arena, call->body.data, call->body.len);
    if (result->too_big)
        answer->body = BODY_ALIEN;
    if (!answer->trouble[0])
        memcpy(answer->trouble, result->trouble, sizeof(answer->trouble));
}

/* The callback may free the client or start calls: nothing of the client is touched after it. */
void client_call_over(struct api_call *call, struct api_answer *answer, struct arena *arena)
{
    answer->strings = arena;
    call_unlink(call);
    call->aborted = true; /* a cancel from its own callback comes too late */
    call->done(call->ctx, answer);
    arena_done(arena);
    call_free(call);
}

static void call_finish(struct api_call *call, const struct attempt_result *result)
{
    struct arena arena = {0};
    struct api_answer answer;
    if (result->whole && call->body.len > LONG_BODY && client_decode_start(call, result))
        return;
    client_decode_here(call, result, &answer, &arena);
    client_call_over(call, &answer, &arena);
}

static void call_end_cancelled(void *ctx)
{
    struct api_call *call = ctx;
    call->timer = NULL;
    client_attempt_drop(call);
    call_finish(call, &(struct attempt_result){.retry_after_s = -1, .trouble = "cancelled"});
}

void api_call_cancel(struct api_call *call)
{
    if (call->aborted || call->decoding)
        return; /* its end is under way */
    call->aborted = true;
    loop_timer_stop(call->client->loop, call->timer);
    /* Not at once: this may run inside one of libcurl's callbacks. */
    call->timer = loop_timer_start(call->client->loop, 0, call_end_cancelled, call);
}

/* --- trying again ------------------------------------------------------------------------- */

/* Milliseconds until the next try; -1 when there is none. */
static int64_t call_next_try(const struct api_call *call, const struct attempt_result *result)
{
    bool busy = result->http_status == 429 || result->http_status >= 500;
    bool broken = !result->whole && !result->too_big && !result->futile;
    if (call->post || call->no_retry || call->aborted || call->tries >= TRIES_MAX ||
        !(busy || broken))
        return -1;
    int64_t wait = (int64_t)BACKOFF_MS << (call->tries - 1);
    wait += random_below((uint32_t)wait / 2); /* so that many consoles do not knock together */
    if (result->retry_after_s > RETRY_AFTER_MAX_S)
        return -1;
    if ((int64_t)result->retry_after_s * 1000 > wait)
        wait = (int64_t)result->retry_after_s * 1000;
    return clock_boot_ms() + wait < call->deadline ? wait : -1;
}

static void call_try_again(void *ctx)
{
    struct api_call *call = ctx;
    call->timer = NULL;
    call->tries++;
    if (!client_attempt_start(call, NULL, 0, NULL))
        call_finish(call, &(struct attempt_result){.retry_after_s = -1,
                                                   .trouble = "libcurl cannot start a request"});
}

void client_attempt_done(struct api_call *call, const struct attempt_result *result)
{
    int64_t wait = call_next_try(call, result);
    if (wait >= 0) {
        call->timer = loop_timer_start(call->client->loop, wait, call_try_again, call);
        return;
    }
    loop_timer_stop(call->client->loop, call->timer); /* of a cancel in this very turn */
    call->timer = NULL;
    call_finish(call, result);
}

/* --- starting a call ---------------------------------------------------------------------- */

/* The id as one path segment. "." and ".." would climb even when encoded. */
static bool call_add_path(struct buf *url, const char *path, const char *id, struct err *err)
{
    const char *hole = strstr(path, "{id}");
    if (!hole) {
        buf_puts(url, path);
        return true;
    }
    if (!id || !*id || strlen(id) > ID_MAX || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
        return err_set(err, ERR_INVALID, "no usable id for the path");
    buf_add(url, path, (size_t)(hole - path));
    wire_percent(url, id);
    buf_puts(url, hole + strlen("{id}"));
    return true;
}

static bool call_build_url(const struct api_client *client, const struct api_request *request,
                           struct buf *url, struct err *err)
{
    const struct endpoint_row *row = endpoint_row(request->endpoint);
    buf_puts(url, client->base);
    if (!call_add_path(url, row->path, request->id, err))
        return false;
    if (!row->post) {
        struct buf query;
        buf_init(&query, url->max);
        wire_query(&query, row, client->webcode, &request->query);
        buf_printf(url, "?%s", query.data);
        buf_done(&query);
    }
    return !url->over || err_set(err, ERR_INVALID, "the request is too long");
}

static bool call_check(const struct api_client *client, const struct api_request *request,
                       struct err *err)
{
    const struct endpoint_row *row = endpoint_row(request->endpoint);
    if (!request->done)
        return err_set(err, ERR_INVALID, "no callback");
    if (!row->post)
        return true;
    if (client->read_only)
        return err_set(err, ERR_DENIED, "read-only");
    if (!header_value_fine(request->idempotency_key, 255))
        return err_set(err, ERR_INVALID, "no usable idempotency key");
    if (!request->body || !request->body_len || request->body_len > BODY_MAX_OBJECT)
        return err_set(err, ERR_INVALID, "no usable body");
    if (row->money && !request->on_leave)
        return err_set(err, ERR_INVALID, "money without on_leave");
    return true;
}

static int64_t call_deadline_ms(const struct api_client *client, const struct api_request *request)
{
    if (request->deadline_ms > 0)
        return request->deadline_ms;
    return request->endpoint == EP_POS_CHARGE ? client->charge_timeout_ms : READ_TIMEOUT_MS;
}

struct api_call *api_call(struct api_client *client, const struct api_request *request,
                          struct err *err)
{
    const struct endpoint_row *row = endpoint_row(request->endpoint);
    struct buf url;
    buf_init(&url, 8000);
    if (!call_check(client, request, err) || !call_build_url(client, request, &url, err)) {
        buf_done(&url);
        return NULL;
    }
    struct api_call *call = mem_alloc(sizeof(*call));
    *call = (struct api_call){
        .client = client,
        .endpoint = request->endpoint,
        .post = row->post,
        .no_retry = request->no_retry,
        .url = url.data,
        .on_leave = row->post ? request->on_leave : NULL,
        .done = request->done,
        .ctx = request->ctx,
        .deadline = clock_boot_ms() + call_deadline_ms(client, request),
        .tries = 1,
    };
    buf_init(&call->body, row->shape == SHAPE_RECORD ? BODY_MAX_OBJECT : BODY_MAX_LIST);
    if (!client_attempt_start(call, request->body, request->body_len, request->idempotency_key)) {
        call_free(call);
        err_set(err, ERR_SYSTEM, "libcurl cannot start a request");
        return NULL;
    }
    call->next = client->calls;
    if (call->next)
        call->next->prev = call;
    client->calls = call;
    client->in_flight++;
    return call;
}
