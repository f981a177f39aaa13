/* What the files of the model server share. */
#ifndef SAFETY_WORLD_SERVER_H
#define SAFETY_WORLD_SERVER_H

#include "world.h"

#define KEY_LIFE (25 * MINUTE) /* shorter than any published one, longer than a replay may take */

struct work { /* a request that will be executed */
    struct work *next;
    struct exchange *exchange;
    int key;
    int64_t due, quiet;
    bool tells;  /* its outcome is answered, in whatever form */
    bool beyond; /* later than the quiet period */
    bool done;
};

/* world_answers.c */
void answer_text(struct exchange *exchange, const char *text);
void answer_error(struct exchange *exchange, int status, int code, const char *message);
bool answer_refusal(struct exchange *exchange); /* the fault answers instead of executing */
void answer_bent(struct exchange *exchange);    /* as the fault will have it, and off */

int64_t server_captured(int payment);           /* minor units; refunds count when not failed */
int64_t server_refunded(int payment);
void lists_on_time(void *ctx);                  /* world_lists.c */
struct srv_payment *server_add_payment(const struct srv_payment *like, const char *tag);
struct srv_modification *server_add_modification(int payment, const char *type, int64_t minor,
                                                 int key);

#endif
