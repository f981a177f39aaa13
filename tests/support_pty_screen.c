/* What stands on the screen: cells, text, golden form, and the modes a program must undo. */
#include "support_pty_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- cells ---------------------------------------------------------------------------------- */

static size_t encode(uint32_t c, char *out)
{
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (len == 1) {
        *out = (char)c;
        return 1;
    }
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[len] | c);
    return len;
}

static uint32_t rgb_of(const VTermScreen *screen, VTermColor color)
{
    vterm_screen_convert_color_to_rgb(screen, &color);
    return (uint32_t)(color.rgb.red << 16 | color.rgb.green << 8 | color.rgb.blue);
}

static int color_of(const VTermScreen *screen, const VTermColor *color)
{
    if (color->type & VTERM_COLOR_DEFAULT_MASK)
        return PTY_DEFAULT;
    if (VTERM_COLOR_IS_INDEXED(color))
        return color->indexed.idx;
    return PTY_RGB | (int)rgb_of(screen, *color);
}

struct pty_cell pty_cell(struct pty *pty, int row, int col)
{
    VTermScreenCell from;
    struct pty_cell cell = {.text = " "};
    size_t len = 0;
    if (!vterm_screen_get_cell(pty->screen, (VTermPos){.row = row, .col = col}, &from))
        return cell;
    if (from.chars[0] == UINT32_MAX) /* the right half of a wide character */
        cell.text[0] = '\0';
    else
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && from.chars[i]; i++)
            len += encode(from.chars[i], cell.text + len);
    if (len)
        cell.text[len] = '\0';
    cell.fg = color_of(pty->screen, &from.fg);
    cell.bg = color_of(pty->screen, &from.bg);
    cell.fg_rgb = rgb_of(pty->screen, from.fg);
    cell.bg_rgb = rgb_of(pty->screen, from.bg);
    cell.bold = from.attrs.bold;
    cell.underline = from.attrs.underline != VTERM_UNDERLINE_OFF;
    cell.reverse = from.attrs.reverse;
    cell.blink = from.attrs.blink;
    return cell;
}

void pty_size(struct pty *pty, int *rows, int *cols)
{
    *rows = pty->rows;
    *cols = pty->cols;
}

void pty_cursor(struct pty *pty, int *row, int *col)
{
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(pty->vt), &at);
    *row = at.row;
    *col = at.col;
}

/* --- text ----------------------------------------------------------------------------------- */

static void write_text(struct pty *pty, FILE *out)
{
    for (int row = 0; row < pty->rows; row++) {
        int blanks = 0;
        for (int col = 0; col < pty->cols; col++) {
            struct pty_cell cell = pty_cell(pty, row, col);
            if (strcmp(cell.text, " ") == 0) {
                blanks++;
                continue;
            }
            fprintf(out, "%*s%s", blanks, "", cell.text);
            blanks = 0;
        }
        fputc('\n', out);
    }
}

char *pty_screen_text(struct pty *pty)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert(out);
    write_text(pty, out);
    fclose(out);
    return text;
}

/* The last of ?25h and ?25l. libvterm would have leaving the alternate screen bring the cursor's
   visibility back too, which no real terminal does. */
static bool cursor_hidden(const struct pty *pty)
{
    for (size_t i = pty->log_len; i >= 4; i--) {
        const char *at = pty->log + i - 4;
        if (memcmp(at + 1, "25h", 3) == 0 && (*at == '?' || *at == ';'))
            return false;
        if (memcmp(at + 1, "25l", 3) == 0 && (*at == '?' || *at == ';'))
            return true;
    }
    return false;
}

/* --- golden --------------------------------------------------------------------------------- */

#define STYLE_SIZE 80

static void color_word(char *out, size_t size, const char *what, int color)
{
    if (color == PTY_DEFAULT)
        *out = '\0';
    else if (color & PTY_RGB)
        snprintf(out, size, " %s=#%06x", what, (unsigned)color & 0xFFFFFF);
    else
        snprintf(out, size, " %s=%d", what, color);
}

/* How a cell looks, in words; "" when plain. A colour of the foreground shows on a glyph only, so
   that a blank's is left out: it may differ with how the terminal was told to erase. */
