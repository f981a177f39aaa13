/* The command line. Two tables hold all of it: CLI_OPTIONS (every --option means the same wherever
   it is allowed) and the commands of cli.c; parsing, --help, the man page's COMMANDS section and
   the completions are made from them. A new command is a function and a row. */
#ifndef TUI_CLI_H
#define TUI_CLI_H

#include "desk.h"
#include "words.h"

#include <stdio.h>

/* Exit statuses: scripts depend on them. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1, /* refused, declined or failed */
    CLI_USAGE = 2,
    CLI_UNKNOWN = 3,   /* the outcome of a money operation is not known */
    CLI_UNREACHED = 4, /* not sent, API out of reach */
    CLI_STORAGE = 5,
    CLI_DENIED = 6 /* read-only, environment, role */
};

/* X(id, name, argument or NULL for a switch, help) */
#define CLI_OPTIONS(X)                                                                             \
    X(ENV, "env", "live|test|training", N_("environment to work in"))                              \
    X(READ_ONLY, "read-only", NULL, N_("refuse whatever moves money"))                             \
    X(CONFIG, "config", "FILE", N_("configuration file to read instead of the usual one"))         \
    X(LANGUAGE, "language", "es|en", N_("language of texts, amounts and dates"))                   \
    X(HELP, "help", NULL, N_("show this help"))                                                    \
    X(VERSION, "version", NULL, N_("show the version"))                                            \
    X(GENERATE, "generate", "man|bash|zsh|fish", NULL)                                             \
    X(JSON, "json", NULL, N_("one JSON object a line"))                                            \
    X(CSV, "csv", NULL, N_("comma-separated values with a title line"))                            \
    X(LIMIT, "limit", "N", N_("at most N rows, newest first (default 50, 0 = all)"))               \
    X(OFFLINE, "offline", NULL, N_("only what this machine already knows; ask nobody"))            \
    X(SUM, "sum", NULL, N_("count and sum by currency of all that matches, instead of rows"))      \
    X(ONLINE, "online", NULL, N_("ask the provider which are connected now"))                      \
    X(TERMINAL, "terminal", "POI", N_("terminal to charge on (poiId)"))                            \
    X(AMOUNT, "amount", "AMOUNT", N_("amount, as 12,50 or 12.50"))                                 \
    X(CURRENCY, "currency", "EUR", N_("currency, three letters (default EUR)"))                    \
    X(REFERENCE, "reference", "TEXT", N_("your own reference, as a booking number"))               \
    X(DESCRIPTION, "description", "TEXT", N_("what it is for"))                                    \
    X(PRE_AUTH, "pre-auth", NULL, N_("hold the amount; capture or cancel it later"))               \
    X(ALL, "all", NULL, N_("the whole of what is left"))                                           \
    X(REASON, "reason", "REASON", N_("customer-request, return, duplicate, fraud or other"))       \
    X(YES, "yes", NULL, N_("do not ask for confirmation"))                                         \
    X(AGAIN, "again", NULL, N_("charge although a recent charge looks the same"))                  \
    X(SUPERVISOR, "supervisor", "NAME", N_("who approves what is above the limit, by PIN"))        \
    X(WAIT, "wait", "SECONDS", N_("wait so long for the final outcome"))                           \
    X(QR, "qr", NULL, N_("show the QR code as well"))                                              \
    X(VERIFY, "verify", NULL, N_("check the chain of the audit trail"))                            \
    X(PORT, "port", "N", N_("port to listen on (default: any free one)"))                          \
    X(DATA, "data", "FILE", N_("SQLite file that keeps what is created"))                          \
    X(SESSIONS, "sessions", "N", N_("made-up sessions (default 400)"))                             \
    X(PAYMENTS, "payments", "N", N_("made-up POS payments (default 250)"))                         \
    X(SEED, "seed", "N", N_("seed of the made-up data and of chances"))                            \
    X(FAULTS, "faults", "SPEC", N_("faults to show, see below"))                                   \
    X(DIALECT, "dialect", "NAME", N_("shape of the list answers, see below"))                      \
    X(DELAYS, "delays", "NAME=MS,…", N_("how long things take, see below"))                        \
    X(WEBCODE, "webcode", "CODE", N_("webcode to serve (default HOTEL9)"))                         \
    X(TEST_KEY, "test-key", "KEY", N_("API key of the test side"))                                 \
    X(LIVE_KEY, "live-key", "KEY", N_("API key of the live side"))

