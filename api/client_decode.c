/* Long answers are read by a thread of their own: they take some tens of milliseconds, which no key
   is to wait for. The thread has the answer, its arena and the body to itself until it tells, by an
   eventfd, that it has ended. */
#include "wire.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct decoding {
    struct api_call *call;
    struct attempt_result result;
    struct api_answer answer;
    struct arena arena;
    pthread_t thread;
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

static void decoding_free(struct decoding *decoding)
{
    loop_unwatch(decoding->call->client->loop, decoding->watch);
    close(decoding->ended_fd);
    free(decoding);
}

static void decoding_ended(void *ctx, short revents)
{
    struct decoding *decoding = ctx;
    struct api_call *call = decoding->call;
    struct api_answer answer = decoding->answer;
    struct arena arena = decoding->arena;

    (void)revents;
    pthread_join(decoding->thread, NULL);
    decoding_free(decoding);
    call->decoding = NULL;
    client_call_over(call, &answer, &arena);
}

bool client_decode_start(struct api_call *call, const struct attempt_result *result)
{
    struct decoding *decoding = mem_alloc(sizeof *decoding);
    sigset_t all, before;

    *decoding = (struct decoding){
        .call = call, .result = *result, .ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (decoding->ended_fd < 0) {
        free(decoding);
        return false;
    }
    decoding->watch = loop_watch_fd(call->client->loop, decoding->ended_fd, POLLIN, decoding_ended,
                                    decoding);
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&decoding->thread, NULL, decode, decoding);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        decoding_free(decoding);
        return false;
    }
    call->decoding = decoding;
    return true;
}

void client_decode_drop(struct api_call *call)
{
    struct decoding *decoding = call->decoding;

    if (!decoding)
        return;
    pthread_join(decoding->thread, NULL);
    arena_done(&decoding->arena);
    decoding_free(decoding);
    call->decoding = NULL;
}
