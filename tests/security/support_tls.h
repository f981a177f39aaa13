/* The parts of tests/security/tls.c that have files of their own, and what they share. */
#ifndef TESTS_SECURITY_SUPPORT_TLS_H
#define TESTS_SECURITY_SUPPORT_TLS_H

#include "../safety/support_company.h"
#include "support_paper.h"
#include "support_peer.h"

enum paper_kind {
    PAPER_AUTHORITY, PAPER_STRANGER,     /* the one that ca_file names, and another */
    PAPER_GOOD,
    PAPER_WRONG_HOST, PAPER_EXPIRED, PAPER_NOT_YET, PAPER_SELF_SIGNED, PAPER_STRANGE,
    PAPER_UPSTART,                       /* signed by PAPER_GOOD, which may not sign */
    PAPER_OLD_AUTHORITY, PAPER_OF_OLD,   /* an expired authority, and what it has signed */
    PAPER_KINDS
};
struct tls_lab {
    struct company company;
    struct paper papers[PAPER_KINDS];
    char authority[128], stranger[128], old[128]; /* PEM files */
};

/* Sets "NAME=value" in the environment, over what it has of that name. */
void tls_set(struct company_env *env, const char *assignment);
/* An environment whose base URL is https://HOST:PORT, with those lines in [test]. */
void tls_env(struct tls_lab *lab, struct company_env *env, const char *host, int port,
             const char *lines);
/* Runs doctor --json: whether its row "network" is good; the row is in out. */
bool tls_doctor(struct tls_lab *lab, const struct company_env *env, char out[1500]);

/* Servers that are not to be believed, and some that are. */
void tls_scenes(struct tls_lab *lab);
/* Hostile variables and files in the home folder. */
void tls_variables(struct tls_lab *lab);
/* Faults at the name, connection, handshake, first byte and in the body. */
void tls_faults(struct tls_lab *lab);
/* POSTs that are dropped on a warm connection. */
void tls_warm(struct tls_lab *lab);

#endif
