#include "support_power_disk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

enum late_kind { WRITTEN, RESIZED };

/* Not synced yet. */
struct late {
    enum late_kind kind;
    int64_t moment; /* its place among all events */
    int64_t offset; /* or the new size */
    size_t size;
    uint8_t *bytes;
};

/* A file or folder, whatever it is called. */
struct node {
    bool folder;
    uint8_t *bytes; /* as it was last synced */
    size_t size, room;
    struct late *changes;
    size_t change_count;
};

/* A name that came or went. */
struct naming {
    char *path;
    int node; /* -1: it went */
    bool sure;
    int64_t moment;
};

struct disk {
    char *root;
    struct node *nodes;
    size_t node_count;
    struct naming *namings; /* in the order of the events */
    size_t naming_count;
    int64_t moment;
};

struct disk *disk_new(const char *root)
{
    struct disk *disk = mem_alloc(sizeof *disk);

    disk->root = mem_strdup(root);
    return disk;
}

static void drop_changes(struct node *node)
{
    for (size_t i = 0; i < node->change_count; i++)
        free(node->changes[i].bytes);
    free(node->changes);
    node->changes = NULL;
    node->change_count = 0;
}

void disk_free(struct disk *disk)
{
    for (size_t i = 0; i < disk->node_count; i++) {
        drop_changes(&disk->nodes[i]);
        free(disk->nodes[i].bytes);
    }
    for (size_t i = 0; i < disk->naming_count; i++)
        free(disk->namings[i].path);
    free(disk->nodes);
    free(disk->namings);
    free(disk->root);
    free(disk);
}

/* --- events ---------------------------------------------------------------------------------- */

bool disk_next(const uint8_t *trace, size_t size, size_t *at, struct disk_event *event)
{
    if (size - *at < sizeof event->record)
        return false;
    memcpy(&event->record, trace + *at, sizeof event->record);
    size_t whole = sizeof event->record + event->record.name_size + event->record.size;
    if (size - *at < whole)
        return false;
    event->name = (const char *)trace + *at + sizeof event->record;
    event->bytes = trace + *at + sizeof event->record + event->record.name_size;
    *at += whole;
    return true;
}

/* The last naming of a path says what it is now. */
static int find(const struct disk *disk, const char *path)
{
    for (size_t i = disk->naming_count; i > 0; i--)
        if (strcmp(disk->namings[i - 1].path, path) == 0)
            return disk->namings[i - 1].node;
    return -1;
}

static void name(struct disk *disk, const char *path, int node)
{
    disk->namings = mem_resize(disk->namings, disk->naming_count + 1, sizeof *disk->namings);
    disk->namings[disk->naming_count++] =
        (struct naming){.path = mem_strdup(path), .node = node, .moment = disk->moment};
}

static void make(struct disk *disk, const char *path, bool folder)
{
    disk->nodes = mem_resize(disk->nodes, disk->node_count + 1, sizeof *disk->nodes);
    disk->nodes[disk->node_count] = (struct node){.folder = folder};
    name(disk, path, (int)disk->node_count++);
}

/* Bytes between the end and the offset read as zero. */
static void put(struct node *node, int64_t offset, const uint8_t *bytes, size_t size)
{
    size_t end = (size_t)offset + size;

    if (end > node->room) {
        node->room = end * 2;
        node->bytes = mem_resize(node->bytes, node->room, 1);
    }
    if (end > node->size) {
        memset(node->bytes + node->size, 0, end - node->size);
        node->size = end;
    }
    memcpy(node->bytes + offset, bytes, size);
}

static void resize(struct node *node, size_t size)
{
    static const uint8_t zero[1];

    if (size > node->size)
        put(node, (int64_t)size - 1, zero, 1);
    node->size = size;
}

static void settle(struct node *node)
{
    for (size_t i = 0; i < node->change_count; i++) {
        const struct late *change = &node->changes[i];
        if (change->kind == WRITTEN)
            put(node, change->offset, change->bytes, change->size);
        else
            resize(node, (size_t)change->offset);
    }
    drop_changes(node);
}

static bool is_inside(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && path[len] == '/' &&
           strchr(path + len + 1, '/') == NULL;
}

