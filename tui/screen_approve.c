/* Above what the operator may do alone a second person approves: a supervisor, by name and PIN, who
   sees the amount once more. It stands between the operator's own yes and the sending, so that what
   was approved is what is sent. */
#include "app_internal.h"

#include "approve.h"
#include "prompt.h"
#include "words.h"

#include <string.h>

enum { DEAD_MS = 400, BOX_COLS = 64, LABEL_COLS = 20 };

struct approve {
    struct app *app;
    struct confirm confirm; /* of its facts the first: the terminal or the payment */
    struct arena arena;
    const char *const *names; /* of the configuration */
    size_t chosen;
    struct pin_entry pin;
    const char *hint; /* untranslated */
    bool awake;
    struct loop_timer *deaf; /* until keys count: the y before it was meant for the question */
    struct loop_timer *calm; /* until the next PIN is looked at */
};

/* --- who -------------------------------------------------------------------------------------- */

/* The next one who may approve, from this one on, in this direction; SIZE_MAX: nobody may. */
static size_t find_approver(const struct op_permit *permit, size_t from, bool back)
{
    size_t count = 0;
    while (permit->supervisors && permit->supervisors[count])
        count++;
    for (size_t i = 0; i < count; i++) {
        size_t at = back ? (from + count - i % count) % count : (from + i) % count;
        if (op_may_approve(permit, permit->supervisors[at]))
            return at;
    }
    return SIZE_MAX;
}

bool approve_is_needed(struct app *app, enum op_kind kind, const struct money *amount)
{
    return !op_within_limit(&app_config(app)->permit, kind, amount);
}

bool approve_is_possible(struct app *app, enum op_kind kind, const struct money *amount)
{
    const struct op_permit *permit = &app_config(app)->permit;
    if (find_approver(permit, 0, false) != SIZE_MAX)
        return true;
    app_message(app, STYLE_WARN,
                text_oursf(app_arena(app),
                           _("%s, and the configuration names no supervisor with a PIN. Nothing "
                             "was sent."),
                           roles_why_limit(app_arena(app), permit, kind, amount).bytes));
    return false;
}

const char *app_approver(struct app *app)
{
    return app->approver;
}

/* --- keys ------------------------------------------------------------------------------------- */

static void finish(struct app *app, struct approve *approve, const char *approver)
{
    struct confirm confirm = approve->confirm;
    app_close(app, approve);
    app->approver = approver;
    confirm.done(app, confirm.ctx, approver != NULL);
    app->approver = NULL;
}

static void calm(void *ctx)
{
    struct approve *approve = ctx;
    approve->calm = NULL;
    approve->hint = "";
    app_dirty(approve->app);
}

static void try_pin(struct app *app, struct approve *approve)
{
    const char *name = approve->names[approve->chosen];
    const struct operator_row *row = roles_find(&app_config(app)->roles, name);
    enum pin_answer answer = pin_check(&app->pin_guard, row->pin, approve->pin.typed);
    pin_wipe(&approve->pin, sizeof approve->pin);
    if (answer == PIN_RIGHT) {
        finish(app, approve, name);
    } else if (answer == PIN_UNCHECKED) {
        approve->hint = N_("Too little memory to check the PIN just now. Try again.");
    } else {
        approve->hint = N_("Not that PIN; nothing was sent. The next one in a moment.");
        loop_timer_stop(app->loop, approve->calm);
        approve->calm = loop_timer_start(app->loop, pin_wait_ms(&app->pin_guard), calm, approve);
    }
}

static void choose(struct app *app, struct approve *approve, bool back)
{
    const struct op_permit *permit = &app_config(app)->permit;
    size_t count = 0;
    while (approve->names[count])
        count++;
    pin_wipe(&approve->pin, sizeof approve->pin);
    approve->chosen =
        find_approver(permit, (approve->chosen + (back ? count - 1 : 1)) % count, back);
}

static bool approve_key(struct app *app, void *untyped, uint32_t key)
{
    struct approve *approve = untyped;
    if (!approve->awake)
        return true;
    if (key == KEY_ESC || key == KEY_FN + 10)
        finish(app, approve, NULL);
    else if (key == KEY_RETURN && approve->pin.len > 0 && !approve->calm)
        try_pin(app, approve);
    else if (key == KEY_ARROW_DOWN || key == KEY_TAB)
        choose(app, approve, false);
    else if (key == KEY_ARROW_UP || key == KEY_BACKTAB)
        choose(app, approve, true);
    else
        pin_entry_key(&approve->pin, key);
    return true;
}

static void approve_paste(struct app *app, void *untyped, struct text text)
{
    (void)app, (void)text;
    ((struct approve *)untyped)->hint = N_("A PIN is typed, not pasted.");
}

