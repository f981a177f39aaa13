/* What can be tried whole is tried whole: answers, typed amounts, currencies; what cannot is drawn
   from a seed: amounts, edits of the journal's trail. See support_brute.h for the parts.
   usage: brute [--short | --full] [--seed N] [--only PART] [--oracle FILE] */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support_brute.h"

#define SHOWN_MOST 20 /* violations of a part that are printed; all are counted */

static uint64_t shown;

void brute_violation(struct brute *brute, const char *format, ...)
{
    va_list values;

    brute->violations++;
    if (shown++ >= SHOWN_MOST)
        return;
    printf("VIOLATION seed %" PRIu64 " ", brute->seed);
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
}

uint64_t brute_draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static const struct {
    const char *name;
    bool (*run)(struct brute *brute);
} parts[] = {
    {"judge", brute_judge},           {"typed", brute_typed}, {"round-trips", brute_round_trips},
    {"currencies", brute_currencies}, {"audit", brute_audit},
};

static bool parse(struct brute *brute, const char **only, char **words)
{
    for (; *words != NULL; words++) {
        bool value = words[1] != NULL;
        if (strcmp(*words, "--full") == 0)
            brute->full = true;
        else if (strcmp(*words, "--short") == 0)
            brute->full = false;
        else if (strcmp(*words, "--seed") == 0 && value)
            brute->seed = strtoull(*++words, NULL, 10);
        else if (strcmp(*words, "--only") == 0 && value)
            *only = *++words;
        else if (strcmp(*words, "--oracle") == 0 && value)
            brute->oracle = *++words;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct brute brute = {.seed = 1, .oracle = "tests/safety/oracle.py"};
    const char *only = NULL;
    bool could = argc > 0 && parse(&brute, &only, argv + 1);
    size_t ran = 0;

    if (!could)
        fprintf(stderr, "usage: brute [--short | --full] [--seed N] [--only PART] "
                        "[--oracle FILE]\n");
    for (size_t i = 0; could && i < COUNT_OF(parts); i++) {
        if (only != NULL && strcmp(only, parts[i].name) != 0)
            continue;
        int64_t begun = clock_boot_ms();
        shown = 0;
        could = parts[i].run(&brute);
        printf("%s: %" PRId64 " ms\n", parts[i].name, clock_boot_ms() - begun);
        fflush(stdout);
        ran++;
    }
    if (!could || ran == 0)
        return 2;
    printf("= brute violations: %" PRIu64 "\n", brute.violations);
    return brute.violations > 0 ? 1 : 0;
}
