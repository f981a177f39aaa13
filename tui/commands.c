#include "commands.h"

#include "app_internal.h"
#include "money_screens.h"
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const struct command_row rows[COMMAND_COUNT] = {
#define X(id, keys, scopes, label, help, flags, handler)                                           \
    [COMMAND_##id] = {keys, label, help, scopes, flags, handler},
    COMMAND_LIST(X)
#undef X
};

/* Names of keys that print nothing; what is not here is the character itself. */
static const struct {
    const char *name;
    uint32_t key;
} key_names[] = {
    {N_("Esc"), KEY_ESC},
    {N_("Enter"), KEY_RETURN},
    {N_("Space"), ' '},
    {N_("Up"), KEY_ARROW_UP},
    {N_("Down"), KEY_ARROW_DOWN},
    {N_("Left"), KEY_ARROW_LEFT},
    {N_("Right"), KEY_ARROW_RIGHT},
    {N_("PgUp"), KEY_PAGE_UP},
    {N_("PgDn"), KEY_PAGE_DOWN},
    {N_("Home"), KEY_TO_HOME},
    {N_("End"), KEY_TO_END},
    {"F2", KEY_FN + 2},
    {"F3", KEY_FN + 3},
    {"F5", KEY_FN + 5},
    {"F10", KEY_FN + 10},
};

static const struct {
    enum command command;
    enum op_kind op;
} operations[] = {
    {COMMAND_CHARGE, OP_CHARGE},   {COMMAND_LINK, OP_LINK},     {COMMAND_REFUND, OP_REFUND},
    {COMMAND_CAPTURE, OP_CAPTURE}, {COMMAND_CANCEL, OP_CANCEL}, {COMMAND_EXTEND, OP_EXTEND},
};

const struct command_row *command_row(enum command command)
{
    return &rows[command];
}

enum op_kind command_op(enum command command)
{
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (operations[i].command == command)
            return operations[i].op;
    }
    return (enum op_kind)OP_KINDS;
}

/* --- keys --------------------------------------------------------------------------------- */

/* The key whose name is text[0..len). */
static uint32_t key_of_name(const char *text, size_t len)
{
    if (len == 1)
        return (unsigned char)text[0];
    for (size_t i = 0; i < COUNT_OF(key_names); i++) {
        if (strlen(key_names[i].name) == len && !memcmp(key_names[i].name, text, len))
            return key_names[i].key;
    }
    return KEY_NONE;
}

enum command command_of_key(uint32_t key, enum scope scope)
{
    for (int command = 1; command < COMMAND_COUNT; command++) {
        if (!(rows[command].scopes & (unsigned)scope))
            continue;
        const char *at = rows[command].keys;
        while (*at) {
            size_t len = strcspn(at, " ");
            if (key != KEY_NONE && key_of_name(at, len) == key)
                return (enum command)command;
            at += len + (at[len] == ' ');
        }
    }
    return COMMAND_NONE;
}

/* The names of a command's keys, translated, at most `limit` of them, separated by ", ". */
static struct text key_list(struct arena *arena, enum command command, size_t limit)
{
    struct buf out;
    buf_init(&out, 256);
    const char *at = rows[command].keys;
    while (*at && limit-- > 0) {
        char *name = arena_strndup(arena, at, strcspn(at, " "));
        buf_printf(&out, "%s%s", out.len ? ", " : "", strlen(name) > 1 ? _(name) : name);
        at += strlen(name);
        at += *at == ' ';
    }
    struct text text = {arena_strdup(arena, out.data)};
    buf_done(&out);
    return text;
}

struct text command_key_name(struct arena *arena, enum command command)
{
    return key_list(arena, command, 1);
}

struct text command_key_names(struct arena *arena, enum command command)
{
    return key_list(arena, command, SIZE_MAX);
}

/* --- finding ------------------------------------------------------------------------------ */

/* Without case and accents; free() it. */
static char *fold(const char *text)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded,
                 UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE |
                     UTF8PROC_STRIPMARK);
    return folded ? (char *)folded : mem_strdup("");
}

bool command_matches(enum command command, struct text typed)
{
    struct arena arena = {0};
    struct text keys = command_key_names(&arena, command);
    struct text line = text_oursf(&arena, "%s %s", keys.bytes, _(rows[command].help));
    char *wanted = fold(typed.bytes), *offered = fold(line.bytes);
    const char *at = wanted;
    for (const char *from = offered; *at && *from; from++) {
        if (*at == ' ')
            at++;
        at += *at == *from;
    }
    bool matches = *at == '\0' || strspn(at, " ") == strlen(at);
    free(wanted);
    free(offered);
    arena_done(&arena);
    return matches;
}

/* --- the man page ------------------------------------------------------------------------- */

static void put_roff(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            buf_puts(out, *text == '-' ? "\\-" : "\\e");
        else
            buf_add(out, text, 1);
    }
}

void commands_write_man(struct buf *out)
{
    buf_puts(out, ".SH KEYS\n");
    for (int command = 1; command < COMMAND_COUNT; command++) {
        buf_puts(out, ".TP\n.B \"");
        for (const char *at = rows[command].keys; *at; at++)
            put_roff(out, (char[]){*at, '\0'}), buf_puts(out, *at == ' ' ? "or " : "");
        buf_puts(out, "\"\n");
        put_roff(out, rows[command].help);
        buf_puts(out, ".\n");
    }
}
