/* Faults on demand: the rules of a SPEC, which of them hit a request, and how often each did. What
   the kinds do stands in sim_faults_kinds.c. */
#include "faults_internal.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX   64
#define PATTERN_MAX 96
#define CERTAIN     1000000 /* chances are in millionths */
#define VALUE_MAX   INT64_C(86400000)
#define HEADER_MAX  1024
#define CONNECT     "CONNECT" /* the target where no request is known yet */

struct rule {
    char text[PATTERN_MAX + 64], pattern[PATTERN_MAX];
    const struct fault_kind *kind;
    int64_t value;
    uint32_t chance;
    uint64_t count, matched, applied, random;
};
struct sim_faults {
    struct rule rules[RULES_MAX];
    size_t count;
    uint64_t *applied; /* by kind; NULL: nobody counts */
};

static bool strikes_connections(const struct rule *rule)
{
    return rule->kind->stage == FAULT_CONNECT || rule->kind->stage == FAULT_FRESH;
}

const char *sim_fault_kind(size_t i, const char **help)
{
    if (i >= fault_kind_count)
        return NULL;
    if (help)
        *help = fault_kinds[i].help;
    return fault_kinds[i].name;
}

size_t faults_kinds(void)
{
    return fault_kind_count;
}

/* --- the SPEC -----------------------------------------------------------------------------------
 */

static bool complain(struct err *err, const char *rule, const char *why)
{
    return err_set(err, ERR_INVALID, "fault rule \"%.80s\": %s", rule, why);
}

/* Digits up to the value's limit; moves *at behind them. */
static bool read_number(const char **at, int64_t *out)
{
    if (!isdigit((unsigned char)**at))
        return false;
    for (*out = 0; isdigit((unsigned char)**at) && *out <= VALUE_MAX; (*at)++)
        *out = *out * 10 + (**at - '0');
    return *out <= VALUE_MAX;
}

/* 0, 1 or a decimal fraction, in millionths. */
static bool read_chance(const char **at, uint32_t *out)
{
    if (**at != '0' && **at != '1')
        return false;
    uint32_t unit = CERTAIN, chance = **at == '1' ? CERTAIN : 0;
    if (*++*at == '.') {
        for (++*at; isdigit((unsigned char)**at) && unit > 1; ++*at) {
            unit /= 10;
            chance += unit * (uint32_t)(**at - '0');
        }
    }
    *out = chance;
    return chance <= CERTAIN;
}

static const struct fault_kind *find_kind(const char *name, size_t len)
{
    for (size_t i = 0; i < fault_kind_count; i++) {
        if (strlen(fault_kinds[i].name) == len && memcmp(fault_kinds[i].name, name, len) == 0)
            return &fault_kinds[i];
    }
    return NULL;
}

static bool parse_pattern(const char *text, size_t len, struct rule *rule)
{
    bool any_method = len > 0 && text[0] == '/';
    if (len == 0 || len + any_method >= sizeof(rule->pattern))
        return false;
    if (any_method)
        rule->pattern[0] = '*';
    memcpy(rule->pattern + any_method, text, len);
    rule->pattern[len + any_method] = '\0';
    return true;
}

static bool parse_rule(struct rule *rule, struct err *err)
{
    const char *colon = strchr(rule->text, ':');
    if (!colon || !parse_pattern(rule->text, (size_t)(colon - rule->text), rule))
        return complain(err, rule->text, "TARGET:KIND is missing");
    const char *at = colon + 1;
    /* x ends a name only before a count, @ and = always do */
    size_t len = strcspn(at, "=@");
    if (!find_kind(at, len) && strchr(at, 'x'))
        len = (size_t)(strrchr(at, 'x') - at);
    rule->kind = find_kind(at, len);
    if (!rule->kind)
        return complain(err, rule->text, "unknown KIND");
    if (strikes_connections(rule) && fnmatch(rule->pattern, CONNECT, 0) != 0)
        return complain(err, rule->text, "this KIND takes the TARGET " CONNECT " or *");
    at += len;
    rule->value = rule->kind->otherwise;
    rule->chance = CERTAIN;
    rule->count = UINT64_MAX;
    if (*at == '=') {
        at++;
        if (rule->kind->unit ? !read_number(&at, &rule->value) : !read_chance(&at, &rule->chance))
            return complain(err, rule->text, "VALUE is out of range");
    }
    if (*at == '@') {
        at++;
        if (!read_chance(&at, &rule->chance))
            return complain(err, rule->text, "CHANCE is not between 0 and 1");
    }
    if (*at == 'x') {
        at++;
        int64_t count;
        if (!read_number(&at, &count))
            return complain(err, rule->text, "COUNT is no number");
        rule->count = (uint64_t)count;
    }
    return *at == '\0' || complain(err, rule->text, "text behind its end");
}

static bool parse_spec(struct sim_faults *faults, const char *spec, struct err *err)
{
    while (spec && *spec) {
        size_t len = strcspn(spec, ",");
        struct rule *rule = &faults->rules[faults->count];
        if (faults->count == RULES_MAX)
            return err_set(err, ERR_INVALID, "more than %d fault rules", RULES_MAX);
        if (len >= sizeof(rule->text))
            return complain(err, spec, "too long");
        memcpy(rule->text, spec, len);
        if (!parse_rule(rule, err))
            return false;
        faults->count++;
        spec += len;
        if (*spec == ',' && !*++spec)
            return err_set(err, ERR_INVALID, "a fault rule is missing after the last comma");
    }
    return true;
}

