#include "support_modes.h"
#include "../../tui/config.h"
#include "../support_folder.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOMEBODY = 54321 };

static const mode_t modes[] = {0400, 0600, 0000, 0200, 0700,  0640, 0620, 0660, 0610, 0604,
                               0602, 0601, 0644, 0646, 0666,  0777, 0440, 0444, 04600, 02600};
static const mode_t folder_modes[] = {0700, 0750, 0755, 0500, 0711, 0770,
                                      0730, 0775, 0777, 0757, 01777, 02775};

enum kind { PLAIN, LINK, LINK_OUT, FOLDER, PIPE, ABSENT, KINDS };
enum owner { SELF, ROOT, OTHER, OWNERS };
enum purpose { KEY, CREDENTIAL, CONFIG, PURPOSES };
static const char *const kind_names[] = {"file", "link", "link out", "folder", "pipe", "nothing"};
static const char *const owner_names[] = {"self", "root", "other"};
static const char *const purpose_names[] = {"key", "credential", "config"};

struct scene {
    char base[64], folder[80], path[120];
    uid_t user;
    bool as_root; /* we are, and may be others */
    struct modes_result *result;
};
struct file_row {
    enum purpose purpose;
    enum kind kind;
    mode_t mode, folder_mode;
    enum owner owner, folder_owner;
};

static uid_t uid_of(const struct scene *scene, enum owner owner)
{
    return owner == SELF ? scene->user : owner == ROOT ? 0 : SOMEBODY;
}

/* --- what should be, written from the rules alone --------------------------------------------- */

/* May the user at all? The group of everything is the user's own. */
static bool can_open(const struct scene *scene, const struct file_row *row)
{
    bool own = uid_of(scene, row->owner) == scene->user;
    bool own_folder = uid_of(scene, row->folder_owner) == scene->user;
    return scene->user == 0 || ((row->mode & (own ? 0400 : 0040)) != 0 &&
                                (row->folder_mode & (own_folder ? 0100 : 0010)) != 0);
}

static bool owners_fine(const struct scene *scene, const struct file_row *row)
{
    uid_t owner = uid_of(scene, row->owner), folder_owner = uid_of(scene, row->folder_owner);
    return (owner == scene->user || (owner == 0 && row->purpose != KEY)) &&
           (folder_owner == scene->user || folder_owner == 0);
}

static bool modes_fine(const struct scene *scene, const struct file_row *row)
{
    bool shared = row->purpose != KEY && uid_of(scene, row->owner) == 0;
    return (row->mode & (shared ? 0027 : 0077)) == 0 && (row->folder_mode & 0022) == 0;
}

/* --- one case --------------------------------------------------------------------------------- */

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(2);
}

static void put_text(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, text, strlen(text)) >= 0 && fchmod(fd, mode) == 0, path);
    close(fd);
}

static void build(struct scene *scene, const struct file_row *row)
{
    const char *text = row->purpose == CONFIG ? "[console]\n" : "the-very-key\n";
    char real[120];
    bool out = row->kind == LINK_OUT;
    must(mkdir(scene->folder, 0700) == 0, scene->folder);
    snprintf(scene->path, sizeof scene->path, "%s/avirato-test-key", scene->folder);
    snprintf(real, sizeof real, "%s/real", out ? scene->base : scene->folder);
    if (row->kind == PLAIN)
        put_text(scene->path, text, row->mode);
    else if (row->kind == FOLDER)
        must(mkdir(scene->path, row->mode) == 0, scene->path);
    else if (row->kind == PIPE)
        must(mkfifo(scene->path, row->mode) == 0, scene->path);
    else if (row->kind != ABSENT) {
        put_text(real, text, row->mode);
        must(!scene->as_root || chown(real, scene->user, scene->user) == 0, real);
        must(symlink(real, scene->path) == 0, scene->path);
    }
    if (scene->as_root && row->kind != ABSENT)
        must(lchown(scene->path, uid_of(scene, row->owner), scene->user) == 0, scene->path);
    if (row->kind == PLAIN) /* another owner takes the special bits away */
        must(chmod(scene->path, row->mode) == 0, scene->path);
    if (scene->as_root)
        must(chown(scene->folder, uid_of(scene, row->folder_owner), scene->user) == 0, "chown");
    must(chmod(scene->folder, row->folder_mode) == 0, scene->folder);
}