static void settle_folder(struct disk *disk, const char *folder)
{
    for (size_t i = 0; i < disk->naming_count; i++)
        if (is_inside(disk->namings[i].path, folder))
            disk->namings[i].sure = true;
}

static void note_change(struct disk *disk, struct node *node, const struct disk_event *event)
{
    struct late change = {.kind = event->record.op == SHIM_WRITE ? WRITTEN : RESIZED,
                            .moment = disk->moment,
                            .offset = event->record.offset,
                            .size = event->record.size};

    if (change.size > 0) {
        change.bytes = mem_alloc(change.size);
        memcpy(change.bytes, event->bytes, change.size);
    }
    node->changes = mem_resize(node->changes, node->change_count + 1, sizeof *node->changes);
    node->changes[node->change_count++] = change;
}

/* Lock files prove nothing after a start of the machine; SQLite makes its shared memory anew. */
static bool is_of_no_account(const struct disk *disk, const char *path)
{
    size_t len = strlen(path);

    return strncmp(path, disk->root, strlen(disk->root)) != 0 || strstr(path, "/owner-") != NULL ||
           (len > 4 && strcmp(path + len - 4, "-shm") == 0);
}

bool disk_apply(struct disk *disk, const struct disk_event *event)
{
    char path[PATH_MAX];
    size_t len = (size_t)snprintf(path, sizeof path, "%s", event->name);

    while (len > 1 && path[len - 1] == '/')
        path[--len] = '\0';
    disk->moment++;
    if (event->record.op == SHIM_SEND || is_of_no_account(disk, path))
        return true;
    int found = find(disk, path);
    switch ((enum shim_op)event->record.op) {
    case SHIM_CREATE:
    case SHIM_MKDIR:
        make(disk, path, event->record.op == SHIM_MKDIR);
        return true;
    case SHIM_UNLINK:
        name(disk, path, -1);
        return true;
    case SHIM_SYNC:
        if (found >= 0 && !disk->nodes[found].folder)
            settle(&disk->nodes[found]);
        else
            settle_folder(disk, path);
        return true;
    default:
        if (found >= 0)
            note_change(disk, &disk->nodes[found], event);
        return found >= 0;
    }
}

size_t disk_pending(const struct disk *disk)
{
    size_t count = 0;

    for (size_t i = 0; i < disk->node_count; i++)
        count += disk->nodes[i].change_count;
    for (size_t i = 0; i < disk->naming_count; i++)
        count += !disk->namings[i].sure;
    return count;
}

/* --- one image ------------------------------------------------------------------------------- */

struct draw {
    enum disk_luck luck;
    uint64_t *random;
    uint64_t chance; /* DISK_ANY: of a sector, of 256 */
    int64_t until;   /* DISK_IN_ORDER */
};

static bool sector_kept(const struct draw *draw, const struct late *change, size_t at)
{
    switch (draw->luck) {
    case DISK_NOTHING:
        return false;
    case DISK_ALL:
        return true;
    case DISK_IN_ORDER:
        return change->moment < draw->until ||
               (change->moment == draw->until && at < change->size / 2);
    default:
        return (rig_random(draw->random) & 255) < draw->chance;
    }
}

/* How many of the pending changes of size, or of names in one folder, have happened. */
static size_t prefix_kept(const struct draw *draw, size_t count)
{
    if (draw->luck == DISK_NOTHING)
        return 0;
    return draw->luck == DISK_ALL ? count : (size_t)(rig_random(draw->random) % (count + 1));
}

static int64_t size_after(const struct late *change, int64_t size)
{
    int64_t end = change->offset + (int64_t)change->size;

    if (change->kind == RESIZED)
        return change->offset;
    return end > size ? end : size;
}

static void copy_sectors(struct node *image, const struct late *change, const struct draw *draw)
{
    for (size_t at = 0; at < change->size;) {
        size_t step = SECTOR - (size_t)(change->offset + (int64_t)at) % SECTOR;
        if (step > change->size - at)
            step = change->size - at;
        int64_t offset = change->offset + (int64_t)at;
        size_t room = offset < (int64_t)image->size ? image->size - (size_t)offset : 0;
        if (sector_kept(draw, change, at))
            put(image, offset, change->bytes + at, step < room ? step : room);
        at += step;
    }
}