struct sim_faults *faults_new(const char *spec, uint64_t seed, uint64_t *applied, struct err *err)
{
    struct sim_faults *faults = mem_alloc(sizeof(*faults));
    faults->applied = applied;
    if (!parse_spec(faults, spec, err)) {
        faults_free(faults);
        return NULL;
    }
    for (size_t i = 0; i < faults->count; i++)
        faults->rules[i].random = seed_mix(seed + i);
    return faults;
}

void faults_free(struct sim_faults *faults)
{
    free(faults);
}

bool sim_faults_check(const char *spec, struct err *err)
{
    struct sim_faults *faults = faults_new(spec, 0, NULL, err);
    faults_free(faults);
    return faults != NULL;
}

/* A header is a SPEC without targets. */
static bool spec_of_header(const char *text, struct buf *spec)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        buf_printf(spec, "*:%.*s", (int)len, text);
        text += len;
        if (*text == ',')
            text += 1 + strspn(text + 1, " ");
        if (*text)
            buf_puts(spec, ",");
    }
    return !spec->over;
}

struct sim_faults *faults_of_header(struct sim *sim, const char *text, struct err *err)
{
    uint64_t seed = sim->settings.seed + sim_requests_seen(sim, NULL);
    struct sim_faults *faults = NULL;
    struct buf spec;
    buf_init(&spec, HEADER_MAX);
    if (spec_of_header(text, &spec))
        faults = faults_new(spec.data, seed, sim->fault_applied, err);
    else
        err_set(err, ERR_INVALID, "the header is too long");
    buf_done(&spec);
    for (size_t i = 0; faults && i < faults->count; i++) {
        if (strikes_connections(&faults->rules[i])) {
            complain(err, faults->rules[i].text, "this KIND is not for one request");
            faults_free(faults);
            return NULL;
        }
    }
    return faults;
}

/* --- striking -----------------------------------------------------------------------------------
 */

/* Whether a rule hits this target; counts it. */
static bool hits(struct sim_faults *faults, struct rule *rule, const char *target)
{
    if (fnmatch(rule->pattern, target, 0) != 0)
        return false;
    rule->matched++;
    rule->random = seed_mix(rule->random);
    if (rule->random % CERTAIN >= rule->chance || rule->applied >= rule->count)
        return false;
    rule->applied++;
    if (faults->applied)
        faults->applied[rule->kind - fault_kinds]++;
    return true;
}

/* Strikes with the rules of the stages first to last, in order. True: one of FAULT_BEFORE ended
   it. */
static bool strike(struct sim_faults *faults, enum fault_stage first, enum fault_stage last,
                   const char *target, struct fault_hit *hit)
{
    for (size_t i = 0; faults && i < faults->count; i++) {
        struct rule *rule = &faults->rules[i];
        enum fault_stage stage = rule->kind->stage;
        if (stage < first || stage > last || !hits(faults, rule, target))
            continue;
        hit->kind = rule->kind;
        hit->value = rule->value;
        hit->roll = seed_mix(rule->random);
        rule->kind->strike(hit);
        if (stage == FAULT_BEFORE)
            return true;
    }
    return false;
}

bool faults_before(struct sim_faults *faults, const char *target, struct sim_request *request,
                   struct sim_answer *answer)
{
    struct fault_hit hit = {.request = request, .answer = answer};
    return strike(faults, FAULT_BEFORE, FAULT_WITHIN, target, &hit);
}

void faults_after(struct sim_faults *faults, const char *target, struct sim_request *request,
                  struct sim_answer *answer)
{
    struct fault_hit hit = {.request = request, .answer = answer};
    strike(faults, FAULT_AFTER, FAULT_AFTER, target, &hit);
}

void faults_connect(struct sim_faults *faults, struct sim_welcome *welcome)
{
    struct fault_hit hit = {.welcome = welcome};
    strike(faults, FAULT_CONNECT, FAULT_CONNECT, CONNECT, &hit);
}

void faults_fresh(struct sim_faults *faults, struct sim_welcome *welcome)
{
    struct fault_hit hit = {.welcome = welcome};
    strike(faults, FAULT_FRESH, FAULT_FRESH, CONNECT, &hit);
}

/* --- counts -------------------------------------------------------------------------------------
 */

bool faults_count(const struct sim_faults *faults, size_t rule, uint64_t *matched,
                  uint64_t *applied)
{
    if (rule >= faults->count)
        return false;
    *matched = faults->rules[rule].matched;
    *applied = faults->rules[rule].applied;
    return true;
}

void faults_ledger(const struct sim_faults *faults, struct buf *out)
{
    sim_json_open(out, '[');
    for (size_t i = 0; i < faults->count; i++) {
        sim_json_open(out, '{');
        sim_json_pair(out, "rule", faults->rules[i].text);
        sim_json_key(out, "matched");
        sim_json_number(out, (int64_t)faults->rules[i].matched);
        sim_json_key(out, "applied");
        sim_json_number(out, (int64_t)faults->rules[i].applied);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

uint64_t faults_applied(const struct sim *sim, const char *kind)
{
    const struct fault_kind *found = find_kind(kind, strlen(kind));
    return found ? sim->fault_applied[found - fault_kinds] : 0;
}

void faults_kinds_ledger(const struct sim *sim, struct buf *out)
{
    sim_json_open(out, '{');
    for (size_t i = 0; i < fault_kind_count; i++) {
        if (sim->fault_applied[i] == 0)
            continue;
        sim_json_key(out, fault_kinds[i].name);
        sim_json_number(out, (int64_t)sim->fault_applied[i]);
    }
    sim_json_close(out, '}');
}
