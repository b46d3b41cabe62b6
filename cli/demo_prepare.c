/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, endorsements, a throw-away CA: what a fleet has before its machines talk. */
#include "demo.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/cert.h"
#include "identity.h"
#include "json/file.h"
#include "json/json.h"
#include "keygen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static const char *const names[] = {"localhost", "127.0.0.1", "::1"};

static enum atls_err make_identity(const char *rot, const char *folder, const char *tcti,
                                   struct atls_diag *diag)
{
    const struct cli_options options = {
        .rot = rot, .output = folder, .tcti = tcti, .pcrs = tcti != NULL ? "sha256:0,1,2,7" : NULL};
    return cli_keygen_make(&options, diag);
}

enum atls_err demo_make_identities(struct demo *demo, struct atls_diag *diag)
{
    const char *server_tcti = NULL, *client_tcti = NULL;
    if (demo->own_tpms) {
        server_tcti = demo->server_tpm.tcti;
        client_tcti = demo->client_tpm.tcti;
    } else if (strcmp(demo->format, "tpm2") == 0) {
        server_tcti = client_tcti = demo->options->tcti;
    }
    enum atls_err err = make_identity(demo->rot, "server", server_tcti, diag);
    return err == ATLS_OK ? make_identity(demo->rot, "client", client_tcti, diag) : err;
}

static struct atls_cert_spec local_cert(void)
{
    return (struct atls_cert_spec){.names = names,
                                   .num_names = ATLS_ARRAY_LEN(names),
                                   .not_before_s = (int64_t)time(NULL) - ATLS_MAX_SKEW_S,
                                   .days = 1};
}

enum atls_err demo_self_signed(char **out, const struct atls_key *key, struct atls_diag *diag)
{
    const struct atls_cert_spec spec = local_cert();
    return atls_cert_self_signed(out, key, &spec, diag);
}

/* issue writes FOLDER/pkix.pem. */
static enum atls_err issue(const char *folder, struct atls_bytes ca_cert,
                           const struct atls_key *ca_key, const struct atls_key *subject,
                           struct atls_diag *diag)
{
    char path[64], *cert = NULL;
    const struct atls_cert_spec spec = local_cert();
    enum atls_err err = atls_ca_issue(&cert, ca_cert, ca_key, subject, &spec, diag);
    if (err == ATLS_OK) {
        snprintf(path, sizeof path, "%s/pkix.pem", folder);
        err = atls_file_write(path, atls_bytes_text(cert), ATLS_FILE_PUBLIC, diag);
    }
    atls_pem_free(cert);
    return err;
}

static enum atls_err certify(const char *folder, struct atls_bytes ca_cert,
                             const struct atls_key *ca_key, struct atls_diag *diag)
{
    uint8_t *pem = NULL, spki[ATLS_MAX_SPKI_LEN];
    size_t len = 0, spki_len = 0;
    char path[64];
    struct atls_key *subject = NULL;
    snprintf(path, sizeof path, "%s/cert.pem", folder);
    enum atls_err err = atls_file_read(&pem, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_cert_spki(atls_bytes_of(pem, len), (struct atls_buf){spki, sizeof spki},
                             &spki_len, diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_from_spki_der(&subject, atls_bytes_of(spki, spki_len), diag);
    }
    if (err == ATLS_OK) {
        err = issue(folder, ca_cert, ca_key, subject, diag);
    }
    atls_key_free(subject);
    atls_file_free(pem, len);
    return err;
}

/* write_key makes a key and writes its private part, and the public one where that has a path. */
static enum atls_err write_key(struct atls_key **out, const char *path, const char *public_path,
                               struct atls_diag *diag)
{
    char *pem = NULL, *public_pem = NULL;
    enum atls_err err = atls_key_generate(out, ATLS_CRV_P256, diag);
    if (err == ATLS_OK) {
        err = atls_key_to_private_pem(&pem, *out, diag);
    }
    if (err == ATLS_OK) {
        err = atls_file_write(path, atls_bytes_text(pem), ATLS_FILE_SECRET, diag);
    }
    if (err == ATLS_OK && public_path != NULL) {
        err = atls_key_to_public_pem(&public_pem, *out, diag);
    }
    if (err == ATLS_OK && public_path != NULL) {
        err = atls_file_write(public_path, atls_bytes_text(public_pem), ATLS_FILE_PUBLIC, diag);
    }
    atls_pem_free(pem);
    atls_pem_free(public_pem);
    return err;
}

/* make_service: what a Verifier has of its own: a TLS key with its certificate, and the key that
 * signs Results. */
static enum atls_err make_service(struct atls_bytes ca_cert, const struct atls_key *ca_key,
                                  struct atls_diag *diag)
{
    struct atls_key *tls = NULL, *signing = NULL;
    if (mkdir("verifier", 0700) != 0) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, "demo", "verifier", strerror(errno),
                               "a folder that can be made");
    }
    enum atls_err err = write_key(&tls, "verifier/key.pem", NULL, diag);
    if (err == ATLS_OK) {
        err = issue("verifier", ca_cert, ca_key, tls, diag);
    }
    if (err == ATLS_OK) {
        err = write_key(&signing, "verifier/signing.pem", "verifier/signing.pub", diag);
    }
    atls_key_free(tls);
    atls_key_free(signing);
    return err;
}

