/* Wiring, in the order that safety asks for: the key first (its program must not inherit open
   databases), then the files, then what talks to the network. */
#include "desk.h"

#include "../api/sim/sim.h"
#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERMINAL_LIMIT_S 180 /* a terminal gives up after 150 s at the latest; the rest is margin */

/* folder + name; the folder ends in "/". Frees folder; NULL stays NULL. */
static char *join_path(char *folder, const char *name)
{
    if (!folder)
        return NULL;
    size_t size = strlen(folder) + strlen(name) + 1;
    char *path = mem_alloc(size);
    snprintf(path, size, "%s%s", folder, name);
    free(folder);
    return path;
}

static bool open_simulator(struct desk *desk, struct err *err)
{
    struct sim_settings settings = sim_settings_default();
    char *path = join_path(config_state_dir(desk->webcode, desk->env, err), "simulator.db");
    if (!path)
        return false;
    settings.data_path = path;
    settings.webcode = desk->webcode;
    desk->simulator = sim_start(desk->loop, &settings, err);
    free(path);
    if (!desk->simulator)
        return false;
    free(desk->base_url);
    desk->base_url = mem_strdup(sim_base_url(desk->simulator));
    return true;
}

/* Plain http is only ever spoken towards this machine: no card and no real money behind it. */
static bool is_loopback(const struct desk *desk)
{
    return desk->env == ENV_TRAINING ||
           (desk->base_url && strncmp(desk->base_url, "http://", 7) == 0);
}

void desk_set_clock(bool loopback)
{
    const char *wish = getenv("AVIRATO_CLOCK");

    clock_freeze_utc(wish && loopback ? strtoll(wish, NULL, 10) : 0);
}

/* Seconds of a setting, but where a real terminal may still be busy no less than it needs. */
static int64_t patience_ms(const struct desk *desk, int seconds)
{
    int least = is_loopback(desk) ? 0 : TERMINAL_LIMIT_S;

    return (int64_t)(seconds > least ? seconds : least) * 1000;
}

static bool open_client(struct desk *desk, const char *key, struct err *err)
{
    struct api_settings settings = {
        .env = desk->env,
        .base_url = desk->base_url,
        .webcode = desk->webcode,
        .api_key = key,
        .ca_file = desk->config->env[desk->env].ca_file,
        .pins = desk->config->env[desk->env].pins,
        .read_only = desk->read_only,
        .charge_timeout_ms = patience_ms(desk, desk->config->charge_timeout_s),
    };
    desk->client = api_client_new(desk->loop, &settings, err);
    return desk->client != NULL;
}

static bool open_both(struct desk *desk, struct err *err)
{
    struct journal_settings settings = {.person = desk->config->person, .version = VERSION};
    char *journal = join_path(config_state_dir(desk->webcode, desk->env, err), "journal.db");
    if (journal)
        desk->journal =
            journal_open(journal, desk->webcode, desk->env, &settings, &desk->changes, err);
    free(journal);
    if (!desk->journal)
        return false;
    char *cache = join_path(config_cache_dir(desk->webcode, desk->env, err), "cache.db");
    if (cache)
        desk->cache = cache_open(cache, desk->webcode, desk->env, &desk->changes, err);
    free(cache);
    return desk->cache != NULL;
}

/* A file that makes no sense is trouble of this machine, not of the API's answers. */
static bool open_files(struct desk *desk, struct err *err)
{
    bool opened = open_both(desk, err);
    if (!opened && err->code == ERR_DATA)
        err->code = ERR_STORAGE;
    return opened;
}

/* A quiet period made short (tests, a desk that knows its terminals) shortens the pause between the
   two reads that must agree as well, never beyond the usual minute. */
static int64_t second_read_ms(int64_t quiet_ms)
{
    return quiet_ms < 60000 ? quiet_ms : 60000;
}

static void open_operations(struct desk *desk, bool automatic)
{
    const struct config_env *env = &desk->config->env[desk->env];
    int64_t quiet_ms = patience_ms(desk, desk->config->quiet_period_s);
    struct sync_settings sync = {.automatic = automatic};
    struct ops_settings ops = {.quiet_charge_ms = quiet_ms,
                               .quiet_modification_ms = INT64_C(24) * 3600 * 1000,
                               .second_read_ms = second_read_ms(quiet_ms),
                               .url_ok = env->url_ok,
                               .url_ko = env->url_ko,
                               .read_only = desk->read_only,
                               .permit = desk->config->permit};
    desk->sync = sync_new(desk->loop, desk->client, desk->cache, &sync);
    desk->ops = ops_new(desk->loop, desk->client, desk->cache, desk->journal, desk->sync, &ops);
}

static bool open_all(struct desk *desk, const struct desk_options *options, struct err *err)
{
    if (!desk->webcode)
        return err_set(err, ERR_INVALID, "no webcode for %s: set webcode in [%s] of %s",
                       env_name(desk->env), env_name(desk->env),
                       desk->config->path ? desk->config->path
                                          : "~/.config/avirato-console/config.ini");
    if (options->offline)
        return open_files(desk, err);
    char *key = config_read_key(desk->config, desk->env, err);
    bool ok = key && open_files(desk, err) &&
              (desk->env != ENV_TRAINING || open_simulator(desk, err)) &&
              open_client(desk, key, err);
    config_free_key(key);
    if (ok)
        open_operations(desk, options->automatic);
    if (ok)
        desk->news = journal_news_start(desk->journal, desk->loop);
    return ok;
}

bool desk_open(struct desk *desk, struct loop *loop, const struct config *config,
               const struct desk_options *options, struct err *err)
{
    const struct config_env *env = &config->env[options->env];
    struct changes changes = desk->changes;
    *desk = (struct desk){.config = config,
                          .env = options->env,
                          .webcode = mem_strdup(env->webcode),
                          .read_only = options->read_only || env->read_only ||
                                       config->permit.role == ROLE_VIEWER,
                          .overridden = config->from_environment && options->env != ENV_TRAINING,
                          .base_url = mem_strdup(env->base_url),
                          .loop = loop,
                          .changes = changes};
    const char *training_zone = desk->env == ENV_TRAINING ? SIM_ZONE : NULL;
    format_set_zone(config->timezone ? config->timezone : training_zone);
    desk_set_clock(is_loopback(desk));
    if (open_all(desk, options, err))
        return true;
    desk_close(desk);
    return false;
}

void desk_close(struct desk *desk)
{
    if (desk->ops)
        ops_free(desk->ops);
    if (desk->sync)
        sync_free(desk->sync);
    if (desk->client)
        api_client_free(desk->client);
    sim_stop(desk->simulator);
    if (desk->cache)
        cache_close(desk->cache);
    journal_news_stop(desk->news);
    if (desk->journal)
        journal_close(desk->journal);
    free(desk->webcode);
    free(desk->base_url);
    struct changes changes = desk->changes;
    *desk = (struct desk){.changes = changes};
}
