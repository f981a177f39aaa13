/* What cannot be found out by reading is closed by a named person with evidence, and stays marked
   as closed by hand. Nothing is sent. */
#include "resolve.h"

#include "money_screens.h"

#include <stdio.h>
#include <string.h>

enum { FINDING, EVIDENCE, FIELDS };
static const struct field resolve_fields[FIELDS] = {
    [FINDING] = {FIELD_CHOICE, N_("Finding"), NULL, 0, .required = true, .list = true},
    [EVIDENCE] = {FIELD_TEXT, N_("Evidence"),
                  N_("slip number, who was asked, what the provider said"), 200, .required = true},
};
/* As journal_resolve() names it in its complaints. */
static const char *const field_names[FIELDS] = {[EVIDENCE] = "evidence"};

struct resolve {
    char id[INTENT_ID_SIZE];
    struct text about; /* "Charge 45.50 EUR" */
    struct arena arena;
    struct form form;
};

static bool resolve_screen_open(struct app *app, void *state, const void *argument)
{
    struct resolve *resolve = state;
    struct intent intent;
    struct err err = {0};
    snprintf(resolve->id, sizeof resolve->id, "%s", (const char *)argument);
    if (!journal_get(app_desk(app)->journal, resolve->id, &resolve->arena, &intent, &err)) {
        app_error(app, &err);
        return false;
    }
    bool charge = intent.kind == OP_CHARGE;
    const struct option options[] = {
        {text_ours(charge ? _("the card was charged") : _("it was carried out")), text_ours(""),
         STYLE_NORMAL},
        {text_ours(charge ? _("the card was not charged") : _("it was not carried out")),
         text_ours(""), STYLE_NORMAL},
    };
    struct text amount =
        intent.amount.known ? format_money(&resolve->arena, &intent.amount) : text_ours("");
    struct text type = words_type(&resolve->arena, op_name(intent.kind));
    resolve->about = text_oursf(&resolve->arena, "%s %s", words_begin(&resolve->arena, type).bytes,
                                amount.bytes);
    form_init(&resolve->form, resolve_fields, FIELDS, "EUR");
    form_set_options(&resolve->form, FINDING, options, COUNT_OF(options));
    return true;
}

static void resolve_close(struct app *app, void *state)
{
    struct resolve *resolve = state;
    (void)app;
    form_done(&resolve->form);
    arena_done(&resolve->arena);
}

static void submit(struct app *app, struct resolve *resolve)
{
    struct err err = {0};
    bool charged = form_choice(&resolve->form, FINDING) == 0;
    if (!journal_resolve(app_desk(app)->journal, resolve->id, charged,
                         form_text(&resolve->form, EVIDENCE), &err)) {
        money_fail_form(app, &resolve->form, &err, field_names);
        return;
    }
    app_close(app, resolve);
    app_message(app, STYLE_GOOD,
                text_ours(_("Closed by hand. If the API tells otherwise later, it comes back.")));
}

static bool resolve_key(struct app *app, void *state, uint32_t key)
{
    struct resolve *resolve = state;
    enum form_result result = form_key(&resolve->form, key);
    if (result == FORM_SUBMIT)
        submit(app, resolve);
    else if (result == FORM_CANCEL)
        app_close(app, resolve);
    return true;
}

static void resolve_paste(struct app *app, void *state, struct text text)
{
    (void)app;
    form_paste(&((struct resolve *)state)->form, text);
}

static void resolve_paint(struct app *app, void *state, struct area area)
{
    enum { BOX_COLS = 76, MORE_ROWS = 7 };
    struct resolve *resolve = state;
    struct area box = area_center(area, form_rows(&resolve->form) + MORE_ROWS, BOX_COLS);
    draw_box(box, app_desk(app)->env, money_title(app, text_ours(_("Close by hand"))));
    struct area inner = area_inset(box, 1, 2);
    int row = draw_wrapped(inner, 0, 0, STYLE_STRONG, resolve->about);
    row = draw_wrapped(inner, row, 0, STYLE_NORMAL,
                       text_ours(_("Only with evidence in hand. Your name and what you write here "
                                   "stay in the journal; nothing is sent.")));
    form_paint(&resolve->form, area_rows(inner, row + 1, inner.rows - row - 2));
    draw_text(inner, inner.rows - 1, 0, STYLE_KEY, text_ours(_("F2 Close it   Esc Back")));
}

static const struct screen screen_resolve = {
    .title = N_("Close by hand"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct resolve),
    .open = resolve_screen_open,
    .close = resolve_close,
    .paint = resolve_paint,
    .key = resolve_key,
    .paste = resolve_paste,
};

void resolve_open(struct app *app, const char *intent_id)
{
    app_push(app, &screen_resolve, intent_id);
}
