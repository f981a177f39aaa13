/* Looks at the whole screen: golden files, pictures, QR codes. */
#include "pty_run.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zbar.h>

#define QUIET_MS 400        /* a screen that is written down must have come to rest */
#define GOLDEN_LIMIT_MS 8000

static void golden_path(const struct script *script, const char *name, char out[SCRIPT_PATH_SIZE])
{
    char *copy = strdup(script->path);
    snprintf(out, SCRIPT_PATH_SIZE, "%.300s/%.100s%s%.50s.golden", dirname(copy), name,
             *script->variant ? "." : "", script->variant);
    free(copy);
}

static char *read_file(const char *path)
{
    char *text = NULL, bytes[4096];
    size_t len, n;
    FILE *in = fopen(path, "re"), *out;
    if (!in)
        return NULL;
    out = open_memstream(&text, &len);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, n, out);
    fclose(in);
    fclose(out);
    return text;
}

/* Each character of a match becomes '#', so that columns stay where they are. */
static void mask_line(const struct script *script, char *line)
{
    regmatch_t match;
    for (size_t i = 0; i < script->mask_count; i++) {
        char *at = line;
        while (*at && regexec(&script->masks[i], at, 1, &match, at > line ? REG_NOTBOL : 0) == 0) {
            char *from = at + match.rm_so, *end = at + match.rm_eo, *to = from;
            for (const char *c = from; c < end; c++)
                if ((*c & 0xC0) != 0x80)
                    *to++ = '#';
            memmove(to, end, strlen(end) + 1);
            at = to > at ? to : at + 1;
        }
    }
}

/* The screen in golden form, masked. */
static char *take(const struct script *script)
{
    char *golden = pty_screen_golden(script->pty), *masked = NULL, *next = golden, *line;
    size_t len;
    bool styles = false;
    FILE *out = open_memstream(&masked, &len);
    while ((line = strsep(&next, "\n")) && next) {
        styles = styles || strncmp(line, "-- ", 3) == 0;
        if (!styles)
            mask_line(script, line);
        fprintf(out, "%s\n", line);
    }
    fclose(out);
    free(golden);
    return masked;
}

struct comparison {
    const struct script *script;
    const char *expected;
};

static bool is_same(struct pty *pty, void *ctx)
{
    const struct comparison *comparison = ctx;
    (void)pty;
    char *now = take(comparison->script);
    bool same = strcmp(now, comparison->expected) == 0;
    free(now);
    return same;
}

static bool write_file(struct script *script, const char *path, const char *text)
{
    FILE *out = fopen(path, "we");
    if (!out || fputs(text, out) < 0 || fclose(out) != 0)
        return script_fail(script, "cannot write %s: %s", path, strerror(errno));
    return true;
}

static bool update_golden(struct script *script, const char *path)
{
    if (!pty_wait_quiet(script->pty, QUIET_MS, script->limit_ms))
        return script_fail(script, "the screen does not come to rest");
    char *now = take(script);
    bool ok = write_file(script, path, now);
    free(now);
    return ok;
}

static void show_difference(struct script *script, const char *path)
{
    char actual[SCRIPT_PATH_SIZE], *now = take(script);
    pid_t child;
    snprintf(actual, sizeof actual, "%.400s/screen", script->temp);
    char *argv[] = {"diff", "-u", (char *)(uintptr_t)path, actual, NULL};
    if (write_file(script, actual, now) && run_quietly(argv, NULL, NULL, NULL, &child))
        run_wait(script, child, script->limit_ms);
    free(now);
}

/* Waits until the screen is the expected one: what is still on its way may come. */
bool run_golden(struct script *script, char *arg)
{
    char path[SCRIPT_PATH_SIZE];
    golden_path(script, arg, path);
    if (script->update)
        return update_golden(script, path);
    char *expected = read_file(path);
    if (!expected)
        return script_fail(script, "%s is not there; make screens writes it", path);
    struct comparison comparison = {script, expected};
    int limit = script->limit_ms < GOLDEN_LIMIT_MS ? script->limit_ms : GOLDEN_LIMIT_MS;
    bool same = pty_wait(script->pty, is_same, &comparison, limit);
    free(expected);
    if (same)
        return true;
    script_fail(script, "the screen is not %s", path);
    show_difference(script, path);
    return false;
}

