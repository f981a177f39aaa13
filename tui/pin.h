/* PINs: typed unseen, kept as argon2id by libsodium, wrong ones answered ever more slowly. */
#ifndef TUI_PIN_H
#define TUI_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIN_MIN = 4, PIN_MAX = 32, PIN_STORED_SIZE = 128 };

/* What is being typed. Wipe it as soon as it was looked at. */
struct pin_entry {
    char typed[PIN_MAX + 1];
    size_t len;
};
/* Characters, Backspace and Ctrl-U; false: not a key of a PIN. */
bool pin_entry_key(struct pin_entry *entry, uint32_t key);
void pin_wipe(void *bytes, size_t size);

/* 4 to 32 printable ASCII characters without blanks. */
bool pin_is_usable(const char *typed);
/* One line for the configuration; false: out of memory. About 0.1 s and 64 MiB. */
bool pin_store(const char *typed, char out[PIN_STORED_SIZE]);
/* Looks like what pin_store() makes. */
bool pin_is_stored(const char *stored);

/* Of this process, so that closing a question and opening it again gains nothing. A wait that grows
   to half a minute, and never a lock-out: a desk must work at night. Zeroed at first. */
struct pin_guard {
    int wrong;          /* in a row */
    int64_t free_at_ms; /* boot clock: nothing is looked at before */
};
enum pin_answer {
    PIN_RIGHT,
    PIN_WRONG,
    PIN_TOO_SOON, /* not looked at */
    PIN_UNCHECKED /* no memory to check it with */
};
enum pin_answer pin_check(struct pin_guard *guard, const char *stored, const char *typed);
int64_t pin_wait_ms(const struct pin_guard *guard); /* 0: the next one is looked at */

#endif
