/* doctor: what may be wrong with this installation, one plain sentence and a fix each. It changes
   nothing but what opening the files makes, and asks the API one harmless question. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CLOCK_SLACK_MS   INT64_C(60000)
#define ANSWER_MS        INT64_C(45000)
#define FREE_MIN_BYTES   (UINT64_C(64) << 20)
#define TERMINAL_LIMIT_S 150 /* a terminal's own limit; silence before it proves nothing */

struct doctor {
    struct cli *cli;
    struct arena *arena;
    bool sick;
    /* The one question to the API. */
    bool answered;
    int64_t server_ms;
    struct advice trouble;
    bool reached;
};

static void report(struct doctor *doctor, const char *check, bool good, struct text text,
                   struct text fix)
{
    doctor->sick = doctor->sick || !good;
    if (good)
        fix = text_ours("");
    if (cli_has(doctor->cli, OPTION_JSON)) {
        struct buf line;
        buf_init(&line, 1 << 16);
        buf_puts(&line, "{\"check\":");
        cli_json_string(&line, check);
        buf_printf(&line, ",\"ok\":%s,\"text\":", good ? "true" : "false");
        cli_json_string(&line, text.bytes);
        buf_puts(&line, ",\"fix\":");
        cli_json_string(&line, fix.bytes[0] ? fix.bytes : NULL);
        buf_puts(&line, "}");
        cli_print_line(&line);
        buf_done(&line);
        return;
    }
    cli_put(stdout, text_oursf(doctor->arena, "%s %s\n", good ? "ok" : "!!", text.bytes));
    if (fix.bytes[0])
        cli_put(stdout, text_oursf(doctor->arena, "   %s\n", fix.bytes));
}

/* The error's own sentence; fix: what to do about it. */
static void report_error(struct doctor *doctor, const char *check, const struct err *err,
                         struct text fix)
{
    struct advice advice = words_of_error(doctor->arena, err, NULL);
    report(doctor, check, false, advice.what, fix.bytes[0] ? fix : advice.next);
}

/* --- configuration -------------------------------------------------------------------------- */

static bool check_config(struct doctor *doctor)
{
    struct config config;
    struct err err = {0};
    const char *asked = doctor->cli->args.values[OPTION_CONFIG];
    bool ok = config_load(&config, asked, &err);
    const char *path = text_clean(doctor->arena, config.path).bytes;
    if (!ok)
        report_error(doctor, "configuration", &err,
                     text_ours(err.code == ERR_DENIED /* the error says how */
                                   ? ""
                                   : _("Correct that line; assets/config.ini.example shows every "
                                       "key.")));
    else if (config.path)
        report(doctor, "configuration", true,
               text_oursf(doctor->arena, _("Configuration: %s is fine."), path), text_ours(""));
    else if (config.from_environment)
        report(doctor, "configuration", true,
               text_ours(_("Configuration: no file; AVIRATO_… variables decide.")), text_ours(""));
    else
        report(doctor, "configuration", true,
               text_ours(_("Configuration: no file, so this is training.")), text_ours(""));
    config_done(&config);
    return ok;
}

static void check_settings(struct doctor *doctor)
{
    const struct config *config = &doctor->cli->config;
    if (config->charge_timeout_s < TERMINAL_LIMIT_S)
        report(doctor, "charge_timeout", false,
               text_oursf(doctor->arena, _("charge_timeout is %d s, but a terminal may take %d s."),
                          config->charge_timeout_s, TERMINAL_LIMIT_S),
               text_ours(_("Set it to 180 or more: giving up early makes unknown outcomes.")));
    if (config->quiet_period_s < TERMINAL_LIMIT_S)
        report(doctor, "quiet_period", false,
               text_oursf(doctor->arena, _("quiet_period is %d s, but a terminal may take %d s."),
                          config->quiet_period_s, TERMINAL_LIMIT_S),
               text_ours(_("Set it to 300: a charge may still appear until then.")));
    if (config->start != ENV_TRAINING && !config->timezone)
        report(doctor, "timezone", false,
               text_ours(_("No timezone is set: the API's times and this console's may differ.")),
               text_ours(_("Set timezone to the property's, as Europe/Madrid.")));
}

static bool check_key(struct doctor *doctor)
{
    const struct config *config = &doctor->cli->config;
    struct err err = {0};
    if (config->start == ENV_TRAINING)
        return true;
    char *key = config_read_key(config, config->start, &err);
    if (key)
        report(doctor, "key", true,
               config_key_source(config, config->start) == KEY_FROM_VARIABLE
                   ? text_ours(_("API key: from AVIRATO_API_KEY, which other programs may see; "
                                 "api_key_file or api_key_command keep it safer."))
                   : text_ours(_("API key: there is one, and nobody else can read "
                                 "it.")),
               text_ours(""));
    else
        report_error(doctor, "key", &err,
                     text_ours(_("Put the key in a file of its own with chmod 600 and name it as "
                                 "api_key_file, or name a program as api_key_command.")));
    config_free_key(key);
    return key != NULL;
}

