/* What other processes write into the journal, seen without asking: the kernel tells that the file
   was written to, SQLite whether by somebody else. Nothing wakes up while nobody writes. */
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "money_internal.h"

/* From the first page written to the end of that commit, mostly; what is written meanwhile is told
   of together. */
#define SETTLES_MS 50
#define BUSY_MS    1000 /* until the next try to ask a file that is busy */

struct journal_news {
    struct journal *journal;
    struct loop *loop;
    int events; /* inotify; the file itself is not opened, that would cost SQLite its locks */
    struct loop_watch *watch;
    struct loop_timer *timer;
    int64_t version; /* SQLite's count of what other connections have committed */
};

/* Asked without a wait, since screens stand still meanwhile. */
static bool read_version(struct journal_news *news, int64_t *version)
{
    struct db *db = news->journal->db;

    db_hurry(db, true);
    bool good = db_get_int(db, NULL, version, 0, "PRAGMA data_version");
    db_hurry(db, false);
    return good;
}

static void on_settled(void *ctx)
{
    struct journal_news *news = ctx;
    int64_t version;

    news->timer = NULL;
    if (!read_version(news, &version)) { /* what was written is told of later */
        if (journal_usable(news->journal, NULL))
            news->timer = loop_timer_start(news->loop, BUSY_MS, on_settled, news);
        return;
    }
    if (version != news->version && news->journal->changes != NULL)
        changes_raise(news->journal->changes, CHANGED_JOURNAL);
    news->version = version;
}

static void on_events(void *ctx, short revents)
{
    struct journal_news *news = ctx;
    _Alignas(struct inotify_event) char bytes[4096];

    (void)revents;
    while (read(news->events, bytes, sizeof bytes) > 0)
        ;
    if (news->timer == NULL)
        news->timer = loop_timer_start(news->loop, SETTLES_MS, on_settled, news);
}

struct journal_news *journal_news_start(struct journal *journal, struct loop *loop)
{
    struct journal_news *news = mem_alloc(sizeof *news);
    const char *path = sqlite3_db_filename(db_handle(journal->db), "main");

    *news = (struct journal_news){.journal = journal, .loop = loop};
    news->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (news->events >= 0 && inotify_add_watch(news->events, path, IN_MODIFY) >= 0) {
        read_version(news, &news->version);
        news->watch = loop_watch_fd(loop, news->events, POLLIN, on_events, news);
        return news;
    }
    journal_news_stop(news);
    return NULL;
}

void journal_news_stop(struct journal_news *news)
{
    if (news == NULL)
        return;
    loop_unwatch(news->loop, news->watch);
    loop_timer_stop(news->loop, news->timer);
    if (news->events >= 0)
        close(news->events);
    free(news);
}