/* --- open and closed -------------------------------------------------------------------------- */

static bool approve_open(struct app *app, void *untyped, const void *argument)
{
    struct approve *approve = untyped;
    const struct op_permit *permit = &app_config(app)->permit;
    approve->app = app;
    approve->confirm = *(const struct confirm *)argument;
    if (approve->confirm.fact_count > 0)
        approve->confirm.facts[0].value.bytes =
            arena_strdup(&approve->arena, approve->confirm.facts[0].value.bytes);
    approve->names = permit->supervisors;
    approve->chosen = find_approver(permit, 0, false); /* approve_is_possible() was asked */
    approve->hint = "";
    return true;
}

static void approve_close(struct app *app, void *untyped)
{
    struct approve *approve = untyped;
    loop_timer_stop(app_loop(app), approve->deaf);
    loop_timer_stop(app_loop(app), approve->calm);
    pin_wipe(&approve->pin, sizeof approve->pin);
    arena_done(&approve->arena);
}

static void wake_up(void *ctx)
{
    struct approve *approve = ctx;
    approve->deaf = NULL;
    approve->awake = true;
    term_drop_input();
}

static void approve_painted(struct app *app, void *untyped)
{
    struct approve *approve = untyped;
    term_drop_input();
    approve->deaf = loop_timer_start(app_loop(app), DEAD_MS, wake_up, approve);
}

static void approve_too_small(struct app *app, void *untyped)
{
    finish(app, untyped, NULL);
}

/* --- drawing ---------------------------------------------------------------------------------- */

static void paint_label(struct area area, int row, const char *label, enum style style,
                        struct text value)
{
    draw_field(area_cell(area, row, 0, LABEL_COLS - 1), ALIGN_LEFT, STYLE_DIM, text_ours(label));
    draw_field(area_cell(area, row, LABEL_COLS, area.cols - LABEL_COLS), ALIGN_LEFT, style, value);
}

static bool has_choice(const struct op_permit *permit, size_t chosen)
{
    size_t next = find_approver(permit, chosen + 1, false);
    return next != chosen && next != SIZE_MAX;
}

static void approve_paint(struct app *app, void *untyped, struct area area)
{
    const struct approve *approve = untyped;
    const struct confirm *confirm = &approve->confirm;
    const struct op_permit *permit = &app_config(app)->permit;
    struct arena *arena = app_arena(app);
    char stars[PIN_MAX + 1] = "";
    struct area box = area_center(area, 13, BOX_COLS);
    draw_box(
        box, app_desk(app)->env,
        text_oursf(arena, "%s %s", _("A supervisor approves"), app_env_word(app, arena).bytes));
    struct area inner = area_inset(box, 1, 2);
    int row =
        draw_wrapped(
            inner, 0, 0, STYLE_WARN,
            text_oursf(arena, "%s.",
                       roles_why_limit(arena, permit, confirm->kind, &confirm->amount).bytes)) +
        1;
    paint_label(inner, row++, words_op(confirm->kind).bytes, STYLE_STRONG,
                format_money(arena, &confirm->amount));
    if (confirm->fact_count > 0)
        paint_label(inner, row++, _(confirm->facts[0].label), STYLE_NORMAL,
                    confirm->facts[0].value);
    paint_label(inner, row++, _("Asked for by"), STYLE_NORMAL, text_clean(arena, permit->person));
    paint_label(inner, row++, _("Supervisor"), STYLE_STRONG,
                text_clean(arena, approve->names[approve->chosen]));
    memset(stars, '*', approve->pin.len);
    paint_label(inner, row, _("PIN"), STYLE_FIELD, text_oursf(arena, "%s", stars));
    draw_cursor(inner, row, LABEL_COLS + (int)approve->pin.len);
    draw_text(inner, inner.rows - 2, 0, STYLE_WARN, text_ours(_(approve->hint)));
    draw_text(inner, inner.rows - 1, 0, STYLE_KEY,
              text_ours(has_choice(permit, approve->chosen)
                            ? _("Enter Approve   Down another supervisor   Esc Back")
                            : _("Enter Approve   Esc Back")));
}

static const struct screen screen_approve = {
    .title = N_("A supervisor approves"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct approve),
    .open = approve_open,
    .close = approve_close,
    .paint = approve_paint,
    .painted = approve_painted,
    .key = approve_key,
    .paste = approve_paste,
    .min_rows = 13,
    .min_cols = 60,
    .too_small = approve_too_small,
};

void approve_ask(struct app *app, const struct confirm *confirm)
{
    app_push(app, &screen_approve, confirm);
}
