/* The application: a stack of screens over one desk, one repaint a turn.

   How a screen is written (screen_sessions.c is one):
     - state: a struct of its own; the framework allocates it zeroed (state_size) and frees it.
     - a const struct screen with the functions it needs; all but paint may be NULL.
     - numbered screens have a row in SCREEN_LIST; others are opened with app_push().
     - handlers change state and call app_dirty(); only paint draws. Nothing waits: what takes time
       calls back. Strings made with app_arena() live until the handler or paint returns.
     - read cache and journal in open and reload; name the bits you depend on in changes.
   A form (form.h) and a list (table.h, list.h) are parts of a screen's state: hand them keys,
   pastes and an area. A question (dialog.h) is pushed on the stack and calls back. */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "commands.h"
#include "desk.h"
#include "draw.h"
#include "term.h"

struct app;

/* What the row actions (refund, capture, …) of the screen on top would act on. */
struct target {
    enum record_kind kind;
    const char *id;
    const char *payment_reference; /* NULL: none yet */
    const char *copy;              /* what `y` copies; NULL: nothing */
};

struct screen {
    const char *title; /* N_(); also the tab's label */
    enum scope scope;
    bool overlay; /* painted over the screen below (dialogs, forms in a box) */
    size_t state_size;
    unsigned changes; /* enum change bits that make reload necessary */
    /* argument: what app_push() was given, copied by open as needed. False: not opened (open has
       said why with app_message()); close is not called then. */
    bool (*open)(struct app *app, void *state, const void *argument);
    void (*close)(struct app *app, void *state);
    void (*reload)(struct app *app, void *state, unsigned bits);
    void (*paint)(struct app *app, void *state, struct area area);
    /* After the frame that showed it first, or first in a new size or after Ctrl-Z, has left for
       the terminal. Until then it gets no keys. */
    void (*painted)(struct app *app, void *state);
    /* Sees keys before commands do. True: taken. */
    bool (*key)(struct app *app, void *state, uint32_t key);
    void (*paste)(struct app *app, void *state, struct text text);
    /* Runs a command whose row has no handler. False: means nothing here. */
    bool (*command)(struct app *app, void *state, enum command command);
    /* Why a command is not possible now, "" if it is; called after the flags were checked. */
    struct text (*why_not)(struct app *app, void *state, struct arena *arena, enum command command);
    /* The row under the cursor; strings live in arena. False: none. */
    bool (*target)(struct app *app, void *state, struct arena *arena, struct target *out);
    /* The intent whose outcome it tells. The end of any other one is told in a line. */
    const char *(*intent)(const void *state);
    /* Number behind the tab's label, 0: none. A numbered screen with one is opened at the start and
       reloaded even while another is shown. */
    int (*badge)(const void *state);
    /* Of the area given to paint (0: any). An overlay that no longer fits is told so once and
       should close itself, a money question as "not confirmed"; so it is when the console locks. */
    int min_rows, min_cols;
    void (*too_small)(struct app *app, void *state);
};

/* Numbered screens: X(id, descriptor). Position is the key; they live as long as the desk. */
#define SCREEN_LIST(X)                                                                             \
    X(SESSIONS, screen_sessions)                                                                   \
    X(PAYMENTS, screen_payments)                                                                   \
    X(MODIFICATIONS, screen_modifications)                                                         \
    X(TERMINALS, screen_terminals)                                                                 \
    X(INBOX, screen_inbox)
enum screen_id {
#define X(id, descriptor) SCREEN_##id,
    SCREEN_LIST(X)
#undef X
        SCREEN_COUNT
};
#define X(id, descriptor) extern const struct screen descriptor;
SCREEN_LIST(X)
#undef X

struct app_settings {
    const struct config *config;
    /* Closes the desk and opens it again in another environment; false and err: the old one is open
       as before. */
    bool (*reopen)(void *ctx, enum env env, struct err *err);
    void *ctx;
    const char *notice; /* untranslated sentence to show first, or NULL */
};
/* Runs the console on an open desk until it is left. Returns the exit status (product 4). */
int app_run(struct loop *loop, struct desk *desk, const struct app_settings *settings);

/* --- for screens ---------------------------------------------------------------------------- */

struct desk *app_desk(struct app *app);
const struct config *app_config(struct app *app);
struct loop *app_loop(struct app *app);
struct arena *app_arena(struct app *app); /* emptied when the outermost handler or paint returns */
uint32_t app_last_key(struct app *app);   /* the key being handled, or the last one */

/* Opens a screen on top. NULL when its open refused. The state lives until the screen is closed. */
void *app_push(struct app *app, const struct screen *screen, const void *argument);
/* Closes the screen this state belongs to and all above it. The memory stays until the turn ends,
   so a handler may close its own screen. */
void app_close(struct app *app, void *state);
/* Closes that one screen only; what was opened on top of it stays. */
void app_remove(struct app *app, void *state);
void app_go(struct app *app, enum screen_id id); /* closes what lies over the numbered screens */
bool app_is_top(struct app *app, const void *state);
void app_dirty(struct app *app);
/* One line above the footer, until the next key. */
void app_message(struct app *app, enum style style, struct text text);
void app_error(struct app *app, const struct err *err); /* worded by words_of_error() */
/* This outcome is on the screen: nothing is to be told about it any more. */
void app_outcome_seen(struct app *app, const char *intent_id);
/* "" when the command can be run on the screen on top now, else why not. */
struct text app_why_not(struct app *app, struct arena *arena, enum command command);
void app_command(struct app *app, enum command command); /* as if its key had been pressed */
/* The record the row actions act on; false and a message when there is none. */
bool app_target(struct app *app, struct arena *arena, struct target *out);
/* The environment's word in brackets of its own, readable without colour; for titles. */
struct text app_env_word(struct app *app, struct arena *arena);
/* Changes the environment: closes every screen, reopens the desk. Refused (message) while a charge
   is on its way. */
bool app_change_env(struct app *app, enum env env);
void app_leave(struct app *app, int status);

#endif
