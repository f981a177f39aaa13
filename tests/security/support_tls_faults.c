/* "It was not sent" and "the outcome is unknown" where a connection breaks: at the name, the
   connection, in the handshake, at the first byte of the answer, in its body. First the client
   alone, many times, judged as an operation is; then the real program. The bundled server's books
   say what has come of each key. And charges that are dropped right after reads on a warm
   connection: libcurl by itself would send them twice. */
#include "support_tls.h"
#include "support_gateway.h"

#include "../../cache/judge.h"

#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 60000, BREAK_MS = 2000 };

enum fault { AT_NAME, AT_CONNECT, AT_HELLO, AT_TLS, AT_FIRST, IN_BODY, FAULTS };
static const struct {
    const char *name;
    enum gateway_cut cut;
    bool leaves;
} faults[FAULTS] = {
    [AT_NAME] = {"name", GATEWAY_OPEN, false},    [AT_CONNECT] = {"connect", GATEWAY_OPEN, false},
    [AT_HELLO] = {"hello", GATEWAY_HELLO, false}, [AT_TLS] = {"TLS end", GATEWAY_TLS, false},
    [AT_FIRST] = {"first byte", GATEWAY_FIRST, true}, [IN_BODY] = {"body", GATEWAY_BODY, true},
};

/* --- one call of the client ------------------------------------------------------------------- */

struct shot {
    bool over, cut;       /* cut: no whole answer came */
    unsigned leaves;
    enum intent_state state;
    char key[UUID_SIZE], trouble[160];
};

static bool leaves(void *ctx)
{
    struct shot *shot = ctx;
    shot->leaves++;
    return true;
}

static void note(void *ctx, const struct api_answer *answer)
{
    struct shot *shot = ctx;
    const struct judge_intent intent = {.kind = OP_CHARGE,
                                        .attempt = 1,
                                        .env = ENV_TEST,
                                        .webcode = "HOTEL9",
                                        .target = COMPANY_TERMINAL_1,
                                        .amount = money_make(500, "EUR")};
    struct api_answer left = *answer;
    left.left = shot->leaves > 0; /* as operations take it */
    shot->state = judge_answer(&intent, &left).next;
    shot->cut = answer->body == BODY_NONE;
    if (answer->left != left.left) /* the client's own word must be the same */
        shot->leaves = 99;
    snprintf(shot->trouble, sizeof shot->trouble, "%s", answer->trouble);
    shot->over = true;
}

static bool is_over(void *shot)
{
    return ((struct shot *)shot)->over;
}

static void run(struct tls_lab *lab, struct api_client *client, struct api_request *request,
                struct shot *shot)
{
    struct err err = {0};
    request->done = note;
    request->ctx = shot;
    if (!api_call(client, request, &err) ||
        !loop_run_until(lab->company.loop, is_over, shot, PATIENCE_MS))
        company_violation(&lab->company, "a call did not end: %s", err.detail);
}

static void charge(struct tls_lab *lab, struct api_client *client, struct shot *shot)
{
    const struct charge_draft draft = {.poi_id = COMPANY_TERMINAL_1,
                                       .amount = money_make(500, "EUR")};
    struct buf body;
    *shot = (struct shot){0};
    random_uuid(shot->key);
    buf_init(&body, 4096);
    body_charge(&body, "HOTEL9", &draft);
    struct api_request request = {.endpoint = EP_POS_CHARGE,
                                  .body = body.data,
                                  .body_len = body.len,
                                  .idempotency_key = shot->key,
                                  .on_leave = leaves,
                                  .deadline_ms = BREAK_MS};
    run(lab, client, &request, shot);
    buf_done(&body);
}

static struct api_client *open_client(struct tls_lab *lab, const char *base)
{
    struct err err = {0};
    const struct api_settings settings = {.env = ENV_TEST,
                                          .base_url = base,
                                          .webcode = "HOTEL9",
                                          .api_key = "test-key",
                                          .ca_file = lab->authority,
                                          .connect_timeout_ms = BREAK_MS};
    struct api_client *client = api_client_new(lab->company.loop, &settings, &err);
    if (!client) {
        fprintf(stderr, "cannot run: client: %s\n", err.detail);
        exit(2);
    }
    return client;
}

