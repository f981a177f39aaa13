#include "support_process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void look(struct process_watch *watch, pid_t pid, const char *name)
{
    char path[64];
    size_t unreadable = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    const char *dress = canary_in_file(watch->canary, path, &unreadable);
    watch->unreadable += unreadable;
    if (dress)
        watch->found(watch->ctx, path, dress);
}

void process_sample(struct process_watch *watch, pid_t pid, bool own)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *in = fopen(path, "re");
    watch->samples++;
    look(watch, pid, "cmdline");
    if (own) {
        watch->environments++;
        look(watch, pid, "environ");
    }
    if (!in)
        return;
    char *rest = fgets(line, sizeof line, in);
    fclose(in);
    for (char *word = rest; word && *word;) {
        pid_t child = (pid_t)strtol(word, &word, 10);
        if (child <= 0)
            break;
        watch->children++;
        process_sample(watch, child, true);
    }
}

int process_copies(const struct canary *canary, pid_t pid)
{
    char path[64], line[512];
    size_t copies = 0;
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    while (maps && memory >= 0 && fgets(line, sizeof line, maps)) {
        uint64_t from, to;
        char mode[8];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, mode) != 3 || mode[0] != 'r')
            continue;
        char *bytes = malloc(to - from);
        ssize_t len = bytes ? pread(memory, bytes, to - from, (off_t)from) : 0;
        if (len > 0)
            copies += canary_count(canary, bytes, (size_t)len);
        if (bytes)
            explicit_bzero(bytes, to - from);
        free(bytes);
    }
    bool read_all = maps && memory >= 0;
    if (maps)
        fclose(maps);
    if (memory >= 0)
        close(memory);
    return read_all ? (int)copies : -1;
}

long process_number(pid_t pid, const char *name, const char *word)
{
    char path[64], line[512];
    long number = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *in = fopen(path, "re");
    while (in && number < 0 && fgets(line, sizeof line, in))
        if (strncmp(line, word, strlen(word)) == 0)
            number = strtol(line + strlen(word), NULL, 10);
    if (in)
        fclose(in);
    return number;
}
