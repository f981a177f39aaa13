/* Variables and files in the home folder that other programs obey: proxies, other authorities,
   another configuration of the TLS library, a file for session keys, a login for the server. The
   console must do with them what it does without: be served where it was, refuse what it refused,
   knock at no proxy, open none of the files. */
#include "support_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VARIABLES_MAX = 5 };

/* {P} a proxy that counts, {D} the folder of hostile files, {A} the authority of the server. */
static const struct trial {
    const char *name;
    const char *set[VARIABLES_MAX];
    bool distrusted; /* the server is one that only the variables could make believable */
} trials[] = {
    {"proxies", {"http_proxy=http://127.0.0.1:{P}", "https_proxy=http://127.0.0.1:{P}",
                 "all_proxy=http://127.0.0.1:{P}", "HTTPS_PROXY=http://127.0.0.1:{P}",
                 "ALL_PROXY=socks5://127.0.0.1:{P}"}, false},
    {"other proxies", {"HTTP_PROXY=http://127.0.0.1:{P}", "no_proxy=", "NO_PROXY=",
                       "ftp_proxy=http://127.0.0.1:{P}", "ALL_PROXY=https://127.0.0.1:{P}"}, false},
    {"another authority", {"CURL_CA_BUNDLE={D}/stranger.pem", "SSL_CERT_FILE={D}/stranger.pem",
                           "SSL_CERT_DIR={D}"}, false},
    {"an authority slipped in", {"CURL_CA_BUNDLE={A}", "SSL_CERT_FILE={A}", "SSL_CERT_DIR={D}"},
     true},
    {"another configuration", {"OPENSSL_CONF={D}/openssl.cnf", "OPENSSL_CONF_INCLUDE={D}",
                               "OPENSSL_MODULES={D}", "OPENSSL_ENGINES={D}",
                               "SSLKEYLOGFILE={D}/keys.log"}, false},
    {"another home", {"CURL_HOME={D}", "NETRC={D}/.netrc", "CURL_SSL_BACKEND=gnutls",
                      "GNUTLS_SYSTEM_PRIORITY_FILE={D}/gnutls.conf", "SSLKEYLOGFILE={D}/keys.log"},
     false},
};

static const struct {
    const char *name, *text;
} files[] = {
    {"openssl.cnf", "openssl_conf = all\n[all]\nssl_conf = ssl\nproviders = providers\n"
                    "[ssl]\nsystem_default = system\n[system]\nCiphersuites = none\n"
                    "CipherString = NULL\n[providers]\nevil = evil\n[evil]\nmodule = evil.so\n"
                    "activate = 1\n"},
    {"gnutls.conf", "[global]\noverride-mode = allowlist\n[overrides]\n"},
    {".netrc", "machine localhost login mallory password secret\ndefault login m password s\n"},
    {".curlrc", "insecure\nproxy = http://127.0.0.1:1\nheader = \"X-Evil: 1\"\n"},
};

struct sums {
    unsigned unchanged, logins;
    uint64_t opened;
};

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        fprintf(stderr, "cannot run: %s cannot be written\n", path);
        exit(2);
    }
}

static char *fill(const struct tls_lab *lab, const char *text, const char *folder, int proxy)
{
    static char room[600];
    struct buf out;
    buf_init(&out, sizeof room);
    for (; *text; text++) {
        if (strncmp(text, "{P}", 3) == 0)
            buf_printf(&out, "%d", proxy);
        else if (strncmp(text, "{D}", 3) == 0)
            buf_puts(&out, folder);
        else if (strncmp(text, "{A}", 3) == 0)
            buf_puts(&out, lab->authority);
        else
            buf_add(&out, text, 1);
        text += *text == '{' ? 2 : 0;
    }
    snprintf(room, sizeof room, "%s", out.data);
    buf_done(&out);
    return room;
}

/* Answers, and counts requests that hold a login or what .curlrc adds. */
static void look_for_logins(struct peer *peer)
{
    struct buf request = {0};
    struct sums *sums = peer->ctx;
    while (peer_hear(peer, &request)) {
        if (strcasestr(request.data, "\r\nauthorization:") || strstr(request.data, "X-Evil") ||
            strcasestr(request.data, "\r\nproxy-"))
            __atomic_fetch_add(&sums->logins, 1, __ATOMIC_RELAXED);
        if (!peer_answer(peer, 200, "", "{\"success\":true,\"data\":{\"items\":[]}}"))
            break;
    }
    buf_done(&request);
}

/* What was opened there since the last look. The settings of GnuTLS are read before main() by a
   library that carries none of our connections: they are left out. */
