/* The server's beginning, and what others do to it: guests pay links, another system charges and
   refunds on the same terminals and payments. */
#include <stdio.h>
#include <string.h>

#include "world_server.h"

static void begin_payment(int64_t made_at, bool preauth)
{
    static const int64_t amounts[] = {1000, 2500, 5000, 20000};
    struct srv_payment like = {.currency = "EUR", .key = -1, .preauth = preauth};

    snprintf(like.poi, sizeof like.poi, "%s", srv_terminals[dice_below(&world.plan, 3)]);
    like.minor = amounts[dice_below(&world.plan, COUNT_OF(amounts))];
    like.made_at = like.seen_at = made_at;
    if (dice_chance(&world.plan, 700))
        snprintf(like.custom, sizeof like.custom, "R-%d", server.payment_count);
    server_add_payment(&like, "POSXT");
}

/* Done long ago by another system: what any list before our own sending shows. */
static void begin_modification(int payment)
{
    const struct srv_payment *of = &server.payments[payment];
    struct srv_modification *row =
        server_add_modification(payment, of->preauth ? "extend" : "refund", of->preauth ? 0 : 500,
                                -1);

    row->made_at = row->seen_at = row->ends_at = of->made_at + SECOND;
    row->good = true;
    row->flips_at = 0;
}

void server_begin(void)
{
    server_end();
    memset(&server, 0, sizeof server);
    server.page_cap = dice_chance(&world.plan, 500) ? 100 : (int)dice_between(&world.plan, 1, 5);
    server.dialect = (int)dice_below(&world.plan, 5);
    if (quirk(FAULT_PAGE_TOTAL))
        server.dialect = 2;
    server.echoes = !quirk(FAULT_NO_ECHO);
    server.zoned = dice_chance(&world.plan, 600);
    server.lists_refused = dice_chance(&world.plan, 700);
    server.zone = dice_between(&world.plan, -44, 56) * 15 * MINUTE;
    if (quirk(FAULT_SKEWED)) {
        server.skew = dice_between(&world.plan, -DAY, DAY);
        fault_note(FAULT_SKEWED);
    }
    server.lag = world.settings.quiet_charge / 4 < MINUTE ? world.settings.quiet_charge / 4
                                                          : MINUTE;
    int64_t old = dice_between(&world.plan, 0, 4), fresh = dice_between(&world.plan, 2, 4);
    for (int64_t i = 0; i < old; i++)
        begin_payment(-dice_between(&world.plan, 5 * DAY, 40 * DAY), false);
    for (int64_t i = 0; i < fresh; i++)
        begin_payment(-dice_between(&world.plan, MINUTE, 12 * HOUR), i % 2 == 1);
    for (int i = 0; i < server.payment_count; i++)
        if (dice_chance(&world.plan, 500))
            begin_modification(i);
}

void server_guest(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < server.session_count; i++) {
        struct srv_session *session = &server.sessions[i];
        if (session->payment >= 0 || !dice_chance(&world.fate, 500))
            continue;
        struct srv_payment like = {.minor = session->minor,
                                   .preauth = session->preauth,
                                   .made_at = world.now,
                                   .seen_at = world.now,
                                   .key = -1};
        memcpy(like.currency, session->currency, sizeof like.currency);
        memcpy(like.session, session->ref, sizeof like.session);
        session->payment = server.payment_count;
        server_add_payment(&like, "PXTT");
        return;
    }
}

/* Looks like one of ours: same terminal and amount, or the same refund of the same payment. */
void server_foreign(void *ctx)
{
    (void)ctx;
    int payment = (int)dice_below(&world.fate, server.payment_count);
    const struct srv_payment *row = &server.payments[payment];

    if (dice_chance(&world.fate, 650) || row->session[0] != '\0') {
        struct srv_payment like = *row;
        if (row->session[0] != '\0')
            return;
        like.custom[0] = '\0';
        if (dice_chance(&world.fate, 500))
            snprintf(like.custom, sizeof like.custom, "other-%d", server.serial);
        like.key = -1;
        like.made_at = like.seen_at = world.now;
        like.outcome = dice_chance(&world.fate, 800) ? OUTCOME_GOOD : OUTCOME_REFUSED;
        like.flips_at = 0;
        server_add_payment(&like, "POSXT");
    } else {
        int64_t left = server_captured(payment) - server_refunded(payment);
        if (left < 500)
            return;
        server_add_modification(payment, "refund", dice_chance(&world.fate, 500) ? 500 : left, -1);
    }
    fault_note(FAULT_FOREIGN);
    world_trace("another system: payment %d", payment);
}
