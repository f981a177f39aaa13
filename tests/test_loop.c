/* The one wait: descriptors, timers, deferred calls, hooks, waking, removal from inside callbacks.
 */
#include "../api/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static char trail[64]; /* one letter for each thing that happened */

static int begin(void **state)
{
    (void)state;
    loop = loop_new();
    trail[0] = '\0';
    return 0;
}

static int end(void **state)
{
    (void)state;
    loop_free(loop);
    clock_replace(NULL, NULL);
    return 0;
}

static void note(void *ctx)
{
    size_t len = strlen(trail);
    trail[len] = *(const char *)ctx;
    trail[len + 1] = '\0';
}

static void note_stop(void *ctx)
{
    note(ctx);
    loop_stop(loop);
}

static void timers_run_in_order_of_their_time(void **state)
{
    (void)state;
    loop_timer_start(loop, 20, note_stop, "d");
    loop_timer_start(loop, 5, note, "b");
    loop_timer_start(loop, 0, note, "a");
    loop_timer_start(loop, 5, note, "c");
    loop_timer_stop(loop, loop_timer_start(loop, 1, note, "x"));
    loop_timer_stop(loop, NULL);
    loop_run(loop);
    assert_string_equal(trail, "abcd");
}

static void again(void *ctx)
{
    note(ctx);
    loop_timer_start(loop, 0, again, ctx);
}

static void defer_again(void *ctx)
{
    note(ctx);
    loop_defer(loop, defer_again, ctx);
}

static void things_that_start_themselves_do_not_hold_a_turn(void **state)
{
    (void)state;
    loop_timer_start(loop, 0, again, "t");
    loop_defer(loop, defer_again, "d");
    loop_turn(loop, -1);
    assert_string_equal(trail, "td");
    loop_turn(loop, -1);
    assert_string_equal(trail, "tdtd");
}

static void hooks_come_before_the_wait_in_their_order(void **state)
{
    (void)state;
    loop_hook_before_wait(loop, note, "1");
    struct loop_hook *second = loop_hook_before_wait(loop, note, "2");
    loop_hook_before_wait(loop, note, "3");
    loop_timer_start(loop, 0, note, "t");
    loop_turn(loop, -1);
    loop_unhook(loop, second);
    loop_unhook(loop, NULL);
    loop_turn(loop, 0);
    assert_string_equal(trail, "123t13");
}

struct pipe_watch {
    int fds[2];
    struct loop_watch *watch;
    struct pipe_watch *other;
    short revents;
};

static void pipe_open(struct pipe_watch *pipe_watch, loop_fd_fn fn)
{
    assert_int_equal(pipe2(pipe_watch->fds, O_CLOEXEC), 0);
    pipe_watch->watch = loop_watch_fd(loop, pipe_watch->fds[0], POLLIN, fn, pipe_watch);
}

static void pipe_reads(void *ctx, short revents)
{
    struct pipe_watch *pipe_watch = ctx;
    char byte;
    pipe_watch->revents = revents;
    if (revents & POLLIN && read(pipe_watch->fds[0], &byte, 1) == 1)
        note(&byte);
    loop_stop(loop);
}

static void descriptors_wake_the_loop_hang_up_included(void **state)
{
    (void)state;
    struct pipe_watch one = {0};
    pipe_open(&one, pipe_reads);
    assert_int_equal(write(one.fds[1], "k", 1), 1);
    loop_run(loop);
    assert_string_equal(trail, "k");
    close(one.fds[1]);
    loop_run(loop); /* a hang-up without data still arrives */
    assert_true(one.revents & POLLHUP);
    loop_unwatch(loop, one.watch);
    close(one.fds[0]);
    loop_turn(loop, 0);
    loop_unwatch(loop, NULL);
}

static void pipe_removes_both(void *ctx, short revents)
{
    (void)revents;
    struct pipe_watch *pipe_watch = ctx;
    note("r");
    loop_unwatch(loop, pipe_watch->watch);
    loop_unwatch(loop, pipe_watch->other->watch);
}

static void a_watch_may_go_inside_any_callback(void **state)
{
    (void)state;
    struct pipe_watch one = {0}, two = {0};
    one.other = &two;
    two.other = &one;
    pipe_open(&one, pipe_removes_both);
    pipe_open(&two, pipe_removes_both);
    assert_int_equal(write(one.fds[1], "k", 1), 1);
    assert_int_equal(write(two.fds[1], "k", 1), 1);
    loop_turn(loop, -1);
    loop_turn(loop, 0);
    assert_string_equal(trail, "r"); /* the second was gone before its turn */
    for (int i = 0; i < 2; i++) {
        close(one.fds[i]);
        close(two.fds[i]);
    }
}

static void *wakes(void *ctx)
{
    loop_wake(ctx);
    return NULL;
}

static void another_thread_can_end_the_wait(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wakes, loop), 0);
    loop_turn(loop, -1); /* would wait for ever */
    pthread_join(thread, NULL);
    loop_turn(loop, 0);
}

static bool trail_has_three(void *ctx)
{
    (void)ctx;
    return strlen(trail) >= 3;
}

static void waiting_for_a_condition_ends_with_it_or_in_time(void **state)
{
    (void)state;
    assert_false(loop_run_until(loop, trail_has_three, NULL, 5));
    loop_timer_start(loop, 0, again, "t");
    assert_true(loop_run_until(loop, trail_has_three, NULL, -1));
    assert_true(loop_run_until(loop, trail_has_three, NULL, 60000));
    trail[0] = '\0';
    loop_timer_start(loop, 0, note_stop, "s");
    assert_false(loop_run_until(loop, trail_has_three, NULL, 60000)); /* stopped */
}

static int64_t fake_now;

static int64_t fake_boot(void)
{
    return fake_now;
}

static void timers_follow_the_clock_of_tests(void **state)
{
    (void)state;
    fake_now = 1000;
    clock_replace(NULL, fake_boot);
    loop_timer_start(loop, 3600000, note, "h");
    loop_turn(loop, 0);
    assert_string_equal(trail, "");
    fake_now += 3600000; /* as after a suspend */
    loop_turn(loop, -1);
    assert_string_equal(trail, "h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_run_in_order_of_their_time, begin, end),
        cmocka_unit_test_setup_teardown(things_that_start_themselves_do_not_hold_a_turn, begin,
                                        end),
        cmocka_unit_test_setup_teardown(hooks_come_before_the_wait_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(descriptors_wake_the_loop_hang_up_included, begin, end),
        cmocka_unit_test_setup_teardown(a_watch_may_go_inside_any_callback, begin, end),
        cmocka_unit_test_setup_teardown(another_thread_can_end_the_wait, begin, end),
        cmocka_unit_test_setup_teardown(waiting_for_a_condition_ends_with_it_or_in_time, begin,
                                        end),
        cmocka_unit_test_setup_teardown(timers_follow_the_clock_of_tests, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
