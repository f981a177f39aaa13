/* What the command line writes: data to stdout, messages to stderr, nothing uncleaned to either. */
#include "charset.h"
#include "cli.h"

#include <errno.h>
#include <string.h>

void cli_put(FILE *stream, struct text text)
{
    struct buf bytes;
    buf_init(&bytes, 1 << 20);
    charset_encode(text.bytes, strlen(text.bytes), &bytes);
    if (bytes.data)
        fwrite(bytes.data, 1, bytes.len, stream);
    buf_done(&bytes);
}

void cli_say(struct text line)
{
    cli_put(stderr, line);
    fputc('\n', stderr);
}

void cli_say_advice(struct advice advice)
{
    struct text lines[] = {advice.what, advice.money, advice.next, advice.proof};
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (lines[i].bytes && lines[i].bytes[0])
            cli_say(lines[i]);
}

int cli_exit_of_error(enum err_code code)
{
    static const int statuses[] = {
        [ERR_NONE] = CLI_DONE,        [ERR_INVALID] = CLI_USAGE,     [ERR_AMBIGUOUS] = CLI_USAGE,
        [ERR_NOT_FOUND] = CLI_FAILED, [ERR_CONFLICT] = CLI_FAILED,   [ERR_DENIED] = CLI_DENIED,
        [ERR_STALE] = CLI_FAILED,     [ERR_NETWORK] = CLI_UNREACHED, [ERR_API] = CLI_FAILED,
        [ERR_DATA] = CLI_UNREACHED,   [ERR_STORAGE] = CLI_STORAGE,   [ERR_SYSTEM] = CLI_STORAGE,
    };
    return code < COUNT_OF(statuses) ? statuses[code] : CLI_FAILED;
}

int cli_fail(struct cli *cli, const struct err *err, const struct api_error *api)
{
    struct advice advice = words_of_error(&cli->arena, err, api);
    if (!cli->args.command || !(cli->args.command->flags & CLI_MOVES_MONEY))
        advice.money = text_ours(""); /* a list has nothing to say about money */
    cli_say_advice(advice);
    return cli_exit_of_error(err->code);
}

int cli_usage(struct cli *cli, struct text message)
{
    const struct cli_command *command = cli->args.command;
    cli_say(message);
    cli_say(text_oursf(&cli->arena, _("Help: avirato-console %s%s--help"),
                       command ? command->name : "", command ? " " : ""));
    return CLI_USAGE;
}

int cli_flush(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno == EPIPE) /* the reader has seen enough, as head(1) */
        return status;
    struct arena arena = {0};
    cli_say(text_clean(&arena, strerror(errno)));
    arena_done(&arena);
    return status == CLI_DONE ? CLI_STORAGE : status;
}

void cli_print_line(struct buf *line)
{
    if (line->data)
        fwrite(line->data, 1, line->len, stdout);
    fputc('\n', stdout);
    buf_clear(line);
}

bool cli_is_data(const struct cli *cli)
{
    return !cli->tty || cli_has(cli, OPTION_CSV);
}

struct text cli_amount(struct arena *arena, const struct money *money)
{
    char amount[MONEY_TEXT_SIZE];
    if (!money->known)
        return text_ours("");
    return text_oursf(arena, "%s", money_format(money, MONEY_POINT, false, amount));
}
