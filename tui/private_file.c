#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct trouble {
    const char *what, *mend; /* mend is followed by the path; "" when no command helps */
};

static struct trouble file_trouble(const struct stat *st, bool roots_too)
{
    bool roots = roots_too && st->st_uid == 0;
    mode_t others = roots ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (!S_ISREG(st->st_mode))
        return (struct trouble){"not a regular file", ""};
    if (!roots && st->st_uid != geteuid())
        return (struct trouble){"belongs to somebody else", ""};
    if (st->st_mode & others)
        return (struct trouble){"others may read or write it",
                                roots ? "chmod 640 " : "chmod 600 "};
    return (struct trouble){NULL, NULL};
}

/* Who may write the folder may put another file in its place. The sticky bit does not excuse it:
   where everybody writes, nothing of this kind belongs. */
static struct trouble folder_trouble(const struct stat *st)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return (struct trouble){"its folder belongs to somebody else", ""};
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return (struct trouble){"others may write its folder", "chmod go-w "};
    return (struct trouble){NULL, NULL};
}

static void say_trouble(const char *path, const char *where, const struct trouble *trouble,
                        struct err *err)
{
    /* The command first: a long path must not push it out of the message. */
    if (trouble->mend[0])
        err_set(err, ERR_DENIED, "%s%s: %s: %s", trouble->mend, where, path, trouble->what);
    else
        err_set(err, ERR_DENIED, "%s: %s", path, trouble->what);
}

static int open_in(int folder, const char *name, const char *path, bool roots_too, bool *absent,
                   struct err *err)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        *absent = fd < 0 && errno == ENOENT;
        err_set(err, *absent ? ERR_INVALID : ERR_DENIED, "%s: %s", path,
                errno == ELOOP ? "is a symbolic link: name the file itself" : strerror(errno));
    } else {
        struct trouble trouble = file_trouble(&st, roots_too);
        if (!trouble.what)
            return fd;
        say_trouble(path, path, &trouble, err);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

int private_open(const char *path, bool roots_too, bool *absent, struct err *err)
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    struct stat st;
    bool ignored;
    absent = absent ? absent : &ignored;
    *absent = false;
    if (strlen(path) >= sizeof folder) {
        err_set(err, ERR_INVALID, "the path is too long");
        return -1;
    }
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
    if (folder_fd < 0 || fstat(folder_fd, &st) != 0) {
        *absent = folder_fd < 0 && errno == ENOENT;
        err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    } else {
        fd = open_in(folder_fd, slash ? slash + 1 : path, path, roots_too, absent, err);
        struct trouble trouble = folder_trouble(&st);
        if (fd >= 0 && trouble.what) {
            say_trouble(path, folder, &trouble, err);
            close(fd);
            fd = -1;
        }
    }
    if (folder_fd >= 0)
        close(folder_fd);
    return fd;
}
