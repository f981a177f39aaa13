/* Outcomes that came while nobody looked: one bell, and a line that stays until its key opens the
   outcome or Esc puts it away. Shared by the files of the application; screens use app.h. */
#ifndef TUI_NOTICES_H
#define TUI_NOTICES_H

#include "app_internal.h"

struct notices; /* made by the first reading */
/* Counts what is under way for the top line and tells what has ended since the last time. */
void notices_read(struct app *app);
/* As if nothing had ever been read: another journal comes, or the end. */
void notices_forget(struct app *app);
/* "" when there is nothing to be told. */
struct text notices_line(struct app *app, enum style *style);
bool notices_put_away(struct app *app); /* false: there was none */

#endif
