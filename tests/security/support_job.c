#include "support_job.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void run_job(const char *program, char **argv)
{
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    argv[0] = (char *)(size_t)program;
    execv(program, argv);
    _exit(127);
}

/* No more than one line: what stands behind it is for the job. */
static bool read_line(void)
{
    char byte = 0;

    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        ;
    return byte == '\n';
}

static void go_on(pid_t job)
{
    tcsetpgrp(STDIN_FILENO, job);
    kill(-job, SIGCONT);
}

bool job_played(char **argv, int *status)
{
    const char *program = getenv("JOB_OF");
    struct termios before, now;
    pid_t job;

    if (!program)
        return false;
    signal(SIGTTOU, SIG_IGN); /* it takes the terminal back from the background */
    tcgetattr(STDIN_FILENO, &before);
    job = fork();
    if (job == 0)
        run_job(program, argv);
    setpgid(job, job);
    printf("%s%d\n", JOB_SAYS_STARTED, (int)job);
    fflush(stdout);
    while (waitpid(job, status, WUNTRACED) == job && WIFSTOPPED(*status)) {
        tcsetpgrp(STDIN_FILENO, getpgrp());
        tcgetattr(STDIN_FILENO, &now);
        bool same = now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag &&
                    now.c_lflag == before.c_lflag && now.c_cflag == before.c_cflag &&
                    memcmp(now.c_cc, before.c_cc, sizeof now.c_cc) == 0;
        printf("%s\n", same ? JOB_SAYS_STOPPED : JOB_SAYS_RAW);
        fflush(stdout);
        if (!read_line())
            break;
        go_on(job);
    }
    tcsetpgrp(STDIN_FILENO, getpgrp());
    *status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
    return true;
}
