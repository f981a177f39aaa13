/* Refund, capture, cancel and extend: what has happened to the money so far, what would remain, and
   the form where one is needed. The facts are fetched anew when it opens and followed while it is
   open; op_start() looks a last time right before sending. */
#include "money_screens.h"
#include "records.h"

#include <stdlib.h>
#include <string.h>

enum { AMOUNT, REASON, FIELDS_MAX };
static const struct field adjust_fields[FIELDS_MAX] = {
    [AMOUNT] = {.kind = FIELD_AMOUNT,
                .label = N_("Amount"),
                .hint = N_("a: all of it"),
                .max = 20,
                .required = true},
    [REASON] = {.kind = FIELD_CHOICE, .label = N_("Reason"), .required = true, .list = true},
};
/* How many of these fields each operation asks for, and what it tells beforehand. */
static const struct {
    size_t fields;
    int rows; /* of its box */
    const char *about;
} kinds[OP_KINDS] = {
    [OP_REFUND] = {2, 20, N_("It goes back to the same card; the bank may take days to show it.")},
    [OP_CAPTURE] = {1, 16, N_("One capture a hold: what is not captured is released for good.")},
    [OP_CANCEL] = {0, 13,
                   N_("The hold is given up and nothing is charged. The guest's bank may need "
                      "days to free the amount.")},
    [OP_EXTEND] = {0, 14,
                   N_("The hold gets more time; its amount stays the same. The guest's bank may "
                      "refuse it.")},
};

struct adjust {
    enum op_kind kind;
    char *reference; /* of the payment */
    struct form form;
    char form_id[UUID_SIZE];
    struct payment_facts facts;    /* as shown */
    struct payment_facts before;   /* as shown until they moved */
    struct payment_facts reviewed; /* as they stand in the review; the news may move the others */
    bool moved;
    struct arena arena; /* of payment */
    struct row payment;
    struct money amount; /* as reviewed */
    const char *reason;
};
struct adjust_start {
    enum op_kind kind;
    const char *reference;
};

static bool has_form(const struct adjust *adjust)
{
    return kinds[adjust->kind].fields > 0;
}

/* What may be asked for at most. */
static int64_t ceiling(const struct adjust *adjust)
{
    return adjust->kind == OP_REFUND ? adjust->facts.left : adjust->facts.authorised.minor;
}

static enum why_not why_not(struct app *app, const struct adjust *adjust)
{
    struct desk *desk = app_desk(app);
    if (desk->read_only)
        return WHY_READ_ONLY;
    if (!reference_allowed(adjust->reference, desk->webcode, desk->env))
        return WHY_OTHER_ENVIRONMENT;
    return payment_action_possible(&adjust->facts, adjust->kind);
}

/* --- facts ------------------------------------------------------------------------------------ */

static bool read_facts(struct app *app, struct adjust *adjust, struct err *err)
{
    struct cache *cache = app_desk(app)->cache;
    struct arena arena = {0};
    struct row payment;
    if (!cache_payment_facts(cache, adjust->reference, &adjust->facts, err) ||
        !cache_get_payment(cache, adjust->reference, &arena, &payment, err)) {
        arena_done(&arena);
        return false;
    }
    arena_done(&adjust->arena);
    adjust->arena = arena;
    adjust->payment = payment;
    return true;
}

static void fetch_facts(struct app *app, const struct adjust *adjust)
{
    if (app_desk(app)->sync)
        sync_record(app_desk(app)->sync, adjust->payment.record.kind, adjust->payment.record.id);
}

/* What was on the screen before is kept until the person sends or leaves, so that a change is seen.
 */
static void adjust_reload(struct app *app, void *state, unsigned bits)
{
    struct adjust *adjust = state;
    struct payment_facts shown = adjust->facts;
    struct err err;
    (void)bits;
    if (!read_facts(app, adjust, &err)) {
        app_error(app, &err);
        return;
    }
    if (shown.left == adjust->facts.left)
        return;
    if (!adjust->moved)
        adjust->before = shown;
    adjust->moved = adjust->before.left != adjust->facts.left;
}

static void set_reasons(struct app *app, struct adjust *adjust)
{
    struct option options[16] = {0};
    size_t count = 0;
    for (; refund_reasons[count] && count < COUNT_OF(options); count++) {
        options[count].label = words_reason(app_arena(app), refund_reasons[count]);
        options[count].note = text_ours("");
    }
    form_set_options(&adjust->form, REASON, options, count);
}