enum cli_option {
#define X(id, name, argument, help) OPTION_##id,
    CLI_OPTIONS(X)
#undef X
        OPTION_COUNT
};
#define CLI_BIT(id) (UINT64_C(1) << OPTION_##id)
struct cli_option_row {
    const char *name, *argument, *help; /* help NULL: not shown */
};
const struct cli_option_row *cli_option_row(enum cli_option option);

enum cli_flag {
    CLI_NEEDS_NET = 1 << 0,   /* opens client, sync and operations unless --offline */
    CLI_MOVES_MONEY = 1 << 1, /* or would: refused when read-only */
    CLI_NO_DESK = 1 << 2,     /* opens what it needs by itself */
    CLI_FILES_ONLY = 1 << 3   /* cache and journal only */
};
struct cli;
struct cli_command {
    const char *name, *usage, *help; /* usage: all that follows the name; help untranslated */
    int (*run)(struct cli *cli);     /* the exit status */
    uint64_t options;                /* CLI_BIT() of those allowed besides the general ones */
    unsigned flags;
    size_t min_words, max_words;
};
/* Row number i, NULL past the last. */
const struct cli_command *cli_command_row(size_t i);

struct cli_args {
    const struct cli_command *command; /* NULL: the screen */
    const char *values[OPTION_COUNT];  /* NULL: not given; "" for a switch */
    const char **words;                /* what is neither command nor option */
    size_t word_count;
};
/* False: message says what is wrong (already cleaned and translated). Free with cli_args_done(). */
bool cli_args_parse(struct cli_args *args, int argc, char **argv, struct arena *arena,
                    struct text *message);
void cli_args_done(struct cli_args *args);

/* What a running command works with. */
struct cli {
    struct cli_args args;
    struct config config;
    struct loop *loop;
    struct desk desk;
    struct arena arena; /* texts of the whole run */
    bool tty;           /* stdout is a terminal */
    int signals;        /* signalfd of commands that move money, else -1 */
    unsigned changed;   /* enum change bits since a command last cleared them */
};
/* Runs args.command: desk, function, flush. */
int cli_run(struct cli *cli);
bool cli_has(const struct cli *cli, enum cli_option option);
/* The number given with an option; fallback when it is not given. False: said why, CLI_USAGE. */
bool cli_number(struct cli *cli, enum cli_option option, int64_t high, int64_t *out);

/* --- help (cli_help.c, cli_generate.c) ------------------------------------------------------ */

void cli_help(const struct cli_command *command); /* NULL: of the program */
bool cli_generate(const char *what);              /* man, bash, zsh, fish; false: none of them */
const char *cli_status_help(int status);          /* untranslated; NULL past the last */
bool cli_takes(const struct cli_command *command, int option);
bool cli_is_general(int option); /* means the same without and with any command */

/* --- output (cli_print.c, cli_table.c, cli_json.c): data to stdout, messages to stderr ------ */

/* In the terminal's own character set. */
void cli_put(FILE *stream, struct text text);
int cli_terminal_width(void); /* of stdout, in cells */
void cli_say(struct text line);
void cli_say_advice(struct advice advice);
/* Says it and returns the exit status that fits. */
int cli_fail(struct cli *cli, const struct err *err, const struct api_error *api);
int cli_usage(struct cli *cli, struct text message); /* CLI_USAGE, naming --help */
int cli_exit_of_error(enum err_code code);

