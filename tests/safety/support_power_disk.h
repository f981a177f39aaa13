/* A disk as it may look after a power cut, worked out from a trace of shim.so.

   The model. What a file held when it was last synced is there. Of what was written since, each
   sector of 512 bytes may be there or not, independently of the others; of the changes of a file's
   size any prefix. A name made or removed is certain once its folder was synced; of the later ones
   any prefix, folder by folder. A folder without a name takes all that is in it along. */
#ifndef TESTS_SAFETY_SUPPORT_POWER_DISK_H
#define TESTS_SAFETY_SUPPORT_POWER_DISK_H

#include "shim.h"
#include "support_power_rig.h"

struct disk;
/* Follows what happens below root. */
struct disk *disk_new(const char *root);
void disk_free(struct disk *disk);

struct disk_event {
    struct shim_record record;
    const char *name;
    const uint8_t *bytes;
};
/* Reads the next event of a trace in memory; false at its end. */
bool disk_next(const uint8_t *trace, size_t size, size_t *at, struct disk_event *event);
/* False: the trace tells of a file that it did not make. */
bool disk_apply(struct disk *disk, const struct disk_event *event);
size_t disk_pending(const struct disk *disk); /* changes that a power cut may take back */

enum disk_luck {
    DISK_NOTHING, /* of what is pending has reached the disk */
    DISK_ALL,
    DISK_IN_ORDER, /* all until some moment, the last write torn */
    DISK_ANY,      /* each sector by chance, with a chance that is drawn too */
    DISK_LUCKS
};
/* Makes one image below target (which is emptied); hash: of its names and bytes. */
void disk_image(const struct disk *disk, enum disk_luck luck, uint64_t *random, const char *target,
                uint64_t *hash);

#endif
