/* Everything that needs a person, as items with one recommended step each; screen_inbox.c shows
   them. Journal, contradictions and what the cache found are put together here. */
#ifndef TUI_INBOX_H
#define TUI_INBOX_H

#include "desk.h"
#include "text.h"

enum inbox_kind { /* the most pressing first */
                  INBOX_RUNNING, /* prepared or sent: nobody need do anything, only find it */
                  INBOX_MANUAL,
                  INBOX_UNKNOWN,
                  INBOX_ENDED, /* a charge, or what was unknown, whose end nobody has seen */
                  INBOX_FAILED,
                  INBOX_ACCEPTED, /* asked for here and not final for longer than usual */
                  INBOX_OPEN,     /* the same, asked for elsewhere */
                  INBOX_HOLD,
                  INBOX_CONTRADICTION
};
struct inbox_item {
    enum inbox_kind kind;
    struct text what, step; /* translated */
    struct money amount;
    const char *reference; /* what people know it by, from outside */
    int64_t age_ms;
    const char *intent_id;         /* NULL: not of our journal */
    enum record_kind record_kind;  /* of record_id */
    const char *record_id;         /* NULL: none */
    const char *payment_reference; /* what can be acted on, or NULL */
};
struct inbox {
    struct arena arena;
    struct inbox_item *items;
    size_t count, room;
};
/* attention: what cache_attention() found last, or NULL. Replaces what was in it. */
bool inbox_read(struct inbox *inbox, const struct desk *desk, const struct attention *attention,
                struct err *err);
void inbox_done(struct inbox *inbox);
/* Which part of the cache attention is asked about, wall ms: holds_from and open_until. */
void inbox_span(int64_t *holds_from, int64_t *open_until);

#endif
