/* What the API sent, for reading: every field of its JSON on a line of its own, unknown ones too.
 */
#ifndef TUI_FIELDS_H
#define TUI_FIELDS_H

#include "lines.h"

/* json: an object or array as it came; text that is none is shown as well as can be. */
void fields_make(struct lines *lines, const char *json);

#endif
