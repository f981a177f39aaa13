/* Defaults, then config.ini, then the environment. One table knows every key; whatever is wrong
   names its file and line, because a setting that is silently ignored is found out too late. */
#include "config.h"
#include "private_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VENDOR_BASE    "https://aviratopayments.com/external/v1/"
#define VENDOR_LANDING "https://aviratopayments.com/"
#define TRAINING_CODE  "HOTEL9"
#define LINE_MAX_BYTES 190 /* inih cuts longer lines into several */
#define ZONEINFO       "/usr/share/zoneinfo/"

typedef bool (*setter)(void *field, const char *value);

static bool set_string(void *field, const char *value)
{
    char **target = (char **)field;
    free(*target);
    *target = mem_strdup(value);
    return value[0] != '\0';
}

/* A path; "~/" stands for the home folder. */
static bool set_path(void *field, const char *value)
{
    const char *home = getenv("HOME");
    if (strncmp(value, "~/", 2) != 0 || !home)
        return set_string(field, value) && value[0] == '/';
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/%s", home, value + 2);
    bool ok = !path.over && set_string(field, path.data);
    buf_done(&path);
    return ok;
}

static bool is_word(const char *value, const char *extra)
{
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++) {
        char c = value[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && !strchr(extra, c))
            return false;
    }
    return len > 0;
}

/* A webcode becomes a folder's name, so only harmless characters are taken. */
static bool set_webcode(void *field, const char *value)
{
    return is_word(value, "_") && strlen(value) <= 32 && set_string(field, value);
}

static bool set_zone(void *field, const char *value)
{
    char path[160];
    if (!is_word(value, "/_+-") || strlen(value) > 64)
        return false;
    /* The C library takes a zone that it does not know for UTC: better to say so now. */
    snprintf(path, sizeof path, ZONEINFO "%s", value);
    return (strcmp(value, "UTC") == 0 || access(path, R_OK) == 0) && set_string(field, value);
}

static bool set_language(void *field, const char *value)
{
    return (strcmp(value, "es") == 0 || strcmp(value, "en") == 0) && set_string(field, value);
}

static bool set_start(void *field, const char *value)
{
    return env_from_name(value, (enum env *)field);
}

static bool parse_number(const char *value, long low, long high, int *out)
{
    char *end;
    if (value[0] < '0' || value[0] > '9')
        return false;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || *end || number < low || number > high)
        return false;
    *out = (int)number;
    return true;
}

static bool set_hold_days(void *field, const char *value)
{
    return parse_number(value, 1, 28, field);
}

static bool set_charge_timeout(void *field, const char *value)
{
    return parse_number(value, 1, 900, field);
}

static bool set_quiet_period(void *field, const char *value)
{
    return parse_number(value, 1, 86400, field);
}

static bool set_day_start(void *field, const char *value)
{
    int hour, minute;
    if (strlen(value) != 5 || value[2] != ':')
        return false;
    char hours[3] = {value[0], value[1], '\0'};
    if (!parse_number(hours, 0, 23, &hour) || !parse_number(value + 3, 0, 59, &minute))
        return false;
    *(int *)field = hour * 60 + minute;
    return true;
}

/* Minutes, or seconds as 90s. */
static bool set_lock_after(void *field, const char *value)
{
    char number[8];
    size_t len = strlen(value);
    bool seconds = len > 0 && value[len - 1] == 's';
    if (len >= sizeof number)
        return false;
    snprintf(number, sizeof number, "%.*s", (int)(len - seconds), value);
    if (!parse_number(number, 0, seconds ? 86400 : 1440, field))
        return false;
    *(int *)field *= seconds ? 1 : 60;
    return true;
}

static bool set_borders(void *field, const char *value)
{
    *(bool *)field = strcmp(value, "ascii") == 0;
    return *(bool *)field || strcmp(value, "unicode") == 0;
}

static bool set_switch(void *field, const char *value)
{
    static const char *const yes[] = {"yes", "on", "true", "1"};
    static const char *const no[] = {"no", "off", "false", "0"};
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        *(bool *)field = strcmp(value, yes[i]) == 0;
        if (*(bool *)field || strcmp(value, no[i]) == 0)
            return true;
    }
    return false;
}

