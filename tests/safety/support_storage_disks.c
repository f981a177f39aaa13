/* Disks that are really full, or read-only: a file system of a few kilobytes where this process may
   mount one, and a limit of the size of files everywhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support_storage.h"

static void check_disk(struct storage *storage, const char *label, struct rig_run *run)
{
    uint64_t before = sim_requests_seen(storage->rig.sim, "POST/pos/payment");

    rig_run(&storage->rig, run);
    uint64_t sent = sim_requests_seen(storage->rig.sim, "POST/pos/payment") - before;
    storage->faults++;
    bool right = sent == 1 ? run->status == 0 || run->status == 3 : run->status == 5;
    if (!right || sent > 1 || (run->status != 0 && !storage_said_plainly(run->err)))
        storage_violation(storage, label, "wrong status or words", run);
}

/* The journal can grow to so many bytes and no further. */
static void limit_files(struct storage *storage, int64_t bytes)
{
    struct rig_run run = {.file_limit = bytes};
    char label[40];

    snprintf(label, sizeof label, "files-of-%d", (int)bytes);
    storage_prepare(storage, OP_CHARGE, bytes % 3 == 0, &run);
    check_disk(storage, label, &run);
    storage_settle(storage, label);
}

/* A first start, all its files on a disk of that size; later the disk is mended. */
static bool small_disk(struct storage *storage, int kilobytes, bool read_only)
{
    struct rig_run run = {0};
    char label[40], options[64], place[200];

    snprintf(label, sizeof label, "disk-of-%dk%s", kilobytes, read_only ? "-read-only" : "");
    snprintf(options, sizeof options, "size=%dk,mode=0700", kilobytes);
    storage_prepare(storage, OP_CHARGE, true, &run);
    snprintf(place, sizeof place, "%s/.local", storage->home);
    mkdir(place, 0700);
    if (mount("storage", place, "tmpfs", read_only ? MS_RDONLY : 0, options) != 0)
        return false;
    check_disk(storage, label, &run);
    if (mount("storage", place, "tmpfs", MS_REMOUNT, "size=64m,mode=0700") == 0)
        storage_settle(storage, label);
    umount2(place, MNT_DETACH);
    return true;
}

void storage_disks(struct storage *storage)
{
    int step = storage->options.full ? 8 : 40;

    for (int kilobytes = 4; kilobytes < 400 && !rig_interrupted(); kilobytes += step)
        limit_files(storage, (int64_t)kilobytes * 1024);
    bool may_mount = small_disk(storage, 400, true);
    for (int kilobytes = 4; may_mount && kilobytes < 400 && !rig_interrupted(); kilobytes += step)
        small_disk(storage, kilobytes, false);
    printf("storage: full disks%s: %d faults so far, %d violations\n",
           may_mount ? " and read-only ones" : " (none could be mounted)", storage->faults,
           storage->violations);
}
