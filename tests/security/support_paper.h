/* Keys and certificates, good and bad, made in memory by libcrypto, and the TLS settings of a
   server that shows one. Nothing here checks anything: that is the business of who is tested. */
#ifndef TESTS_SECURITY_SUPPORT_PAPER_H
#define TESTS_SECURITY_SUPPORT_PAPER_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct paper {
    EVP_PKEY *key;
    X509 *cert;
};
struct paper_wish {
    const char *name;       /* common name */
    const char *hosts;      /* as "DNS:localhost,IP:127.0.0.1"; NULL: none */
    bool authority;         /* may sign others */
    int from_days, to_days; /* of validity, counted from now */
};
/* Signed by that one; by NULL: by itself. Ends the program with 2 when libcrypto cannot. */
struct paper paper_make(const struct paper_wish *wish, const struct paper *by);
void paper_free(struct paper *paper);
/* "sha256//BASE64" of the public key. */
#define PAPER_PIN_SIZE 64
void paper_pin(const struct paper *paper, char out[PAPER_PIN_SIZE]);
bool paper_write(const struct paper *paper, const char *path); /* the certificate, PEM */
/* A server with that certificate (and between it and the authority another one, or NULL), for
   versions from least to most (TLS1_2_VERSION …; 0: any). */
SSL_CTX *paper_server(const struct paper *paper, const struct paper *between, int least, int most);

#endif
