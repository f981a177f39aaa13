#include "money_screens.h"

#include "approve.h"

#include <string.h>

void money_command(struct app *app, enum command command)
{
    if (command == COMMAND_CHARGE) {
        money_open_charge(app, NULL);
        return;
    }
    if (command == COMMAND_LINK) {
        money_open_link(app, NULL);
        return;
    }
    struct target target;
    if (!app_target(app, app_arena(app), &target))
        return;
    enum op_kind kind = command_op(command);
    if (target.payment_reference)
        money_open_action(app, kind, target.payment_reference);
    else
        app_message(app, STYLE_WARN, words_why_not(WHY_NO_PAYMENT, kind));
}

struct text money_title(struct app *app, struct text what)
{
    struct arena *arena = app_arena(app);
    return text_oursf(arena, "%s %s", what.bytes, app_env_word(app, arena).bytes);
}

void money_copy(struct app *app)
{
    struct target target;
    struct arena *arena = app_arena(app);
    if (!app_target(app, arena, &target) || !target.copy)
        return;
    bool sent = term_copy(target.copy);
    app_message(
        app, sent ? STYLE_GOOD : STYLE_NORMAL,
        text_oursf(arena, sent ? _("%s copied") : "%s", text_clean(arena, target.copy).bytes));
}

struct text money_terminal_name(struct app *app, const char *poi_id)
{
    enum { NAME_CELLS = 40 };
    struct text name = text_brief(app_arena(app), poi_id, NAME_CELLS);
    struct terminal_page page = {0};
    if (!poi_id || !cache_terminals(app_desk(app)->cache, &page, NULL))
        return name;
    for (size_t i = 0; i < page.count; i++)
        if (strcmp(page.rows[i].terminal.poi_id, poi_id) == 0 && page.rows[i].terminal.name)
            name = text_brief(app_arena(app), page.rows[i].terminal.name, NAME_CELLS);
    terminal_page_done(&page);
    return name;
}

int money_paint_facts(struct area area, int row, const struct fact *facts, size_t count)
{
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        int label = text_width(text_ours(_(facts[i].label)));
        if (facts[i].value.bytes && facts[i].value.bytes[0] && label > width)
            width = label;
    }
    for (size_t i = 0; i < count; i++) {
        if (!facts[i].value.bytes || !facts[i].value.bytes[0])
            continue;
        draw_text(area, row, 0, STYLE_DIM, text_ours(_(facts[i].label)));
        draw_field(area_cell(area, row, width + 2, area.cols - width - 2), ALIGN_LEFT,
                   facts[i].style, facts[i].value);
        row++;
    }
    return row;
}

int money_paint_advice(struct area area, int row, const struct advice *advice, enum style style)
{
    row = draw_wrapped(area, row, 0, style, advice->what);
    row = draw_wrapped(area, row, 0, STYLE_STRONG, advice->money);
    if (advice->next.bytes[0])
        row = draw_wrapped(area, row, 0, STYLE_NORMAL, advice->next);
    if (advice->proof.bytes[0])
        row = draw_wrapped(area, row + 1, 0, STYLE_DIM, advice->proof);
    return row;
}

bool money_facts_differ(const struct payment_facts *a, const struct payment_facts *b)
{
    return a->captured != b->captured || a->refunded != b->refunded ||
           a->refunding != b->refunding || a->left != b->left || a->capturing != b->capturing ||
           a->cancelled != b->cancelled || a->cancelling != b->cancelling ||
           a->extending != b->extending || a->extended_ms != b->extended_ms ||
           a->authorised.minor != b->authorised.minor;
}

/* --- forms ------------------------------------------------------------------------------------ */

void money_fail_form(struct app *app, struct form *form, const struct err *err,
                     const char *const *names)
{
    for (size_t i = 0; i < form->count && err->code == ERR_INVALID; i++) {
        size_t len = names[i] ? strlen(names[i]) : 0;
        if (len > 0 && strncmp(err->detail, names[i], len) == 0 && err->detail[len] == ':') {
            form_fail(form, i, words_of_error(app_arena(app), err, NULL).what);
            return;
        }
    }
    app_error(app, err);
}

