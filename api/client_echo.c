/* A server, or a proxy that speaks for it, may repeat the request in its complaint. What it says
   goes to the screen, the cache and the journal: the key in it is struck out before anything reads
   it. A server that wants to show it otherwise encoded can; one that is merely chatty cannot. */
#include "api_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_LEAST 8 /* a shorter one may well be a word of any answer */

/* Bytes that the key takes up here, each character written as it is, behind a backslash, or as
   \u00xx; 0 when it does not stand here. */
static size_t key_length_at(const char *text, const char *end, const char *key)
{
    const char *at = text;
    for (; *key; key++) {
        char escaped[7];
        snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned char)*key);
        if (end - at >= 2 && at[0] == '\\' && at[1] == *key)
            at += 2;
        else if (at < end && *at == *key)
            at++;
        else if (end - at >= 6 && strncasecmp(at, escaped, 6) == 0)
            at += 6;
        else
            return 0;
    }
    return (size_t)(at - text);
}

void client_hide_key(struct buf *body, const char *key)
{
    if (body->len == 0 || strlen(key) < KEY_LEAST)
        return;
    char *end = body->data + body->len;
    for (char *at = body->data; at < end;) {
        if (*at != *key && *at != '\\') {
            at++;
            continue;
        }
        size_t len = key_length_at(at, end, key);
        memset(at, '*', len);
        at += len ? len : 1;
    }
}
