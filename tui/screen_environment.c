/* Changing the environment: which ones there are, what each is set up as, and for live the webcode
   typed. A selection, a form or a mark never crosses over. */
#include "app_internal.h"

#include "dialog.h"
#include "words.h"

#include <string.h>

struct environment {
    int cursor; /* enum env */
};

/* --- what is configured ----------------------------------------------------------------------- */

static bool has_key(const struct config *config, enum env env)
{
    return config_key_source(config, env) != KEY_MISSING;
}

/* "HOTEL9 · read-only · https://…", or what is missing. */
static struct text set_up_as(struct app *app, enum env env)
{
    const struct config *config = app_config(app);
    const struct config_env *own = &config->env[env];
    struct arena *arena = app_arena(app);
    if (!own->webcode || !own->webcode[0])
        return text_ours(_("no webcode is configured"));
    if (!has_key(config, env))
        return text_oursf(arena, "%s · %s", text_clean(arena, own->webcode).bytes,
                          _("no API key is configured"));
    const char *where = env == ENV_TRAINING ? _("the simulator in this console")
                                            : text_clean(arena, own->base_url).bytes;
    return text_oursf(arena, "%s · %s%s%s", text_clean(arena, own->webcode).bytes,
                      own->read_only ? _("read-only") : "", own->read_only ? " · " : "", where);
}

static bool is_usable(struct app *app, enum env env)
{
    const struct config *config = app_config(app);
    const char *webcode = config->env[env].webcode;
    return webcode && webcode[0] && has_key(config, env);
}

/* --- choosing --------------------------------------------------------------------------------- */

static const char *webcode_typed(struct app *app, void *ctx, const char *typed)
{
    const char *webcode = app_config(app)->env[ENV_LIVE].webcode;
    (void)ctx;
    if (!typed)
        return NULL;
    if (strcmp(typed, webcode) != 0)
        return N_("This is not the webcode of the live environment.");
    app_change_env(app, ENV_LIVE);
    return NULL;
}

static void ask_webcode(struct app *app)
{
    dialog_line(app,
                &(struct line_question){
                    .title = text_oursf(app_arena(app), _("Enter %s"), words_env(ENV_LIVE).bytes),
                    .body = text_ours(_("From here on money is real. Type the webcode to go "
                                        "there.")),
                    .max = 40,
                    .done = webcode_typed});
}

static void choose(struct app *app, struct environment *state)
{
    enum env env = (enum env)state->cursor;
    if (!is_usable(app, env)) {
        app_message(
            app, STYLE_WARN,
            text_oursf(app_arena(app), "%s: %s.", words_env(env).bytes, set_up_as(app, env).bytes));
        return;
    }
    app_close(app, state);
    if (env == app_desk(app)->env)
        return;
    if (env == ENV_LIVE)
        ask_webcode(app);
    else
        app_change_env(app, env);
}

static bool environment_open(struct app *app, void *state, const void *argument)
{
    (void)argument;
    ((struct environment *)state)->cursor = (int)app_desk(app)->env;
    return true;
}

static bool environment_key(struct app *app, void *untyped, uint32_t key)
{
    struct environment *state = untyped;
    if (key == KEY_ESC || key == 'q' || key == KEY_FN + 10)
        app_close(app, state);
    else if (key == KEY_ARROW_DOWN || key == 'j')
        state->cursor = (state->cursor + 1) % ENV_COUNT;
    else if (key == KEY_ARROW_UP || key == 'k')
        state->cursor = (state->cursor + ENV_COUNT - 1) % ENV_COUNT;
    else if (key >= '1' && key < '1' + ENV_COUNT)
        state->cursor = (int)(key - '1');
    else if (key == KEY_RETURN)
        choose(app, state);
    return true;
}

static void environment_paint(struct app *app, void *untyped, struct area area)
{
    enum { BOX_COLS = 72, ROWS_EACH = 2 };
    const struct environment *state = untyped;
    struct arena *arena = app_arena(app);
    enum env now = app_desk(app)->env;
    struct area box = area_center(area, ENV_COUNT * ROWS_EACH + 5, BOX_COLS);
    draw_box(box, now, text_ours(_("Change environment")));
    struct area inner = area_inset(box, 1, 2);
    for (int i = 0; i < ENV_COUNT; i++) {
        enum env env = (enum env)i;
        int row = i * ROWS_EACH + 1;
        draw_text(inner, row, 0, STYLE_SELECTED, text_ours(i == state->cursor ? ">" : " "));
        draw_text(inner, row, 2, STYLE_KEY, text_oursf(arena, "%d", i + 1));
        draw_text(inner, row, 4, style_of_env(env), words_env(env));
        if (env == now)
            draw_text(inner, row + 1, 4, STYLE_DIM, text_ours(_("here")));
        draw_field(area_cell(inner, row, 20, inner.cols - 20), ALIGN_LEFT,
                   is_usable(app, env) ? STYLE_NORMAL : STYLE_DIM, set_up_as(app, env));
    }
    draw_text(inner, inner.rows - 1, 0, STYLE_KEY, text_ours(_("Enter Go there   Esc Back")));
}

static const struct screen screen_environment = {
    .title = N_("Change environment"),
    .scope = SCOPE_TEXT,
    .overlay = true,
    .state_size = sizeof(struct environment),
    .open = environment_open,
    .paint = environment_paint,
    .key = environment_key,
};

void command_environment(struct app *app, enum command command)
{
    (void)command;
    if (app->desk->ops && ops_in_flight(app->desk->ops) > 0)
        app_change_env(app, app->desk->env); /* refused, and says so */
    else
        app_push(app, &screen_environment, NULL);
}
