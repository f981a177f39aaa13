/* Locales made for a test, whether this machine has them or not. */
#ifndef TESTS_SECURITY_SUPPORT_LOCALES_H
#define TESTS_SECURITY_SUPPORT_LOCALES_H

#include <stdbool.h>

/* Compiles "es_ES.ISO-8859-15" and the like into folder, for LOCPATH. False: the tools or the
   sources of Debian's package "locales" are missing. */
bool locale_make(const char *folder, const char *name);

#endif
