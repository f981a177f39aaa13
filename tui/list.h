/* A list of records over the cache: keyset pages in both directions, filter line, sort, marks,
   totals and CSV export. Screens 1 to 3 are this plus their columns, whose rows are
   struct row. */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include "prompt.h"
#include "table.h"

struct list_settings {
    enum record_kind kind;
    const struct column *columns;
    size_t column_count;
    const char *file_stem; /* of the CSV file: "sessions" */
    struct text (*reference)(struct arena *arena, const struct row *row); /* what `y` copies */
};
struct list;
struct list *list_new(struct app *app, const struct list_settings *settings);
void list_free(struct list *list);
void list_reload(struct list *list); /* after a change: the cursor keeps its row */
void list_paint(struct list *list, struct area area);
bool list_key(struct list *list, uint32_t key); /* while the filter is being typed */
void list_paste(struct list *list, struct text text);
bool list_command(struct list *list, enum command command);
const struct row *list_selected(const struct list *list); /* NULL: empty */
bool list_target(struct list *list, struct arena *arena, struct target *out);
bool list_set_filter(struct list *list, const char *text); /* false: wrong token, shown */

#endif
