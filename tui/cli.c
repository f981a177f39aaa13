/* The table of commands, parsing by it, and the frame around every command. */
#include "cli_money.h"

#include <stdlib.h>
#include <string.h>

#define LIST_OPTIONS                                                                               \
    (CLI_BIT(LIMIT) | CLI_BIT(OFFLINE) | CLI_BIT(SUM) | CLI_BIT(JSON) | CLI_BIT(CSV))
#define MONEY_OPTIONS (CLI_BIT(YES) | CLI_BIT(WAIT) | CLI_BIT(JSON) | CLI_BIT(SUPERVISOR))
#define PAY_OPTIONS                                                                                \
    (CLI_BIT(AMOUNT) | CLI_BIT(CURRENCY) | CLI_BIT(REFERENCE) | CLI_BIT(DESCRIPTION) |             \
     CLI_BIT(PRE_AUTH))
#define GENERAL_OPTIONS                                                                            \
    (CLI_BIT(ENV) | CLI_BIT(READ_ONLY) | CLI_BIT(CONFIG) | CLI_BIT(LANGUAGE) | CLI_BIT(HELP) |     \
     CLI_BIT(VERSION) | CLI_BIT(GENERATE))
#define SIM_OPTIONS                                                                                \
    (CLI_BIT(PORT) | CLI_BIT(DATA) | CLI_BIT(SESSIONS) | CLI_BIT(PAYMENTS) | CLI_BIT(SEED) |       \
     CLI_BIT(FAULTS) | CLI_BIT(DIALECT) | CLI_BIT(DELAYS) | CLI_BIT(WEBCODE) | CLI_BIT(TEST_KEY) | \
     CLI_BIT(LIVE_KEY))
#define LIST_USAGE "[FILTER…] [--limit N] [--offline] [--sum] [--csv|--json]"

static const struct cli_command commands[] = {
    {"sessions", LIST_USAGE, N_("List payment sessions."), cli_sessions, LIST_OPTIONS,
     CLI_NEEDS_NET, 0, SIZE_MAX},
    {"payments", LIST_USAGE, N_("List POS payments."), cli_payments, LIST_OPTIONS, CLI_NEEDS_NET, 0,
     SIZE_MAX},
    {"modifications", LIST_USAGE, N_("List refunds, captures, cancellations and extensions."),
     cli_modifications, LIST_OPTIONS, CLI_NEEDS_NET, 0, SIZE_MAX},
    {"session", "ID [--offline] [--json]",
     N_("Show one session with its attempts and modifications."), cli_session,
     CLI_BIT(OFFLINE) | CLI_BIT(JSON), CLI_NEEDS_NET, 1, 1},
    {"terminals", "[--online] [--offline] [--csv|--json]", N_("List the terminals."), cli_terminals,
     CLI_BIT(ONLINE) | CLI_BIT(OFFLINE) | CLI_BIT(CSV) | CLI_BIT(JSON), CLI_NEEDS_NET, 0, 0},
    {"charge",
     "--terminal POI --amount 12,50 [--currency EUR] [--reference R] [--description D] "
     "[--pre-auth] "
     "[--again] [--supervisor NAME] [--wait SECONDS] [--json] --yes",
     N_("Charge a card on a terminal and wait for the outcome."), cli_charge,
     PAY_OPTIONS | MONEY_OPTIONS | CLI_BIT(TERMINAL) | CLI_BIT(AGAIN),
     CLI_NEEDS_NET | CLI_MOVES_MONEY, 0, 0},
    {"link",
     "--amount 12,50 [--currency EUR] [--reference R] [--description D] [--pre-auth] [--qr] "
     "[--supervisor NAME] [--json]",
     N_("Create a payment link and print its address."), cli_link,
     PAY_OPTIONS | CLI_BIT(QR) | CLI_BIT(JSON) | CLI_BIT(SUPERVISOR),
     CLI_NEEDS_NET | CLI_MOVES_MONEY, 0, 0},
    {"refund",
     "REF --amount 12,50|--all --reason REASON [--supervisor NAME] [--wait SECONDS] [--json] --yes",
     N_("Refund a payment, wholly or in part."), cli_refund,
     MONEY_OPTIONS | CLI_BIT(AMOUNT) | CLI_BIT(ALL) | CLI_BIT(REASON),
     CLI_NEEDS_NET | CLI_MOVES_MONEY, 1, 1},
    {"capture", "REF --amount 12,50|--all [--supervisor NAME] [--wait SECONDS] [--json] --yes",
     N_("Capture a pre-authorisation; what is left of it is released."), cli_capture,
     MONEY_OPTIONS | CLI_BIT(AMOUNT) | CLI_BIT(ALL), CLI_NEEDS_NET | CLI_MOVES_MONEY, 1, 1},
    {"cancel", "REF [--supervisor NAME] [--wait SECONDS] [--json] --yes",
     N_("Cancel a pre-authorisation."), cli_cancel, MONEY_OPTIONS,
     CLI_NEEDS_NET | CLI_MOVES_MONEY, 1, 1},
    {"extend", "REF [--wait SECONDS] [--json] --yes", N_("Extend a pre-authorisation."), cli_extend,
     MONEY_OPTIONS, CLI_NEEDS_NET | CLI_MOVES_MONEY, 1, 1},
    {"inbox", "[--csv|--json]", N_("List everything that needs a person."), cli_inbox,
     CLI_BIT(CSV) | CLI_BIT(JSON), CLI_FILES_ONLY, 0, 0},
    {"recover", "[--wait SECONDS] [--json]",
     N_("Settle what a crash left behind, by reading only."), cli_recover,
     CLI_BIT(WAIT) | CLI_BIT(JSON), CLI_NEEDS_NET, 0, 0},
    {"journal", "[--limit N] [--verify] [--csv|--json]",
     N_("Show what was done here, and whether the audit trail holds."), cli_journal,
     CLI_BIT(LIMIT) | CLI_BIT(VERIFY) | CLI_BIT(CSV) | CLI_BIT(JSON), CLI_FILES_ONLY, 0, 0},
    {"doctor", "[--json]", N_("Check this installation: one sentence and a fix each."), cli_doctor,
     CLI_BIT(JSON), CLI_NO_DESK, 0, 0},
    {"pin", "", N_("Make the line of the configuration that holds a PIN, typed twice and unseen."),
     cli_pin, 0, CLI_NO_DESK, 0, 0},
    {"simulator",
     "[--port N] [--data FILE] [--sessions N] [--payments N] [--seed N] [--faults SPEC] "
     "[--dialect NAME] [--delays NAME=MS,…] [--webcode CODE] [--test-key KEY] [--live-key KEY]",
     N_("Run the bundled API server alone, on loopback, until it is stopped."), cli_simulator,
     SIM_OPTIONS, CLI_NO_DESK, 0, 0},
};

