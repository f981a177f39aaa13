/* Bringing the cache up to date before a command prints from it, or acts on it. */
#include "cli.h"

#include <string.h>
#include <unistd.h>

#define LIST_MS        INT64_C(3600000) /* a first sync of everything may take its time */
#define RECORD_MS      INT64_C(120000)
#define PROGRESS_MS    INT64_C(1000)
#define PROGRESS_CELLS 50
#define STALE_ROWS     200
#define STALE_BATCH    40

/* What is waited for, and the line that says how far it is (people only). */
struct fetch {
    struct cli *cli;
    enum record_kind kind;
    int64_t shown_ms; /* boot clock of the last progress line */
    bool shown;
};

static void show_progress(struct fetch *fetch)
{
    struct sync_progress progress;
    struct arena arena = {0};
    sync_get_progress(fetch->cli->desk.sync, fetch->kind, &progress);
    const char *rows = format_count(&arena, progress.rows).bytes;
    if (progress.total > 0)
        cli_put(stderr, text_oursf(&arena, _("%s of %s rows"), rows,
                                   format_count(&arena, progress.total).bytes));
    else
        cli_put(stderr, text_oursf(&arena, _("%s rows"), rows));
    fputs("   \r", stderr);
    arena_done(&arena);
}

static bool fetch_is_over(void *ctx)
{
    struct fetch *fetch = ctx;
    int64_t now = clock_boot_ms();
    if (sync_is_idle(fetch->cli->desk.sync))
        return true;
    if (isatty(STDERR_FILENO) && now - fetch->shown_ms >= PROGRESS_MS) {
        fetch->shown_ms = now;
        fetch->shown = true;
        show_progress(fetch);
    }
    return false;
}

/* Waits for what was asked for; says what went wrong. */
static int fetch_end(struct cli *cli, enum record_kind kind, int64_t limit_ms)
{
    struct sync_progress progress;
    struct fetch fetch = {.cli = cli, .kind = kind, .shown_ms = clock_boot_ms()};
    enum cli_wait end = cli_wait(cli, fetch_is_over, &fetch, limit_ms, NULL);
    if (fetch.shown)
        fprintf(stderr, "\r%*s\r", PROGRESS_CELLS, "");
    if (end == CLI_WAIT_LEFT)
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

/* A filter of statuses alone is one that the API applies exactly, so that its newest rows are ours.
 */
static bool server_filters_all(const struct cli *cli)
{
    for (size_t i = 0; i < cli->args.word_count; i++)
        if (strncmp(cli->args.words[i], "status:", 7) != 0)
            return false;
    return true;
}

/* Asks for as little as still gives every row that will be printed: once the whole list is known
   here only what is new, else the newest rows, a span of days, or all of it. */
static void start_fetch(struct cli *cli, enum record_kind kind, const struct filter *filter,
                        int64_t limit)
{
    struct sync_progress progress;
    struct list_query query = {0};
    sync_get_progress(cli->desk.sync, kind, &progress);
    if (filter)
        filter_to_query(filter, &query);
    if (!progress.complete && limit < INT64_MAX && (!filter || server_filters_all(cli)))
        sync_fetch(cli->desk.sync, kind, &query, (size_t)limit);
    else if (!progress.complete && query.date_from)
        sync_fetch(cli->desk.sync, kind, &query, 0);
    else
        sync_refresh(cli->desk.sync, kind);
}

int cli_fetch_list(struct cli *cli, enum record_kind kind, const struct filter *filter,
                   int64_t limit)
{
    if (cli_has(cli, OPTION_OFFLINE))
        return CLI_DONE;
    start_fetch(cli, kind, filter, limit);
    int status = fetch_end(cli, kind, LIST_MS);
    if (status != CLI_DONE && !(cli->args.command->flags & CLI_MOVES_MONEY))
        cli_say(text_ours(_("What this machine already knows is shown with --offline.")));
    return status;
}

/* Open sessions that lie deeper than the newest pages may have been paid since. At most one batch.
 */
static size_t ask_for_stale(struct cli *cli, const struct list_spec *spec, int64_t limit,
                            int64_t since_ms)
{
    struct row_page page;
    struct err err = {0};
    size_t asked = 0;
    size_t rows = limit < STALE_ROWS ? (size_t)limit : STALE_ROWS;
    struct page_request request = {.spec = spec, .limit = rows};
    if (!cache_list(cli->desk.cache, &request, &page, &err))
        return 0;
    for (size_t i = 0; i < page.count && asked < STALE_BATCH; i++) {
        const struct record *record = &page.rows[i].record;
        if (status_classify(REC_SESSION, record->status) != STATUS_OPEN ||
            page.rows[i].seen_ms >= since_ms)
            continue;
        sync_record(cli->desk.sync, REC_SESSION, record->id);
        asked++;
    }
    row_page_done(&page);
    return asked;
}

int cli_fetch_stale(struct cli *cli, const struct list_spec *spec, int64_t limit, int64_t since_ms)
{
    if (cli_has(cli, OPTION_OFFLINE) || spec->kind != REC_SESSION)
        return CLI_DONE;
    /* What was asked for once is fresh, so each batch finds others; an error ends it. */
    for (int batch = 0; batch < STALE_ROWS / STALE_BATCH; batch++) {
        if (ask_for_stale(cli, spec, limit, since_ms) == 0)
            break;
        int status = fetch_end(cli, REC_SESSION, RECORD_MS);
        if (status != CLI_DONE)
            return status;
    }
    return CLI_DONE;
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
