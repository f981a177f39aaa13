/* Who works on a row: a lock file per process. The name alone proves nothing, the lock does. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "money_internal.h"

#define OWNER_PREFIX    "owner-"
#define OWNER_NAME_SIZE 64

struct owner {
    int folder, lock; /* descriptors */
    char name[OWNER_NAME_SIZE];
};

/* An open-file-description lock belongs to this one open(), so unlike a POSIX lock it is not lost
   when the process closes another descriptor of the same file. */
static bool lock_whole(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* Makes and locks one new file. A sweeper may lock it between the two steps and remove it: then the
   name is given up. */
static bool take_name(struct owner *owner)
{
    char uuid[UUID_SIZE];
    struct stat info;

    random_uuid(uuid);
    snprintf(owner->name, sizeof owner->name, OWNER_PREFIX "%s.lock", uuid);
    owner->lock = openat(owner->folder, owner->name,
                         O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (owner->lock < 0)
        return false;
    if (lock_whole(owner->lock) && fstat(owner->lock, &info) == 0 && info.st_nlink == 1)
        return true;
    close(owner->lock);
    owner->lock = -1;
    return false;
}

/* Removes the file of an owner that lives no more. */
static bool is_locked(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno != ENOENT; /* cannot tell: take it as alive */
    bool dead = lock_whole(fd);
    if (dead)
        unlinkat(folder, name, 0);
    close(fd);
    return !dead;
}

static void sweep(const struct owner *owner)
{
    int fd = openat(owner->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, OWNER_PREFIX, strlen(OWNER_PREFIX)) == 0 &&
            strcmp(entry->d_name, owner->name) != 0)
            is_locked(owner->folder, entry->d_name);
    closedir(dir);
}

struct owner *owner_new(const char *journal_path, struct err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(journal_path, '/');
    struct owner *owner = mem_alloc(sizeof *owner);

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - journal_path + 1),
             slash == NULL ? "." : journal_path);
    owner->lock = -1;
    owner->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int tries = 0; owner->folder >= 0 && tries < 10; tries++)
        if (take_name(owner)) {
            sweep(owner);
            return owner;
        }
    err_set(err, ERR_STORAGE, "lock file in %s: %s", folder, strerror(errno));
    owner_free(owner);
    return NULL;
}

void owner_free(struct owner *owner)
{
    if (owner == NULL)
        return;
    if (owner->lock >= 0) {
        unlinkat(owner->folder, owner->name, 0);
        close(owner->lock);
    }
    if (owner->folder >= 0)
        close(owner->folder);
    free(owner);
}

const char *owner_name(const struct owner *owner)
{
    return owner->name;
}

bool owner_is_alive(const struct owner *self, const char *name, const char *boot_id)
{
    if (strcmp(boot_id, clock_boot_id()) != 0)
        return false;
    if (strcmp(name, self->name) == 0)
        return true;
    if (strncmp(name, OWNER_PREFIX, strlen(OWNER_PREFIX)) != 0 || strchr(name, '/') != NULL)
        return false;
    return is_locked(self->folder, name);
}
