/* A payment link that has been asked for: its URL to be copied by hand, its QR code for the guest's
   phone, and its status, which turns to paid by itself. */
#include "large.h"
#include "money_screens.h"
#include "qr.h"

#include <stdio.h>
#include <string.h>

struct link_ready {
    char id[INTENT_ID_SIZE];
    struct arena arena; /* of intent and session */
    struct intent intent;
    struct row session; /* as the cache has it */
    bool loaded, has_session, focused;
    struct qr *qr; /* NULL: no URL yet, or too long for a code */
};

/* --- reading ---------------------------------------------------------------------------------- */

static enum status_class session_class(const struct link_ready *link)
{
    return link->has_session ? status_classify(REC_SESSION, link->session.record.status)
                             : STATUS_OPEN;
}

/* The scheduler asks for the session on the screen more often than for any other. */
static void focus(struct app *app, struct link_ready *link)
{
    struct sync *sync = app_desk(app)->sync;
    if (!sync || link->focused || !link->intent.server_reference)
        return;
    sync_focus(sync, REC_SESSION, link->intent.server_reference);
    sync_record(sync, REC_SESSION, link->intent.server_reference);
    link->focused = true;
}

static bool load(struct app *app, struct link_ready *link, struct err *err)
{
    struct desk *desk = app_desk(app);
    struct arena arena = {0};
    struct intent intent;
    if (!journal_get(desk->journal, link->id, &arena, &intent, err)) {
        arena_done(&arena);
        return false;
    }
    enum status_class before = session_class(link);
    arena_done(&link->arena);
    link->arena = arena;
    link->intent = intent;
    link->has_session = intent.server_reference &&
                        cache_get_record(desk->cache, REC_SESSION, intent.server_reference,
                                         &link->arena, &link->session, NULL);
    if (link->loaded && before == STATUS_OPEN && session_class(link) != STATUS_OPEN)
        term_bell();
    if (!link->qr && intent.payment_url)
        link->qr = qr_new(intent.payment_url);
    focus(app, link);
    link->loaded = true;
    return true;
}

static bool ready_open(struct app *app, void *state, const void *argument)
{
    struct link_ready *link = state;
    struct err err;
    snprintf(link->id, sizeof link->id, "%s", (const char *)argument);
    if (load(app, link, &err))
        return true;
    app_error(app, &err);
    return false;
}

static void ready_close(struct app *app, void *state)
{
    struct link_ready *link = state;
    if (link->focused)
        sync_focus(app_desk(app)->sync, REC_SESSION, NULL);
    qr_free(link->qr);
    arena_done(&link->arena);
}

static void ready_reload(struct app *app, void *state, unsigned bits)
{
    struct err err;
    (void)bits;
    if (!load(app, state, &err))
        app_error(app, &err);
}

/* --- commands --------------------------------------------------------------------------------- */

static struct text ready_why_not(struct app *app, void *state, struct arena *arena,
                                 enum command command)
{
    const struct link_ready *link = state;
    (void)app, (void)arena;
    if (command == COMMAND_AGAIN && !money_can_ask_again(&link->intent))
        return text_ours(_("Only what ended without effect can be asked for again."));
    if (command == COMMAND_REPLAY || command == COMMAND_STEP_AWAY)
        return text_ours(_("Not possible here."));
    return text_ours("");
}

static bool ready_command(struct app *app, void *state, enum command command)
{
    struct link_ready *link = state;
    struct sync *sync = app_desk(app)->sync;
    switch (command) {
    case COMMAND_FINISH:
        app_close(app, link);
        return true;
    case COMMAND_COPY:
        money_copy(app);
        return true;
    case COMMAND_AGAIN:
        money_ask_again(app, link, &link->intent);
        return true;
    case COMMAND_REFRESH:
        if (sync && link->intent.server_reference)
            sync_record(sync, REC_SESSION, link->intent.server_reference);
        else
            ops_look_now(app_desk(app)->ops, link->id);
        return true;
    default:
        return false;
    }
}

static const char *ready_intent(const void *state)
{
    return ((const struct link_ready *)state)->id;
}

