/* Every action of the program in one table: dispatch, footer, the searchable list behind ? and :,
   and the KEYS section of the man page are made from it.

   X(id, keys, scopes, footer label or NULL, help line, flags, handler)
   keys: names separated by blanks; the first is shown. handler NULL: the screen on top is asked
   (screen.command). A new action is one row here and its handler. */
#ifndef TUI_COMMANDS_H
#define TUI_COMMANDS_H

#include "format.h"

struct app;

enum scope { /* where a key means something; each screen names one */
    SCOPE_LIST = 1 << 0,   /* a list of records: sessions, payments, modifications */
    SCOPE_DETAIL = 1 << 1, /* one record */
    SCOPE_TERMINALS = 1 << 2,
    SCOPE_INBOX = 1 << 3,
    SCOPE_WAIT = 1 << 4,   /* a charge on its way, a payment link */
    SCOPE_TEXT = 1 << 5,   /* forms and dialogs: no command but those of the dialog itself */
    SCOPE_BROWSE = SCOPE_LIST | SCOPE_DETAIL | SCOPE_TERMINALS | SCOPE_INBOX,
    SCOPE_ROWS = SCOPE_LIST | SCOPE_TERMINALS | SCOPE_INBOX,
    SCOPE_ACTS = SCOPE_LIST | SCOPE_DETAIL | SCOPE_INBOX /* where a payment can be acted on */
};
enum command_flag {
    NEEDS_ROW = 1 << 0,    /* something is selected */
    NEEDS_NET = 1 << 1,    /* a client exists */
    MOVES_MONEY = 1 << 2,  /* refused in read-only mode */
    ON_PAYMENT = 1 << 3,   /* checked with payment_action_possible() for the row's op_kind */
    SETTLES_MONEY = 1 << 4 /* says what became of some: not a viewer's */
};

