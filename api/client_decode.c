/* Long answers are read by a thread of their own: they take some tens of milliseconds, which no key
   is to wait for. The thread has the answer, its arena and the body to itself until it tells, by an
   eventfd, that it has ended. One answer of a client at a time: what is read takes several times
   the memory of what came. */
#include "wire.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct decoding {
    struct decoding *next; /* of the client's */
    struct api_call *call;
    struct attempt_result result;
    struct api_answer answer;
    struct arena arena;
    pthread_t thread;
    bool threaded;
    int ended_fd;
    struct loop_watch *watch;
};

static void *decode(void *ctx)
{
    struct decoding *decoding = ctx;
    const uint64_t one = 1;

    client_decode_here(decoding->call, &decoding->result, &decoding->answer, &decoding->arena);
    ssize_t wrote = write(decoding->ended_fd, &one, sizeof one);
    (void)wrote; /* a fresh eventfd takes it */
    return NULL;
}

static bool start_thread(struct decoding *decoding)
{
    sigset_t all, before;

    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    decoding->threaded = pthread_create(&decoding->thread, NULL, decode, decoding) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return decoding->threaded;
}

static void decode_next(struct decoding *decoding)
{
    if (decoding && !start_thread(decoding))
        decode(decoding); /* here; the loop hears of it as of a thread's */
}

/* The link to it; to NULL: the last one. */
static struct decoding **place_of(struct api_client *client, const struct decoding *decoding)
{
    struct decoding **at = &client->decodings;

    while (*at != decoding)
        at = &(*at)->next;
    return at;
}

/* Off the client's list, its thread, if it has one, at its end. What was read is the caller's. */
static void decoding_end(struct decoding *decoding, struct api_answer *answer, struct arena *arena)
{
    struct api_call *call = decoding->call;

    if (decoding->threaded)
        pthread_join(decoding->thread, NULL);
    *answer = decoding->answer;
    *arena = decoding->arena;
    *place_of(call->client, decoding) = decoding->next;
    call->decoding = NULL;
    loop_unwatch(call->client->loop, decoding->watch);
    close(decoding->ended_fd);
    free(decoding);
}

static void decoding_ended(void *ctx, short revents)
{
    struct decoding *decoding = ctx;
    struct api_call *call = decoding->call;
    struct api_answer answer;
    struct arena arena;

    (void)revents;
    decoding_end(decoding, &answer, &arena);
    decode_next(call->client->decodings);
    client_call_over(call, &answer, &arena);
}

bool client_decode_start(struct api_call *call, const struct attempt_result *result)
{
    struct decoding *decoding = mem_alloc(sizeof *decoding);

    *decoding = (struct decoding){
        .call = call, .result = *result, .ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (decoding->ended_fd < 0) {
        free(decoding);
        return false;
    }
    decoding->watch =
        loop_watch_fd(call->client->loop, decoding->ended_fd, POLLIN, decoding_ended, decoding);
    call->decoding = decoding;
    *place_of(call->client, NULL) = decoding;
    if (call->client->decodings == decoding)
        decode_next(decoding);
    return true;
}

/* Those behind it are dropped as well: their client goes. */
void client_decode_drop(struct api_call *call)
{
    struct api_answer answer;
    struct arena arena;

    if (!call->decoding)
        return;
    decoding_end(call->decoding, &answer, &arena);
    arena_done(&arena);
}