/* --- the client alone ------------------------------------------------------------------------- */

struct gate {
    struct gateway gateway;
    struct peer_server *server;
    char base[200];
};

static void gate_open(struct tls_lab *lab, struct gate *gate, enum fault fault)
{
    gate->gateway = (struct gateway){.tls = paper_server(&lab->papers[PAPER_GOOD], NULL, 0, 0),
                                     .port = sim_port(lab->company.sim),
                                     .cut = faults[fault].cut};
    gate->server = peer_start("127.0.0.1", NULL, gateway_part, &gate->gateway);
    /* A label of 64 letters is no name: no network is asked. */
    snprintf(gate->base, sizeof gate->base, "https://%s:%d/external/v1/",
             fault == AT_NAME
                 ? "no-such-name-has-ever-been-seen-or-heard-of-by-anybody-in-the-world.in"
                 : "localhost",
             peer_port(gate->server));
    if (fault == AT_CONNECT)
        peer_close_door(gate->server);
}

static void gate_close(struct gate *gate)
{
    peer_stop(gate->server);
    SSL_CTX_free(gate->gateway.tls);
}

static bool is_right(struct tls_lab *lab, enum fault fault, const struct shot *shot)
{
    int64_t requests = sim_requests_of_key(lab->company.sim, shot->key);
    bool leaves = faults[fault].leaves;
    if (shot->cut && shot->state == (leaves ? INTENT_UNKNOWN : INTENT_VOID) &&
        shot->leaves == (leaves ? 1 : 0) && requests == (leaves ? 1 : 0))
        return true;
    company_violation(&lab->company,
                      "fault at %s: judged %s, on_leave ran %u times, the server saw %lld (%s)",
                      faults[fault].name, intent_state_name(shot->state), shot->leaves,
                      (long long)requests, shot->trouble);
    return false;
}

static void break_client(struct tls_lab *lab, enum fault fault, int times)
{
    struct gate gate;
    struct shot shot;
    int right = 0, done = 0;
    gate_open(lab, &gate, fault);
    struct api_client *client = open_client(lab, gate.base);
    for (; done < times && !company_interrupted(); done++) {
        charge(lab, client, &shot);
        right += is_right(lab, fault, &shot);
    }
    api_client_free(client);
    gate_close(&gate);
    printf("= faults at the %s, judged as the server's books say: %d of %d\n", faults[fault].name,
           right, done);
}

/* Without a fault the same way leads to a charge: else nothing above would prove anything. */
static void break_nothing(struct tls_lab *lab)
{
    struct gate gate;
    struct shot shot;
    gate_open(lab, &gate, AT_FIRST);
    gate.gateway.cut = GATEWAY_OPEN;
    struct api_client *client = open_client(lab, gate.base);
    charge(lab, client, &shot);
    if (shot.cut || shot.leaves != 1 || sim_executions_of_key(lab->company.sim, shot.key) != 1)
        company_violation(&lab->company, "without a fault: not charged (%s)", shot.trouble);
    api_client_free(client);
    gate_close(&gate);
}

/* --- the real program ------------------------------------------------------------------------- */

/* Its reads come first, on a connection of their own; the fault strikes the second one. */
static void break_program(struct tls_lab *lab, enum fault fault, int round)
{
    struct gate gate;
    struct company_env env;
    struct company_run run;
    char lines[300], amount[16];
    gate_open(lab, &gate, fault == AT_CONNECT ? AT_FIRST : fault);
    gate.gateway.cut = faults[fault].cut;
    gate.gateway.only_second = true;
    gate.gateway.shut_after_first = fault == AT_CONNECT;
    snprintf(lines, sizeof lines, "ca_file = %s\n", lab->authority);
    tls_env(lab, &env, "localhost", peer_port(gate.server), lines);
    snprintf(amount, sizeof amount, "%d.%d0", 20 + round, fault);
    company_do(&lab->company, &run, &env,
               (const char *[]){"charge", "--terminal",
                                fault == IN_BODY ? COMPANY_TERMINAL_2 : COMPANY_TERMINAL_1,
                                "--amount", amount, "--yes", "--again", NULL});
    if (run.status != (faults[fault].leaves ? 3 : 4))
        company_violation(&lab->company, "program, fault at %s: it ended with %d: %s%s",
                          faults[fault].name, run.status, run.out, run.err);
    if (gate.gateway.struck == 0 && fault != AT_CONNECT)
        company_violation(&lab->company, "program: the fault at %s did not strike",
                          faults[fault].name);
    company_referee(&lab->company, "program");
    gate.gateway.cut = GATEWAY_OPEN; /* the outcome is found by reading */
    if (faults[fault].leaves && company_do(&lab->company, &run, &env,
                                           (const char *[]){"recover", "--wait", "30", NULL}) != 0)
        company_violation(&lab->company, "program, fault at %s: recover ended with %d: %s%s",
                          faults[fault].name, run.status, run.out, run.err);
    gate_close(&gate);
}

