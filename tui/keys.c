/* Fetches the API key: from a systemd credential, AVIRATO_API_KEY, a program (api_key_command) or a
   private file (api_key_file), the first that there is. It is in no file of ours, in no argument
   and in no child's environment; here it is only in locked memory, wiped when the client has it.
 */
#include "config.h"
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_MAX       4096
#define COMMAND_MS    10000
#define COMMAND_WORDS 32
#define VARIABLE      "AVIRATO_API_KEY"

/* Not swapped out, not in a core file, between pages that fault, wiped by sodium_free(). Where the
   system allows no locking it is still all the rest. */
static char *locked_alloc(size_t size, struct err *err)
{
    char *bytes = sodium_init() < 0 ? NULL : sodium_malloc(size);
    if (!bytes)
        err_set(err, ERR_SYSTEM, "no locked memory for the API key");
    return bytes;
}

/* Cuts what was read, with room for one more byte, down to the key in it, or frees it. */
static char *take_key(char *bytes, size_t len, const char *source, struct err *err)
{
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r' || bytes[len - 1] == ' '))
        len--;
    bool printable = len > 0;
    for (size_t i = 0; i < len; i++)
        printable = printable && bytes[i] > ' ' && bytes[i] < 0x7f;
    if (printable && len <= KEY_MAX) {
        bytes[len] = '\0';
        return bytes;
    }
    err_set(err, ERR_INVALID, "%s: %s", source,
            len > KEY_MAX ? "over 4 KiB"
            : len         ? "holds more than one key: blanks or control characters"
                          : "no key in it");
    sodium_free(bytes);
    return NULL;
}

/* --- from the environment ------------------------------------------------------------------- */

static char *variable; /* as it was found, in locked memory; NULL: none */

void config_forget_key_variable(void)
{
    sodium_free(variable);
    variable = NULL;
}

static void take_entry(char *value)
{
    size_t len = strlen(value);
    config_forget_key_variable();
    if (len > 0 && (variable = locked_alloc(len + 1, NULL)) == NULL)
        mem_exhausted(); /* or another key than the one that was given would be used */
    if (variable)
        memcpy(variable, value, len + 1);
    /* Unsetting only forgets where it is: /proc/PID/environ shows the bytes themselves. */
    explicit_bzero(value, len);
}

bool config_take_key_variable(void)
{
    for (size_t i = 0; environ && environ[i]; i++)
        if (strncmp(environ[i], VARIABLE "=", sizeof VARIABLE) == 0)
            take_entry(environ[i] + sizeof VARIABLE);
    unsetenv(VARIABLE);
    return variable != NULL;
}

static char *key_from_variable(struct err *err)
{
    size_t size = strlen(variable) + 1;
    char *bytes = locked_alloc(size, err);
    if (!bytes)
        return NULL;
    memcpy(bytes, variable, size);
    return take_key(bytes, size - 1, VARIABLE, err);
}

/* --- from a file ---------------------------------------------------------------------------- */

static char *key_from_file(const char *path, bool roots_too, struct err *err)
{
    int fd = private_open(path, roots_too, NULL, err);
    char *bytes = fd < 0 ? NULL : locked_alloc(KEY_MAX + 2, err), *key = NULL;
    if (bytes) {
        ssize_t len = read(fd, bytes, KEY_MAX + 1);
        if (len >= 0)
            key = take_key(bytes, (size_t)len, path, err);
        else
            err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
        if (len < 0)
            sodium_free(bytes);
    }
    if (fd >= 0)
        close(fd);
    return key;
}

/* The path of env's credential if there is one. */
static bool credential_path(enum env env, char *path, size_t size)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct stat st;
    if (env == ENV_TRAINING || !folder || folder[0] != '/')
        return false;
    int len = snprintf(path, size, "%s/avirato-%s-key", folder, env_name(env));
    return len > 0 && (size_t)len < size && lstat(path, &st) == 0;
}

/* --- from a program ------------------------------------------------------------------------- */

/* Words are separated by blanks; "double quotes" keep blanks together. Nothing else is special. */
static size_t split_words(char *text, char *words[COMMAND_WORDS + 1])
{
    size_t count = 0;
    char *in = text, *out = text;
    for (;;) {
        while (*in == ' ' || *in == '\t')
            in++;
        if (!*in || count == COMMAND_WORDS)
            break;
        words[count++] = out;
        for (bool quoted = false; *in && (quoted || (*in != ' ' && *in != '\t')); in++) {
            if (*in == '"')
                quoted = !quoted;
            else
                *out++ = *in;
        }
        if (*in)
            in++;
        *out++ = '\0';
    }
    words[count] = NULL;
    return *in ? 0 : count; /* too many words: none */
}

struct command {
    struct loop *loop;
    struct loop_watch *output_watch, *exit_watch;
    pid_t pid;
    int output, pidfd;
    char *bytes; /* KEY_MAX + 1 may come, and one more is there for the end */
    size_t len;
    bool ended, exited;
};

static void on_output(void *ctx, short revents)
{
    struct command *command = ctx;
    (void)revents;
    ssize_t got = read(command->output, command->bytes + command->len, KEY_MAX + 1 - command->len);
    if (got > 0)
        command->len += (size_t)got;
    else if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0 || command->len > KEY_MAX) {
        command->ended = true;
        loop_unwatch(command->loop, command->output_watch);
        command->output_watch = NULL;
    }
}