/* Whom the connection believes, where that is not the system's business. */
static void check_trust(struct doctor *doctor)
{
    const struct config_env *env = &doctor->cli->config.env[doctor->cli->config.start];
    const char *path = text_clean(doctor->arena, env->ca_file).bytes;
    bool readable = env->ca_file && access(env->ca_file, R_OK) == 0;
    if (env->ca_file)
        report(doctor, "ca_file", readable,
               readable ? text_oursf(doctor->arena,
                                     _("Certificates: only those of %s are believed."), path)
                        : text_oursf(doctor->arena, _("Certificates: %s cannot be read."), path),
               text_ours(_("Correct ca_file: without it no connection comes about.")));
    if (env->pins)
        report(doctor, "pins", true,
               text_ours(strchr(env->pins, ';')
                             ? _("Pins: the server must hold one of two pinned keys.")
                             : _("Pins: the server must hold the one pinned key; there is no "
                                 "spare.")),
               text_ours(""));
}

/* --- files ---------------------------------------------------------------------------------- */

static void check_space(struct doctor *doctor)
{
    const struct cli *cli = doctor->cli;
    struct statvfs space;
    struct err err = {0};
    char *folder = config_state_dir(cli->desk.webcode, cli->desk.env, &err);
    if (folder && statvfs(folder, &space) == 0) {
        uint64_t bytes = (uint64_t)space.f_bavail * space.f_frsize;
        report(doctor, "space", bytes >= FREE_MIN_BYTES,
               text_oursf(doctor->arena, _("Free space for the journal: %llu MiB in %s."),
                          (unsigned long long)(bytes >> 20),
                          text_clean(doctor->arena, folder).bytes),
               text_ours(_("Make room: without space no money is moved.")));
    }
    free(folder);
}

static void check_files(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    struct err err = {0};
    int64_t entries = 0;
    const struct desk_options options = {.env = cli->config.start, .offline = true};
    if (!desk_open(&cli->desk, cli->loop, &cli->config, &options, &err)) {
        report_error(doctor, "files", &err, text_ours(""));
        return;
    }
    if (journal_verify(cli->desk.journal, &entries, &err))
        report(doctor, "journal", true,
               text_oursf(doctor->arena, _("Journal: it opens and its chain of %s entries holds."),
                          format_count(doctor->arena, entries).bytes),
               text_ours(""));
    else
        report(doctor, "journal", false,
               text_oursf(doctor->arena, _("Journal: its chain does NOT hold: %s"),
                          text_clean(doctor->arena, err.detail).bytes),
               text_ours(_("Somebody or something changed the file: keep a copy and tell whoever "
                           "is responsible for the accounts.")));
    report(doctor, "cache", true, text_ours(_("Cache: it opens.")), text_ours(""));
    check_space(doctor);
    desk_close(&cli->desk);
}

/* --- network -------------------------------------------------------------------------------- */

static void on_answer(void *ctx, const struct api_answer *answer)
{
    struct doctor *doctor = ctx;
    struct err err = {.code = ERR_NETWORK};
    doctor->answered = true;
    doctor->reached = answer->body == BODY_DATA;
    doctor->server_ms = answer->server_utc_ms;
    if (answer->body == BODY_ALIEN)
        err.code = ERR_DATA;
    memcpy(err.detail, answer->trouble, sizeof answer->trouble); /* shorter than detail */
    doctor->trouble =
        words_of_error(doctor->arena, &err, answer->body == BODY_ERROR ? &answer->error : NULL);
}

static bool is_answered(void *ctx)
{
    return ((struct doctor *)ctx)->answered;
}

static void report_clock(struct doctor *doctor)
{
    int64_t off = doctor->server_ms - clock_utc_ms();
    if (doctor->server_ms == 0)
        return;
    bool good = off > -CLOCK_SLACK_MS && off < CLOCK_SLACK_MS;
    report(doctor, "clock", good,
           good ? text_ours(_("Clock: it agrees with the server's."))
                : text_oursf(doctor->arena, _("Clock: it is off by %s from the server's."),
                             format_ago(doctor->arena, off < 0 ? -off : off).bytes),
           text_ours(_("Set the clock, or switch on time synchronisation (timedatectl set-ntp "
                       "true).")));
}

