/* --generate: the man page and the completions, from the tables of cli.h and commands.h. */
#include "cli.h"
#include "commands.h"

#include <string.h>

#define PROGRAM "avirato-console"

/* --- man page ------------------------------------------------------------------------------- */

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

static void man_commands(void)
{
    const struct cli_command *command;
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
            if (cli_takes(command, k))
                man_option(k);
    }
}

/* What no table knows. */
static const char man_head[] =
    ".TH AVIRATO\\-CONSOLE 1 \"\" \"avirato\\-console " VERSION "\"\n"
    ".SH NAME\n"
    "avirato\\-console \\- a terminal back office for payments\n"
    ".SH SYNOPSIS\n"
    ".B avirato\\-console\n"
    "[\\-\\-env live|test|training] [\\-\\-read\\-only] [\\-\\-config FILE] [\\-\\-language "
    "es|en] [COMMAND ...]\n"
    ".SH DESCRIPTION\n"
    "Lists payment sessions, POS payments and their modifications; charges on card "
    "terminals; refunds, captures, cancels, extends; makes payment links. Without COMMAND it "
    "opens the screen. It starts in training, with the bundled server, until something is "
    "configured; live only when asked by \\-\\-env or the configuration.\n"
    ".PP\n"
    "Whatever moves money is written to the journal before it is sent, is sent once, and is "
    "called unknown until it is known. Data goes to standard output, messages to standard "
    "error.\n";
static const char man_tail[] =
    ".SH FILTERS\n"
    "status:pending type:refund from:2026\\-11\\-01 to:yesterday on:today (\\-7d, 2026\\-11) "
    "amount:100 amount:>100 amount:50..200 currency:EUR ref:RES\\-2026 terminal:V400m "
    "preauth:yes, and free words. \\-status:completed negates; quotes keep blanks.\n"
    ".SH ENVIRONMENT\n"
    "AVIRATO_ENV, AVIRATO_WEBCODE, AVIRATO_API_KEY and AVIRATO_BASE_URL win over the file. "
    "AVIRATO_API_KEY is taken out of the environment at once. "
    "AVIRATO_CLOCK (milliseconds UTC) stops the clock in training. NO_COLOR, LANG, LC_ALL, "
    "TERM, LINES and COLUMNS mean what they mean everywhere.\n"
    ".SH API KEY\n"
    "The first of these that there is: a systemd credential (LoadCredential= or "
    "LoadCredentialEncrypted= named avirato\\-live\\-key or avirato\\-test\\-key), "
    "AVIRATO_API_KEY, api_key_command, api_key_file. It is never an argument. The configuration "
    "and the key file must be yours, of mode 0600, no symbolic links, and in a folder that nobody "
    "else may write; the configuration may also be root's, of mode 0640.\n"
    ".SH ROLES\n"
    "Sections [operator NAME] of the configuration say who may do what: role = viewer, desk or "
    "supervisor, charge_limit and refund_limit of a desk, and pin, a line that avirato\\-console "
    "pin prints. Without any, everybody may do everything; whoever is not among them only looks. "
    "Above a limit a supervisor approves by PIN: on the screen after the operator's own "
    "confirmation, on the command line named by \\-\\-supervisor. The journal names both. "
    "lock_after locks the screen after minutes without a key, L at once.\n"
    ".SH FILES\n"
    ".TP\n"
    "$XDG_CONFIG_HOME/avirato\\-console/config.ini\n"
    "Settings; an example comes with the program.\n"
    ".TP\n"
    "$XDG_STATE_HOME/avirato\\-console/WEBCODE\\-ENV/journal.db\n"
    "What was asked of the API with money. Never delete it.\n"
    ".TP\n"
    "$XDG_CACHE_HOME/avirato\\-console/WEBCODE\\-ENV/cache.db\n"
    "What the API said. Delete it at will.\n";

static void generate_man(void)
{
    struct buf keys;
    buf_init(&keys, 1 << 20);
    commands_write_man(&keys);
    fputs(man_head, stdout);
    fputs(".SH OPTIONS\n", stdout);
    for (int i = 0; i < OPTION_GENERATE; i++)
        man_option(i);
    man_commands();
    fputs(keys.data ? keys.data : "", stdout);
    fputs(man_tail, stdout);
    fputs(".SH EXIT STATUS\n", stdout);
    for (int i = 0; cli_status_help(i); i++) {
        printf(".TP\n\\fB%d\\fR\n", i);
        put_roff(cli_status_help(i));
        fputc('\n', stdout);
    }
    buf_done(&keys);
}

/* --- completions ---------------------------------------------------------------------------- */

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
        if (cli_is_general(i) || (command && cli_takes(command, i)))
            printf(" --%s", cli_option_row((enum cli_option)i)->name);
}

static void generate_bash(void)
{
    const struct cli_command *command;
    fputs("# bash completion, made by: " PROGRAM " --generate bash\n"
          "_avirato_console()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command=\n"
          "    case $prev in\n",
          stdout);
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
    fputs("    esac\n    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case $word "
          "in\n",
          stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf("%s%s", i ? "|" : "        ", command->name);
    fputs(") command=$word; break ;;\n        esac\n    done\n    local words\n    case $command "
          "in\n",
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
          "complete -F _avirato_console " PROGRAM "\n",
          stdout);
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
          "_avirato_console() {\n    local -a commands=(\n",
          stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf("        '%s:%s'\n", command->name, command->help);
    fputs("    )\n    local command=${words[(r)(", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++)
        printf("%s%s", i ? "|" : "", command->name);
    fputs(")]}\n    case $command in\n", stdout);
    for (size_t i = 0; (command = cli_command_row(i)) != NULL; i++) {
        printf("    %s)\n        _arguments \\\n", command->name);
        for (int k = 0; k < OPTION_COUNT; k++)
            if (cli_is_general(k) || cli_takes(command, k))
                zsh_option(k);
        fputs("            '*: :' ;;\n", stdout);
    }
    fputs("    *)\n        _arguments \\\n", stdout);
    for (int k = 0; k < OPTION_GENERATE; k++)
        zsh_option(k);
    fputs("            '1:command:{_describe command commands}' ;;\n    esac\n}\n"
          "_avirato_console \"$@\"\n",
          stdout);
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
            if (cli_takes(command, k))
                fish_option(command, k);
    }
}

bool cli_generate(const char *what)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } makers[] = {{"man", generate_man},
                  {"bash", generate_bash},
                  {"zsh", generate_zsh},
                  {"fish", generate_fish}};
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        if (strcmp(makers[i].name, what) == 0) {
            makers[i].run();
            return true;
        }
    }
    return false;
}
