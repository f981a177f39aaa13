/* One intent from the moment it was written down until it has ended: the wait at the terminal, the
   outcome, and what is being done while the outcome is not known. Read from the journal alone, so
   it can be left and opened again at any time. */
#include "approve.h"
#include "large.h"
#include "money_screens.h"

#include <stdio.h>
#include <string.h>

/* An Enter on its way when the outcome appears was not meant for it. */
enum { CALM_MS = 400, FACTS_MAX = 8 };

struct follow_start {
    const char *id;
    const struct payment_facts *seen;
};
struct follow {
    struct app *app;
    char id[INTENT_ID_SIZE];
    struct arena arena; /* of intent */
    struct intent intent;
    int64_t read_boot_ms;    /* when intent was read: its age goes on from there */
    int64_t state_boot_ms;   /* when its state was first seen here */
    struct loop_timer *tick; /* once a second while somebody waits at the terminal */
    int reads;               /* of the lists, seen from this screen */
    int64_t last_look_ms;
    bool loaded, has_seen;
    struct payment_facts seen, now; /* when confirmed, and since */
};

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_waiting(const struct intent *intent)
{
    return intent->state == INTENT_PREPARED || intent->state == INTENT_SENT;
}

static int64_t age_ms(const struct follow *follow)
{
    return follow->intent.age_ms + clock_boot_ms() - follow->read_boot_ms;
}

static void tick(void *ctx);

/* Wakes up when the shown second changes, and not at all when nobody waits. */
static void keep_ticking(struct follow *follow)
{
    loop_timer_stop(app_loop(follow->app), follow->tick);
    follow->tick = NULL;
    if (is_waiting(&follow->intent))
        follow->tick =
            loop_timer_start(app_loop(follow->app), 1000 - age_ms(follow) % 1000, tick, follow);
}

static void tick(void *ctx)
{
    struct follow *follow = ctx;
    follow->tick = NULL;
    keep_ticking(follow);
    app_dirty(follow->app);
}

/* Somebody has it on the screen; a failure is acknowledged in writing instead. */
static void notice_seen(struct follow *follow)
{
    const struct intent *intent = &follow->intent;
    if (!app_is_top(follow->app, follow))
        return;
    if (intent_state_is_final(intent->state) || intent->state == INTENT_MANUAL)
        app_outcome_seen(follow->app, intent->id);
    if (intent_state_is_final(intent->state) && intent->state != INTENT_FAILED &&
        intent->state != INTENT_RESOLVED && intent->state != INTENT_VOID && !intent->acknowledged)
        journal_acknowledge(app_desk(follow->app)->journal, intent->id, NULL, NULL);
}

static bool load(struct follow *follow, struct err *err)
{
    struct desk *desk = app_desk(follow->app);
    struct arena arena = {0};
    struct intent intent;
    if (!journal_get(desk->journal, follow->id, &arena, &intent, err)) {
        arena_done(&arena);
        return false;
    }
    enum intent_state before = follow->intent.state;
    arena_done(&follow->arena);
    follow->arena = arena;
    follow->intent = intent;
    follow->read_boot_ms = clock_boot_ms();
    if (follow->last_look_ms && intent.next_look_ms != follow->last_look_ms)
        follow->reads++;
    follow->last_look_ms = intent.next_look_ms;
    if (!follow->loaded || intent.state != before)
        follow->state_boot_ms = clock_boot_ms();
    follow->loaded = true;
    if (follow->has_seen && intent.target)
        cache_payment_facts(desk->cache, intent.target, &follow->now, NULL);
    keep_ticking(follow);
    notice_seen(follow);
    return true;
}

static bool follow_open(struct app *app, void *state, const void *argument)
{
    struct follow *follow = state;
    const struct follow_start *start = argument;
    struct err err;
    follow->app = app;
    snprintf(follow->id, sizeof follow->id, "%s", start->id);
    follow->has_seen = start->seen != NULL;
    if (start->seen)
        follow->seen = *start->seen;
    if (load(follow, &err))
        return true;
    app_error(app, &err);
    return false;
}

static void follow_close(struct app *app, void *state)
{
    struct follow *follow = state;
    loop_timer_stop(app_loop(app), follow->tick);
    arena_done(&follow->arena);
}

static void follow_reload(struct app *app, void *state, unsigned bits)
{
    struct err err;
    (void)bits;
    if (!load(state, &err))
        app_error(app, &err);
}

/* --- what is possible ------------------------------------------------------------------------- */

