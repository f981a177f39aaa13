/* From a filled request to the printed outcome: the same for all operations. The operation itself,
   with its journal, is that of the screens: op_start(). */
#include "cli_money.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_MS INT64_C(5000)

/* --- outcome -------------------------------------------------------------------------------- */

int cli_money_exit(const struct intent *intent)
{
    static const int statuses[INTENT_STATE_COUNT] = {
        [INTENT_PREPARED] = CLI_UNKNOWN, [INTENT_SENT] = CLI_UNKNOWN,
        [INTENT_UNKNOWN] = CLI_UNKNOWN,  [INTENT_MANUAL] = CLI_UNKNOWN,
        [INTENT_ACCEPTED] = CLI_DONE,    [INTENT_CONFIRMED] = CLI_DONE,
        [INTENT_SUCCEEDED] = CLI_DONE,   [INTENT_RESOLVED] = CLI_FAILED,
        [INTENT_REJECTED] = CLI_FAILED,  [INTENT_DECLINED] = CLI_FAILED,
        [INTENT_FAILED] = CLI_FAILED,    [INTENT_NOT_EXECUTED] = CLI_FAILED,
    };
    static const char *const unreached[] = {"look:", "unsent:"};
    if (intent->state == INTENT_RESOLVED && intent->why &&
        strcmp(intent->why, "by hand: charged") == 0)
        return CLI_DONE;
    if (intent->state != INTENT_VOID) /* what is not on disk may be told otherwise later */
        return intent->unwritten ? CLI_UNKNOWN : statuses[intent->state];
    if (intent->unwritten || (intent->why && strncmp(intent->why, "journal:", 8) == 0))
        return CLI_STORAGE;
    for (size_t i = 0; i < COUNT_OF(unreached); i++)
        if (intent->why && strncmp(intent->why, unreached[i], strlen(unreached[i])) == 0)
            return CLI_UNREACHED;
    return CLI_FAILED;
}

/* What the API said; where nothing good came of it, else our own technical reason. */
static const char *message_of(const struct intent *intent)
{
    int status = cli_money_exit(intent);
    return intent->message || status == CLI_DONE ? intent->message : intent->why;
}

static void put_fields(struct buf *out, const struct intent *intent)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {"{\"intent\":", intent->id[0] ? intent->id : NULL},
        {",\"state\":", intent->id[0] ? intent_state_name(intent->state) : NULL},
        {",\"reference\":", intent->server_reference},
        {",\"status\":", intent->server_status},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        buf_puts(out, texts[i].name);
        cli_json_string(out, texts[i].value);
    }
    buf_puts(out, ",\"code\":");
    cli_json_number(out, intent->code, intent->code != 0);
    buf_puts(out, ",\"httpStatus\":");
    cli_json_number(out, intent->http_status, intent->http_status != 0);
    buf_puts(out, ",\"message\":");
    cli_json_string(out, message_of(intent));
    buf_puts(out, ",\"traceId\":");
    cli_json_string(out, intent->trace_id);
}

void cli_money_json(struct buf *out, const struct intent *intent)
{
    put_fields(out, intent);
    if (intent->kind == OP_LINK && intent->payment_url) {
        buf_puts(out, ",\"paymentUrl\":");
        cli_json_string(out, intent->payment_url);
    }
}

static void print_json(const struct intent *intent)
{
    struct buf line;
    buf_init(&line, 1 << 20);
    cli_money_json(&line, intent);
    buf_puts(&line, "}");
    cli_print_line(&line);
    buf_done(&line);
}

static void print_outcome(struct cli *cli, const struct intent *intent)
{
    if (cli_has(cli, OPTION_JSON)) {
        print_json(intent);
    } else if (intent->server_reference) {
        cli_put(stdout, text_clean(&cli->arena, intent->server_reference));
        fputc('\n', stdout);
    }
}

/* Who ran the command has read how it ended; a failure is acknowledged in writing instead. */
static void acknowledge(struct cli *cli, const struct intent *intent)
{
    if (intent_state_is_final(intent->state) && intent->state != INTENT_FAILED &&
        intent->state != INTENT_VOID && !intent->acknowledged)
        journal_acknowledge(cli->desk.journal, intent->id, NULL, NULL);
}

