/* The reader thread: queries that may take longer than a key press may wait. It has its own
   connection, which only reads and checkpoints; finished jobs come back through an eventfd to the
   loop's thread. Everything shared is under the mutex but stop_query, which SQLite polls. */
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cache_internal.h"

struct worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct worker_job *waiting, *running, *finished;
    bool ending;
    bool dropped;           /* the running job is not wanted any more */
    bool put_off;           /* it is, but something urgent comes first */
    atomic_bool stop_query; /* the same, for SQLite's progress handler */
    int event_fd;
    struct loop *loop;
    struct loop_watch *watch;
    struct db_spec spec;
};

#define OPCODES_BETWEEN_LOOKS 2000 /* about 50 µs */

static int look_for_stop(void *ctx)
{
    struct worker *worker = ctx;

    return atomic_load(&worker->stop_query);
}

/* --- the thread --------------------------------------------------------------------------- */

static struct db *open_reader(struct worker *worker)
{
    struct db *db = db_open(&worker->spec, NULL);

    if (db == NULL)
        return NULL;
    fold_register(db_handle(db));
    sqlite3_progress_handler(db_handle(db), OPCODES_BETWEEN_LOOKS, look_for_stop, worker);
    return db;
}

static void append(struct worker_job **list, struct worker_job *job)
{
    while (*list != NULL)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

/* With the mutex held: another urgent one that came before stays before. */
static void append_urgent(struct worker_job **list, struct worker_job *job)
{
    while (*list != NULL && (*list)->urgent)
        list = &(*list)->next;
    job->next = *list;
    *list = job;
}

/* With the mutex held. */
static void file_away(struct worker *worker, struct worker_job *job)
{
    const uint64_t one = 1;

    worker->running = NULL;
    if (worker->put_off && !worker->dropped && !job->ok) {
        append(&worker->waiting, job);
        return;
    }
    if (worker->dropped)
        job->done = NULL;
    append(&worker->finished, job);
    ssize_t wrote = write(worker->event_fd, &one, sizeof one);
    (void)wrote; /* only a full counter can refuse, and then the loop is awake already */
}

static void *work(void *ctx)
{
    struct worker *worker = ctx;
    struct db *db = open_reader(worker);

    pthread_mutex_lock(&worker->mutex);
    while (!worker->ending) {
        struct worker_job *job = worker->waiting;
        if (job == NULL) {
            pthread_cond_wait(&worker->wake, &worker->mutex);
            continue;
        }
        worker->waiting = job->next;
        worker->running = job;
        worker->dropped = worker->put_off = false;
        atomic_store(&worker->stop_query, false);
        pthread_mutex_unlock(&worker->mutex);
        job->ok = db != NULL && job->run(job, db);
        pthread_mutex_lock(&worker->mutex);
        file_away(worker, job);
    }
    pthread_mutex_unlock(&worker->mutex);
    db_close(db);
    return NULL;
}

/* --- the loop's side ---------------------------------------------------------------------- */

static void free_list(struct worker_job *job)
{
    while (job != NULL) {
        struct worker_job *next = job->next;
        job->free(job);
        job = next;
    }
}

static struct worker_job *take_finished(struct worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    struct worker_job *job = worker->finished;
    if (job != NULL)
        worker->finished = job->next;
    pthread_mutex_unlock(&worker->mutex);
    return job;
}

/* done() may submit or forget other jobs, so the list is asked again each time. */
static void deliver(void *ctx, short revents)
{
    struct worker *worker = ctx;
    struct worker_job *job = NULL;
    uint64_t count = 0;

    (void)revents;
    ssize_t got = read(worker->event_fd, &count, sizeof count);
    (void)got;
    while ((job = take_finished(worker)) != NULL) {
        if (job->done != NULL)
            job->done(job);
        job->free(job);
    }
}

/* The thread inherits a mask without signals: they all belong to the loop's signalfd. */
static struct worker *worker_new(struct cache *cache, struct loop *loop)
{
    struct worker *worker = mem_alloc(sizeof *worker);
    sigset_t all, before;

    worker->spec = cache->spec;
    worker->spec.flavour = DB_CACHE_READER;
    worker->loop = loop;
    worker->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    worker->watch = loop_watch_fd(loop, worker->event_fd, POLLIN, deliver, worker);
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->wake, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = worker->event_fd < 0 ? -1 : pthread_create(&worker->thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        return worker;
    loop_unwatch(loop, worker->watch);
    if (worker->event_fd >= 0)
        close(worker->event_fd);
    free(worker);
    return NULL;
}

static void drop_slot(struct worker_job **list, int slot)
{
    while (*list != NULL) {
        struct worker_job *job = *list;
        if (job->slot == slot) {
            *list = job->next;
            job->free(job);
        } else {
            list = &job->next;
        }
    }
}

/* With the mutex held. */
static void forget(struct worker *worker, int slot)
{
    drop_slot(&worker->waiting, slot);
    for (struct worker_job *job = worker->finished; job != NULL; job = job->next)
        if (job->slot == slot)
            job->done = NULL;
    if (worker->running != NULL && worker->running->slot == slot) {
        worker->dropped = true;
        atomic_store(&worker->stop_query, true);
    }
}

void worker_submit(struct cache *cache, struct loop *loop, struct worker_job *job)
{
    if (cache->worker == NULL)
        cache->worker = worker_new(cache, loop);
    if (cache->worker == NULL) { /* no thread to be had: slower, but right */
        job->ok = job->run(job, cache->db);
        job->done(job);
        job->free(job);
        return;
    }
    struct worker *worker = cache->worker;
    assert(worker->loop == loop);
    pthread_mutex_lock(&worker->mutex);
    forget(worker, job->slot);
    if (job->urgent)
        append_urgent(&worker->waiting, job);
    else
        append(&worker->waiting, job);
    if (job->urgent && worker->running != NULL && worker->running->yields) {
        worker->put_off = true;
        atomic_store(&worker->stop_query, true);
    }
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
}

void worker_forget(struct cache *cache, int slot)
{
    if (cache->worker == NULL)
        return;
    pthread_mutex_lock(&cache->worker->mutex);
    forget(cache->worker, slot);
    pthread_mutex_unlock(&cache->worker->mutex);
}

void worker_free(struct worker *worker)
{
    if (worker == NULL)
        return;
    pthread_mutex_lock(&worker->mutex);
    worker->ending = true;
    atomic_store(&worker->stop_query, true);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    loop_unwatch(worker->loop, worker->watch);
    close(worker->event_fd);
    free_list(worker->waiting);
    free_list(worker->finished);
    pthread_mutex_destroy(&worker->mutex);
    pthread_cond_destroy(&worker->wake);
    free(worker);
}