static struct text follow_why_not(struct app *app, void *state, struct arena *arena,
                                  enum command command)
{
    const struct follow *follow = state;
    const struct intent *intent = &follow->intent;
    (void)app, (void)arena;
    if (command == COMMAND_FINISH && is_waiting(intent))
        return text_ours(_("It is still under way: d steps away."));
    if (command == COMMAND_STEP_AWAY && intent_state_is_final(intent->state))
        return text_ours(_("Nothing is under way any more."));
    if (command == COMMAND_AGAIN && !money_can_ask_again(intent))
        return text_ours(_("Only what ended without effect can be asked for again."));
    if (command == COMMAND_REPLAY && (intent->state != INTENT_UNKNOWN || intent->kind != OP_CHARGE))
        return text_ours(_("Only a charge whose outcome is unknown can be sent once more."));
    if (command == COMMAND_REFRESH && intent->state != INTENT_UNKNOWN &&
        intent->state != INTENT_ACCEPTED)
        return text_ours(_("There is nothing to look up."));
    return text_ours("");
}

/* --- commands --------------------------------------------------------------------------------- */

static void replay_confirmed(struct app *app, void *ctx, bool yes)
{
    struct follow *follow = ctx;
    struct err err;
    if (yes && !op_replay_approved(app_desk(app)->ops, follow->id, app_approver(app), &err))
        app_error(app, &err);
}

static void ask_replay(struct app *app, struct follow *follow)
{
    struct arena *arena = app_arena(app);
    dialog_confirm(
        app,
        &(struct confirm){
            .kind = OP_CHARGE,
            .amount = follow->intent.amount,
            .facts = {{N_("Terminal"), money_terminal_name(app, follow->intent.target),
                       STYLE_STRONG},
                      {N_("Reference"), text_clean(arena, follow->intent.reference), STYLE_NORMAL}},
            .fact_count = follow->intent.reference ? 2 : 1,
            .warning = text_ours(_("This sends the very same request once more. If the first "
                                   "one never arrived, the terminal lights up now and the guest "
                                   "is charged. If it did arrive, the API answers with its "
                                   "outcome, as far as is known. Ask the guest and look at the "
                                   "slip first; only with the guest in front of you.")),
            .done = replay_confirmed,
            .ctx = follow});
}

static void finish(struct app *app, struct follow *follow)
{
    bool charged = follow->intent.kind == OP_CHARGE && follow->intent.state == INTENT_CONFIRMED;
    if (clock_boot_ms() - follow->state_boot_ms < CALM_MS)
        return;
    app_close(app, follow);
    if (charged) {
        if (app_desk(app)->sync)
            sync_refresh(app_desk(app)->sync, REC_PAYMENT);
        app_go(app, SCREEN_PAYMENTS);
        app_command(app, COMMAND_FIRST);
    }
}

static bool follow_command(struct app *app, void *state, enum command command)
{
    struct follow *follow = state;
    switch (command) {
    case COMMAND_FINISH:
        finish(app, follow);
        return true;
    case COMMAND_STEP_AWAY:
        app_close(app, follow);
        app_message(app, STYLE_NORMAL,
                    text_ours(_("It goes on, and its end is told here; 5, the inbox, brings it "
                                "back.")));
        return true;
    case COMMAND_COPY:
        money_copy(app);
        return true;
    case COMMAND_AGAIN:
        money_ask_again(app, follow, &follow->intent);
        return true;
    case COMMAND_REPLAY:
        ask_replay(app, follow);
        return true;
    case COMMAND_REFRESH:
        ops_look_now(app_desk(app)->ops, follow->id);
        app_message(app, STYLE_NORMAL, text_ours(_("Looking now…")));
        return true;
    default:
        return false;
    }
}

/* Before anything was sent, Esc takes it back instead of stepping away. */
static bool follow_key(struct app *app, void *state, uint32_t key)
{
    struct follow *follow = state;
    struct ops *ops = app_desk(app)->ops;
    if (key != KEY_ESC || follow->intent.state != INTENT_PREPARED || !ops)
        return false;
    if (!op_back_out(ops, follow->id, NULL))
        app_message(app, STYLE_WARN, text_ours(_("Too late: it has been sent.")));
    return true;
}

static const char *follow_intent(const void *state)
{
    return ((const struct follow *)state)->id;
}