enum atls_err demo_certify(struct demo *demo, struct atls_diag *diag)
{
    struct atls_key *ca_key = NULL;
    char *ca = NULL;
    enum atls_err err = atls_key_generate(&ca_key, ATLS_CRV_P256, diag);
    if (err == ATLS_OK) {
        err = atls_ca_create(&ca, ca_key, "atls demo, thrown away",
                             (int64_t)time(NULL) - ATLS_MAX_SKEW_S, 1, diag);
    }
    if (err == ATLS_OK) {
        err = atls_file_write("ca.pem", atls_bytes_text(ca), ATLS_FILE_PUBLIC, diag);
    }
    if (err == ATLS_OK) {
        err = certify("server", atls_bytes_text(ca), ca_key, diag);
    }
    if (err == ATLS_OK) {
        err = certify("client", atls_bytes_text(ca), ca_key, diag);
    }
    if (err == ATLS_OK && demo->options->demo_verifier) {
        err = make_service(atls_bytes_text(ca), ca_key, diag);
    }
    atls_pem_free(ca);
    atls_key_free(ca_key);
    return err;
}

/* set_launch changes the launch measurement of a simulated guest, octets 90 to bf of its report. */
static bool set_launch(json_t *root, const char *report)
{
    enum { MEASUREMENT = 2 * 0x90 };
    char *changed = strlen(report) > MEASUREMENT ? strdup(report) : NULL;
    if (changed == NULL) {
        return false;
    }
    changed[MEASUREMENT] = changed[MEASUREMENT] == '0' ? '1' : '0';
    const bool done = json_object_set_new(root, "report", json_string(changed)) == 0;
    free(changed);
    return done;
}

/* set_measurement changes what a simulated machine runs: the first component of a token, the PCR of
 * an enclave's image, or what was loaded into a guest. */
static bool set_measurement(json_t *root)
{
    static const char other[] = "00000000000000000000000000000000"
                                "000000000000000000000000000000ff";
    static const char other_pcr[] = "00000000000000000000000000000000"
                                    "00000000000000000000000000000000"
                                    "000000000000000000000000000000ff";
    const char *report = json_string_value(json_object_get(root, "report"));
    json_t *claims = json_object_get(root, "claims");
    if (report != NULL) {
        return set_launch(root, report);
    }
    json_t *component = json_array_get(json_object_get(claims, "components"), 0);
    json_t *pcrs = json_object_get(claims, "pcrs");
    return pcrs != NULL ? json_object_set_new(pcrs, "0", json_string(other_pcr)) == 0
                        : json_object_set_new(component, "value", json_string(other)) == 0;
}

static enum atls_err change_simulation(struct atls_diag *diag)
{
    static const char path[] = "server/attester.json";
    uint8_t *text = NULL;
    size_t len = 0;
    json_t *root = NULL;
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_json_parse(&root, atls_bytes_of(text, len), path, diag);
    }
    atls_file_free(text, len);
    if (err != ATLS_OK) {
        return err;
    }
    char *changed = NULL;
    if (set_measurement(root)) {
        changed = atls_json_dump(root);
    }
    err = changed != NULL ? atls_file_write(path, atls_bytes_text(changed), ATLS_FILE_SECRET, diag)
                          : atls_fail(diag, ATLS_ERR_CONFIG, "demo", path);
    free(changed);
    json_decref(root);
    return err;
}

enum atls_err demo_tamper(struct demo *demo, struct atls_diag *diag)
{
    return demo->own_tpms ? demo_tpm_extend(&demo->server_tpm, diag) : change_simulation(diag);
}

enum atls_err demo_make_attacker(struct demo *demo, const char *path, struct atls_diag *diag)
{
    char config[256];
    /* An identity like any other, whose attester is then replaced. */
    enum atls_err err = make_identity("sim-psa", "attacker", NULL, diag);
    const int len = snprintf(config, sizeof config,
                             "{\"rot\":\"sim-replay-%s\",\"format\":\"%s\",\"file\":\"%s\"}",
                             demo->format, demo->format, path);
    if (err == ATLS_OK && len > 0 && (size_t)len < sizeof config) {
        err = atls_file_write("attacker/attester.json", atls_bytes_text(config), ATLS_FILE_SECRET,
                              diag);
    }
    return err;
}
