/* One attempt of a call: an easy handle of libcurl, set up so that
   - a POST puts at most one request on the wire. On a reused connection libcurl resends a POST by
     itself when the server closes without an answer, so POSTs get a fresh connection, and the
     pre-request callback refuses to run twice;
   - "did it leave?" is answered by that callback alone. Result codes cannot tell: a refused resend
     reports an abort though the first request was executed;
   - nothing but the configured origin is talked to: no proxy, redirect, cookie, netrc or variable;
   - nothing grows without bound: sizes are counted in the callbacks. */
#include "wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEADERS_MAX ((size_t)64 * 1024)
#define KEEPALIVE_S 30L
#define SUSPEND_MS  1000 /* more sleep than this and pooled connections are suspect */

_Static_assert(sizeof(((struct api_call *)0)->trouble) >= CURL_ERROR_SIZE, "libcurl's minimum");

/* --- the base URL ------------------------------------------------------------------------- */

static bool host_is_loopback(const char *host)
{
    struct in_addr four;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0;
}

/* Being out of memory is not the same as being absent. */
static bool url_get(CURLU *url, CURLUPart part, char **out)
{
    CURLUcode code = curl_url_get(url, part, out, 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        mem_exhausted();
    return code == CURLUE_OK;
}

static bool url_set(CURLU *url, const char *text)
{
    CURLUcode code = url ? curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS)
                         : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OUT_OF_MEMORY)
        mem_exhausted();
    return code == CURLUE_OK;
}

static const char *base_url_trouble(CURLU *url, enum env env, const char **scheme)
{
    static const CURLUPart absent[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                       CURLUPART_FRAGMENT};
    char *part = NULL;
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        if (url_get(url, absent[i], &part)) {
            curl_free(part);
            return "the base URL must have no user, query or fragment";
        }
    }
    if (!url_get(url, CURLUPART_HOST, &part))
        return "the base URL has no host";
    bool loopback = host_is_loopback(part);
    curl_free(part);
    if (!url_get(url, CURLUPART_SCHEME, &part))
        return "the base URL has no scheme";
    *scheme = strcmp(part, "https") == 0 ? "https" : strcmp(part, "http") == 0 ? "http" : NULL;
    curl_free(part);
    if (!*scheme || (strcmp(*scheme, "http") == 0 && !loopback))
        return "the base URL must be https";
    if (env == ENV_TRAINING && !loopback)
        return "training talks to this machine only";
    return NULL;
}

char *client_base_url(const char *base_url, enum env env, const char **scheme, struct err *err)
{
    CURLU *url = curl_url();
    const char *trouble = NULL;
    char *whole = NULL, *base = NULL;
    if (!url_set(url, base_url) || !url_get(url, CURLUPART_URL, &whole))
        trouble = "the base URL is malformed";
    else
        trouble = base_url_trouble(url, env, scheme);
    if (!trouble) {
        struct buf text;
        buf_init(&text, 2000);
        buf_puts(&text, whole);
        if (text.data[text.len - 1] != '/')
            buf_puts(&text, "/");
        if (text.len >= 6 && strcmp(text.data + text.len - 6, "/test/") == 0)
            trouble = "the base URL is the live one; test/ is added by the environment";
        if (env != ENV_LIVE)
            buf_puts(&text, "test/");
        if (text.over)
            trouble = "the base URL is too long";
        if (!trouble)
            base = mem_strdup(text.data);
        buf_done(&text);
    }
    curl_free(whole);
    curl_url_cleanup(url);
    if (trouble)
        err_set(err, ERR_INVALID, "%s", trouble);
    return base;
}

/* --- callbacks of libcurl ----------------------------------------------------------------- */

/* The point of no return: connection and TLS are up, the first byte is about to be written. */
static int transfer_leaves(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    struct api_call *call = ctx;
    if (call->aborted)
        return CURL_PREREQFUNC_ABORT;
    if (call->post && call->left) {
        call->aborted = true; /* libcurl wants to send the same request again */
        return CURL_PREREQFUNC_ABORT;
    }
    if (call->on_leave && !call->on_leave(call->ctx)) {
        call->aborted = true;
        return CURL_PREREQFUNC_ABORT;
    }
    call->left = true;
    return CURL_PREREQFUNC_OK;
}

static size_t transfer_takes_body(char *data, size_t size, size_t count, void *ctx)
{
    struct api_call *call = ctx;
    if (buf_add(&call->body, data, size * count))
        return size * count;
    call->too_big = true;
    return 0;
}

