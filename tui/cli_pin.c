/* pin: makes the line of the configuration that holds a PIN, without the PIN ever being an argument
   or shown. It is the supervisor's or operator's own to type. */
#include "cli.h"

#include "pin.h"

#include <string.h>

/* Twice the same, and one that can be typed again. False: said why. */
static bool read_twice(struct cli *cli, char typed[PIN_MAX + 1])
{
    char again[PIN_MAX + 1] = "";
    struct text asks =
        text_oursf(&cli->arena, _("PIN, %d to %d characters without blanks:"), PIN_MIN, PIN_MAX);
    bool given = cli_ask_secret(cli, asks, typed, PIN_MAX + 1);
    if (!given || !pin_is_usable(typed)) {
        cli_say(text_oursf(&cli->arena,
                           _("This cannot be a PIN: %d to %d letters, digits or signs, no blanks "
                             "and no accents."),
                           PIN_MIN, PIN_MAX));
        return false;
    }
    given = cli_ask_secret(cli, text_ours(_("Once more:")), again, sizeof again);
    bool same = given && strcmp(typed, again) == 0;
    pin_wipe(again, sizeof again);
    if (!same)
        cli_say(text_ours(_("The two are not the same. Nothing was made.")));
    return same;
}

int cli_pin(struct cli *cli)
{
    char typed[PIN_MAX + 1] = "", stored[PIN_STORED_SIZE];
    if (!cli_can_ask())
        return cli_usage(cli, text_ours(_("The PIN is only read from a terminal.")));
    cli_take_signals(cli); /* an interrupt must not leave the terminal without echo */
    int status = read_twice(cli, typed) ? CLI_DONE : CLI_FAILED;
    bool made = status == CLI_DONE && pin_store(typed, stored);
    pin_wipe(typed, sizeof typed);
    if (status != CLI_DONE)
        return status;
    if (!made) {
        cli_say(text_ours(_("Too little memory to make it: 64 MiB are needed for a moment.")));
        return CLI_FAILED;
    }
    cli_say(text_ours(_("Put this line into the section [operator NAME] of its owner:")));
    cli_put(stdout, text_oursf(&cli->arena, "pin = %s\n", stored));
    return CLI_DONE;
}