struct advice cli_money_advice(struct cli *cli, const struct intent *intent)
{
    struct advice advice = words_of_intent(&cli->arena, intent);
    if (intent->unwritten)
        return advice;
    if (intent->state == INTENT_UNKNOWN && intent->kind == OP_CHARGE)
        advice.next = text_ours(_("Do not charge again: avirato-console recover --wait 600 finds "
                                  "out and says it."));
    else if (intent->state == INTENT_UNKNOWN && intent->kind != OP_LINK)
        advice.next = text_ours(_("Do not ask for it again: avirato-console recover --wait 600 "
                                  "finds out and says it."));
    else if (intent->state == INTENT_ACCEPTED)
        advice.next = text_ours(_("It is not final yet: avirato-console recover --wait 600 follows "
                                  "it to its end."));
    return advice;
}

int cli_money_report(struct cli *cli, const struct intent *intent)
{
    cli_say_advice(cli_money_advice(cli, intent));
    print_outcome(cli, intent);
    acknowledge(cli, intent);
    return cli_money_exit(intent);
}

int cli_money_fail(struct cli *cli, const struct err *err)
{
    struct intent none = {.message = err->detail};
    if (cli_has(cli, OPTION_JSON))
        print_json(&none);
    /* A value that op_check() refuses is a refusal, not a misspelt command. */
    return cli_fail(cli, err, NULL);
}

int cli_money_refuse(struct cli *cli, struct text why, int status)
{
    struct intent none = {.message = why.bytes};
    if (cli_has(cli, OPTION_JSON))
        print_json(&none);
    cli_say(why);
    return status;
}

bool cli_money_amount(struct cli *cli, const char *currency, struct money *out)
{
    const char *typed = cli->args.values[OPTION_AMOUNT];
    struct err err = {0};
    int64_t readings[2] = {0, 0};
    if (money_parse(typed, currency, format_money_style(), out, readings, &err))
        return true;
    cli_usage(cli, words_amount_error(&cli->arena, typed, currency, &err, readings));
    return false;
}

/* --- confirmation --------------------------------------------------------------------------- */

/* Who holds the terminal or the payment, and since when. */
static void say_holder(struct cli *cli, const struct op_request *request)
{
    struct intent holder;
    struct err err = {0};
    if (!journal_holder(cli->desk.journal, request->kind, request->target, &cli->arena, &holder,
                        &err))
        return;
    cli_say(text_oursf(&cli->arena, _("%s by %s since %s: %s."), words_op(holder.kind).bytes,
                       text_brief(&cli->arena, holder.person, 24).bytes,
                       format_clock(&cli->arena, holder.created_ms).bytes,
                       words_outcome(&holder).bytes));
}

/* In live the gesture differs, so that training builds no reflex: Y, or the amount. */
static bool ask(struct money_run *run)
{
    struct cli *cli = run->cli;
    bool live = cli->desk.env == ENV_LIVE;
    int64_t limit = cli->config.confirm_limit;
    bool by_amount = live && run->typed.known &&
                     ((run->request.kind != OP_CHARGE && run->request.kind != OP_EXTEND) ||
                      (limit > 0 && run->typed.minor > limit));
    struct text how =
        text_oursf(&cli->arena, _("Type %s to go on, anything else stops:"), live ? "Y" : "y");
    if (by_amount)
        how = text_ours(_("Type the amount to go on, anything else stops:"));
    cli_say(run->about);
    cli_say(text_oursf(&cli->arena, "%s: %s", words_env(cli->desk.env).bytes, run->question.bytes));
    /* A line never holds a newline, so that this word can not be typed. */
    return cli_ask(cli, how, by_amount ? "\n" : live ? "Y" : "y", by_amount ? &run->typed : NULL);
}

static struct text describe_earlier(struct cli *cli, const struct intent *earlier)
{
    return text_oursf(&cli->arena, _("There is a charge like this already: %s at %s: %s."),
                      format_money(&cli->arena, &earlier->amount).bytes,
                      format_clock(&cli->arena, earlier->created_ms).bytes,
                      words_outcome(earlier).bytes);
}

