/* --help, from the two tables of cli.h. */
#include "cli.h"

#include "../api/sim/sim.h"

#include <string.h>

#define PROGRAM "avirato-console"

bool cli_takes(const struct cli_command *command, int option)
{
    return (command->options & (UINT64_C(1) << option)) != 0;
}

bool cli_is_general(int option)
{
    return option < OPTION_GENERATE;
}

/* --- --help --------------------------------------------------------------------------------- */

static void put_option(struct arena *arena, int option)
{
    const struct cli_option_row *row = cli_option_row((enum cli_option)option);
    struct text name = text_oursf(arena, "--%s%s%s", row->name, row->argument ? " " : "",
                                  row->argument ? row->argument : "");
    int gap = 26 - text_width(name);
    cli_put(stdout,
            text_oursf(arena, "  %s%*s%s\n", name.bytes, gap > 2 ? gap : 2, "", _(row->help)));
}

static void help_simulator(struct arena *arena)
{
    const char *kind, *help;
    cli_put(stdout, text_oursf(arena, "\n%s\n  ", _("Dialects:")));
    for (int i = 0; i < SIM_DIALECTS; i++)
        cli_put(stdout,
                text_oursf(arena, "%s%s", i ? " · " : "", sim_dialect_name((enum sim_dialect)i)));
    cli_put(stdout, text_oursf(arena,
                               "\n\n%s\n  charge slow late silent offline modification long "
                               "pay\n",
                               _("Delays:")));
    cli_put(stdout, text_oursf(arena, "\n%s\n",
                               _("Faults: TARGET:KIND[=VALUE][@CHANCE][xCOUNT], "
                                 "several parted by commas. TARGET is a method and "
                                 "a path, * for any: POST/pos/payment, GET*.")));
    for (size_t i = 0; (kind = sim_fault_kind(i, &help)) != NULL; i++)
        cli_put(stdout, text_oursf(arena, "  %-22s%s\n", kind, help));
}

static void help_program(struct arena *arena)
{
    const struct cli_command *command;
    cli_put(stdout,
            text_oursf(arena,
                       "%s: " PROGRAM " [--env live|test|training] [--read-only] "
                       "[--config FILE] [--language es|en] [COMMAND …]\n\n%s\n\n%s\n",
                       _("Usage"),
                       _("A terminal back office for payments. Without COMMAND it opens the "
                         "screen."),
                       _("Commands (COMMAND --help says more):")));
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        cli_put(stdout, text_oursf(arena, "  %-15s%s\n", command->name, _(command->help)));
}

static const char *const statuses[] = {
    N_("done"),
    N_("refused, declined or failed"),
    N_("wrong use"),
    N_("outcome unknown"),
    N_("not sent, API out of reach"),
    N_("local data trouble, or out of memory"),
    N_("not allowed here (read-only, environment, role)"),
};

const char *cli_status_help(int status)
{
    return status >= 0 && status < (int)COUNT_OF(statuses) ? statuses[status] : NULL;
}

void cli_help(const struct cli_command *command)
{
    struct arena arena = {0};
    if (!command)
        help_program(&arena);
    else
        cli_put(stdout, text_oursf(&arena, "%s: " PROGRAM " %s %s\n\n%s\n", _("Usage"),
                                   command->name, command->usage, _(command->help)));
    cli_put(stdout, text_oursf(&arena, "\n%s\n", _("Options:")));
    for (int i = 0; i < OPTION_COUNT; i++)
        if (command ? cli_takes(command, i) || i == OPTION_HELP : cli_is_general(i))
            put_option(&arena, i);
    if (command && command->run == cli_simulator)
        help_simulator(&arena);
    cli_put(stdout, text_oursf(&arena, "\n%s\n", _("Exit status:")));
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        cli_put(stdout, text_oursf(&arena, "  %d  %s\n", (int)i, _(statuses[i])));
    arena_done(&arena);
}
