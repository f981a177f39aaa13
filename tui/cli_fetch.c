/* Bringing the cache up to date before a command prints from it, or acts on it. */
#include "cli.h"

#define LIST_MS   INT64_C(3600000) /* a first sync of everything may take its time */
#define RECORD_MS INT64_C(120000)

static bool sync_is_over(void *ctx)
{
    return sync_is_idle(ctx);
}

/* Waits for what was asked for; says what went wrong. */
static int fetch_end(struct cli *cli, enum record_kind kind, int64_t limit_ms)
{
    struct sync_progress progress;
    if (cli_wait(cli, sync_is_over, cli->desk.sync, limit_ms, NULL) == CLI_WAIT_LEFT)
        return CLI_FAILED;
    sync_get_progress(cli->desk.sync, kind, &progress);
    ops_hold_against_lists(cli->desk.ops, cli->changed);
    cli->changed = 0;
    if (progress.stuck_page)
        cli_say(text_ours(_("The API ignores page numbers: only what came is shown.")));
    if (progress.last_error.code == ERR_NONE)
        return CLI_DONE;
    return cli_fail(cli, &progress.last_error, &progress.last_api_error);
}

int cli_fetch_list(struct cli *cli, enum record_kind kind, const struct filter *filter,
                   int64_t limit)
{
    (void)filter;
    (void)limit;
    if (cli_has(cli, OPTION_OFFLINE))
        return CLI_DONE;
    sync_refresh(cli->desk.sync, kind);
    int status = fetch_end(cli, kind, LIST_MS);
    if (status != CLI_DONE)
        cli_say(text_ours(_("What this machine already knows is shown with --offline.")));
    return status;
}

int cli_fetch_record(struct cli *cli, enum record_kind kind, const char *id)
{
    sync_record(cli->desk.sync, kind, id);
    return fetch_end(cli, kind, RECORD_MS);
}

int cli_fetch_terminals(struct cli *cli, bool ask_online)
{
    sync_terminals(cli->desk.sync, ask_online);
    return fetch_end(cli, REC_PAYMENT, RECORD_MS);
}
