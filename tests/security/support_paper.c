/* See support_paper.h. */
#include "support_paper.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "cannot run: libssl: %s: %s\n", what, ERR_error_string(ERR_get_error(), NULL));
    exit(2);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    need(extension && X509_add_ext(cert, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static void set_validity(X509 *cert, const struct paper_wish *wish)
{
    need(X509_time_adj_ex(X509_getm_notBefore(cert), wish->from_days, 0, NULL) &&
             X509_time_adj_ex(X509_getm_notAfter(cert), wish->to_days, 0, NULL),
         "validity");
}

struct paper paper_make(const struct paper_wish *wish, const struct paper *by)
{
    static long serial = 1000;
    struct paper paper = {EVP_EC_gen("P-256"), X509_new()};
    need(paper.key && paper.cert, "key");
    X509 *cert = paper.cert, *issuer = by ? by->cert : cert;
    X509_NAME *name = X509_get_subject_name(cert);
    need(X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial) &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                        (const unsigned char *)wish->name, -1, -1, 0) &&
             X509_set_issuer_name(cert, X509_get_subject_name(issuer)) &&
             X509_set_pubkey(cert, paper.key),
         "certificate");
    set_validity(cert, wish);
    add_extension(cert, issuer, NID_basic_constraints,
                  wish->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(cert, issuer, NID_key_usage,
                  wish->authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    if (wish->hosts)
        add_extension(cert, issuer, NID_subject_alt_name, wish->hosts);
    need(X509_sign(cert, by ? by->key : paper.key, EVP_sha256()) > 0, "signature");
    return paper;
}

void paper_free(struct paper *paper)
{
    EVP_PKEY_free(paper->key);
    X509_free(paper->cert);
    *paper = (struct paper){0};
}

void paper_pin(const struct paper *paper, char out[PAPER_PIN_SIZE])
{
    unsigned char *der = NULL, hash[32];
    int len = i2d_PUBKEY(paper->key, &der);
    need(len > 0 && EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha256(), NULL), "pin");
    OPENSSL_free(der);
    memcpy(out, "sha256//", 8);
    sodium_bin2base64(out + 8, PAPER_PIN_SIZE - 8, hash, sizeof hash,
                      sodium_base64_VARIANT_ORIGINAL);
}

bool paper_write(const struct paper *paper, const char *path)
{
    FILE *file = fopen(path, "we");
    bool good = file && PEM_write_X509(file, paper->cert);
    return file && fclose(file) == 0 && good;
}

SSL_CTX *paper_server(const struct paper *paper, const struct paper *between, int least, int most)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    need(context && SSL_CTX_set_min_proto_version(context, least) &&
             SSL_CTX_set_max_proto_version(context, most) &&
             SSL_CTX_use_certificate(context, paper->cert) &&
             SSL_CTX_use_PrivateKey(context, paper->key),
         "server");
    /* What is too old for the system's settings is spoken all the same: the client refuses it. */
    need(SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0"), "ciphers");
    need(!between || SSL_CTX_add1_chain_cert(context, between->cert), "chain");
    return context;
}
