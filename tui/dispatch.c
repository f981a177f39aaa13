/* From a command to what it does: whether it is possible now, and why not. */
#include "app_internal.h"

#include "dialog.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

bool app_target(struct app *app, struct arena *arena, struct target *out)
{
    struct layer *top = app_top(app);
    *out = (struct target){0};
    if (top->screen->target && top->screen->target(app, top->state, arena, out))
        return true;
    app_message(app, STYLE_WARN, text_ours(_("Nothing is selected.")));
    return false;
}

/* Facts of a payment, asked of the cache once between two changes. */
static const struct payment_facts *facts_of(struct app *app, const char *reference)
{
    if (!app->facts_for || strcmp(app->facts_for, reference) != 0) {
        free(app->facts_for);
        app->facts_for = mem_strdup(reference);
        app->facts_found = cache_payment_facts(app->desk->cache, reference, &app->facts, NULL);
    }
    return app->facts_found ? &app->facts : NULL;
}

static enum why_not why_not_on_payment(struct app *app, const struct target *target,
                                       enum op_kind op)
{
    if (!target->payment_reference)
        return WHY_NO_PAYMENT;
    if (!reference_allowed(target->payment_reference, app->desk->webcode, app->desk->env))
        return WHY_OTHER_ENVIRONMENT;
    const struct payment_facts *facts = facts_of(app, target->payment_reference);
    return facts ? payment_action_possible(facts, op) : WHY_NO_PAYMENT;
}

struct text app_why_not(struct app *app, struct arena *arena, enum command command)
{
    const struct command_row *row = command_row(command);
    struct layer *top = app_top(app);
    enum op_kind op = command_op(command);
    struct target target = {0};
    if (!(row->scopes & (unsigned)top->screen->scope) || (!row->handler && !top->screen->command))
        return text_ours(_("Not possible here."));
    const struct config *config = app_config(app);
    if ((row->flags & (MOVES_MONEY | SETTLES_MONEY)) && config->permit.role == ROLE_VIEWER)
        return roles_why_viewer(arena, &config->roles, &config->permit);
    if ((row->flags & (MOVES_MONEY | SETTLES_MONEY)) && app->desk->read_only)
        return words_why_not(WHY_READ_ONLY, op);
    if ((row->flags & NEEDS_NET) && !app->desk->client)
        return text_ours(_("Not connected: only what is stored here can be read."));
    if ((row->flags & NEEDS_ROW) &&
        !(top->screen->target && top->screen->target(app, top->state, arena, &target)))
        return text_ours(_("Nothing is selected."));
    if (row->flags & ON_PAYMENT) {
        enum why_not why = why_not_on_payment(app, &target, op);
        if (why != WHY_POSSIBLE)
            return words_why_not(why, op);
    }
    return top->screen->why_not ? top->screen->why_not(app, top->state, arena, command)
                                : text_ours("");
}

void app_command(struct app *app, enum command command)
{
    app_enter(app);
    struct layer *top = app_top(app);
    const struct command_row *row = command_row(command);
    struct text why = app_why_not(app, &app->arena, command);
    if (*why.bytes)
        app_message(app, STYLE_WARN, why);
    else if (row->handler)
        row->handler(app, command);
    else if (!top->screen->command(app, top->state, command))
        app_message(app, STYLE_WARN, text_ours(_("Not possible here.")));
    app->dirty = true;
    app_exit(app);
}

void command_go(struct app *app, enum command command)
{
    app_go(app, (enum screen_id)(command - COMMAND_GO_SESSIONS));
}

static void leave_confirmed(struct app *app, void *ctx, bool yes)
{
    (void)ctx;
    if (yes)
        app_leave(app, 0);
}

void command_back(struct app *app, enum command command)
{
    (void)command;
    if (app->depth > 0) {
        app_close_down_to(app, app->depth - 1);
    } else if (app->desk->ops && ops_in_flight(app->desk->ops) > 0) {
        dialog_ask(app, &(struct question){
                            .title = text_ours(_("A payment is on its way")),
                            .body = text_ours(_("Leave all the same? It goes on by itself; what "
                                                "became of it is found out at the next start.")),
                            .done = leave_confirmed});
    } else {
        app_leave(app, 0);
    }
}