/* The file as a power cut may leave it. */
static struct node draw_file(const struct node *node, const struct draw *draw)
{
    struct node image = {0};
    size_t resizes = 0, kept = 0;
    int64_t size = (int64_t)node->size;

    if (node->size > 0)
        put(&image, 0, node->bytes, node->size);
    for (size_t i = 0; i < node->change_count; i++) {
        int64_t after = size_after(&node->changes[i], size);
        resizes += after != size;
        size = after;
    }
    kept = prefix_kept(draw, resizes);
    size = (int64_t)node->size;
    resizes = 0;
    for (size_t i = 0; i < node->change_count; i++) {
        const struct late *change = &node->changes[i];
        int64_t after = size_after(change, size);
        bool counts = after != size;
        bool in_order = draw->luck == DISK_IN_ORDER && change->moment <= draw->until;
        if (counts && (draw->luck == DISK_IN_ORDER ? in_order : resizes < kept))
            resize(&image, (size_t)after);
        resizes += counts;
        size = after;
        if (change->kind == WRITTEN)
            copy_sectors(&image, change, draw);
    }
    return image;
}

/* Which of the pending namings have happened: of each folder a prefix. */
static void draw_names(const struct disk *disk, const struct draw *draw, bool *happened)
{
    for (size_t i = 0; i < disk->naming_count; i++)
        happened[i] = disk->namings[i].sure;
    for (size_t i = 0; i < disk->naming_count; i++) {
        char folder[PATH_MAX];
        size_t count = 0, first = i;
        if (disk->namings[i].sure)
            continue;
        snprintf(folder, sizeof folder, "%s", disk->namings[i].path);
        *strrchr(folder, '/') = '\0';
        for (size_t j = 0; j < disk->naming_count; j++)
            if (!disk->namings[j].sure && is_inside(disk->namings[j].path, folder)) {
                first = j < first ? j : first;
                count++;
            }
        if (first < i)
            continue; /* this folder has been drawn */
        size_t kept = prefix_kept(draw, count);
        for (size_t j = i; j < disk->naming_count; j++)
            if (!disk->namings[j].sure && is_inside(disk->namings[j].path, folder)) {
                happened[j] = draw->luck == DISK_IN_ORDER ? disk->namings[j].moment <= draw->until
                                                          : kept > 0;
                kept -= kept > 0;
            }
    }
}

static void add_hash(uint64_t *hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t word;

    for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
        memcpy(&word, at, sizeof word);
        *hash = (*hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        *hash ^= *hash >> 29;
    }
    for (; size > 0; at++, size--)
        *hash = (*hash ^ *at) * UINT64_C(1099511628211);
}

static void write_image(const char *path, const struct node *image)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return; /* its folder has no name: gone with it */
    if (image->size > 0 && write(fd, image->bytes, image->size) != (ssize_t)image->size)
        abort();
    close(fd);
}

void disk_image(const struct disk *disk, enum disk_luck luck, uint64_t *random, const char *target,
                uint64_t *hash)
{
    struct draw draw = {.luck = luck, .random = random};
    bool *happened = mem_alloc(disk->naming_count + 1);
    char path[PATH_MAX];

    draw.chance = rig_random(random) % 256;
    draw.until = disk->moment - (int64_t)(rig_random(random) % (disk_pending(disk) + 1));
    *hash = UINT64_C(14695981039346656037);
    draw_names(disk, &draw, happened);
    folder_remove(target);
    mkdir(target, 0700);
    for (size_t i = 0; i < disk->naming_count; i++) {
        const struct naming *naming = &disk->namings[i];
        if (!happened[i])
            continue;
        snprintf(path, sizeof path, "%s%s", target, naming->path + strlen(disk->root));
        add_hash(hash, naming->path, strlen(naming->path));
        if (naming->node < 0) {
            unlink(path);
        } else if (disk->nodes[naming->node].folder) {
            mkdir(path, 0700);
        } else {
            struct node image = draw_file(&disk->nodes[naming->node], &draw);
            add_hash(hash, image.bytes, image.size);
            write_image(path, &image);
            free(image.bytes);
        }
    }
    free(happened);
}
