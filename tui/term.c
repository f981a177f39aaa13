#include "term.h"

#include "charset.h"
#include "clipboard.h"
#include "format.h"
#include "keyboard.h"
#include "steady.h"
#include "term_looks.h"
#include "tty.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

enum { OUTPUT_MAX = 8 << 20 };
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_ON  "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

static struct {
    struct term_settings settings;
    struct loop *loop;
    struct loop_watch *signals, *output;
    SCREEN *screen;
    FILE *frame;        /* ncurses draws into this memory file */
    struct buf pending; /* bytes of a frame that a slow line has not taken yet */
    int signal_fd;
    struct grid last; /* what the terminal shows */
    int rows, cols;
    bool stale; /* the next frame repaints everything */
    bool started, can_copy, cursor;
} term;

/* --- sending ------------------------------------------------------------------------------ */

/* Also the callback of a line that takes bytes again. */
static void send_pending(void *ctx, short events)
{
    (void)ctx, (void)events;
    ssize_t done = term.pending.len ? tty_write(term.pending.data, term.pending.len) : 0;
    if (done < 0 && errno != EAGAIN) {
        buf_clear(&term.pending);
        term.settings.on_end(term.settings.ctx);
    } else if (done > 0) {
        term.pending.len -= (size_t)done;
        memmove(term.pending.data, term.pending.data + done, term.pending.len);
    }
    bool waiting = term.pending.len > 0;
    if (waiting && !term.output) {
        term.output = loop_watch_fd(term.loop, tty_output(), POLLOUT, send_pending, NULL);
    } else if (!waiting && term.output) {
        loop_unwatch(term.loop, term.output);
        term.output = NULL;
    }
}

/* A terminfo string without its padding marks ("$<5>"). */
static void add_sequence(struct buf *out, const char *at)
{
    if (!at || at == (const char *)-1)
        return;
    while (*at) {
        if (at[0] == '$' && at[1] == '<' && strchr(at, '>'))
            at = strchr(at, '>') + 1;
        else
            buf_add(out, at++, 1);
    }
}

static void add_capability(struct buf *out, const char *name)
{
    add_sequence(out, tigetstr(name));
}

static void put_cursor(struct buf *out, int row, int col)
{
    add_sequence(out, tiparm(tigetstr("cup"), row, col));
}

/* What ncurses has drawn since the last time goes behind what waits already. The whole leaves as
   one write(2): ncurses writes after every move of the cursor, which is ten packets over SSH. */
static void take_frame(void)
{
    int fd = fileno(term.frame);
    off_t len = lseek(fd, 0, SEEK_CUR);
    if (len <= 0)
        return;
    char *bytes = mem_alloc((size_t)len);
    bool read = pread(fd, bytes, (size_t)len, 0) == len;
    if (read && charset_points()) /* of single bytes: what it has is steady */
        charset_encode(bytes, (size_t)len, &term.pending);
    else if (read)
        steady_restore(bytes, (size_t)len, put_cursor, &term.pending);
    free(bytes);
    lseek(fd, 0, SEEK_SET);
}

static void show_cursor(bool visible)
{
    if (visible != term.cursor)
        add_capability(&term.pending, visible ? "cnorm" : "civis");
    term.cursor = visible;
}

/* --- drawing ------------------------------------------------------------------------------ */

/* The code point to send for a cell: where the C library sees another width than we do, the row
   would shift, so it is replaced. */
static uint32_t shown_point(const struct cell *cell, int cells)
{
    uint32_t point = charset_show(cell->points[0]);
    return wcwidth((wchar_t)point) == cells || point == '?' ? point : charset_show(0xFFFD);
}

/* A sign that terminals disagree about: one entry for each of its cells. 0: it is none. */
static int draw_unsteady(const struct cell *cell, int row, int col, int cells, cchar_t *out)
{
    if (charset_points() || charset_show(cell->points[0]) != cell->points[0] ||
        steady_sign(cell->points))
        return 0;
    bool edge = col + cells >= term.cols; /* a terminal might go on in the next row */
    uint32_t first = edge ? 0 : steady_stand_in(cell->points, row, col, cells);
    for (int i = 0; i < cells; i++) {
        wchar_t wide[2] = {first ? (wchar_t)(first + (uint32_t)i) : 0xFFFD};
        term_look(&out[i], wide, cell->style);
    }
    return cells;
}