/* Cells of one row: an aligned table on a terminal, else tab-separated or CSV. */
struct cli_column {
    const char *title; /* for people, N_() */
    const char *field; /* CSV title: the API's own name */
    bool right;        /* aligned to the right */
    int cap;           /* widest on a terminal, 0: as wide as needed */
    unsigned shown;    /* CLI_ON_TERMINAL, CLI_AS_DATA */
};
enum { CLI_ON_TERMINAL = 1, CLI_AS_DATA = 2, CLI_BOTH = 3 };
struct cli_table;
struct cli_table *cli_table_new(struct cli *cli, const struct cli_column *columns, size_t count);
/* Cells in the order of the columns; copied. */
void cli_table_row(struct cli_table *table, const struct text *cells);
void cli_table_end(struct cli_table *table); /* prints what is left and frees it */
/* True for data (pipe, --csv): amounts with a point, statuses and times as the API gave them. */
bool cli_is_data(const struct cli *cli);
struct text cli_amount(struct arena *arena, const struct money *money); /* "12.50", "" if unknown */

/* JSON text: escapes what could drive a terminal; NULL prints null. */
void cli_json_string(struct buf *out, const char *text);
void cli_json_number(struct buf *out, int64_t number, bool present);
/* The API's own JSON on one line, with the same escapes. */
void cli_json_raw(struct buf *out, const char *json);
void cli_print_line(struct buf *line); /* with a newline; empties it */
/* Ends the output: status, unless writing failed. */
int cli_flush(int status);

/* --- waiting and asking (cli_wait.c) -------------------------------------------------------- */

/* Turns the loop until done, the deadline (-1: none) or the second SIGINT/SIGTERM. The first one
   calls interrupted (NULL: ends the wait at once). */
enum cli_wait { CLI_WAIT_DONE, CLI_WAIT_TIMEOUT, CLI_WAIT_LEFT };
enum cli_wait cli_wait(struct cli *cli, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms,
                       void (*interrupted)(void *ctx));
/* SIGINT and SIGTERM become readable from here on: before any thread is started. */
void cli_take_signals(struct cli *cli);
/* Asks on the terminal. True when what was typed is `expected`, or reads as that amount (NULL: only
   the word counts). What was typed before the question stood there is dropped. */
bool cli_ask(struct cli *cli, struct text question, const char *expected,
             const struct money *amount);
bool cli_can_ask(void);
/* Asks for a PIN on the terminal, unseen. False: interrupted, or the line ended. Wipe it. */
bool cli_ask_secret(struct cli *cli, struct text question, char *out, size_t size);

/* --- bringing the cache up to date (cli_fetch.c): CLI_DONE, or the exit status after saying why
 * --- */

/* The newest `limit` rows that match; the rest of a filter is the cache's business. */
int cli_fetch_list(struct cli *cli, enum record_kind kind, const struct filter *filter,
                   int64_t limit);
/* Sessions of the list that are open and were last seen before since_ms (UTC), one by one. */
int cli_fetch_stale(struct cli *cli, const struct list_spec *spec, int64_t limit, int64_t since_ms);
int cli_fetch_record(struct cli *cli, enum record_kind kind, const char *id);
int cli_fetch_terminals(struct cli *cli, bool ask_online);

/* --- commands ------------------------------------------------------------------------------- */

int cli_sessions(struct cli *cli);
int cli_payments(struct cli *cli);
int cli_modifications(struct cli *cli);
int cli_session(struct cli *cli);
int cli_terminals(struct cli *cli);
int cli_charge(struct cli *cli);
int cli_link(struct cli *cli);
int cli_refund(struct cli *cli);
int cli_capture(struct cli *cli);
int cli_cancel(struct cli *cli);
int cli_extend(struct cli *cli);
int cli_inbox(struct cli *cli);
int cli_recover(struct cli *cli);
int cli_journal(struct cli *cli);
int cli_doctor(struct cli *cli);
int cli_simulator(struct cli *cli);
int cli_pin(struct cli *cli);

#endif
