/* The notation for keys, turned into what a terminal in the program's present modes would send. */
#include "support_pty_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static const struct {
    const char *name;
    VTermKey key;
    char character; /* where key is VTERM_KEY_NONE */
} key_names[] = {
    {"Enter", VTERM_KEY_ENTER, 0},   {"Esc", VTERM_KEY_ESCAPE, 0},
    {"Tab", VTERM_KEY_TAB, 0},       {"BS", VTERM_KEY_BACKSPACE, 0},
    {"Up", VTERM_KEY_UP, 0},         {"Down", VTERM_KEY_DOWN, 0},
    {"Left", VTERM_KEY_LEFT, 0},     {"Right", VTERM_KEY_RIGHT, 0},
    {"Home", VTERM_KEY_HOME, 0},     {"End", VTERM_KEY_END, 0},
    {"Ins", VTERM_KEY_INS, 0},       {"Del", VTERM_KEY_DEL, 0},
    {"PageUp", VTERM_KEY_PAGEUP, 0}, {"PageDown", VTERM_KEY_PAGEDOWN, 0},
    {"Space", VTERM_KEY_NONE, ' '},  {"Lt", VTERM_KEY_NONE, '<'},
};

struct key_press {
    enum { PRESS_CHAR, PRESS_KEY, PRESS_PASTE, PRESS_PASTE_END } kind;
    VTermKey key;
    uint32_t character;
    VTermModifier modifiers;
};

static bool name_is(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && strncmp(name, word, len) == 0;
}

/* One character of UTF-8; a broken byte stands for itself. Returns its length. */
static size_t decode(const char *text, uint32_t *out)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t len = byte[0] < 0xC0 ? 1 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
    uint32_t character = len == 1 ? byte[0] : byte[0] & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((byte[i] & 0xC0) != 0x80) {
            *out = byte[0];
            return 1;
        }
        character = character << 6 | (byte[i] & 0x3F);
    }
    *out = character;
    return len;
}

static bool read_modifiers(const char **name, size_t *len, struct key_press *press)
{
    int modifiers = 0;
    while (*len > 2 && (*name)[1] == '-') {
        int bit = **name == 'C'   ? VTERM_MOD_CTRL
                  : **name == 'A' ? VTERM_MOD_ALT
                  : **name == 'S' ? VTERM_MOD_SHIFT
                                  : 0;
        if (!bit)
            return false;
        modifiers |= bit;
        *name += 2;
        *len -= 2;
    }
    press->modifiers = (VTermModifier)modifiers;
    return true;
}

/* What stands between < and >. */
static bool read_name(const char *name, size_t len, struct key_press *press)
{
    if (name_is(name, len, "Paste") || name_is(name, len, "/Paste")) {
        press->kind = *name == '/' ? PRESS_PASTE_END : PRESS_PASTE;
        return true;
    }
    if (!read_modifiers(&name, &len, press))
        return false;
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++) {
        if (!name_is(name, len, key_names[i].name))
            continue;
        press->kind = key_names[i].character ? PRESS_CHAR : PRESS_KEY;
        press->key = key_names[i].key;
        press->character = (unsigned char)key_names[i].character;
        return true;
    }
    if (len >= 2 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9') {
        int number = name[1] - '0';
        if (len == 3 && number == 1 && name[2] >= '0' && name[2] <= '2')
            number = 10 + name[2] - '0';
        else if (len != 2)
            return false;
        press->kind = PRESS_KEY;
        press->key = (VTermKey)VTERM_KEY_FUNCTION(number);
        return true;
    }
    press->kind = PRESS_CHAR;
    return press->modifiers != VTERM_MOD_NONE && decode(name, &press->character) == len;
}

/* Returns how many bytes of keys were one press; 0 for a name that is not known. */
static size_t read_press(const char *keys, struct key_press *press)
{
    *press = (struct key_press){.kind = PRESS_CHAR};
    if (*keys != '<')
        return decode(keys, &press->character);
    const char *end = strchr(keys, '>');
    if (!end || !read_name(keys + 1, (size_t)(end - keys - 1), press))
        return 0;
    return (size_t)(end - keys + 1);
}

static void do_press(struct pty *pty, const struct key_press *press)
{
    switch (press->kind) {
    case PRESS_CHAR: /* libvterm spells some Ctrl letters in a way most terminals do not */
        if (press->modifiers & VTERM_MOD_CTRL)
            vterm_keyboard_unichar(pty->vt, press->character & 0x1F,
                                   (VTermModifier)(press->modifiers & VTERM_MOD_ALT));
        else
            vterm_keyboard_unichar(pty->vt, press->character, press->modifiers);
        break;
    case PRESS_KEY:
        vterm_keyboard_key(pty->vt, press->key, press->modifiers);
        break;
    case PRESS_PASTE:
        vterm_keyboard_start_paste(pty->vt);
        break;
    case PRESS_PASTE_END:
        vterm_keyboard_end_paste(pty->vt);
        break;
    }
}

static bool all_known(const char *keys)
{
    struct key_press press;
    while (*keys) {
        size_t len = read_press(keys, &press);
        if (len == 0)
            return false;
        keys += len;
    }
    return true;
}

bool pty_send(struct pty *pty, const char *keys)
{
    struct key_press press;
    if (!all_known(keys))
        return false;
    while (*keys) {
        keys += read_press(keys, &press);
        do_press(pty, &press);
    }
    pty_flush_input(pty);
    return true;
}

bool pty_has_read(struct pty *pty)
{
    int unread = 0;
    return !pty_running(pty) || ioctl(pty->slave, FIONREAD, &unread) < 0 || unread == 0;
}

/* A program that reads nothing is not waited for long. */
static void pty_wait_read(struct pty *pty)
{
    enum { LIMIT_MS = 1000, STEP_MS = 2 };
    for (int waited = 0; waited < LIMIT_MS && !pty_has_read(pty); waited += STEP_MS)
        pty_idle(pty, STEP_MS);
}

/* The pace of a fast typist, who looks at what comes; programs tell it from a paste. After Esc a
   person takes longer than a terminal's function key does. */
bool pty_type(struct pty *pty, const char *keys)
{
    enum { PACE_MS = 3, AFTER_ESC_MS = 120 };
    struct key_press press;
    bool pasting = false;
    if (!all_known(keys))
        return false;
    while (*keys) {
        keys += read_press(keys, &press);
        do_press(pty, &press);
        if (press.kind == PRESS_PASTE || press.kind == PRESS_PASTE_END)
            pasting = press.kind == PRESS_PASTE;
        if (pasting)
            continue;
        pty_flush_input(pty);
        pty_idle(pty, *keys && press.key == VTERM_KEY_ESCAPE ? AFTER_ESC_MS : PACE_MS);
        pty_wait_read(pty);
        pty_idle(pty, PACE_MS);
    }
    pty_flush_input(pty);
    return true;
}