static void style_words(const struct pty_cell *cell, char out[STYLE_SIZE])
{
    char fg[16], bg[16];
    bool blank = strcmp(cell->text, " ") == 0 && !cell->reverse;
    color_word(fg, sizeof fg, "fg", blank ? PTY_DEFAULT : cell->fg);
    color_word(bg, sizeof bg, "bg", cell->bg);
    snprintf(out, STYLE_SIZE, "%s%s%s%s%s%s", cell->bold && !blank ? " bold" : "",
             cell->underline ? " underline" : "", cell->reverse ? " reverse" : "",
             cell->blink && !blank ? " blink" : "", fg, bg);
}

static void write_style_row(struct pty *pty, int row, FILE *out)
{
    char now[STYLE_SIZE], next[STYLE_SIZE];
    bool any = false;
    int start = 0;
    struct pty_cell cell = pty_cell(pty, row, 0);
    style_words(&cell, now);
    for (int col = 1; col <= pty->cols; col++) {
        if (col < pty->cols) {
            cell = pty_cell(pty, row, col);
            style_words(&cell, next);
            if (strcmp(now, next) == 0 || !*cell.text)
                continue;
        }
        if (*now) {
            if (any)
                fputc(',', out);
            else
                fprintf(out, "%d:", row);
            fprintf(out, " %d-%d%s", start, col - 1, now);
            any = true;
        }
        memcpy(now, next, sizeof now);
        start = col;
    }
    if (any)
        fputc('\n', out);
}

char *pty_screen_golden(struct pty *pty)
{
    char *text = NULL;
    size_t len;
    int row, col;
    FILE *out = open_memstream(&text, &len);
    assert(out);
    write_text(pty, out);
    fprintf(out, "-- %dx%d, row: columns and how they look --\n", pty->cols, pty->rows);
    for (int i = 0; i < pty->rows; i++)
        write_style_row(pty, i, out);
    pty_cursor(pty, &row, &col);
    if (cursor_hidden(pty))
        fputs("cursor hidden\n", out);
    else
        fprintf(out, "cursor %d,%d\n", row, col);
    fclose(out);
    return text;
}

/* --- modes ---------------------------------------------------------------------------------- */

/* libvterm does not tell these two; what it would send for a key shows them. */
static bool would_send(struct pty *pty, const char *expected)
{
    size_t len = strlen(expected);
    bool same = pty->input_len >= len && memcmp(pty->input, expected, len) == 0;
    free(pty->input);
    pty->input = NULL;
    pty->input_len = 0;
    return same;
}

struct pty_modes pty_modes(struct pty *pty)
{
    pty->modes.cursor_hidden = cursor_hidden(pty);
    vterm_keyboard_start_paste(pty->vt);
    pty->modes.bracketed_paste = would_send(pty, "\033[200~");
    vterm_keyboard_key(pty->vt, VTERM_KEY_UP, VTERM_MOD_NONE);
    pty->modes.app_cursor_keys = would_send(pty, "\033OA");
    return pty->modes;
}

bool pty_termios_restored(struct pty *pty)
{
    struct termios now;
    tcgetattr(pty->slave, &now);
    return now.c_iflag == pty->before.c_iflag && now.c_oflag == pty->before.c_oflag &&
           now.c_cflag == pty->before.c_cflag && now.c_lflag == pty->before.c_lflag &&
           memcmp(now.c_cc, pty->before.c_cc, sizeof now.c_cc) == 0;
}

const char *pty_left_behind(struct pty *pty)
{
    struct pty_modes modes = pty_modes(pty);
    const struct {
        bool left;
        const char *words;
    } checks[] = {
        {!pty_termios_restored(pty), "the terminal's settings (termios) differ"},
        {modes.alternate_screen, "the alternate screen is still shown"},
        {modes.cursor_hidden, "the cursor is still hidden"},
        {modes.bracketed_paste, "bracketed paste is still on"},
        {modes.mouse, "the mouse is still reported"},
        {modes.app_cursor_keys, "cursor keys are still in application mode"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].left)
            return checks[i].words;
    return NULL;
}
