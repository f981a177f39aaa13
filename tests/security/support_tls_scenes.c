/* Servers that must not be believed, each by one fault of its own, and their neighbours without the
   fault. The real program asks: doctor, a list, a charge. A client that believes everybody asks as
   well: what is refused must be there to be had. */
#include "support_tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct scene {
    const char *name;
    enum paper_kind shown;
    int least, most;      /* versions of TLS; 0: any */
    enum { OURS, SYSTEM, OLD, ABSENT, GARBAGE } ca_file;
    const char *pins;     /* r: the right one, w: a wrong one */
    const char *host;
    const char *says;     /* in what doctor says; NULL: the server is believed */
} scenes[] = {
    {"right authority", PAPER_GOOD, 0, 0, OURS, "", "localhost", NULL},
    {"by address", PAPER_GOOD, 0, 0, OURS, "", "127.0.0.1", NULL},
    {"TLS 1.2", PAPER_GOOD, 0, TLS1_2_VERSION, OURS, "", "localhost", NULL},
    {"right pin", PAPER_GOOD, 0, 0, OURS, "r", "localhost", NULL},
    {"right pin, spare", PAPER_GOOD, 0, 0, OURS, "wr", "localhost", NULL},
    {"right pin, TLS 1.2", PAPER_GOOD, 0, TLS1_2_VERSION, OURS, "rw", "localhost", NULL},
    {"wrong host", PAPER_WRONG_HOST, 0, 0, OURS, "", "localhost", "target host name"},
    {"wrong address", PAPER_WRONG_HOST, 0, 0, OURS, "", "127.0.0.1", "target host name"},
    {"expired", PAPER_EXPIRED, 0, 0, OURS, "", "localhost", "has expired"},
    {"not yet valid", PAPER_NOT_YET, 0, 0, OURS, "", "localhost", "not yet valid"},
    {"self-signed", PAPER_SELF_SIGNED, 0, 0, OURS, "", "localhost", "self-signed"},
    {"unknown authority", PAPER_STRANGE, 0, 0, OURS, "", "localhost", "issuer"},
    {"unknown to the system", PAPER_GOOD, 0, 0, SYSTEM, "", "localhost", "issuer"},
    {"self-signed, system", PAPER_SELF_SIGNED, 0, 0, SYSTEM, "", "localhost", "self-signed"},
    {"signed by a server", PAPER_UPSTART, 0, 0, OURS, "", "localhost", "certificate"},
    {"expired authority", PAPER_OF_OLD, 0, 0, OLD, "", "localhost", "has expired"},
    {"TLS 1.0 only", PAPER_GOOD, TLS1_VERSION, TLS1_VERSION, OURS, "", "localhost", "TLS 1.1"},
    {"TLS 1.1 only", PAPER_GOOD, TLS1_1_VERSION, TLS1_1_VERSION, OURS, "", "localhost", "TLS 1.1"},
    {"wrong pin", PAPER_GOOD, 0, 0, OURS, "w", "localhost", "pins"},
    {"two wrong pins", PAPER_GOOD, 0, 0, OURS, "wv", "localhost", "pins"},
    {"wrong pin, TLS 1.2", PAPER_GOOD, 0, TLS1_2_VERSION, OURS, "w", "localhost", "pins"},
    {"right pin, expired", PAPER_EXPIRED, 0, 0, OURS, "r", "localhost", "has expired"},
    {"right pin, self-signed", PAPER_SELF_SIGNED, 0, 0, OURS, "r", "localhost", "self-signed"},
    {"right pin, wrong host", PAPER_WRONG_HOST, 0, 0, OURS, "r", "localhost", "target host name"},
    {"no such ca_file", PAPER_GOOD, 0, 0, ABSENT, "", "localhost", "ca_file"},
    {"no certificate in ca_file", PAPER_GOOD, 0, 0, GARBAGE, "", "localhost", "ca_file"},
};

struct sums {
    unsigned believed, refused, believable, unbelievable, had;
    uint64_t bytes;
};