static void adjust_close(struct app *app, void *state)
{
    struct adjust *adjust = state;
    (void)app;
    if (has_form(adjust))
        form_done(&adjust->form);
    arena_done(&adjust->arena);
    free(adjust->reference);
}

static bool adjust_open(struct app *app, void *state, const void *argument)
{
    struct adjust *adjust = state;
    const struct adjust_start *start = argument;
    struct err err;
    adjust->kind = start->kind;
    adjust->reference = mem_strdup(start->reference);
    if (has_form(adjust))
        form_init(&adjust->form, adjust_fields, kinds[adjust->kind].fields, "");
    if (!read_facts(app, adjust, &err)) {
        app_error(app, &err);
        adjust_close(app, adjust);
        return false;
    }
    enum why_not why = why_not(app, adjust);
    if (why != WHY_POSSIBLE) {
        app_message(app, STYLE_WARN, words_why_not(why, adjust->kind));
        adjust_close(app, adjust);
        return false;
    }
    if (has_form(adjust))
        form_set_currency(&adjust->form, adjust->facts.authorised.currency);
    if (adjust->kind == OP_REFUND)
        set_reasons(app, adjust);
    random_uuid(adjust->form_id);
    fetch_facts(app, adjust);
    return true;
}

/* --- sending ---------------------------------------------------------------------------------- */

static struct op_request request_of(const struct adjust *adjust)
{
    struct op_request request = {.kind = adjust->kind,
                                 .target = adjust->reference,
                                 .amount = adjust->amount,
                                 .reason = adjust->reason,
                                 .seen = adjust->reviewed,
                                 .has_seen = true};
    memcpy(request.form_id, adjust->form_id, sizeof request.form_id);
    return request;
}

static void confirmed(struct app *app, void *ctx, bool yes)
{
    struct adjust *adjust = ctx;
    struct payment_facts seen = adjust->reviewed;
    char id[INTENT_ID_SIZE];
    if (!yes)
        return;
    struct op_request request = request_of(adjust);
    if (!money_start(app, &request, adjust->form_id, id))
        return;
    app_close(app, adjust);
    money_follow_seen(app, id, &seen);
}

/* What the amount in the form leads to, in money: left afterwards, or released. */
static struct fact outcome_of(struct app *app, const struct adjust *adjust, int64_t minor)
{
    const char *currency = adjust->facts.authorised.currency;
    struct text rest = format_minor(app_arena(app), ceiling(adjust) - minor, currency);
    if (adjust->kind == OP_REFUND)
        return (struct fact){N_("Left afterwards"), rest, STYLE_STRONG};
    return (struct fact){N_("Released"), rest,
                         ceiling(adjust) > minor ? STYLE_WARN : STYLE_STRONG};
}

static void review(struct app *app, struct adjust *adjust)
{
    struct arena *arena = app_arena(app);
    struct confirm confirm = {
        .kind = adjust->kind,
        .amount = has_form(adjust) ? adjust->amount : adjust->facts.authorised,
        .facts = {{N_("Payment"), text_clean(arena, adjust->reference), STYLE_NORMAL},
                  {N_("Reference"), text_clean(arena, adjust->payment.reference), STYLE_NORMAL}},
        .fact_count = 2,
        .warning = text_ours(""),
        .done = confirmed,
        .ctx = adjust};
    if (has_form(adjust))
        confirm.facts[confirm.fact_count++] = outcome_of(app, adjust, adjust->amount.minor);
    else
        confirm.warning = text_ours(_(kinds[adjust->kind].about));
    if (adjust->reason)
        confirm.facts[confirm.fact_count++] =
            (struct fact){N_("Reason"), words_reason(arena, adjust->reason), STYLE_NORMAL};
    dialog_confirm(app, &confirm);
}

