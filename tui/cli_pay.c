/* charge and link: what takes new money. */
#include "cli_money.h"

#include "qr.h"

#include <ctype.h>
#include <string.h>

/* Options that charge and link share. False: said why. */
static bool read_options(struct money_run *run)
{
    struct cli *cli = run->cli;
    struct op_request *request = &run->request;
    const char *currency = cli->args.values[OPTION_CURRENCY];
    if (!cli_has(cli, OPTION_AMOUNT)) {
        cli_usage(cli, text_ours(_("--amount is missing.")));
        return false;
    }
    request->reference = cli->args.values[OPTION_REFERENCE];
    request->description = cli->args.values[OPTION_DESCRIPTION];
    request->is_preauth = cli_has(cli, OPTION_PRE_AUTH);
    char *capitals = arena_strdup(&cli->arena, currency ? currency : "EUR");
    for (char *p = capitals; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return cli_money_amount(cli, capitals, &request->amount);
}

/* "Terminal Test 1 - Mostrador (V400m-…)", or the poiId alone. */
static const char *terminal_name(struct cli *cli, const char *poi_id)
{
    struct terminal_page page;
    struct err err = {0};
    const char *name = text_clean(&cli->arena, poi_id).bytes;
    if (!cache_terminals(cli->desk.cache, &page, &err))
        return name;
    for (size_t i = 0; i < page.count; i++) {
        const struct terminal *terminal = &page.rows[i].terminal;
        if (terminal->name && strcmp(terminal->poi_id, poi_id) == 0)
            name = text_oursf(&cli->arena, "%s (%s)",
                              text_brief(&cli->arena, terminal->name, 40).bytes, name)
                       .bytes;
    }
    terminal_page_done(&page);
    return name;
}

/* A terminal that is not in the list, where there is one: said with those that are. */
static bool is_known_terminal(struct cli *cli, const char *poi_id)
{
    struct terminal_page page;
    struct err err = {0};
    bool known = false;
    if (!cache_terminals(cli->desk.cache, &page, &err))
        return true; /* the look before sending decides */
    for (size_t i = 0; i < page.count; i++)
        known |= strcmp(page.rows[i].terminal.poi_id, poi_id) == 0;
    if (!known && page.count > 0) {
        cli_say(text_oursf(&cli->arena, _("There is no terminal %s here. Those that there are:"),
                           text_clean(&cli->arena, poi_id).bytes));
        for (size_t i = 0; i < page.count; i++)
            cli_say(text_oursf(&cli->arena, "  %s  %s",
                               text_clean(&cli->arena, page.rows[i].terminal.poi_id).bytes,
                               text_clean(&cli->arena, page.rows[i].terminal.name).bytes));
    }
    known |= page.count == 0;
    terminal_page_done(&page);
    return known;
}

int cli_charge(struct cli *cli)
{
    struct money_run run = {.cli = cli, .request.kind = OP_CHARGE};
    const char *terminal = cli->args.values[OPTION_TERMINAL];
    run.request.target = terminal ? terminal : cli->config.terminal;
    if (!run.request.target)
        return cli_usage(cli,
                         text_ours(_("--terminal is missing, and the configuration names none.")));
    if (!read_options(&run))
        return CLI_USAGE;
    if (!is_known_terminal(cli, run.request.target))
        return cli_money_refuse(cli, text_ours(_("Nothing was sent.")), CLI_FAILED);
    run.typed = run.request.amount;
    const char *amount = format_money(&cli->arena, &run.request.amount).bytes;
    const char *name = terminal_name(cli, run.request.target);
    run.question = run.request.is_preauth
                       ? text_oursf(&cli->arena, _("Hold %s?"), amount)
                       : text_oursf(&cli->arena, _("Charge %s?"), amount);
    run.about = text_oursf(&cli->arena, "%s: %s", _("Terminal"), name);
    return cli_money_run(&run);
}

/* --- payment link --------------------------------------------------------------------------- */

struct link_wait {
    struct cli *cli;
    const char *id;
    struct intent intent;
};

static bool link_is_over(void *ctx)
{
    struct link_wait *wait = ctx;
    struct err err = {0};
    if (wait->cli->changed & CHANGED_JOURNAL) {
        wait->cli->changed &= ~(unsigned)CHANGED_JOURNAL;
        journal_get(wait->cli->desk.journal, wait->id, &wait->cli->arena, &wait->intent, &err);
    }
    return wait->intent.state != INTENT_PREPARED && wait->intent.state != INTENT_SENT;
}

static void print_qr(struct cli *cli, const char *url)
{
    struct buf lines;
    buf_init(&lines, 1 << 20);
    /* For the eyes: with --json the object stays alone on stdout. */
    FILE *stream = cli_has(cli, OPTION_JSON) ? stderr : stdout;
    if (qr_print(&lines, url, format_utf8(), cli->tty))
        fwrite(lines.data, 1, lines.len, stream);
    else
        cli_say(text_ours(_("The address is too long for a QR code.")));
    buf_done(&lines);
}

static void print_link(struct cli *cli, const struct intent *intent)
{
    struct buf line;
    buf_init(&line, 1 << 20);
    if (cli_has(cli, OPTION_JSON)) {
        cli_money_json(&line, intent);
        buf_puts(&line, "}");
        cli_print_line(&line);
    } else if (intent->payment_url) {
        cli_put(stdout, text_clean(&cli->arena, intent->payment_url));
        fputc('\n', stdout);
    }
    if (intent->payment_url && cli_has(cli, OPTION_QR))
        print_qr(cli, intent->payment_url);
    buf_done(&line);
}

int cli_link(struct cli *cli)
{
    struct money_run run = {.cli = cli, .request.kind = OP_LINK};
    struct err err = {0};
    char id[INTENT_ID_SIZE];
    if (!read_options(&run))
        return CLI_USAGE;
    random_uuid(run.request.form_id);
    if (!op_check(&run.request, cli->desk.env, cli->desk.webcode, &err))
        return cli_money_fail(cli, &err);
    int status = cli_approve_possible(&run);
    if (status == CLI_DONE)
        status = cli_approve(&run);
    if (status != CLI_DONE)
        return status;
    if (!op_start(cli->desk.ops, &run.request, id, &err))
        return cli_money_fail(cli, &err);
    struct link_wait wait = {.cli = cli, .id = id};
    cli->changed |= CHANGED_JOURNAL;
    cli_wait(cli, link_is_over, &wait, 120000, NULL);
    cli_say_advice(words_of_intent(&cli->arena, &wait.intent));
    print_link(cli, &wait.intent);
    return cli_money_exit(&wait.intent);
}
