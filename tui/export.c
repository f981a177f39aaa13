#include "export.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 500, SLOT_OFFSET = 8 }; /* slots below are the lists' own */

struct export
{
    struct app *app;
    struct list_settings settings;
    struct filter *filter;
    struct list_spec spec;
    struct row_page page; /* its last row is where the next page begins */
    struct loop_timer *timer;
    FILE *file;
    char path[PATH_MAX];
    int64_t rows;
    bool running;
};

static int slot(const struct export *job)
{
    return SLOT_OFFSET + (int)job->settings.kind;
}

/* In the folder the console was started in; never over a file that is there. */
static bool open_file(struct export *job)
{
    char folder[PATH_MAX - 64];
    struct civil now = time_to_civil(format_wall_ms(clock_utc_ms()));
    if (!getcwd(folder, sizeof folder))
        return false;
    snprintf(job->path, sizeof job->path, "%s/%s-%04d%02d%02d-%02d%02d%02d.csv", folder,
             job->settings.file_stem, now.year, now.month, now.day, now.hour, now.minute,
             now.second);
    int fd = open(job->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    job->file = fdopen(fd, "w");
    return job->file != NULL;
}

static void finish(struct export *job, bool ok)
{
    struct arena arena = {0};
    job->running = false;
    ok = fclose(job->file) == 0 && ok;
    job->file = NULL;
    struct text path = text_clean(&arena, job->path);
    if (!ok)
        unlink(job->path);
    struct text rows = format_count(&arena, job->rows);
    if (ok)
        app_message(
            job->app, STYLE_GOOD,
            text_oursf(&arena,
                       format_plural("Wrote %s row to %s", "Wrote %s rows to %s", job->rows),
                       rows.bytes, path.bytes));
    else
        app_message(job->app, STYLE_BAD,
                    text_oursf(&arena, _("Could not write all of it (%s rows): %s was removed"),
                               rows.bytes, path.bytes));
    arena_done(&arena);
}

static void next_page(void *ctx);

static void on_page(void *ctx, struct row_page *page, const struct err *err)
{
    struct export *job = ctx;
    (void)err;
    if (!page) {
        finish(job, false);
        return;
    }
    struct buf out;
    buf_init(&out, 8 << 20);
    for (size_t i = 0; i < page->count; i++)
        table_csv_row(job->settings.columns, job->settings.column_count, &page->rows[i], &out);
    bool ok = !out.over && (out.len == 0 || fwrite(out.data, out.len, 1, job->file) == 1);
    buf_done(&out);
    job->rows += (int64_t)page->count;
    row_page_done(&job->page);
    job->page = *page;
    if (ok && page->more && page->count > 0)
        job->timer = loop_timer_start(app_loop(job->app), 0, next_page, job);
    else
        finish(job, ok);
}

static void next_page(void *ctx)
{
    struct export *job = ctx;
    job->timer = NULL;
    size_t count = job->page.count;
    const struct page_request request = {&job->spec, count ? FROM_AFTER : FROM_FIRST,
                                         count ? &job->page.rows[count - 1] : NULL, PAGE};
    cache_list_soon(app_desk(job->app)->cache, app_loop(job->app), slot(job), &request, on_page,
                    job);
}

struct export *export_start(struct app *app, const struct list_settings *settings,
                            const char *filter, enum sort_by sort, bool ascending)
{
    struct export *job = mem_alloc(sizeof *job);
    struct filter_context context = format_filter_context();
    struct filter_error wrong;
    job->app = app;
    job->settings = *settings;
    job->filter = filter_parse(filter, settings->kind, &context, &wrong);
    job->spec = (struct list_spec){settings->kind, job->filter, sort, ascending};
    if (!job->filter || !open_file(job)) {
        app_message(app, STYLE_BAD,
                    text_oursf(app_arena(app), _("Cannot write a file here: %s"),
                               text_clean(app_arena(app), strerror(errno)).bytes));
        export_free(job);
        return NULL;
    }
    struct buf titles;
    buf_init(&titles, 4096);
    table_csv_titles(settings->columns, settings->column_count, &titles);
    fwrite(titles.data, titles.len, 1, job->file);
    buf_done(&titles);
    job->running = true;
    next_page(job);
    return job;
}

bool export_is_running(const struct export *job)
{
    return job && job->running;
}

void export_free(struct export *job)
{
    if (!job)
        return;
    if (job->running)
        cache_list_forget(app_desk(job->app)->cache, slot(job));
    loop_timer_stop(app_loop(job->app), job->timer);
    if (job->file) {
        fclose(job->file);
        unlink(job->path);
    }
    row_page_done(&job->page);
    filter_free(job->filter);
    free(job);
}