static void check_network(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    struct err err = {0};
    const struct desk_options options = {.env = cli->config.start, .read_only = true};
    const struct api_request request = {
        .endpoint = EP_TERMINALS, .done = on_answer, .ctx = doctor, .no_retry = true};
    if (!desk_open(&cli->desk, cli->loop, &cli->config, &options, &err)) {
        report_error(doctor, "network", &err, text_ours(""));
        return;
    }
    const char *base = text_clean(doctor->arena, cli->desk.base_url).bytes;
    if (!api_call(cli->desk.client, &request, &err))
        report_error(doctor, "network", &err, text_ours(""));
    else if (cli_wait(cli, is_answered, doctor, ANSWER_MS, NULL) != CLI_WAIT_DONE)
        report(doctor, "network", false,
               text_oursf(doctor->arena, _("API: %s does not answer."), base),
               text_ours(_("Check the network and base_url.")));
    else if (!doctor->reached)
        report(doctor, "network", false,
               text_oursf(doctor->arena, "API: %s %s %s", base, doctor->trouble.what.bytes,
                          doctor->trouble.proof.bytes),
               doctor->trouble.next);
    else
        report(doctor, "network", true,
               text_oursf(doctor->arena,
                          strncmp(base, "https:", 6) == 0
                              ? _("API: %s answers, its certificate is good and the key is taken.")
                              : _("API: %s answers and the key is taken."),
                          base),
               text_ours(""));
    report_clock(doctor);
    desk_close(&cli->desk);
}

/* --- terminal ------------------------------------------------------------------------------- */

static bool terminfo_has(const char *term)
{
    const char *home = getenv("HOME"), *own = getenv("TERMINFO");
    const char *folders[] = {own,
                             NULL,
                             "/etc/terminfo",
                             "/lib/terminfo",
                             "/usr/share/terminfo",
                             "/usr/lib/terminfo",
                             "/usr/local/share/terminfo"};
    char path[4096], private_folder[2048];
    snprintf(private_folder, sizeof private_folder, "%s/.terminfo", home ? home : "");
    folders[1] = private_folder;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        if (!folders[i])
            continue;
        snprintf(path, sizeof path, "%s/%c/%s", folders[i], term[0], term);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static void check_terminal(struct doctor *doctor)
{
    const char *term = getenv("TERM");
    struct winsize size;
    bool usable =
        term && term[0] && !strchr(term, '/') && strcmp(term, "dumb") != 0 && terminfo_has(term);
    report(doctor, "TERM", usable,
           usable ? text_oursf(doctor->arena, _("Terminal: %s is known here."),
                               text_clean(doctor->arena, term).bytes)
                  : text_oursf(doctor->arena, _("Terminal: TERM=%s cannot draw the screen."),
                               text_clean(doctor->arena, term).bytes),
           text_ours(_("Set TERM to what your terminal is, as xterm-256color; install ncurses-term "
                       "for rarer ones.")));
    if (doctor->cli->tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        report(doctor, "size", size.ws_col >= 60 && size.ws_row >= 18,
               text_oursf(doctor->arena, _("Window: %d x %d."), size.ws_col, size.ws_row),
               text_ours(_("Make it 60 x 18 at least; 80 x 24 is best.")));
}

static void check_locale(struct doctor *doctor)
{
    const char *names[] = {getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG")};
    const char *name = "C";
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i] && names[i][0]) {
            name = names[i];
            break;
        }
    }
    report(doctor, "locale", format_utf8(),
           format_utf8() ? text_oursf(doctor->arena, _("Characters: UTF-8 (%s)."),
                                      text_clean(doctor->arena, name).bytes)
                         : text_oursf(doctor->arena,
                                      _("Characters: %s is not UTF-8; names may show "
                                        "question marks."),
                                      text_clean(doctor->arena, name).bytes),
           text_ours(_("Set LANG to a UTF-8 locale, as es_ES.UTF-8 or C.UTF-8, and the terminal to "
                       "UTF-8.")));
}

int cli_doctor(struct cli *cli)
{
    struct doctor doctor = {.cli = cli, .arena = &cli->arena};
    if (check_config(&doctor)) {
        check_settings(&doctor);
        check_trust(&doctor);
        bool key = check_key(&doctor);
        check_files(&doctor);
        if (key)
            check_network(&doctor);
    }
    check_terminal(&doctor);
    check_locale(&doctor);
    if (!cli_has(cli, OPTION_JSON))
        cli_say(text_ours(doctor.sick ? _("Something needs attention: see the lines with !!.")
                                      : _("All is well.")));
    return doctor.sick ? CLI_FAILED : CLI_DONE;
}
