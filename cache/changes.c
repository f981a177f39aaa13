/* Change bits: from whoever stored something to whoever draws it. */
#include "cache.h"

void changes_raise(struct changes *changes, unsigned bits)
{
    if (changes != NULL && changes->fn != NULL && bits != 0)
        changes->fn(changes->ctx, bits);
}
