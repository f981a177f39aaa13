#include "inbox.h"

#include "records.h"
#include "words.h"

#include <string.h>

#define DAY_MS        (INT64_C(24) * 3600 * 1000)
#define HOLD_WARN_MS  (3 * DAY_MS)
#define HOLD_GONE_MS  (28 * DAY_MS) /* no card scheme holds longer: nobody can do anything then */
#define HOLD_SPAN_MS  (90 * DAY_MS) /* extended again and again since it was made */
#define OPEN_USUAL_MS DAY_MS        /* what others asked for; our own is followed more closely */

enum { INTENTS_MAX = 1000 };

static struct inbox_item *add(struct inbox *inbox, enum inbox_kind kind)
{
    if (inbox->count == inbox->room) {
        struct inbox_item *old = inbox->items;
        inbox->room = inbox->room ? inbox->room * 2 : 32;
        inbox->items = arena_alloc(&inbox->arena, inbox->room * sizeof *old);
        if (inbox->count > 0)
            memcpy(inbox->items, old, inbox->count * sizeof *old);
    }
    struct inbox_item *item = &inbox->items[inbox->count++];
    *item = (struct inbox_item){.kind = kind, .what = text_ours(""), .step = text_ours("")};
    return item;
}

/* --- our own intents -------------------------------------------------------------------------- */

/* One step each, short enough for a line; the whole advice stands behind Enter. */
static const char *intent_step(const struct intent *intent)
{
    static const char *const failed[OP_KINDS] = {
        [OP_CHARGE] = "",
        [OP_REFUND] = N_("Tell the guest, refund again or another way; then a: acknowledge."),
        [OP_CAPTURE] = N_("Charge again or send a link; then a: acknowledge."),
        [OP_CANCEL] = N_("Cancel again, or let the hold lapse; then a: acknowledge."),
        [OP_EXTEND] = N_("Capture in time or ask for the card; then a: acknowledge."),
        [OP_LINK] = "",
    };
    switch (intent->state) {
    case INTENT_PREPARED:
    case INTENT_SENT:
        return N_("Enter goes back to it.");
    case INTENT_FAILED:
        return failed[intent->kind];
    case INTENT_ACCEPTED:
        return N_("Takes longer than usual. l: look now; then ask the provider.");
    case INTENT_MANUAL:
        return intent->kind == OP_CHARGE ? N_("Compare slip and payments, then h: close by hand.")
                                         : N_("Compare the timeline, then h: close by hand.");
    default:
        return intent->kind == OP_LINK
                   ? N_("No money has moved: make another link.")
                   : N_("Do not repeat it: it is being found out. l: look now.");
    }
}

/* What ended while nobody looked: whether the card was charged, said first. */
static struct text ended_step(struct arena *arena, const struct intent *intent)
{
    bool charge = intent->kind == OP_CHARGE;
    bool good = intent->state == INTENT_CONFIRMED || intent->state == INTENT_SUCCEEDED;
    if (charge && good)
        return text_ours(intent->is_preauth ? _("Outcome to be seen: held on the card.")
                                            : _("Outcome to be seen: charged."));
    if (good)
        return text_ours(_("Outcome to be seen: it has been carried out."));
    if (intent->state != INTENT_NOT_EXECUTED)
        return text_ours(charge ? _("Outcome to be seen: NOT charged. You may charge again.")
                                : _("Outcome to be seen: NOT carried out."));
    return text_oursf(arena,
                      charge ? _("Outcome to be seen: NOT charged (verified %s). You may charge "
                                 "again.")
                             : _("Outcome to be seen: NOT carried out (verified %s)."),
                      format_clock(arena, intent->changed_ms).bytes);
}

static enum inbox_kind kind_of(enum intent_state state)
{
    static const struct {
        enum intent_state state;
        enum inbox_kind kind;
    } kinds[] = {{INTENT_PREPARED, INBOX_RUNNING}, {INTENT_SENT, INBOX_RUNNING},
                 {INTENT_MANUAL, INBOX_MANUAL},    {INTENT_UNKNOWN, INBOX_UNKNOWN},
                 {INTENT_FAILED, INBOX_FAILED},    {INTENT_ACCEPTED, INBOX_ACCEPTED}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].state == state)
            return kinds[i].kind;
    return INBOX_ENDED;
}

static void add_intent(struct inbox *inbox, const struct intent *intent)
{
    struct arena *arena = &inbox->arena;
    bool charge = intent->kind == OP_CHARGE;
    enum inbox_kind kind = kind_of(intent->state);
    const char *known = intent->reference ? intent->reference : intent->target;
    const char *step = kind == INBOX_ENDED ? "" : intent_step(intent);
    struct inbox_item *item = add(inbox, kind);
    struct text type = words_begin(arena, words_type(arena, op_name(intent->kind)));
    item->what = text_oursf(arena, "%s: %s", type.bytes, words_outcome(intent).bytes);
    item->step = kind == INBOX_ENDED ? ended_step(arena, intent) : text_ours(*step ? _(step) : "");
    item->amount = intent->amount;
    item->reference = arena_strdup(arena, known);
    item->age_ms = kind == INBOX_RUNNING ? intent->age_ms : clock_utc_ms() - intent->created_ms;
    item->intent_id = arena_strdup(arena, intent->id);
    item->record_kind = charge ? REC_PAYMENT : REC_MODIFICATION;
    item->record_id = arena_strdup(arena, intent->server_reference);
    item->payment_reference =
        arena_strdup(arena, charge ? intent->server_reference : intent->target);
}

