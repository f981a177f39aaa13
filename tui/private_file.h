/* Files that nobody else may have read, written or put in place: the API key, the configuration. */
#ifndef TUI_PRIVATE_FILE_H
#define TUI_PRIVATE_FILE_H

#include "../api/base.h"

/* Opens it for reading when nobody but this user could have read, written or swapped it: a regular
   file, no link, mode 0600 or less, in a folder that nobody else may write. With roots_too it may
   also be root's, who shares it with a group (mode 0640 or less). All is asked of what was opened,
   not of its name. -1: err says why, with the command that mends it; with absent set (which may be
   NULL) there is no such file. */
int private_open(const char *path, bool roots_too, bool *absent, struct err *err);

#endif
