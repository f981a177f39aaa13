/* Gives a fuzz target the inputs that were worth keeping: the files named, and all files of the
   folders named. usage: replay_NAME FILE|FOLDER… */
#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static size_t replayed;

static int replay(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)at;
    if (type != FTW_F)
        return 0;
    FILE *file = fopen(path, "re");
    uint8_t *data = malloc((size_t)info->st_size + 1);
    if (!file || !data) {
        perror(path);
        exit(2);
    }
    size_t len = fread(data, 1, (size_t)info->st_size, file);
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last one said is the one that failed */
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    replayed++;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (nftw(argv[i], replay, 8, FTW_PHYS) != 0)
            return 2;
    printf("= inputs replayed: %zu\n", replayed);
    return replayed > 0 ? 0 : 2;
}
