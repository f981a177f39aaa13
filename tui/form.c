#include "form.h"

#include "words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_COLS = 18, TEXT_MAX = 64, AMOUNT_MAX = 24, CARD_MIN = 13, CARD_MAX = 19 };

struct form_slot {
    struct prompt prompt;
    int choice;             /* option, or 0/1 for yes-no; -1: none */
    struct option *options; /* in form.arena */
    size_t option_count;
    bool picked; /* the last key was the number of an option */
    char *error;
};

static void set_error(struct form_slot *slot, const char *error)
{
    free(slot->error);
    slot->error = mem_strdup(error);
}

void form_init(struct form *form, const struct field *fields, size_t count, const char *currency)
{
    *form = (struct form){.fields = fields, .count = count};
    form->slots = mem_alloc(count * sizeof *form->slots);
    for (size_t i = 0; i < count; i++) {
        size_t max = fields[i].max ? fields[i].max : TEXT_MAX;
        prompt_init(&form->slots[i].prompt, NULL,
                    fields[i].kind == FIELD_AMOUNT ? AMOUNT_MAX : max);
        form->slots[i].choice = fields[i].kind == FIELD_YESNO ? 0 : -1;
    }
    form_set_currency(form, currency);
}

void form_done(struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        free(form->slots[i].error);
    free(form->slots);
    arena_done(&form->arena);
    *form = (struct form){0};
}

/* --- values ------------------------------------------------------------------------------- */

const char *form_text(const struct form *form, size_t field)
{
    assert(field < form->count);
    return form->slots[field].prompt.text;
}

void form_set_text(struct form *form, size_t field, const char *text)
{
    struct arena arena = {0};
    struct prompt *prompt = &form->slots[field].prompt;
    prompt_init(prompt, text_clean(&arena, text).bytes, prompt->max);
    arena_done(&arena);
}

bool form_amount(const struct form *form, size_t field, struct money *out)
{
    int64_t readings[2];
    return money_parse(form_text(form, field), form->currency, format_money_style(), out, readings,
                       NULL);
}

int form_choice(const struct form *form, size_t field)
{
    return form->slots[field].choice;
}

void form_set_choice(struct form *form, size_t field, int choice)
{
    form->slots[field].choice = choice;
}

bool form_yes(const struct form *form, size_t field)
{
    return form->slots[field].choice == 1;
}

void form_set_options(struct form *form, size_t field, const struct option *options, size_t count)
{
    struct form_slot *slot = &form->slots[field];
    slot->options = arena_alloc(&form->arena, (count + 1) * sizeof *slot->options);
    slot->option_count = count;
    for (size_t i = 0; i < count; i++) {
        slot->options[i] = options[i];
        slot->options[i].label.bytes = arena_strdup(&form->arena, options[i].label.bytes);
        slot->options[i].note.bytes =
            arena_strdup(&form->arena, options[i].note.bytes ? options[i].note.bytes : "");
    }
    if (slot->choice >= (int)count)
        slot->choice = -1;
}

void form_set_currency(struct form *form, const char *currency)
{
    size_t len = currency ? strlen(currency) : 0;
    memset(form->currency, 0, sizeof form->currency);
    memcpy(form->currency, currency ? currency : "", len < CURRENCY_SIZE ? len : CURRENCY_SIZE - 1);
}

void form_activate(struct form *form, size_t field)
{
    assert(field < form->count);
    form->active = field;
}

void form_fail(struct form *form, size_t field, struct text why)
{
    form_activate(form, field);
    set_error(&form->slots[field], why.bytes);
}

/* --- checks ------------------------------------------------------------------------------- */

/* 13 to 19 digits, blanks and dashes between them, whose check digit is right: a card number. None
   is ever asked for, so none is taken. */
