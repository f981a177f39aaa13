/* Fetches the API key: from AVIRATO_API_KEY, a program (api_key_command) or a private file
   (api_key_file). It is in no file of ours, in no argument, and wiped as soon as the client has it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

/* Takes the first line of what was read as the key. */
static char *take_key(const char *bytes, size_t len, const char *source, struct err *err)
{
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r' || bytes[len - 1] == ' '))
        len--;
    bool printable = len > 0;
    for (size_t i = 0; i < len; i++)
        printable = printable && bytes[i] > ' ' && bytes[i] < 0x7f;
    if (!printable) {
        err_set(err, ERR_INVALID, "%s: %s", source,
                len ? "holds more than one key: blanks or control characters" : "no key in it");
        return NULL;
    }
    char *key = mem_alloc(len + 1);
    memcpy(key, bytes, len);
    return key;
}

/* --- from a file ---------------------------------------------------------------------------- */

static const char *file_trouble(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "not a regular file";
    if (st->st_uid != geteuid())
        return "belongs to somebody else";
    if (st->st_mode & (S_IRWXG | S_IRWXO | S_IXUSR))
        return "others may read it: chmod 600";
    return NULL;
}

/* Everything is checked on the descriptor that is then read, so that no swap in between helps. */
static char *key_from_file(const char *path, struct err *err)
{
    char bytes[KEY_MAX + 1];
    struct stat st;
    char *key = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_set(err, ERR_DENIED, "%s: %s", path,
                errno == ELOOP ? "is a symbolic link: name the file itself" : strerror(errno));
    } else if (file_trouble(&st)) {
        err_set(err, ERR_DENIED, "%s: %s", path, file_trouble(&st));
    } else {
        ssize_t len = read(fd, bytes, sizeof bytes);
        if (len < 0 || len > KEY_MAX)
            err_set(err, ERR_INVALID, "%s: %s", path, len < 0 ? strerror(errno) : "over 4 KiB");
        else
            key = take_key(bytes, (size_t)len, path, err);
    }
    explicit_bzero(bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    return key;
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
    char bytes[KEY_MAX + 1];
    size_t len;
    bool ended, exited;
};

static void on_output(void *ctx, short revents)
{
    struct command *command = ctx;
    (void)revents;
    ssize_t got =
        read(command->output, command->bytes + command->len, sizeof command->bytes - command->len);
    if (got > 0)
        command->len += (size_t)got;
    else if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0 || command->len == sizeof command->bytes) {
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
    return command->ended && command->exited;
}

/* Starts it: no shell, own process group, nothing to read, its messages dropped (they may repeat
   the key), our own key variable not in its environment. */
static int spawn_command(char *const words[], int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **variables = mem_alloc((count + 1) * sizeof *variables);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], VARIABLE "=", sizeof VARIABLE) != 0)
            variables[kept++] = environ[i];
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int failure = posix_spawnp(pid, words[0], &actions, &attributes, words, variables);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(variables);
    return failure;
}

/* Runs until it has exited and closed its output, or its time is up; then what is left is killed.
 */
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

static char *judge_command(const struct command *command, const char *name, struct err *err)
{
    int status = 0;
    if (!is_over((void *)command))
        kill(-command->pid, SIGKILL);
    while (waitpid(command->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!is_over((void *)command))
        err_set(err, ERR_SYSTEM, "api_key_command: %s: no answer within 10 seconds", name);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        err_set(err, ERR_SYSTEM, "api_key_command: %s: ended with status %d", name,
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    else if (command->len > KEY_MAX)
        err_set(err, ERR_INVALID, "api_key_command: %s: over 4 KiB", name);
    else
        return take_key(command->bytes, command->len, "api_key_command", err);
    return NULL;
}

static char *key_from_command(const char *line, struct err *err)
{
    struct command command = {.pidfd = -1};
    char *words[COMMAND_WORDS + 1];
    int ends[2];
    char *key = NULL;
    char *copy = mem_strdup(line);
    if (split_words(copy, words) == 0) {
        err_set(err, ERR_INVALID, "api_key_command: no program in it, or over 32 words");
    } else if (pipe2(ends, O_CLOEXEC) != 0) {
        err_set(err, ERR_SYSTEM, "api_key_command: %s", strerror(errno));
    } else {
        int failure = spawn_command(words, ends[1], &command.pid);
        close(ends[1]);
        command.output = ends[0];
        if (failure) {
            err_set(err, ERR_SYSTEM, "api_key_command: %s: %s", words[0], strerror(failure));
        } else {
            run_command(&command);
            key = judge_command(&command, words[0], err);
        }
        close(ends[0]);
    }
    explicit_bzero(command.bytes, sizeof command.bytes);
    free(copy);
    return key;
}

/* --- public --------------------------------------------------------------------------------- */

char *config_read_key(const struct config *config, enum env env, struct err *err)
{
    const struct config_env *settings = &config->env[env];
    const char *variable = getenv(VARIABLE);
    if (env == ENV_TRAINING)
        return mem_strdup("test-key"); /* of the bundled server; opens nothing else */
    if (variable && variable[0])
        return take_key(variable, strlen(variable), VARIABLE, err);
    if (settings->api_key_command)
        return key_from_command(settings->api_key_command, err);
    if (settings->api_key_file)
        return key_from_file(settings->api_key_file, err);
    err_set(err, ERR_INVALID, "no API key for %s: set api_key_command or api_key_file in [%s]",
            env_name(env), env_name(env));
    return NULL;
}

void config_free_key(char *key)
{
    if (key)
        explicit_bzero(key, strlen(key));
    free(key);
}