static void on_exit_of_command(void *ctx, short revents)
{
    struct command *command = ctx;
    (void)revents;
    command->exited = true;
    loop_unwatch(command->loop, command->exit_watch);
    command->exit_watch = NULL;
}

static bool is_over(void *ctx)
{
    const struct command *command = ctx;
    return (command->ended && command->exited) || command->len > KEY_MAX;
}

/* Starts it: no shell; a session of its own, so no terminal to write to or to be asked on; nothing
   to read; its messages dropped (they may repeat the key); none of our descriptors. */
static int spawn_command(char *const words[], int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    config_take_key_variable(); /* not in its environment */
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int failure = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

/* Runs until it has exited and closed its output, has said too much, or its time is up. */
static void run_command(struct command *command)
{
    command->loop = loop_new();
    command->output_watch =
        loop_watch_fd(command->loop, command->output, POLLIN, on_output, command);
    command->pidfd = pidfd_open(command->pid, 0);
    if (command->pidfd >= 0)
        command->exit_watch =
            loop_watch_fd(command->loop, command->pidfd, POLLIN, on_exit_of_command, command);
    loop_run_until(command->loop, is_over, command, COMMAND_MS);
    loop_free(command->loop);
    if (command->pidfd >= 0)
        close(command->pidfd);
}

/* Kills what still runs and collects it; false and err when it did not end well. */
static bool judge_command(const struct command *command, const char *name, struct err *err)
{
    int status = 0;
    if (!command->ended || !command->exited)
        kill(-command->pid, SIGKILL);
    while (waitpid(command->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (command->len > KEY_MAX)
        return err_set(err, ERR_INVALID, "api_key_command: %s: over 4 KiB", name);
    if (!command->ended || !command->exited)
        return err_set(err, ERR_SYSTEM, "api_key_command: %s: no answer within 10 seconds", name);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, ERR_SYSTEM, "api_key_command: %s: ended with status %d", name,
                       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return true;
}

/* Its output in locked memory; false: said why. */
static bool run_words(char *words[], struct command *command, struct err *err)
{
    /* Only a path is shown: what stands here by mistake may be the key itself. */
    const char *name = words[0][0] == '/' ? words[0] : "the program";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_SYSTEM, "api_key_command: %s", strerror(errno));
    int failure = spawn_command(words, ends[1], &command->pid);
    close(ends[1]);
    command->output = ends[0];
    if (!failure)
        run_command(command);
    bool ok = failure ? err_set(err, ERR_SYSTEM, "api_key_command: %s: %s", name, strerror(failure))
                      : judge_command(command, name, err);
    close(ends[0]);
    return ok;
}

static char *key_from_command(const char *line, struct err *err)
{
    struct command command = {.pidfd = -1};
    char *words[COMMAND_WORDS + 1];
    char *key = NULL;
    char *copy = mem_strdup(line);
    if (split_words(copy, words) == 0) {
        err_set(err, ERR_INVALID, "api_key_command: no program in it, or over 32 words");
    } else if ((command.bytes = locked_alloc(KEY_MAX + 2, err)) != NULL) {
        if (run_words(words, &command, err))
            key = take_key(command.bytes, command.len, "api_key_command", err);
        else
            sodium_free(command.bytes);
    }
    free(copy);
    return key;
}

/* --- public --------------------------------------------------------------------------------- */

enum key_source config_key_source(const struct config *config, enum env env)
{
    char path[4096];
    if (env == ENV_TRAINING)
        return KEY_FROM_BUNDLED;
    if (credential_path(env, path, sizeof path))
        return KEY_FROM_CREDENTIAL;
    if (config_take_key_variable())
        return KEY_FROM_VARIABLE;
    return config->env[env].api_key_command ? KEY_FROM_COMMAND
           : config->env[env].api_key_file  ? KEY_FROM_FILE
                                            : KEY_MISSING;
}

static char *bundled_key(struct err *err)
{
    static const char key[] = "test-key";
    char *copy = locked_alloc(sizeof key, err);
    return copy ? memcpy(copy, key, sizeof key) : NULL;
}

char *config_read_key(const struct config *config, enum env env, struct err *err)
{
    const struct config_env *settings = &config->env[env];
    char path[4096];
    switch (config_key_source(config, env)) {
    case KEY_FROM_BUNDLED:
        return bundled_key(err);
    case KEY_FROM_CREDENTIAL:
        credential_path(env, path, sizeof path);
        return key_from_file(path, true, err);
    case KEY_FROM_VARIABLE:
        return key_from_variable(err);
    case KEY_FROM_COMMAND:
        return key_from_command(settings->api_key_command, err);
    case KEY_FROM_FILE:
        return key_from_file(settings->api_key_file, false, err);
    case KEY_MISSING:
        break;
    }
    err_set(err, ERR_INVALID, "no API key for %s: set api_key_command or api_key_file in [%s]",
            env_name(env), env_name(env));
    return NULL;
}

void config_free_key(char *key)
{
    sodium_free(key); /* wipes */
}