static size_t transfer_takes_header(char *data, size_t size, size_t count, void *ctx)
{
    (void)data;
    struct api_call *call = ctx;
    call->header_bytes += size * count;
    if (call->header_bytes <= HEADERS_MAX)
        return size * count;
    call->too_big = true;
    return 0;
}

/* --- setting up --------------------------------------------------------------------------- */

/* The list holds a copy of the key: it is made for one attempt and wiped with it. */
static void headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *line = headers; line; line = line->next)
        sodium_memzero(line->data, strlen(line->data));
    curl_slist_free_all(headers);
}

static bool headers_add(struct curl_slist **headers, const char *name, const char *value)
{
    char line[4352]; /* the longest key and its name */
    int len = snprintf(line, sizeof(line), "%s: %s", name, value);
    assert(len > 0 && (size_t)len < sizeof(line));
    struct curl_slist *longer = curl_slist_append(*headers, line);
    sodium_memzero(line, sizeof(line));
    if (longer)
        *headers = longer;
    return longer != NULL;
}

static bool transfer_set_headers(struct api_call *call, const char *idempotency_key)
{
    bool fine = headers_add(&call->headers, "X-API-KEY", call->client->key) &&
                headers_add(&call->headers, "Accept", "application/json");
    if (fine && call->post) {
        struct curl_slist *longer = curl_slist_append(call->headers, "Expect:");
        if (longer)
            call->headers = longer;
        fine = longer && headers_add(&call->headers, "Content-Type", "application/json") &&
               headers_add(&call->headers, "Idempotency-Key", idempotency_key);
    }
    return fine && curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK;
}

#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

/* Debian's libcurl also searches a directory of certificates: without emptying that, a CA file of
   one's own would be believed beside the system's, not instead of them. */
static bool transfer_trust_only(CURL *easy, const char *ca_file)
{
    return SET(CURLOPT_CAINFO, ca_file) && SET(CURLOPT_CAPATH, (char *)NULL);
}

/* What every attempt has in common: where it may go and what it may trust. */
static bool transfer_set_limits(CURL *easy, const struct api_client *client)
{
    return SET(CURLOPT_PROTOCOLS_STR, client->scheme) &&
           SET(CURLOPT_REDIR_PROTOCOLS_STR, client->scheme) && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(CURLOPT_MAXREDIRS, 0L) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
           SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           (!client->ca_file || transfer_trust_only(easy, client->ca_file)) &&
           (!client->pins || SET(CURLOPT_PINNEDPUBLICKEY, client->pins)) &&
           SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOPROXY, "*") &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
           SET(CURLOPT_UNRESTRICTED_AUTH, 0L) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
           SET(CURLOPT_PATH_AS_IS, 1L) && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_VERBOSE, 0L) &&
           SET(CURLOPT_QUICK_EXIT, 1L) && /* a hung name look-up must not hang us */
           SET(CURLOPT_TCP_KEEPALIVE, 1L) && SET(CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S) &&
           SET(CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S) && SET(CURLOPT_MAXAGE_CONN, 30L) &&
           SET(CURLOPT_MAXLIFETIME_CONN, 300L) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms) &&
           SET(CURLOPT_USERAGENT, "avirato-console/" VERSION);
}

static bool transfer_set_callbacks(CURL *easy, struct api_call *call)
{
    return SET(CURLOPT_ERRORBUFFER, call->trouble) &&
           SET(CURLOPT_WRITEFUNCTION, transfer_takes_body) && SET(CURLOPT_WRITEDATA, call) &&
           SET(CURLOPT_HEADERFUNCTION, transfer_takes_header) && SET(CURLOPT_HEADERDATA, call) &&
           SET(CURLOPT_PREREQFUNCTION, transfer_leaves) && SET(CURLOPT_PREREQDATA, call) &&
           SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->body.max);
}

static bool transfer_set_post(CURL *easy, const void *body, size_t len)
{
    return SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) &&
           SET(CURLOPT_COPYPOSTFIELDS, body) && SET(CURLOPT_FRESH_CONNECT, 1L) &&
           SET(CURLOPT_FORBID_REUSE, 1L) && SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* After a suspend pooled connections are dead or re-routed; they are left to age out. */
static bool transfer_needs_fresh(struct api_client *client)
{
    int64_t now = clock_boot_ms(), asleep = now - monotonic_ms();
    if (asleep - client->asleep_ms > SUSPEND_MS)
        client->fresh_until = now + 31 * 1000;
    client->asleep_ms = asleep;
    return now < client->fresh_until;
}

