/* Questions that move no money. */
#include "dialog.h"

#include "prompt.h"

#include <string.h>

enum { BOX_COLS = 64 };
enum { KIND_ASK, KIND_LINE, KIND_TELL };

struct dialog_state {
    int kind;
    struct arena arena;
    struct text title, body;
    struct question ask;
    struct line_question line;
    struct prompt prompt;
    const char *error; /* untranslated */
};

struct dialog_argument {
    int kind;
    const struct question *ask;
    const struct line_question *line;
    struct text title, body;
};

static bool dialog_open(struct app *app, void *untyped, const void *untyped_argument)
{
    (void)app;
    const struct dialog_argument *argument = untyped_argument;
    struct dialog_state *state = untyped;
    state->kind = argument->kind;
    state->title.bytes = arena_strdup(&state->arena, argument->title.bytes);
    state->body.bytes = arena_strdup(&state->arena, argument->body.bytes);
    if (argument->ask)
        state->ask = *argument->ask;
    if (argument->line) {
        state->line = *argument->line;
        prompt_init(&state->prompt, argument->line->initial, argument->line->max);
    }
    return true;
}

static void dialog_close(struct app *app, void *untyped)
{
    (void)app;
    arena_done(&((struct dialog_state *)untyped)->arena);
}

static void finish_ask(struct app *app, struct dialog_state *state, bool yes)
{
    struct question ask = state->ask;
    app_close(app, state);
    ask.done(app, ask.ctx, yes);
}

static void ask_key(struct app *app, struct dialog_state *state, uint32_t key)
{
    bool plain = key == 'y' || key == 'Y' || key == 's' || key == 'S';
    if (state->ask.yes ? key == state->ask.yes : plain)
        finish_ask(app, state, true);
    else if (key == 'n' || key == 'N' || key == KEY_RETURN || key == KEY_ESC || key == 'q')
        finish_ask(app, state, false);
}

static void line_key(struct app *app, struct dialog_state *state, uint32_t key)
{
    struct line_question line = state->line;
    if (key == KEY_ESC) {
        app_close(app, state);
        line.done(app, line.ctx, NULL);
    } else if (key == KEY_RETURN) {
        /* The answer may open something on top, so this one leaves only if it was accepted. */
        state->error = line.done(app, line.ctx, state->prompt.text);
        if (!state->error)
            app_remove(app, state);
    } else {
        state->error = NULL;
        prompt_key(&state->prompt, key);
    }
}

static bool dialog_key(struct app *app, void *untyped, uint32_t key)
{
    struct dialog_state *state = untyped;
    if (state->kind == KIND_ASK)
        ask_key(app, state, key);
    else if (state->kind == KIND_LINE)
        line_key(app, state, key);
    else if (key == KEY_RETURN || key == KEY_ESC || key == 'q' || key == KEY_FN + 10)
        app_close(app, state);
    return true;
}

static void dialog_paste(struct app *app, void *untyped, struct text text)
{
    (void)app;
    struct dialog_state *state = untyped;
    if (state->kind == KIND_LINE)
        prompt_paste(&state->prompt, text);
}

static void dialog_paint(struct app *app, void *untyped, struct area area)
{
    static const char *const hints[] = {
        [KIND_ASK] = N_("y Yes   n No"),
        [KIND_LINE] = N_("Enter Accept   Esc Back"),
        [KIND_TELL] = N_("Enter Close"),
    };
    struct dialog_state *state = untyped;
    int width = area.cols < BOX_COLS ? area.cols : BOX_COLS;
    int lines = text_width(state->body) / (width - 8) + 2;
    for (const char *at = state->body.bytes; *at; at++)
        lines += *at == '\n';
    int rows = 4 + lines + (state->kind == KIND_LINE ? 3 : 0);
    struct area box = area_center(area, rows, width);
    draw_box(box, app_desk(app)->env, state->title);
    struct area inner = area_inset(box, 1, 2);
    int row = draw_wrapped(area_rows(inner, 0, inner.rows - 1), 0, 0, STYLE_NORMAL, state->body);
    if (state->kind == KIND_LINE) {
        prompt_paint(&state->prompt, area_rows(inner, row + 1, 1), true);
        if (state->error)
            draw_text(inner, row + 2, 0, STYLE_BAD, text_ours(_(state->error)));
    }
    const char *hint = state->ask.hint ? state->ask.hint : hints[state->kind];
    draw_text(inner, inner.rows - 1, 0, STYLE_KEY, text_ours(_(hint)));
}

static const struct screen screen_dialog = {
    .title = N_("Question"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct dialog_state),
    .open = dialog_open,
    .close = dialog_close,
    .paint = dialog_paint,
    .key = dialog_key,
    .paste = dialog_paste,
};

void dialog_ask(struct app *app, const struct question *question)
{
    app_push(app, &screen_dialog,
             &(struct dialog_argument){KIND_ASK, question, NULL, question->title, question->body});
}

void dialog_line(struct app *app, const struct line_question *question)
{
    app_push(app, &screen_dialog,
             &(struct dialog_argument){KIND_LINE, NULL, question, question->title, question->body});
}

void dialog_tell(struct app *app, struct text title, struct text body)
{
    app_push(app, &screen_dialog, &(struct dialog_argument){KIND_TELL, NULL, NULL, title, body});
}
