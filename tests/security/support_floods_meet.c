/* Each flood against the client alone, then against a console in a pseudo-terminal at which
   somebody goes on working. */
#include "support_network.h"

#include "../../api/api.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEADLINE_MS = 300, /* that the client alone is given */
    MARGIN_MS = 1000,
    READ_LIMIT_MS = 30000,
    KEY_MS = 100,
    LATE_MOST = 1, /* of a desk of the short run: a machine may stumble once */
    GAP_MS = 40,
    LOST_MS = 3000,
    MEMORY_KIB = 64 * 1024,
    SAMPLES_SHORT = 5,
    SAMPLES_FULL = 60,
    SLOW_SHORT_MS = 600,
    SLOW_FULL_MS = 33000
};

/* --- a server that floods --------------------------------------------------------------------- */

struct source {
    const struct flood *flood;
    struct flood_seen seen;
    struct peer_server *server; /* NULL: it is the bundled one */
    char base[80];
};

static void source_open(struct company *company, struct source *source, const struct flood *flood)
{
    *source = (struct source){.flood = flood};
    if (flood->part) {
        source->server = peer_start("127.0.0.1", NULL, flood->part, &source->seen);
        snprintf(source->base, sizeof source->base, "http://127.0.0.1:%d/external/v1/",
                 peer_port(source->server));
    } else {
        company_faults(company, "*:bomb");
        snprintf(source->base, sizeof source->base, "%s", sim_base_url(company->sim));
    }
}

static void source_close(struct company *company, struct source *source)
{
    peer_stop(source->server);
    if (!source->server)
        company_faults(company, "");
}

/* --- the client alone ------------------------------------------------------------------------- */

static void meet_client(struct company *company, const struct flood *flood, int64_t *longest)
{
    static const char body[] = "{\"webcode\":\"HOTEL9\"}";
    struct source source;
    source_open(company, &source, flood);
    struct api_client *client = network_client(company, source.base);
    for (int post = 0; post < 2; post++) {
        struct api_request request = {.endpoint = post ? EP_POS_CHARGE : EP_SESSIONS,
                                      .body = post ? body : NULL,
                                      .body_len = post ? sizeof body - 1 : 0,
                                      .idempotency_key =
                                          post ? "11111111-2222-4333-8444-555555555555" : NULL,
                                      .no_retry = true,
                                      .deadline_ms = DEADLINE_MS};
        struct network_got got = network_ask(company, client, &request);
        if (got.took_ms > DEADLINE_MS + MARGIN_MS)
            company_violation(company, "limits: \"%s\", %s: it took %lld ms", flood->name,
                              post ? "charge" : "list", (long long)got.took_ms);
        if (post && got.body == BODY_DATA)
            company_violation(company, "limits: \"%s\" was taken for an answer", flood->name);
        *longest = got.took_ms > *longest ? got.took_ms : *longest;
    }
    api_client_free(client);
    source_close(company, &source);
}

void network_limits(struct company *company)
{
    int64_t longest = 0;
    for (size_t i = 0; i < FLOODS && !company_interrupted(); i++)
        meet_client(company, &floods[i], &longest);
    printf("= longest of a list or charge of %d ms against a flood, ms: %lld\n", DEADLINE_MS,
           (long long)longest);
}

/* --- what the kernel says about a process ----------------------------------------------------- */

static size_t read_proc(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, out, size - 1);
    if (fd >= 0)
        close(fd);
    out[len > 0 ? len : 0] = '\0';
    return len > 0 ? (size_t)len : 0;
}

/* Milliseconds for which it was ready to run and another had the processor. */
static int64_t waited_ms(const char *who)
{
    char path[64], text[128];
    snprintf(path, sizeof path, "/proc/%s/schedstat", who);
    read_proc(path, text, sizeof text);
    const char *second = strchr(text, ' ');
    return second ? strtoll(second, NULL, 10) / 1000000 : 0;
}

static long peak_kib(int pid)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    read_proc(path, text, sizeof text);
    const char *line = strstr(text, "VmHWM:");
    return line ? strtol(line + 6, NULL, 10) : -1;
}

/* --- a console and a person ------------------------------------------------------------------- */

struct figures {
    int64_t slowest_ms, slowest_judged_ms, longest_ms;
    long peak;
    unsigned keys;
};
struct desk {
    struct source source;
    struct company_env env;
    struct pty *pty;
    bool second;   /* the list that is on the screen */
    unsigned late; /* keys that were answered too late */
    int64_t slowest_ms;
};

static void desk_open(struct company *company, struct desk *desk, const struct flood *flood,
                      size_t number)
{
    char host[16];
    source_open(company, &desk->source, flood);
    snprintf(host, sizeof host, "desk%zu", number % 8);
    company_env(company, &desk->env, host, "Ana", "");
    for (int i = 0; desk->env.list[i]; i++)
        if (strncmp(desk->env.list[i], "AVIRATO_BASE_URL=", 17) == 0)
            snprintf(desk->env.room[i], sizeof desk->env.room[i], "AVIRATO_BASE_URL=%s",
                     desk->source.base);
    desk->pty = company_screen(company, &desk->env, NULL);
    desk->second = false;
    desk->late = 0;
    desk->slowest_ms = 0;
    if (!company_sees(company, desk->pty, "[1 Sessions]", COMPANY_LIMIT_MS))
        company_violation(company, "keys: \"%s\": no screen", flood->name);
}

