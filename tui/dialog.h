/* Questions, as states on the stack: they call back once and close themselves. When the stack is
   cleared (environment change, end of program) they close without calling back.

   dialog_confirm() is the only way to confirm money. Its gesture depends on environment, operation
   and amount: y in training and test; in live Y for charge, extend and link, and the amount typed
   with Enter for refund, capture, cancel and above confirm_limit. What was typed before the dialog
   was on the screen and for 400 ms after is dropped; the key that opened it, Enter alone, and
   anything pasted never confirm. */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include "app.h"

struct fact {          /* one labelled line: outside text never stands beside the amount */
    const char *label; /* N_() */
    struct text value;
    enum style style;
};
enum { CONFIRM_FACTS = 8 };
struct confirm {
    enum op_kind kind;
    struct money amount; /* drawn large; also what must be typed where typing is asked for */
    struct fact facts[CONFIRM_FACTS];
    size_t fact_count;
    struct text warning; /* e.g. the earlier charge that this one repeats; "" none */
    void (*done)(struct app *app, void *ctx, bool confirmed);
    void *ctx;
};
/* Texts are copied. */
void dialog_confirm(struct app *app, const struct confirm *confirm);

/* A question that moves no money: y or n; Enter and Esc mean no. One that leads on to
   dialog_confirm() has a yes of its own: what opened that one would not confirm it. */
struct question {
    struct text title, body;
    uint32_t yes;     /* key that means yes; 0: y */
    const char *hint; /* N_() "2 A second charge   n No"; needed with yes */
    void (*done)(struct app *app, void *ctx, bool yes);
    void *ctx;
};
void dialog_ask(struct app *app, const struct question *question);

/* One line to type (a note, evidence, the webcode). done gets NULL when it was left with Esc; it
   returns NULL to accept, else an untranslated error to show while the dialog stays. */
struct line_question {
    struct text title, body;
    const char *initial;
    size_t max;
    const char *(*done)(struct app *app, void *ctx, const char *typed);
    void *ctx;
};
void dialog_line(struct app *app, const struct line_question *question);

/* Something to read; any of Enter, Esc, q closes. */
void dialog_tell(struct app *app, struct text title, struct text body);

#endif