static const struct cli_option_row options[OPTION_COUNT] = {
#define X(id, name, argument, help) [OPTION_##id] = {name, argument, help},
    CLI_OPTIONS(X)
#undef X
};

const struct cli_option_row *cli_option_row(enum cli_option option)
{
    return &options[option];
}

const struct cli_command *cli_command_row(size_t i)
{
    return i < COUNT_OF(commands) ? &commands[i] : NULL;
}

/* --- parsing -------------------------------------------------------------------------------- */

static int option_index(const char *name, size_t len)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return i;
    return -1;
}

/* Takes argv[*at], an option, and its argument. */
static bool take_option(struct cli_args *args, char **argv, int argc, int *at, struct arena *arena,
                        struct text *message)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    int option = option_index(name, equals ? (size_t)(equals - name) : strlen(name));
    /* Without what follows the sign: it may be a key that belongs nowhere near here. */
    size_t shown_len = equals ? (size_t)(equals - argv[*at]) : strlen(argv[*at]);
    const char *shown = text_clean(arena, arena_strndup(arena, argv[*at], shown_len)).bytes;
    if (option < 0) {
        *message = text_oursf(arena, _("%s: no such option."), shown);
        return false;
    }
    if (args->values[option]) {
        *message = text_oursf(arena, _("%s: given twice."), shown);
        return false;
    }
    const char *value = equals ? equals + 1 : "";
    bool wants = options[option].argument != NULL;
    if (wants && !equals)
        value = *at + 1 < argc ? argv[++*at] : NULL;
    if (!value || (equals && !wants)) {
        *message = text_oursf(
            arena, wants ? _("%s: its value is missing.") : _("%s: takes no value."), shown);
        return false;
    }
    args->values[option] = value;
    return true;
}

static bool check_words(const struct cli_args *args, struct arena *arena, struct text *message)
{
    const struct cli_command *command = args->command;
    if (args->word_count > command->max_words) {
        const char *word = text_clean(arena, args->words[command->max_words]).bytes;
        *message = text_oursf(arena, _("%s: “%s” is one word too many."), command->name, word);
        return false;
    }
    if (args->word_count < command->min_words && !args->values[OPTION_HELP]) {
        *message = text_oursf(arena, _("%s: a reference is missing."), command->name);
        return false;
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (args->values[i] && !((command->options | GENERAL_OPTIONS) & bit)) {
            *message =
                text_oursf(arena, _("%s does not take --%s."), command->name, options[i].name);
            return false;
        }
    }
    return true;
}

static bool check_without_command(const struct cli_args *args, struct arena *arena,
                                  struct text *message)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (args->values[i] && !(GENERAL_OPTIONS & (UINT64_C(1) << i))) {
            *message = text_oursf(arena, _("--%s belongs to a command."), options[i].name);
            return false;
        }
    }
    return true;
}