static bool set_limit(void *field, const char *value)
{
    struct money limit;
    int64_t readings[2];
    if (!money_parse(value, "EUR", MONEY_COMMA, &limit, readings, NULL))
        return false;
    *(int64_t *)field = limit.minor;
    return true;
}

static bool url_is_loopback(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        size_t len = strlen(hosts[i]);
        if (strncmp(url, hosts[i], len) == 0 && (url[len] == ':' || url[len] == '/'))
            return true;
    }
    return false;
}

static bool url_is_plain(const char *url)
{
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("@\"<>\\^`{|}", *p))
            return false;
    return strlen(url) < 1024;
}

/* https, or http towards this very machine; no user name, query or fragment; ends in "/". */
static bool set_base_url(void *field, const char *value)
{
    bool https = strncmp(value, "https://", 8) == 0 && value[8] != '\0' && value[8] != '/';
    if (!url_is_plain(value) || strpbrk(value, "?#") || !(https || url_is_loopback(value)))
        return false;
    struct buf url;
    buf_init(&url, 1100);
    buf_printf(&url, "%s%s", value, value[strlen(value) - 1] == '/' ? "" : "/");
    bool ok = set_string(field, url.data);
    buf_done(&url);
    return ok;
}

static bool set_pins(void *field, const char *value)
{
    return api_pins_usable(value) && set_string(field, value);
}

/* Where a guest lands after paying. */
static bool set_landing(void *field, const char *value)
{
    return url_is_plain(value) && (strncmp(value, "https://", 8) == 0 || url_is_loopback(value)) &&
           set_string(field, value);
}

/* Every key. Offsets of section NULL ([live] and [test]) are within struct config_env. */
static const struct key {
    const char *section, *name;
    setter set;
    size_t offset;
    const char *expects;
} keys[] = {
#define MAIN(name, field, set, expects)                                                            \
    {                                                                                              \
        "console", name, set, offsetof(struct config, field), expects                              \
    }
#define ENV(name, field, set, expects)                                                             \
    {                                                                                              \
        NULL, name, set, offsetof(struct config_env, field), expects                               \
    }
    MAIN("start", start, set_start, "live, test or training"),
    MAIN("language", language, set_language, "es or en"),
    MAIN("operator", person, set_string, "a name"),
    MAIN("terminal", terminal, set_string, "the poiId of a terminal"),
    MAIN("timezone", timezone, set_zone, "a zone installed here, as Europe/Madrid"),
    MAIN("business_day_start", business_day_start_min, set_day_start, "a time as 04:00"),
    MAIN("hold_days", hold_days, set_hold_days, "days, 1 to 28"),
    MAIN("borders", ascii_borders, set_borders, "unicode or ascii"),
    MAIN("mouse", mouse, set_switch, "yes or no"),
    MAIN("clipboard", clipboard, set_switch, "yes or no"),
    MAIN("charge_timeout", charge_timeout_s, set_charge_timeout, "seconds, 1 to 900"),
    MAIN("quiet_period", quiet_period_s, set_quiet_period, "seconds, 1 to 86400"),
    MAIN("confirm_limit", confirm_limit, set_limit, "an amount as 300,00"),
    MAIN("lock_after", lock_after_s, set_lock_after, "minutes, 0 to 1440, or seconds as 90s"),
    ENV("webcode", webcode, set_webcode, "letters and digits, at most 32"),
    ENV("api_key_command", api_key_command, set_string, "a program and its arguments"),
    ENV("api_key_file", api_key_file, set_path, "an absolute path"),
    ENV("read_only", read_only, set_switch, "yes or no"),
    ENV("base_url", base_url, set_base_url, "https://…, or http:// towards this machine"),
    ENV("ca_file", ca_file, set_path, "an absolute path"),
    ENV("pins", pins, set_pins, "sha256//BASE64, or two with ; and no blank between"),
    ENV("url_ok", url_ok, set_landing, "https://…"),
    ENV("url_ko", url_ko, set_landing, "https://…"),
#undef MAIN
#undef ENV
};

