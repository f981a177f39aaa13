/* What shim.so writes down with SHIM_TRACE: one record a call, in the order of the calls. */
#ifndef TESTS_SAFETY_SHIM_H
#define TESTS_SAFETY_SHIM_H

#include <stdint.h>

enum shim_op {
    SHIM_CREATE,   /* a file came into being */
    SHIM_WRITE,    /* bytes at offset */
    SHIM_TRUNCATE, /* to the length in offset */
    SHIM_SYNC,     /* fsync or fdatasync, of a folder too */
    SHIM_UNLINK,
    SHIM_MKDIR,
    SHIM_SEND,  /* bytes about to leave through a socket */
    SHIM_STRIKE /* here the kill or the failure struck, at the call in name */
};

/* Followed by name_size bytes of name (the path as the program gave it, NUL at its end; of a socket
   "socket"), then by size bytes. */
struct shim_record {
    uint32_t op, name_size;
    int64_t offset;
    uint32_t size, unused;
};

#endif