static bool ready_target(struct app *app, void *state, struct arena *arena, struct target *out)
{
    const struct link_ready *link = state;
    const char *session = link->intent.server_reference;
    (void)app;
    out->kind = REC_SESSION;
    out->id = out->copy = arena_strdup(arena, session);
    if (link->has_session)
        out->payment_reference = arena_strdup(arena, link->session.record.payment_reference);
    return session != NULL;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static int attempts_refused(const struct link_ready *link)
{
    int refused = 0;
    for (size_t i = 0; link->has_session && i < link->session.record.attempt_count; i++) {
        const char *status = link->session.record.attempts[i].status;
        refused += status && strcmp(status, "refused") == 0;
    }
    return refused;
}

static int paint_status(struct app *app, const struct link_ready *link, struct area area, int row)
{
    struct arena *arena = app_arena(app);
    const struct record *session = &link->session.record;
    int refused = attempts_refused(link);
    const char *paid = link->intent.is_preauth ? _("HELD ON THE CARD") : _("PAID");
    switch (session_class(link)) {
    case STATUS_GOOD:
        row = draw_wrapped(area, row, 0, STYLE_GOOD, text_ours(paid));
        return draw_wrapped(area, row, 0, STYLE_NORMAL,
                            format_when_full(arena, &session->completed));
    case STATUS_OPEN:
        row =
            draw_wrapped(area, row, 0, STYLE_STRONG, text_ours(_("Waiting for the guest to pay")));
        row = draw_wrapped(area, row, 0, STYLE_NORMAL,
                           text_ours(_("The guest scans the code or opens the link.")));
        if (refused)
            row = draw_wrapped(
                area, row, 0, STYLE_WARN,
                text_oursf(arena, format_plural("%d card refused", "%d cards refused", refused),
                           refused));
        return row;
    default:
        return draw_wrapped(area, row, 0, STYLE_WARN,
                            words_status(arena, REC_SESSION, session->status));
    }
}

static int paint_about(struct app *app, const struct link_ready *link, struct area area, int row)
{
    struct arena *arena = app_arena(app);
    const struct intent *intent = &link->intent;
    const char *payment = link->has_session ? link->session.record.payment_reference : NULL;
    const struct {
        const char *label, *value;
    } facts[] = {{N_("Reference"), intent->reference},
                 {N_("Description"), intent->description},
                 {N_("Session"), intent->server_reference},
                 {N_("Payment"), payment}};
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        if (!facts[i].value)
            continue;
        draw_text(area, row, 0, STYLE_DIM, text_ours(_(facts[i].label)));
        draw_field(area_cell(area, row + 1, 0, area.cols), ALIGN_LEFT, STYLE_NORMAL,
                   text_clean(arena, facts[i].value));
        row += 2;
    }
    return row;
}

/* Cut hard at the edge, so that a long URL can still be selected as one. Returns the row after. */
static int paint_url(struct area area, struct text url)
{
    int row = 0, used;
    while (*url.bytes && row < area.rows) {
        draw_text(area, row++, 0, STYLE_STRONG, url);
        url.bytes += text_fit(url, area.cols, &used);
    }
    return row;
}

static void paint_qr(struct app *app, const struct link_ready *link, struct area right, int above)
{
    bool utf8 = large_has_blocks(app_config(app)->ascii_borders);
    if (!link->qr || qr_draw(link->qr, right, utf8))
        return;
    struct area text = {right.grid, right.row, right.col, right.rows, right.cols};
    draw_wrapped(text, 1, 0, STYLE_WARN,
                 text_oursf(app_arena(app),
                            _("The QR code needs a window of %d columns and %d rows."),
                            qr_cols(link->qr, utf8) + 36, qr_rows(link->qr, utf8) + above));
}

/* The link needs every row there is: the lines of the tabs and of messages are taken as well, top
   line and footer stay. */
static void ready_paint(struct app *app, void *state, struct area area)
{
    struct link_ready *link = state;
    struct arena *arena = app_arena(app);
    struct area all = area_rows(grid_area(area.grid), area.row - 1, area.rows + 2);
    bool open = session_class(link) == STATUS_OPEN && link->intent.payment_url;
    bool utf8 = large_has_blocks(app_config(app)->ascii_borders);
    int side = open && link->qr ? qr_cols(link->qr, utf8) : 0, row = 0;
    draw_fill(all, STYLE_NORMAL);
    if (open)
        row = paint_url(area_rows(all, 0, all.rows / 3),
                        text_clean(arena, link->intent.payment_url));
    struct area rest = area_rows(all, row, all.rows - row), left = rest, right = rest;
    if (all.cols - side < 34)
        side = all.cols - 34;
    left.cols = rest.cols - side - 2;
    left = area_inset(left, 0, 1);
    right.col += rest.cols - side;
    right.cols = side;
    if (open)
        paint_qr(app, link, right, row + 2);
    row = draw_wrapped(left, 1, 0, STYLE_TITLE, money_title(app, words_op(OP_LINK)));
    row = large_draw(left, row + 1, 0, open ? STYLE_STRONG : STYLE_GOOD,
                     format_money(arena, &link->intent.amount), utf8) +
          1;
    if (link->intent.payment_url) {
        row = paint_status(app, link, left, row) + 1;
    } else {
        struct advice advice = words_of_intent(arena, &link->intent);
        row = money_paint_advice(left, row, &advice, STYLE_STRONG) + 1;
    }
    paint_about(app, link, left, row);
}

const struct screen screen_link_ready = {
    .title = N_("Payment link"),
    .scope = SCOPE_WAIT,
    .state_size = sizeof(struct link_ready),
    .changes = CHANGED_JOURNAL | CHANGED_SESSIONS,
    .open = ready_open,
    .close = ready_close,
    .reload = ready_reload,
    .command = ready_command,
    .why_not = ready_why_not,
    .target = ready_target,
    .intent = ready_intent,
    .paint = ready_paint,
};
