/* Hostile servers and hostile texts: redirects are not followed, no text of an operator changes the
   shape of a request, answers without end or measure end by our own limits while the screen goes on
   answering keys.
     network [--short|--full] [--seed N] [--part redirects|references|limits|keys] [-p CONSOLE] */
#include "support_network.h"

#include "../../api/api_internal.h"
#include "support_paper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- calls ------------------------------------------------------------------------------------ */

struct api_client *network_client(struct company *company, const char *base)
{
    struct err err = {0};
    const struct api_settings settings = {
        .env = ENV_TEST, .base_url = base, .webcode = "HOTEL9", .api_key = "canary-key"};
    struct api_client *client = api_client_new(company->loop, &settings, &err);
    if (!client) {
        fprintf(stderr, "cannot run: client: %s\n", err.detail);
        exit(2);
    }
    return client;
}

static void note(void *ctx, const struct api_answer *answer)
{
    struct network_got *got = ctx;
    got->over = true;
    got->status = answer->http_status;
    got->body = (int)answer->body;
    snprintf(got->trouble, sizeof got->trouble, "%s", answer->trouble);
}

static bool leaves(void *ctx)
{
    ((struct network_got *)ctx)->leaves++;
    return true;
}

static bool is_over(void *ctx)
{
    return ((struct network_got *)ctx)->over;
}

struct network_got network_ask(struct company *company, struct api_client *client,
                               struct api_request *request)
{
    struct network_got got = {0};
    struct err err = {0};
    int64_t begun = company_now_ms();
    request->done = note;
    request->ctx = &got;
    request->on_leave = leaves;
    if (!api_call(client, request, &err))
        snprintf(got.trouble, sizeof got.trouble, "refused: %.100s", err.detail);
    else if (!loop_run_until(company->loop, is_over, &got, COMPANY_LIMIT_MS))
        company_violation(company, "a call did not end");
    got.took_ms = company_now_ms() - begun;
    return got;
}

static struct api_request any_request(enum endpoint endpoint)
{
    struct api_request request = {.endpoint = endpoint, .id = "s1", .no_retry = true};
    bool post = endpoint_moves_money(endpoint) || endpoint == EP_SESSION_CREATE;
    request.body = post ? "{\"webcode\":\"HOTEL9\"}" : NULL;
    request.body_len = post ? strlen(request.body) : 0;
    request.idempotency_key = post ? "11111111-2222-4333-8444-555555555555" : NULL;
    return request;
}

/* --- redirects -------------------------------------------------------------------------------- */

struct pointer {
    int status;
    char headers[700];
    unsigned stolen; /* requests that brought what an earlier answer asked for */
};

static void point_elsewhere(struct peer *peer)
{
    struct buf request = {0};
    struct pointer *pointer = peer->ctx;
    while (peer_hear(peer, &request)) {
        if (strcasestr(request.data, "\r\ncookie:") ||
            strcasestr(request.data, "\r\nauthorization:"))
            pointer->stolen++;
        if (!peer_answer(peer, pointer->status, pointer->headers, "<html>moved</html>"))
            break;
    }
    buf_done(&request);
}

/* {P} another port, {H} another host's port, {S} another scheme's port. */
static const char *const places[] = {
    "Location: http://127.0.0.1:{P}/external/v1/test/\r\n",
    "Location: http://127.0.0.2:{H}/external/v1/test/\r\n",
    "Location: https://localhost:{S}/external/v1/test/\r\n",
    "Location: //127.0.0.2:{H}/\r\n",
    "Location: http://user:pw@127.0.0.1:{P}/\r\n",
    "Location: /external/v1/elsewhere\r\n",
    "Location: ../../../../elsewhere\r\n",
    "Location: file:///etc/passwd\r\n",
    "Location: ftp://127.0.0.1:{P}/x\r\n",
    "Location: http://127.0.0.1:{P}/\r\nLocation: http://127.0.0.2:{H}/\r\n",
    "Refresh: 0; url=http://127.0.0.1:{P}/\r\nContent-Location: http://127.0.0.1:{P}/\r\n",
    "Alt-Svc: h2=\"127.0.0.1:{P}\", http/1.1=\"127.0.0.2:{H}\"\r\n"
    "Set-Cookie: session=stolen; Path=/\r\nStrict-Transport-Security: max-age=1\r\n",
    "WWW-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Basic\r\n"
    "Location: http://127.0.0.1:{P}/\r\n",
};
static const int statuses[] = {300, 301, 302, 303, 305, 307, 308, 401, 407, 201, 426, 511};

