/* Fields one below the other. A form is a part of a screen's state: form_init() in open,
   form_done() in close, form_paint() in paint, form_key() in key, form_paste() in paste. */
#ifndef TUI_FORM_H
#define TUI_FORM_H

#include "prompt.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_AMOUNT, /* echoes the exact amount it was read as: "= 12,50 EUR" */
    FIELD_CHOICE, /* left, right, or the number keys 1-9; options set with form_set_options() */
    FIELD_YESNO   /* Space, left, right, y, n */
};
struct field {
    enum field_kind kind;
    const char *label; /* N_() */
    const char *hint;  /* N_() shown while it is active, or NULL */
    size_t max;        /* bytes of text; 0: 64 */
    bool required;
    bool list; /* FIELD_CHOICE: all options below each other (terminals), not one line */
};
struct option {
    struct text label, note; /* note: "online", "in use by …" */
    enum style style;        /* of the note */
};

struct form_slot; /* value and error of one field */
struct form {
    const struct field *fields;
    size_t count, active;
    struct form_slot *slots;
    char currency[CURRENCY_SIZE]; /* amounts are read in it */
    struct arena arena;           /* options */
    int cols; /* of the last painting, 0: none */
};
enum form_result { FORM_IGNORED, FORM_TAKEN, FORM_SUBMIT, FORM_CANCEL };

void form_init(struct form *form, const struct field *fields, size_t count, const char *currency);
void form_done(struct form *form);
/* Tab and arrows move, Enter goes on and, on the last field, submits once every field is valid
   (otherwise the first wrong one becomes active with its message); F2 submits from anywhere. */
enum form_result form_key(struct form *form, uint32_t key);
void form_paste(struct form *form, struct text text); /* into the active field; never submits */
/* Labels left, values right, errors below their field. Returns the row after the last. */
int form_paint(struct form *form, struct area area);
int form_rows(const struct form *form); /* rows form_paint() needs at most */

const char *form_text(const struct form *form, size_t field); /* "" if empty; lives in the form */
void form_set_text(struct form *form, size_t field, const char *text);
/* False while what is typed is no valid amount of form.currency. */
bool form_amount(const struct form *form, size_t field, struct money *out);
int form_choice(const struct form *form, size_t field); /* option index; -1 none */
void form_set_choice(struct form *form, size_t field, int choice);
void form_set_options(struct form *form, size_t field, const struct option *options, size_t count);
bool form_yes(const struct form *form, size_t field);
void form_set_currency(struct form *form, const char *currency);
/* A message on a field from outside (the API refused it, above what is left); it becomes active. */
void form_fail(struct form *form, size_t field, struct text why);
void form_activate(struct form *form, size_t field);
/* Runs all checks; false: the first wrong field is active and says why. */
bool form_validate(struct form *form);

#endif
