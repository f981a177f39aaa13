#include "csv.h"

#include <string.h>

/* -12.50 is a number to every spreadsheet, and no formula. */
static bool is_number(const char *cell)
{
    static const char digits[] = "0123456789";
    const char *at = cell + (*cell == '-');
    size_t whole = strspn(at, digits);
    at += whole;
    size_t fraction = *at == '.' ? strspn(at + 1, digits) : 0;
    at += fraction ? fraction + 1 : 0;
    return whole > 0 && *at == '\0';
}

/* What begins here, behind blanks, is run by some spreadsheet; the wide forms by Japanese ones. */
static bool is_formula(const char *at)
{
    static const char *const begins[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                         "\n", "＝", "＋", "－", "＠"};
    at += strspn(at, " \"'");
    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (strncmp(at, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

void csv_put(struct buf *out, struct text cell)
{
    const char *at = cell.bytes;
    bool quote = strpbrk(at, ",;\"\t\r\n") != NULL;
    bool formula = !is_number(at) && is_formula(at);
    buf_puts(out, quote ? "\"" : "");
    buf_puts(out, formula ? "'" : "");
    for (; *at; at++) {
        buf_add(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
        if (*at == ';' && is_formula(at + 1))
            buf_puts(out, "'");
    }
    buf_puts(out, quote ? "\"" : "");
}
