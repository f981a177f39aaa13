/* A supervisor's approval on the command line: --supervisor names who, the PIN is typed on the
   terminal, unseen, and is never an argument. */
#include "cli_money.h"

#include "pin.h"

enum { TRIES = 3 };

/* What is looked at: of a cancel the hold that is given up. */
static const struct money *at_stake(const struct money_run *run)
{
    return run->request.kind == OP_CANCEL ? &run->request.seen.authorised : &run->request.amount;
}

static bool is_needed(const struct money_run *run)
{
    return !op_within_limit(&run->cli->config.permit, run->request.kind, at_stake(run));
}

/* "Ana gives back at most 100.00 EUR alone. Nothing was sent. <next>" */
static int refuse(struct money_run *run, struct text next)
{
    struct cli *cli = run->cli;
    struct text why =
        roles_why_limit(&cli->arena, &cli->config.permit, run->request.kind, at_stake(run));
    return cli_money_refuse(
        cli, text_oursf(&cli->arena, _("%s. Nothing was sent. %s"), why.bytes, next.bytes),
        CLI_DENIED);
}

int cli_approve_possible(struct money_run *run)
{
    struct cli *cli = run->cli;
    const char *name = cli->args.values[OPTION_SUPERVISOR];
    if (!is_needed(run))
        return CLI_DONE;
    if (!name)
        return refuse(run, text_ours(_("A supervisor approves it with --supervisor NAME and the "
                                       "PIN.")));
    if (!op_may_approve(&cli->config.permit, name))
        return refuse(run, text_oursf(&cli->arena,
                                      _("%s cannot approve it: that takes another person, a "
                                        "supervisor with a PIN in the configuration."),
                                      text_clean(&cli->arena, name).bytes));
    if (!cli_can_ask())
        return refuse(run, text_ours(_("The PIN is only read from a terminal.")));
    return CLI_DONE;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

/* After a wrong one the next is not asked for at once. False: interrupted. */
static bool wait_calmly(struct cli *cli, const struct pin_guard *guard)
{
    int64_t wait_ms = pin_wait_ms(guard);
    return wait_ms == 0 || cli_wait(cli, never, NULL, wait_ms, NULL) != CLI_WAIT_LEFT;
}

int cli_approve(struct money_run *run)
{
    struct cli *cli = run->cli;
    const char *name = cli->args.values[OPTION_SUPERVISOR];
    struct pin_guard guard = {0};
    char typed[PIN_MAX + 1];
    if (!is_needed(run))
        return CLI_DONE;
    const struct operator_row *row = roles_find(&cli->config.roles, name);
    cli_say(text_oursf(
        &cli->arena, "%s: %s, %s.", words_op(run->request.kind).bytes,
        format_money(&cli->arena, at_stake(run)).bytes,
        roles_why_limit(&cli->arena, &cli->config.permit, run->request.kind, at_stake(run)).bytes));
    for (int i = 0; i < TRIES && wait_calmly(cli, &guard); i++) {
        struct text question =
            text_oursf(&cli->arena, _("PIN of %s:"), text_clean(&cli->arena, name).bytes);
        bool given = cli_ask_secret(cli, question, typed, sizeof typed);
        enum pin_answer answer = given ? pin_check(&guard, row->pin, typed) : PIN_WRONG;
        pin_wipe(typed, sizeof typed);
        if (answer == PIN_RIGHT) {
            run->request.approved_by = name;
            return CLI_DONE;
        }
        if (!given)
            break;
        cli_say(text_ours(answer == PIN_UNCHECKED
                              ? _("Too little memory to check the PIN just now. Try again.")
                              : _("Not that PIN.")));
    }
    return cli_money_refuse(cli, text_ours(_("Not approved. Nothing was sent.")), CLI_DENIED);
}
