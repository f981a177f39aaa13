/* Plays key scripts against the real program in a pseudo-terminal.
   usage: pty_run [-j N] [-p PROGRAM] SCRIPT.keys...      UPDATE=1: write golden files and pictures
   The directives are the table in pty_run_script.c. */
#include "pty_run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOW_MS 8000

#define JOBS_MAX 16

struct play { /* one script in one variant */
    const char *path, *variant;
};

struct job {
    pid_t pid;
    struct play play;
    FILE *says; /* stdout of the script's process */
    int64_t start_ms;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void start_job(struct job *job, struct play play, const char *program)
{
    *job = (struct job){.play = play, .says = tmpfile(), .start_ms = now_ms()};
    if (!job->says) {
        perror("tmpfile");
        exit(2);
    }
    fflush(NULL);
    job->pid = fork();
    if (job->pid != 0)
        return;
    dup2(fileno(job->says), STDOUT_FILENO);
    dup2(fileno(job->says), STDERR_FILENO);
    const char *update = getenv("UPDATE");
    struct script script = {.path = play.path,
                            .variant = play.variant,
                            .program = program,
                            .update = update && strcmp(update, "1") == 0};
    bool ok = script_play(&script);
    fflush(NULL);
    _exit(ok ? 0 : 1);
}

static bool end_job(struct job *job, int status)
{
    char bytes[4096];
    size_t n;
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    int64_t took = now_ms() - job->start_ms;
    printf("%-4s %4lld.%lld s  %s %s%s\n", ok ? "ok" : "FAIL", (long long)(took / 1000),
           (long long)(took % 1000 / 100), job->play.path, job->play.variant,
           took > SLOW_MS ? " (slow)" : "");
    rewind(job->says);
    while ((n = fread(bytes, 1, sizeof bytes, job->says)) > 0)
        fwrite(bytes, 1, n, stdout);
    if (WIFSIGNALED(status))
        printf("the runner itself ended by signal %d\n", WTERMSIG(status));
    fclose(job->says);
    *job = (struct job){0};
    fflush(stdout);
    return ok;
}

/* Waits for any job; true when it passed. */
static bool await_job(struct job *jobs, int count)
{
    int status;
    pid_t pid = wait(&status);
    for (int i = 0; i < count; i++)
        if (jobs[i].pid == pid)
            return end_job(&jobs[i], status);
    return false;
}

static struct job *free_slot(struct job *jobs, int count)
{
    for (int i = 0; i < count; i++)
        if (jobs[i].pid == 0)
            return &jobs[i];
    return NULL;
}

/* All scripts in all their variants. */
static size_t collect(char **paths, struct play **plays)
{
    size_t count = 0;
    *plays = NULL;
    for (; *paths; paths++) {
        char *list = variant_list(*paths), *rest = list, *word = strtok_r(list, " \n", &rest);
        do {
            *plays = realloc(*plays, (count + 1) * sizeof **plays);
            if (!*plays)
                exit(2);
            (*plays)[count++] = (struct play){*paths, word ? strdup(word) : strdup("")};
            word = word ? strtok_r(NULL, " \n", &rest) : NULL;
        } while (word);
        free(list);
    }
    return count;
}

static int run_all(const struct play *plays, size_t count, int at_once, const char *program)
{
    struct job jobs[JOBS_MAX] = {0};
    int running = 0, passed = 0, failed = 0;
    for (size_t next = 0; next < count || running > 0;) {
        struct job *slot = running < at_once ? free_slot(jobs, at_once) : NULL;
        if (next < count && slot) {
            start_job(slot, plays[next++], program);
            running++;
            continue;
        }
        bool ok = await_job(jobs, at_once);
        running--;
        passed += ok;
        failed += !ok;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct play *plays;
    const char *program = "build/avirato-console";
    int option, at_once = 1;
    while ((option = getopt(argc, argv, "j:p:")) != -1) {
        if (option == 'j')
            at_once = (int)strtol(optarg, NULL, 10);
        else if (option == 'p')
            program = optarg;
        else
            return 2;
    }
    if (at_once < 1 || at_once > JOBS_MAX)
        at_once = 2;
    char *absolute = realpath(program, NULL);
    size_t count = collect(argv + optind, &plays);
    int status = run_all(plays, count, at_once, absolute ? absolute : program);
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)plays[i].variant);
    free(plays);
    free(absolute);
    return status;
}
