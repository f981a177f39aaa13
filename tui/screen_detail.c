/* One payment: what it is, by which reference one asks about it and by which one acts on it, where
   its money stands, and its timeline. Read from cache and journal; it is asked for first as long as
   it is open, so it turns by itself. */
#include "detail.h"

#include "fields.h"
#include "money_screens.h"
#include "records.h"
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

enum { WHEN_COLS = 14, LABEL_COLS = 14 };

struct detail_start {
    enum record_kind kind;
    const char *id;
};
struct detail {
    struct app *app;
    enum record_kind kind;
    char *id;
    struct arena arena; /* of row */
    struct row row;
    struct row_page modifications;
    struct intent_page intents;
    struct payment_facts facts;
    bool has_facts;
    struct lines timeline, fields;
    bool shows_fields;
};

/* --- reading ---------------------------------------------------------------------------------- */

/* Each object as it came, the payment's first. */
static void make_fields(struct detail *detail)
{
    struct cache *cache = app_desk(detail->app)->cache;
    struct arena arena = {0};
    lines_clear(&detail->fields);
    fields_make(&detail->fields, detail->row.record.raw);
    for (size_t i = 0; i < detail->modifications.count; i++) {
        const char *id = detail->modifications.rows[i].record.id;
        struct row row;
        if (strcmp(id, detail->id) == 0 ||
            !cache_get_record(cache, REC_MODIFICATION, id, &arena, &row, NULL))
            continue;
        lines_add(&detail->fields, text_ours(""), text_clean(&detail->fields.arena, id),
                  STYLE_TITLE);
        fields_make(&detail->fields, row.record.raw);
    }
    arena_done(&arena);
}

static void forget(struct detail *detail)
{
    row_page_done(&detail->modifications);
    intent_page_done(&detail->intents);
    arena_done(&detail->arena);
}

static bool load(struct detail *detail, struct err *err)
{
    struct desk *desk = app_desk(detail->app);
    struct arena arena = {0};
    struct row row;
    if (!cache_get_record(desk->cache, detail->kind, detail->id, &arena, &row, err)) {
        arena_done(&arena);
        return false;
    }
    forget(detail);
    detail->arena = arena;
    detail->row = row;
    const char *payment = row.record.payment_reference;
    if (payment)
        cache_modifications_of(desk->cache, payment, &detail->modifications, err);
    detail->has_facts = payment && cache_payment_facts(desk->cache, payment, &detail->facts, NULL);
    journal_about(desk->journal, detail->id, payment, &detail->intents, err);
    lines_clear(&detail->timeline);
    timeline_make(&detail->timeline, &(struct timeline_source){&detail->row, &detail->modifications,
                                                               &detail->intents});
    make_fields(detail);
    return true;
}

/* The API is asked about it now, and about it first from now on. */
static void ask(struct detail *detail)
{
    struct sync *sync = app_desk(detail->app)->sync;
    if (!sync || detail->kind == REC_MODIFICATION)
        return;
    sync_focus(sync, detail->kind, detail->id);
    sync_record(sync, detail->kind, detail->id);
}

static bool detail_screen_open(struct app *app, void *state, const void *argument)
{
    struct detail *detail = state;
    const struct detail_start *start = argument;
    struct err err = {0};
    detail->app = app;
    detail->kind = start->kind;
    detail->id = mem_strdup(start->id);
    if (load(detail, &err)) {
        ask(detail);
        return true;
    }
    app_error(app, &err);
    free(detail->id);
    return false;
}

static void detail_close(struct app *app, void *state)
{
    struct detail *detail = state;
    if (app_desk(app)->sync)
        sync_focus(app_desk(app)->sync, detail->kind, NULL);
    forget(detail);
    lines_done(&detail->timeline);
    lines_done(&detail->fields);
    free(detail->id);
}

static void detail_reload(struct app *app, void *state, unsigned bits)
{
    struct err err = {0};
    (void)bits;
    if (!load(state, &err))
        app_error(app, &err);
}

/* --- the head --------------------------------------------------------------------------------- */

static int paint_labelled(struct area area, int row, const char *label, struct text value,
                          struct text hint)
{
    draw_text(area, row, 0, STYLE_DIM, text_ours(label));
    int col = draw_text(area, row, LABEL_COLS, STYLE_NORMAL, value);
    draw_text(area, row, col + (*value.bytes ? 2 : 0), STYLE_DIM, hint);
    return row + 1;
}

