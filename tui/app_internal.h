/* Shared by the files of the application itself: app.c, frame.c, commands.c. Screens use app.h. */
#ifndef TUI_APP_INTERNAL_H
#define TUI_APP_INTERNAL_H

#include "app.h"
#include "pin.h"

enum { LAYERS_MAX = 12 };

/* One open screen. */
struct layer {
    const struct screen *screen;
    void *state;
    unsigned missed; /* change bits that came while it was hidden */
    bool shown;      /* is part of the frame that was sent */
    bool painted;    /* … and its painted() was called */
    struct layer *next_dead;
};
/* What the top line says about money under way; counted when the journal changes. */
struct tally {
    int running, unknown;
};
struct app {
    struct loop *loop;
    struct desk *desk;
    struct app_settings settings;
    struct layer *bases[SCREEN_COUNT]; /* numbered screens, opened when first asked for */
    enum screen_id current;
    struct layer *stack[LAYERS_MAX]; /* what lies over the current one */
    int depth;
    struct layer *dead; /* freed at the end of the turn */
    struct loop_hook *hook;
    struct grid grid;
    struct arena arena;
    int nesting; /* handlers on the C stack */
    bool dirty, too_small;
    bool ended; /* the line or the system ended it, no person did */
    unsigned changed;
    unsigned recent;   /* bits handed out since recent_ms (boot clock), which may wait */
    int64_t recent_ms;
    struct loop_timer *news_timer;
    char *message;
    enum style message_style;
    uint32_t last_key;
    struct tally tally;
    struct notices *notices; /* notices.c */
    struct lock *lock;       /* screen_lock.c; NULL: not locked */
    int64_t heard_ms;        /* boot clock of the last key */
    struct loop_timer *idle_timer;
    struct pin_guard pin_guard; /* wrong PINs, wherever they were typed */
    const char *approver;    /* while what this supervisor approved is being started */
    struct payment_facts facts; /* of facts_for, so that a frame asks the cache once */
    char *facts_for;
    bool facts_found;
    int status;
};

/* Handlers named in COMMAND_LIST. */
void command_go(struct app *app, enum command command);
void command_back(struct app *app, enum command command);
void command_help(struct app *app, enum command command);
void command_outcome(struct app *app, enum command command);
void command_environment(struct app *app, enum command command);

void command_lock(struct app *app, enum command command);

/* screen_lock.c: stands in front of the stack. */
void lock_start(struct app *app); /* counts idle time from now on */
void lock_stop(struct app *app);
void lock_close(struct app *app);
bool lock_takes_key(struct app *app, uint32_t key); /* true: nothing else sees it */
void lock_news(struct app *app, unsigned bits);
void lock_paint(struct app *app, struct area all); /* instead of everything */

struct layer *app_top(struct app *app);
/* Around every handler: app->arena is emptied when the outermost one ends. */
void app_enter(struct app *app);
void app_exit(struct app *app);
void app_close_down_to(struct app *app, int depth);
/* Draws the whole frame into app->grid (frame.c). */
void frame_paint(struct app *app);
enum { FRAME_MIN_ROWS = 18, FRAME_MIN_COLS = 60 };

#endif
