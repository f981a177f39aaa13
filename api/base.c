/* Memory, bounded buffers, errors and random numbers. See base.h; the clock is in clock.c. */
#include "base.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* --- memory ------------------------------------------------------------------------------- */

static void (*exhausted_hook)(void);

void mem_on_exhausted(void (*hook)(void))
{
    exhausted_hook = hook;
}

_Noreturn void mem_exhausted(void)
{
    static atomic_flag ending = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&ending))
        pause(); /* another thread is at it */
    if (exhausted_hook)
        exhausted_hook();
    _exit(MEM_EXIT);
}

void *mem_alloc(size_t size)
{
    void *fresh = calloc(1, size ? size : 1);
    if (!fresh)
        mem_exhausted();
    return fresh;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        mem_exhausted(); /* more than there can be */
    void *fresh = realloc(old, bytes ? bytes : 1);
    if (!fresh)
        mem_exhausted();
    return fresh;
}

char *mem_strdup(const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}

/* --- arena -------------------------------------------------------------------------------- */

#define ARENA_BLOCK     4096 /* smallest block, header included; doubles up to ARENA_BLOCK_MAX */
#define ARENA_BLOCK_MAX ((size_t)256 * 1024)
#define ARENA_LIMIT     (SIZE_MAX / 4) /* no honest request is larger: sums below cannot overflow */

struct arena_block {
    struct arena_block *next;
    size_t used, size; /* bytes of room[] */
    _Alignas(max_align_t) unsigned char room[];
};

static void arena_grow(struct arena *arena, size_t need)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : ARENA_BLOCK;
    if (size > ARENA_BLOCK_MAX)
        size = ARENA_BLOCK_MAX;
    if (size < need)
        size = need;
    struct arena_block *block = mem_alloc(sizeof(*block) + size);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > ARENA_LIMIT)
        mem_exhausted();
    size = (size + align - 1) / align * align;
    if (!arena->blocks || arena->blocks->size - arena->blocks->used < size)
        arena_grow(arena, size);
    void *fresh = arena->blocks->room + arena->blocks->used;
    arena->blocks->used += size;
    return fresh;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

void arena_done(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

/* --- buffer ------------------------------------------------------------------------------- */

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->over = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Makes room for extra bytes and the final NUL; the caller has checked max. */
static void buf_reserve(struct buf *buf, size_t extra)
{
    assert(extra <= buf->max - buf->len && buf->max < SIZE_MAX / 4);
    size_t need = buf->len + extra + 1;
    if (need <= buf->cap)
        return;
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap < need)
        cap *= 2;
    if (cap > buf->max + 1)
        cap = buf->max + 1;
    buf->data = mem_resize(buf->data, cap, 1);
    buf->cap = cap;
}

bool buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (buf->over)
        return false; /* or the content would have a hole */
    if (len > buf->max - buf->len) {
        buf->over = true;
        len = buf->max - buf->len;
    }
    buf_reserve(buf, len);
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return !buf->over;
}

bool buf_puts(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0)
        mem_exhausted(); /* nothing else fails in formats of ours */
    if ((size_t)len < sizeof(small))
        return buf_add(buf, small, (size_t)len);

    char *large = mem_alloc((size_t)len + 1);
    va_start(args, format);
    vsnprintf(large, (size_t)len + 1, format, args);
    va_end(args);
    bool fits = buf_add(buf, large, (size_t)len);
    free(large);
    return fits;
}

/* --- errors ------------------------------------------------------------------------------- */

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (err) {
        char detail[sizeof(err->detail)]; /* an argument may be the old err->detail */
        va_list args;
        va_start(args, format);
        vsnprintf(detail, sizeof(detail), format, args);
        va_end(args);
        err->code = code;
        memcpy(err->detail, detail, sizeof(detail));
    }
    return false;
}

/* --- random ------------------------------------------------------------------------------- */

static void (*random_source)(void *out, size_t len);

void random_replace(void (*bytes)(void *out, size_t len))
{
    random_source = bytes;
}

void random_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    if (random_source) {
        random_source(out, len);
        return;
    }
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        assert(got > 0); /* no kernel that this runs on lacks them */
        at += got;
        len -= (size_t)got;
    }
}

void random_uuid(char out[UUID_SIZE])
{
    unsigned char raw[16];
    random_bytes(raw, sizeof(raw));
    raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40); /* version 4 */
    raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80); /* RFC 4122 variant */
    char *at = out;
    for (size_t i = 0; i < sizeof(raw); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = "0123456789abcdef"[raw[i] >> 4];
        *at++ = "0123456789abcdef"[raw[i] & 15];
    }
    *at = '\0';
    assert(at == out + UUID_SIZE - 1);
}

uint32_t random_below(uint32_t bound)
{
    assert(bound > 0);
    uint32_t value,
        fair = UINT32_MAX - UINT32_MAX % bound; /* values above would favour small ones */
    do {
        random_bytes(&value, sizeof(value));
    } while (value >= fair);
    return value % bound;
}
