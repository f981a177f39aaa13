/* What the last character of a CSI sequence, or the number in front of its "~", means as a key of
   term.h; KEY_NONE: nothing. */
#ifndef TUI_INPUT_KEYS_H
#define TUI_INPUT_KEYS_H

#include <stdint.h>

uint32_t input_key_of_letter(char final);
uint32_t input_key_of_number(int number);

#endif
