/* Which process lives: the world knows, so no lock files are needed. Same functions as
   cache/owner.c, in whose place this is linked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

struct owner {
    char name[64];
};

struct owner *owner_new(const char *journal_path, struct err *err)
{
    struct owner *owner = mem_alloc(sizeof *owner);
    char uuid[UUID_SIZE];

    (void)journal_path, (void)err;
    random_uuid(uuid);
    snprintf(owner->name, sizeof owner->name, "owner-%s.lock", uuid);
    if (world.running != NULL)
        snprintf(world.running->owner, sizeof world.running->owner, "%s", owner->name);
    return owner;
}

void owner_free(struct owner *owner)
{
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
    for (int i = 0; i < WORLD_PROCS; i++) {
        const struct proc *proc = &world.procs[i];
        if (!proc->alive || proc->dying || strcmp(proc->owner, name) != 0)
            continue;
        if (!quirk_now(FAULT_TAKEN_DEAD) || !dice_chance(&world.fate, 300))
            return true;
        fault_note(FAULT_TAKEN_DEAD); /* its lock file was removed by somebody */
        return false;
    }
    return false;
}
