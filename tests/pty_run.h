/* Shared among pty_run*.c, the runner of key scripts. A script is played in a process of its own,
   whose environment is the script's. */
#ifndef TESTS_PTY_RUN_H
#define TESTS_PTY_RUN_H

#include "support_pty.h"

#include <regex.h>
#include <sys/types.h>

#define SCRIPT_PATH_SIZE 512
#define SCRIPT_WORDS 64

struct script {
    const char *path;               /* of the .keys file; golden files stand beside it */
    const char *program;            /* the console, absolute */
    const char *variant;            /* "es-live-120x40"; "" when the script names none */
    bool update;                    /* write golden files and pictures instead of comparing */
    FILE *in;
    int line;
    char temp[SCRIPT_PATH_SIZE];    /* everything of this run; HOME is temp/home */
    int rows, cols;
    int limit_ms;                   /* of each wait */
    char *words[SCRIPT_WORDS];      /* argv of the program, collected by "arg" */
    size_t word_count;
    char *command;                  /* run instead of the program, by sh */
    struct pty *pty;                /* NULL: not started yet */
    pid_t simulator;                /* 0: none */
    regex_t masks[8];
    size_t mask_count;
};

/* Plays it. Says on stdout what went wrong; false then. */
bool script_play(struct script *script);
/* "path:line: why" on stdout, and false. */
bool script_fail(const struct script *script, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Starts the program when it has not been; false: that cannot be done. */
bool script_is_started(struct script *script);

#define SCRIPT_CONFIG ".config/avirato-console/config.ini"
FILE *script_open_home(struct script *script, const char *name); /* mode 600; NULL: said why */
bool script_set_size(struct script *script, char *size);         /* "80x24" */
bool script_add_words(struct script *script, char *words);       /* to the program's argv */

/* Variants (pty_run_variant.c): the words of a first line, "" when there are none; free() it. */
char *variant_list(const char *path);
bool variant_apply(struct script *script);

/* Directives that start other processes (pty_run_child.c). arg: the rest of the line, expanded. */
bool run_simulator(struct script *script, char *arg);
bool run_simulator_stop(struct script *script, char *arg);
bool run_cli(struct script *script, char *arg);
bool run_cli_out(struct script *script, char *arg);
bool run_cli_err(struct script *script, char *arg);
bool run_cli_jq(struct script *script, char *arg);
bool run_quietly(char *const argv[], const char *in, const char *out, const char *err,
                 pid_t *child);
int run_wait(struct script *script, pid_t child, int limit_ms); /* exit status, -1: limit passed */

bool run_keys(struct script *script, char *arg);

/* Directives about what must be seen (pty_run_seen.c). */
bool run_wait_text(struct script *script, char *arg);
bool run_insist(struct script *script, char *arg);
bool run_gone(struct script *script, char *arg);
bool run_absent(struct script *script, char *arg);
bool run_mask(struct script *script, char *arg);
bool run_raw(struct script *script, char *arg);
bool run_tty_restored(struct script *script, char *arg);

/* Directives that look at the whole screen (pty_run_screen.c). */
bool run_golden(struct script *script, char *arg);
bool run_svg(struct script *script, char *arg);
bool run_qr(struct script *script, char *arg);

#endif