static bool take_word(struct cli_args *args, const char *word, struct arena *arena,
                      struct text *message)
{
    if (args->command) {
        args->words[args->word_count++] = word;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, word) == 0)
            args->command = &commands[i];
    if (!args->command)
        *message = text_oursf(arena, _("%s: no such command."), text_clean(arena, word).bytes);
    return args->command != NULL;
}

bool cli_args_parse(struct cli_args *args, int argc, char **argv, struct arena *arena,
                    struct text *message)
{
    *args = (struct cli_args){.words = mem_alloc((size_t)argc * sizeof *args->words + 1)};
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        bool ok = true;
        /* A single dash is a word: filters begin with it (-status:completed). */
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && strncmp(argv[i], "--", 2) == 0)
            ok = take_option(args, argv, argc, &i, arena, message);
        else
            ok = take_word(args, argv[i], arena, message);
        if (!ok)
            return false;
    }
    return args->command ? check_words(args, arena, message)
                         : check_without_command(args, arena, message);
}

void cli_args_done(struct cli_args *args)
{
    free(args->words);
    args->words = NULL;
}

bool cli_has(const struct cli *cli, enum cli_option option)
{
    return cli->args.values[option] != NULL;
}

bool cli_number(struct cli *cli, enum cli_option option, int64_t high, int64_t *out)
{
    const char *value = cli->args.values[option];
    int64_t number = 0;
    if (!value)
        return true;
    bool ok = value[0] != '\0';
    for (const char *p = value; *p && ok; p++) {
        ok = *p >= '0' && *p <= '9' && number <= high / 10;
        number = number * 10 + (*p - '0');
    }
    if (!ok || number > high) {
        struct text value_shown = text_clean(&cli->arena, value);
        cli_usage(cli, text_oursf(&cli->arena, _("--%s %s: expected a number, at most %lld."),
                                  options[option].name, value_shown.bytes, (long long)high));
        return false;
    }
    *out = number;
    return true;
}

/* --- the frame around a command ------------------------------------------------------------- */

static bool open_desk(struct cli *cli, struct err *err)
{
    const struct cli_command *command = cli->args.command;
    struct desk_options desk = {.env = cli->config.start,
                                .offline = cli_has(cli, OPTION_OFFLINE) ||
                                           (command->flags & CLI_FILES_ONLY),
                                .read_only = cli_has(cli, OPTION_READ_ONLY)};
    bool read_only = desk.read_only || cli->config.env[desk.env].read_only;
    const struct op_permit *permit = &cli->config.permit;
    if (permit->role == ROLE_VIEWER && (command->flags & CLI_MOVES_MONEY))
        return err_set(err, ERR_DENIED, "%s",
                       roles_why_viewer(&cli->arena, &cli->config.roles, permit).bytes);
    if (read_only && (command->flags & CLI_MOVES_MONEY))
        return err_set(err, ERR_DENIED, "%s", _("read-only: it moves no money"));
    return desk_open(&cli->desk, cli->loop, &cli->config, &desk, err);
}

/* What an earlier run left unknown is said before anything else. */
static void say_unresolved(struct cli *cli)
{
    struct intent_page page;
    struct err err = {0};
    if (!journal_list(cli->desk.journal, INTENTS_UNRESOLVED, 0, &page, &err))
        return;
    if (page.count > 0)
        cli_say(text_oursf(&cli->arena,
                           format_plural("%d operation is not settled: avirato-console recover "
                                         "finds out.",
                                         "%d operations are not settled: avirato-console recover "
                                         "finds out.",
                                         (int64_t)page.count),
                           (int)page.count));
    intent_page_done(&page);
}

static void note_changes(void *ctx, unsigned bits)
{
    struct cli *cli = ctx;
    cli->changed |= bits;
}

int cli_run(struct cli *cli)
{
    struct err err = {0};
    const struct cli_command *command = cli->args.command;
    cli->signals = -1;
    if (cli_has(cli, OPTION_JSON) && cli_has(cli, OPTION_CSV))
        return cli_usage(cli, text_ours(_("--json and --csv: give one of them.")));
    if (command->flags & CLI_NO_DESK)
        return cli_flush(command->run(cli));
    if (command->flags & CLI_MOVES_MONEY)
        cli_take_signals(cli);
    cli->desk.changes = (struct changes){note_changes, cli};
    if (!open_desk(cli, &err))
        return cli_flush(command->flags & CLI_MOVES_MONEY ? cli_money_fail(cli, &err)
                                                          : cli_fail(cli, &err, NULL));
    if (command->run != cli_recover && command->run != cli_inbox)
        say_unresolved(cli);
    int status = cli_flush(command->run(cli));
    desk_close(&cli->desk);
    return status;
}
