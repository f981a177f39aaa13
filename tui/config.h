/* Configuration: defaults, then the file, then the environment; plain structs, each problem with
   its line. The API key is never kept here: config_read_key() fetches it when a desk opens. */
#ifndef TUI_CONFIG_H
#define TUI_CONFIG_H

#include "roles.h"

struct config_env {
    char *webcode;
    char *api_key_command, *api_key_file;
    bool read_only;
    char *base_url, *ca_file, *pins, *url_ok, *url_ko;
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
    bool clipboard;           /* the copy key may write to it; yes */
    int charge_timeout_s;     /* 180 */
    int quiet_period_s;       /* 300: absence of a charge proves nothing before */
    int64_t confirm_limit;    /* minor units above which live amounts are typed; 0: none */
    int lock_after_s;         /* without a key so long the screen locks itself; 0: never */
    struct roles roles;       /* [operator NAME] */
    struct op_permit permit;  /* of `person`; points into this */
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

/* --- the API key: only ever in locked memory ------------------------------------------------- */

/* Where it comes from: the first of these that there is. */
enum key_source {
    KEY_MISSING,
    KEY_FROM_BUNDLED,    /* training: of the bundled server, opens nothing else */
    KEY_FROM_CREDENTIAL, /* systemd's: $CREDENTIALS_DIRECTORY/avirato-live-key or -test-key */
    KEY_FROM_VARIABLE,   /* AVIRATO_API_KEY: wins over the configuration file */
    KEY_FROM_COMMAND,    /* api_key_command */
    KEY_FROM_FILE        /* api_key_file */
};
enum key_source config_key_source(const struct config *config, enum env env);
/* Wipe and free with config_free_key(). */
char *config_read_key(const struct config *config, enum env env, struct err *err);
void config_free_key(char *key);
/* Moves AVIRATO_API_KEY out of the environment, where children and /proc would show it; true: there
   is or was one. The earlier the better; whoever asks for a key calls it as well. */
bool config_take_key_variable(void);
void config_forget_key_variable(void); /* at the end */

#endif