static void say_refused(struct app *app, const struct op_request *request, const struct err *err)
{
    struct arena *arena = app_arena(app);
    struct intent holder;
    if (err->code != ERR_CONFLICT || request->kind == OP_LINK ||
        !journal_holder(app_desk(app)->journal, request->kind, request->target, arena, &holder,
                        NULL)) {
        app_error(app, err);
        return;
    }
    app_message(app, STYLE_WARN,
                text_oursf(arena, _("Nothing was sent: %s by %s since %s is not settled yet."),
                           words_op(holder.kind).bytes, text_brief(arena, holder.person, 24).bytes,
                           format_clock(arena, holder.created_ms).bytes));
}

bool money_start(struct app *app, const struct op_request *request, char form_id[UUID_SIZE],
                 char id[INTENT_ID_SIZE])
{
    struct err err = {0};
    struct op_request approved = *request;

    approved.approved_by = app_approver(app);
    if (op_start(app_desk(app)->ops, &approved, id, &err))
        return true;
    random_uuid(form_id);
    say_refused(app, request, &err);
    return false;
}

void money_follow_currency(struct form *form, size_t currency_field)
{
    char typed[CURRENCY_SIZE] = "";
    const char *text = form_text(form, currency_field);
    for (size_t i = 0; i < CURRENCY_SIZE - 1 && text[i]; i++)
        typed[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    if (strcmp(typed, form->currency) != 0)
        form_set_currency(form, typed);
}

void money_fill_amount(struct form *form, size_t amount_field, size_t currency_field,
                       const struct money *amount)
{
    char text[MONEY_TEXT_SIZE];
    if (!amount->known)
        return;
    form_set_currency(form, amount->currency);
    form_set_text(form, currency_field, amount->currency);
    form_set_text(form, amount_field, money_format(amount, format_money_style(), false, text));
}

void money_add_facts(struct app *app, struct confirm *confirm, const struct op_request *request)
{
    struct arena *arena = app_arena(app);
    const struct fact facts[] = {
        {N_("Reference"), text_clean(arena, request->reference), STYLE_NORMAL},
        {N_("Description"), text_clean(arena, request->description), STYLE_NORMAL},
        {N_("Pre-authorisation"),
         text_ours(request->is_preauth ? _("only held on the card, captured later") : ""),
         STYLE_WARN},
    };
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        if (facts[i].value.bytes[0])
            confirm->facts[confirm->fact_count++] = facts[i];
}

struct area money_paint_box(struct app *app, struct area area, int rows, enum op_kind kind)
{
    enum { BOX_COLS = 76 };
    struct area box = area_center(area, rows, BOX_COLS);
    draw_box(box, app_desk(app)->env, money_title(app, words_op(kind)));
    return area_inset(box, 1, box.cols < BOX_COLS ? 1 : 2);
}

/* --- once more -------------------------------------------------------------------------------- */

bool money_can_ask_again(const struct intent *intent)
{
    switch (intent->state) {
    case INTENT_VOID:
    case INTENT_REJECTED:
    case INTENT_DECLINED:
    case INTENT_FAILED:
    case INTENT_NOT_EXECUTED:
        return true;
    default:
        return false;
    }
}

void money_ask_again(struct app *app, void *state, const struct intent *intent)
{
    struct arena *arena = app_arena(app);
    struct intent like = *intent; /* its strings move out of the screen before that closes */
    like.target = arena_strdup(arena, like.target);
    like.reference = arena_strdup(arena, like.reference);
    like.description = arena_strdup(arena, like.description);
    app_close(app, state);
    if (like.kind == OP_CHARGE)
        money_open_charge(app, &like);
    else if (like.kind == OP_LINK)
        money_open_link(app, &like);
    else
        money_open_action(app, like.kind, like.target);
}

const char *money_or_null(const char *typed)
{
    return typed[0] ? typed : NULL;
}