static void fill_places(char *out, size_t size, const char *text, const int ports[3])
{
    struct buf filled;
    buf_init(&filled, size);
    for (; *text; text++) {
        const char *which = text[0] == '{' ? strchr("PHS", text[1]) : NULL;
        if (which)
            buf_printf(&filled, "%d", ports[which - "PHS"]);
        else
            buf_add(&filled, text, 1);
        text += which ? 2 : 0;
    }
    snprintf(out, size, "%s", filled.data);
    buf_done(&filled);
}

struct elsewhere {
    struct peer_server *servers[3]; /* another port, another host, another scheme */
    int ports[3];
};

static unsigned elsewhere_connections(const struct elsewhere *elsewhere)
{
    unsigned count = 0;
    for (int i = 0; i < 3; i++)
        count += peer_connections(elsewhere->servers[i]);
    return count;
}

static unsigned ask_all_endpoints(struct company *company, struct api_client *client,
                                  struct peer_server *server, const struct pointer *pointer)
{
    unsigned calls = 0;
    for (int endpoint = 0; endpoint < EP_COUNT; endpoint++, calls++) {
        struct api_request request = any_request((enum endpoint)endpoint);
        unsigned before = peer_requests(server);
        struct network_got got = network_ask(company, client, &request);
        unsigned requests = peer_requests(server) - before;
        if (requests != 1 || got.status != pointer->status)
            company_violation(company, "redirect %d of endpoint %d: %u requests, %d (%s): %s",
                              pointer->status, endpoint, requests, got.status, got.trouble,
                              pointer->headers);
    }
    return calls;
}

static void redirects(struct company *company)
{
    static const char *const addresses[] = {"127.0.0.1", "127.0.0.2", "127.0.0.1"};
    const struct paper_wish wish = {"elsewhere", "DNS:localhost", false, -1, 5};
    struct paper paper = paper_make(&wish, NULL);
    struct elsewhere elsewhere;
    struct pointer pointer = {0};
    struct peer_server *server = peer_start("127.0.0.1", NULL, point_elsewhere, &pointer);
    unsigned calls = 0;
    char base[64];
    for (int i = 0; i < 3; i++) {
        elsewhere.servers[i] = peer_start(addresses[i], i == 2 ? paper_server(&paper, NULL, 0, 0)
                                                               : NULL,
                                          peer_part_empty_lists, NULL);
        elsewhere.ports[i] = peer_port(elsewhere.servers[i]);
    }
    snprintf(base, sizeof base, "http://127.0.0.1:%d/external/v1/", peer_port(server));
    struct api_client *client = network_client(company, base);
    for (size_t i = 0; i < COUNT_OF(statuses) * COUNT_OF(places); i++) {
        pointer.status = statuses[i % COUNT_OF(statuses)];
        fill_places(pointer.headers, sizeof pointer.headers, places[i / COUNT_OF(statuses)],
                    elsewhere.ports);
        calls += ask_all_endpoints(company, client, server, &pointer);
    }
    unsigned followed = elsewhere_connections(&elsewhere);
    if (followed > 0 || pointer.stolen > 0)
        company_violation(company, "redirects: %u connections elsewhere, %u cookies or logins",
                          followed, pointer.stolen);
    printf("= answers that point elsewhere: %u\n= connections there: %u\n", calls, followed);
    api_client_free(client);
    peer_stop(server);
    for (int i = 0; i < 3; i++)
        peer_stop(elsewhere.servers[i]);
    paper_free(&paper);
}