/* Is it taken? */
static bool try_row(const struct scene *scene, const struct file_row *row, struct err *err)
{
    struct config config = {0};
    bool taken;
    if (row->purpose == CONFIG) {
        taken = config_load(&config, scene->path, err);
    } else {
        char *path = strdup(scene->path);
        if (row->purpose == CREDENTIAL)
            setenv("CREDENTIALS_DIRECTORY", scene->folder, 1);
        else
            config.env[ENV_TEST].api_key_file = path;
        char *key = config_read_key(&config, ENV_TEST, err);
        taken = key && strcmp(key, "the-very-key") == 0;
        config_free_key(key);
        unsetenv("CREDENTIALS_DIRECTORY");
        config.env[ENV_TEST].api_key_file = NULL;
        free(path);
    }
    config_done(&config);
    return taken;
}

static void become(const struct scene *scene, uid_t user)
{
    bool ok = !scene->as_root ||
              (user == 0 ? seteuid(0) == 0 && setegid(0) == 0 && setgroups(0, NULL) == 0
                         : setgroups(0, NULL) == 0 && setegid(user) == 0 && seteuid(user) == 0);
    must(ok, "seteuid");
}

static void check_row(struct scene *scene, const struct file_row *row)
{
    struct err err = {0};
    build(scene, row);
    become(scene, scene->user);
    bool taken = try_row(scene, row, &err);
    become(scene, 0);
    bool fine = row->kind == PLAIN && can_open(scene, row);
    bool expected = fine && owners_fine(scene, row) && modes_fine(scene, row);
    bool helpful = taken || err.detail[0];
    if (fine && owners_fine(scene, row) && !modes_fine(scene, row))
        helpful = strncmp(err.detail, "chmod ", 6) == 0; /* what mends it, in front */
    scene->result->cases++;
    scene->result->taken += taken;
    scene->result->refused += !taken;
    if (taken != expected || !helpful || strstr(err.detail, "very-key")) {
        scene->result->violations++;
        printf("VIOLATION modes as user %d: %s: %s %04o of %s in a folder %04o of %s: %s (%s)\n",
               (int)scene->user, purpose_names[row->purpose], kind_names[row->kind],
               (unsigned)row->mode, owner_names[row->owner], (unsigned)row->folder_mode,
               owner_names[row->folder_owner], taken ? "taken" : "refused", err.detail);
    }
    chmod(scene->folder, 0700);
    folder_remove(scene->folder);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void check_modes(struct scene *scene, struct file_row row)
{
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        for (size_t k = 0; k < COUNT_OF(folder_modes); k++) {
            row.mode = modes[i];
            row.folder_mode = folder_modes[k];
            check_row(scene, &row);
        }
    }
}

static void check_owners(struct scene *scene, enum purpose purpose)
{
    for (enum owner owner = SELF; owner < OWNERS; owner++) {
        for (enum owner folder_owner = SELF; folder_owner < OWNERS; folder_owner++) {
            struct file_row row = {purpose, PLAIN, 0600, 0700, owner, folder_owner};
            if (scene->as_root || (owner == SELF && folder_owner == SELF))
                check_modes(scene, row);
        }
    }
    for (enum kind kind = LINK; kind < KINDS; kind++) {
        struct file_row row = {purpose, kind, 0600, 0700, SELF, SELF};
        check_row(scene, &row);
        row.mode = 0644;
        check_row(scene, &row);
    }
}

bool modes_run(uid_t user, struct modes_result *result)
{
    static const char *const variables[] = {"AVIRATO_ENV", "AVIRATO_WEBCODE", "AVIRATO_API_KEY",
                                            "AVIRATO_BASE_URL", "CREDENTIALS_DIRECTORY"};
    struct scene scene = {.user = user, .as_root = geteuid() == 0, .result = result};
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        unsetenv(variables[i]);
    bool memory = access("/dev/shm", W_OK) == 0; /* much faster */
    snprintf(scene.base, sizeof scene.base, "%s/modes-XXXXXX", memory ? "/dev/shm" : "/tmp");
    if (!mkdtemp(scene.base) || chmod(scene.base, 0711) != 0)
        return false;
    snprintf(scene.folder, sizeof scene.folder, "%s/folder", scene.base);
    mode_t before = umask(0);
    for (enum purpose purpose = KEY; purpose < PURPOSES; purpose++)
        check_owners(&scene, purpose);
    umask(before);
    folder_remove(scene.base);
    return true;
}