/* A recent charge that looks the same needs a confirmation of its own. CLI_DONE: go on. */
static int check_repeat(struct money_run *run)
{
    struct cli *cli = run->cli;
    struct intent earlier;
    run->request.has_asked = run->request.kind == OP_CHARGE;
    if (!run->request.has_asked ||
        !op_find_duplicate(cli->desk.ops, &run->request, &cli->arena, &earlier))
        return CLI_DONE;
    memcpy(run->request.repeats, earlier.id, sizeof run->request.repeats);
    if (cli_has(cli, OPTION_AGAIN))
        return CLI_DONE;
    struct text what = describe_earlier(cli, &earlier);
    if (cli_has(cli, OPTION_YES) || !cli_can_ask()) {
        int status = cli_money_refuse(cli, what, CLI_FAILED);
        cli_say(text_ours(_("Nothing was sent. To charge a second time on purpose, add --again.")));
        return status;
    }
    cli_say(what);
    cli_say(text_oursf(&cli->arena, "%s: %s", _("Terminal"),
                       text_clean(&cli->arena, earlier.target).bytes));
    if (cli_ask(cli, text_ours(_("Type AGAIN to charge a second time, anything else stops:")),
                _("AGAIN"), NULL))
        return CLI_DONE;
    return cli_money_refuse(cli, text_ours(_("Nothing was sent.")), CLI_FAILED);
}

static int confirm(struct money_run *run)
{
    struct cli *cli = run->cli;
    int status = check_repeat(run);
    if (status != CLI_DONE || cli_has(cli, OPTION_YES) || !run->question.bytes[0])
        return status;
    if (!cli_can_ask())
        return cli_money_refuse(
            cli, text_ours(_("Without a terminal to ask on, --yes is needed. Nothing was sent.")),
            CLI_USAGE);
    if (ask(run))
        return CLI_DONE;
    return cli_money_refuse(cli, text_ours(_("Not confirmed. Nothing was sent.")), CLI_FAILED);
}

/* --- under way ------------------------------------------------------------------------------ */

struct follow {
    struct cli *cli;
    const char *id;
    struct arena arena; /* of intent */
    struct intent intent;
    bool announced; /* that it is on the terminal */
    bool (*enough)(const struct intent *intent);
};

static void read_intent(struct follow *follow)
{
    struct err err = {0};
    struct arena arena = {0};
    struct intent intent;
    follow->cli->changed &= ~(unsigned)CHANGED_JOURNAL;
    if (!journal_get(follow->cli->desk.journal, follow->id, &arena, &intent, &err)) {
        arena_done(&arena);
        cli_fail(follow->cli, &err, NULL);
        return; /* what was read before stands */
    }
    arena_done(&follow->arena);
    follow->arena = arena;
    follow->intent = intent;
}

static bool is_answered(const struct intent *intent)
{
    return intent->state != INTENT_PREPARED && intent->state != INTENT_SENT && !intent->waits;
}

static bool is_settled(const struct intent *intent)
{
    return !intent->waits && (intent_state_is_final(intent->state) ||
                              intent->state == INTENT_MANUAL || intent->unwritten);
}

static bool follow_is_over(void *ctx)
{
    struct follow *follow = ctx;
    if (follow->cli->changed & CHANGED_JOURNAL)
        read_intent(follow);
    if (!follow->announced && follow->intent.state == INTENT_SENT &&
        follow->intent.kind == OP_CHARGE) {
        follow->announced = true;
        cli_say_advice(words_of_intent(&follow->cli->arena, &follow->intent));
    }
    return follow->enough(&follow->intent);
}

static void on_interrupt(void *ctx)
{
    struct follow *follow = ctx;
    if (follow->intent.state == INTENT_PREPARED) {
        op_back_out(follow->cli->desk.ops, follow->id, NULL);
        return;
    }
    cli_say(text_ours(_("It has been sent and goes on: this waits for its answer.")));
    cli_say(text_ours(_("Ctrl-C again leaves; the outcome is then unknown until avirato-console "
                        "recover has read it.")));
}