/* --- what the cache knows --------------------------------------------------------------------- */

static bool is_listed(const struct inbox *inbox, const char *record_id)
{
    for (size_t i = 0; i < inbox->count; i++)
        if (inbox->items[i].record_id && strcmp(inbox->items[i].record_id, record_id) == 0)
            return true;
    return false;
}

static void add_open(struct inbox *inbox, const struct record *record)
{
    struct arena *arena = &inbox->arena;
    if (is_listed(inbox, record->id))
        return;
    struct inbox_item *item = add(inbox, INBOX_OPEN);
    struct text type = words_begin(arena, words_type(arena, record->type));
    item->what = text_oursf(arena, "%s: %s", type.bytes,
                            words_status(arena, REC_MODIFICATION, record->status).bytes);
    item->step = text_ours(_("Takes longer than usual. l: look now; then ask the provider."));
    item->amount = record->amount;
    item->reference = arena_strdup(arena, record->payment_reference);
    item->age_ms = record_age_ms(&record->created);
    item->record_kind = REC_MODIFICATION;
    item->record_id = arena_strdup(arena, record->id);
    item->payment_reference = arena_strdup(arena, record->payment_reference);
}

static bool is_due(const struct hold *hold, int hold_days, bool lapsed)
{
    int64_t left = record_hold_left_ms(&hold->began, hold_days);
    if (hold->began.ms == 0 || (left <= 0) != lapsed)
        return false;
    return lapsed ? record_age_ms(&hold->began) < HOLD_GONE_MS : left <= HOLD_WARN_MS;
}

static void add_hold(struct inbox *inbox, const struct hold *hold, int hold_days)
{
    struct arena *arena = &inbox->arena;
    int64_t left = record_hold_left_ms(&hold->began, hold_days);
    struct inbox_item *item = add(inbox, INBOX_HOLD);
    item->what = left > 0
                     ? text_oursf(arena, _("Hold: about %s left"), format_ago(arena, left).bytes)
                     : text_ours(_("Hold: may have lapsed"));
    item->step =
        text_oursf(arena, _("Estimated (%d days). Capture, extend or cancel it."), hold_days);
    item->amount = hold->amount;
    item->reference = arena_strdup(
        arena, hold->reference && *hold->reference ? hold->reference : hold->payment_reference);
    item->age_ms = record_age_ms(&hold->began);
    item->record_kind = hold->kind;
    item->record_id = arena_strdup(arena, hold->id);
    item->payment_reference = arena_strdup(arena, hold->payment_reference);
}

/* Those that can still be saved first, the nearest to its end on top; then what lapsed last. */
static void add_holds(struct inbox *inbox, const struct attention *attention, int hold_days)
{
    for (size_t i = 0; i < attention->hold_count; i++)
        if (is_due(&attention->holds[i], hold_days, false))
            add_hold(inbox, &attention->holds[i], hold_days);
    for (size_t i = attention->hold_count; i-- > 0;)
        if (is_due(&attention->holds[i], hold_days, true))
            add_hold(inbox, &attention->holds[i], hold_days);
}

static bool add_contradiction(void *ctx, const struct contradiction *found)
{
    struct inbox *inbox = ctx;
    struct arena *arena = &inbox->arena;
    struct inbox_item *item = add(inbox, INBOX_CONTRADICTION);
    item->what = text_oursf(arena, _("First %s, then %s"),
                            words_status(arena, found->kind, found->had).bytes,
                            words_status(arena, found->kind, found->said).bytes);
    item->step = text_ours(_("Ask the provider with the reference; then a: acknowledge."));
    item->reference = arena_strdup(arena, found->id);
    item->age_ms = clock_utc_ms() - found->utc_ms;
    item->record_kind = found->kind;
    item->record_id = item->reference;
    return true;
}

/* --- together --------------------------------------------------------------------------------- */

void inbox_span(int64_t *holds_from, int64_t *open_until)
{
    int64_t now = format_wall_ms(clock_utc_ms());
    *holds_from = now - HOLD_SPAN_MS;
    *open_until = now - OPEN_USUAL_MS;
}

bool inbox_read(struct inbox *inbox, const struct desk *desk, const struct attention *attention,
                struct err *err)
{
    struct intent_page intents = {0};
    inbox_done(inbox);
    if (!journal_list(desk->journal, INTENTS_OPEN, INTENTS_MAX, &intents, err))
        return false;
    for (size_t i = 0; i < intents.count; i++)
        if (intents.rows[i].own || intents.rows[i].state == INTENT_SENT)
            add_intent(inbox, &intents.rows[i]);
    intent_page_done(&intents);
    if (!journal_list(desk->journal, INTENTS_ATTENTION, INTENTS_MAX, &intents, err))
        return false;
    for (size_t i = 0; i < intents.count; i++)
        add_intent(inbox, &intents.rows[i]);
    intent_page_done(&intents);
    for (size_t i = 0; attention && i < attention->open_count; i++)
        add_open(inbox, &attention->open[i].record);
    if (attention)
        add_holds(inbox, attention, desk->config->hold_days);
    return cache_contradictions(desk->cache, add_contradiction, inbox, err);
}

void inbox_done(struct inbox *inbox)
{
    arena_done(&inbox->arena);
    *inbox = (struct inbox){0};
}
