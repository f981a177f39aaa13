/* Where things are kept: the XDG folders, made private. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *config_base_dir(const char *variable, const char *fallback)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    struct buf path;
    buf_init(&path, 4096);
    if (base && base[0] == '/') {
        buf_printf(&path, "%s/avirato-console", base);
    } else {
        const struct passwd *user = home && home[0] == '/' ? NULL : getpwuid(geteuid());
        home = home && home[0] == '/' ? home : user ? user->pw_dir : NULL;
        if (home)
            buf_printf(&path, "%s/%s/avirato-console", home, fallback);
    }
    char *result = path.len > 0 && !path.over ? mem_strdup(path.data) : NULL;
    buf_done(&path);
    return result;
}

/* mkdir -p, 0700 for what is made here. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        bool ok = mkdir(path, 0700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES;
        if (slash)
            *slash = '/';
        if (!ok || !slash)
            return ok && access(path, W_OK | X_OK) == 0;
    }
}

static char *data_dir(const char *base, const char *webcode, enum env env, struct err *err)
{
    struct buf path;
    buf_init(&path, 4096);
    if (base)
        buf_printf(&path, "%s/%s-%s/", base, webcode, env_name(env));
    char *result = NULL;
    if (!base || path.over)
        err_set(err, ERR_STORAGE, "no home folder: set HOME or XDG_STATE_HOME and XDG_CACHE_HOME");
    else if (!make_folders(path.data))
        err_set(err, ERR_STORAGE, "%s: %s", path.data, strerror(errno));
    else
        result = mem_strdup(path.data);
    buf_done(&path);
    return result;
}

char *config_state_dir(const char *webcode, enum env env, struct err *err)
{
    char *base = config_base_dir("XDG_STATE_HOME", ".local/state");
    char *result = data_dir(base, webcode, env, err);
    free(base);
    return result;
}

char *config_cache_dir(const char *webcode, enum env env, struct err *err)
{
    char *base = config_base_dir("XDG_CACHE_HOME", ".cache");
    char *result = data_dir(base, webcode, env, err);
    free(base);
    return result;
}