void cli_money_settle(struct money_run *run)
{
    struct cli *cli = run->cli;
    struct follow follow = {.cli = cli, .enough = is_settled};
    struct arena arena = {0};
    struct intent holder;
    struct err err = {0};
    int taken = 0;
    if (ops_recover(cli->desk.ops, &taken, &err) &&
        journal_holder(cli->desk.journal, run->request.kind, run->request.target, &arena, &holder,
                       &err) &&
        (holder.state == INTENT_ACCEPTED || holder.state == INTENT_UNKNOWN)) {
        follow.id = holder.id;
        follow.announced = true;
        ops_look_now(cli->desk.ops, holder.id);
        read_intent(&follow);
        cli_wait(cli, follow_is_over, &follow, SETTLE_MS, NULL);
        cli_say(text_oursf(&cli->arena,
                           _("Before this, an earlier operation of %s had to be settled:"),
                           format_clock(&cli->arena, holder.created_ms).bytes));
        cli_say_advice(words_of_intent(&cli->arena, &follow.intent));
        cli_say(text_ours(""));
    }
    arena_done(&follow.arena);
    arena_done(&arena);
}

/* Waits for the answer, then (with --wait) for the end. */
static int follow_to_report(struct cli *cli, const char *id, int64_t wait_s)
{
    struct follow follow = {.cli = cli, .id = id, .enough = is_answered};
    read_intent(&follow);
    /* The transfer has a limit of its own and then answers "unknown"; this is only the second line.
     */
    int64_t limit_ms = ((int64_t)cli->config.charge_timeout_s + 120) * 1000;
    enum cli_wait end = cli_wait(cli, follow_is_over, &follow, limit_ms, on_interrupt);
    if (end == CLI_WAIT_DONE && !is_settled(&follow.intent) && wait_s > 0) {
        cli_say_advice(words_of_intent(&cli->arena, &follow.intent));
        follow.enough = is_settled;
        end = cli_wait(cli, follow_is_over, &follow, wait_s * 1000, NULL);
    }
    int status = CLI_UNKNOWN;
    if (end == CLI_WAIT_LEFT && !is_answered(&follow.intent)) {
        cli_say(text_ours(_("Left while it is under way: its outcome is UNKNOWN.")));
        cli_say(text_ours(_("Do not do it again: run avirato-console recover first.")));
        print_outcome(cli, &follow.intent);
    } else {
        status = cli_money_report(cli, &follow.intent);
    }
    if (wait_s > 0 && follow.intent.state == INTENT_ACCEPTED) {
        cli_say(text_ours(_("It was not final yet when the time to wait was over.")));
        status = CLI_UNKNOWN;
    }
    arena_done(&follow.arena);
    return status;
}

int cli_money_run(struct money_run *run)
{
    struct cli *cli = run->cli;
    struct err err = {0};
    char id[INTENT_ID_SIZE];
    int64_t wait_s = 0;
    random_uuid(run->request.form_id);
    if (!cli_number(cli, OPTION_WAIT, 1000000, &wait_s))
        return CLI_USAGE;
    if (!op_check(&run->request, cli->desk.env, cli->desk.webcode, &err))
        return cli_money_fail(cli, &err);
    int status = cli_approve_possible(run);
    if (status == CLI_DONE && run->request.kind == OP_CHARGE)
        cli_money_settle(run);
    if (status == CLI_DONE)
        status = confirm(run);
    if (status == CLI_DONE)
        status = cli_approve(run);
    if (status != CLI_DONE)
        return status;
    if (op_start(cli->desk.ops, &run->request, id, &err))
        return follow_to_report(cli, id, wait_s);
    status = cli_money_fail(cli, &err);
    struct intent earlier;
    if (err.code == ERR_CONFLICT)
        say_holder(cli, &run->request);
    else if (err.code == ERR_STALE &&
             op_find_duplicate(cli->desk.ops, &run->request, &cli->arena, &earlier))
        cli_say(describe_earlier(cli, &earlier));
    return status;
}
