/* Text as it is searched: case and accents folded. Most of it is ASCII, which goes the short way.
 */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "cache_internal.h"

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* Folded copy of text with letters beyond ASCII, or NULL when it is no UTF-8. free() it. */
static char *fold_wide(const char *text)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t len =
        utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                         UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);

    if (len == UTF8PROC_ERROR_NOMEM)
        mem_exhausted(); /* or a row that is there would not be found */
    return len < 0 ? NULL : (char *)folded;
}

static void add_ascii(struct buf *out, const char *text)
{
    char block[128];
    size_t used = 0;

    for (; *text != '\0'; text++) {
        if (used == sizeof block) {
            buf_add(out, block, used);
            used = 0;
        }
        block[used++] = lower(*text);
    }
    buf_add(out, block, used);
}

void fold_add(struct buf *out, const char *text)
{
    char *folded = is_ascii(text) ? NULL : fold_wide(text);

    if (folded != NULL)
        buf_puts(out, folded);
    else
        add_ascii(out, text);
    free(folded);
}

/* strcasestr() minds the locale; this minds ASCII only. needle is lower case and not empty. */
static bool contains_ascii(const char *text, const char *needle)
{
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (needle[i] != '\0' && lower(text[i]) == needle[i])
            i++;
        if (needle[i] == '\0')
            return true;
    }
    return false;
}

bool fold_contains(const char *text, const char *needle)
{
    if (needle[0] == '\0')
        return true;
    char *folded = is_ascii(text) ? NULL : fold_wide(text);
    bool found = folded != NULL ? strstr(folded, needle) != NULL : contains_ascii(text, needle);
    free(folded);
    return found;
}

size_t fold_letters(const char *folded)
{
    size_t count = 0;

    for (; *folded != '\0'; folded++)
        count += ((unsigned char)*folded & 0xc0) != 0x80;
    return count;
}

/* NULL is the SQL NULL and nothing else. */
static const char *value_text(sqlite3_value *value)
{
    bool is_null = sqlite3_value_type(value) == SQLITE_NULL;
    const char *text = (const char *)sqlite3_value_text(value);

    if (text == NULL && !is_null)
        mem_exhausted();
    return text;
}

static void sql_has(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *needle = value_text(values[0]);
    bool found = false;

    for (int i = 1; i < count && !found && needle != NULL; i++) {
        const char *text = value_text(values[i]);
        found = text != NULL && fold_contains(text, needle);
    }
    sqlite3_result_int(context, found);
}

int fold_register(sqlite3 *handle)
{
    return sqlite3_create_function_v2(handle, "has", -1,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                      sql_has, NULL, NULL, NULL);
}