/* --- references ------------------------------------------------------------------------------- */

struct keeper {
    char request[8192];
};

static void keep_request(struct peer *peer)
{
    struct buf request = {0};
    struct keeper *keeper = peer->ctx;
    while (peer_hear(peer, &request)) {
        snprintf(keeper->request, sizeof keeper->request, "%s", request.data);
        if (!peer_answer(peer, 404, "", "{}"))
            break;
    }
    buf_done(&request);
}

static void draw_reference(struct company *company, char *out, size_t size)
{
    static const char *const pieces[] = {
        "\r\n", "\r", "\n", "../", "..", "/", "?", "#", "%", "%00", "%2e%2e%2f", "%0d%0a", "\\",
        "&", "&webcode=EVIL", "=", "+", ";", ":", "@", " ", "\t", "\x7f", "\x01", "\x1b[31m", "\"",
        "'", "<", ">", "{id}", "|", "^", "`", "~", "*", "ñ", "\xe2\x80\xae", "\xff", "\x80",
        "\xc0\xaf",
        " HTTP/1.1\r\nX-Evil: 1\r\n\r\n", "http://evil.example/", "A", "RES-2026-1", "0", "",
    };
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t count = 1 + company_below(company, 12); count > 0; count--) {
        const char *piece = pieces[company_below(company, COUNT_OF(pieces))];
        if (len + strlen(piece) + 1 < size)
            len += (size_t)snprintf(out + len, size - len, "%s", piece);
    }
}

static size_t count_of(const char *text, size_t len, char wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == wanted;
    return count;
}

/* The reference, encoded by another hand than the client's. */
static void encode(char *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        out += plain ? snprintf(out, 2, "%c", c) : snprintf(out, 4, "%%%02X", c);
    }
    *out = '\0';
}

/* Line by line: the request line byte for byte, each header one that belongs there, once. */
static const char *trouble_of(const char *request, const char *line)
{
    static const char *const headers[] = {
        "Host: ",
        "User-Agent: ",
        "Content-Length: ",
        "X-API-KEY: canary-key\r\n",
        "Accept: application/json\r\n",
        "Content-Type: application/json\r\n",
        "Idempotency-Key: 11111111-2222-4333-8444-555555555555\r\n",
    };
    unsigned seen = 0;
    if (strncmp(request, line, strlen(line)) != 0)
        return "another request line";
    const char *at = request + strlen(line);
    while (strncmp(at, "\r\n", 2) != 0) {
        size_t i = 0;
        while (i < COUNT_OF(headers) && strncmp(at, headers[i], strlen(headers[i])) != 0)
            i++;
        const char *end = strstr(at, "\r\n");
        if (i == COUNT_OF(headers) || seen & 1u << i || !end)
            return "another header";
        seen |= 1u << i;
        at = end + 2;
    }
    return NULL;
}

static void check_request(struct company *company, const struct keeper *keeper, const char *line,
                          const char *reference)
{
    const char *trouble = trouble_of(keeper->request, line);
    if (trouble)
        company_violation(company, "reference \"%s\": %s: %s", reference, trouble, keeper->request);
}