static void put_lines(struct tls_lab *lab, const struct scene *scene, char *out, size_t size)
{
    char garbage[128], pins[2 * PAPER_PIN_SIZE] = "";
    const char *const files[] = {lab->authority, "", lab->old, "/nonexistent/ca.pem", garbage};
    struct buf lines;
    snprintf(garbage, sizeof garbage, "%s/tls/Ana/avirato-console/config.ini", lab->company.folder);
    for (const char *pin = scene->pins; *pin; pin++) {
        enum paper_kind of = *pin == 'r' ? scene->shown
                             : *pin == 'w' ? PAPER_STRANGE : PAPER_STRANGER;
        size_t len = strlen(pins);
        if (len)
            pins[len++] = ';';
        paper_pin(&lab->papers[of], pins + len);
    }
    buf_init(&lines, size);
    buf_puts(&lines, "webcode = HOTEL9\n");
    if (scene->ca_file != SYSTEM)
        buf_printf(&lines, "ca_file = %s\n", files[scene->ca_file]);
    if (pins[0])
        buf_printf(&lines, "pins = %s\n", pins);
    snprintf(out, size, "%s", lines.data);
    buf_done(&lines);
}

/* --- a client that believes everybody --------------------------------------------------------- */

static bool is_to_be_had(int port)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
    char answer[64];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    SSL *tls = SSL_new(context);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool had = connect(fd, (struct sockaddr *)&there, sizeof there) == 0 && SSL_set_fd(tls, fd) &&
               SSL_connect(tls) == 1 && SSL_write(tls, "GET / HTTP/1.1\r\n\r\n", 18) == 18 &&
               SSL_read(tls, answer, sizeof answer) > 0;
    SSL_free(tls);
    SSL_CTX_free(context);
    close(fd);
    return had;
}

/* --- one scene -------------------------------------------------------------------------------- */

static void expect_refusal(struct tls_lab *lab, const struct scene *scene,
                           const struct company_env *env, const char *row)
{
    struct company *company = &lab->company;
    struct company_run run;
    if (!strstr(row, scene->says) || !strstr(row, "sent") || strstr(row, "\"fix\":null"))
        company_violation(company, "scene \"%s\": doctor says: %s", scene->name, row);
    /* A list tries again and takes its time. */
    if (company->full &&
        (company_do(company, &run, env, (const char *[]){"sessions", NULL}) != 4 ||
         !strstr(run.err, "sent")))
        company_violation(company, "scene \"%s\": sessions ended with %d: %s%s", scene->name,
                          run.status, run.out, run.err);
    company_do(company, &run, env,
               (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_1, "--amount", "7",
                                "--again", "--yes", NULL});
    if (run.status != 4 || !strstr(run.err, "Nothing has been charged."))
        company_violation(company, "scene \"%s\": charge ended with %d: %s%s", scene->name,
                          run.status, run.out, run.err);
}

static void play(struct tls_lab *lab, const struct scene *scene, struct sums *sums)
{
    struct company_env env;
    char lines[512], row[1500];
    SSL_CTX *context = paper_server(&lab->papers[scene->shown],
                                    scene->shown == PAPER_UPSTART ? &lab->papers[PAPER_GOOD] : NULL,
                                    scene->least, scene->most);
    struct peer_server *server = peer_start("127.0.0.1", context, peer_part_empty_lists, NULL);
    put_lines(lab, scene, lines, sizeof lines);
    tls_env(lab, &env, scene->host, peer_port(server), lines);
    bool good = tls_doctor(lab, &env, row);
    sums->believable += !scene->says;
    sums->unbelievable += scene->says != NULL;
    if (scene->says) {
        expect_refusal(lab, scene, &env, row);
        sums->bytes += peer_bytes(server);
        if (peer_bytes(server) > 0 || good)
            company_violation(&lab->company, "scene \"%s\": the server heard %llu bytes",
                              scene->name, (unsigned long long)peer_bytes(server));
        else
            sums->refused++;
        sums->had += is_to_be_had(peer_port(server));
    } else if (!good) {
        company_violation(&lab->company, "scene \"%s\": not believed: %s", scene->name, row);
    } else {
        sums->believed++;
    }
    peer_stop(server);
}

void tls_scenes(struct tls_lab *lab)
{
    struct sums sums = {0};
    for (size_t i = 0; i < COUNT_OF(scenes) && !company_interrupted(); i++)
        play(lab, &scenes[i], &sums);
    if (sums.had != sums.unbelievable)
        company_violation(&lab->company, "scenes: only %u of %u servers are there at all", sums.had,
                          sums.unbelievable);
    printf("= servers to be refused that were: %u of %u\n", sums.refused, sums.unbelievable);
    printf("= of those a careless client believed: %u of %u\n", sums.had, sums.unbelievable);
    printf("= bytes that they heard: %llu\n", (unsigned long long)sums.bytes);
    printf("= good servers believed: %u of %u\n", sums.believed, sums.believable);
}
