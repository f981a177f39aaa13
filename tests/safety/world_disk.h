/* What the two halves of the disk share: files and open handles. */
#ifndef SAFETY_WORLD_DISK_H
#define SAFETY_WORLD_DISK_H

#include <sqlite3.h>

#include "world.h"

#define FILES_MAX   32
#define HANDLES_MAX 24
#define SECTOR      512
#define SHM_REGIONS 4

struct disk_change {      /* one write or truncation not synced yet */
    sqlite3_int64 at;
    int len;         /* -1: truncated to at */
    unsigned char *bytes;
};

struct bytes {
    unsigned char *data;
    size_t size, room;
};

struct handle;
struct node { /* a file */
    char path[96];
    bool exists, synced_exists, precious; /* precious: a journal's, so syncs matter */
    struct host *host;
    struct bytes now, synced;
    struct disk_change *changes;
    size_t change_count, change_room;
    struct handle *handles[HANDLES_MAX];
    unsigned char *shm[SHM_REGIONS];
    int shm_users;
};

struct handle {
    sqlite3_file base;
    struct node *node;
    struct proc *proc;
    bool dead, anonymous;
    int lock;
    unsigned shm_shared, shm_exclusive;
    bool shm_open;
};

void node_resize(struct bytes *bytes, size_t size);
void node_write(struct bytes *bytes, const void *from, size_t at, size_t len);
void node_note_change(struct node *node, const void *bytes, int len, sqlite3_int64 at);
void node_changes_clear(struct node *node);
/* What this operation of the running process meets. */
enum disk_fault node_meet(struct node *node, bool read);
extern const sqlite3_io_methods file_methods;

#endif