static int draw_cell(const struct cell *cell, int cells, cchar_t *out)
{
    wchar_t wide[2] = {(wchar_t)shown_point(cell, cells)}; /* what has marks is not steady */
    bool replaced = (uint32_t)wide[0] != cell->points[0];
    int entries = replaced ? cells : 1; /* what is shown instead is narrow: one for each half */
    for (int i = 0; i < entries; i++)
        term_look(&out[i], wide, cell->style);
    return entries;
}

static void draw_row(const struct grid *grid, int row)
{
    const struct cell *cells = grid->cells + (ptrdiff_t)row * grid->cols;
    cchar_t *line = mem_resize(NULL, (size_t)grid->cols + 1, sizeof *line);
    int count = 0;
    for (int col = 0, width; col < grid->cols; col += width) {
        width = col + 1 < grid->cols && cells[col + 1].points[0] == 0 ? 2 : 1;
        int drawn = draw_unsteady(&cells[col], row, col, width, &line[count]);
        count += drawn ? drawn : draw_cell(&cells[col], width, &line[count]);
    }
    mvadd_wchnstr(row, 0, line, count);
    free(line);
}

bool term_show(const struct grid *grid)
{
    if (!term.started || grid->rows != term.rows || grid->cols != term.cols)
        return true; /* drawn for a size that is gone; a resize has asked for another */
    if (term_is_busy())
        return false;
    steady_begin(&term.stale);
    size_t width = (size_t)grid->cols * sizeof *grid->cells;
    for (int row = 0; row < grid->rows; row++) {
        ptrdiff_t at = (ptrdiff_t)row * grid->cols;
        if (!term.stale && !memcmp(grid->cells + at, term.last.cells + at, width))
            continue;
        draw_row(grid, row);
        memcpy(term.last.cells + at, grid->cells + at, width);
    }
    if (term.stale)
        clearok(stdscr, TRUE);
    term.stale = false;
    bool cursor = grid->cursor_row >= 0;
    leaveok(stdscr, !cursor); /* where nobody sees it, it may stay anywhere */
    if (cursor)
        move(grid->cursor_row, grid->cursor_col);
    refresh();
    take_frame();
    show_cursor(cursor);
    send_pending(NULL, 0);
    return true;
}

bool term_is_busy(void)
{
    return term.output != NULL;
}

/* --- signals ------------------------------------------------------------------------------ */

static void take_size(void)
{
    tty_size(&term.rows, &term.cols);
    if (resizeterm(term.rows, term.cols) != OK)
        mem_exhausted(); /* half of it would be drawn */
    const char *region = tigetstr("csr");
    bool first = term.last.rows == 0; /* newterm()'s own comes behind this */
    if (!first && region && region != (const char *)-1)
        add_sequence(&term.pending, tiparm(region, 0, term.rows - 1));
    grid_done(&term.last);
    grid_init(&term.last, term.rows, term.cols);
    term.stale = true;
}

/* The modes we need; sent with the next frame. */
static void enter(bool full_screen)
{
    tty_raw();
    if (full_screen) /* newterm() has done it the first time */
        add_capability(&term.pending, "smcup");
    add_capability(&term.pending, "smkx");
    buf_puts(&term.pending, PASTE_ON);
    if (term.settings.mouse)
        buf_puts(&term.pending, MOUSE_ON);
    term.cursor = true;
    show_cursor(false);
    take_size();
}

static void drop_typed(void *unused)
{
    (void)unused;
    term_drop_input();
}

/* What was typed while the line was not ours, or nothing was on it, was not meant for us. Dropped
   once the key that may have led here is done with, and before the next frame. */
