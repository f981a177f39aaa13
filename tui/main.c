/* The composition root: arguments, configuration, language, then a command or the screen. */
#include "app.h"
#include "charset.h"
#include "cli.h"
#include "tty.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

/* A program started without input, output or messages would open its files and sockets in their
   places, and print into those. */
static void hold_places(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd > STDERR_FILENO)
        close(fd);
}

/* Nothing that others may read, no key in the environment or in a core file, no death by a closed
   pipe. */
static void harden(void)
{
    config_take_key_variable();
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef SANITIZED
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the leak checker traces its own process */
#endif
}

/* One heap, so that what a thread gives back is there for the others, and large pieces beside it,
   so that they go back to the system at once: after a long page nothing of it stays. */
static void shape_heap(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/* --- out of memory -------------------------------------------------------------------------- */

_Static_assert(MEM_EXIT == CLI_STORAGE, "trouble of this machine");

static const char out_of_memory[] =
    N_("out of memory; what was on its way will be found out at the next start: "
       "avirato-console recover");
/* The same in the reader's language and character set, made ready while there is memory. */
static struct buf last_words;

static void prepare_last_words(void)
{
    const char *words = _(out_of_memory);
    buf_init(&last_words, 400);
    charset_encode(words, strlen(words), &last_words);
}

static void say(const char *words)
{
    tty_say(words, strlen(words));
}

static void end_without_memory(void)
{
    tty_restore();
    say("avirato-console: ");
    say(last_words.data ? last_words.data : out_of_memory);
    say("\n");
}

/* --- the screen ----------------------------------------------------------------------------- */

static bool reopen(void *ctx, enum env env, struct err *err)
{
    struct cli *cli = ctx;
    const struct desk_options now = {
        .env = cli->desk.env, .automatic = true, .read_only = cli_has(cli, OPTION_READ_ONLY)};
    struct desk_options wanted = now;
    struct err back = {0};
    wanted.env = env;
    desk_close(&cli->desk);
    if (desk_open(&cli->desk, cli->loop, &cli->config, &wanted, err))
        return true;
    if (!desk_open(&cli->desk, cli->loop, &cli->config, &now, &back))
        err_set(err, back.code, "%s", back.detail);
    return false;
}

static int run_screen(struct cli *cli)
{
    struct err err = {0};
    const struct desk_options options = {
        .env = cli->config.start, .automatic = true, .read_only = cli_has(cli, OPTION_READ_ONLY)};
    const struct app_settings settings = {.config = &cli->config, .reopen = reopen, .ctx = cli};
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return cli_usage(cli, text_ours(_("The screen needs a terminal; commands do not.")));
    if (!desk_open(&cli->desk, cli->loop, &cli->config, &options, &err))
        return cli_fail(cli, &err, NULL);
    int status = app_run(cli->loop, &cli->desk, &settings);
    desk_close(&cli->desk);
    return status;
}

/* --- start ---------------------------------------------------------------------------------- */

/* Configuration, then what the command line says over it. False: said why. */
static bool configure(struct cli *cli, int *status)
{
    struct err err = {0};
    const char *env = cli->args.values[OPTION_ENV];
    const char *language = cli->args.values[OPTION_LANGUAGE];
    bool loaded = config_load(&cli->config, cli->args.values[OPTION_CONFIG], &err);
    format_init(language ? language : cli->config.language);
    charset_open(cli->config.ascii_borders);
    prepare_last_words();
    if (!loaded) {
        *status = cli_exit_of_error(err.code);
        cli_say(text_oursf(&cli->arena, _("The configuration cannot be used: %s"),
                           text_clean(&cli->arena, err.detail).bytes));
        return false;
    }
    if (env && !env_from_name(env, &cli->config.start)) {
        *status = cli_usage(cli, text_ours(_("--env: live, test or training.")));
        return false;
    }
    if (language && strcmp(language, "es") != 0 && strcmp(language, "en") != 0) {
        *status = cli_usage(cli, text_ours(_("--language: es or en.")));
        return false;
    }
    return true;
}

/* What is set in an environment is easily seen by other programs. The screen says it in its top
   line, doctor among the rest. */
static void warn_of_variable(const struct cli *cli)
{
    const struct cli_command *command = cli->args.command;
    if (command && (command->flags & CLI_NEEDS_NET) && !cli_has(cli, OPTION_OFFLINE) &&
        config_key_source(&cli->config, cli->config.start) == KEY_FROM_VARIABLE)
        cli_say(text_ours(_("The key is from AVIRATO_API_KEY, which other programs may see: "
                            "api_key_file or api_key_command keep it safer.")));
}

static int run(struct cli *cli)
{
    int status = CLI_DONE;
    if (cli_has(cli, OPTION_VERSION)) {
        puts("avirato-console " VERSION);
        return cli_flush(CLI_DONE);
    }
    if (cli_has(cli, OPTION_GENERATE))
        return cli_generate(cli->args.values[OPTION_GENERATE]) ? cli_flush(CLI_DONE) : CLI_USAGE;
    bool doctor = cli->args.command && cli->args.command->run == cli_doctor;
    if (!configure(cli, &status) && !doctor && !cli_has(cli, OPTION_HELP))
        return status;
    if (cli_has(cli, OPTION_HELP)) {
        cli_help(cli->args.command);
        return cli_flush(CLI_DONE);
    }
    warn_of_variable(cli);
    return cli->args.command ? cli_run(cli) : run_screen(cli);
}

int main(int argc, char **argv)
{
    struct cli cli = {.signals = -1};
    struct text message;
    hold_places();
    shape_heap();
    mem_on_exhausted(end_without_memory);
    harden();
    cli.tty = isatty(STDOUT_FILENO);
    if (!cli_args_parse(&cli.args, argc, argv, &cli.arena, &message)) {
        format_init(NULL);
        charset_open(false);
        /* In the language of the reader: parsed once more now that it is known. */
        cli_args_done(&cli.args);
        cli_args_parse(&cli.args, argc, argv, &cli.arena, &message);
        int status = cli_usage(&cli, message);
        cli_args_done(&cli.args);
        arena_done(&cli.arena);
        config_forget_key_variable();
        return status;
    }
    cli.loop = loop_new();
    int status = run(&cli);
    loop_free(cli.loop);
    config_done(&cli.config);
    config_forget_key_variable();
    cli_args_done(&cli.args);
    arena_done(&cli.arena);
    return status;
}
