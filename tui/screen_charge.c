/* A charge on a terminal: the form, the questions that stop a mistake, and the review. What happens
   after that is screen_follow.c. */
#include "money_screens.h"

#include <stdio.h>
#include <string.h>

enum { TERMINAL, AMOUNT, CURRENCY, REFERENCE, DESCRIPTION, PREAUTH, FIELDS };
static const struct field charge_fields[FIELDS] = {
    [TERMINAL] = {.kind = FIELD_CHOICE, .label = N_("Terminal"), .required = true, .list = true},
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
/* How the core's complaints name these fields. */
static const char *const field_names[FIELDS] = {[TERMINAL] = "target",
                                                [AMOUNT] = "amount",
                                                [CURRENCY] = "currency",
                                                [REFERENCE] = "reference",
                                                [DESCRIPTION] = "description"};

enum { NAME_CELLS = 32, PERSON_CELLS = 24 }; /* of what others named, in lines of ours */

/* What is asked between form and review, in this order. */
enum question_step { ASK_BUSY, ASK_OFFLINE, ASK_REPEAT, ASK_CONFIRM };

struct charge {
    struct field fields[FIELDS]; /* with the hint of this environment */
    struct form form;
    struct terminal_page terminals;
    char poi[129];   /* chosen; survives a new list of terminals */
    char asked[129]; /* poi as reviewed: a list that comes meanwhile may move the other */
    char form_id[UUID_SIZE];
    char holder[INTENT_ID_SIZE];  /* the charge that keeps this terminal busy */
    char repeats[INTENT_ID_SIZE]; /* the earlier charge that was asked about */
    struct money amount;          /* as reviewed */
    enum question_step step;
};

/* --- terminals -------------------------------------------------------------------------------- */

static const struct terminal_row *chosen(const struct charge *charge)
{
    for (size_t i = 0; i < charge->terminals.count; i++)
        if (strcmp(charge->terminals.rows[i].terminal.poi_id, charge->poi) == 0)
            return &charge->terminals.rows[i];
    return NULL;
}

static struct text terminal_name(struct arena *arena, const struct terminal_row *row)
{
    const struct terminal *terminal = &row->terminal;
    return text_brief(arena, terminal->name ? terminal->name : terminal->poi_id, NAME_CELLS);
}

/* "in use 14:02:10 Ana" before "offline": that one cannot be charged at all. */
static struct option option_of(struct app *app, struct arena *arena, const struct terminal_row *row)
{
    struct option option = {.label = terminal_name(arena, row), .style = STYLE_DIM};
    struct intent holder;
    if (journal_holder(app_desk(app)->journal, OP_CHARGE, row->terminal.poi_id, arena, &holder,
                       NULL)) {
        const char *person = text_brief(arena, holder.person, PERSON_CELLS).bytes;
        const char *since = format_clock(arena, holder.created_ms).bytes;
        option.style = STYLE_WARN;
        option.note = holder.state == INTENT_UNKNOWN
                          ? text_oursf(arena, _("UNKNOWN %s %s"), since, person)
                          : text_oursf(arena, _("in use %s %s"), since, person);
    } else if (row->online == 0) {
        option.style = STYLE_WARN;
        option.note = text_ours(_("offline"));
    } else {
        option.style = row->online > 0 ? STYLE_GOOD : STYLE_DIM;
        option.note = text_ours(row->online > 0 ? _("online") : _("not known whether online"));
    }
    return option;
}

static void remember_choice(struct charge *charge)
{
    int choice = form_choice(&charge->form, TERMINAL);
    if (choice >= 0 && (size_t)choice < charge->terminals.count)
        snprintf(charge->poi, sizeof charge->poi, "%s",
                 charge->terminals.rows[choice].terminal.poi_id);
}

static void load_terminals(struct app *app, struct charge *charge)
{
    struct arena *arena = app_arena(app);
    struct err err;
    terminal_page_done(&charge->terminals);
    if (!cache_terminals(app_desk(app)->cache, &charge->terminals, &err))
        app_error(app, &err);
    size_t count = charge->terminals.count;
    struct option *options = arena_alloc(arena, (count + 1) * sizeof *options);
    int choice = -1;
    for (size_t i = 0; i < count; i++) {
        options[i] = option_of(app, arena, &charge->terminals.rows[i]);
        if (strcmp(charge->terminals.rows[i].terminal.poi_id, charge->poi) == 0)
            choice = (int)i;
    }
    form_set_options(&charge->form, TERMINAL, options, count);
    form_set_choice(&charge->form, TERMINAL, count == 1 ? 0 : choice);
}

/* --- the form --------------------------------------------------------------------------------- */

static void fill_in(struct charge *charge, const struct intent *like)
{
    snprintf(charge->poi, sizeof charge->poi, "%s", like->target ? like->target : "");
    money_fill_amount(&charge->form, AMOUNT, CURRENCY, &like->amount);
    form_set_text(&charge->form, REFERENCE, like->reference ? like->reference : "");
    form_set_text(&charge->form, DESCRIPTION, like->description ? like->description : "");
    form_set_choice(&charge->form, PREAUTH, like->is_preauth);
}

static bool charge_open(struct app *app, void *state, const void *argument)
{
    struct charge *charge = state;
    const struct config *config = app_config(app);
    memcpy(charge->fields, charge_fields, sizeof charge_fields);
    if (app_desk(app)->env == ENV_TRAINING)
        charge->fields[AMOUNT].hint = N_("training: 01 refused, 02 cancelled, 06 lost answer");
    form_init(&charge->form, charge->fields, FIELDS, "EUR");
    form_set_text(&charge->form, CURRENCY, "EUR");
    if (config->terminal)
        snprintf(charge->poi, sizeof charge->poi, "%s", config->terminal);
    if (argument)
        fill_in(charge, argument);
    random_uuid(charge->form_id);
    sync_terminals(app_desk(app)->sync, true);
    load_terminals(app, charge);
    if (chosen(charge))
        form_activate(&charge->form, AMOUNT);
    return true;
}

static void charge_close(struct app *app, void *state)
{
    struct charge *charge = state;
    (void)app;
    form_done(&charge->form);
    terminal_page_done(&charge->terminals);
}

static void charge_reload(struct app *app, void *state, unsigned bits)
{
    (void)bits;
    remember_choice(state);
    load_terminals(app, state);
}

static struct op_request request_of(const struct charge *charge)
{
    struct op_request request = {
        .kind = OP_CHARGE,
        .target = charge->asked,
        .amount = charge->amount,
        .reference = money_or_null(form_text(&charge->form, REFERENCE)),
        .description = money_or_null(form_text(&charge->form, DESCRIPTION)),
        .is_preauth = form_yes(&charge->form, PREAUTH),
    };
    memcpy(request.form_id, charge->form_id, sizeof request.form_id);
    memcpy(request.repeats, charge->repeats, sizeof request.repeats);
    request.has_asked = true;
    return request;
}

/* --- questions -------------------------------------------------------------------------------- */

static void ask_next(struct app *app, struct charge *charge);

static void answered(struct app *app, void *ctx, bool yes)
{
    struct charge *charge = ctx;
    if (!yes)
        return;
    if (charge->step == ASK_BUSY) {
        char id[INTENT_ID_SIZE];
        memcpy(id, charge->holder, sizeof id);
        app_close(app, charge);
        money_follow(app, id);
        return;
    }
    charge->step++;
    ask_next(app, charge);
}

/* Each question has a yes of its own: the habit of pressing y leads nowhere. */
static void ask(struct app *app, struct charge *charge, const char *title, struct text body)
{
    static const struct {
        uint32_t yes;
        const char *hint;
    } answers[] = {[ASK_BUSY] = {'g', N_("g Go there   n Back")},
                   [ASK_OFFLINE] = {'o', N_("o Charge on it although offline   n Back")},
                   [ASK_REPEAT] = {'2', N_("2 Charge a second time   n Back")}};
    dialog_ask(app, &(struct question){.title = money_title(app, text_ours(title)),
                                       .body = body,
                                       .yes = answers[charge->step].yes,
                                       .hint = answers[charge->step].hint,
                                       .done = answered,
                                       .ctx = charge});
}

/* Each question: true when it had to be asked. */
static bool ask_busy(struct app *app, struct charge *charge)
{
    struct arena *arena = app_arena(app);
    struct intent holder;
    if (!journal_holder(app_desk(app)->journal, OP_CHARGE, charge->poi, arena, &holder, NULL))
        return false;
    memcpy(charge->holder, holder.id, sizeof charge->holder);
    struct text until =
        holder.quiet_until_ms
            ? text_oursf(arena, _("It may last until %s. Another terminal is free to be used. "),
                         format_clock(arena, holder.quiet_until_ms).bytes)
            : text_ours("");
    ask(app, charge, _("This terminal is busy"),
        text_oursf(arena,
                   _("A charge on it is not settled yet. One terminal takes one charge at a "
                     "time. %s\n\nAmount: %s\nBy: %s\nSince: %s (%s)\n\nGo to that charge?"),
                   until.bytes, format_money(arena, &holder.amount).bytes,
                   text_brief(arena, holder.person, PERSON_CELLS).bytes,
                   format_clock(arena, holder.created_ms).bytes,
                   words_intent_state(holder.state).bytes));
    return true;
}

static bool ask_offline(struct app *app, struct charge *charge)
{
    const struct terminal_row *row = chosen(charge);
    struct arena *arena = app_arena(app);
    if (!row || row->online != 0)
        return false;
    ask(app, charge, _("This terminal is offline"),
        text_oursf(arena,
                   _("%s was not connected at %s. A charge will most likely end without an "
                     "outcome, and it takes minutes to verify that nothing was charged. "
                     "Wake the terminal, or take another one.\n\nCharge on it all the same?"),
                   terminal_name(arena, row).bytes, format_clock(arena, row->online_ms).bytes));
    return true;
}

static bool ask_repeat(struct app *app, struct charge *charge)
{
    struct op_request request = request_of(charge);
    struct arena *arena = app_arena(app);
    struct intent earlier;
    if (!op_find_duplicate(app_desk(app)->ops, &request, arena, &earlier) ||
        strcmp(earlier.id, charge->repeats) == 0)
        return false;
    memcpy(charge->repeats, earlier.id, sizeof charge->repeats);
    ask(app, charge, _("A second charge?"),
        text_oursf(arena,
                   _("This looks like a charge that was made before:\n\nAmount: %s\nTime: %s\n"
                     "By: %s\nReference: %s\nOutcome: %s\n\n"
                     "Has the guest really to pay a second time?"),
                   format_money(arena, &earlier.amount).bytes,
                   format_when_utc(arena, earlier.created_ms).bytes,
                   text_brief(arena, earlier.person, PERSON_CELLS).bytes,
                   earlier.reference ? text_brief(arena, earlier.reference, NAME_CELLS).bytes : "-",
                   words_outcome(&earlier).bytes));
    return true;
}

static void confirmed(struct app *app, void *ctx, bool yes)
{
    struct charge *charge = ctx;
    struct op_request request = request_of(charge);
    char id[INTENT_ID_SIZE];
    if (!yes)
        return;
    charge->step = ASK_REPEAT; /* another console may have charged it since it was asked */
    if (ask_repeat(app, charge) || !money_start(app, &request, charge->form_id, id))
        return;
    app_close(app, charge);
    money_follow(app, id);
}

static bool review(struct app *app, struct charge *charge)
{
    struct op_request request = request_of(charge);
    struct confirm confirm = {.kind = OP_CHARGE,
                              .amount = charge->amount,
                              .warning = text_ours(""),
                              .done = confirmed,
                              .ctx = charge};
    confirm.facts[confirm.fact_count++] =
        (struct fact){N_("Terminal"), money_terminal_name(app, charge->asked), STYLE_STRONG};
    money_add_facts(app, &confirm, &request);
    dialog_confirm(app, &confirm);
    return true;
}

static void ask_next(struct app *app, struct charge *charge)
{
    static bool (*const questions[])(struct app *, struct charge *) = {[ASK_BUSY] = ask_busy,
                                                                       [ASK_OFFLINE] = ask_offline,
                                                                       [ASK_REPEAT] = ask_repeat,
                                                                       [ASK_CONFIRM] = review};
    while (!questions[charge->step](app, charge))
        charge->step++;
}

static void submit(struct app *app, struct charge *charge)
{
    struct desk *desk = app_desk(app);
    struct err err;
    remember_choice(charge);
    if (!form_amount(&charge->form, AMOUNT, &charge->amount))
        return;
    memcpy(charge->asked, charge->poi, sizeof charge->asked);
    struct op_request request = request_of(charge);
    if (!op_check(&request, desk->env, desk->webcode, &err)) {
        money_fail_form(app, &charge->form, &err, field_names);
        return;
    }
    charge->step = ASK_BUSY;
    charge->repeats[0] = '\0';
    ask_next(app, charge);
}

/* --- keys and drawing ------------------------------------------------------------------------- */

static bool charge_key(struct app *app, void *state, uint32_t key)
{
    struct charge *charge = state;
    enum form_result result = form_key(&charge->form, key);
    if (result == FORM_IGNORED)
        return false;
    if (result == FORM_CANCEL) {
        app_close(app, charge);
        return true;
    }
    money_follow_currency(&charge->form, CURRENCY);
    if (result == FORM_SUBMIT)
        submit(app, charge);
    app_dirty(app);
    return true;
}

static void charge_paste(struct app *app, void *state, struct text text)
{
    struct charge *charge = state;
    form_paste(&charge->form, text);
    money_follow_currency(&charge->form, CURRENCY);
    app_dirty(app);
}

static void charge_paint(struct app *app, void *state, struct area area)
{
    struct charge *charge = state;
    struct area inside = money_paint_box(app, area, form_rows(&charge->form) + 4, OP_CHARGE);
    int row = form_paint(&charge->form, area_rows(inside, 1, inside.rows - 2));
    if (charge->terminals.count == 0)
        draw_text(inside, row + 1, 0, STYLE_DIM, text_ours(_("Asking for the terminals…")));
    draw_text(inside, inside.rows - 1, 0, STYLE_DIM,
              text_ours(_("Enter next field   F2 review   Esc close")));
}

static const struct screen screen_charge = {
    .title = N_("Charge"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct charge),
    .changes = CHANGED_TERMINALS | CHANGED_JOURNAL,
    .open = charge_open,
    .close = charge_close,
    .reload = charge_reload,
    .key = charge_key,
    .paste = charge_paste,
    .paint = charge_paint,
};

void money_open_charge(struct app *app, const struct intent *like)
{
    app_push(app, &screen_charge, like);
}