/* "Session   250.00 EUR   completed · pre-authorisation" */
static int paint_title(struct detail *detail, struct area area)
{
    static const char *const kinds[RECORD_KINDS] = {[REC_SESSION] = N_("Session"),
                                                    [REC_PAYMENT] = N_("POS payment"),
                                                    [REC_MODIFICATION] = N_("Modification")};
    struct arena *arena = app_arena(detail->app);
    const struct record *record = &detail->row.record;
    int col = draw_text(area, 0, 0, STYLE_TITLE, text_ours(_(kinds[record->kind]))) + 3;
    col = draw_text(area, 0, col, STYLE_STRONG, format_money(arena, &record->amount)) + 3;
    col = draw_text(area, 0, col, style_of_status(record->kind, record->status),
                    words_status(arena, record->kind, record->status));
    if (record->is_preauth == 1)
        draw_text(area, 0, col, STYLE_NORMAL, text_oursf(arena, " · %s", _("pre-authorisation")));
    return 1;
}

/* Two references, two uses: never to be confused. */
static int paint_references(struct detail *detail, struct area area, int row)
{
    struct arena *arena = app_arena(detail->app);
    const struct record *record = &detail->row.record;
    struct text id = text_clean(arena, record->id);
    struct text payment = text_clean(arena, record->payment_reference);
    if (record->kind == REC_SESSION)
        row = paint_labelled(area, row, _("Session"), id, text_ours(_("for questions")));
    if (record->kind == REC_MODIFICATION)
        row = paint_labelled(area, row, _("Modification"), id, text_ours(_("for questions")));
    row = paint_labelled(area, row, _("Payment"), payment,
                         text_ours(*payment.bytes ? _("for refunds and captures") : _("none yet")));
    if (record->kind == REC_PAYMENT)
        row = paint_labelled(area, row, _("Terminal"),
                             money_terminal_name(detail->app, record->poi_id), text_ours(""));
    return paint_labelled(area, row, _("Reference"), text_clean(arena, detail->row.reference),
                          text_clean(arena, record->description));
}

/* --- where the money stands ------------------------------------------------------------------- */

static struct text minor_text(struct arena *arena, int64_t minor, const char *currency)
{
    char amount[MONEY_TEXT_SIZE];
    const struct money money = money_make(minor, currency);
    return text_oursf(arena, "%s", money_format(&money, format_money_style(), true, amount));
}

static int paint_facts(struct detail *detail, struct area area, int row)
{
    const struct payment_facts *facts = &detail->facts;
    bool is_held = payment_action_possible(facts, OP_CAPTURE) == WHY_POSSIBLE;
    const struct {
        const char *label;
        int64_t minor;
        enum style style;
    } columns[] = {
        {N_("Authorised"), facts->authorised.minor, STYLE_NORMAL},
        {N_("Captured"), facts->captured, STYLE_NORMAL},
        {N_("Refunded"), facts->refunded, STYLE_NORMAL},
        {N_("In progress"), facts->refunding + facts->capturing, STYLE_WARN},
        {is_held ? N_("Can be captured") : N_("Still left"),
         is_held ? facts->authorised.minor : facts->left, STYLE_STRONG},
    };
    enum { COLUMNS = COUNT_OF(columns) };
    const char *currency = facts->authorised.currency;
    int width = area.cols / COLUMNS < 15 ? area.cols / COLUMNS : 15;
    if (!facts->authorised.known) {
        draw_wrapped(area, row, 0, STYLE_WARN,
                     text_ours(_("The API's figures for this payment do not add up to one sum: "
                                 "nothing is shown rather than something wrong.")));
        return row + 2;
    }
    for (int i = 0; i < COLUMNS; i++) {
        bool quiet = columns[i].minor == 0;
        draw_field(area_cell(area, row, i * width, width - 1), ALIGN_RIGHT, STYLE_DIM,
                   text_ours(_(columns[i].label)));
        draw_field(area_cell(area, row + 1, i * width, width - 1), ALIGN_RIGHT,
                   quiet ? STYLE_DIM : columns[i].style,
                   minor_text(app_arena(detail->app), columns[i].minor, currency));
    }
    return row + 2;
}

/* Authorised, or extended with success since: from then on the time of a hold runs. */
static struct stamp hold_began(const struct detail *detail)
{
    const struct record *record = &detail->row.record;
    struct stamp began = record->completed.ms ? record->completed : record->created;
    for (size_t i = 0; i < detail->modifications.count; i++) {
        const struct record *change = &detail->modifications.rows[i].record;
        if (change->type && strcmp(change->type, op_name(OP_EXTEND)) == 0 &&
            status_classify(REC_MODIFICATION, change->status) == STATUS_GOOD)
            began = change->updated.ms ? change->updated : change->created;
    }
    return began;
}

