/* What the fuzz targets share. A target is one function of bytes, LLVMFuzzerTestOneInput(); what
   must hold is an assertion in it. libFuzzer calls it with inputs it invents (make fuzz), replay.c
   with those that were worth keeping (make check). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies in memory of their own, so that a sanitizer sees a step beyond the end; free() them. The
   text ends at the first NUL of the bytes. */
char *fuzz_copy(const uint8_t *data, size_t size);
char *fuzz_text(const uint8_t *data, size_t size);
/* A folder of this process, removed with all that is in it when the process ends. */
const char *fuzz_folder(void);
bool fuzz_is_utf8(const char *text);

/* A second opinion on JSON: SQLite's reader. Names are found as they are written, so a text with
   a backslash in it may hold more than is found. */
bool fuzz_json_valid(const char *json);
bool fuzz_json_repeats(const char *json); /* an object has two members of one name */
/* "integer", "real", "text", "true", "false", "null", "object", "array"; NULL: nothing there. */
const char *fuzz_json_type(const char *json, const char *path);
int64_t fuzz_json_integer(const char *json, const char *path);
/* There is a text, and it is this one. */
bool fuzz_json_is(const char *json, const char *path, const char *text);

#endif