/* One reading of the file. */
struct reading {
    struct config *config;
    FILE *file;
    const char *path;
    int line;
    uint64_t seen[3]; /* keys given, by section: a key given twice is a mistake */
    bool has_start;
    struct err *err;
    bool failed;
};

/* A name as settings have them, else not shown: it may be a key that was pasted into the file. */
static const char *shown_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
    return name[len] == '\0' && len <= 24 ? name : "this name";
}

static int complain(struct reading *reading, const char *name, const char *why)
{
    if (!reading->failed)
        err_set(reading->err, ERR_INVALID, "%s:%d: %s: %s", reading->path, reading->line, name,
                why);
    reading->failed = true;
    return 0;
}

static char *read_line(char *out, int size, void *stream)
{
    struct reading *reading = stream;
    char *line = reading->failed ? NULL : fgets(out, size, reading->file);
    if (!line)
        return NULL;
    reading->line++;
    if (strlen(line) > LINE_MAX_BYTES)
        complain(reading, "line", "longer than 190 bytes");
    return reading->failed ? NULL : line;
}

/* 0 [console], 1 [live], 2 [test], -1 none of them. */
static int section_index(const char *section)
{
    static const char *const names[] = {"console", "live", "test"};
    for (int i = 0; i < (int)COUNT_OF(names); i++)
        if (strcmp(section, names[i]) == 0)
            return i;
    return -1;
}

static int take_key(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *reading = ctx;
    int at = section_index(section);
    if (strncmp(section, ROLES_SECTION, strlen(ROLES_SECTION)) == 0) {
        const char *who = section + strlen(ROLES_SECTION);
        const char *why = roles_take(&reading->config->roles, who, name, value);
        return why ? complain(reading, shown_name(name), why) : 1;
    }
    if (at < 0)
        return complain(reading, shown_name(section),
                        "no such section: [console], [live], [test], [operator NAME]");
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if ((keys[i].section == NULL) != (at > 0) || strcmp(keys[i].name, name) != 0)
            continue;
        if (reading->seen[at] & (UINT64_C(1) << i))
            return complain(reading, name, "given twice");
        reading->seen[at] |= UINT64_C(1) << i;
        struct config_env *env = &reading->config->env[at == 1 ? ENV_LIVE : ENV_TEST];
        void *base = at > 0 ? (void *)env : (void *)reading->config;
        if (!keys[i].set((char *)base + keys[i].offset, value)) {
            char why[120];
            snprintf(why, sizeof why, "expected %s", keys[i].expects);
            return complain(reading, name, why);
        }
        reading->has_start = reading->has_start || keys[i].set == set_start;
        return 1;
    }
    if (strstr(name, "key"))
        return complain(reading, shown_name(name),
                        "the API key does not belong in this file: use "
                        "api_key_command or api_key_file");
    return complain(reading, shown_name(name), "no such key in this section");
}

/* Opens it if it is safe to obey: it names a command that is run. */
static FILE *open_file(const char *path, bool required, struct err *err)
{
    bool absent;
    struct err why = {0};
    int fd = private_open(path, true, &absent, &why);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (fd >= 0 && !file)
        close(fd);
    if (!file && (required || !absent))
        err_set(err, fd < 0 ? why.code : ERR_SYSTEM, "%s", fd < 0 ? why.detail : strerror(errno));
    return file;
}

static bool read_config(struct reading *reading, bool required)
{
    struct err trouble = {0};
    reading->file = open_file(reading->path, required, &trouble);
    if (!reading->file)
        return trouble.code == ERR_NONE ||
               err_set(reading->err, trouble.code, "%s", trouble.detail);
    int bad_line = ini_parse_stream(read_line, reading, take_key, reading);
    fclose(reading->file);
    if (bad_line != 0 && !reading->failed) {
        reading->line = bad_line;
        complain(reading, "line", "neither [section] nor key = value");
    }
    reading->config->path = mem_strdup(reading->path);
    return !reading->failed;
}

