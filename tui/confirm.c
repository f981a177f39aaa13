/* The one way to confirm money. See dialog.h for the gestures, and why a key can come too early. */
#include "approve.h"

#include "large.h"
#include "prompt.h"
#include "words.h"

#include <string.h>

enum { DEAD_MS = 400, BOX_COLS = 64, LABEL_COLS = 20 };

enum gesture { GESTURE_SMALL_Y, GESTURE_BIG_Y, GESTURE_AMOUNT };

struct confirm_state {
    struct confirm confirm;
    struct arena arena;
    enum gesture gesture;
    struct prompt typed;
    uint32_t opening_key;
    struct loop_timer *deaf; /* until keys count */
    bool awake;
    bool approval; /* a supervisor is asked after the yes */
    struct text hint;
};

static enum gesture choose_gesture(struct app *app, const struct confirm *confirm)
{
    bool by_amount[OP_KINDS] = {[OP_REFUND] = true, [OP_CAPTURE] = true, [OP_CANCEL] = true};
    int64_t limit = app_config(app)->confirm_limit;
    const struct money *amount = &confirm->amount;
    if (app_desk(app)->env != ENV_LIVE)
        return GESTURE_SMALL_Y;
    if (amount->known && (by_amount[confirm->kind] || (limit > 0 && amount->minor > limit)))
        return GESTURE_AMOUNT;
    return GESTURE_BIG_Y;
}

static struct text keep(struct confirm_state *state, struct text text)
{
    return (struct text){arena_strdup(&state->arena, text.bytes ? text.bytes : "")};
}

static bool confirm_open(struct app *app, void *untyped, const void *argument)
{
    struct confirm_state *state = untyped;
    state->confirm = *(const struct confirm *)argument;
    state->approval = approve_is_needed(app, state->confirm.kind, &state->confirm.amount);
    if (state->approval && !approve_is_possible(app, state->confirm.kind, &state->confirm.amount))
        return false;
    for (size_t i = 0; i < state->confirm.fact_count; i++)
        state->confirm.facts[i].value = keep(state, state->confirm.facts[i].value);
    state->confirm.warning = keep(state, state->confirm.warning);
    state->hint = text_ours(state->approval ? _("Then a supervisor approves, by PIN.") : "");
    state->gesture = choose_gesture(app, &state->confirm);
    state->opening_key = app_last_key(app);
    prompt_init(&state->typed, NULL, 24);
    return true;
}

static void confirm_close(struct app *app, void *untyped)
{
    struct confirm_state *state = untyped;
    loop_timer_stop(app_loop(app), state->deaf);
    arena_done(&state->arena);
}

/* What was typed in the deaf moment and has not been read yet, as the program was busy, was not
   meant for it either: no clock makes a key count, but that nothing older is waiting. */
static void wake_up(void *untyped)
{
    struct confirm_state *state = untyped;
    state->deaf = NULL;
    state->awake = true;
    term_drop_input();
}

/* The frame has left, the first or one after the screen was torn down: whatever was typed until now
   was not meant for it. */
static void confirm_painted(struct app *app, void *untyped)
{
    struct confirm_state *state = untyped;
    term_drop_input();
    state->awake = false;
    loop_timer_stop(app_loop(app), state->deaf);
    state->deaf = loop_timer_start(app_loop(app), DEAD_MS, wake_up, state);
}

static void finish(struct app *app, struct confirm_state *state, bool confirmed)
{
    struct confirm confirm = state->confirm;
    bool approval = confirmed && state->approval;
    if (approval) {
        approve_ask(app, &confirm);
        app_remove(app, state);
        return;
    }
    app_close(app, state);
    confirm.done(app, confirm.ctx, confirmed);
}

static void confirm_too_small(struct app *app, void *untyped)
{
    finish(app, untyped, false);
}

/* --- keys --------------------------------------------------------------------------------- */

static void try_amount(struct app *app, struct confirm_state *state)
{
    struct money money;
    int64_t readings[2];
    const struct money *amount = &state->confirm.amount;
    if (state->typed.len == 0) {
        state->hint = text_ours(_("Nothing was sent. Type the amount to confirm."));
    } else if (!money_parse(state->typed.text, amount->currency, format_money_style(), &money,
                            readings, NULL) ||
               money.minor != amount->minor) {
        state->hint = text_ours(_("That is another amount. Nothing was sent."));
        prompt_init(&state->typed, NULL, 24);
    } else {
        finish(app, state, true);
    }
}