static int paint_hold(struct detail *detail, struct area area, int row)
{
    const struct payment_facts *facts = &detail->facts;
    if (payment_action_possible(facts, OP_CAPTURE) != WHY_POSSIBLE)
        return row;
    struct arena *arena = app_arena(detail->app);
    struct stamp began = hold_began(detail);
    int64_t left = record_hold_left_ms(&began, app_config(detail->app)->hold_days);
    struct text text = left > 0 ? text_oursf(arena, _("The hold lapses in about %s (estimated)."),
                                             format_ago(arena, left).bytes)
                                : text_ours(_("The hold may have lapsed already (estimated)."));
    draw_text(area, row, 0, left > 0 ? STYLE_NORMAL : STYLE_WARN, text);
    return row + 1;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void detail_paint(struct app *app, void *state, struct area area)
{
    struct detail *detail = state;
    (void)app;
    area.col += 1;
    area.cols -= 2;
    int row = paint_title(detail, area);
    row = paint_references(detail, area, row);
    if (detail->has_facts) {
        row = paint_facts(detail, area, row);
        row = paint_hold(detail, area, row);
    }
    draw_text(area, row + 1, 0, STYLE_TITLE,
              text_ours(detail->shows_fields ? _("As the API sent it") : _("Timeline")));
    struct area rest = area_rows(area, row + 2, area.rows - row - 2);
    if (detail->shows_fields)
        lines_paint(&detail->fields, rest, 0);
    else
        lines_paint(&detail->timeline, rest, WHEN_COLS);
}

static bool scroll(struct lines *lines, enum command command)
{
    switch (command) {
    case COMMAND_UP:
        lines->top--;
        return true;
    case COMMAND_DOWN:
        lines->top++;
        return true;
    case COMMAND_PAGE_UP:
        lines->top -= lines->height;
        return true;
    case COMMAND_PAGE_DOWN:
        lines->top += lines->height;
        return true;
    case COMMAND_FIRST:
        lines->top = 0;
        return true;
    case COMMAND_LAST:
        lines->top = 1 << 24; /* painting brings it back to the last page */
        return true;
    default:
        return false;
    }
}

static bool detail_command(struct app *app, void *state, enum command command)
{
    struct detail *detail = state;
    switch (command) {
    case COMMAND_FIELDS:
        detail->shows_fields = !detail->shows_fields;
        return true;
    case COMMAND_COPY:
        money_copy(app);
        return true;
    case COMMAND_REFRESH:
        ask(detail);
        app_message(app, STYLE_NORMAL, text_ours(_("Asking for news…")));
        return true;
    default:
        return scroll(detail->shows_fields ? &detail->fields : &detail->timeline, command);
    }
}

static bool detail_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    const struct record *record = &((struct detail *)state)->row.record;
    (void)app;
    *out = (struct target){.kind = record->kind,
                           .id = arena_strdup(arena, record->id),
                           .payment_reference = arena_strdup(arena, record->payment_reference)};
    out->copy = out->payment_reference ? out->payment_reference : out->id;
    return true;
}

static const struct screen screen_detail = {
    .title = N_("Payment"),
    .scope = SCOPE_DETAIL,
    .state_size = sizeof(struct detail),
    .changes = CHANGED_SESSIONS | CHANGED_PAYMENTS | CHANGED_MODIFICATIONS | CHANGED_JOURNAL,
    .open = detail_screen_open,
    .close = detail_close,
    .reload = detail_reload,
    .paint = detail_paint,
    .command = detail_command,
    .target = detail_target,
};

void detail_open(struct app *app, enum record_kind kind, const char *id)
{
    struct cache *cache = app_desk(app)->cache;
    struct arena arena = {0};
    struct row change, payment;
    struct detail_start start = {kind, id};
    if (kind == REC_MODIFICATION && cache_get_record(cache, kind, id, &arena, &change, NULL) &&
        cache_get_payment(cache, change.record.payment_reference, &arena, &payment, NULL))
        start = (struct detail_start){payment.record.kind, payment.record.id};
    app_push(app, &screen_detail, &start);
    arena_done(&arena);
}

void detail_open_payment(struct app *app, const char *payment_reference)
{
    struct arena arena = {0};
    struct row payment;
    if (cache_get_payment(app_desk(app)->cache, payment_reference, &arena, &payment, NULL))
        app_push(app, &screen_detail,
                 &(struct detail_start){payment.record.kind, payment.record.id});
    else
        app_message(app, STYLE_WARN,
                    text_oursf(app_arena(app), _("%s is not stored here yet: R asks for news."),
                               text_clean(app_arena(app), payment_reference).bytes));
    arena_done(&arena);
}