bool run_svg(struct script *script, char *arg)
{
    if (!script->update)
        return true;
    if (!pty_wait_quiet(script->pty, QUIET_MS, script->limit_ms))
        return script_fail(script, "the screen does not come to rest");
    FILE *out = fopen(arg, "we");
    if (!out)
        return script_fail(script, "cannot write %s: %s", arg, strerror(errno));
    pty_write_svg(script->pty, out);
    return fclose(out) == 0;
}

/* --- QR codes ------------------------------------------------------------------------------- */

enum { DOT_W = 8, DOT_H = 16 }; /* pixels of a cell: a half block is a square */

static unsigned char brightness(uint32_t rgb)
{
    return (unsigned char)(((rgb >> 16 & 0xFF) * 3 + (rgb >> 8 & 0xFF) * 6 + (rgb & 0xFF)) / 10);
}

static void paint_cell(const struct pty_cell *cell, unsigned char *at, int stride)
{
    static const struct {
        const char *text;
        int x0, y0, x1, y1; /* what of the cell is foreground */
    } shapes[] = {
        {"█", 0, 0, DOT_W, DOT_H},
        {"▀", 0, 0, DOT_W, DOT_H / 2},
        {"▄", 0, DOT_H / 2, DOT_W, DOT_H},
    };
    unsigned char fg = cell->fg == PTY_DEFAULT ? 230 : brightness(cell->fg_rgb);
    unsigned char bg = cell->bg == PTY_DEFAULT ? 0 : brightness(cell->bg_rgb);
    if (cell->reverse) {
        unsigned char was = fg;
        fg = bg;
        bg = was;
    }
    for (int y = 0; y < DOT_H; y++)
        memset(at + y * stride, bg, DOT_W);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(cell->text, shapes[i].text) == 0)
            for (int y = shapes[i].y0; y < shapes[i].y1; y++)
                memset(at + y * stride + shapes[i].x0, fg, (size_t)(shapes[i].x1 - shapes[i].x0));
}

/* The first QR code that a reader finds on the screen, painted as a camera would see it, light
   around dark. free() it; NULL: none. */
static char *decode_qr(struct pty *pty)
{
    int rows, cols;
    pty_size(pty, &rows, &cols);
    int width = cols * DOT_W, height = rows * DOT_H;
    unsigned char *pixels = calloc((size_t)width, (size_t)height);
    for (int row = 0; row < rows; row++)
        for (int col = 0; col < cols; col++) {
            struct pty_cell cell = pty_cell(pty, row, col);
            paint_cell(&cell, pixels + row * DOT_H * width + col * DOT_W, width);
        }
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, (unsigned)width, (unsigned)height);
    zbar_image_set_data(image, pixels, (unsigned long)width * (unsigned long)height, NULL);
    zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
    zbar_scan_image(scanner, image);
    const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
    char *text = symbol ? strdup(zbar_symbol_get_data(symbol)) : NULL;
    zbar_image_destroy(image);
    zbar_image_scanner_destroy(scanner);
    free(pixels);
    return text;
}

static bool has_qr(struct pty *pty, void *found)
{
    free(*(char **)found);
    *(char **)found = decode_qr(pty);
    return *(char **)found != NULL;
}

/* A line break between two parts of a long address does not part them, nor does a frame. */
static char *squeeze(const char *screen)
{
    char *out = strdup(screen), *to = out;
    for (const char *from = out; *from; from++)
        if ((unsigned char)*from > ' ' && (unsigned char)*from < 0x7F)
            *to++ = *from;
    *to = '\0';
    return out;
}

/* "qr": there is a code, and what it says also stands on the screen. "qr TEXT": it says TEXT. */
bool run_qr(struct script *script, char *arg)
{
    char *found = NULL;
    bool ok = pty_wait(script->pty, has_qr, &found, script->limit_ms);
    if (!ok) {
        free(found);
        return script_fail(script, "no QR code on the screen that a reader can read");
    }
    if (*arg) {
        ok = strcmp(found, arg) == 0;
    } else {
        char *screen = pty_screen_text(script->pty), *squeezed = squeeze(screen);
        ok = strstr(squeezed, found) != NULL;
        free(screen);
        free(squeezed);
    }
    if (!ok)
        script_fail(script, "the QR code says %s", found);
    free(found);
    return ok;
}