static bool confirm_key(struct app *app, void *untyped, uint32_t key)
{
    struct confirm_state *state = untyped;
    uint32_t yes = state->gesture == GESTURE_BIG_Y ? 'Y' : 'y';
    if (!state->awake)
        return true;
    if (key == KEY_ESC || key == KEY_FN + 10)
        finish(app, state, false);
    else if (state->gesture == GESTURE_AMOUNT && key == KEY_RETURN)
        try_amount(app, state);
    else if (state->gesture == GESTURE_AMOUNT)
        prompt_key(&state->typed, key);
    else if (key == yes && key != state->opening_key)
        finish(app, state, true);
    else if (key == 'n' || key == 'N')
        finish(app, state, false);
    else
        state->hint = text_oursf(&state->arena, _("Nothing was sent. Only %c confirms."), (int)yes);
    return true;
}

static void confirm_paste(struct app *app, void *untyped, struct text text)
{
    (void)app, (void)text;
    struct confirm_state *state = untyped;
    state->hint = text_ours(_("Pasted text confirms nothing."));
}

/* --- painting ----------------------------------------------------------------------------- */

static int paint_facts(const struct confirm_state *state, struct area area, int row)
{
    for (size_t i = 0; i < state->confirm.fact_count; i++) {
        const struct fact *fact = &state->confirm.facts[i];
        draw_field(area_cell(area, row, 0, LABEL_COLS - 1), ALIGN_LEFT, STYLE_DIM,
                   text_ours(_(fact->label)));
        draw_field(area_cell(area, row++, LABEL_COLS, area.cols - LABEL_COLS), ALIGN_LEFT,
                   fact->style, fact->value);
    }
    return row;
}

static void paint_gesture(struct app *app, struct confirm_state *state, struct area line)
{
    static const char *const words[] = {
        [GESTURE_SMALL_Y] = N_("y Confirm   n Back"),
        [GESTURE_BIG_Y] = N_("Y (capital) Confirm   n Back"),
        [GESTURE_AMOUNT] = N_("Type the amount, then Enter   Esc Back"),
    };
    enum env env = app_desk(app)->env;
    int col = draw_text(line, 0, 0, style_of_env(env), app_env_word(app, app_arena(app))) + 2;
    col = draw_text(line, 0, col, STYLE_KEY, text_ours(_(words[state->gesture]))) + 2;
    if (state->gesture == GESTURE_AMOUNT && line.cols - col >= 8) {
        struct area place = {line.grid, line.row, line.col + col, 1, line.cols - col};
        prompt_paint(&state->typed, place, true);
    }
}

/* With the amount in plain figures: the large ones are a picture to a screen reader, and to a
   terminal without block characters nothing. */
static struct text title(struct app *app, const struct confirm *confirm)
{
    struct arena *arena = app_arena(app);
    struct text op = words_op(confirm->kind), env = app_env_word(app, arena);
    if (!confirm->amount.known)
        return text_oursf(arena, "%s %s", op.bytes, env.bytes);
    return text_oursf(arena, "%s %s %s", op.bytes, format_money(arena, &confirm->amount).bytes,
                      env.bytes);
}

static void confirm_paint(struct app *app, void *untyped, struct area area)
{
    struct confirm_state *state = untyped;
    const struct confirm *confirm = &state->confirm;
    struct arena *arena = app_arena(app);
    int warning = draw_wrapped_rows(BOX_COLS - 4, confirm->warning);
    int wanted = 2 + 1 + LARGE_ROWS + 1 + (int)confirm->fact_count + 1 + warning + 2;
    struct area box = area_center(area, wanted < area.rows ? wanted : area.rows, BOX_COLS);
    bool tight = wanted > area.rows,
         blocks = !tight && large_has_blocks(app_config(app)->ascii_borders);
    draw_box(box, app_desk(app)->env, title(app, confirm));
    struct area inner = area_inset(box, 1, 2);
    int row = tight ? 0 : 1;
    if (confirm->amount.known) {
        struct text amount = format_money(arena, &confirm->amount);
        int col = (inner.cols - large_width(amount, blocks)) / 2;
        row = large_draw(inner, tight ? -1 : row, col, STYLE_STRONG, amount, blocks) + !tight;
        row = tight ? 1 : row;
    }
    row = paint_facts(state, inner, row) + (tight ? 0 : 1);
    draw_wrapped(area_rows(inner, row, inner.rows - 2 - row), 0, 0, STYLE_WARN, confirm->warning);
    draw_text(inner, inner.rows - 2, 0, STYLE_WARN, state->hint);
    paint_gesture(app, state, area_rows(inner, inner.rows - 1, 1));
}

static const struct screen screen_confirm = {
    .title = N_("Confirm"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct confirm_state),
    .open = confirm_open,
    .close = confirm_close,
    .paint = confirm_paint,
    .painted = confirm_painted,
    .key = confirm_key,
    .paste = confirm_paste,
    .min_rows = 14,
    .min_cols = 60,
    .too_small = confirm_too_small,
};

void dialog_confirm(struct app *app, const struct confirm *confirm)
{
    app_push(app, &screen_confirm, confirm);
}
