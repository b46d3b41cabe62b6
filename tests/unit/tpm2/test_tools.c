/* SPDX-License-Identifier: Apache-2.0 */
/* Key files and handles as other TPM software knows them: tpm2-tools. */
#include "tls_test.h"

#include <fcntl.h>

static struct machine machine;
static char folder[] = "/tmp/atls-tools-XXXXXX";

static int start(void **state)
{
    (void)state;
    machine_start(&machine);
    setenv("TPM2TOOLS_TCTI", machine.swtpm.tcti, 1);
    return mkdtemp(folder) == NULL;
}

static int stop(void **state)
{
    static const char *const files[] = {"key.pem", "context", "parent",
                                        "public",  "private", "made.pem"};
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    machine_stop(&machine);
    return 0;
}

/* run gives the exit status of a tool, in our folder; 127 when there is none. */
static int run(const char *const *argv)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const int null = open("/dev/null", O_RDWR);
        if (chdir(folder) == 0 && null >= 0) {
            dup2(null, 1);
            dup2(null, 2);
            execvp(argv[0], (char *const *)(uintptr_t)argv);
        }
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* flush removes what the tools leave in a TPM without resource manager: keys and sessions. */
static void flush(void)
{
    assert_int_equal(RUN("tpm2_flushcontext", "-t"), 0);
    assert_int_equal(RUN("tpm2_flushcontext", "-l"), 0);
}

static void tools_load_our_key(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/key.pem", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(machine.identity.key_pem, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(RUN("tpm2_load", "-r", "key.pem", "-c", "context"), 0);
    flush();
    assert_int_equal(RUN("tpm2_readpublic", "-c", "0x81010100"), 0);
    assert_int_not_equal(RUN("tpm2_readpublic", "-c", "0x81010101"), 0);
}

/* make_key lets the tools make a key of this kind, in the file form of the draft. */
static EVP_PKEY *make_key(const char *kind)
{
    static const char storage[] = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|"
                                  "restricted|decrypt";
    static const char signing[] = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign";
    assert_int_equal(
        RUN("tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", "parent", "-a", storage), 0);
    assert_int_equal(RUN("tpm2_create", "-C", "parent", "-G", kind, "-a", signing, "-u", "public",
                         "-r", "private"),
                     0);
    char path[64], pem[4096];
    snprintf(path, sizeof path, "%s/made.pem", folder);
    unlink(path); /* the tool does not overwrite */
    /* -p writes emptyAuth TRUE, whatever its name says */
    assert_int_equal(RUN("tpm2_encodeobject", "-p", "-C", "0x40000001", "-u", "public", "-r",
                         "private", "-o", "made.pem"),
                     0);
    flush();
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t len = fread(pem, 1, sizeof pem - 1, file);
    fclose(file);
    pem[len] = '\0';
    return load_key(machine.attester, pem);
}

static void we_load_keys_of_the_tools(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *group;
        bool sha256, sha384;
    } cases[] = {
        {"ecc256", "prime256v1", true, true}, /* no scheme: any hash */
        {"ecc256:ecdsa-sha256", "prime256v1", true, false},
        {"ecc384", "secp384r1", true, true},
        {"ecc384:ecdsa-sha384", "secp384r1", false, true},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        EVP_PKEY *key = make_key(cases[i].kind);
        char group[32];
        size_t len = 0;
        assert_int_equal(EVP_PKEY_get_group_name(key, group, sizeof group, &len), 1);
        assert_string_equal(group, cases[i].group);
        X509 *cert = X509_new();
        assert_int_equal(X509_set_pubkey(cert, key), 1);
        assert_int_equal(X509_sign(cert, key, EVP_sha256()) > 0, cases[i].sha256);
        assert_int_equal(X509_sign(cert, key, EVP_sha384()) > 0, cases[i].sha384);
        X509_free(cert);
        EVP_PKEY_free(key);
        ERR_clear_error();
    }
}

static void a_p384_key_shakes_hands_and_is_attested(void **state)
{
    (void)state;
    EVP_PKEY *key = make_key("ecc384:ecdsa-sha384");
    X509 *cert = self_signed(key, EVP_sha384());
    SSL_CTX *server = server_context(key, cert), *client = client_context(cert);
    struct pair pair = pair_new(server, client);
    assert_true(shake_hands(&pair));
    int nid = NID_undef;
    assert_int_equal(SSL_get_peer_signature_nid(pair.client, &nid), 1);
    assert_int_equal(nid, NID_sha384);
    uint8_t octets[2048], *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    const struct atls_buf room = {octets, sizeof octets};
    const struct atls_attest_request request = {atls_bytes_text("nonce"),
                                                atls_bytes_of(spki, (size_t)spki_len), 10000};
    size_t len = 0;
    struct atls_diag diag;
    assert_done(tpm2->attest(machine.attester, room, &len, &request, &diag), &diag);
    OPENSSL_free(spki);
    pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
    EVP_PKEY_free(key);
}

int main(void)
{
    if (access("/usr/bin/tpm2_encodeobject", X_OK) != 0) {
        printf("skipped: there is no tpm2_encodeobject (tpm2-tools) on this machine\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tools_load_our_key),
        cmocka_unit_test(we_load_keys_of_the_tools),
        cmocka_unit_test(a_p384_key_shakes_hands_and_is_attested),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
