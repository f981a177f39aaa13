/* The only OSC sequence this program sends: a reference on its way to the clipboard (OSC 52). */
#ifndef TUI_CLIPBOARD_H
#define TUI_CLIPBOARD_H

#include "../api/base.h"

/* Appends the sequence. False, and nothing appended, when the reference is empty, too long or holds
   anything but A-Z a-z 0-9 - _ . in_screen: GNU screen hands it on only in a wrapper. */
bool clipboard_sequence(const char *reference, bool in_screen, struct buf *out);

#endif