static bool holds_card_number(const char *text)
{
    for (; *text; text++) {
        int digits[CARD_MAX], count = 0;
        const char *at = text;
        for (; count < CARD_MAX && *at; at++) {
            if (*at >= '0' && *at <= '9')
                digits[count++] = *at - '0';
            else if (count == 0 || (*at != ' ' && *at != '-'))
                break;
        }
        for (int len = count; len >= CARD_MIN; len--) {
            int sum = 0;
            for (int i = 0; i < len; i++) {
                int value = digits[len - 1 - i] << (i & 1);
                sum += value > 9 ? value - 9 : value;
            }
            if (sum % 10 == 0 && digits[0] >= 2 && digits[0] <= 6)
                return true;
        }
        while (*text >= '0' && *text <= '9' && text[1] >= '0' && text[1] <= '9')
            text++;
    }
    return false;
}

static bool check_amount(struct form *form, struct form_slot *slot)
{
    struct money money;
    int64_t readings[2];
    struct err err = {0};
    if (money_parse(slot->prompt.text, form->currency, format_money_style(), &money, readings,
                    &err))
        return true;
    struct arena arena = {0};
    set_error(slot,
              words_amount_error(&arena, slot->prompt.text, form->currency, &err, readings).bytes);
    arena_done(&arena);
    return false;
}

static bool check(struct form *form, size_t field)
{
    const struct field *row = &form->fields[field];
    struct form_slot *slot = &form->slots[field];
    bool typed = row->kind == FIELD_TEXT || row->kind == FIELD_AMOUNT;
    bool empty = typed ? slot->prompt.len == 0 : slot->choice < 0;
    if (empty) {
        if (row->required)
            set_error(slot, typed ? _("Needed.") : _("Choose one."));
        return !row->required;
    }
    if (row->kind == FIELD_AMOUNT)
        return check_amount(form, slot);
    if (row->kind == FIELD_TEXT && holds_card_number(slot->prompt.text)) {
        set_error(slot, _("This looks like a card number. Never type one here."));
        return false;
    }
    return true;
}

bool form_validate(struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        set_error(&form->slots[i], NULL);
    for (size_t i = 0; i < form->count; i++) {
        if (!check(form, i)) {
            form->active = i;
            return false;
        }
    }
    return true;
}

/* --- keys --------------------------------------------------------------------------------- */

/* What is wrong with a field is said as soon as it is left; that it is empty, not before the end.
 */
static void leave(struct form *form)
{
    struct form_slot *slot = &form->slots[form->active];
    set_error(slot, NULL);
    slot->picked = false;
    if (slot->prompt.len > 0)
        check(form, form->active);
}

static void step(struct form *form, int by)
{
    size_t count = form->count;
    leave(form);
    form->active = (form->active + count + (size_t)(by + (int)count)) % count;
}

/* Left and right through the options; the number keys choose at once. */
static bool choice_key(struct form *form, struct form_slot *slot, uint32_t key)
{
    int count = form->fields[form->active].kind == FIELD_YESNO ? 2 : (int)slot->option_count;
    bool yes_no = form->fields[form->active].kind == FIELD_YESNO;
    int choice = slot->choice;
    if (key == KEY_ARROW_RIGHT || key == ' ')
        choice = count ? (choice + 1) % count : choice;
    else if (key == KEY_ARROW_LEFT)
        choice = count ? (choice + count - (choice >= 0)) % count : choice;
    else if (yes_no && (key == 'y' || key == 'Y' || key == 's' || key == 'S'))
        choice = 1;
    else if (yes_no && (key == 'n' || key == 'N'))
        choice = 0;
    else if (!yes_no && key >= '1' && key <= '9' && (int)(key - '1') < count)
        choice = (int)(key - '1');
    else
        return false;
    slot->choice = choice;
    return true;
}

static bool is_printable(uint32_t key)
{
    return key >= ' ' && key != KEY_ERASE && key < KEY_BASE;
}

