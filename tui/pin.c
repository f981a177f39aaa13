#include "pin.h"

#include "term.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* A little more than libsodium's "interactive": a guess costs 0.1 s where the file was stolen. */
#define PIN_OPS (crypto_pwhash_OPSLIMIT_INTERACTIVE + 1)
#define PIN_MEM crypto_pwhash_MEMLIMIT_INTERACTIVE
_Static_assert(PIN_STORED_SIZE >= crypto_pwhash_STRBYTES, "room for what libsodium writes");

void pin_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}

bool pin_entry_key(struct pin_entry *entry, uint32_t key)
{
    enum { CTRL_U = 21 };
    if (key == KEY_ERASE && entry->len > 0)
        entry->typed[--entry->len] = '\0';
    else if (key == CTRL_U)
        pin_wipe(entry, sizeof *entry);
    else if (key > ' ' && key < 0x7f && entry->len < PIN_MAX)
        entry->typed[entry->len++] = (char)key;
    else
        return key == KEY_ERASE;
    return true;
}

bool pin_is_usable(const char *typed)
{
    size_t len = strlen(typed);
    for (const char *p = typed; *p; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return false;
    return len >= PIN_MIN && len <= PIN_MAX;
}

bool pin_store(const char *typed, char out[PIN_STORED_SIZE])
{
    return sodium_init() >= 0 &&
           crypto_pwhash_str(out, typed, strlen(typed), PIN_OPS, PIN_MEM) == 0;
}

bool pin_is_stored(const char *stored)
{
    return strlen(stored) < crypto_pwhash_STRBYTES && sodium_init() >= 0 &&
           strncmp(stored, crypto_pwhash_STRPREFIX, strlen(crypto_pwhash_STRPREFIX)) == 0 &&
           crypto_pwhash_str_needs_rehash(stored, PIN_OPS, PIN_MEM) >= 0;
}

int64_t pin_wait_ms(const struct pin_guard *guard)
{
    int64_t left = guard->free_at_ms - clock_boot_ms();
    return left > 0 ? left : 0;
}

/* 1, 2, 4, 8, 16, 30, 30 … seconds. */
static void note_wrong(struct pin_guard *guard)
{
    enum { STEPS = 5, LONGEST_S = 30 };
    int64_t seconds = guard->wrong < STEPS ? INT64_C(1) << guard->wrong : LONGEST_S;
    guard->wrong += guard->wrong < STEPS;
    guard->free_at_ms = clock_boot_ms() + seconds * 1000;
}

enum pin_answer pin_check(struct pin_guard *guard, const char *stored, const char *typed)
{
    if (pin_wait_ms(guard) > 0)
        return PIN_TOO_SOON;
    errno = 0;
    if (sodium_init() >= 0 && stored &&
        crypto_pwhash_str_verify(stored, typed, strlen(typed)) == 0) {
        *guard = (struct pin_guard){0};
        return PIN_RIGHT;
    }
    if (errno == ENOMEM)
        return PIN_UNCHECKED;
    note_wrong(guard);
    return PIN_WRONG;
}