void tls_faults(struct tls_lab *lab)
{
    int times = lab->company.full ? 200 : 20, rounds = lab->company.full ? 8 : 1, runs = 0;
    /* The program first: the client alone has no journal for the referee to find its keys in. */
    for (int round = 0; round < rounds; round++)
        for (enum fault fault = AT_CONNECT; fault < FAULTS && !company_interrupted(); fault++) {
            break_program(lab, fault, round);
            runs++;
        }
    printf("= charges of the real program cut by a fault: %d\n", runs);
    break_nothing(lab);
    for (enum fault fault = 0; fault < FAULTS; fault++)
        break_client(lab, fault, times);
}

/* --- warm connections ------------------------------------------------------------------------- */

struct count {
    int dropped, once;
};

static void drop_one(struct tls_lab *lab, struct api_client *client, struct count *count)
{
    struct shot read = {0}, shot;
    struct api_request request = {.endpoint = EP_TERMINALS, .no_retry = true};
    run(lab, client, &request, &read);
    charge(lab, client, &shot);
    int64_t requests = sim_requests_of_key(lab->company.sim, shot.key);
    count->dropped++;
    count->once += requests == 1;
    if (read.cut || !shot.cut || requests != 1 || shot.leaves != 1 ||
        shot.state != INTENT_UNKNOWN)
        company_violation(&lab->company, "warm: the server saw a charge %lld times, judged %s (%s)",
                          (long long)requests, intent_state_name(shot.state), shot.trouble);
}

/* HTTP/2 would let libcurl send a refused stream again: reads may offer it, charges never do. */
static void check_protocol(struct tls_lab *lab)
{
    struct shot shot = {0};
    char base[64];
    struct peer_server *server =
        peer_start("127.0.0.1", paper_server(&lab->papers[PAPER_GOOD], NULL, 0, 0),
                   peer_part_empty_lists, NULL);
    snprintf(base, sizeof base, "https://localhost:%d/external/v1/", peer_port(server));
    struct api_client *client = open_client(lab, base);
    struct api_request request = {.endpoint = EP_TERMINALS, .no_retry = true};
    run(lab, client, &request, &shot);
    unsigned reads = peer_offered_h2(server);
    charge(lab, client, &shot);
    if (reads != 1 || peer_offered_h2(server) != reads || peer_requests(server) != 2)
        company_violation(&lab->company, "warm: HTTP/2 was offered %u and %u times", reads,
                          peer_offered_h2(server) - reads);
    api_client_free(client);
    peer_stop(server);
}

void tls_warm(struct tls_lab *lab)
{
    int times = lab->company.full ? 500 : 50;
    struct count count = {0};
    struct gate gate;
    gate_open(lab, &gate, AT_FIRST);
    gate.gateway.cut = GATEWAY_OPEN;
    struct api_client *bare = open_client(lab, sim_base_url(lab->company.sim));
    struct api_client *safe = open_client(lab, gate.base);
    company_faults(&lab->company, "POST/pos/payment:drop-after");
    for (int i = 0; i < times && !company_interrupted(); i++) {
        drop_one(lab, bare, &count);
        drop_one(lab, safe, &count); /* the gateway closes what the server has dropped */
    }
    company_faults(&lab->company, "");
    api_client_free(bare);
    api_client_free(safe);
    gate_close(&gate);
    check_protocol(lab);
    printf("= charges dropped on a warm connection: %d\n", count.dropped);
    printf("= of those that the server saw exactly once: %d of %d\n", count.once, count.dropped);
}
