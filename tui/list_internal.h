/* Shared by list.c (commands), list_rows.c (what is listed) and list_paint.c (how it looks). */
#ifndef TUI_LIST_INTERNAL_H
#define TUI_LIST_INTERNAL_H

#include "export.h"
#include "list.h"
#include "nothing.h"
#include "words.h"

struct list {
    struct app *app;
    struct list_settings settings;
    struct table table;
    struct row_page page;
    bool at_start, at_end;
    int64_t first;             /* position of page.rows[0] in the list, -1: not known */
    enum command pending_move; /* made when the stretch asked for is here */
    bool from_top;             /* … which is another list: the cursor goes to its first row */
    bool chosen; /* somebody put the cursor where it is: it follows its row out of the window */
    enum page_from asked_from;
    int asked_anchor; /* index in page */
    bool asking;        /* an answer is on its way … */
    bool reload_wanted; /* … and there were news since it was asked for */
    struct filter *filter;
    char filter_text[PROMPT_MAX]; /* of filter */
    struct prompt prompt;
    char before[PROMPT_MAX]; /* filter when typing began: Esc goes back to it */
    bool typing;
    bool wrong; /* what is typed has a wrong token */
    struct filter_error error;
    int sort_step; /* through the sortable columns, then through them in reverse */
    struct list_totals totals;
    bool totals_wanted, totals_running;
    int64_t totals_begun_ms; /* boot clock */
    struct loop_timer *totals_timer;
    bool is_old; /* of the frame being painted: no good answer for too long */
    char **marks;
    size_t mark_count;
    struct export *export;
    char *nothing; /* said where the filter leaves no row; NULL: there are rows */
};

struct list_spec list_spec_now(const struct list *list);
int list_find_mark(const struct list *list, const char *id); /* -1: not marked */
void list_sort_next(struct list *list);
void list_start_over(struct list *list); /* another filter or order: from its first row on */
void list_fill(struct list *list);       /* the window has grown beyond the rows that are here */
bool list_move(struct list *list, enum command command); /* false: another command */
void list_stop_totals(struct list *list);

#endif
