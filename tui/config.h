/* Configuration: defaults, then the file, then the environment; plain structs, each problem with
   its line. The API key is never kept here: config_read_key() fetches it when a desk opens. */
#ifndef TUI_CONFIG_H
#define TUI_CONFIG_H

#include "../api/api.h"

struct config_env {
    char *webcode;
    char *api_key_command, *api_key_file;
    bool read_only;
    char *base_url, *ca_file, *url_ok, *url_ko;
};
struct config {
    enum env start;           /* environment to open when the command line names none */
    char *language;           /* "es", "en" or NULL */
    char *person;             /* operator */
    char *terminal;           /* default poiId of this desk */
    char *timezone;           /* zone name or NULL */
    int business_day_start_min; /* minutes after midnight, 240 */
    int hold_days;            /* 7 */
    bool ascii_borders, mouse;
    int charge_timeout_s;     /* 180 */
    int quiet_period_s;       /* 300: absence of a charge proves nothing before */
    int64_t confirm_limit;    /* minor units above which live amounts are typed; 0: none */
    struct config_env env[ENV_COUNT];
    bool from_environment;    /* some AVIRATO_* variable won */
    char *path;               /* file that was read, NULL: none */
};
/* path NULL: $XDG_CONFIG_HOME/avirato-console/config.ini if it is there. err names file and
   line. */
bool config_load(struct config *config, const char *path, struct err *err);
void config_done(struct config *config);

/* $variable/avirato-console, or ~/fallback/avirato-console; NULL without a home. Caller frees. */
char *config_base_dir(const char *variable, const char *fallback);
/* $XDG_STATE_HOME/avirato-console/WEBCODE-ENV/ (state) or the cache folder; made 0700. Caller
   frees. */
char *config_state_dir(const char *webcode, enum env env, struct err *err);
char *config_cache_dir(const char *webcode, enum env env, struct err *err);

/* The key by AVIRATO_API_KEY, api_key_command or api_key_file (0600 checked on the open
   descriptor). Wipe and free with config_free_key(). */
char *config_read_key(const struct config *config, enum env env, struct err *err);
void config_free_key(char *key);

#endif
