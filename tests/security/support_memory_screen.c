/* The same on a screen: a person who waits for what must come, presses keys, and gives up after a
   while; then the console must end when it is asked to, and leave the terminal as it was. */
#include "support_memory.h"

#include "../safety/support_leap.h"
#include "../support_pty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 1500  /* real time without a step; after that a person gives up */
#define CALM_MS     20000 /* when nothing is made to fail, a busy machine is waited for */
#define END_MS      15000 /* within which it must end */

struct desk_screen {
    struct crash_scene *scene;
    const struct memory_step *steps;
    struct pty *pty;
    int step;
    bool pressed; /* the keys of this step, at least once */
    int64_t key_ms, step_ms, patience_ms;
};

static bool is_shown(struct pty *pty, const char *text)
{
    char *now = pty_screen_text(pty);
    for (char *at = strchr(now, '\n'); at != NULL; at = strchr(at, '\n'))
        *at = ' '; /* sentences run over several lines */
    bool shown = strstr(now, text) != NULL;

    free(now);
    return shown;
}

static void turn(struct desk_screen *screen)
{
    pty_pump(screen->pty, 1);
    crash_turn(screen->scene, 1);
}

static void act(struct desk_screen *screen, const char *keys)
{
    int rows, cols;

    if (sscanf(keys, "=%dx%d", &rows, &cols) == 2)
        pty_resize(screen->pty, rows, cols);
    else
        pty_send(screen->pty, keys);
    crash_leap(screen->scene, 100); /* what tells of money is deaf for a moment */
    screen->pressed = true;
}

/* True once all steps are done. */
static bool press(struct desk_screen *screen)
{
    const struct memory_step *step = &screen->steps[screen->step];
    int64_t now = leap_real_ms();

    if (step->wait == NULL)
        return true;
    if (now < screen->key_ms)
        return false;
    bool shown = is_shown(screen->pty, step->wait);
    screen->key_ms = now + 20;
    if (shown && (step->again || !screen->pressed))
        act(screen, step->keys);
    if (!screen->pressed || shown == step->again)
        return false;
    screen->step++;
    screen->step_ms = now;
    screen->pressed = false;
    return false;
}

static void use(struct desk_screen *screen)
{
    screen->step_ms = leap_real_ms();
    while (pty_running(screen->pty) && !press(screen) && !crash_interrupted()) {
        turn(screen);
        if (leap_real_ms() > screen->step_ms + screen->patience_ms)
            return;
    }
}

/* It has to go when it is told to, whatever it lacks. */
static void leave(struct desk_screen *screen)
{
    int64_t limit = leap_real_ms() + END_MS;

    if (pty_running(screen->pty))
        pty_signal(screen->pty, SIGTERM);
    while (pty_running(screen->pty) && leap_real_ms() < limit)
        turn(screen);
    if (!pty_running(screen->pty))
        return;
    crash_violation(screen->scene, "hangs: it does not end when it is told to");
    pty_signal(screen->pty, SIGKILL);
    pty_wait_exit(screen->pty, PTY_LIMIT_MS);
}

/* The last of what was written, where words may stand after the terminal was given back. */
static void take_words(struct pty *pty, const struct memory_flow *flow, struct crash_run *run)
{
    size_t len;
    const char *log = pty_log(pty, &len), *last = log + len;
    size_t room = sizeof run->err - 1;

    if (log != NULL) /* else it has written nothing */
        snprintf(run->err, sizeof run->err, "%s", last - (len < room ? len : room));
    if (flow->same && memmem(log, len, WROTE, strlen(WROTE)) != NULL)
        snprintf(run->err, sizeof run->err, WROTE);
}

void memory_play_screen(struct crash_scene *scene, struct memory_run *run)
{
    struct desk_screen screen = {.scene = scene,
                                 .steps = run->flow->steps,
                                 .patience_ms = run->crash.patient ? CALM_MS : PATIENCE_MS};
    char *argv[12] = {(char *)(uintptr_t)scene->program};

    for (size_t i = 0; run->crash.words[i] != NULL; i++)
        argv[i + 1] = (char *)(uintptr_t)run->crash.words[i];
    screen.pty = pty_open(argv, crash_env(scene, &run->crash, "xterm-256color"), 24, 80);
    if (screen.pty == NULL) {
        crash_violation(scene, "no pseudo-terminal");
        return;
    }
    use(&screen);
    bool ended = screen.steps[screen.step].wait == NULL;
    atomic_fetch_add(&run->totals->screens, ended);
    leave(&screen);
    const char *behind = pty_left_behind(screen.pty);
    run->crash.status = pty_exit_status(screen.pty);
    take_words(screen.pty, run->flow, &run->crash);
    run->crash.killed = run->crash.status == 128 + SIGKILL;
    if (behind != NULL && !run->crash.killed)
        crash_violation(scene, "the terminal is not as it was: %s, status %d", behind,
                        run->crash.status);
    pty_close(screen.pty);
}
