/* Memory for libcurl that is wiped when it is given back: a request, with the key in it, goes
   through several of its buffers, and what is freed would lie about until something else needs the
   place. */
#include "api_internal.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void wiping_free(void *memory)
{
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

/* Not by realloc(), which leaves the old bytes behind when it moves. */
void *wiping_realloc(void *old, size_t size)
{
    size_t old_size = old ? malloc_usable_size(old) : 0;
    void *fresh = malloc(size ? size : 1);
    if (!fresh)
        return NULL;
    if (old)
        memcpy(fresh, old, old_size < size ? old_size : size);
    wiping_free(old);
    return fresh;
}
