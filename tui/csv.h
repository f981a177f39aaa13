/* Cells of CSV files (RFC 4180), safe for the spreadsheet that opens them. */
#ifndef TUI_CSV_H
#define TUI_CSV_H

#include "text.h"

/* Quoted where needed. An apostrophe stands in front of what a spreadsheet would run as a formula,
   also where one that parts cells at semicolons, as the Spanish ones do, would see a cell begin.
   Numbers, negative ones too, stay as they are. */
void csv_put(struct buf *out, struct text cell);

#endif
