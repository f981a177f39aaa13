/* refund, capture, cancel, extend: a fresh look at the payment, what is possible, then the
 * operation. */
#include "cli_money.h"

#include <string.h>
#include <strings.h>

/* The reason has been said; the sentence and the object of --json follow. */
static int not_looked_up(struct cli *cli, int status)
{
    struct text why = text_ours(_("The payment could not be looked up. Nothing was sent."));
    return cli_money_refuse(cli, why, status);
}

/* The payment's row, asked for from the API where the cache does not know it. CLI_DONE: found. */
static int find_payment(struct cli *cli, const char *reference, struct row *row)
{
    /* The newest rows are cheap and hold most of what is acted on. */
    static const struct {
        enum record_kind kind;
        int64_t rows;
    } looks[] = {{REC_PAYMENT, 200},
                 {REC_SESSION, 200},
                 {REC_PAYMENT, INT64_MAX},
                 {REC_SESSION, INT64_MAX}};
    struct err err = {0};
    for (size_t i = 0;; i++) {
        if (cache_get_payment(cli->desk.cache, reference, &cli->arena, row, &err))
            return CLI_DONE;
        if (err.code != ERR_NOT_FOUND)
            return cli_money_fail(cli, &err);
        if (i == COUNT_OF(looks))
            break;
        int status = cli_fetch_list(cli, looks[i].kind, NULL, looks[i].rows);
        if (status != CLI_DONE)
            return not_looked_up(cli, status);
    }
    err_set(&err, ERR_NOT_FOUND, "%s", reference);
    return cli_money_fail(cli, &err);
}

static struct text not_possible(struct money_run *run, enum why_not why)
{
    return text_oursf(&run->cli->arena, _("Not possible: %s. Nothing was sent."),
                      words_why_not(why, run->request.kind).bytes);
}

/* Facts as of now. CLI_DONE: the operation is possible by them. */
static int look(struct money_run *run)
{
    struct cli *cli = run->cli;
    const char *reference = cli->args.words[0];
    struct err err = {0};
    struct row row;
    run->request.target = reference;
    run->about = text_oursf(&cli->arena, "%s: %s", _("Payment"),
                            text_clean(&cli->arena, reference).bytes);
    if (!reference_allowed(reference, cli->desk.webcode, cli->desk.env))
        return cli_money_refuse(cli, not_possible(run, WHY_OTHER_ENVIRONMENT), CLI_DENIED);
    cli_money_settle(run);
    int status = find_payment(cli, reference, &row);
    if (status != CLI_DONE)
        return status;
    status = cli_fetch_record(cli, row.record.kind, row.record.id);
    if (status != CLI_DONE)
        return not_looked_up(cli, status);
    if (!cache_payment_facts(cli->desk.cache, reference, &run->request.seen, &err))
        return cli_money_fail(cli, &err);
    run->request.has_seen = true;
    enum why_not why = payment_action_possible(&run->request.seen, run->request.kind);
    if (why == WHY_POSSIBLE)
        return CLI_DONE;
    return cli_money_refuse(cli, not_possible(run, why), CLI_FAILED);
}

/* --amount or --all, at most what is there. CLI_DONE: run->request.amount is set. */
static int read_amount(struct money_run *run, int64_t most)
{
    struct cli *cli = run->cli;
    const char *currency = run->request.seen.authorised.currency;
    if (cli_has(cli, OPTION_ALL) == cli_has(cli, OPTION_AMOUNT))
        return cli_usage(cli, text_ours(_("Give either --amount or --all.")));
    if (cli_has(cli, OPTION_ALL))
        run->request.amount = money_make(most, currency);
    else if (!cli_money_amount(cli, currency, &run->request.amount))
        return CLI_USAGE;
    run->typed = run->request.amount;
    if (run->request.amount.minor <= most)
        return CLI_DONE;
    struct text why = text_oursf(&cli->arena, _("%s is more than is left (%s). Nothing was sent."),
                                 format_money(&cli->arena, &run->request.amount).bytes,
                                 format_minor(&cli->arena, most, currency).bytes);
    return cli_money_refuse(cli, why, CLI_FAILED);
}

/* "customer-request" and "Customer Request" are CUSTOMER REQUEST. */
static const char *find_reason(const char *typed)
{
    for (size_t i = 0; typed && refund_reasons[i]; i++) {
        const char *a = refund_reasons[i], *b = typed;
        while (*a && *b && ((*a == ' ' && strchr(" -_", *b)) || strncasecmp(a, b, 1) == 0))
            a++, b++;
        if (!*a && !*b)
            return refund_reasons[i];
    }
    return NULL;
}

static struct text rest(struct money_run *run, int64_t most)
{
    return format_minor(&run->cli->arena, most - run->request.amount.minor,
                        run->request.amount.currency);
}

int cli_refund(struct cli *cli)
{
    struct money_run run = {.cli = cli, .request.kind = OP_REFUND};
    run.request.reason = find_reason(cli->args.values[OPTION_REASON]);
    if (!run.request.reason)
        return cli_usage(cli, text_ours(_("--reason: customer-request, return, duplicate, fraud or "
                                          "other.")));
    int status = look(&run);
    if (status == CLI_DONE)
        status = read_amount(&run, run.request.seen.left);
    if (status != CLI_DONE)
        return status;
    run.question = text_oursf(&cli->arena, _("Refund %s (left after it: %s)?"),
                              format_money(&cli->arena, &run.request.amount).bytes,
                              rest(&run, run.request.seen.left).bytes);
    return cli_money_run(&run);
}

int cli_capture(struct cli *cli)
{
    struct money_run run = {.cli = cli, .request.kind = OP_CAPTURE};
    int status = look(&run);
    if (status == CLI_DONE)
        status = read_amount(&run, run.request.seen.authorised.minor);
    if (status != CLI_DONE)
        return status;
    run.question = text_oursf(&cli->arena, _("Capture %s (%s of the hold is released)?"),
                              format_money(&cli->arena, &run.request.amount).bytes,
                              rest(&run, run.request.seen.authorised.minor).bytes);
    return cli_money_run(&run);
}

int cli_cancel(struct cli *cli)
{
    struct money_run run = {.cli = cli, .request.kind = OP_CANCEL};
    int status = look(&run);
    if (status != CLI_DONE)
        return status;
    run.typed = run.request.seen.authorised;
    run.question = text_oursf(&cli->arena, _("Cancel the hold of %s?"),
                              format_money(&cli->arena, &run.typed).bytes);
    return cli_money_run(&run);
}

int cli_extend(struct cli *cli)
{
    struct money_run run = {.cli = cli, .request.kind = OP_EXTEND};
    int status = look(&run);
    if (status != CLI_DONE)
        return status;
    run.question = text_oursf(&cli->arena, _("Extend the hold of %s?"),
                              format_money(&cli->arena, &run.request.seen.authorised).bytes);
    return cli_money_run(&run);
}
