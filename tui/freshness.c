#include "freshness.h"

#include "format.h"
#include "words.h"

#define LIMIT_MS (INT64_C(10) * 60 * 1000)

static bool is_old(int64_t utc_ms)
{
    return clock_utc_ms() - utc_ms > LIMIT_MS;
}

/* Without a connection at all (offline on purpose) everything is what it is. */
bool freshness_list_is_old(struct app *app, enum record_kind kind)
{
    struct sync_progress progress;
    if (!app_desk(app)->sync)
        return false;
    sync_get_progress(app_desk(app)->sync, kind, &progress);
    return is_old(progress.last_ok_ms);
}

bool freshness_row_is_old(const struct row *row)
{
    enum status_class status = status_classify(row->record.kind, row->record.status);
    bool may_change = status == STATUS_OPEN || status == STATUS_OTHER;
    return may_change && is_old(row->seen_ms);
}

struct text freshness_why(struct arena *arena, const struct sync_progress *progress)
{
    int status = progress->last_api_error.http_status;
    switch (progress->last_error.code) {
    case ERR_NETWORK:
        return text_ours(words_is_distrust(&progress->last_error) ? _("server not believed")
                                                                  : _("no connection"));
    case ERR_DATA:
        return text_ours(_("unreadable answer"));
    case ERR_API:
        if (status == 401 || status == 403)
            return text_ours(_("access denied"));
        return text_oursf(arena, _("refused (HTTP %d)"), status);
    case ERR_STORAGE:
        return text_ours(_("local data trouble"));
    default:
        return text_ours(_("no answer"));
    }
}
