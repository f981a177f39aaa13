/* An open file of the disk in memory: reads, writes, syncs, locks, and what goes wrong there. */
#include <stdlib.h>
#include <string.h>

#include "world_disk.h"

static void kill_running(bool cut)
{
    if (world.running == NULL)
        return;
    if (cut) {
        world.running->host->cut = true;
        fault_note(FAULT_POWER);
    } else {
        fault_note(FAULT_KILL_WRITE);
    }
    world_trace("%s at a write", cut ? "power cut" : "killed");
    console_kill(world.running);
}

static bool is_gone(const struct handle *handle)
{
    return handle->dead || (handle->proc != NULL && handle->proc->dying);
}

/* --- methods of a file ------------------------------------------------------------------------ */

static int file_close(sqlite3_file *file)
{
    struct handle *handle = (struct handle *)file;
    struct node *node = handle->node;

    for (size_t i = 0; i < HANDLES_MAX; i++)
        if (node->handles[i] == handle)
            node->handles[i] = NULL;
    if (handle->anonymous) {
        free(node->now.data);
        free(node);
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    struct handle *handle = (struct handle *)file;
    const struct bytes *now = &handle->node->now;
    size_t from = (size_t)at, want = (size_t)len;

    if (is_gone(handle) || node_meet(handle->node, true) == DISK_EIO_READ)
        return SQLITE_IOERR_READ;
    size_t there = from >= now->size ? 0 : now->size - from;
    if (there >= want) {
        memcpy(out, now->data + from, want);
        return SQLITE_OK;
    }
    if (there > 0)
        memcpy(out, now->data + from, there);
    memset((char *)out + there, 0, want - there);
    return SQLITE_IOERR_SHORT_READ;
}

static void write_now(struct node *node, const void *bytes, int len, sqlite3_int64 at)
{
    node_write(&node->now, bytes, (size_t)at, (size_t)len);
    node_note_change(node, bytes, len, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct handle *handle = (struct handle *)file;

    if (is_gone(handle))
        return SQLITE_IOERR_WRITE;
    switch (node_meet(handle->node, false)) {
    case DISK_EIO:
        return SQLITE_IOERR_WRITE;
    case DISK_FULL:
        return SQLITE_FULL;
    case DISK_KILL_BEFORE:
        kill_running(false);
        return SQLITE_IOERR_WRITE;
    case DISK_KILL_TORN: /* half of it was written */
        write_now(handle->node, bytes, len / 2, at);
        kill_running(false);
        return SQLITE_IOERR_WRITE;
    case DISK_CUT:
        write_now(handle->node, bytes, len, at);
        kill_running(true);
        return SQLITE_IOERR_WRITE;
    case DISK_KILL_AFTER:
        write_now(handle->node, bytes, len, at);
        kill_running(false);
        return SQLITE_OK;
    default:
        write_now(handle->node, bytes, len, at);
        return SQLITE_OK;
    }
}

/* Kills and errors around an operation that is done or not; true: go on and do it. */
static bool may_do(struct handle *handle, int *rc, int failed)
{
    *rc = failed;
    if (is_gone(handle))
        return false;
    switch (node_meet(handle->node, false)) {
    case DISK_EIO:
        return false;
    case DISK_FULL:
        *rc = SQLITE_FULL;
        return false;
    case DISK_KILL_BEFORE:
    case DISK_KILL_TORN:
        kill_running(false);
        return false;
    case DISK_CUT:
        kill_running(true);
        return false;
    case DISK_KILL_AFTER:
        kill_running(false); /* the operation itself is done all the same */
        *rc = SQLITE_OK;
        return true;
    default:
        *rc = SQLITE_OK;
        return true;
    }
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *handle = (struct handle *)file;
    int rc;

    if (!may_do(handle, &rc, SQLITE_IOERR_TRUNCATE))
        return rc;
    node_resize(&handle->node->now, (size_t)size);
    node_note_change(handle->node, NULL, -1, size);
    return rc;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct handle *handle = (struct handle *)file;
    struct node *node = handle->node;
    int rc;

    (void)flags;
    if (!may_do(handle, &rc, SQLITE_IOERR_FSYNC))
        return rc;
    if (node->precious) {
        for (size_t i = 0; i < node->change_count; i++)
            if (node->changes[i].len < 0)
                node_resize(&node->synced, (size_t)node->changes[i].at);
            else
                node_write(&node->synced, node->changes[i].bytes, (size_t)node->changes[i].at,
                            (size_t)node->changes[i].len);
        node_changes_clear(node);
        node->synced_exists = true;
    }
    return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((struct handle *)file)->node->now.size;
    return SQLITE_OK;
}

/* --- locks ---------------------------------------------------------------------------------- */

static int highest_other(const struct handle *handle)
{
    int highest = SQLITE_LOCK_NONE;

    for (size_t i = 0; i < HANDLES_MAX; i++) {
        const struct handle *other = handle->node->handles[i];
        if (other != NULL && other != handle && !other->dead && other->lock > highest)
            highest = other->lock;
    }
    return highest;
}

static int file_lock(sqlite3_file *file, int level)
{
    struct handle *handle = (struct handle *)file;
    int others = highest_other(handle);

    if (is_gone(handle))
        return SQLITE_IOERR_LOCK;
    if ((level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) ||
        (level == SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED))
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
        handle->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    if (level > handle->lock)
        handle->lock = level;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level)
{
    struct handle *handle = (struct handle *)file;

    if (level < handle->lock)
        handle->lock = level;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *file, int *out)
{
    *out = highest_other((struct handle *)file) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *arg)
{
    (void)file;
    if (operation != SQLITE_FCNTL_MMAP_SIZE)
        return SQLITE_NOTFOUND;
    *(sqlite3_int64 *)arg = 0;
    return SQLITE_OK;
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- shared memory of a write-ahead log (the cache's) ----------------------------------------- */

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct handle *handle = (struct handle *)file;
    struct node *node = handle->node;

    *out = NULL;
    if (region >= SHM_REGIONS)
        return SQLITE_IOERR_SHMMAP;
    if (!handle->shm_open) {
        handle->shm_open = true;
        node->shm_users++;
    }
    if (node->shm[region] == NULL && extend)
        node->shm[region] = mem_alloc((size_t)size);
    *out = node->shm[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    struct handle *handle = (struct handle *)file;
    unsigned mask = ((1u << n) - 1) << offset;

    if (flags & SQLITE_SHM_UNLOCK) {
        handle->shm_shared &= ~mask;
        handle->shm_exclusive &= ~mask;
        return SQLITE_OK;
    }
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        const struct handle *other = handle->node->handles[i];
        if (other == NULL || other == handle || other->dead)
            continue;
        if ((other->shm_exclusive & mask) ||
            ((flags & SQLITE_SHM_EXCLUSIVE) && (other->shm_shared & mask)))
            return SQLITE_BUSY;
    }
    if (flags & SQLITE_SHM_EXCLUSIVE)
        handle->shm_exclusive |= mask;
    else
        handle->shm_shared |= mask;
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
    (void)file;
}

static int shm_unmap(sqlite3_file *file, int remove)
{
    struct handle *handle = (struct handle *)file;
    struct node *node = handle->node;

    (void)remove;
    if (handle->shm_open && --node->shm_users == 0)
        for (int i = 0; i < SHM_REGIONS; i++) {
            free(node->shm[i]);
            node->shm[i] = NULL;
        }
    handle->shm_open = false;
    return SQLITE_OK;
}

const sqlite3_io_methods file_methods = {
    2,         file_close,   file_read,           file_write,   file_truncate,    file_sync,
    file_size, file_lock,    file_unlock,         file_check_reserved, file_control,
    file_sector_size, file_characteristics, shm_map, shm_lock, shm_barrier, shm_unmap,
    NULL,      NULL};
