/* --help, the man page's COMMANDS section and the completions, all from the two tables of cli.h. */
#include "cli.h"

#include "../api/sim/sim.h"

#include <string.h>

#define PROGRAM "avirato-console"

static bool takes(const struct cli_command *command, int option)
{
    return (command->options & (UINT64_C(1) << option)) != 0;
}

/* Options that mean the same without and with any command. */
static bool is_general(int option)
{
    return option < OPTION_GENERATE;
}

/* --- --help ------------------------------------------------------------------------------------------- */

static void put_option(struct arena *arena, int option)
{
    const struct cli_option_row *row = cli_option_row((enum cli_option)option);
    struct text name = text_oursf(arena, "--%s%s%s", row->name, row->argument ? " " : "",
                                  row->argument ? row->argument : "");
    int gap = 26 - text_width(name);
    cli_put(stdout, text_oursf(arena, "  %s%*s%s\n", name.bytes, gap > 2 ? gap : 2, "",
                               _(row->help)));
}

static void help_simulator(struct arena *arena)
{
    const char *kind, *help;
    cli_put(stdout, text_oursf(arena, "\n%s\n  ", _("Dialects:")));
    for (int i = 0; i < SIM_DIALECTS; i++)
        cli_put(stdout, text_oursf(arena, "%s%s", i ? " · " : "",
                                   sim_dialect_name((enum sim_dialect)i)));
    cli_put(stdout, text_oursf(arena, "\n\n%s\n  charge slow late silent offline modification long "
                                      "pay\n", _("Delays:")));
    cli_put(stdout, text_oursf(arena, "\n%s\n", _("Faults: TARGET:KIND[=VALUE][@CHANCE][xCOUNT], "
                                                  "several parted by commas. TARGET is a method and "
                                                  "a path, * for any: POST/pos/payment, GET*.")));
    for (size_t i = 0; (kind = sim_fault_kind(i, &help)) != NULL; i++)
        cli_put(stdout, text_oursf(arena, "  %-22s%s\n", kind, help));
}

static void help_program(struct arena *arena)
{
    const struct cli_command *command;
    cli_put(stdout, text_oursf(arena, "%s: " PROGRAM " [--env live|test|training] [--read-only] "
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
    N_("local data trouble"),
    N_("not allowed here (read-only, environment, role)"),
};

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
        if (command ? takes(command, i) || i == OPTION_HELP : is_general(i))
            put_option(&arena, i);
    if (command && command->run == cli_simulator)
        help_simulator(&arena);
    cli_put(stdout, text_oursf(&arena, "\n%s\n", _("Exit status:")));
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        cli_put(stdout, text_oursf(&arena, "  %d  %s\n", (int)i, _(statuses[i])));
    arena_done(&arena);
}

/* --- man page ------------------------------------------------------------------------------------------- */

/* Text for roff: a hyphen stays one, a leading dot or quote is no request. */
static void put_roff(const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        fputs("\\&", stdout);
    for (const char *p = text; *p; p++) {
        if (*p == '-')
            fputs("\\-", stdout);
        else if (*p == '\\')
            fputs("\\e", stdout);
        else
            fputc(*p, stdout);
    }
}

static void man_option(int option)
{
    const struct cli_option_row *row = cli_option_row((enum cli_option)option);
    fputs(".TP\n\\fB\\-\\-", stdout);
    put_roff(row->name);
    fputs("\\fR", stdout);
    if (row->argument) {
        fputs(" \\fI", stdout);
        put_roff(row->argument);
        fputs("\\fR", stdout);
    }
    fputc('\n', stdout);
    put_roff(row->help);
    fputc('\n', stdout);
}

static void generate_man(void)
{
    const struct cli_command *command;
    fputs(".SH OPTIONS\n", stdout);
    for (int i = 0; i < OPTION_GENERATE; i++)
        man_option(i);
    fputs(".SH COMMANDS\n", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++) {
        fputs(".SS ", stdout);
        put_roff(command->name);
        fputs("\n.B ", stdout);
        put_roff(command->name);
        fputc('\n', stdout);
        put_roff(command->usage);
        fputs("\n.PP\n", stdout);
        put_roff(command->help);
        fputc('\n', stdout);
        for (int k = 0; k < OPTION_COUNT; k++)
            if (takes(command, k))
                man_option(k);
    }
    fputs(".SH EXIT STATUS\n", stdout);
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        printf(".TP\n\\fB%d\\fR\n", (int)i);
        put_roff(statuses[i]);
        fputc('\n', stdout);
    }
}

/* --- completions ------------------------------------------------------------------------------------------ */

/* Words to choose from of an argument such as "live|test|training"; false for free text. */
static bool has_choices(const struct cli_option_row *row)
{
    return row->argument && strchr(row->argument, '|');
}

static void put_choices(const struct cli_option_row *row)
{
    for (const char *p = row->argument; *p; p++)
        fputc(*p == '|' ? ' ' : *p, stdout);
}

