/* A payment link: the form that asks for one, and the screen that shows it with its QR code until
   it is paid. */
#include "money_screens.h"
#include "qr.h"

#include <stdio.h>
#include <string.h>

/* --- the form --------------------------------------------------------------------------------- */

enum { AMOUNT, CURRENCY, REFERENCE, DESCRIPTION, PREAUTH, FIELDS };
static const struct field link_fields[FIELDS] = {
    [AMOUNT] = {.kind = FIELD_AMOUNT, .label = N_("Amount"), .max = 20, .required = true},
    [CURRENCY] = {.kind = FIELD_TEXT, .label = N_("Currency"), .max = 3, .required = true},
    [REFERENCE] = {.kind = FIELD_TEXT,
                   .label = N_("Reference"),
                   .hint = N_("booking or invoice, to find it again"),
                   .max = 60},
    [DESCRIPTION] = {.kind = FIELD_TEXT,
                     .label = N_("Description"),
                     .hint = N_("what it is for"),
                     .max = 140},
    [PREAUTH] = {.kind = FIELD_YESNO,
                 .label = N_("Pre-authorise"),
                 .hint = N_("yes: only holds the amount; capture it later")},
};
static const char *const field_names[FIELDS] = {[AMOUNT] = "amount",
                                                [CURRENCY] = "currency",
                                                [REFERENCE] = "reference",
                                                [DESCRIPTION] = "description"};

struct link_form {
    struct form form;
    char form_id[UUID_SIZE];
    struct money amount; /* as reviewed */
};

static bool link_open(struct app *app, void *state, const void *argument)
{
    struct link_form *link = state;
    const struct intent *like = argument;
    (void)app;
    form_init(&link->form, link_fields, FIELDS, "EUR");
    form_set_text(&link->form, CURRENCY, "EUR");
    if (like) {
        money_fill_amount(&link->form, AMOUNT, CURRENCY, &like->amount);
        form_set_text(&link->form, REFERENCE, like->reference ? like->reference : "");
        form_set_text(&link->form, DESCRIPTION, like->description ? like->description : "");
        form_set_choice(&link->form, PREAUTH, like->is_preauth);
    }
    random_uuid(link->form_id);
    return true;
}

static void link_close(struct app *app, void *state)
{
    (void)app;
    form_done(&((struct link_form *)state)->form);
}

static struct op_request request_of(const struct link_form *link)
{
    struct op_request request = {
        .kind = OP_LINK,
        .amount = link->amount,
        .reference = money_or_null(form_text(&link->form, REFERENCE)),
        .description = money_or_null(form_text(&link->form, DESCRIPTION)),
        .is_preauth = form_yes(&link->form, PREAUTH),
    };
    memcpy(request.form_id, link->form_id, sizeof request.form_id);
    return request;
}

static void confirmed(struct app *app, void *ctx, bool yes)
{
    struct link_form *link = ctx;
    struct op_request request = request_of(link);
    char id[INTENT_ID_SIZE];
    if (!yes)
        return;
    if (!money_start(app, &request, link->form_id, id))
        return;
    app_close(app, link);
    money_follow(app, id);
}

static void submit(struct app *app, struct link_form *link)
{
    struct desk *desk = app_desk(app);
    struct err err;
    if (!form_amount(&link->form, AMOUNT, &link->amount))
        return;
    struct op_request request = request_of(link);
    if (!op_check(&request, desk->env, desk->webcode, &err)) {
        money_fail_form(app, &link->form, &err, field_names);
        return;
    }
    struct confirm confirm = {.kind = OP_LINK,
                              .amount = link->amount,
                              .warning = text_ours(""),
                              .done = confirmed,
                              .ctx = link};
    money_add_facts(app, &confirm, &request);
    dialog_confirm(app, &confirm);
}

static bool link_key(struct app *app, void *state, uint32_t key)
{
    struct link_form *link = state;
    enum form_result result = form_key(&link->form, key);
    if (result == FORM_CANCEL) {
        app_close(app, link);
        return true;
    }
    money_follow_currency(&link->form, CURRENCY);
    if (result == FORM_SUBMIT)
        submit(app, link);
    app_dirty(app);
    return result != FORM_IGNORED;
}

static void link_paste(struct app *app, void *state, struct text text)
{
    struct link_form *link = state;
    form_paste(&link->form, text);
    money_follow_currency(&link->form, CURRENCY);
    app_dirty(app);
}

static void link_paint(struct app *app, void *state, struct area area)
{
    struct link_form *link = state;
    struct area inside = money_paint_box(app, area, form_rows(&link->form) + 4, OP_LINK);
    form_paint(&link->form, area_rows(inside, 1, inside.rows - 2));
    draw_text(inside, inside.rows - 1, 0, STYLE_KEY,
              text_ours(_("Enter next field   F2 review   Esc close")));
}

static const struct screen screen_link = {
    .title = N_("Payment link"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct link_form),
    .open = link_open,
    .close = link_close,
    .key = link_key,
    .paste = link_paste,
    .paint = link_paint,
};

void money_open_link(struct app *app, const struct intent *like)
{
    app_push(app, &screen_link, like);
}