static bool follow_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    const struct intent *intent = &((struct follow *)state)->intent;
    (void)app;
    const char *copy = intent->server_reference ? intent->server_reference : intent->trace_id;
    out->kind = intent->kind == OP_CHARGE ? REC_PAYMENT : REC_MODIFICATION;
    out->id = arena_strdup(arena, intent->server_reference);
    out->copy = arena_strdup(arena, copy ? copy : intent->target);
    return out->copy != NULL;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static enum style style_of(const struct intent *intent)
{
    switch (intent->state) {
    case INTENT_CONFIRMED:
    case INTENT_SUCCEEDED:
        return STYLE_GOOD;
    case INTENT_UNKNOWN:
        return STYLE_WARN;
    case INTENT_MANUAL:
    case INTENT_REJECTED:
    case INTENT_DECLINED:
    case INTENT_FAILED:
        return STYLE_BAD;
    default:
        return STYLE_STRONG;
    }
}

static int paint_about(struct app *app, const struct intent *intent, struct area area, int row)
{
    struct arena *arena = app_arena(app);
    bool charge = intent->kind == OP_CHARGE;
    const struct fact facts[FACTS_MAX] = {
        {N_("Terminal"), charge ? money_terminal_name(app, intent->target) : text_ours(""),
         STYLE_NORMAL},
        {N_("Payment"), text_clean(arena, charge ? intent->server_reference : intent->target),
         STYLE_NORMAL},
        {N_("Request"), text_clean(arena, charge ? NULL : intent->server_reference), STYLE_NORMAL},
        {N_("Reference"), text_clean(arena, intent->reference), STYLE_NORMAL},
        {N_("Description"), text_clean(arena, intent->description), STYLE_NORMAL},
        {N_("Reason"), words_reason(arena, intent->reason), STYLE_NORMAL},
        {N_("Asked for"),
         text_oursf(arena, "%s, %s", format_when_utc(arena, intent->created_ms).bytes,
                    text_clean(arena, intent->person).bytes),
         STYLE_NORMAL},
    };
    return money_paint_facts(area, row, facts, FACTS_MAX - 1);
}

/* Somebody waits: one number moves, everything else stands still. */
static int paint_wait(struct app *app, const struct follow *follow, struct area area, int row)
{
    struct arena *arena = app_arena(app);
    const struct intent *intent = &follow->intent;
    if (intent->state == INTENT_PREPARED)
        return draw_wrapped(area, row, 0, STYLE_NORMAL,
                            text_ours(_("Esc takes it back as long as nothing has been sent.")));
    int col = draw_text(area, row, 0, STYLE_DIM, text_ours(_("Waiting for")));
    col = draw_text(area, row, col + 1, STYLE_STRONG, format_elapsed(arena, age_ms(follow)));
    if (intent->kind == OP_CHARGE)
        draw_text(
            area, row, col, STYLE_DIM,
            text_oursf(arena, _(" of at most %s"),
                       format_elapsed(arena, app_config(app)->charge_timeout_s * 1000LL).bytes));
    return row + 2;
}

/* What is being done about an outcome that is not known, or not final. */
static int paint_search(struct app *app, const struct follow *follow, struct area area, int row)
{
    struct arena *arena = app_arena(app);
    const struct intent *intent = &follow->intent;
    const struct fact facts[] = {
        {N_("Sent"),
         intent->attempt > 1
             ? text_oursf(arena, format_plural("%d time", "%d times", intent->attempt),
                          intent->attempt)
             : text_ours(""),
         STYLE_WARN},
        {N_("Looked up"),
         follow->reads
             ? text_oursf(arena, format_plural("%d time", "%d times", follow->reads), follow->reads)
             : text_ours(""),
         STYLE_NORMAL},
        {N_("Next look"),
         intent->next_look_ms ? format_clock(arena, intent->next_look_ms) : text_ours(""),
         STYLE_NORMAL},
    };
    return money_paint_facts(area, row, facts, COUNT_OF(facts));
}

