/* An SQLite VFS in memory. Journal files keep, beside their content, what has been synced and the
   writes since: a power cut leaves the synced content plus any subset of the 512-byte sectors of
   those writes. At a planned operation the writing process is killed, the power fails, or the disk
   gives an error. What a dead process still tries is without effect. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_disk.h"

struct trouble {
    enum disk_fault fault;
    int countdown;
    bool for_ever;
};

static struct node nodes[FILES_MAX], templates[8];
static struct trouble troubles[WORLD_HOSTS];
static int operations[WORLD_HOSTS];
static sqlite3_vfs vfs;

/* --- content -------------------------------------------------------------------------------- */

void node_resize(struct bytes *bytes, size_t size)
{
    if (size > bytes->room) {
        bytes->room = size + size / 2 + 4096;
        bytes->data = mem_resize(bytes->data, bytes->room, 1);
    }
    if (size > bytes->size)
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
    node_resize(to, from->size);
    if (from->size > 0)
        memcpy(to->data, from->data, from->size);
}

void node_write(struct bytes *bytes, const void *from, size_t at, size_t len)
{
    if (at + len > bytes->size)
        node_resize(bytes, at + len);
    memcpy(bytes->data + at, from, len);
}

void node_changes_clear(struct node *node)
{
    for (size_t i = 0; i < node->change_count; i++)
        free(node->changes[i].bytes);
    node->change_count = 0;
}

void node_note_change(struct node *node, const void *bytes, int len, sqlite3_int64 at)
{
    if (!node->precious)
        return;
    if (node->change_count == node->change_room) {
        node->change_room = node->change_room * 2 + 32;
        node->changes = mem_resize(node->changes, node->change_room, sizeof *node->changes);
    }
    struct disk_change *change = &node->changes[node->change_count++];
    *change = (struct disk_change){at, len, NULL};
    if (len > 0) {
        change->bytes = mem_alloc((size_t)len);
        memcpy(change->bytes, bytes, (size_t)len);
    }
}

/* --- files ---------------------------------------------------------------------------------- */

static struct host *host_of(const char *path)
{
    for (int i = 0; i < WORLD_HOSTS; i++) {
        size_t len = strlen(world.hosts[i].folder);
        if (len > 0 && strncmp(path, world.hosts[i].folder, len) == 0)
            return &world.hosts[i];
    }
    return &world.hosts[0];
}

static struct node *node_find(const char *path, bool make)
{
    struct node *spare = NULL;

    for (size_t i = 0; i < FILES_MAX; i++) {
        if (nodes[i].path[0] == '\0' && spare == NULL)
            spare = &nodes[i];
        if (strcmp(nodes[i].path, path) == 0)
            return nodes[i].exists || make ? &nodes[i] : NULL;
    }
    assert(spare != NULL || !make);
    if (!make)
        return NULL;
    snprintf(spare->path, sizeof spare->path, "%s", path);
    spare->host = host_of(path);
    spare->precious = strstr(path, "journal.db") != NULL;
    return spare;
}

static void node_clear(struct node *node)
{
    node_changes_clear(node);
    node->exists = node->synced_exists = false;
    node->now.size = node->synced.size = 0;
    memset(node->handles, 0, sizeof node->handles);
    for (int i = 0; i < SHM_REGIONS; i++) {
        free(node->shm[i]);
        node->shm[i] = NULL;
    }
    node->shm_users = 0;
}

void disk_begin(void)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        node_clear(&nodes[i]);
        nodes[i].path[0] = '\0';
    }
    memset(troubles, 0, sizeof troubles);
    memset(operations, 0, sizeof operations);
    sqlite3_randomness(0, NULL); /* drawn anew from the seed */
}

void disk_forget(const char *path)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (strncmp(nodes[i].path, path, strlen(path)) == 0)
            node_clear(&nodes[i]);
}

void disk_keep_template(const char *path)
{
    const struct node *node = node_find(path, false);

    assert(node != NULL);
    for (size_t i = 0; i < COUNT_OF(templates); i++)
        if (templates[i].path[0] == '\0' || strcmp(templates[i].path, path) == 0) {
            snprintf(templates[i].path, sizeof templates[i].path, "%s", path);
            bytes_copy(&templates[i].now, &node->now);
            return;
        }
}

