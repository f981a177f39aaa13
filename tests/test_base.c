/* Memory, buffers, errors, clock, calendar, random ids. */
#include "../api/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void arena_gives_aligned_zeroed_memory(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *at = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(at[i], 0);
        memset(at, 0xff, size);
    }
    assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strdup(&arena, "ñandú"), "ñandú");
    assert_null(arena_strdup(&arena, NULL));
    char *large = arena_alloc(&arena, 5000000);
    large[4999999] = 'x';
    arena_done(&arena);
    assert_null(arena.blocks);
    arena_done(&arena);
}

static void say_so(void)
{
    ssize_t said = write(STDOUT_FILENO, "no memory", 9);
    (void)said;
}

static void ask_for_all(void)
{
    mem_alloc(SIZE_MAX / 4);
}

static void ask_for_more_than_all(void)
{
    mem_resize(NULL, SIZE_MAX / 2, 4);
}

static void ask_an_arena(void)
{
    struct arena arena = {0};
    arena_alloc(&arena, SIZE_MAX / 2);
}

/* The address sanitizer would end the process its own way. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* The process is gone at once: no handler of exit() runs, no buffer is written, nothing is dumped.
   Only the hook speaks. */
static void without_memory_the_process_ends(void **state)
{
    static void (*const asks[])(void) = {ask_for_all, ask_for_more_than_all, ask_an_arena,
                                         mem_exhausted};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        char said[64] = "";
        int ends[2], status;
        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(ends[1], STDOUT_FILENO);
            close(ends[1]);
            mem_on_exhausted(say_so);
            printf("what waits in a buffer");
            atexit(say_so);
            asks[i]();
            _exit(0);
        }
        close(ends[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), MEM_EXIT);
        assert_true(read(ends[0], said, sizeof said - 1) > 0);
        assert_string_equal(said, "no memory");
        close(ends[0]);
    }
}

static void buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_true(buf_puts(&buf, "12345"));
    assert_true(buf_printf(&buf, "%d", 678));
    assert_false(buf.over);
    assert_false(buf_puts(&buf, "9abc"));
    assert_true(buf.over);
    assert_string_equal(buf.data, "123456789a");
    assert_false(buf_puts(&buf, "")); /* what is in it stays a prefix */
    buf_clear(&buf);
    assert_true(buf_puts(&buf, "0123456789"));
    assert_false(buf.over);
    buf_done(&buf);

    buf_init(&buf, 100000);
    for (int i = 0; i < 1000; i++)
        assert_true(buf_printf(&buf, "%099d", i));
    assert_int_equal(buf.len, 99000);
    assert_true(buf_printf(&buf, "%900s", "wide"));
    assert_int_equal(strlen(buf.data), 99900);
    buf_done(&buf);
}

static void errors_keep_code_and_words(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(err_set(&err, ERR_DATA, "row %d of %s", 3, "x"));
    assert_int_equal(err.code, ERR_DATA);
    assert_string_equal(err.detail, "row 3 of x");
    err_set(&err, ERR_API, "again: %s", err.detail);
    assert_string_equal(err.detail, "again: row 3 of x");
    err_set(&err, ERR_API, "%0400d", 1);
    assert_int_equal(strlen(err.detail), sizeof(err.detail) - 1);
    assert_false(err_set(NULL, ERR_DATA, "nobody listens"));
}

static void calendar_agrees_with_the_c_library(void **state)
{
    (void)state;
    /* Odd steps over some 400 years on both sides of 1970, leap days and century years included. */
    for (int64_t s = INT64_C(-12600000000); s < INT64_C(12600000000); s += 1234567) {
        time_t seconds = (time_t)s;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        struct civil civil = time_to_civil(s * 1000 + 999);
        assert_int_equal(civil.year, tm.tm_year + 1900);
        assert_int_equal(civil.month, tm.tm_mon + 1);
        assert_int_equal(civil.day, tm.tm_mday);
        assert_int_equal(civil.hour, tm.tm_hour);
        assert_int_equal(civil.minute, tm.tm_min);
        assert_int_equal(civil.second, tm.tm_sec);
        assert_int_equal(civil.weekday, tm.tm_wday);
        assert_int_equal(time_from_civil(civil.year, civil.month, civil.day, civil.hour,
                                         civil.minute, civil.second),
                         s * 1000);
    }
    assert_int_equal(time_from_civil(2024, 2, 29, 0, 0, 0), INT64_C(1709164800000));
}

static int64_t some_utc(void)
{
    return 1111;
}

static int64_t some_boot(void)
{
    return 2222;
}

static void clocks_can_be_set_by_tests(void **state)
{
    (void)state;
    int64_t before = clock_boot_ms();
    assert_true(clock_boot_ms() >= before);
    clock_replace(some_utc, some_boot);
    assert_int_equal(clock_utc_ms(), 1111);
    assert_int_equal(clock_boot_ms(), 2222);
    clock_freeze_utc(3333);
    assert_int_equal(clock_utc_ms(), 3333);
    clock_freeze_utc(0);
    clock_replace(NULL, NULL);
    assert_true(clock_utc_ms() > INT64_C(1600000000000));
    assert_int_equal(strlen(clock_boot_id()), UUID_SIZE - 1);
    assert_ptr_equal(clock_boot_id(), clock_boot_id());
}

static void uuids_are_version_four_and_differ(void **state)
{
    (void)state;
    char ids[200][UUID_SIZE];
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        random_uuid(ids[i]);
        assert_int_equal(strlen(ids[i]), 36);
        assert_int_equal(strspn(ids[i], "0123456789abcdef-"), 36);
        assert_int_equal(ids[i][14], '4');
        assert_non_null(strchr("89ab", ids[i][19]));
        for (int k = 0; k < 36; k++)
            assert_int_equal(ids[i][k] == '-', k == 8 || k == 13 || k == 18 || k == 23);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
}

static void random_numbers_stay_below_their_bound(void **state)
{
    (void)state;
    bool seen[7] = {false};
    for (int i = 0; i < 1000; i++) {
        uint32_t value = random_below(COUNT_OF(seen));
        assert_true(value < COUNT_OF(seen));
        seen[value] = true;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        assert_true(seen[i]);
    assert_int_equal(random_below(1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_aligned_zeroed_memory),
        cmocka_unit_test(without_memory_the_process_ends),
        cmocka_unit_test(buffer_stops_at_its_maximum),
        cmocka_unit_test(errors_keep_code_and_words),
        cmocka_unit_test(calendar_agrees_with_the_c_library),
        cmocka_unit_test(clocks_can_be_set_by_tests),
        cmocka_unit_test(uuids_are_version_four_and_differ),
        cmocka_unit_test(random_numbers_stay_below_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
