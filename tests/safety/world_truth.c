/* Looks up what the server made of an intent, and what others made that is like it. */
#include <string.h>

#include "world_truth.h"

static void count_status(struct truth *truth, const char *status, bool own, bool claimed)
{
    truth->claims_own |= claimed && own;
    truth->claims_other |= claimed && !own;
    if (!own)
        return;
    truth->objects++;
    if (strcmp(status, "success") == 0)
        truth->good++;
    else if (strcmp(status, "pending") == 0 || strcmp(status, "received") == 0)
        truth->open++;
    else
        truth->bad++;
}

/* When an object must have been made to be taken for ours. wide: its time has no zone. */
static bool in_window(const struct truth *truth, int64_t made_at, bool wide)
{
    int64_t quiet = truth->kind == OP_CHARGE ? world.settings.quiet_charge
                                             : world.settings.quiet_modification;
    int64_t slack = truth->kind == OP_CHARGE ? 2 * MINUTE + SECOND : MINUTE;
    int64_t zone = wide ? 14 * HOUR : 0;

    return truth->form != NULL && truth->form->leaves > 0 &&
           made_at >= truth->form->first_left - slack - zone &&
           made_at <= truth->form->last_left + 2 * quiet + 20 * MINUTE + zone;
}

/* The sender was killed, so that the server's patience began later than the quiet period. */
static bool is_late(const struct truth *truth, int64_t made_at)
{
    int64_t quiet = truth->kind == OP_CHARGE ? world.settings.quiet_charge
                                             : world.settings.quiet_modification;

    return truth->form != NULL && truth->form->leaves > 0 &&
           made_at > truth->form->last_left + quiet;
}

static void look_at_payments(struct truth *truth, int index)
{
    for (int i = 0; i < server.payment_count; i++) {
        const struct srv_payment *row = &server.payments[i];
        bool own = row->key == index && index >= 0;
        bool claimed = truth->claim != NULL && strcmp(truth->claim, row->ref) == 0;
        count_status(truth, srv_payment_status(row, world.now), own, claimed);
        truth->flipped |= own && row->flips_at != 0 && row->flips_at <= world.now;
        truth->came_late |= own && is_late(truth, row->made_at);
        /* Where names are echoed, only a row without one of ours can be taken for ours. */
        bool fits = (!server.echoes || strchr(row->custom, '~') == NULL) &&
                    strcmp(row->poi, truth->target) == 0;
        bool in_time = truth->other_boot || in_window(truth, row->made_at, !server.zoned);
        bool like = !own && fits && row->minor == truth->minor;
        truth->likes += like && in_time;
        truth->sparse |= fits && in_time && row->sparse;
        truth->claims_like |=
            like && claimed && !server.echoes && in_window(truth, row->made_at, false);
    }
}

static bool has_failed(const char *payment)
{
    for (int i = 0; i < server.payment_count; i++) {
        const struct srv_payment *row = &server.payments[i];
        if (strcmp(row->ref, payment) == 0)
            return row->flips_at != 0 && row->flips_at <= world.now;
    }
    return false;
}

static void look_at_modifications(struct truth *truth, int index)
{
    truth->target_failed = has_failed(truth->target);
    for (int i = 0; i < server.modification_count; i++) {
        const struct srv_modification *row = &server.modifications[i];
        bool own = row->key == index && index >= 0;
        bool claimed = truth->claim != NULL && strcmp(truth->claim, row->ref) == 0;
        count_status(truth, srv_modification_status(row, world.now), own, claimed);
        truth->flipped |= own && row->flips_at != 0 && row->flips_at <= world.now;
        truth->came_late |= own && is_late(truth, row->made_at);
        bool fits = strcmp(row->type, op_name(truth->kind)) == 0 &&
                    strcmp(server.payments[row->payment].ref, truth->target) == 0 &&
                    in_window(truth, row->made_at, false);
        bool like = !own && fits && row->minor == truth->minor;
        truth->likes += like;
        truth->sparse |= fits && row->sparse;
        truth->claims_like |= like && claimed;
    }
}

static void look_at_sessions(struct truth *truth, int index)
{
    for (int i = 0; i < server.session_count; i++) {
        const struct srv_session *row = &server.sessions[i];
        bool claimed = truth->claim != NULL && strcmp(truth->claim, row->ref) == 0;
        count_status(truth, "success", row->key == index && index >= 0, claimed);
    }
}

void truth_look(struct truth *truth)
{
    truth->key = server_key(truth->id);
    int index = truth->key == NULL ? -1 : (int)(truth->key - server.keys);

    if (truth->kind == OP_CHARGE)
        look_at_payments(truth, index);
    else if (truth->kind == OP_LINK)
        look_at_sessions(truth, index);
    else
        look_at_modifications(truth, index);
}
