/* What must be seen: texts, bytes, a terminal left as it was found. */
#include "pty_run.h"

#include <stdlib.h>
#include <string.h>

#define OR " | "

/* One of the texts. */
static bool has(struct pty *pty, const char *texts)
{
    char *screen = pty_screen_text(pty), *copy = strdup(texts), *text = copy;
    bool found = false;
    while (text && !found) {
        char *or = strstr(text, OR);
        if (or)
            *or = '\0';
        found = strstr(screen, text) != NULL;
        text = or ? or + strlen(OR) : NULL;
    }
    free(copy);
    free(screen);
    return found;
}

static bool has_or_ended(struct pty *pty, void *texts)
{
    return has(pty, texts) || !pty_running(pty); /* no use waiting for the dead */
}

bool run_wait_text(struct script *script, char *arg)
{
    pty_wait(script->pty, has_or_ended, arg, script->limit_ms);
    return has(script->pty, arg) || script_fail(script, "never saw: %s", arg);
}

static bool has_texts(struct pty *pty, void *texts)
{
    return has(pty, texts);
}

/* For keys that may come too early to count: nothing on the screen says when they will not. */
bool run_insist(struct script *script, char *arg)
{
    enum { EVERY_MS = 150 };
    char *arrow = strstr(arg, " => ");
    if (!arrow)
        return script_fail(script, "insist KEYS => TEXT");
    *arrow = '\0';
    char *texts = arrow + strlen(" => ");
    for (int waited = 0; waited < script->limit_ms; waited += EVERY_MS) {
        if (!run_keys(script, arg))
            return false;
        if (pty_wait(script->pty, has_texts, texts, EVERY_MS))
            return true;
    }
    return script_fail(script, "never saw: %s", texts);
}

bool run_gone(struct script *script, char *arg)
{
    return pty_wait_gone(script->pty, arg, script->limit_ms) ||
           script_fail(script, "still there: %s", arg);
}

bool run_absent(struct script *script, char *arg)
{
    return !pty_wait_text(script->pty, arg, 0) || script_fail(script, "is there: %s", arg);
}

bool run_mask(struct script *script, char *arg)
{
    if (script->mask_count == sizeof script->masks / sizeof *script->masks)
        return script_fail(script, "too many masks");
    if (regcomp(&script->masks[script->mask_count], arg, REG_EXTENDED) != 0)
        return script_fail(script, "no regular expression: %s", arg);
    script->mask_count++;
    return true;
}

static bool log_holds(struct pty *pty, void *text)
{
    size_t len;
    const char *log = pty_log(pty, &len);
    return log && memmem(log, len, text, strlen(text)) != NULL;
}

bool run_raw(struct script *script, char *arg)
{
    char *to = arg;
    for (const char *from = arg; *from; from++)
        if (from[0] == '\\' && from[1] == 'e') {
            *to++ = '\033';
            from++;
        } else {
            *to++ = *from;
        }
    *to = '\0';
    return pty_wait(script->pty, log_holds, arg, script->limit_ms) ||
           script_fail(script, "these bytes were never written");
}

bool run_tty_restored(struct script *script, char *arg)
{
    (void)arg;
    const char *left = pty_left_behind(script->pty);
    return !left || script_fail(script, "%s", left);
}
