#include "support_locales.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool locale_make(const char *folder, const char *name)
{
    char path[200], source[40];
    const char *dot = strchr(name, '.');
    struct stat made;
    pid_t pid;
    posix_spawn_file_actions_t quiet;

    if (!dot)
        return true; /* C */
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(source, sizeof source, "%.*s", (int)(dot - name), name);
    if (stat(path, &made) == 0)
        return true;
    char *argv[] = {(char[]){"localedef"}, (char[]){"-c"}, (char[]){"-i"}, source,
                    (char[]){"-f"}, (char *)(size_t)(dot + 1), path, NULL};
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    bool started = posix_spawnp(&pid, "localedef", &quiet, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&quiet);
    if (started)
        waitpid(pid, NULL, 0);
    return stat(path, &made) == 0;
}
