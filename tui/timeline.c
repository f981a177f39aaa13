#include "timeline.h"

#include "records.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* Events of one second in the order in which one leads to the other. */
enum step { STEP_CREATED, STEP_ASKED, STEP_ATTEMPT, STEP_COMPLETED, STEP_MODIFICATION };

struct event {
    int64_t second; /* of the property's wall clock */
    enum step step;
    size_t number; /* in its list: keeps the order of what is otherwise equal */
    struct text when, what, more;
    enum style style;
};
struct maker {
    struct arena *arena;
    struct event *events;
    size_t count;
};

static int64_t wall_second(const struct stamp *stamp)
{
    return (stamp->zoned ? format_wall_ms(stamp->ms) : stamp->ms) / 1000;
}

static struct event *add(struct maker *maker, const struct stamp *stamp, enum step step)
{
    struct event *event = &maker->events[maker->count];
    *event = (struct event){.second = wall_second(stamp),
                            .step = step,
                            .number = maker->count++,
                            .when = format_when(maker->arena, stamp),
                            .what = text_ours(""),
                            .more = text_ours(""),
                            .style = STYLE_NORMAL};
    return event;
}

/* "a · b"; what is empty leaves no dot behind. */
static struct text join(struct arena *arena, struct text first, struct text second)
{
    bool both = *first.bytes && *second.bytes;
    return text_oursf(arena, "%s%s%s", first.bytes, both ? " · " : "", second.bytes);
}

static struct text amount_or_nothing(struct arena *arena, const struct money *amount)
{
    return amount->known ? format_money(arena, amount) : text_ours("");
}

/* --- what the API says ------------------------------------------------------------------------ */

static void add_attempts(struct maker *maker, const struct record *record)
{
    struct arena *arena = maker->arena;
    for (size_t i = 0; i < record->attempt_count; i++) {
        const struct attempt *attempt = &record->attempts[i];
        struct event *event = add(maker, &attempt->created, STEP_ATTEMPT);
        struct text status = words_status(arena, REC_SESSION, attempt->status);
        event->what = text_oursf(arena, _("Attempt: %s"), status.bytes);
        event->more = text_clean(arena, attempt->payment_reference);
        event->style = style_of_status(REC_SESSION, attempt->status);
    }
}

static void add_modification(struct maker *maker, const struct record *record)
{
    struct arena *arena = maker->arena;
    struct event *event = add(maker, &record->created, STEP_MODIFICATION);
    struct text type = words_begin(arena, words_type(arena, record->type));
    struct text status = words_status(arena, REC_MODIFICATION, record->status);
    event->style = style_of_status(REC_MODIFICATION, record->status);
    event->what = text_oursf(arena, "%s: %s", type.bytes, status.bytes);
    event->what = join(arena, event->what, record_amount_text(arena, record));
    event->what = join(arena, event->what, words_reason(arena, record->reason));
    event->more = text_clean(arena, record->id);
    if (record->updated.ms != 0 && wall_second(&record->updated) != wall_second(&record->created))
        event->more =
            join(arena, event->more,
                 text_oursf(arena, _("since %s"), format_when(arena, &record->updated).bytes));
    event->more = join(arena, event->more, text_clean(arena, record->failure_reason));
}

static void add_record(struct maker *maker, const struct record *record)
{
    struct arena *arena = maker->arena;
    struct text amount = record_amount_text(arena, record);
    if (record->kind == REC_MODIFICATION) { /* stands among those of its payment, if it has one */
        if (!record->payment_reference)
            add_modification(maker, record);
        return;
    }
    struct event *created = add(maker, &record->created, STEP_CREATED);
    if (record->kind == REC_PAYMENT) {
        struct text status = words_status(arena, REC_PAYMENT, record->status);
        created->what =
            join(arena, text_oursf(arena, _("Charge on a terminal: %s"), status.bytes), amount);
        created->style = style_of_status(REC_PAYMENT, record->status);
        created->more = text_clean(arena, record->poi_id);
        return;
    }
    created->what = join(arena, text_ours(_("Session created")), amount);
    if (record->completed.text[0]) {
        struct text how = words_status(arena, REC_SESSION, record->payment_status);
        add(maker, &record->completed, STEP_COMPLETED)->what =
            join(arena, text_ours(_("Completed")), how);
    }
}

/* --- what was done here ----------------------------------------------------------------------- */

static enum style style_of_intent(const struct intent *intent)
{
    switch (intent->state) {
    case INTENT_UNKNOWN:
    case INTENT_MANUAL:
    case INTENT_FAILED:
    case INTENT_REJECTED:
    case INTENT_DECLINED:
        return STYLE_BAD;
    default:
        return intent_state_is_final(intent->state) ? STYLE_NORMAL : STYLE_WARN;
    }
}

static void add_intent(struct maker *maker, const struct intent *intent)
{
    struct arena *arena = maker->arena;
    const struct stamp created = {.ms = intent->created_ms, .zoned = true};
    struct event *event = add(maker, &created, STEP_ASKED);
    struct text type = words_begin(arena, words_type(arena, op_name(intent->kind)));
    struct text what = text_oursf(arena, _("%s asked for here by %s: %s"), type.bytes,
                                  text_clean(arena, intent->person).bytes,
                                  words_outcome(intent).bytes);
    event->what = join(arena, what, amount_or_nothing(arena, &intent->amount));
    event->style = style_of_intent(intent);
    event->more = words_of_intent(arena, intent).proof;
}

/* --- together --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const struct event *first = a, *second = b;
    if (first->second != second->second)
        return first->second < second->second ? -1 : 1;
    if (first->step != second->step)
        return first->step < second->step ? -1 : 1;
    return (first->number > second->number) - (first->number < second->number);
}

void timeline_make(struct lines *lines, const struct timeline_source *source)
{
    const struct record *record = &source->record->record;
    size_t most = 2 + record->attempt_count + source->modifications->count + source->intents->count;
    struct maker maker = {.arena = &lines->arena};
    maker.events = arena_alloc(maker.arena, most * sizeof *maker.events);
    add_record(&maker, record);
    add_attempts(&maker, record);
    for (size_t i = 0; i < source->modifications->count; i++)
        add_modification(&maker, &source->modifications->rows[i].record);
    for (size_t i = 0; i < source->intents->count; i++)
        add_intent(&maker, &source->intents->rows[i]);
    qsort(maker.events, maker.count, sizeof *maker.events, compare);
    for (size_t i = 0; i < maker.count; i++) {
        const struct event *event = &maker.events[i];
        lines_add(lines, event->when, event->what, event->style);
        if (*event->more.bytes)
            lines_add(lines, text_ours(""), event->more, STYLE_DIM);
    }
}
