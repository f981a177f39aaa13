#include "prompt.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

void prompt_init(struct prompt *prompt, const char *text, size_t max)
{
    assert(max < PROMPT_MAX);
    *prompt = (struct prompt){.max = max ? max : PROMPT_MAX - 1};
    struct arena arena = {0};
    prompt_paste(prompt, text_clean(&arena, text));
    arena_done(&arena);
}

/* Where the cluster before, or after, `at` begins. */
static size_t step_back(const struct prompt *prompt)
{
    size_t at = 0, before = 0;
    uint32_t points[3];
    int count, cells;
    while (at < prompt->at) {
        before = at;
        if (!text_next((struct text){prompt->text}, &at, points, &count, &cells))
            break;
    }
    return before;
}

static size_t step_on(const struct prompt *prompt)
{
    size_t at = prompt->at;
    uint32_t points[3];
    int count, cells;
    text_next((struct text){prompt->text}, &at, points, &count, &cells);
    return at;
}

static void cut(struct prompt *prompt, size_t from, size_t to)
{
    memmove(prompt->text + from, prompt->text + to, prompt->len - to + 1);
    prompt->len -= to - from;
    prompt->at = from;
}

static void insert(struct prompt *prompt, const char *bytes, size_t len)
{
    if (prompt->len + len > prompt->max)
        return;
    memmove(prompt->text + prompt->at + len, prompt->text + prompt->at,
            prompt->len - prompt->at + 1);
    memcpy(prompt->text + prompt->at, bytes, len);
    prompt->len += len;
    prompt->at += len;
}

static void insert_key(struct prompt *prompt, uint32_t key)
{
    utf8proc_uint8_t bytes[5] = {0};
    utf8proc_encode_char((utf8proc_int32_t)key, bytes);
    struct arena arena = {0};
    char *raw = arena_strdup(&arena, (const char *)bytes);
    /* What cleaning would change is not taken; so are combining marks, which mean nothing alone. */
    struct text clean = text_clean(&arena, raw);
    if (strcmp(clean.bytes, raw) == 0)
        insert(prompt, raw, strlen(raw));
    arena_done(&arena);
}

bool prompt_key(struct prompt *prompt, uint32_t key)
{
    switch (key) {
    case KEY_ARROW_LEFT:
        prompt->at = step_back(prompt);
        return true;
    case KEY_ARROW_RIGHT:
        prompt->at = step_on(prompt);
        return true;
    case KEY_TO_HOME:
    case 1: /* Ctrl-A */
        prompt->at = 0;
        return true;
    case KEY_TO_END:
    case 5: /* Ctrl-E */
        prompt->at = prompt->len;
        return true;
    case KEY_ERASE:
        cut(prompt, step_back(prompt), prompt->at);
        return true;
    case KEY_DELETE:
    case 4: /* Ctrl-D */
        cut(prompt, prompt->at, step_on(prompt));
        return true;
    case 21: /* Ctrl-U */
        cut(prompt, 0, prompt->at);
        return true;
    default:
        if (key < 0x20 || key >= KEY_BASE)
            return false;
        insert_key(prompt, key);
        return true;
    }
}

void prompt_paste(struct prompt *prompt, struct text text)
{
    size_t at = 0, from = 0;
    uint32_t points[3];
    int count, cells;
    while (text_next(text, &at, points, &count, &cells)) {
        if (prompt->len + (at - from) > prompt->max)
            break;
        insert(prompt, text.bytes + from, at - from);
        from = at;
    }
}

void prompt_paint(struct prompt *prompt, struct area place, bool active)
{
    struct arena arena = {0};
    struct text before = {arena_strndup(&arena, prompt->text, prompt->at)};
    int cursor = text_width(before);
    if (cursor < prompt->shift || !active)
        prompt->shift = 0;
    if (active && cursor - prompt->shift >= place.cols)
        prompt->shift = cursor - place.cols + 1;
    size_t hidden = text_fit((struct text){prompt->text}, prompt->shift, NULL);
    draw_field(area_cell(place, 0, 0, place.cols), ALIGN_LEFT, STYLE_FIELD, text_ours(""));
    draw_text(place, 0, 0, STYLE_FIELD, (struct text){prompt->text + hidden});
    if (active)
        draw_cursor(place, 0, cursor - prompt->shift);
    arena_done(&arena);
}
