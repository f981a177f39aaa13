/* Which fault strikes where, and how hard. The list itself is the server's. */
#include "support_crash.h"

#include <string.h>

#define POSTS "POST*"
#define READS "GET*"

/* Kinds that need something else than "every POST, the usual value". Times are of the shared clock;
   what comes late does so within the quiet period of a charge, which is one second. */
static const struct habit {
    const char *kind, *target, *value;
    bool ambiguous;
} habits[] = {
    {"delay", POSTS, "=1500", false},
    {"slow", POSTS, "=1", false},
    {"cut", POSTS, "=120", false},
    {"429", POSTS, "=1", false},
    {"refuse", "CONNECT", "@0.5", false},
    {"refuse-after", "*", "=100", false},
    {"close", "*", "", false},
    {"endless-head", "*", "@0.5", false},
    {"endless-body", "*", "@0.5", false},
    {"bomb", "*", "@0.5", false},
    {"hangup", "CONNECT", "@0.5", false},
    {"deaf", "CONNECT", "=100@0.5", false},
    {"late", POSTS, "=300", false},
    {"late-silent", POSTS, "=300", false},
    {"lag", POSTS, "=300", false},
    /* A refund that the server itself takes back. */
    {"flip", POSTS, "=1000", true},
    {"stale", READS, "=500", false},
    {"unstable", READS, "=3", false},
    {"no-filter", READS, "", false},
    {"same-page", READS, "", false},
    {"twins", READS, "", false},
    {"clock-ahead", READS, "", false},
    {"clock-behind", READS, "", false},
    {"no-date", READS, "", false},
    {"silent", READS, "x1", false},
    {"drop-before", READS, "@0.5", false},
    {"garbage", READS, "@0.5", false},
    {"cut", READS, "=300@0.5", false},
    {"429", READS, "=1x1", false},
    {"500-before", READS, "@0.5", false},
    /* Lists that name the same thing with other facts: our name on something else. */
    {"wrong-amount", READS, "", true},
    {"wrong-currency", READS, "", true},
    {"wrong-terminal", READS, "", true},
    {"other-environment", READS, "", true},
    {"odd-status", READS, "", false},
    {"no-reference", READS, "", false},
    {"no-echo", READS, "", true},
};

/* Kinds that strike about once a round and that no other program of the proof shows. */
static unsigned weight_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned weight;
    } rare[] = {{"late", 8},         {"slow", 8},         {"clock-behind", 3},
                {"clock-ahead", 2},  {"deaf", 2},         {"hangup", 2},
                {"endless-body", 2}, {"endless-head", 2}, {"bomb", 2}};

    for (size_t i = 0; i < COUNT_OF(rare); i++)
        if (strcmp(rare[i].name, name) == 0)
            return rare[i].weight;
    return 1;
}

static bool add(struct crash_fault *out, const char *name, size_t kind, const struct habit *habit)
{
    struct err err;
    const char *target = habit == NULL ? POSTS : habit->target;

    *out = (struct crash_fault){.name = name, .kind = kind};
    out->when = strcmp(target, READS) == 0 ? FAULT_READING : FAULT_SENDING;
    out->ambiguous = habit != NULL && habit->ambiguous;
    out->weight = weight_of(name);
    snprintf(out->rule, sizeof out->rule, "%s:%s%s", target, name,
             habit == NULL ? "" : habit->value);
    return sim_faults_check(out->rule, &err);
}

/* Those of the lies and of lost answers strike sending as well, with the usual value. */
static bool only_reading(const char *name)
{
    static const char *const names[] = {"stale", "unstable",    "no-filter",    "same-page",
                                        "twins", "clock-ahead", "clock-behind", "no-date"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

size_t crash_faults(struct crash_fault *out, size_t max)
{
    size_t count = 0;
    const char *name, *help;

    for (size_t kind = 0; kind < CRASH_KINDS_MAX && (name = sim_fault_kind(kind, &help)); kind++) {
        bool sends = only_reading(name);
        for (size_t i = 0; i < COUNT_OF(habits); i++) {
            if (strcmp(habits[i].kind, name) != 0 || count >= max)
                continue;
            count += add(&out[count], name, kind, &habits[i]);
            sends |= strcmp(habits[i].target, READS) != 0;
        }
        if (!sends && count < max)
            count += add(&out[count], name, kind, NULL);
    }
    return count;
}