/* Whoever takes the options for the amount's field types it here: two digits, or a comma. */
static bool option_key(struct form *form, struct form_slot *slot, uint32_t key)
{
    bool digit = key >= '0' && key <= '9', again = digit && slot->picked;
    bool taken = choice_key(form, slot, key);
    slot->picked = digit;
    if (!again && key != ',' && key != '.')
        return taken;
    if (form->fields[form->active].kind == FIELD_YESNO || form->active + 1 == form->count)
        return taken;
    struct arena arena = {0};
    const char *next = _(form->fields[form->active + 1].label);
    set_error(slot, text_oursf(&arena, _("Tab goes on to: %s"), next).bytes);
    arena_done(&arena);
    return true;
}

/* No key vanishes without a word. */
static bool typed_key(struct form_slot *slot, enum field_kind kind, uint32_t key)
{
    size_t bytes = key < 0x80 ? 1 : key < 0x800 ? 2 : key < 0x10000 ? 3 : 4;
    bool figure = (key >= '0' && key <= '9') || key == ',' || key == '.';
    if (kind == FIELD_AMOUNT && is_printable(key) && !figure)
        set_error(slot, _("Digits, comma and point only."));
    else if (is_printable(key) && slot->prompt.len + bytes > slot->prompt.max)
        set_error(slot, _("This field is full."));
    else
        return prompt_key(&slot->prompt, key);
    return true;
}

static bool field_key(struct form *form, uint32_t key)
{
    struct form_slot *slot = &form->slots[form->active];
    enum field_kind kind = form->fields[form->active].kind;
    char *before = slot->error;
    slot->error = NULL;
    bool taken = kind == FIELD_CHOICE || kind == FIELD_YESNO ? option_key(form, slot, key)
                                                             : typed_key(slot, kind, key);
    if (taken)
        free(before);
    else
        slot->error = before;
    return taken;
}

enum form_result form_key(struct form *form, uint32_t key)
{
    const struct form_slot *slot = &form->slots[form->active];
    bool listed = form->fields[form->active].list;
    if (key == KEY_ESC)
        return FORM_CANCEL;
    if (key == KEY_FN + 2 || (key == KEY_RETURN && form->active + 1 == form->count))
        return form_validate(form) ? FORM_SUBMIT : FORM_TAKEN;
    if (listed && key == KEY_ARROW_DOWN && slot->choice + 1 < (int)slot->option_count)
        return choice_key(form, &form->slots[form->active], KEY_ARROW_RIGHT), FORM_TAKEN;
    if (listed && key == KEY_ARROW_UP && slot->choice > 0)
        return choice_key(form, &form->slots[form->active], KEY_ARROW_LEFT), FORM_TAKEN;
    if (key == KEY_TAB || key == KEY_RETURN || key == KEY_ARROW_DOWN) {
        if (key != KEY_RETURN || check(form, form->active))
            step(form, 1);
        return FORM_TAKEN;
    }
    if (key == KEY_BACKTAB || key == KEY_ARROW_UP) {
        step(form, -1);
        return FORM_TAKEN;
    }
    return field_key(form, key) ? FORM_TAKEN : FORM_IGNORED;
}

void form_paste(struct form *form, struct text text)
{
    enum field_kind kind = form->fields[form->active].kind;
    struct form_slot *slot = &form->slots[form->active];
    if (kind == FIELD_TEXT || kind == FIELD_AMOUNT) {
        prompt_paste(&slot->prompt, text);
        set_error(slot, NULL);
    }
}

/* --- painting ----------------------------------------------------------------------------- */

static struct area value_place(struct area area, int row, int width)
{
    int room = area.cols - LABEL_COLS;
    struct area place = {area.grid, area.row + row, area.col + LABEL_COLS, 1, width};
    if (row < 0 || row >= area.rows)
        place.rows = 0;
    if (place.cols > room)
        place.cols = room > 0 ? room : 0;
    return place;
}