/* Who works here, and what may that person do? */
static bool settle_roles(struct config *config, struct err *err)
{
    char user[64];
    const char *who = "";
    const char *why = roles_finish(&config->roles, &who);
    if (config->roles.count > 0 && !config->person) {
        roles_user(user, sizeof user);
        set_string(&config->person, user);
    }
    config->permit = roles_permit(&config->roles, config->person);
    return !why || err_set(err, ERR_INVALID, "%s: [" ROLES_SECTION "%s]: %s", config->path, who,
                           why);
}

static bool check_pairs(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < ENV_COUNT; i++)
        if (config->env[i].api_key_command && config->env[i].api_key_file)
            return err_set(err, ERR_INVALID, "%s: [%s]: api_key_command and api_key_file: give one",
                           config->path, env_name((enum env)i));
    return true;
}

/* A variable that is set goes to both the live and the test section: it says what this run is for.
 */
static bool take_variable(struct config *config, const char *name, size_t offset, setter set,
                          struct err *err)
{
    const char *value = getenv(name);
    if (!value || !value[0])
        return true;
    for (enum env env = ENV_TEST; env <= ENV_LIVE; env++)
        if (!set((char *)&config->env[env] + offset, value))
            return err_set(err, ERR_INVALID, "%s: not usable", name);
    config->from_environment = true;
    return true;
}

static bool read_environment(struct config *config, bool *has_start, struct err *err)
{
    const char *start = getenv("AVIRATO_ENV");
    if (start && start[0]) {
        if (!env_from_name(start, &config->start))
            return err_set(err, ERR_INVALID, "AVIRATO_ENV: expected live, test or training");
        *has_start = config->from_environment = true;
    }
    if (config_take_key_variable())
        config->from_environment = true;
    return take_variable(config, "AVIRATO_WEBCODE", offsetof(struct config_env, webcode),
                         set_webcode, err) &&
           take_variable(config, "AVIRATO_BASE_URL", offsetof(struct config_env, base_url),
                         set_base_url, err);
}

static void set_defaults(struct config *config)
{
    *config = (struct config){.business_day_start_min = 240,
                              .hold_days = 7,
                              .clipboard = true,
                              .charge_timeout_s = 180,
                              .quiet_period_s = 300};
    for (size_t i = 0; i < ENV_COUNT; i++) {
        struct config_env *env = &config->env[i];
        /* Training's base is that of the bundled server, known once it runs. */
        env->base_url = i == ENV_TRAINING ? NULL : mem_strdup(VENDOR_BASE);
        env->url_ok = mem_strdup(VENDOR_LANDING);
        env->url_ko = mem_strdup(VENDOR_LANDING);
    }
    config->env[ENV_TRAINING].webcode = mem_strdup(TRAINING_CODE);
}

bool config_load(struct config *config, const char *path, struct err *err)
{
    set_defaults(config);
    struct buf usual;
    buf_init(&usual, 4200);
    char *folder = config_base_dir("XDG_CONFIG_HOME", ".config");
    if (folder)
        buf_printf(&usual, "%s/config.ini", folder);
    free(folder);
    struct reading reading = {.config = config, .path = path ? path : usual.data, .err = err};
    bool ok = (!reading.path || read_config(&reading, path != NULL)) && check_pairs(config, err) &&
              settle_roles(config, err) && read_environment(config, &reading.has_start, err);
    buf_done(&usual);
    if (!reading.has_start) /* never live by itself */
        config->start = config->env[ENV_TEST].webcode || config->env[ENV_LIVE].webcode
                            ? ENV_TEST
                            : ENV_TRAINING;
    return ok;
}

void config_done(struct config *config)
{
    for (size_t i = 0; i < ENV_COUNT; i++) {
        struct config_env *env = &config->env[i];
        char *owned[] = {env->webcode, env->api_key_command, env->api_key_file, env->base_url,
                         env->ca_file, env->pins,            env->url_ok,       env->url_ko};
        for (size_t k = 0; k < COUNT_OF(owned); k++)
            free(owned[k]);
    }
    free(config->language);
    free(config->person);
    free(config->terminal);
    free(config->timezone);
    free(config->path);
    roles_done(&config->roles);
    *config = (struct config){0};
}
