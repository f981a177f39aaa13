/* Shared by the commands that move money: from a filled request to the printed outcome. */
#ifndef TUI_CLI_MONEY_H
#define TUI_CLI_MONEY_H

#include "cli.h"

struct money_run {
    struct cli *cli;
    struct op_request request;
    struct text about;    /* what is not ours, on a labelled line of its own above the question */
    struct text question; /* asked without --yes; "" when the command never asks */
    struct money typed;   /* the amount to be typed in live for refund, capture and cancel */
};
/* Checks, asks, sends, waits, prints; returns the exit status. */
int cli_money_run(struct money_run *run);
/* An earlier operation may still hold the terminal or the payment, left by a process that ended: it
   is looked up first, for some seconds. */
void cli_money_settle(struct money_run *run);
/* cli_approve.c. What is above the operator's limit needs a supervisor, named by --supervisor.
   Before anything is asked: CLI_DONE when none is needed or the PIN can be asked for. Then the PIN
   itself, which puts the name into the request. Both have said why when they refuse. */
int cli_approve_possible(struct money_run *run);
int cli_approve(struct money_run *run);
/* Reads --amount in that currency; false: said why. */
bool cli_money_amount(struct cli *cli, const char *currency, struct money *out);
/* Prints one object with --json, else the reference on stdout and the sentences on stderr. */
/* What is said when this process ends: it follows nothing any more. */
struct advice cli_money_advice(struct cli *cli, const struct intent *intent);
int cli_money_report(struct cli *cli, const struct intent *intent);
/* Something stopped it before there was an intent: the same object with what is known. */
int cli_money_fail(struct cli *cli, const struct err *err);
int cli_money_refuse(struct cli *cli, struct text why, int status);
/* Exit status of an intent in its present state. */
int cli_money_exit(const struct intent *intent);
/* The fields that scripts read, without the closing brace. */
void cli_money_json(struct buf *out, const struct intent *intent);

#endif
