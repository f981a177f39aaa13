/* Faults on demand. A kind of fault is one row of the table: when it strikes (before or after the
   request is executed), what its value means, and what it does to the answer. */
#include "sim_internal.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX   64
#define PATTERN_MAX 96
#define CERTAIN     1000000 /* chances are in millionths */
#define VALUE_MAX   INT64_C(86400000)

enum stage { BEFORE, AFTER };
typedef void (*strike_fn)(struct sim_answer *answer, int64_t value);
struct kind {
    const char *name;
    enum stage stage;
    const char *unit;  /* of the value; NULL: takes none */
    int64_t otherwise; /* the value when the rule gives none */
    strike_fn strike;
    const char *help;
};
struct rule {
    char text[PATTERN_MAX + 64], pattern[PATTERN_MAX];
    const struct kind *kind;
    int64_t value;
    uint32_t chance;
    uint64_t count, matched, applied, random;
};
struct sim_faults {
    struct rule rules[RULES_MAX];
    size_t count;
};

static void strike_delay(struct sim_answer *answer, int64_t value)
{
    if (answer->wait_ms != SIM_FOREVER)
        answer->wait_ms += value;
}

static void strike_drop(struct sim_answer *answer, int64_t value)
{
    (void)value;
    answer->drop = true;
}

static void strike_silent(struct sim_answer *answer, int64_t value)
{
    (void)value;
    answer->wait_ms = SIM_FOREVER;
}

static void strike_500(struct sim_answer *answer, int64_t value)
{
    (void)value;
    answer_error(answer, 500, 13001, "Payment provider error");
}

static void strike_13004(struct sim_answer *answer, int64_t value)
{
    (void)value;
    answer_error(answer, 502, 13004, "Terminal error");
}

static void strike_html(struct sim_answer *answer, int64_t value)
{
    buf_clear(&answer->body);
    buf_printf(&answer->body,
               "<html>\r\n<head><title>%d Bad Gateway</title></head>\r\n<body>\r\n"
               "<center><h1>%d Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
               (int)value, (int)value);
    answer->status = (int)value;
    answer->content_type = "text/html";
}

static void strike_429(struct sim_answer *answer, int64_t value)
{
    answer_error(answer, 429, 0, "Too many requests");
    answer->retry_after_s = value > 0 ? (int)value : -1;
}

static void strike_409(struct sim_answer *answer, int64_t value)
{
    (void)value;
    answer_error(answer, 409, 0, "Idempotency conflict");
}

static void strike_garbage(struct sim_answer *answer, int64_t value)
{
    (void)value;
    static const char noise[] = "{\"success\":tru\x1b[2J\xff\xfe]}\0{";
    buf_clear(&answer->body);
    buf_add(&answer->body, noise, sizeof(noise) - 1);
}

static void strike_empty(struct sim_answer *answer, int64_t value)
{
    (void)value;
    buf_clear(&answer->body);
}

static void strike_cut(struct sim_answer *answer, int64_t value)
{
    answer->cut_at = value;
}

static void strike_slow(struct sim_answer *answer, int64_t value)
{
    answer->trickle_ms = value;
}

static const struct kind kinds[] = {
    {"delay", AFTER, "ms", 2000, strike_delay, "executed at once, answered that much later"},
    {"drop-before", BEFORE, NULL, 0, strike_drop, "the connection closes, nothing is executed"},
    {"drop-after", AFTER, NULL, 0, strike_drop, "executed, then the connection closes unanswered"},
    {"silent", BEFORE, NULL, 0, strike_silent, "accepted, never executed, never answered"},
    {"silent-after", AFTER, NULL, 0, strike_silent, "executed, never answered"},
    {"500-before", BEFORE, NULL, 0, strike_500, "500 / 13001, nothing is executed"},
    {"500-after", AFTER, NULL, 0, strike_500, "executed, then 500 / 13001"},
    {"13004", BEFORE, NULL, 0, strike_13004, "502 / 13004, nothing is executed"},
    {"502-html", BEFORE, "status", 502, strike_html, "a proxy's HTML page, nothing is executed"},
    {"502-html-after", AFTER, "status", 502, strike_html, "executed, then a proxy's HTML page"},
    {"429", BEFORE, "s", 2, strike_429, "429 with Retry-After (0: without), nothing is executed"},
    {"409", BEFORE, NULL, 0, strike_409, "409 without code, nothing is executed"},
    {"garbage", AFTER, NULL, 0, strike_garbage, "executed, then bytes that are no JSON"},
    {"empty", AFTER, NULL, 0, strike_empty, "executed, then the status with an empty body"},
    {"cut", AFTER, "bytes", 200, strike_cut,
     "executed, the whole answer cut after that many bytes"},
    {"slow", AFTER, "ms", 20, strike_slow, "executed, the body comes a byte each that many ms"},
};

const char *sim_fault_kind(size_t i, const char **help)
{
    if (i >= COUNT_OF(kinds))
        return NULL;
    if (help)
        *help = kinds[i].help;
    return kinds[i].name;
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

static const struct kind *find_kind(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
            return &kinds[i];
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

struct sim_faults *faults_new(const char *spec, uint64_t seed, struct err *err)
{
    struct sim_faults *faults = mem_alloc(sizeof(*faults));
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
    struct sim_faults *faults = faults_new(spec, 0, err);
    faults_free(faults);
    return faults != NULL;
}

/* --- striking -----------------------------------------------------------------------------------
 */

/* Whether a rule of that stage hits this request; counts it. */
static bool hits(struct rule *rule, enum stage stage, const char *target)
{
    if (rule->kind->stage != stage || fnmatch(rule->pattern, target, 0) != 0)
        return false;
    rule->matched++;
    rule->random = seed_mix(rule->random);
    if (rule->random % CERTAIN >= rule->chance || rule->applied >= rule->count)
        return false;
    rule->applied++;
    return true;
}

bool faults_before(struct sim_faults *faults, const char *target, struct sim_answer *answer)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (hits(&faults->rules[i], BEFORE, target)) {
            faults->rules[i].kind->strike(answer, faults->rules[i].value);
            return true;
        }
    }
    return false;
}

void faults_after(struct sim_faults *faults, const char *target, struct sim_answer *answer)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (hits(&faults->rules[i], AFTER, target))
            faults->rules[i].kind->strike(answer, faults->rules[i].value);
    }
}

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