static void count_opened(struct tls_lab *lab, const struct trial *trial, int watch,
                         struct sums *sums)
{
    char events[8192] __attribute__((aligned(8)));
    ssize_t len;
    while ((len = read(watch, events, sizeof events)) > 0) {
        for (char *at = events; at < events + len;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;
            const char *name = event->len ? event->name : "a file of the home folder";
            at += sizeof *event + event->len;
            if (strcmp(name, "gnutls.conf") == 0)
                continue;
            sums->opened++;
            company_violation(&lab->company, "variables \"%s\": %s was opened", trial->name, name);
        }
    }
}

struct stage {
    char folder[160], home[160];
    int proxy, server, watch;
    struct peer_server *proxy_peer, *server_peer;
};

static void play(struct tls_lab *lab, const struct trial *trial, struct stage *stage,
                 struct sums *sums)
{
    struct company_env env;
    struct company_run run;
    char lines[300], row[1500];
    /* With ca_file the server is believed; without it only the variables could make it so. */
    snprintf(lines, sizeof lines, trial->distrusted ? "webcode = HOTEL9\n" : "ca_file = %s\n",
             lab->authority);
    tls_env(lab, &env, "localhost", stage->server, lines);
    for (size_t i = 0; i < VARIABLES_MAX && trial->set[i]; i++)
        tls_set(&env, fill(lab, trial->set[i], stage->folder, stage->proxy));
    bool good = tls_doctor(lab, &env, row);
    company_do(&lab->company, &run, &env, (const char *[]){"payments", NULL});
    if (good == trial->distrusted || (run.status == 0) == trial->distrusted)
        company_violation(&lab->company, "variables \"%s\": %s; payments ended with %d: %s",
                          trial->name, row, run.status, run.err);
    else
        sums->unchanged++;
    count_opened(lab, trial, stage->watch, sums);
}

static void open_stage(struct tls_lab *lab, struct stage *stage, struct sums *sums)
{
    char path[256];
    snprintf(stage->folder, sizeof stage->folder, "%s/hostile", lab->company.folder);
    snprintf(stage->home, sizeof stage->home, "%s/tls", lab->company.folder);
    mkdir(stage->folder, 0700);
    mkdir(stage->home, 0700);
    snprintf(path, sizeof path, "%s/stranger.pem", stage->folder);
    paper_write(&lab->papers[PAPER_STRANGER], path);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        write_file(stage->folder, files[i].name, files[i].text);
        if (files[i].name[0] == '.')
            write_file(stage->home, files[i].name, files[i].text);
    }
    stage->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify_add_watch(stage->watch, stage->folder, IN_OPEN | IN_CREATE | IN_ONLYDIR);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s/%s", stage->home, files[i].name);
        if (files[i].name[0] == '.')
            inotify_add_watch(stage->watch, path, IN_OPEN);
    }
    stage->proxy_peer = peer_start("127.0.0.1", NULL, peer_part_empty_lists, NULL);
    stage->server_peer =
        peer_start("127.0.0.1", paper_server(&lab->papers[PAPER_GOOD], NULL, 0, 0),
                   look_for_logins, sums);
    stage->proxy = peer_port(stage->proxy_peer);
    stage->server = peer_port(stage->server_peer);
}

/* The watch must be able to see: this very process opens one of the files. */
static void check_watch(struct tls_lab *lab, const struct stage *stage)
{
    char path[256], events[1024];
    snprintf(path, sizeof path, "%s/.netrc", stage->folder);
    FILE *file = fopen(path, "re");
    if (file)
        fclose(file);
    if (read(stage->watch, events, sizeof events) <= 0)
        company_violation(&lab->company, "variables: the watch sees nothing");
}

void tls_variables(struct tls_lab *lab)
{
    struct sums sums = {0};
    struct stage stage;
    open_stage(lab, &stage, &sums);
    check_watch(lab, &stage);
    for (size_t i = 0; i < COUNT_OF(trials) && !company_interrupted(); i++)
        play(lab, &trials[i], &stage, &sums);
    if (peer_connections(stage.proxy_peer) > 0 || sums.logins > 0)
        company_violation(&lab->company, "variables: %u connections to a proxy, %u logins sent",
                          peer_connections(stage.proxy_peer), sums.logins);
    printf("= hostile variables that changed nothing: %u of %zu sets\n", sums.unchanged,
           COUNT_OF(trials));
    printf("= connections to a hostile proxy: %u\n", peer_connections(stage.proxy_peer));
    printf("= hostile files opened: %llu\n", (unsigned long long)sums.opened);
    peer_stop(stage.proxy_peer);
    peer_stop(stage.server_peer);
    close(stage.watch);
}
