/* Behind ? and : - one list of everything that can be done here, narrowed by typing, with its keys
   and, where it is not possible now, why not. Made from the command table alone. */
#include "app_internal.h"

#include "prompt.h"

#include <string.h>

struct help {
    enum command found[COMMAND_COUNT];
    int count, cursor, top, height;
    struct prompt prompt;
    enum scope scope; /* of the screen it was opened over */
    struct arena arena;
    struct text why[COMMAND_COUNT]; /* as seen from that screen, before this one lay over it */
};

static void find(struct help *help)
{
    help->count = 0;
    help->cursor = help->top = 0;
    for (int command = 1; command < COMMAND_COUNT; command++) {
        if ((command_row((enum command)command)->scopes & (unsigned)help->scope) &&
            command_matches((enum command)command, (struct text){help->prompt.text}))
            help->found[help->count++] = (enum command)command;
    }
}

static bool help_open(struct app *app, void *state, const void *argument)
{
    (void)app;
    struct help *help = state;
    const struct help *given = argument;
    help->scope = given->scope;
    memcpy(help->why, given->why, sizeof help->why);
    help->arena = given->arena;
    prompt_init(&help->prompt, NULL, 40);
    find(help);
    return true;
}

static void help_close(struct app *app, void *state)
{
    (void)app;
    arena_done(&((struct help *)state)->arena);
}

static bool help_key(struct app *app, void *state, uint32_t key)
{
    struct help *help = state;
    if (key == KEY_ESC || key == KEY_FN + 10) {
        app_close(app, help);
    } else if (key == KEY_RETURN) {
        enum command chosen = help->count ? help->found[help->cursor] : COMMAND_NONE;
        app_close(app, help);
        if (chosen != COMMAND_NONE)
            app_command(app, chosen);
    } else if (key == KEY_ARROW_DOWN || key == KEY_TAB) {
        help->cursor += help->cursor + 1 < help->count;
    } else if (key == KEY_ARROW_UP || key == KEY_BACKTAB) {
        help->cursor -= help->cursor > 0;
    } else if (key == KEY_PAGE_DOWN || key == KEY_PAGE_UP) {
        int at = help->cursor + (key == KEY_PAGE_DOWN ? help->height : -help->height);
        at = at < help->count ? at : help->count - 1;
        help->cursor = at > 0 ? at : 0;
    } else if (prompt_key(&help->prompt, key)) {
        find(help);
    }
    return true;
}

static void help_paste(struct app *app, void *state, struct text text)
{
    (void)app;
    struct help *help = state;
    prompt_paste(&help->prompt, text);
    find(help);
}

static void paint_row(struct app *app, const struct help *help, struct area area, int row,
                      int index)
{
    enum command command = help->found[index];
    struct text why = help->why[command];
    enum style style = *why.bytes ? STYLE_DIM : STYLE_NORMAL;
    draw_text(area, row, 0, STYLE_SELECTED, text_ours(index == help->cursor ? ">" : " "));
    draw_field(area_cell(area, row, 2, 12), ALIGN_LEFT, *why.bytes ? STYLE_DIM : STYLE_KEY,
               command_key_names(app_arena(app), command));
    int col = draw_text(area, row, 15, style, text_ours(_(command_row(command)->help)));
    if (*why.bytes)
        draw_field(area_cell(area, row, col + 2, area.cols - col - 2), ALIGN_LEFT, STYLE_DIM, why);
}

/* What lists show without words. */
static const char legend[] =
    N_("· has modifications   P pre-authorisation   * marked   Amounts sort as figures, whatever "
       "the currency");

static void help_paint(struct app *app, void *state, struct area area)
{
    struct help *help = state;
    draw_box(area, app_desk(app)->env, text_ours(_("What can be done here")));
    struct area inner = area_inset(area, 1, 2);
    int below = help->scope == SCOPE_LIST ? 5 : 3; /* why not, what signs mean, keys */
    help->height = inner.rows - 1 - below;
    if (help->cursor < help->top)
        help->top = help->cursor;
    if (help->cursor >= help->top + help->height)
        help->top = help->cursor - help->height + 1;
    prompt_paint(&help->prompt, area_rows(inner, 0, 1), true);
    for (int i = 0; i < help->height && help->top + i < help->count; i++)
        paint_row(app, help, inner, i + 1, help->top + i);
    if (help->count == 0)
        draw_text(inner, 1, 2, STYLE_DIM, text_ours(_("Nothing here is called so.")));
    if (help->count > 0)
        draw_wrapped(area_rows(inner, inner.rows - below, 2), 0, 2, STYLE_WARN,
                     help->why[help->found[help->cursor]]);
    if (help->scope == SCOPE_LIST)
        draw_wrapped(area_rows(inner, inner.rows - 3, 2), 0, 0, STYLE_DIM, text_ours(_(legend)));
    draw_text(inner, inner.rows - 1, 0, STYLE_KEY,
              text_ours(_("Type to search   Enter Do it   Esc Back")));
}

static const struct screen screen_help = {
    .title = N_("Help"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct help),
    .open = help_open,
    .close = help_close,
    .paint = help_paint,
    .key = help_key,
    .paste = help_paste,
};

void command_help(struct app *app, enum command command)
{
    (void)command;
    struct help given = {.scope = app_top(app)->screen->scope};
    for (int i = 1; i < COMMAND_COUNT; i++) {
        struct text why = app_why_not(app, app_arena(app), (enum command)i);
        given.why[i].bytes = arena_strdup(&given.arena, why.bytes);
    }
    given.why[COMMAND_NONE] = text_ours("");
    app_push(app, &screen_help, &given);
}
