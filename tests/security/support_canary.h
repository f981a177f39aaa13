/* A key that is looked for afterwards: as it is and in the dress it might wear (reversed, hex,
   base64, percent-encoded, escaped, wide), whole or one half of it. */
#ifndef TESTS_SECURITY_SUPPORT_CANARY_H
#define TESTS_SECURITY_SUPPORT_CANARY_H

#include <stddef.h>
#include <stdint.h>

#define CANARY_HALF    18
#define CANARY_KEY_MAX (2 * CANARY_HALF + 1)
#define CANARY_NEEDLES 64

struct needle {
    char bytes[4 * CANARY_HALF];
    size_t len;
    const char *dress;
};
struct canary {
    char key[CANARY_KEY_MAX]; /* with characters that encodings change */
    struct needle needles[CANARY_NEEDLES];
    size_t count;
    uint64_t searched_bytes, searched_files;
};
void canary_make(struct canary *canary, uint64_t seed);
/* How the key stands in there, NULL: it does not. */
const char *canary_in(struct canary *canary, const void *bytes, size_t len);
/* How often it stands there as it is, whole. */
size_t canary_count(const struct canary *canary, const void *bytes, size_t len);
/* The same for a file of any size (one of /proc too); NULL when it cannot be read as well, and then
   *unreadable (which may be NULL) is counted up. */
const char *canary_in_file(struct canary *canary, const char *path, size_t *unreadable);
/* Calls found for each file below folder that holds it, in its bytes, name or target. A folder of
   the name skip is passed over. */
void canary_in_tree(struct canary *canary, const char *folder, const char *skip,
                    void (*found)(void *ctx, const char *path, const char *dress), void *ctx);

#endif
