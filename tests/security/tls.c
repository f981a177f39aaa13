/* The console and TLS, by the real program against real servers of this process: who is believed,
   what hostile variables change (nothing), and whether "it was not sent" is true wherever the
   connection breaks. The bundled server behind a gateway keeps the books.
     tls [--short|--full] [--seed N] [--part scenes|variables|faults|warm] [-p CONSOLE] */
#include "support_tls.h"

#include <stdio.h>
#include <string.h>

static const struct {
    struct paper_wish wish;
    int by; /* -1: itself */
} recipes[PAPER_KINDS] = {
#define HOSTS "DNS:localhost,IP:127.0.0.1"
    [PAPER_AUTHORITY] = {{"Authority of the test", NULL, true, -2, 30}, -1},
    [PAPER_STRANGER] = {{"Another authority", NULL, true, -2, 30}, -1},
    [PAPER_GOOD] = {{"good", HOSTS, false, -1, 20}, PAPER_AUTHORITY},
    [PAPER_WRONG_HOST] = {{"wrong", "DNS:example.com,DNS:localhost.example.com,IP:127.0.0.9", false,
                           -1, 20}, PAPER_AUTHORITY},
    [PAPER_EXPIRED] = {{"expired", HOSTS, false, -9, -1}, PAPER_AUTHORITY},
    [PAPER_NOT_YET] = {{"not yet", HOSTS, false, 1, 20}, PAPER_AUTHORITY},
    [PAPER_SELF_SIGNED] = {{"self", HOSTS, false, -1, 20}, -1},
    [PAPER_STRANGE] = {{"strange", HOSTS, false, -1, 20}, PAPER_STRANGER},
    [PAPER_UPSTART] = {{"upstart", HOSTS, false, -1, 20}, PAPER_GOOD},
    [PAPER_OLD_AUTHORITY] = {{"Expired authority", NULL, true, -9, -1}, -1},
    [PAPER_OF_OLD] = {{"of old", HOSTS, false, -1, 20}, PAPER_OLD_AUTHORITY},
};

/* --- shared with the parts -------------------------------------------------------------------- */

void tls_set(struct company_env *env, const char *assignment)
{
    size_t name = strcspn(assignment, "=") + 1, i = 0;
    while (env->list[i] && strncmp(env->list[i], assignment, name) != 0)
        i++;
    if (i == COMPANY_ENV_MAX) {
        fprintf(stderr, "cannot run: one variable too many\n");
        exit(2);
    }
    snprintf(env->room[i], sizeof env->room[i], "%s", assignment);
    if (!env->list[i])
        env->list[i + 1] = NULL;
    env->list[i] = env->room[i];
}

void tls_env(struct tls_lab *lab, struct company_env *env, const char *host, int port,
             const char *lines)
{
    char text[900];
    snprintf(text, sizeof text, "timezone = UTC\nquiet_period = 1\n[test]\n%s", lines);
    company_env(&lab->company, env, "tls", "Ana", text);
    snprintf(text, sizeof text, "AVIRATO_BASE_URL=https://%s:%d/external/v1/", host, port);
    tls_set(env, text);
}

bool tls_doctor(struct tls_lab *lab, const struct company_env *env, char out[1500])
{
    static const char good[] = "{\"check\":\"network\",\"ok\":true";
    struct company_run run;
    company_do(&lab->company, &run, env, (const char *[]){"doctor", "--json", NULL});
    const char *row = strstr(run.out, "{\"check\":\"network\"");
    snprintf(out, 1500, "%.*s", row ? (int)strcspn(row, "\n") : 0, row ? row : "");
    return strncmp(out, good, sizeof good - 1) == 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool make_papers(struct tls_lab *lab)
{
    for (int i = 0; i < PAPER_KINDS; i++)
        lab->papers[i] =
            paper_make(&recipes[i].wish, recipes[i].by < 0 ? NULL : &lab->papers[recipes[i].by]);
    snprintf(lab->authority, sizeof lab->authority, "%s/authority.pem", lab->company.folder);
    snprintf(lab->stranger, sizeof lab->stranger, "%s/stranger.pem", lab->company.folder);
    snprintf(lab->old, sizeof lab->old, "%s/old.pem", lab->company.folder);
    return paper_write(&lab->papers[PAPER_AUTHORITY], lab->authority) &&
           paper_write(&lab->papers[PAPER_STRANGER], lab->stranger) &&
           paper_write(&lab->papers[PAPER_OLD_AUTHORITY], lab->old);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct tls_lab *lab);
    } parts[] = {{"scenes", tls_scenes},
                 {"variables", tls_variables},
                 {"faults", tls_faults},
                 {"warm", tls_warm}};
    struct tls_lab *lab = mem_alloc(sizeof *lab);
    struct company *company = &lab->company;
    company->settings = sim_settings_default();
    company->settings.charge_delay_ms = 5;
    company->settings.sessions = company->settings.payments = 10;
    if (!company_open(company, argc, argv,
                      "tls [--short|--full] [--seed N] [--part NAME] [-p CONSOLE]"))
        return 2;
    if (!make_papers(lab)) {
        fprintf(stderr, "cannot run: no certificates can be written\n");
        company_close(company);
        return 2;
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (company_wants(company, parts[i].name))
            parts[i].run(lab);
    for (int i = 0; i < PAPER_KINDS; i++)
        paper_free(&lab->papers[i]);
    int status = company_interrupted() ? 2 : company->violations > 0;
    printf("= TLS violations: %llu\n", (unsigned long long)company->violations);
    company_close(company);
    free(lab);
    return status;
}