/* The payment moved between the look and the sending: as it was, as it is. */
static int paint_moved(struct app *app, const struct follow *follow, struct area area, int row)
{
    const struct payment_facts *was = &follow->seen, *is = &follow->now;
    const struct {
        const char *label;
        int64_t was, is;
    } rows[] = {{N_("Captured"), was->captured, is->captured},
                {N_("Refunded"), was->refunded, is->refunded},
                {N_("In progress"), was->refunding + was->capturing, is->refunding + is->capturing},
                {N_("Left to refund"), was->left, is->left}};
    struct arena *arena = app_arena(app);
    const char *currency = is->authorised.currency;
    draw_field(area_cell(area, row, 16, 18), ALIGN_RIGHT, STYLE_DIM, text_ours(_("was")));
    draw_field(area_cell(area, row++, 36, 18), ALIGN_RIGHT, STYLE_DIM, text_ours(_("is now")));
    for (size_t i = 0; i < COUNT_OF(rows); i++, row++) {
        bool moved = rows[i].was != rows[i].is;
        draw_field(area_cell(area, row, 0, 16), ALIGN_LEFT, STYLE_DIM, text_ours(_(rows[i].label)));
        draw_field(area_cell(area, row, 16, 18), ALIGN_RIGHT, STYLE_NORMAL,
                   format_minor(arena, rows[i].was, currency));
        draw_field(area_cell(area, row, 36, 18), ALIGN_RIGHT, moved ? STYLE_WARN : STYLE_NORMAL,
                   format_minor(arena, rows[i].is, currency));
    }
    return draw_wrapped(area, row + 1, 0, STYLE_NORMAL,
                        text_ours(_("Press a to decide anew with these figures.")));
}

static bool has_moved(const struct follow *follow)
{
    return follow->intent.state == INTENT_VOID && follow->has_seen &&
           money_facts_differ(&follow->seen, &follow->now);
}

/* The general words, where this screen knows nothing nearer. */
static struct advice advice_of(struct app *app, const struct follow *follow)
{
    struct arena *arena = app_arena(app);
    const struct intent *intent = &follow->intent;
    struct advice advice = words_of_intent(arena, intent);
    if (has_moved(follow))
        return words_of_error(arena, &(struct err){ERR_STALE, ""}, NULL);
    if (intent->kind == OP_CHARGE && intent->state == INTENT_SENT)
        advice.what = text_oursf(arena,
                                 _("The guest sees %s on the terminal and presents the card."),
                                 format_money(arena, &intent->amount).bytes);
    if (!intent->code && !intent->trace_id && intent->http_status < 300) /* proves nothing */
        advice.proof = text_ours("");
    return advice;
}

static void follow_paint(struct app *app, void *state, struct area area)
{
    struct follow *follow = state;
    const struct intent *intent = &follow->intent;
    struct advice advice = advice_of(app, follow);
    draw_box(area, app_desk(app)->env, money_title(app, words_op(intent->kind)));
    struct area inside = area_inset(area, 1, 2);
    struct text state_word = words_outcome(intent);
    int row = 0;
    draw_field(area_cell(inside, 0, inside.cols - 24, 24), ALIGN_RIGHT, style_of(intent),
               state_word);
    if (intent->amount.known)
        row = large_draw(inside, 0, 0, style_of(intent),
                         format_money(app_arena(app), &intent->amount),
                         large_has_blocks(app_config(app)->ascii_borders));
    row = money_paint_advice(inside, row + 1, &advice, style_of(intent)) + 1;
    if (is_waiting(intent))
        row = paint_wait(app, follow, inside, row);
    else if (intent->state == INTENT_UNKNOWN || intent->state == INTENT_ACCEPTED)
        row = paint_search(app, follow, inside, row) + 1;
    if (has_moved(follow))
        row = paint_moved(app, follow, inside, row) + 1;
    paint_about(app, intent, inside, row);
}

static const struct screen screen_follow = {
    .title = N_("Outcome"),
    .scope = SCOPE_WAIT,
    .state_size = sizeof(struct follow),
    .changes = CHANGED_JOURNAL | CHANGED_PAYMENTS | CHANGED_SESSIONS | CHANGED_MODIFICATIONS,
    .open = follow_open,
    .close = follow_close,
    .reload = follow_reload,
    .key = follow_key,
    .command = follow_command,
    .why_not = follow_why_not,
    .target = follow_target,
    .intent = follow_intent,
    .paint = follow_paint,
};

void money_follow_seen(struct app *app, const char *intent_id, const struct payment_facts *seen)
{
    app_push(app, &screen_follow, &(struct follow_start){intent_id, seen});
}

void money_follow(struct app *app, const char *intent_id)
{
    struct arena arena = {0};
    struct intent intent;
    bool link = journal_get(app_desk(app)->journal, intent_id, &arena, &intent, NULL) &&
                intent.kind == OP_LINK;
    arena_done(&arena);
    if (link)
        app_push(app, &screen_link_ready, intent_id);
    else
        money_follow_seen(app, intent_id, NULL);
}