static void resume(void)
{
    enter(true);
    loop_defer(term.loop, drop_typed, NULL);
}

static void suspend(void)
{
    if (!term.settings.may_suspend(term.settings.ctx))
        return;
    tty_restore();
    tty_stop();
    resume();
}

static void on_signal(void *ctx, short events)
{
    (void)ctx, (void)events;
    struct signalfd_siginfo info;
    bool changed = false, end = false;
    while (read(term.signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGTSTP)
            suspend();
        else if (info.ssi_signo == SIGCONT)
            resume();
        else if (info.ssi_signo == SIGWINCH)
            take_size();
        else
            end = true;
        changed = true;
    }
    if (end)
        term.settings.on_end(term.settings.ctx);
    else if (changed)
        term.settings.on_resize(term.settings.ctx);
}

void term_repaint(void)
{
    term.stale = true;
}

void term_suspend(void)
{
    suspend();
    term.settings.on_resize(term.settings.ctx);
}

/* --- start and stop ----------------------------------------------------------------------- */

static void set_farewell(void)
{
    struct buf bytes;
    buf_init(&bytes, 256);
    buf_puts(&bytes, PASTE_OFF);
    if (term.settings.mouse)
        buf_puts(&bytes, MOUSE_OFF);
    static const char *const names[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        add_capability(&bytes, names[i]);
    const char *leave = tigetstr("rmcup");
    if (!leave || leave == (const char *)-1) /* no second screen: go on below ours */
        buf_puts(&bytes, "\033[r\033[999;1H\r\n");
    tty_set_farewell(bytes.data, bytes.len);
    buf_done(&bytes);
}

/* In the terminal's own character set, ready before it is needed. */
static void set_last_words(void)
{
    const char *words = _("avirato-console has crashed. If a payment was on its way, do not charge "
                          "again: start it once more, and it finds out what became of it.\n");
    struct buf bytes;
    buf_init(&bytes, 1024);
    charset_encode(words, strlen(words), &bytes);
    tty_set_last_words(bytes.data, bytes.len);
    buf_done(&bytes);
}

static void add_keys(void)
{
    static const struct {
        const char *name;
        uint32_t key;
    } names[] = {
        {"kcuu1", KEY_ARROW_UP},    {"kcud1", KEY_ARROW_DOWN}, {"kcub1", KEY_ARROW_LEFT},
        {"kcuf1", KEY_ARROW_RIGHT}, {"kpp", KEY_PAGE_UP},      {"knp", KEY_PAGE_DOWN},
        {"khome", KEY_TO_HOME},     {"kend", KEY_TO_END},      {"kdch1", KEY_DELETE},
        {"kich1", KEY_INSERT},      {"kcbt", KEY_BACKTAB},     {"kf1", KEY_FN + 1},
        {"kf2", KEY_FN + 2},        {"kf3", KEY_FN + 3},       {"kf4", KEY_FN + 4},
        {"kf5", KEY_FN + 5},        {"kf6", KEY_FN + 6},       {"kf7", KEY_FN + 7},
        {"kf8", KEY_FN + 8},        {"kf9", KEY_FN + 9},       {"kf10", KEY_FN + 10},
        {"kf11", KEY_FN + 11},      {"kf12", KEY_FN + 12},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *sequence = tigetstr(names[i].name);
        if (sequence && sequence != (const char *)-1 && sequence[0] == '\033')
            keyboard_add_key(sequence, names[i].key);
    }
}

static void drop_screen(void)
{
    if (term.screen) {
        endwin();
        delscreen(term.screen);
    }
    term.screen = NULL;
    if (term.frame)
        fclose(term.frame);
    term.frame = NULL;
}

/* A memory file has no size, and newterm() sets the region that scrolls by terminfo's, outside of
   which some terminals delete no characters. So it is told for a moment what the window has, where
   that is known and no variable of the user's says so already. */
static SCREEN *start_sized(void)
{
    static const char *const names[] = {"LINES", "COLUMNS"};
    int size[COUNT_OF(names)] = {0, 0};
    bool lent[COUNT_OF(names)] = {false};
    char number[16];
    tty_size(&size[0], &size[1]);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        lent[i] = size[i] > 0 && !getenv(names[i]);
        snprintf(number, sizeof number, "%d", size[i]);
        if (lent[i] && setenv(names[i], number, 1) != 0)
            mem_exhausted();
    }
    SCREEN *screen = newterm(NULL, term.frame, stdin);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (lent[i])
            unsetenv(names[i]);
    return screen;
}