/* Asks anew, so that the flood goes on, then changes the list; until it is on the screen. What
   other processes of a busy machine take of the processor is left out. Keys that such a machine
   has handed over in one lump are a paste to the console, and no measure. */
static void press(struct company *company, struct desk *desk, struct figures *figures)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", pty_pid(desk->pty));
    desk->second = !desk->second;
    pty_send(desk->pty, "R");
    company_sees(company, desk->pty, "never on a screen", GAP_MS);
    int64_t begun = company_now_ms(), waited = waited_ms(pid) + waited_ms("thread-self");
    pty_send(desk->pty, desk->second ? "2" : "1");
    const char *list = desk->second ? "[2 POS]" : "[1 Sessions]";
    bool shown = company_sees(company, desk->pty, list, LOST_MS);
    if (!shown && company_sees(company, desk->pty, "Pasted text", 1)) {
        desk->second = !desk->second;
        return;
    }
    int64_t took = company_now_ms() - begun;
    int64_t judged = took - (waited_ms(pid) + waited_ms("thread-self") - waited);
    figures->keys++;
    desk->slowest_ms = judged > desk->slowest_ms ? judged : desk->slowest_ms;
    figures->slowest_ms = took > figures->slowest_ms ? took : figures->slowest_ms;
    figures->slowest_judged_ms =
        judged > figures->slowest_judged_ms ? judged : figures->slowest_judged_ms;
    if (!shown || (judged > KEY_MS && ++desk->late > (company->full ? 0 : LATE_MOST)))
        company_violation(company, "keys: \"%s\": a key was answered after %lld ms (%lld)%s",
                          desk->source.flood->name, (long long)took, (long long)judged,
                          shown ? "" : ", if ever");
}

static void desk_close(struct company *company, struct desk *desk, struct figures *figures)
{
    const struct flood *flood = desk->source.flood;
    long peak = peak_kib(pty_pid(desk->pty));
    printf("%s: slowest answer %lld ms, %ld KiB\n", flood->name, (long long)desk->slowest_ms, peak);
    if (peak <= 0 || peak > MEMORY_KIB)
        company_violation(company, "keys: \"%s\": %ld KiB of memory", flood->name, peak);
    figures->peak = peak > figures->peak ? peak : figures->peak;
    pty_close(desk->pty);
    if (desk->source.seen.longest_ms > READ_LIMIT_MS + MARGIN_MS)
        company_violation(company, "keys: \"%s\": a read lasted %lld ms", flood->name,
                          (long long)desk->source.seen.longest_ms);
    if (desk->source.server && !flood->slow && peer_requests(desk->source.server) == 0)
        company_violation(company, "keys: \"%s\" was never met", flood->name);
    if (desk->source.seen.longest_ms > figures->longest_ms)
        figures->longest_ms = desk->source.seen.longest_ms;
    source_close(company, &desk->source);
}

static void meet_fast(struct company *company, size_t number, struct figures *figures)
{
    struct desk desk;
    int samples = company->full ? SAMPLES_FULL : SAMPLES_SHORT;
    desk_open(company, &desk, &floods[number], number);
    for (int i = 0; i < samples && !company_interrupted(); i++)
        press(company, &desk, figures);
    desk_close(company, &desk, figures);
}

/* Slow ones are met at once: each takes its thirty seconds. */
static void meet_slow(struct company *company, struct figures *figures)
{
    struct desk desks[FLOODS];
    size_t count = 0;
    int64_t end = company_now_ms() + (company->full ? SLOW_FULL_MS : SLOW_SHORT_MS);
    for (size_t i = 0; i < FLOODS; i++)
        if (floods[i].slow)
            desk_open(company, &desks[count++], &floods[i], i);
    for (size_t i = 0; company_now_ms() < end && !company_interrupted(); i++) {
        press(company, &desks[i % count], figures);
        company_sees(company, desks[i % count].pty, "never on a screen", 40);
    }
    for (size_t i = 0; i < count; i++) {
        if (company->full && desks[i].source.seen.over == 0)
            company_violation(company, "keys: \"%s\": no read ended", desks[i].source.flood->name);
        desk_close(company, &desks[i], figures);
    }
}

void network_keys(struct company *company)
{
    struct figures figures = {0};
    for (size_t i = 0; i < FLOODS && !company_interrupted(); i++)
        if (!floods[i].slow)
            meet_fast(company, i, &figures);
    if (!company_interrupted())
        meet_slow(company, &figures);
    printf("= keys pressed during floods: %u\n", figures.keys);
    printf("= slowest answer to a key, ms: %lld\n", (long long)figures.slowest_judged_ms);
    printf("= slowest answer to a key by the clock, ms: %lld\n", (long long)figures.slowest_ms);
    printf("= longest read during floods, ms: %lld\n", (long long)figures.longest_ms);
    printf("= most memory of a console during floods, KiB: %ld\n", figures.peak);
}
