/* Who sits before a console: starts operations, sends again, backs out, closes by hand, at random
   but only through what the program offers a person. */
#include <stdio.h>
#include <string.h>

#include "world.h"

struct form *form_of(const char *intent_id)
{
    for (int i = 0; i < world.form_count; i++)
        if (strcmp(world.forms[i].intent_id, intent_id) == 0)
            return &world.forms[i];
    return NULL;
}

const struct form *form_by_form_id(const char *form_id)
{
    for (int i = 0; i < world.form_count; i++)
        if (strcmp(world.forms[i].form_id, form_id) == 0)
            return &world.forms[i];
    return NULL;
}

/* --- starting operations -------------------------------------------------------------------- */

static void on_regret(void *ctx)
{
    struct proc *proc = ctx;
    bool out = op_back_out(proc->ops, proc->regretted, NULL);

    proc->regret = NULL;
    world_trace("backs out of %.8s: %s", proc->regretted, out ? "yes" : "too late");
}

static void start(struct proc *proc, struct op_request *request)
{
    struct form *form = &world.forms[world.form_count];
    struct err err = {0};
    char again[INTENT_ID_SIZE];

    if (world.form_count == FORMS_MAX)
        return;
    world.form_count++;
    *form = (struct form){.kind = request->kind, .host = proc->host->index};
    random_uuid(form->form_id);
    memcpy(request->form_id, form->form_id, sizeof form->form_id);
    bool begun = op_start(proc->ops, request, form->intent_id, &err);
    world_trace("%s %s %lld: %.8s %s", op_name(request->kind),
                request->target == NULL ? "-" : request->target,
                (long long)(request->amount.known ? request->amount.minor : 0), form->intent_id,
                begun ? "begun" : err.detail);
    if (!begun)
        return;
    if (dice_chance(&world.person, 100) && op_start(proc->ops, request, again, NULL))
        world_violation("one form was taken twice: %s and %s", form->intent_id, again);
    if (proc->regret == NULL && dice_chance(&world.person, 50)) {
        memcpy(proc->regretted, form->intent_id, INTENT_ID_SIZE);
        proc->regret = loop_timer_start(proc->loop, dice_below(&world.person, SECOND), on_regret,
                                        proc);
    }
}

static struct money some_amount(void)
{
    static const int64_t amounts[] = {1000, 2500, 5000, 20000, 1234};

    return money_make(amounts[dice_below(&world.person, COUNT_OF(amounts))], "EUR");
}

static void do_charge(struct proc *proc)
{
    struct op_request request = {.kind = OP_CHARGE,
                                 .target = srv_terminals[dice_below(&world.person, 3)],
                                 .amount = some_amount(),
                                 .is_preauth = dice_chance(&world.person, 250)};

    if (dice_chance(&world.person, 500))
        request.reference = "Room 12";
    start(proc, &request);
}

static void do_link(struct proc *proc)
{
    struct op_request request = {.kind = OP_LINK, .amount = some_amount()};

    start(proc, &request);
}

/* What the screen would offer on this payment; false: nothing. */
static bool choose_modification(const struct payment_facts *facts, struct op_request *request)
{
    static const enum op_kind kinds[] = {OP_REFUND, OP_CAPTURE, OP_CANCEL, OP_EXTEND};
    int64_t first = dice_below(&world.person, COUNT_OF(kinds)), most;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        request->kind = kinds[((size_t)first + i) % COUNT_OF(kinds)];
        if (payment_action_possible(facts, request->kind) == WHY_POSSIBLE)
            break;
        if (i + 1 == COUNT_OF(kinds))
            return false;
    }
    request->reason = request->kind == OP_REFUND ? "RETURN" : NULL;
    if (request->kind != OP_REFUND && request->kind != OP_CAPTURE)
        return true;
    most = request->kind == OP_REFUND ? facts->left : facts->authorised.minor;
    if (most > 500 && dice_chance(&world.person, 600))
        most = dice_chance(&world.person, 500) ? 500 : most / 2;
    request->amount = money_make(most, facts->authorised.currency);
    return true;
}

static void do_modification(struct proc *proc)
{
    struct list_spec spec = {.kind = dice_chance(&world.person, 200) ? REC_SESSION : REC_PAYMENT};
    struct op_request request = {.has_seen = dice_chance(&world.person, 800)};
    struct row_page page;

    if (!cache_list(proc->cache, &(struct page_request){.spec = &spec, .limit = 6}, &page, NULL))
        return;
    if (page.count > 0) {
        const struct record *record =
            &page.rows[dice_below(&world.person, (int64_t)page.count)].record;
        request.target = record->payment_reference;
        if (request.target != NULL &&
            cache_payment_facts(proc->cache, request.target, &request.seen, NULL) &&
            choose_modification(&request.seen, &request))
            start(proc, &request);
    }
    row_page_done(&page);
}

/* --- what is open --------------------------------------------------------------------------- */

static void send_again(struct proc *proc, const struct intent *intent)
{
    struct err err = {0};

    if (intent->state != INTENT_UNKNOWN)
        return;
    bool good = op_replay(proc->ops, intent->id, &err);
    world_trace("send again %.8s: %s", intent->id, good ? "yes" : err.detail);
    if (good && form_of(intent->id) != NULL)
        form_of(intent->id)->replays++;
}

/* Reads the terminal's slip; one in six reads it wrongly. */
static void close_by_hand(struct proc *proc, const struct intent *intent)
{
    struct form *form = form_of(intent->id);
    const struct srv_key *key = server_key(intent->id);
    bool charged = key != NULL && key->executions > 0;

    if ((intent->state != INTENT_MANUAL && intent->state != INTENT_UNKNOWN) || form == NULL)
        return;
    if (dice_chance(&world.person, 160))
        charged = !charged;
    form->closing = true;
    if (!journal_resolve(proc->journal, intent->id, charged, "the slip says so", NULL))
        return;
    form->resolved = true;
    form->charged = charged;
    world_trace("by hand %.8s: %s", intent->id, charged ? "charged" : "not charged");
}

static void mind_open_rows(struct proc *proc)
{
    struct intent_page page;

    if (!journal_list(proc->journal, INTENTS_UNRESOLVED, 0, &page, NULL))
        return;
    if (page.count > 0) {
        const struct intent *intent = &page.rows[dice_below(&world.person, (int64_t)page.count)];
        int64_t mood = dice_below(&world.person, 10);
        if (mood < 6)
            send_again(proc, intent);
        else if (mood < 7)
            close_by_hand(proc, intent);
        else if (mood < 8)
            journal_acknowledge(proc->journal, intent->id, NULL, NULL);
        else
            ops_look_now(proc->ops, intent->id);
    }
    intent_page_done(&page);
}

/* --- the day -------------------------------------------------------------------------------- */

void person_act(void *ctx)
{
    struct proc *proc = ctx;
    int64_t mood = dice_below(&world.person, 100);

    proc->act = NULL;
    if (world.healthy || proc->acts_left-- <= 0)
        return;
    if (mood < 35)
        do_charge(proc);
    else if (mood < 65)
        do_modification(proc);
    else if (mood < 73)
        do_link(proc);
    else
        mind_open_rows(proc);
    proc->act = loop_timer_start(proc->loop, dice_below(&world.person, world.settings.think),
                                 person_act, proc);
}

void person_begin(struct proc *proc)
{
    proc->act = loop_timer_start(proc->loop, dice_between(&world.person, 100, 10 * SECOND),
                                 person_act, proc);
}