/* ncurses on a memory file, always in UTF-8: charset.c makes the terminal's own bytes of it. */
static bool start_screen(struct err *err)
{
    if (!format_utf8())
        setlocale(LC_CTYPE, "C.UTF-8");
    int fd = memfd_create("frame", MFD_CLOEXEC);
    term.frame = fd < 0 ? NULL : fdopen(fd, "w");
    if (!term.frame)
        return err_set(err, ERR_SYSTEM, "memfd_create: %s", strerror(errno));
    const char *name = getenv("TERM");
    errno = 0;
    int found = 0; /* asked first: newterm() leaks when there is no such terminal */
    bool known = name && *name && setupterm(name, fd, &found) == OK;
    if (known)
        del_curterm(cur_term);
    term.screen = known ? start_sized() : NULL;
    const char *move_to = term.screen ? tigetstr("cup") : NULL;
    if (!move_to || move_to == (const char *)-1) {
        /* ncurses says no more of that than of a name it does not know. */
        if (errno == ENOMEM || (known && !term.screen))
            mem_exhausted();
        drop_screen();
        return err_set(err, ERR_SYSTEM,
                       "TERM=%s names no terminal with a screen; try TERM=xterm-256color.",
                       name ? name : "");
    }
    typeahead(-1); /* a frame is never cut short because keys are waiting */
    idlok(stdscr, TRUE);
    getmaxyx(stdscr, term.rows, term.cols);
    term.can_copy = strncmp(name, "linux", 5) != 0 && strncmp(name, "vt", 2) != 0 &&
                    strncmp(name, "ansi", 4) != 0;
    return true;
}

void term_drop_input(void)
{
    if (term.started)
        keyboard_drop();
}

void term_block_signals(void)
{
    tty_block_signals();
}

bool term_start(struct loop *loop, const struct term_settings *settings, struct err *err)
{
    assert(!term.started);
    memset(&term, 0, sizeof term);
    term.loop = loop;
    term.settings = *settings;
    buf_init(&term.pending, OUTPUT_MAX);
    if (!tty_open(&term.signal_fd, err))
        return false;
    charset_open(settings->ascii); /* before the locale becomes UTF-8 for ncurses */
    set_last_words();
    if (!start_screen(err)) {
        charset_close();
        tty_close();
        return false;
    }
    /* Before the keyboard's: what was typed before a signal is judged by that. */
    term.signals = loop_watch_fd(loop, term.signal_fd, POLLIN, on_signal, NULL);
    keyboard_start(loop, &term.settings);
    add_keys();
    set_farewell();
    term_looks_start();
    term.started = true;
    take_frame();
    enter(false);
    return true;
}

void term_stop(void)
{
    if (!term.started)
        return;
    term.started = false;
    keyboard_stop();
    loop_unwatch(term.loop, term.signals);
    loop_unwatch(term.loop, term.output);
    drop_screen();
    tty_close();
    charset_close();
    grid_done(&term.last);
    buf_done(&term.pending);
}

void term_size(int *rows, int *cols)
{
    *rows = term.rows;
    *cols = term.cols;
}

void term_bell(void)
{
    if (term.started)
        buf_puts(&term.pending, "\a"), send_pending(NULL, 0);
}

bool term_copy(const char *reference)
{
    if (!term.started || !term.can_copy || !term.settings.clipboard)
        return false;
    bool sent = clipboard_sequence(reference, getenv("STY") != NULL, &term.pending);
    send_pending(NULL, 0);
    return sent;
}
