/* What the system tells of a running process: arguments, environments, memory, limits. */
#ifndef TESTS_SECURITY_SUPPORT_PROCESS_H
#define TESTS_SECURITY_SUPPORT_PROCESS_H

#include "support_canary.h"

#include <stdbool.h>
#include <sys/types.h>

struct process_watch {
    struct canary *canary;
    uint64_t samples, environments, children; /* looked at; children: environments of them */
    uint64_t unreadable;
    void (*found)(void *ctx, const char *where, const char *dress);
    void *ctx;
};
/* The arguments of it and its children, and the children's environments; with own its own too. */
void process_sample(struct process_watch *watch, pid_t pid, bool own);
/* Whole copies of the key in its memory; -1: not readable. */
int process_copies(const struct canary *canary, pid_t pid);
/* A number behind a word in /proc/PID/NAME ("status", "VmLck:"); -1: none. */
long process_number(pid_t pid, const char *name, const char *word);

#endif