static bool is_file(const struct cli_option_row *row)
{
    return row->argument && strcmp(row->argument, "FILE") == 0;
}

static void put_options_of(const struct cli_command *command)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (is_general(i) || (command && takes(command, i)))
            printf(" --%s", cli_option_row((enum cli_option)i)->name);
}

static void generate_bash(void)
{
    const struct cli_command *command;
    fputs("# bash completion, made by: " PROGRAM " --generate bash\n"
          "_avirato_console()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command=\n"
          "    case $prev in\n", stdout);
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct cli_option_row *row = cli_option_row((enum cli_option)i);
        if (!row->help || !row->argument)
            continue;
        printf("    --%s) ", row->name);
        if (has_choices(row)) {
            fputs("mapfile -t COMPREPLY < <(compgen -W '", stdout);
            put_choices(row);
            fputs("' -- \"$cur\"); ", stdout);
        } else if (is_file(row)) {
            fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); ", stdout);
        }
        fputs("return ;;\n", stdout);
    }
    fputs("    esac\n    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case $word in\n",
          stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf("%s%s", i ? "|" : "        ", command->name);
    fputs(") command=$word; break ;;\n        esac\n    done\n    local words\n    case $command in\n",
          stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++) {
        printf("    %s) words='", command->name);
        put_options_of(command);
        fputs("' ;;\n", stdout);
    }
    fputs("    *) words='", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf(" %s", command->name);
    put_options_of(NULL);
    fputs("' ;;\n    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
          "complete -F _avirato_console " PROGRAM "\n", stdout);
}

/* A single-quoted word of a shell. */
static void put_quoted(const char *text)
{
    fputc('\'', stdout);
    for (const char *p = text; *p; p++) {
        if (*p == '\'')
            fputs("'\\''", stdout);
        else
            fputc(*p, stdout);
    }
    fputc('\'', stdout);
}

static void zsh_option(int option)
{
    const struct cli_option_row *row = cli_option_row((enum cli_option)option);
    printf("            '--%s[", row->name);
    for (const char *p = row->help; *p; p++)
        if (!strchr("'[]", *p))
            fputc(*p, stdout);
    fputc(']', stdout);
    if (has_choices(row)) {
        fputs(":value:(", stdout);
        put_choices(row);
        fputc(')', stdout);
    } else if (row->argument) {
        fputs(is_file(row) ? ":file:_files" : ":value: ", stdout);
    }
    fputs("' \\\n", stdout);
}

static void generate_zsh(void)
{
    const struct cli_command *command;
    fputs("#compdef " PROGRAM "\n# made by: " PROGRAM " --generate zsh\n"
          "_avirato_console() {\n    local -a commands=(\n", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf("        '%s:%s'\n", command->name, command->help);
    fputs("    )\n    local command=${words[(r)(", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf("%s%s", i ? "|" : "", command->name);
    fputs(")]}\n    case $command in\n", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++) {
        printf("    %s)\n        _arguments \\\n", command->name);
        for (int k = 0; k < OPTION_COUNT; k++)
            if (is_general(k) || takes(command, k))
                zsh_option(k);
        fputs("            '*: :' ;;\n", stdout);
    }
    fputs("    *)\n        _arguments \\\n", stdout);
    for (int k = 0; k < OPTION_GENERATE; k++)
        zsh_option(k);
    fputs("            '1:command:{_describe command commands}' ;;\n    esac\n}\n"
          "_avirato_console \"$@\"\n", stdout);
}

static void fish_option(const struct cli_command *command, int option)
{
    const struct cli_option_row *row = cli_option_row((enum cli_option)option);
    fputs("complete -c " PROGRAM, stdout);
    if (command)
        printf(" -n '__fish_seen_subcommand_from %s'", command->name);
    printf(" -l %s", row->name);
    if (has_choices(row)) {
        fputs(" -x -a '", stdout);
        put_choices(row);
        fputc('\'', stdout);
    } else if (row->argument) {
        fputs(is_file(row) ? " -r" : " -x", stdout);
    }
    fputs(" -d ", stdout);
    put_quoted(row->help);
    fputc('\n', stdout);
}

static void generate_fish(void)
{
    const struct cli_command *command;
    fputs("# fish completion, made by: " PROGRAM " --generate fish\ncomplete -c " PROGRAM " -f\n",
          stdout);
    for (int k = 0; k < OPTION_GENERATE; k++)
        fish_option(NULL, k);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++) {
        printf("complete -c " PROGRAM " -n __fish_use_subcommand -a %s -d ", command->name);
        put_quoted(command->help);
        fputc('\n', stdout);
        for (int k = 0; k < OPTION_COUNT; k++)
            if (takes(command, k))
                fish_option(command, k);
    }
}

bool cli_generate(const char *what)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } makers[] = {
        {"man", generate_man}, {"bash", generate_bash}, {"zsh", generate_zsh}, {"fish", generate_fish}};
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        if (strcmp(makers[i].name, what) == 0) {
            makers[i].run();
            return true;
        }
    }
    return false;
}