static bool transfer_set_get(CURL *easy, struct api_client *client)
{
    return SET(CURLOPT_HTTPGET, 1L) &&
           SET(CURLOPT_FRESH_CONNECT, transfer_needs_fresh(client) ? 1L : 0L) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
}

/* --- the attempt -------------------------------------------------------------------------- */

static void attempt_free(struct api_call *call)
{
    if (call->easy)
        curl_easy_cleanup(call->easy);
    call->easy = NULL;
    headers_free(call->headers);
    call->headers = NULL;
}

/* Seconds of a Retry-After header, number or date; -1 without one. */
static int header_retry_after(CURL *easy, int64_t server_utc_ms)
{
    struct curl_header *header;
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return -1;
    size_t digits = strspn(header->value, "0123456789");
    if (digits && !header->value[digits])
        return digits < 7 ? (int)strtol(header->value, NULL, 10) : 9999999;
    time_t date = curl_getdate(header->value, NULL);
    int64_t from = server_utc_ms ? server_utc_ms : clock_utc_ms();
    if (date <= 0)
        return -1;
    int64_t wait = (int64_t)date - from / 1000;
    return wait < 0 ? 0 : wait > 9999999 ? 9999999 : (int)wait;
}

static int64_t header_date(CURL *easy)
{
    struct curl_header *header;
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return 0;
    time_t date = curl_getdate(header->value, NULL);
    return date > 0 ? (int64_t)date * 1000 : 0;
}

/* Why a server was not believed. A handshake that was cut looks like one that was refused, so that
   one is worth another try. */
static const struct distrust {
    CURLcode code;
    const char *word;
    bool futile;
} distrusts[] = {
    {CURLE_PEER_FAILED_VERIFICATION, "certificate: ", true},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, "pin: ", true},
    {CURLE_SSL_CACERT_BADFILE, "ca_file: ", true},
    {CURLE_SSL_CONNECT_ERROR, "tls: ", false},
};

static void attempt_tell(const struct api_call *call, CURLcode code, struct attempt_result *result)
{
    const char *word = "";
    for (size_t i = 0; i < COUNT_OF(distrusts) && !call->left; i++) {
        if (distrusts[i].code != code)
            continue;
        word = distrusts[i].word;
        result->futile = distrusts[i].futile;
    }
    snprintf(result->trouble, sizeof(result->trouble), "%s%.*s", word,
             (int)(sizeof(result->trouble) - 1 - strlen(word)),
             call->trouble[0] ? call->trouble : curl_easy_strerror(code));
}

static void attempt_over(void *ctx, int curl_code)
{
    struct api_call *call = ctx;
    CURLcode code = (CURLcode)curl_code;
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    struct attempt_result result = {
        .whole = code == CURLE_OK,
        .too_big = call->too_big || code == CURLE_FILESIZE_EXCEEDED,
        .http_status = (int)status,
        .server_utc_ms = header_date(call->easy),
    };
    result.retry_after_s = header_retry_after(call->easy, result.server_utc_ms);
    if (result.too_big)
        snprintf(result.trouble, sizeof(result.trouble), "the answer is too long");
    else if (code != CURLE_OK)
        attempt_tell(call, code, &result);
    attempt_free(call);
    client_attempt_done(call, &result);
}

bool client_attempt_start(struct api_call *call, const void *body, size_t body_len,
                          const char *idempotency_key)
{
    assert(!call->easy && !call->headers);
    int64_t left_ms = call->deadline - clock_boot_ms();
    buf_clear(&call->body);
    call->header_bytes = 0;
    call->too_big = false;
    call->trouble[0] = '\0';
    CURL *easy = call->easy = loop_transfers_ready(call->client->loop) ? curl_easy_init() : NULL;
    if (easy && transfer_set_limits(easy, call->client) && transfer_set_callbacks(easy, call) &&
        (call->post ? transfer_set_post(easy, body, body_len)
                    : transfer_set_get(easy, call->client)) &&
        transfer_set_headers(call, idempotency_key) && SET(CURLOPT_URL, call->url) &&
        SET(CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1)) &&
        loop_transfer_add(call->client->loop, easy, attempt_over, call))
        return true;
    attempt_free(call);
    return false;
}

void client_attempt_drop(struct api_call *call)
{
    if (call->easy)
        loop_transfer_remove(call->client->loop, call->easy);
    attempt_free(call);
}