#define COMMAND_LIST(X)                                                                            \
    X(CHARGE, "p F2", SCOPE_BROWSE, N_("Charge"), N_("Charge on a terminal"),                      \
      NEEDS_NET | MOVES_MONEY, money_command)                                                      \
    X(LINK, "n F3", SCOPE_BROWSE, N_("Link"), N_("Make a payment link with a QR code"),            \
      NEEDS_NET | MOVES_MONEY, money_command)                                                      \
    X(ACKNOWLEDGE, "a", SCOPE_INBOX, N_("Acknowledge"), N_("Take note of a failure, in writing"),  \
      NEEDS_ROW, NULL)                                                                             \
    X(LOOK, "l", SCOPE_INBOX, N_("Look now"), N_("Ask the API about this one now"),                \
      NEEDS_ROW | NEEDS_NET, NULL)                                                                 \
    X(BY_HAND, "h", SCOPE_INBOX, N_("By hand"), N_("Close by hand, with evidence"),                \
      NEEDS_ROW | SETTLES_MONEY, NULL)                                                             \
    X(REFUND, "r", SCOPE_ACTS, N_("Refund"), N_("Refund a payment"),                               \
      NEEDS_ROW | NEEDS_NET | MOVES_MONEY | ON_PAYMENT, money_command)                             \
    X(CAPTURE, "c", SCOPE_ACTS, N_("Capture"), N_("Capture a pre-authorisation"),                  \
      NEEDS_ROW | NEEDS_NET | MOVES_MONEY | ON_PAYMENT, money_command)                             \
    X(CANCEL, "x", SCOPE_ACTS, N_("Cancel"), N_("Cancel a pre-authorisation"),                     \
      NEEDS_ROW | NEEDS_NET | MOVES_MONEY | ON_PAYMENT, money_command)                             \
    X(EXTEND, "e", SCOPE_ACTS, N_("Extend"), N_("Extend a pre-authorisation"),                     \
      NEEDS_ROW | NEEDS_NET | MOVES_MONEY | ON_PAYMENT, money_command)                             \
    X(FINISH, "Enter", SCOPE_WAIT, N_("Done"), N_("Close what has ended"), 0, NULL)                \
    X(STEP_AWAY, "d", SCOPE_WAIT, N_("Step away"), N_("Leave a charge that goes on"), 0, NULL)     \
    X(AGAIN, "a", SCOPE_WAIT, N_("Again"), N_("Ask for the same again, in a new form"),            \
      NEEDS_NET | MOVES_MONEY, NULL)                                                               \
    X(REPLAY, "S", SCOPE_WAIT, NULL, N_("Send the very same request once more, guest present"),    \
      NEEDS_NET | MOVES_MONEY, NULL)                                                               \
    X(FILTER, "/", SCOPE_LIST, N_("Filter"), N_("Narrow the list"), 0, NULL)                       \
    X(CLEAR, "Esc", SCOPE_ROWS, NULL, N_("Clear the filter and the marks"), 0, NULL)               \
    X(OPEN, "Enter", SCOPE_ROWS, NULL, N_("Open what is selected"), NEEDS_ROW, NULL)               \
    X(MARK, "Space", SCOPE_LIST, NULL, N_("Mark or unmark the row"), NEEDS_ROW, NULL)              \
    X(SORT, "s", SCOPE_LIST, NULL, N_("Sort by the next column"), 0, NULL)                         \
    X(COPY, "y", SCOPE_BROWSE | SCOPE_WAIT, NULL, N_("Copy the reference"), NEEDS_ROW, NULL)       \
    X(EXPORT, "w", SCOPE_LIST, NULL, N_("Write what is listed to a CSV file"), 0, NULL)            \
    X(REFRESH, "R F5", SCOPE_BROWSE | SCOPE_WAIT, NULL, N_("Ask the API for news now"),            \
      NEEDS_NET, NULL)                                                                             \
    X(UP, "k Up", SCOPE_BROWSE, NULL, N_("One row up"), 0, NULL)                                   \
    X(DOWN, "j Down", SCOPE_BROWSE, NULL, N_("One row down"), 0, NULL)                             \
    X(PAGE_UP, "PgUp", SCOPE_BROWSE, NULL, N_("One page up"), 0, NULL)                             \
    X(PAGE_DOWN, "PgDn", SCOPE_BROWSE, NULL, N_("One page down"), 0, NULL)                         \
    X(FIRST, "g Home", SCOPE_BROWSE, NULL, N_("To the first row"), 0, NULL)                        \
    X(LAST, "G End", SCOPE_BROWSE, NULL, N_("To the last row"), 0, NULL)                           \
    X(GO_SESSIONS, "1", SCOPE_BROWSE, NULL, N_("Sessions"), 0, command_go)                         \
    X(GO_PAYMENTS, "2", SCOPE_BROWSE, NULL, N_("To the POS payments"), 0, command_go)              \
    X(GO_MODIFICATIONS, "3", SCOPE_BROWSE, NULL, N_("To the modifications"), 0, command_go)        \
    X(GO_TERMINALS, "4", SCOPE_BROWSE, NULL, N_("To the terminals"), 0, command_go)                \
    X(GO_INBOX, "5", SCOPE_BROWSE, NULL,                                                           \
      N_("To the inbox: running, unknown, or needing a person"), 0, command_go)                    \
    X(OUTCOME, "o", SCOPE_BROWSE | SCOPE_WAIT, NULL, N_("Open the outcome just told"), 0,          \
      command_outcome)                                                                             \
    X(FIELDS, "v", SCOPE_DETAIL, N_("Fields"), N_("All that the API sent, as it came"), 0, NULL)   \
    X(ENVIRONMENT, "t", SCOPE_BROWSE, NULL, N_("Change environment"), 0, command_environment)      \
    X(LOCK, "L", SCOPE_BROWSE | SCOPE_WAIT, NULL,                                                  \
      N_("Lock the screen; what is on its way stays in sight"), 0, command_lock)                   \
    X(HELP, "? :", SCOPE_BROWSE | SCOPE_WAIT, N_("Help"), N_("All actions possible here"), 0,      \
      command_help)                                                                                \
    X(CLOSE, "Esc", SCOPE_DETAIL | SCOPE_WAIT, NULL, N_("Back to the list"), 0, command_back)      \
    X(BACK, "q F10", SCOPE_BROWSE | SCOPE_WAIT, NULL, N_("Back, or leave the program"), 0,         \
      command_back)

enum command {
    COMMAND_NONE,
#define X(id, keys, scopes, label, help, flags, handler) COMMAND_##id,
    COMMAND_LIST(X)
#undef X
    COMMAND_COUNT
};

struct command_row {
    const char *keys, *label, *help; /* label and help untranslated */
    unsigned scopes, flags;
    void (*handler)(struct app *app, enum command command);
};
const struct command_row *command_row(enum command command);
/* The command of a key in a scope, COMMAND_NONE if it means nothing there. */
enum command command_of_key(uint32_t key, enum scope scope);
/* The name of its first key: "p", "Enter". */
struct text command_key_name(struct arena *arena, enum command command);
/* All its keys: "p, F2". */
struct text command_key_names(struct arena *arena, enum command command);
/* Which money operation an ON_PAYMENT row is; OP_KINDS: none. */
enum op_kind command_op(enum command command);
/* Whether the typed letters occur in that order in the command's help line or keys. */
bool command_matches(enum command command, struct text typed);
/* The KEYS section of the man page, roff. */
void commands_write_man(struct buf *out);

#endif