static void submit(struct app *app, struct adjust *adjust)
{
    struct desk *desk = app_desk(app);
    enum why_not why = why_not(app, adjust);
    struct err err;
    if (why != WHY_POSSIBLE) {
        app_message(app, STYLE_WARN, words_why_not(why, adjust->kind));
        return;
    }
    adjust->amount = (struct money){0};
    adjust->reason = NULL;
    if (has_form(adjust) && !form_amount(&adjust->form, AMOUNT, &adjust->amount))
        return;
    if (has_form(adjust) && adjust->amount.minor > ceiling(adjust)) {
        form_activate(&adjust->form, AMOUNT); /* the line below the form says what is the most */
        return;
    }
    if (adjust->kind == OP_REFUND)
        adjust->reason = refund_reasons[form_choice(&adjust->form, REASON)];
    adjust->reviewed = adjust->facts;
    struct op_request request = request_of(adjust);
    if (!op_check(&request, desk->env, desk->webcode, &err)) {
        app_error(app, &err);
        return;
    }
    adjust->moved = false; /* what is shown now is what gets confirmed */
    review(app, adjust);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void take_all(struct adjust *adjust)
{
    char text[MONEY_TEXT_SIZE];
    struct money all = money_make(ceiling(adjust), adjust->facts.authorised.currency);
    form_set_text(&adjust->form, AMOUNT, money_format(&all, format_money_style(), false, text));
}

static bool adjust_key(struct app *app, void *state, uint32_t key)
{
    struct adjust *adjust = state;
    enum form_result result = FORM_IGNORED;
    if (has_form(adjust) && adjust->form.active == AMOUNT && (key == 'a' || key == 'A')) {
        take_all(adjust);
        result = FORM_TAKEN;
    } else if (has_form(adjust)) {
        result = form_key(&adjust->form, key);
    } else if (key == KEY_ESC || key == 'q' || key == KEY_FN + 10) {
        result = FORM_CANCEL;
    } else if (key == KEY_RETURN || key == KEY_FN + 2) {
        result = FORM_SUBMIT;
    }
    if (result == FORM_CANCEL)
        app_close(app, adjust);
    else if (result == FORM_SUBMIT)
        submit(app, adjust);
    app_dirty(app);
    return result != FORM_IGNORED;
}

static void adjust_paste(struct app *app, void *state, struct text text)
{
    struct adjust *adjust = state;
    if (has_form(adjust))
        form_paste(&adjust->form, text);
    app_dirty(app);
}

/* --- drawing ---------------------------------------------------------------------------------- */

static struct text sum(struct app *app, const struct adjust *adjust, int64_t minor)
{
    if (!adjust->facts.authorised.known)
        return text_ours(_("not known"));
    return format_minor(app_arena(app), minor, adjust->facts.authorised.currency);
}

/* The API tells no date: our estimate, and for an extension the same span once more from now. */
static struct text hold_until(struct app *app, const struct adjust *adjust, bool extended)
{
    const struct record *payment = &adjust->payment.record;
    int days = app_config(app)->hold_days;
    struct stamp began = payment->completed.ms ? payment->completed : payment->created;
    if (adjust->facts.extended_ms > 0)
        began = (struct stamp){.text = "", .ms = adjust->facts.extended_ms};
    int64_t left = extended ? INT64_C(86400000) * days : record_hold_left_ms(&began, days);
    return text_oursf(app_arena(app), _("about %s (estimated)"),
                      format_when_utc(app_arena(app), clock_utc_ms() + left).bytes);
}

static int paint_so_far(struct app *app, const struct adjust *adjust, struct area area, bool low)
{
    const struct payment_facts *facts = &adjust->facts;
    struct arena *arena = app_arena(app);
    const struct record *payment = &adjust->payment.record;
    int64_t open = facts->refunding + facts->capturing;
    bool hold = adjust->kind != OP_REFUND, partly = facts->captured != facts->authorised.minor;
    const struct text none = text_ours("");
    const struct fact so_far[] = {
        {N_("Payment"), text_clean(arena, adjust->reference), STYLE_NORMAL},
        {N_("Reference"), text_clean(arena, adjust->payment.reference), STYLE_NORMAL},
        {N_("Description"), text_clean(arena, payment->description), STYLE_NORMAL},
        {N_("Held on the card"), hold ? sum(app, adjust, facts->authorised.minor) : none,
         STYLE_STRONG},
        {N_("Authorised"), hold || !partly ? none : sum(app, adjust, facts->authorised.minor),
         STYLE_NORMAL},
        {N_("Captured"), hold ? none : sum(app, adjust, facts->captured), STYLE_NORMAL},
        {N_("Refunded"), hold ? none : sum(app, adjust, facts->refunded), STYLE_NORMAL},
        {N_("In progress"), open > 0 ? sum(app, adjust, open) : none, STYLE_WARN},
        {N_("Lapses"), hold ? hold_until(app, adjust, false) : none, STYLE_NORMAL},
        {N_("If extended"), adjust->kind == OP_EXTEND ? hold_until(app, adjust, true) : none,
         STYLE_STRONG},
        {N_("Left to refund"), hold ? none : sum(app, adjust, facts->left), STYLE_STRONG},
    };
    const struct fact in_short[] = {so_far[0], hold ? so_far[3] : so_far[10]};
    return low ? money_paint_facts(area, 0, in_short, COUNT_OF(in_short))
               : money_paint_facts(area, 0, so_far, COUNT_OF(so_far)) + 1;
}

/* Below the form, with every key: what the amount would lead to. */
static int paint_outcome(struct app *app, const struct adjust *adjust, struct area area, int row)
{
    enum { LABEL = 2, VALUE = 18 }; /* in line with the form's own */
    struct money amount;
    if (!has_form(adjust) || !form_amount(&adjust->form, AMOUNT, &amount))
        return row + 1;
    struct fact outcome = outcome_of(app, adjust, amount.minor);
    if (amount.minor > ceiling(adjust))
        outcome = (struct fact){
            N_("Too much"),
            text_oursf(app_arena(app), _("at most %s"), sum(app, adjust, ceiling(adjust)).bytes),
            STYLE_BAD};
    draw_field(area_cell(area, row, LABEL, VALUE - LABEL - 1), ALIGN_LEFT, STYLE_DIM,
               text_ours(_(outcome.label)));
    draw_text(area, row, VALUE, outcome.style, outcome.value);
    return row + 1;
}

static int paint_news(struct app *app, const struct adjust *adjust, struct area area, int row)
{
    struct arena *arena = app_arena(app);
    enum why_not why = why_not(app, adjust);
    if (adjust->moved)
        row = draw_wrapped(area, row, 0, STYLE_WARN,
                           text_oursf(arena,
                                      _("The payment has changed since you opened this: "
                                        "left %s before, %s now."),
                                      sum(app, adjust, adjust->before.left).bytes,
                                      sum(app, adjust, adjust->facts.left).bytes));
    if (why != WHY_POSSIBLE)
        row = draw_wrapped(area, row, 0, STYLE_BAD,
                           text_oursf(arena, _("Not possible any more: %s."),
                                      words_why_not(why, adjust->kind).bytes));
    return row;
}

static void adjust_paint(struct app *app, void *state, struct area area)
{
    struct adjust *adjust = state;
    struct area inside = money_paint_box(app, area, kinds[adjust->kind].rows, adjust->kind);
    struct area body = area_rows(inside, 0, inside.rows - 1);
    bool low = area.rows < kinds[adjust->kind].rows; /* not all facts fit: the form comes first */
    int row = paint_so_far(app, adjust, body, low);
    if (has_form(adjust)) {
        row += form_paint(&adjust->form, area_rows(body, row, body.rows - row));
        row = paint_outcome(app, adjust, body, row);
    }
    row = paint_news(app, adjust, body, row);
    if (!low && !adjust->moved)
        draw_wrapped(body, row, 0, STYLE_DIM, text_ours(_(kinds[adjust->kind].about)));
    draw_text(inside, inside.rows - 1, 0, STYLE_KEY,
              text_ours(has_form(adjust) ? _("Enter next field   F2 review   Esc close")
                                         : _("Enter review   Esc close")));
}

static const struct screen screen_adjust = {
    .title = N_("Change a payment"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct adjust),
    .changes = CHANGED_SESSIONS | CHANGED_PAYMENTS | CHANGED_MODIFICATIONS,
    .open = adjust_open,
    .close = adjust_close,
    .reload = adjust_reload,
    .key = adjust_key,
    .paste = adjust_paste,
    .paint = adjust_paint,
};

void money_open_action(struct app *app, enum op_kind kind, const char *payment_reference)
{
    struct intent open;
    if (journal_holder(app_desk(app)->journal, kind, payment_reference, app_arena(app), &open,
                       NULL)) {
        money_follow(app, open.id);
        app_message(
            app, STYLE_WARN,
            text_ours(_("One change of a payment at a time: this one is not settled yet.")));
        return;
    }
    app_push(app, &screen_adjust, &(struct adjust_start){kind, payment_reference});
}
