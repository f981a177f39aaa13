/* Any file as config.ini: taken whole and in bounds, or refused with its line. Input: the file. */
#include "fuzz.h"

#include "../../tui/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[96];

/* Nothing of the caller's surroundings has a say, and the file is written in place. */
static int open_file(void)
{
    static const char *const variables[] = {"AVIRATO_ENV", "AVIRATO_API_KEY", "AVIRATO_WEBCODE",
                                            "AVIRATO_BASE_URL", "CREDENTIALS_DIRECTORY"};
    static int fd = -1;
    if (fd >= 0)
        return fd;
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        unsetenv(variables[i]);
    setenv("HOME", "/home/somebody", 1);
    snprintf(path, sizeof path, "%s/config.ini", fuzz_folder());
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(fd >= 0);
    return fd;
}

static bool has_only(const char *text, const char *extra)
{
    for (; *text; text++) {
        bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                      (*text >= '0' && *text <= '9');
        if (!letter && !strchr(extra, *text))
            return false;
    }
    return true;
}

static void check_url(const char *url)
{
    size_t len = strlen(url);
    bool here = strncmp(url, "http://127.0.0.1", 16) == 0 ||
                strncmp(url, "http://localhost", 16) == 0 || strncmp(url, "http://[::1]", 12) == 0;
    assert(strncmp(url, "https://", 8) == 0 || here);
    for (size_t i = 0; i < len; i++)
        assert(url[i] > ' ' && url[i] < 0x7f && url[i] != '@' && url[i] != '\\');
}

static void check_env(const struct config_env *env)
{
    assert(!(env->api_key_command && env->api_key_file));
    if (env->webcode) /* it becomes the name of a folder */
        assert(env->webcode[0] && strlen(env->webcode) <= 32 && has_only(env->webcode, "_"));
    if (env->base_url) {
        check_url(env->base_url);
        assert(env->base_url[strlen(env->base_url) - 1] == '/');
        assert(!strpbrk(env->base_url, "?#"));
    }
    check_url(env->url_ok);
    check_url(env->url_ko);
    assert(!env->api_key_file || env->api_key_file[0] == '/');
    assert(!env->ca_file || env->ca_file[0] == '/');
}

static void check_config(const struct config *config)
{
    assert(config->start < ENV_COUNT && !config->from_environment);
    assert(!config->language || strcmp(config->language, "es") == 0 ||
           strcmp(config->language, "en") == 0);
    assert(!config->timezone || (has_only(config->timezone, "/_+-") && config->timezone[0]));
    assert(config->business_day_start_min >= 0 && config->business_day_start_min < 1440);
    assert(config->hold_days >= 1 && config->hold_days <= 28);
    assert(config->charge_timeout_s >= 1 && config->charge_timeout_s <= 900);
    assert(config->quiet_period_s >= 1 && config->quiet_period_s <= 86400);
    assert(config->confirm_limit >= 0 && config->confirm_limit <= MONEY_MAX);
    for (int env = 0; env < ENV_COUNT; env++)
        check_env(&config->env[env]);
    /* Training is nobody's to set, and live is never come to without a word. */
    assert(!config->env[ENV_TRAINING].base_url && !config->env[ENV_TRAINING].api_key_file);
}

static bool says(const uint8_t *data, size_t size, const char *word)
{
    return memmem(data, size, word, strlen(word)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct err err = {0};
    int fd = open_file();
    bool written = ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size;

    assert(written);
    if (config_load(&config, path, &err)) {
        check_config(&config);
        assert(config.start != ENV_LIVE || (says(data, size, "start") && says(data, size, "live")));
    } else {
        assert(err.code == ERR_INVALID && strncmp(err.detail, path, strlen(path)) == 0);
    }
    config_done(&config);
    return 0;
}
