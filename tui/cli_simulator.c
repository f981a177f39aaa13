/* simulator: the bundled API server alone, on loopback, until it is told to stop. */
#include "cli.h"

#include "../api/sim/sim.h"

#include <stdlib.h>
#include <string.h>

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

/* "charge=100,modification=200". False: said why. */
static bool read_delays(struct cli *cli, struct sim_settings *settings)
{
    const struct {
        const char *name;
        int64_t *ms;
    } delays[] = {
        {"charge", &settings->charge_delay_ms},
        {"slow", &settings->charge_slow_ms},
        {"late", &settings->charge_late_ms},
        {"silent", &settings->charge_silent_ms},
        {"offline", &settings->terminal_offline_ms},
        {"modification", &settings->modification_delay_ms},
        {"long", &settings->modification_long_ms},
        {"pay", &settings->pay_after_ms},
    };
    const char *at = cli->args.values[OPTION_DELAYS];
    while (at && *at) {
        char *end = NULL;
        size_t i = 0;
        size_t len = strcspn(at, "=");
        while (i < COUNT_OF(delays) &&
               (strlen(delays[i].name) != len || strncmp(delays[i].name, at, len) != 0))
            i++;
        long long ms = at[len] == '=' ? strtoll(at + len + 1, &end, 10) : -1;
        if (i == COUNT_OF(delays) || !end || end == at + len + 1 || ms < 0 || ms > 86400000 ||
            (*end && *end != ',')) {
            cli_usage(cli,
                      text_ours(_("--delays: NAME=MS, parted by commas; --help has the names.")));
            return false;
        }
        *delays[i].ms = ms;
        at = *end ? end + 1 : end;
    }
    return true;
}

/* Counts and ports. False: said why. */
static bool read_numbers(struct cli *cli, struct sim_settings *settings)
{
    int64_t port = settings->port, sessions = settings->sessions, payments = settings->payments;
    int64_t seed = (int64_t)settings->seed;
    if (!cli_number(cli, OPTION_PORT, 65535, &port) ||
        !cli_number(cli, OPTION_SESSIONS, 100000000, &sessions) ||
        !cli_number(cli, OPTION_PAYMENTS, 100000000, &payments) ||
        !cli_number(cli, OPTION_SEED, INT64_MAX / 10, &seed))
        return false;
    settings->port = (uint16_t)port;
    settings->sessions = (uint32_t)sessions;
    settings->payments = (uint32_t)payments;
    settings->seed = (uint64_t)seed;
    return true;
}

static bool read_names(struct cli *cli, struct sim_settings *settings)
{
    const struct {
        enum cli_option option;
        const char **value;
    } names[] = {{OPTION_DATA, &settings->data_path},
                 {OPTION_FAULTS, &settings->faults},
                 {OPTION_WEBCODE, &settings->webcode},
                 {OPTION_TEST_KEY, &settings->test_key},
                 {OPTION_LIVE_KEY, &settings->live_key}};
    const char *dialect = cli->args.values[OPTION_DIALECT];
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (cli_has(cli, names[i].option))
            *names[i].value = cli->args.values[names[i].option];
    if (dialect && !sim_dialect_from_name(dialect, &settings->dialect)) {
        cli_usage(cli, text_ours(_("--dialect: no such name; --help has them.")));
        return false;
    }
    return true;
}

int cli_simulator(struct cli *cli)
{
    struct sim_settings settings = sim_settings_default();
    struct err err = {0};
    if (!read_numbers(cli, &settings) || !read_names(cli, &settings) ||
        !read_delays(cli, &settings))
        return CLI_USAGE;
    if (settings.faults && !sim_faults_check(settings.faults, &err)) {
        cli_usage(cli, text_clean(&cli->arena, err.detail));
        return CLI_USAGE;
    }
    cli_take_signals(cli);
    desk_set_clock(true);
    struct sim *sim = sim_start(cli->loop, &settings, &err);
    if (!sim)
        return cli_fail(cli, &err, NULL);
    fputs(sim_base_url(sim), stdout);
    fputc('\n', stdout);
    fflush(stdout);
    cli_wait(cli, never, NULL, -1, NULL);
    sim_stop(sim);
    return CLI_DONE;
}
