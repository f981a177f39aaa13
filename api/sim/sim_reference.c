/* References carry their number: an index is scrambled into eight letters that can be turned back,
   so that a seeded object is found by its reference without storing anything. Eight more letters
   are a check, which makes a guessed reference worthless. */
#include "sim_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CODE_BITS    40
#define HALF_BITS    20
#define HALF_MASK    ((UINT64_C(1) << HALF_BITS) - 1)
#define CODE_LETTERS 8
#define ROUNDS       4

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char *const tags[SIM_ENVS][TAG_COUNT] = {
    [SIM_LIVE] = {"EXT", "PXT", "POSX", "RFX", "CTX", "CNX", "EXD"},
    [SIM_TEST] = {"EXTT", "PXTT", "POSXT", "RFXT", "CTXT", "CNXT", "EXDT"},
};

static uint64_t key_of(const struct sim_codes *codes, enum sim_env env, enum sim_tag tag)
{
    return seed_mix(codes->salt + (uint64_t)env * TAG_COUNT + (uint64_t)tag + 1);
}

/* A Feistel network: a permutation of the 40-bit numbers; back undoes it. */
static uint64_t scramble(uint64_t code, uint64_t key, bool back)
{
    uint64_t left = code >> HALF_BITS, right = code & HALF_MASK;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned round = back ? ROUNDS - 1 - i : i;
        uint64_t half = back ? left : right;
        uint64_t mixed = seed_mix(key + (half << 8) + round) & HALF_MASK;
        if (back) {
            left = right ^ mixed;
            right = half;
        } else {
            right = left ^ mixed;
            left = half;
        }
    }
    return left << HALF_BITS | right;
}

static void spell(uint64_t code, char out[CODE_LETTERS])
{
    for (int i = CODE_LETTERS - 1; i >= 0; i--) {
        out[i] = letters[code & 31];
        code >>= 5;
    }
}

void reference_write(const struct sim_codes *codes, enum sim_env env, enum sim_tag tag,
                     int64_t number, int sub, char out[SIM_REFERENCE_SIZE])
{
    assert(number >= 0 && number < INT64_C(1) << (CODE_BITS - 3) && (sub & 7) == sub);
    uint64_t code = (uint64_t)number << 3 | (uint64_t)sub, key = key_of(codes, env, tag);
    char text[2 * CODE_LETTERS + 1] = "";
    spell(scramble(code, key, false), text);
    spell(seed_mix(key ^ code) >> (64 - CODE_BITS), text + CODE_LETTERS);
    snprintf(out, SIM_REFERENCE_SIZE, "%s-%s-%s", codes->webcode, tags[env][tag], text);
}

void reference_strip(char reference[SIM_REFERENCE_SIZE])
{
    const char *dash = strrchr(reference, '-');
    if (dash)
        memmove(reference, dash + 1, strlen(dash + 1) + 1);
}

static bool unspell(const char *text, uint64_t *code)
{
    if (strlen(text) != 2 * (size_t)CODE_LETTERS)
        return false;
    *code = 0;
    for (int i = 0; i < CODE_LETTERS; i++) {
        const char *at = strchr(letters, text[i]);
        if (!at)
            return false;
        *code = *code << 5 | (uint64_t)(at - letters);
    }
    return true;
}

static bool find_tag(const char *text, size_t len, enum sim_env *env, enum sim_tag *tag)
{
    for (int e = 0; e < SIM_ENVS; e++) {
        for (int t = 0; t < TAG_COUNT; t++) {
            if (strlen(tags[e][t]) == len && memcmp(tags[e][t], text, len) == 0) {
                *env = (enum sim_env)e;
                *tag = (enum sim_tag)t;
                return true;
            }
        }
    }
    return false;
}

enum reference_verdict reference_read(const struct sim_codes *codes, enum sim_env env,
                                      const char *text, enum sim_tag *tag, int64_t *number)
{
    const char *last = strrchr(text, '-');
    *tag = TAG_ONLINE; /* the only kind that comes without a tag */
    if (last) {
        const char *start = last;
        while (start > text && start[-1] != '-')
            start--;
        enum sim_env home = env;
        if (start == text || !find_tag(start, (size_t)(last - start), &home, tag))
            return REFERENCE_UNKNOWN;
        size_t webcode = strlen(codes->webcode);
        if (home != env || (size_t)(start - 1 - text) != webcode ||
            memcmp(text, codes->webcode, webcode) != 0)
            return REFERENCE_DENIED;
    }
    uint64_t code, key = key_of(codes, env, *tag);
    if (!unspell(last ? last + 1 : text, &code))
        return REFERENCE_UNKNOWN;
    code = scramble(code, key, true);
    char check[CODE_LETTERS];
    spell(seed_mix(key ^ code) >> (64 - CODE_BITS), check);
    *number = (int64_t)(code >> 3);
    size_t at = (last ? (size_t)(last + 1 - text) : 0) + CODE_LETTERS;
    return memcmp(text + at, check, CODE_LETTERS) == 0 ? REFERENCE_OURS : REFERENCE_UNKNOWN;
}
