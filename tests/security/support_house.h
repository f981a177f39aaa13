/* A house whose key is a canary: a server that takes it, consoles that have it from each source,
   and everything they say or write kept for the search. */
#ifndef TESTS_SECURITY_SUPPORT_HOUSE_H
#define TESTS_SECURITY_SUPPORT_HOUSE_H

#include "../safety/support_company.h"
#include "support_canary.h"
#include "support_process.h"

#define HOUSE_VAULT "vault" /* the folder where the key may be */

enum source { BY_CREDENTIAL, BY_COMMAND, BY_FILE, BY_VARIABLE, SOURCES }; /* SOURCES: any */

struct house {
    struct company company;
    struct canary canary;
    struct process_watch watch;
    char vault[128];
    struct company_env envs[SOURCES];
    enum source source;      /* of what runs next */
    const char *part;        /* named by violations */
    char said[400];          /* the arguments of the last run */
    uint64_t runs, unexpected;
    int temp_watch;          /* inotify of the folder for temporary files */
};
/* False: it cannot run here. */
bool house_open(struct house *house, int argc, char **argv, const char *usage);
void house_close(struct house *house);
const char *house_source_name(enum source source);
/* "NAME=value" for the consoles of that source, in place of an older one. */
void house_set(struct house *house, enum source source, const char *name, const char *value);
/* A file in the vault; its path lives until the next call. */
const char *house_put(struct house *house, const char *name, const char *text, unsigned mode);
/* Runs a command to its end and keeps what it says; its exit status, 128 + signal. */
int house_run(struct house *house, const char *const words[]);
/* A string member of the JSON that the last run printed. */
bool house_member(struct house *house, const char *name, char *out, size_t size);
/* A find is a violation of the part that runs. */
void house_found(void *ctx, const char *where, const char *dress);
/* Lets the server and the screen work until the screen has said nothing for a moment, and looks at
   it. */
void house_settle(struct house *house, struct pty *pty);
/* Presses the keys again and again until the text is there. */
bool house_insist(struct house *house, struct pty *pty, const char *keys, const char *text);
/* All that was written, and the count of files that came into being where none belongs. */
uint64_t house_search(struct house *house);

#endif
