#include "support_canary.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the key and its dresses ------------------------------------------------------------------ */

static void add(struct canary *canary, const char *dress, const char *bytes, size_t len)
{
    struct needle *needle = &canary->needles[canary->count];
    if (canary->count == CANARY_NEEDLES || len > sizeof needle->bytes)
        abort();
    memcpy(needle->bytes, bytes, len);
    needle->len = len;
    needle->dress = dress;
    canary->count++;
}

enum { ALL, SPECIAL }; /* which characters are dressed */

/* Before each character prefix, then its value in digits (NULL: the character itself). */
static void add_each(struct canary *canary, const char *dress, const char *half,
                     const char *prefix, const char *digits, int which)
{
    char out[4 * CANARY_HALF];
    size_t len = 0;
    for (size_t i = 0; i < CANARY_HALF; i++) {
        unsigned char byte = (unsigned char)half[i];
        bool dressed = which == ALL || strchr("+/=", half[i]);
        for (const char *c = prefix; dressed && *c; c++)
            out[len++] = *c;
        if (dressed && digits)
            out[len++] = digits[byte >> 4];
        out[len++] = dressed && digits ? digits[byte & 15] : half[i];
    }
    add(canary, dress, out, len);
}

/* What of half is fixed when it begins shift bytes into a group of three. */
static void add_base64(struct canary *canary, const char *half, size_t shift, bool url)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char out[2 * CANARY_HALF];
    size_t len = 0;
    for (size_t bit = (8 * shift + 5) / 6 * 6; bit + 6 <= 8 * (shift + CANARY_HALF); bit += 6) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 6; i++) {
            unsigned char byte = (unsigned char)half[i / 8 - shift];
            value = value << 1 | (((unsigned)byte >> (7 - i % 8)) & 1U);
        }
        out[len++] = value < 62 ? letters[value] : value == 62 ? url ? '-' : '+' : url ? '_' : '/';
    }
    add(canary, url ? "base64url" : "base64", out, len);
}

static void add_half(struct canary *canary, const char *half)
{
    char turned[CANARY_HALF], wide[2 * CANARY_HALF] = "";
    for (size_t i = 0; i < CANARY_HALF; i++) {
        turned[CANARY_HALF - 1 - i] = half[i];
        wide[2 * i] = half[i];
    }
    add(canary, "plain", half, CANARY_HALF);
    add(canary, "reversed", turned, CANARY_HALF);
    add(canary, "wide", wide, sizeof wide - 1);
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    add_each(canary, "hex", half, "", lower, ALL);
    add_each(canary, "HEX", half, "", upper, ALL);
    add_each(canary, "percent", half, "%", lower, ALL);
    add_each(canary, "PERCENT", half, "%", upper, ALL);
    add_each(canary, "percent where needed", half, "%", lower, SPECIAL);
    add_each(canary, "PERCENT where needed", half, "%", upper, SPECIAL);
    add_each(canary, "escaped", half, "\\", NULL, SPECIAL);
    for (size_t shift = 0; shift < 3; shift++) {
        add_base64(canary, half, shift, false);
        add_base64(canary, half, shift, true);
    }
}

void canary_make(struct canary *canary, uint64_t seed)
{
    static const char letters[] =
        "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    *canary = (struct canary){0};
    for (size_t i = 0; i < 2 * CANARY_HALF; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        canary->key[i] = letters[(seed >> 33) % (sizeof letters - 1)];
    }
    memcpy(canary->key, "sk_", 3);
    for (size_t half = 0; half < 2; half++) {
        canary->key[half * CANARY_HALF + 7] = '/';
        canary->key[half * CANARY_HALF + 12] = '+';
        canary->key[half * CANARY_HALF + 17] = '=';
        add_half(canary, canary->key + half * CANARY_HALF);
    }
}

/* --- the search ------------------------------------------------------------------------------- */

const char *canary_in(struct canary *canary, const void *bytes, size_t len)
{
    canary->searched_bytes += len;
    for (size_t i = 0; len > 0 && i < canary->count; i++)
        if (memmem(bytes, len, canary->needles[i].bytes, canary->needles[i].len))
            return canary->needles[i].dress;
    return NULL;
}

size_t canary_count(const struct canary *canary, const void *bytes, size_t len)
{
    const char *at = bytes, *end = at + len;
    size_t count = 0, key_len = strlen(canary->key);
    while (at < end && (at = memmem(at, (size_t)(end - at), canary->key, key_len)) != NULL) {
        count++;
        at += key_len;
    }
    return count;
}

const char *canary_in_file(struct canary *canary, const char *path, size_t *unreadable)
{
    enum { PIECE = 1 << 20, OVERLAP = 4 * CANARY_HALF };
    static char bytes[PIECE + OVERLAP];
    const char *dress = NULL;
    size_t kept = 0;
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    while (fd >= 0 && !dress && (got = read(fd, bytes + kept, PIECE)) > 0) {
        size_t len = kept + (size_t)got;
        dress = canary_in(canary, bytes, len);
        kept = len < OVERLAP ? len : OVERLAP;
        memmove(bytes, bytes + len - kept, kept);
    }
    if (got < 0 && unreadable)
        ++*unreadable;
    if (fd >= 0)
        close(fd);
    canary->searched_files++;
    return dress;
}

static const char *in_entry(struct canary *canary, const char *path, const struct dirent *entry)
{
    char target[PATH_MAX];
    const char *dress = canary_in(canary, entry->d_name, strlen(entry->d_name));
    ssize_t len = entry->d_type == DT_LNK ? readlink(path, target, sizeof target) : 0;
    if (!dress && len > 0)
        dress = canary_in(canary, target, (size_t)len);
    if (!dress && entry->d_type == DT_REG)
        dress = canary_in_file(canary, path, NULL);
    return dress;
}

void canary_in_tree(struct canary *canary, const char *folder, const char *skip,
                    void (*found)(void *ctx, const char *path, const char *dress), void *ctx)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        char path[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        const char *dress = in_entry(canary, path, entry);
        if (dress)
            found(ctx, path, dress);
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, skip) != 0)
            canary_in_tree(canary, path, skip, found, ctx);
    }
    if (dir)
        closedir(dir);
}