void disk_put_template(const char *from, const char *to)
{
    struct node *node = node_find(to, true);

    for (size_t i = 0; i < COUNT_OF(templates); i++)
        if (strcmp(templates[i].path, from) == 0) {
            bytes_copy(&node->now, &templates[i].now);
            if (node->precious)
                bytes_copy(&node->synced, &templates[i].now);
            node->exists = node->synced_exists = true;
            return;
        }
    assert(false); /* no such template */
}

bool disk_is_synced(const struct host *host)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (nodes[i].host == host && nodes[i].precious && nodes[i].change_count > 0)
            return false;
    return true;
}

int disk_operations(const struct host *host)
{
    return operations[host->index];
}

/* --- trouble -------------------------------------------------------------------------------- */

void disk_plan(struct host *host, enum disk_fault fault, int nth, bool for_ever)
{
    troubles[host->index] = (struct trouble){fault, nth, for_ever};
}

/* What this operation of the running process meets. */
enum disk_fault node_meet(struct node *node, bool read)
{
    struct trouble *trouble = &troubles[node->host->index];

    if (!node->precious || world.running == NULL || world.judging)
        return DISK_NONE;
    operations[node->host->index] += !read;
    if (trouble->fault == DISK_NONE || (trouble->fault == DISK_EIO_READ) != read ||
        --trouble->countdown > 0)
        return DISK_NONE;
    enum disk_fault fault = trouble->fault;
    if (!trouble->for_ever)
        *trouble = (struct trouble){0};
    if (fault == DISK_EIO || fault == DISK_FULL || fault == DISK_EIO_READ) {
        fault_note(fault == DISK_FULL  ? FAULT_DISK_FULL
                   : fault == DISK_EIO ? FAULT_DISK_ERROR
                                       : FAULT_READ_ERROR);
        world_trace("disk trouble %d", (int)fault);
        world.running->storage_failed = true;
    }
    return fault;
}

/* --- power ---------------------------------------------------------------------------------- */

static void survive(struct node *node, const struct disk_change *change, int per_mille)
{
    if (change->len < 0) {
        if (dice_chance(&world.fate, per_mille))
            node_resize(&node->synced, (size_t)change->at);
        return;
    }
    for (int from = 0, len; from < change->len; from += len) {
        len = SECTOR - (int)((change->at + from) % SECTOR);
        if (len > change->len - from)
            len = change->len - from;
        if (dice_chance(&world.fate, per_mille))
            node_write(&node->synced, change->bytes + from, (size_t)(change->at + from),
                       (size_t)len);
    }
}

void disk_power_cut(struct host *host)
{
    static const int shares[] = {0, 100, 500, 900, 1000};
    int per_mille = shares[dice_below(&world.fate, COUNT_OF(shares))];

    for (size_t i = 0; i < FILES_MAX; i++) {
        struct node *node = &nodes[i];
        if (node->host != host || node->path[0] == '\0' || !node->precious)
            continue;
        for (size_t j = 0; j < node->change_count; j++)
            survive(node, &node->changes[j], per_mille);
        node_changes_clear(node);
        bytes_copy(&node->now, &node->synced);
        /* A name that was made but never synced may be gone; one that was removed stays so. */
        if (node->exists && !node->synced_exists)
            node->exists = dice_chance(&world.fate, 500);
        if (!node->exists)
            node->now.size = node->synced.size = 0;
        node->synced_exists = node->exists;
    }
    troubles[host->index] = (struct trouble){0};
}

void disk_drop_process(struct proc *proc)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        for (size_t j = 0; j < HANDLES_MAX; j++) {
            struct handle *handle = nodes[i].handles[j];
            if (handle == NULL || handle->proc != proc)
                continue;
            handle->dead = true;
            handle->lock = SQLITE_LOCK_NONE;
            handle->shm_shared = handle->shm_exclusive = 0;
        }
}

/* --- the file system ------------------------------------------------------------------------ */

