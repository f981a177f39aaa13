/* Finds an intent's object among rows of the API. Pure.

   Charges and links carry a tag in customReference: an exact name. Where the API does not echo the
   field (a row of ours is in the list, and no row has one), a charge is told by terminal, amount,
   currency and time, and only if exactly one row fits that no other intent has claimed.
   Modifications have no name of our own: the payment's list now minus the list just before sending,
   same operation and amount.

   Absence is another matter: a row that bears no name, or leaves out what would tell, and could be
   the one, is no proof that it is absent. */
#include <string.h>
#include <strings.h>

#include "ops_internal.h"

#define CLOCK_SLACK_MS (INT64_C(120) * 1000)
/* How far a time without zone may be from UTC. */
#define ZONE_MAX_MS (INT64_C(14) * 3600 * 1000)
/* How long after its quiet period an execution may still come to light. */
#define LATE_MS (INT64_C(24) * 3600 * 1000)

static bool in_baseline(const char *baseline, const char *id)
{
    size_t len = strlen(id);

    for (const char *at = baseline; at != NULL && (at = strstr(at, id)) != NULL; at += len)
        if ((at == baseline || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
            return true;
    return false;
}

void match_baseline(struct buf *out, const struct record *rows, size_t count)
{
    buf_puts(out, "");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s\n", rows[i].id);
}

bool match_is_of_payment(const struct record *row, const char *payment_reference)
{
    return row->payment_reference == NULL || strcmp(row->payment_reference, payment_reference) == 0;
}

/* Whether the row can have come to be between the first send and the end. */
static bool time_fits(const struct match_ask *ask, const struct stamp *created)
{
    int64_t slack = CLOCK_SLACK_MS + (created->zoned ? 0 : ZONE_MAX_MS);

    if (created->text[0] == '\0' || created->ms == 0)
        return true; /* no time excludes nothing */
    return created->ms >= ask->sent_ms - slack && created->ms <= ask->ended_ms + slack;
}

static bool has_our_tag(const struct match_ask *ask, const struct record *row)
{
    const char *tag = judge_tag_in(row->custom_reference);

    return tag != NULL && strcasecmp(tag, ask->intent.tag) == 0;
}

/* Only a charge of ours, which was sent with a name, shows that the API echoes none: rows of others
   may never have had one. */
static bool echoes_nothing(const struct match_ask *ask, const struct record *rows, size_t count)
{
    bool ours = false;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].custom_reference != NULL && rows[i].custom_reference[0] != '\0')
            return false;
        ours |= ask->is_claimed(ask->ctx, rows[i].id);
    }
    return ours;
}

/* Nothing that the row says speaks against it: a name cut short, a part left out. */
static bool is_doubtful(const struct match_ask *ask, const struct record *row)
{
    const struct money *amount = &ask->intent.amount;
    struct match_ask late = *ask;

    late.ended_ms += LATE_MS; /* it may have been executed later than it should */
    if (amount->known && row->amount.known && !money_equal(&row->amount, amount))
        return false;
    if (ask->is_claimed(ask->ctx, row->id))
        return false;
    if (ask->intent.kind == OP_CHARGE || ask->intent.kind == OP_LINK)
        return judge_tag_in(row->custom_reference) == NULL &&
               (ask->time_lost || time_fits(&late, &row->created)) &&
               (ask->intent.kind == OP_LINK || row->poi_id == NULL ||
                strcmp(row->poi_id, ask->intent.target) == 0);
    return match_is_of_payment(row, ask->intent.target) &&
           !judge_names_other(ask->intent.kind, row->type) && !in_baseline(ask->baseline, row->id);
}

/* A time without zone fits what was charged hours before just as well: such a row may only be
   doubted. */
static bool could_be_charge(const struct match_ask *ask, const struct record *row)
{
    return !ask->time_lost && row->created.zoned && row->created.ms != 0 && row->poi_id != NULL &&
           strcmp(row->poi_id, ask->intent.target) == 0 &&
           money_equal(&row->amount, &ask->intent.amount) && time_fits(ask, &row->created) &&
           !ask->is_claimed(ask->ctx, row->id);
}

static bool could_be_modification(const struct match_ask *ask, const struct record *row)
{
    const struct money *amount = &ask->intent.amount;

    return row->payment_reference != NULL &&
           strcmp(row->payment_reference, ask->intent.target) == 0 && row->type != NULL &&
           strcasecmp(row->type, op_name(ask->intent.kind)) == 0 &&
           (!amount->known || money_equal(&row->amount, amount)) &&
           !in_baseline(ask->baseline, row->id) && !ask->is_claimed(ask->ctx, row->id);
}

static void add(struct match *match, const struct record *row)
{
    if (match->record != NULL && strcmp(match->record->id, row->id) == 0)
        return; /* the same object twice: it moved between pages */
    match->found = match->record == NULL ? MATCH_ONE : MATCH_MANY;
    if (match->record == NULL)
        match->record = row;
}

struct match match_find(const struct match_ask *ask, const struct record *rows, size_t count)
{
    struct match match = {MATCH_NONE, NULL, false};
    bool named = ask->intent.kind == OP_CHARGE || ask->intent.kind == OP_LINK;

    for (size_t i = 0; named && i < count; i++)
        if (has_our_tag(ask, &rows[i]))
            add(&match, &rows[i]);
    if (match.found == MATCH_NONE && ask->intent.kind == OP_CHARGE &&
        echoes_nothing(ask, rows, count))
        for (size_t i = 0; i < count; i++)
            if (could_be_charge(ask, &rows[i]))
                add(&match, &rows[i]);
    for (size_t i = 0; !named && i < count; i++)
        if (could_be_modification(ask, &rows[i]))
            add(&match, &rows[i]);
    for (size_t i = 0; match.found == MATCH_NONE && i < count; i++)
        if (is_doubtful(ask, &rows[i]))
            match = (struct match){MATCH_DOUBT, &rows[i], false};
    match.named = match.record != NULL && has_our_tag(ask, match.record);
    if (match.found != MATCH_ONE)
        return match;
    if (judge_difference(&ask->intent, match.record) != NULL ||
        ask->is_claimed(ask->ctx, match.record->id))
        match.found = MATCH_DIFFERENT;
    else if (ask->intent.kind == OP_CHARGE) {
        enum status_class status = status_classify(REC_PAYMENT, match.record->status);
        if (status != STATUS_GOOD && status != STATUS_BAD)
            match.found = MATCH_OPEN;
    }
    return match;
}