static void ask_with(struct company *company, struct api_client *client, struct keeper *keeper,
                     const char *reference)
{
    char encoded[700], line[2000];
    encode(encoded, reference);
    struct api_request request = any_request(EP_SESSION_MODIFICATIONS);
    request.id = reference;
    request.query.cursor = reference;
    struct network_got got = network_ask(company, client, &request);
    snprintf(line, sizeof line,
             "GET /external/v1/test/payment/session/%s/modifications?webcode=HOTEL9%s%s"
             " HTTP/1.1\r\n",
             encoded, encoded[0] ? "&cursor=" : "", encoded);
    if (!reference[0] || strcmp(reference, ".") == 0 || strcmp(reference, "..") == 0) {
        if (strncmp(got.trouble, "refused: ", 9) != 0)
            company_violation(company, "the path \"%s\" was taken", reference);
    } else {
        check_request(company, keeper, line, reference);
    }
    request = any_request(EP_PAYMENTS);
    request.query = (struct list_query){.custom_reference = reference, .poi_id = reference};
    network_ask(company, client, &request);
    snprintf(line, sizeof line,
             "GET /external/v1/test/pos/payments?webcode=HOTEL9%s%s%s%s HTTP/1.1\r\n",
             encoded[0] ? "&customReference=" : "", encoded, encoded[0] ? "&poiId=" : "", encoded);
    check_request(company, keeper, line, reference);
}

/* In the body of a POST: one JSON text whose member is the reference, and nothing of it outside. */
static void post_with(struct company *company, struct api_client *client, struct keeper *keeper,
                      const char *reference)
{
    const struct charge_draft draft = {.poi_id = "V400m-1",
                                       .amount = money_make(500, "EUR"),
                                       .description = reference,
                                       .custom_reference = reference};
    struct buf body;
    struct json_doc doc;
    buf_init(&body, 8000);
    body_charge(&body, "HOTEL9", &draft);
    struct api_request request = any_request(EP_POS_CHARGE);
    request.body = body.data;
    request.body_len = body.len;
    network_ask(company, client, &request);
    check_request(company, keeper, "POST /external/v1/test/pos/payment HTTP/1.1\r\n", reference);
    const char *sent = strstr(keeper->request, "\r\n\r\n");
    if (!sent || strcmp(sent + 4, body.data) != 0)
        company_violation(company, "reference \"%s\": another body: %s", reference,
                          keeper->request);
    if (json_open(&doc, body.data, body.len, NULL)) {
        const char *back = json_text(json_member(doc.root, "customReference"));
        if (strcmp(back ? back : "", reference) != 0)
            company_violation(company, "reference \"%s\" is \"%s\" in the body", reference, back);
        json_close(&doc);
    } else if (count_of(reference, strlen(reference), '\xff') +
                   count_of(reference, strlen(reference), '\x80') +
                   count_of(reference, strlen(reference), '\xc0') == 0) {
        company_violation(company, "reference \"%s\": no JSON: %s", reference, body.data);
    }
    buf_done(&body);
}

static void references(struct company *company)
{
    int times = company->full ? 5000 : 1000, done = 0;
    struct keeper keeper = {0};
    char base[64], reference[160];
    struct peer_server *server = peer_start("127.0.0.1", NULL, keep_request, &keeper);
    snprintf(base, sizeof base, "http://127.0.0.1:%d/external/v1/", peer_port(server));
    struct api_client *client = network_client(company, base);
    for (; done < times && !company_interrupted(); done++) {
        draw_reference(company, reference, sizeof reference);
        ask_with(company, client, &keeper, reference);
        post_with(company, client, &keeper, reference);
    }
    api_client_free(client);
    peer_stop(server);
    printf("= fuzzed references in paths, queries and bodies: %d\n", done);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct company *company);
    } parts[] = {{"redirects", redirects},
                 {"references", references},
                 {"limits", network_limits},
                 {"keys", network_keys}};
    struct company company = {.settings = sim_settings_default()};
    if (!company_open(&company, argc, argv,
                      "network [--short|--full] [--seed N] [--part NAME] [-p CONSOLE]"))
        return 2;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (company_wants(&company, parts[i].name))
            parts[i].run(&company);
    int status = company_interrupted() ? 2 : company.violations > 0;
    printf("= network violations: %llu\n", (unsigned long long)company.violations);
    company_close(&company);
    return status;
}