static int vfs_open(sqlite3_vfs *self, const char *path, sqlite3_file *file, int flags, int *out)
{
    struct handle *handle = (struct handle *)file;

    (void)self;
    memset(handle, 0, sizeof *handle);
    if (path == NULL) {
        handle->node = mem_alloc(sizeof *handle->node);
        handle->anonymous = true;
    } else {
        if (world.running != NULL && world.running->dying)
            return SQLITE_CANTOPEN;
        handle->node = node_find(path, true);
    }
    struct node *node = handle->node;
    const char *name = strrchr(node->path, '/');
    /* The database itself is there, the program made it; a side file has a dash in its name. */
    if (!node->exists && (flags & SQLITE_OPEN_CREATE) == 0 && name != NULL && strchr(name, '-'))
        return SQLITE_CANTOPEN;
    node->exists = true;
    size_t i = 0;
    while (i < HANDLES_MAX && node->handles[i] != NULL)
        i++;
    assert(i < HANDLES_MAX);
    node->handles[i] = handle;
    handle->proc = world.running;
    handle->base.pMethods = &file_methods;
    if (out != NULL)
        *out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *self, const char *path, int sync)
{
    struct node *node = node_find(path, false);

    (void)self;
    if (node == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    if (world.running != NULL && world.running->dying)
        return SQLITE_IOERR_DELETE;
    enum disk_fault fault = node_meet(node, false);
    if (fault == DISK_EIO || fault == DISK_FULL)
        return SQLITE_IOERR_DELETE;
    if (fault != DISK_NONE) {
        console_kill(world.running);
        world.running->host->cut = fault == DISK_CUT;
        fault_note(fault == DISK_CUT ? FAULT_POWER : FAULT_KILL_WRITE);
        world_trace("%s at a removal", fault == DISK_CUT ? "power cut" : "killed");
        if (fault != DISK_KILL_AFTER)
            return SQLITE_IOERR_DELETE;
    }
    node_changes_clear(node);
    node->exists = false;
    node->now.size = 0;
    if (sync || !node->precious || dice_chance(&world.fate, 500)) {
        node->synced_exists = false;
        node->synced.size = 0;
    }
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *self, const char *path, int flags, int *out)
{
    const struct node *node = node_find(path, false);

    (void)self;
    *out = node != NULL && (flags != SQLITE_ACCESS_EXISTS || node->now.size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *self, const char *path, int size, char *out)
{
    (void)self;
    return snprintf(out, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *self, int len, char *out)
{
    (void)self;
    for (int i = 0; i < len; i++)
        out[i] = (char)dice_next(&world.ids);
    return len;
}

/* Whoever has to wait is told so at once: nobody else runs meanwhile. */
static int vfs_sleep(sqlite3_vfs *self, int us)
{
    (void)self;
    return us;
}

static int vfs_time(sqlite3_vfs *self, sqlite3_int64 *out)
{
    (void)self;
    *out = clock_utc_ms() + INT64_C(210866760000000);
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *self, int len, char *out)
{
    (void)self, (void)len, (void)out;
    return 0;
}

/* Linked in place of the comparison of a journal with a new one, which would take a fifth of the
   time: no fault of this disk makes another table. Every sixteenth is compared all the same. */
bool __real_db_check_schema(struct db *db, const char *const *steps, int version,
                            const char *table, struct err *err);
bool __wrap_db_check_schema(struct db *db, const char *const *steps, int version,
                            const char *table, struct err *err);
bool __wrap_db_check_schema(struct db *db, const char *const *steps, int version,
                            const char *table, struct err *err)
{
    static unsigned asked;

    return asked++ % 16 != 0 || __real_db_check_schema(db, steps, version, table, err);
}

void disk_register(void)
{
    vfs = (sqlite3_vfs){.iVersion = 2,
                        .szOsFile = (int)sizeof(struct handle),
                        .mxPathname = 512,
                        .zName = "world",
                        .xOpen = vfs_open,
                        .xDelete = vfs_delete,
                        .xAccess = vfs_access,
                        .xFullPathname = vfs_full_path,
                        .xRandomness = vfs_random,
                        .xSleep = vfs_sleep,
                        .xGetLastError = vfs_last_error,
                        .xCurrentTimeInt64 = vfs_time};
    sqlite3_vfs_register(&vfs, 1);
}
