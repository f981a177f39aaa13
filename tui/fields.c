#include "fields.h"

#include <string.h>

enum { LINE_MAX_BYTES = 65536, INDENT = 2, DEPTH_SHOWN = 20 };

struct printer {
    struct lines *lines;
    struct buf line; /* being put together */
    int depth;
};

static void end_line(struct printer *printer)
{
    struct arena *arena = &printer->lines->arena;
    if (printer->line.len > 0)
        lines_add(printer->lines, text_ours(""), text_clean(arena, printer->line.data),
                  STYLE_NORMAL);
    buf_clear(&printer->line);
}

/* Indented where a line begins. */
static void put(struct printer *printer, const char *bytes, size_t len)
{
    int depth = printer->depth < DEPTH_SHOWN ? printer->depth : DEPTH_SHOWN;
    if (printer->line.len == 0)
        for (int i = 0; i < depth * INDENT; i++)
            buf_puts(&printer->line, " ");
    buf_add(&printer->line, bytes, len);
}

/* Bytes of the string that begins here, both quotes included. */
static size_t string_length(const char *at)
{
    size_t len = 1;
    while (at[len] && at[len] != '"')
        len += at[len] == '\\' && at[len + 1] ? 2 : 1;
    return at[len] ? len + 1 : len;
}

static size_t put_open(struct printer *printer, const char *at)
{
    size_t next = 1 + strspn(at + 1, " \t\r\n");
    bool empty = at[next] == '}' || at[next] == ']';
    put(printer, at, 1);
    if (empty) {
        put(printer, at + next, 1);
        return next + 1;
    }
    end_line(printer);
    printer->depth++;
    return 1;
}

static size_t put_token(struct printer *printer, const char *at)
{
    size_t len = 1;
    switch (*at) {
    case '{':
    case '[':
        return put_open(printer, at);
    case '}':
    case ']':
        end_line(printer);
        printer->depth -= printer->depth > 0;
        put(printer, at, 1);
        return 1;
    case ',':
        put(printer, at, 1);
        end_line(printer);
        return 1;
    case ':':
        put(printer, ": ", 2);
        return 1;
    case '"':
        len = string_length(at);
        break;
    default:
        len = strcspn(at, "{}[],:\" \t\r\n");
    }
    put(printer, at, len);
    return len;
}

void fields_make(struct lines *lines, const char *json)
{
    struct printer printer = {.lines = lines};
    const char *at = json ? json : "";
    buf_init(&printer.line, LINE_MAX_BYTES);
    for (at += strspn(at, " \t\r\n"); *at; at += strspn(at, " \t\r\n"))
        at += put_token(&printer, at);
    end_line(&printer);
    buf_done(&printer.line);
}
