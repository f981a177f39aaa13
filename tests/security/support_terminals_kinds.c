#include "support_locales.h"
#include "support_terminals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *term; /* NULL: not set */
    bool refused;
} kinds[] = {
    {NULL, true},
    {"no-such-terminal", true},
    {"dumb", true},
    {"vt100", false},
    {"vt220", false},
    {"linux", false},
    {"screen-256color", false},
    {"tmux-256color", false},
    {"xterm", false},
    {"xterm-256color", false},
};
static const char *const locales[] = {"C", "C.UTF-8", "es_ES.UTF-8", "es_ES.ISO-8859-15",
                                      "tr_TR.UTF-8"};

/* "12.30 EUR", or as Spanish writes it; both may have blanks between where the figures are drawn
   wide. */
static bool shows_amount(struct lane *lane, const char *amount)
{
    char *screen = pty_screen_text(lane->pty), packed[8192];
    char comma[40];
    size_t len = 0;

    for (const char *at = screen; *at && len < sizeof packed - 1; at++)
        if (*at != ' ')
            packed[len++] = *at == ',' ? '.' : *at;
    packed[len] = '\0';
    snprintf(comma, sizeof comma, "%sEUR", amount);
    free(screen);
    return strstr(packed, comma) != NULL;
}

static bool wait_amount(struct lane *lane, const char *amount)
{
    int64_t end = company_now_ms() + SOON_MS;

    while (!shows_amount(lane, amount) && company_now_ms() < end && pty_running(lane->pty))
        lane_pause(lane, 5);
    return shows_amount(lane, amount);
}

/* Where a locale has no UTF-8, none is written. */
static bool speaks_its_charset(struct lane *lane, const char *locale)
{
    size_t len;
    const char *log = pty_log(lane->pty, &len);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)log[i] >= 0x80 && strcmp(locale, "C") == 0)
            return false;
    return true;
}

static void check_refusal(struct lane *lane, struct terminal_sums *sums, const char *name)
{
    int lines = 0;

    if (!pty_wait_exit(lane->pty, SOON_MS) || pty_exit_status(lane->pty) != 2)
        terminal_violation(lane, "kinds", name, "it is not refused");
    char *screen = pty_screen_text(lane->pty);
    for (const char *at = screen; *at; at++)
        lines += *at == '\n' && at > screen && at[-1] != '\n';
    if (!strstr(screen, "names no terminal with a screen") || lines > 2)
        terminal_violation(lane, "kinds", name, "the refusal is not one plain sentence");
    free(screen);
    sums->refused++;
}

static void check_start(struct lane *lane, struct terminal_sums *sums, const char *name,
                        const char *locale, bool spanish)
{
    lane_press(lane, "2", "[2 ");
    if (!wait_amount(lane, "900.00"))
        terminal_violation(lane, "kinds", name, "the list shows no amount");
    lane_press(lane, "p", "Mostrador");
    lane_press(lane, "1", "[1 ");
    lane_nap(lane);
    pty_send(lane->pty, spanish ? "<Enter>12,30" : "<Enter>12.30");
    if (!wait_amount(lane, "12.30"))
        terminal_violation(lane, "kinds", name, "the form shows no amount");
    lane_nap(lane);
    pty_send(lane->pty, "<F2>");
    if (!company_sees(&lane->company, lane->pty, "y Confirm", SOON_MS))
        terminal_violation(lane, "kinds", name, "it does not ask");
    if (!shows_amount(lane, "12.30"))
        terminal_violation(lane, "kinds", name, "the question shows no amount in figures");
    pty_signal(lane->pty, SIGTERM);
    pty_wait_exit(lane->pty, SOON_MS);
    if (pty_left_behind(lane->pty))
        terminal_violation(lane, "kinds", name, pty_left_behind(lane->pty));
    if (!speaks_its_charset(lane, locale))
        terminal_violation(lane, "kinds", name, "it writes what this locale cannot show");
    sums->started++;
}

static void one_kind(struct lane *lane, struct terminal_sums *sums, const struct kind *kind,
                     const char *locale)
{
    bool spanish = sums->kinds % 2 == 1;
    char name[80], language[] = "en";
    char *argv[] = {lane->company.program, (char[]){"--language"}, language, NULL};

    company_env_set(&lane->env, "TERM", kind->term);
    company_env_set(&lane->env, "LC_ALL", locale);
    memcpy(language, spanish ? "es" : "en", 2);
    snprintf(name, sizeof name, "TERM %s, LC_ALL %s, %s", kind->term ? kind->term : "not set",
             locale, language);
    lane->pty = pty_open(argv, lane->env.list, 24, 80);
    if (kind->refused)
        check_refusal(lane, sums, name);
    else
        check_start(lane, sums, name, locale, spanish);
    sums->kinds++;
    pty_close(lane->pty);
}

void terminal_kinds(struct lane *lane, struct terminal_sums *sums)
{
    struct company_run run;
    char folder[100];

    lane_env(lane, "");
    snprintf(folder, sizeof folder, "%s", lane->company.folder);
    for (size_t i = 0; i < COUNT_OF(locales); i++) {
        if (locale_make(folder, locales[i]))
            continue;
        fprintf(stderr, "terminals: %s cannot be made; the package locales has what it takes\n",
                locales[i]);
        sums->status = 2;
        return;
    }
    company_env_set(&lane->env, "LOCPATH", folder);
    company_must(&lane->company, &run, &lane->env, 0,
                 (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_2, "--amount", "900",
                                  "--reference", "KINDS", "--yes", NULL});
    for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(locales) && !company_interrupted() &&
                       lane->company.violations < 3;
         i++) {
        size_t kind = i % COUNT_OF(kinds), locale = i / COUNT_OF(kinds);
        if (lane->company.full || (kind + locale) % COUNT_OF(locales) == 0)
            one_kind(lane, sums, &kinds[kind], locales[locale]);
    }
}
