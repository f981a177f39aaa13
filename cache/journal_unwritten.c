/* How intents have ended that the file would not take. After trouble with it the row on disk stays
   as it was, for the next start to find out anew; a file that was only busy takes it later. The
   person who waits now is told what is known. */
#include <stdlib.h>
#include <string.h>

#include "money_internal.h"

struct unwritten {
    struct unwritten *next;
    struct arena arena;
    struct intent intent;
};

/* What a move changes; NULL leaves what the row said. */
static void lay(struct intent *out, const struct intent *end, struct arena *arena)
{
    const struct {
        const char **to, *from;
    } texts[] = {
        {&out->message, end->message},
        {&out->trace_id, end->trace_id},
        {&out->server_reference, end->server_reference},
        {&out->server_status, end->server_status},
        {&out->payment_url, end->payment_url},
        {&out->why, end->why},
        {&out->target, end->target},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].from != NULL)
            *texts[i].to = arena_strdup(arena, texts[i].from);
    out->state = end->state;
    out->attempt = end->attempt;
    out->http_status = end->http_status;
    out->code = end->code;
    out->own = false;
    out->unwritten = true;
}

static void latch(struct journal *journal, const char *id)
{
    if (journal_usable(journal, NULL))
        err_set(&journal->trouble, ERR_STORAGE, "what became of %s could not be written down", id);
}

void journal_note_unwritten(struct journal *journal, const struct intent *end)
{
    struct unwritten *unwritten = mem_alloc(sizeof *unwritten);

    unwritten->intent = *end;
    lay(&unwritten->intent, end, &unwritten->arena);
    unwritten->next = journal->unwritten;
    journal->unwritten = unwritten;
    if (!db_was_busy(journal->db))
        latch(journal, end->id);
    if (journal->changes != NULL)
        changes_raise(journal->changes, CHANGED_JOURNAL);
}

bool journal_lay_unwritten(const struct journal *journal, const char *id, struct arena *arena,
                           struct intent *out, bool was_read)
{
    const struct unwritten *unwritten = journal->unwritten;

    while (unwritten != NULL && strcmp(unwritten->intent.id, id) != 0)
        unwritten = unwritten->next;
    if (unwritten == NULL)
        return false;
    if (!was_read)
        *out = unwritten->intent;
    lay(out, &unwritten->intent, arena);
    out->waits = journal_usable(journal, NULL);
    return true;
}

/* A try does not wait until the file is free: screens would stand still. */
static bool try_again(struct journal *journal, const struct intent *end)
{
    struct intent_move move = {.to = end->state,
                               .http_status = end->http_status,
                               .code = end->code,
                               .message = end->message,
                               .trace_id = end->trace_id,
                               .server_reference = end->server_reference,
                               .server_status = end->server_status,
                               .payment_url = end->payment_url,
                               .why = end->why};

    db_hurry(journal->db, true);
    bool good = journal_learn(journal, end->id, &move, NULL);
    if (!good && !db_was_busy(journal->db))
        latch(journal, end->id);
    db_hurry(journal->db, false);
    return good;
}

bool journal_write_unwritten(struct journal *journal, char id[INTENT_ID_SIZE])
{
    struct unwritten **at = &journal->unwritten, *first;

    if (journal->unwritten == NULL || !journal_usable(journal, NULL))
        return false;
    while ((*at)->next != NULL)
        at = &(*at)->next;
    first = *at;
    if (!try_again(journal, &first->intent))
        return false;
    *at = NULL;
    memcpy(id, first->intent.id, INTENT_ID_SIZE);
    arena_done(&first->arena);
    free(first);
    if (journal->changes != NULL)
        changes_raise(journal->changes, CHANGED_JOURNAL);
    return true;
}

void journal_forget_unwritten(struct journal *journal)
{
    while (journal->unwritten != NULL) {
        struct unwritten *unwritten = journal->unwritten;
        journal->unwritten = unwritten->next;
        arena_done(&unwritten->arena);
        free(unwritten);
    }
}
