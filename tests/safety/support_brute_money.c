/* Amounts as typed, written and read again. The second opinion on typed ones is a Python program
   that goes through the same strings in the same order; on written ones it is plain digits. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support_brute.h"

extern char **environ;

static const struct {
    const char *code;
    int exponent;
} tried[] = {{"JPY", 0}, {"EUR", 2}, {"KWD", 3}};
static const enum money_style styles[] = {MONEY_POINT, MONEY_COMMA};

/* --- every short string ---------------------------------------------------------------------- */

static const char alphabet[] = "019.,' -+e";
#define LETTERS (sizeof alphabet - 1)
#define LONGEST 6

struct oracle {
    FILE *from;
    pid_t pid;
    char line[128]; /* the next thing it says */
};

static void oracle_next(struct oracle *oracle)
{
    if (fgets(oracle->line, sizeof oracle->line, oracle->from) == NULL)
        oracle->line[0] = '\0';
    oracle->line[strcspn(oracle->line, "\n")] = '\0';
}

static bool oracle_start(struct oracle *oracle, const char *path)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    char *words[] = {(char *)"python3", (char *)(uintptr_t)path, NULL};

    if (access(path, R_OK) != 0 || pipe(ends) != 0) {
        fprintf(stderr, "brute: %s: %s\n", path, strerror(errno));
        return false;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int rc = posix_spawnp(&oracle->pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    oracle->from = fdopen(ends[0], "r");
    if (rc != 0)
        fprintf(stderr, "brute: python3: %s\n", strerror(rc));
    return rc == 0;
}

/* What is said of this string, "" when it is to be refused. Its lines come in the order asked. */
static void oracle_says(struct oracle *oracle, const char *key, char out[128])
{
    size_t len = strlen(key);

    out[0] = '\0';
    if (strncmp(oracle->line, key, len) != 0)
        return;
    snprintf(out, 128, "%s", oracle->line + len);
    oracle_next(oracle);
}

static void program_says(const char *text, size_t currency, enum money_style style, char out[128])
{
    struct money money;
    int64_t readings[2];
    struct err err = {0};

    out[0] = '\0';
    if (money_parse(text, tried[currency].code, style, &money, readings, &err))
        snprintf(out, 128, "amount %" PRId64, money.minor);
    else if (err.code == ERR_AMBIGUOUS)
        snprintf(out, 128, "ambiguous %" PRId64 " %" PRId64, readings[0], readings[1]);
}

/* The string of that length with this number, as a number in base LETTERS. */
static void spell(size_t number, size_t len, char *out)
{
    out[len] = '\0';
    while (len-- > 0) {
        out[len] = alphabet[number % LETTERS];
        number /= LETTERS;
    }
}

static uint64_t try_string(struct brute *brute, struct oracle *oracle, const char *text)
{
    char wanted[128], got[128], key[32];
    uint64_t wrong = 0;

    for (size_t c = 0; c < COUNT_OF(tried); c++)
        for (size_t s = 0; s < COUNT_OF(styles); s++) {
            char mark = styles[s] == MONEY_COMMA ? ',' : '.';
            snprintf(key, sizeof key, "%s %d %c ", text, tried[c].exponent, mark);
            oracle_says(oracle, key, wanted);
            program_says(text, c, styles[s], got);
            if (strcmp(got, wanted) == 0)
                continue;
            wrong++;
            brute_violation(brute, "amount: \"%s\" %s with %c: \"%s\", not \"%s\"", text,
                            tried[c].code, mark, got, wanted);
        }
    return wrong;
}

bool brute_typed(struct brute *brute)
{
    struct oracle oracle = {0};
    char text[LONGEST + 1], end[32];
    uint64_t strings = 0, wrong = 0;
    int status = -1;

    if (!oracle_start(&oracle, brute->oracle))
        return false;
    oracle_next(&oracle);
    size_t count = 1;
    for (size_t len = 1; len <= LONGEST; len++) {
        count *= LETTERS;
        for (size_t number = 0; number < count; number++, strings++) {
            spell(number, len, text);
            wrong += try_string(brute, &oracle, text);
        }
    }
    snprintf(end, sizeof end, "end %" PRIu64, strings);
    bool whole = strcmp(oracle.line, end) == 0;
    fclose(oracle.from);
    waitpid(oracle.pid, &status, 0);
    if (!whole || status != 0)
        fprintf(stderr, "brute: the oracle ended with \"%s\"\n", oracle.line);
    printf("= amount strings: %" PRIu64 ", wrong: %" PRIu64 "\n", strings, wrong);
    return whole && status == 0;
}

/* --- written and read again ------------------------------------------------------------------ */

/* Any magnitude is as likely as any other; one in four may be anything an int64 holds. */
static int64_t draw_amount(uint64_t *state)
{
    uint64_t shape = brute_draw(state), bits = brute_draw(state);

    if (shape % 4 == 0)
        return (int64_t)bits;
    return 1 + (int64_t)(bits % (uint64_t)MONEY_MAX >> (shape >> 8) % 40);
}

/* The digits that must stand there: those of the number, with as many zeros in front as make one
   whole unit. */
static void digits_of(int64_t minor, int exponent, char out[48])
{
    uint64_t size = minor < 0 ? UINT64_C(0) - (uint64_t)minor : (uint64_t)minor;

    snprintf(out, 48, "%s%0*" PRIu64, minor < 0 ? "-" : "", exponent + 1, size);
}

/* Takes the marks out and checks where they stood; false when one stands wrong. */
static bool strip_marks(const char *text, int exponent, char decimal, bool group, char out[48])
{
    size_t len = strlen(text), used = 0, places = 0;
    bool fine = true, fraction = exponent > 0;

    for (size_t i = len; i-- > 0;) {
        char letter = text[i];
        if (letter >= '0' && letter <= '9') {
            places++;
            continue;
        }
        bool at_fraction = fraction && places == (size_t)exponent && letter == decimal;
        bool at_group = !fraction && group && places == 3 && letter == (decimal == '.' ? ',' : '.');
        fine = fine && (at_fraction || at_group || (i == 0 && letter == '-'));
        fraction = fraction && !at_fraction;
        places = 0;
    }
    for (size_t i = 0; i < len; i++)
        if (strchr("-0123456789", text[i]) != NULL && used < 47)
            out[used++] = text[i];
    out[used] = '\0';
    return fine && !fraction && (!group || places <= 3);
}

static void try_amount(struct brute *brute, int64_t minor, size_t c, enum money_style style,
                       bool group)
{
    struct money money = money_make(minor, tried[c].code), back;
    char text[MONEY_TEXT_SIZE], digits[48], wanted[48];
    int64_t readings[2];
    struct err err = {0};

    money_format(&money, style, group, text);
    digits_of(minor, tried[c].exponent, wanted);
    bool fine =
        strip_marks(text, tried[c].exponent, style == MONEY_COMMA ? ',' : '.', group, digits) &&
        strcmp(digits, wanted) == 0;
    bool read = money_parse(text, money.currency, style, &back, readings, &err);
    bool may = minor > 0 && minor <= MONEY_MAX;
    if (read)
        fine = fine && may && money_equal(&money, &back);
    else if (err.code == ERR_AMBIGUOUS) /* 1.234 JPY: the person is shown both and chooses */
        fine = fine && may && group && readings[0] == minor;
    else
        fine = fine && !may;
    if (!fine)
        brute_violation(brute, "round trip: %" PRId64 " %s as \"%s\"", minor, tried[c].code, text);
}

static void try_sum(struct brute *brute, int64_t a, int64_t b)
{
    int64_t sum = 0;
    __int128 wide = (__int128)a + b;
    bool fits = wide >= INT64_MIN && wide <= INT64_MAX;

    if (money_add(a, b, &sum) != fits || (fits && sum != (int64_t)wide))
        brute_violation(brute, "sum: %" PRId64 " and %" PRId64, a, b);
}

bool brute_round_trips(struct brute *brute)
{
    static const int64_t edges[] = {INT64_MIN,
                                    INT64_MIN + 1,
                                    -MONEY_MAX - 1,
                                    -MONEY_MAX,
                                    -1,
                                    0,
                                    1,
                                    9,
                                    10,
                                    99,
                                    100,
                                    999,
                                    1000,
                                    MONEY_MAX - 1,
                                    MONEY_MAX,
                                    MONEY_MAX + 1,
                                    INT64_MAX - 1,
                                    INT64_MAX};
    uint64_t state = brute->seed, before = brute->violations;
    uint64_t wanted = brute->full ? 10000000 : 1000000;

    for (size_t i = 0; i < COUNT_OF(edges); i++)
        for (unsigned shape = 0; shape < 12; shape++) {
            try_amount(brute, edges[i], shape % 3, styles[shape / 3 % 2], shape / 6 != 0);
            try_sum(brute, edges[i], edges[(i + shape) % COUNT_OF(edges)]);
        }
    for (uint64_t n = 0; n < wanted; n++) {
        uint64_t shape = brute_draw(&state);
        int64_t minor = draw_amount(&state);
        try_amount(brute, minor, shape % 3, styles[shape / 3 % 2], (shape / 6 & 1) != 0);
        try_sum(brute, minor, (int64_t)brute_draw(&state));
    }
    printf("= amounts written and read again: %" PRIu64 ", wrong: %" PRIu64 "\n", wanted,
           brute->violations - before);
    return true;
}

/* --- decimals of currencies ------------------------------------------------------------------ */

/* ISO 4217, list one, as of 1 May 2025, put together by continent; a 0 or 3 before a code stands
   for its decimals, an x for one that is blocked, the others have 2. Left out: funds, metals, bonds
   and test codes. ANG and BGN were current until 2025. */
static const char current[] =
    /* Europe */
    "ALL AMD AZN BAM BGN BYN CHF CZK DKK EUR GBP GEL GIP HUF xISK MDL MKD NOK PLN RON RSD RUB SEK "
    "TRY UAH "
    /* Asia */
    "AED AFN 3BHD BDT BND BTN CNY HKD IDR ILS INR 3IQD IRR 3JOD 0JPY KGS KHR KPW 0KRW 3KWD KZT LAK "
    "LBP LKR MMK MNT MOP MVR MYR NPR 3OMR PHP PKR QAR SAR SGD SYP THB TJS TMT TWD UZS 0VND YER "
    /* Africa */
    "AOA 0BIF BWP CDF xCVE 0DJF DZD EGP ERN ETB GHS GMD 0GNF KES 0KMF LRD LSL 3LYD MAD MGA MRU MUR "
    "MWK MZN NAD NGN 0RWF SCR SDG SHP SLE SOS SSP STN SZL 3TND TZS 0UGX 0XAF 0XOF ZAR ZMW ZWG "
    /* America */
    "ANG ARS AWG BBD BMD BOB BRL BSD BZD CAD xCLP COP CRC CUP DOP FKP GTQ GYD HNL HTG JMD KYD MXN "
    "NIO PAB PEN 0PYG SRD SVC TTD USD UYU VED VES XCD XCG "
    /* Oceania */
    "AUD FJD NZD PGK SBD TOP 0VUV WST 0XPF ";

static int opinion(const char *code)
{
    char key[5];

    snprintf(key, sizeof key, "%s ", code);
    const char *at = strstr(current, key);
    if (at == NULL)
        return -1;
    switch (at == current ? ' ' : at[-1]) {
    case '0':
        return 0;
    case '3':
        return 3;
    case 'x':
        return -1;
    default:
        return 2;
    }
}

/* All codes of three capitals. */
bool brute_currencies(struct brute *brute)
{
    uint64_t before = brute->violations;
    unsigned codes = 0, known = 0;
    struct money money;
    int64_t readings[2];

    for (unsigned n = 0; n < 26 * 26 * 26; n++, codes++) {
        char code[] = {(char)('A' + n / 676), (char)('A' + n / 26 % 26), (char)('A' + n % 26), 0};
        int wanted = opinion(code), got = currency_exponent(code);
        bool taken = money_parse("1", code, MONEY_POINT, &money, readings, NULL);
        known += wanted >= 0;
        if (got != wanted || taken != (wanted >= 0))
            brute_violation(brute, "currency: %s has %d decimals, not %d", code, got, wanted);
    }
    printf("= currency codes: %u, with amounts: %u, wrong: %" PRIu64 "\n", codes, known,
           brute->violations - before);
    return true;
}