static void paint_amount(struct form *form, struct form_slot *slot, struct area area, int row,
                         bool active)
{
    enum { WIDTH = 16 };
    struct arena arena = {0};
    struct money money;
    int64_t readings[2];
    prompt_paint(&slot->prompt, value_place(area, row, WIDTH), active);
    if (slot->prompt.len == 0)
        draw_text(area, row, LABEL_COLS + WIDTH + 2, STYLE_DIM, text_ours(form->currency));
    else if (money_parse(slot->prompt.text, form->currency, format_money_style(), &money, readings,
                         NULL))
        draw_text(area, row, LABEL_COLS + WIDTH + 2, STYLE_STRONG,
                  text_oursf(&arena, "= %s", format_money(&arena, &money).bytes));
    arena_done(&arena);
}

static int paint_option(const struct form_slot *slot, int index, struct area area, int row, int col)
{
    const struct option *option = &slot->options[index];
    struct arena arena = {0};
    bool chosen = index == slot->choice;
    struct text label = text_oursf(&arena, "%s%d %s%s", chosen ? "[" : " ", index + 1,
                                   option->label.bytes, chosen ? "]" : " ");
    col = draw_text(area, row, col, chosen ? STYLE_TITLE : STYLE_NORMAL, label) + 1;
    if (*option->note.bytes)
        col = draw_text(area, row, col + 1, option->style, option->note) + 1;
    arena_done(&arena);
    return col;
}

/* Options below each other when they are a list, else on one line. Returns the last row used. */
static int paint_options(const struct form_slot *slot, bool list, struct area area, int row)
{
    int col = LABEL_COLS;
    for (int i = 0; i < (int)slot->option_count; i++) {
        if (list && i > 0)
            row++;
        int after = paint_option(slot, i, area, row, list ? LABEL_COLS : col);
        col = list ? LABEL_COLS : after;
    }
    return row;
}

static int paint_field(struct form *form, size_t field, struct area area, int row)
{
    const struct field *spec = &form->fields[field];
    struct form_slot *slot = &form->slots[field];
    bool active = field == form->active;
    draw_text(area, row, 0, STYLE_SELECTED, text_ours(active ? ">" : " "));
    draw_field(area_cell(area, row, 2, LABEL_COLS - 3), ALIGN_LEFT,
               active ? STYLE_TITLE : STYLE_NORMAL, text_ours(_(spec->label)));
    switch (spec->kind) {
    case FIELD_TEXT:
        prompt_paint(&slot->prompt, value_place(area, row, (int)slot->prompt.max + 1), active);
        break;
    case FIELD_AMOUNT:
        paint_amount(form, slot, area, row, active);
        break;
    case FIELD_CHOICE:
        row = paint_options(slot, spec->list, area, row);
        break;
    case FIELD_YESNO:
        draw_text(area, row, LABEL_COLS, STYLE_FIELD,
                  text_ours(slot->choice == 1 ? _("[x] yes") : _("[ ] no")));
        break;
    }
    row++;
    if (slot->error)
        row = draw_wrapped(area, row, LABEL_COLS, STYLE_BAD, (struct text){slot->error});
    else if (active && spec->hint)
        row = draw_wrapped(area, row, LABEL_COLS, STYLE_DIM, text_ours(_(spec->hint)));
    return row;
}

int form_paint(struct form *form, struct area area)
{
    int row = 0;
    form->cols = area.cols;
    for (size_t i = 0; i < form->count; i++)
        row = paint_field(form, i, area, row);
    return row;
}

static int wrapped_rows(const struct form *form, const char *text)
{
    enum { LINES = 4 };
    struct grid scratch;
    if (form->cols <= LABEL_COLS)
        return 1;
    grid_init(&scratch, LINES, form->cols - LABEL_COLS);
    int rows = draw_wrapped(grid_area(&scratch), 0, 0, STYLE_BAD, (struct text){text});
    grid_done(&scratch);
    return rows;
}

int form_rows(const struct form *form)
{
    int rows = 0;
    for (size_t i = 0; i < form->count; i++) {
        size_t options = form->slots[i].option_count;
        rows += form->fields[i].list && options > 1 ? (int)options : 1;
        if (form->slots[i].error)
            rows += wrapped_rows(form, form->slots[i].error);
        else
            rows += form->fields[i].hint ? 1 : 0;
    }
    return rows;
}
