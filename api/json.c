/* JSON from outside. A strict scanner reads everything first, because cJSON takes much that is no
   JSON, cuts strings at \u0000, keeps the first of two equal names, and turns numbers into doubles.
   The scanner writes the copy that cJSON gets: the same text with every number quoted, so that no
   amount ever passes through floating point. */
#include "api_internal.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CJSON_NESTING_LIMIT >= JSON_DEPTH_MAX, "cJSON must nest as deep as the scanner");

struct scanner {
    struct json_doc *doc;
    const char *text, *at, *end;
    const char *copied; /* what lies before is in copy already */
    struct buf copy;
    size_t values;
    int depth;
    const char *wrong; /* the first thing found wrong */
};

static bool scan_fail(struct scanner *s, const char *why)
{
    if (!s->wrong)
        s->wrong = why;
    return false;
}

static void scan_space(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool scan_char(struct scanner *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static size_t scan_digits(struct scanner *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return (size_t)(s->at - from);
}

static bool scan_number(struct scanner *s)
{
    const char *from = s->at;
    scan_char(s, '-');
    bool zero = s->at < s->end && *s->at == '0';
    size_t whole = scan_digits(s);
    if (!whole || (zero && whole > 1))
        return scan_fail(s, "malformed number");
    if (scan_char(s, '.') && !scan_digits(s))
        return scan_fail(s, "malformed number");
    if (scan_char(s, 'e') || scan_char(s, 'E')) {
        if (!scan_char(s, '+'))
            scan_char(s, '-');
        if (!scan_digits(s))
            return scan_fail(s, "malformed number");
    }
    if ((size_t)(s->at - from) > JSON_STRING_MAX)
        return scan_fail(s, "number too long");
    buf_add(&s->copy, s->copied, (size_t)(from - s->copied));
    buf_puts(&s->copy, "\"");
    buf_add(&s->copy, from, (size_t)(s->at - from));
    buf_puts(&s->copy, "\"");
    s->copied = s->at;
    return true;
}

/* One well-formed UTF-8 sequence of two to four bytes: no overlong forms, surrogates, or beyond
   U+10FFFF. */
static bool scan_utf8(struct scanner *s)
{
    static const struct {
        unsigned char first, last, low, high; /* first byte; limits of the second */
        int more;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
                 {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2},
                 {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
                 {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3}};
    const unsigned char *at = (const unsigned char *)s->at;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (*at < forms[i].first || *at > forms[i].last)
            continue;
        if (s->end - s->at <= forms[i].more || at[1] < forms[i].low || at[1] > forms[i].high)
            break;
        for (int k = 2; k <= forms[i].more; k++)
            if ((at[k] & 0xc0) != 0x80)
                return scan_fail(s, "not UTF-8");
        s->at += forms[i].more + 1;
        return true;
    }
    return scan_fail(s, "not UTF-8");
}

/* Four hexadecimal digits; -1 when they are not. */
static int scan_hex4(struct scanner *s)
{
    int value = 0;
    if (s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++, s->at++) {
        const char *digits = "0123456789abcdefABCDEF", *found = strchr(digits, *s->at);
        if (!*s->at || !found)
            return -1;
        long digit = found - digits;
        value = value * 16 + (int)(digit < 16 ? digit : digit - 6);
    }
    return value;
}

static bool scan_escape(struct scanner *s)
{
    s->at++; /* the backslash */
    if (s->at == s->end)
        return scan_fail(s, "cut inside a string");
    char kind = *s->at++;
    if (kind != 'u')
        return (kind && strchr("\"\\/bfnrt", kind)) || scan_fail(s, "unknown escape");
    int unit = scan_hex4(s);
    if (unit < 0)
        return scan_fail(s, "malformed \\u escape");
    if (unit == 0)
        return scan_fail(s, "\\u0000 in a string");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || !scan_char(s, '\\') || !scan_char(s, 'u'))
        return scan_fail(s, "lone surrogate");
    int low = scan_hex4(s);
    return (low >= 0xdc00 && low <= 0xdfff) || scan_fail(s, "lone surrogate");
}

static bool scan_string(struct scanner *s)
{
    if (!scan_char(s, '"'))
        return scan_fail(s, "a name or value is missing");
    const char *from = s->at;
    while (s->at < s->end && *s->at != '"') {
        unsigned char byte = (unsigned char)*s->at;
        bool fine = true;
        if (byte < 0x20)
            fine = scan_fail(s, "control character in a string");
        else if (byte == '\\')
            fine = scan_escape(s);
        else if (byte >= 0x80)
            fine = scan_utf8(s);
        else
            s->at++;
        if (!fine)
            return false;
    }
    if ((size_t)(s->at - from) > JSON_STRING_MAX)
        return scan_fail(s, "string too long");
    return scan_char(s, '"') || scan_fail(s, "cut inside a string");
}

static bool scan_word(struct scanner *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
        return scan_fail(s, "a name or value is missing");
    s->at += len;
    return true;
}

static bool scan_value(struct scanner *s);

/* The members of an object or the elements of an array, both brackets included. */
static bool scan_group(struct scanner *s, char close)
{
    if (++s->depth > JSON_DEPTH_MAX)
        return scan_fail(s, "nested too deep");
    s->at++;
    scan_space(s);
    bool empty = scan_char(s, close);
    while (!empty) {
        if (close == '}') {
            scan_space(s);
            if (!scan_string(s))
                return false;
            scan_space(s);
            if (!scan_char(s, ':'))
                return scan_fail(s, "':' is missing");
        }
        if (!scan_value(s))
            return false;
        if (scan_char(s, close))
            break;
        if (!scan_char(s, ','))
            return scan_fail(s, "',' is missing");
    }
    s->depth--;
    return true;
}

/* Objects are numbered in the order they open: the tree walk below counts alike. */
static bool scan_object(struct scanner *s)
{
    struct json_doc *doc = s->doc;
    size_t number = doc->object_count++;
    if (doc->object_count > doc->object_cap) {
        doc->object_cap = doc->object_cap ? doc->object_cap * 2 : 64;
        doc->objects = mem_resize(doc->objects, doc->object_cap, sizeof(*doc->objects));
    }
    const char *from = s->at;
    if (!scan_group(s, '}'))
        return false;
    doc->objects[number] =
        (struct json_extent){(uint32_t)(from - s->text), (uint32_t)(s->at - from)};
    return true;
}

static bool scan_value(struct scanner *s)
{
    scan_space(s);
    if (++s->values > JSON_VALUES_MAX)
        return scan_fail(s, "too many values");
    bool fine;
    switch (s->at < s->end ? *s->at : '\0') {
    case '{':
        fine = scan_object(s);
        break;
    case '[':
        fine = scan_group(s, ']');
        break;
    case '"':
        fine = scan_string(s);
        break;
    case 't':
        fine = scan_word(s, "true");
        break;
    case 'f':
        fine = scan_word(s, "false");
        break;
    case 'n':
        fine = scan_word(s, "null");
        break;
    default:
        fine = scan_number(s);
        break;
    }
    if (fine)
        scan_space(s);
    return fine;
}

/* --- the tree ----------------------------------------------------------------------------- */

static int json_compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool json_names_differ(const struct cJSON *object)
{
    const char *few[32], **names = few;
    size_t count = 0;
    for (const cJSON *member = object->child; member; member = member->next)
        count++;
    if (count > COUNT_OF(few))
        names = mem_resize(NULL, count, sizeof(*names));
    count = 0;
    for (const cJSON *member = object->child; member; member = member->next)
        names[count++] = member->string;
    qsort(names, count, sizeof(*names), json_compare_names);
    bool differ = true;
    for (size_t i = 1; i < count && differ; i++)
        differ = strcmp(names[i - 1], names[i]) != 0;
    if (names != few)
        free(names);
    return differ;
}

/* Gives every object its number (valueint means nothing on an object) and looks for equal names,
   which only the unescaped tree can tell. */
static bool json_number_objects(cJSON *value, size_t *number)
{
    if (cJSON_IsObject(value)) {
        value->valueint = (int)(*number)++;
        if (!json_names_differ(value))
            return false;
    }
    for (cJSON *child = value->child; child; child = child->next)
        if (!json_number_objects(child, number))
            return false;
    return true;
}

bool json_open(struct json_doc *doc, const char *text, size_t len, struct err *err)
{
    *doc = (struct json_doc){.text = text};
    if (len > UINT32_MAX / 4)
        return err_set(err, ERR_DATA, "JSON: too long");
    struct scanner s = {.doc = doc, .text = text, .at = text, .end = text + len, .copied = text};
    buf_init(&s.copy, 3 * len); /* each digit alone at most becomes three bytes */
    bool fine = scan_value(&s) && (s.at == s.end || scan_fail(&s, "something after the value"));
    if (fine) {
        buf_add(&s.copy, s.copied, (size_t)(s.end - s.copied));
        assert(!s.copy.over);
        doc->root = cJSON_ParseWithLengthOpts(s.copy.data, s.copy.len + 1, NULL, true);
        size_t objects = 0;
        if (!doc->root)
            fine = scan_fail(&s, "the parser refuses it");
        else if (!json_number_objects(doc->root, &objects))
            fine = scan_fail(&s, "two members of one name");
        else
            assert(objects == doc->object_count);
    }
    buf_done(&s.copy);
    if (fine)
        return true;
    json_close(doc);
    return err_set(err, ERR_DATA, "JSON: %s at byte %zu", s.wrong, (size_t)(s.at - text));
}

void json_close(struct json_doc *doc)
{
    cJSON_Delete(doc->root);
    free(doc->objects);
    *doc = (struct json_doc){0};
}

const struct cJSON *json_member(const struct cJSON *object, const char *name)
{
    if (!cJSON_IsObject(object))
        return NULL;
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNull(value) ? NULL : value;
}

const struct cJSON *json_first(const struct cJSON *array)
{
    return cJSON_IsArray(array) ? array->child : NULL;
}

const struct cJSON *json_next(const struct cJSON *element)
{
    return element->next;
}

void json_drop_first(const struct cJSON *array)
{
    cJSON_DeleteItemFromArray((cJSON *)array, 0);
}

bool json_is_array(const struct cJSON *value)
{
    return cJSON_IsArray(value);
}

bool json_is_object(const struct cJSON *value)
{
    return cJSON_IsObject(value);
}

const char *json_text(const struct cJSON *value)
{
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

bool json_integer(const struct cJSON *value, int64_t *out)
{
    const char *text = json_text(value);
    if (!text)
        return false;
    bool negative = *text == '-';
    const char *digits = text + negative;
    size_t len = strlen(digits);
    if (len < 1 || len > 15 || strspn(digits, "0123456789") != len || (*digits == '0' && len > 1))
        return false;
    int64_t sum = 0; /* 15 digits cannot overflow */
    for (const char *at = digits; *at; at++)
        sum = sum * 10 + (*at - '0');
    *out = negative ? -sum : sum;
    return true;
}

int json_truth(const struct cJSON *value)
{
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value);
    const char *text = json_text(value);
    if (!text)
        return -1;
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        return 1;
    return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? 0 : -1;
}

const char *json_raw(const struct json_doc *doc, const struct cJSON *object, size_t *len)
{
    assert(cJSON_IsObject(object) && (size_t)object->valueint < doc->object_count);
    struct json_extent extent = doc->objects[object->valueint];
    *len = extent.len;
    return doc->text + extent.start;
}
