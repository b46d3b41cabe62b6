/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/location.h"

#include "base/span.h"

#include <stdio.h>

static const char intel_service[] = "https://api.trustedservices.intel.com";

/* What a path begins with, and what belongs to it. */
static const struct {
    const char *start, *chain_field, *elsewhere;
} places[] = {
    {"/vcek/v1/", NULL, NULL},
    {"/vlek/v1/", NULL, NULL},
    {"/sgx/certification/v4/tcb?", "tcb-info-issuer-chain", NULL},
    {"/tdx/certification/v4/tcb?", "tcb-info-issuer-chain", NULL},
    {"/sgx/certification/v4/qe/identity", "sgx-enclave-identity-issuer-chain", NULL},
    {"/tdx/certification/v4/qe/identity", "sgx-enclave-identity-issuer-chain", NULL},
    {"/sgx/certification/v4/qve/identity", "sgx-enclave-identity-issuer-chain", NULL},
    {"/sgx/certification/v4/pckcrl?", "sgx-pck-crl-issuer-chain", NULL},
    {"/sgx/certification/v4/rootcacrl", NULL,
     "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"},
};

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* is_word: the product's name comes from Evidence that is not verified yet. */
static bool is_word(const char *text)
{
    size_t len = 0;
    while (text[len] != '\0') {
        if (!is_plain(text[len])) {
            return false;
        }
        len++;
    }
    return len > 0;
}

static void hex_of(char *out, const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        snprintf(&out[2 * i], 3, "%02x", octets[i]);
    }
    out[2 * len] = '\0';
}

/* 8 octets of a chip of Turin are written as 16 digits, also where a report has 64. */
static bool locate_amd_leaf(char *out, const struct atls_collateral_wanted *w)
{
    char chip[2 * ATLS_AMD_CHIP_ID_LEN + 1] = "cert";
    char fmc[16] = "";
    if (w->amd_key == ATLS_AMD_VCEK) {
        const size_t used = w->tcb.has_fmc ? 8 : ATLS_AMD_CHIP_ID_LEN;
        if (w->chip_id_len < used || w->chip_id_len > sizeof w->chip_id) {
            return false;
        }
        hex_of(chip, w->chip_id, used);
    }
    if (w->tcb.has_fmc) {
        snprintf(fmc, sizeof fmc, "fmcSPL=%02u&", w->tcb.fmc);
    }
    snprintf(out, DEPOT_MAX_PATH_LEN,
             "/%s/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
             w->amd_key == ATLS_AMD_VCEK ? "vcek" : "vlek", w->product, chip, fmc,
             w->tcb.bootloader, w->tcb.tee, w->tcb.snp, w->tcb.microcode);
    return true;
}

static bool locate_amd(struct depot_location *out, const struct atls_collateral_wanted *w)
{
    if (memchr(w->product, '\0', sizeof w->product) == NULL || !is_word(w->product)) {
        return false;
    }
    if (w->kind == ATLS_WANTED_AMD_LEAF) {
        return locate_amd_leaf(out->path, w);
    }
    snprintf(out->path, sizeof out->path, "/%s/v1/%s/%s",
             w->amd_key == ATLS_AMD_VCEK ? "vcek" : "vlek", w->product,
             w->kind == ATLS_WANTED_AMD_CHAIN ? "cert_chain" : "crl");
    return true;
}

static void locate_tcb_info(struct depot_location *out, const struct atls_collateral_wanted *w)
{
    char fmspc[2 * sizeof w->fmspc + 1];
    hex_of(fmspc, w->fmspc, sizeof w->fmspc);
    snprintf(out->path, sizeof out->path, "/%s/certification/v4/tcb?fmspc=%s",
             w->tee == ATLS_INTEL_TDX ? "tdx" : "sgx", fmspc);
}

static void locate_identity(struct depot_location *out, const struct atls_collateral_wanted *w)
{
    static const char *const paths[] = {
        [ATLS_INTEL_QE] = "/sgx/certification/v4/qe/identity",
        [ATLS_INTEL_TD_QE] = "/tdx/certification/v4/qe/identity",
        [ATLS_INTEL_QVE] = "/sgx/certification/v4/qve/identity",
    };
    snprintf(out->path, sizeof out->path, "%s", paths[w->enclave]);
}

bool depot_locate_path(struct depot_location *out, const char *path)
{
    size_t len = 0;
    while (is_plain(path[len]) || (path[len] != '\0' && strchr("/?=&_", path[len]) != NULL)) {
        len++;
    }
    for (size_t i = 0; path[len] == '\0' && len < sizeof out->path && i < ATLS_ARRAY_LEN(places);
         i++) {
        if (strncmp(path, places[i].start, strlen(places[i].start)) == 0) {
            *out = (struct depot_location){.chain_field = places[i].chain_field,
                                           .elsewhere = places[i].elsewhere};
            memcpy(out->path, path, len);
            return true;
        }
    }
    return false;
}

bool depot_locate(struct depot_location *out, const struct atls_collateral_wanted *w)
{
    struct depot_location location = {.path = ""};
    bool known = true;
    switch (w->kind) {
    case ATLS_WANTED_AMD_LEAF:
    case ATLS_WANTED_AMD_CHAIN:
    case ATLS_WANTED_AMD_CRL:
        known = locate_amd(&location, w);
        break;
    case ATLS_WANTED_TCB_INFO:
        locate_tcb_info(&location, w);
        break;
    case ATLS_WANTED_IDENTITY:
        locate_identity(&location, w);
        break;
    case ATLS_WANTED_PCK_CRL:
        snprintf(location.path, sizeof location.path,
                 "/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
                 w->platform_ca ? "platform" : "processor");
        break;
    case ATLS_WANTED_ROOT_CRL:
        snprintf(location.path, sizeof location.path, "/sgx/certification/v4/rootcacrl");
        break;
    case ATLS_WANTED_NOTHING:
    default:
        known = false;
    }
    return known && depot_locate_path(out, location.path);
}

size_t depot_locate_both(struct depot_location out[static 2],
                         const struct atls_collateral_wanted *wanted)
{
    struct atls_collateral_wanted other = *wanted;
    if (!depot_locate(&out[0], wanted)) {
        return 0;
    }
    memcpy(other.product, wanted->otherwise, sizeof other.product);
    return wanted->otherwise[0] != '\0' && depot_locate(&out[1], &other) ? 2 : 1;
}

enum atls_err depot_url_check(const char *url, struct atls_diag *diag)
{
    const char *host = strncmp(url, "https://", 8) == 0  ? &url[8]
                       : strncmp(url, "http://", 7) == 0 ? &url[7]
                                                         : NULL;
    const size_t len = strlen(url);
    bool plain = host != NULL && host[0] != '\0' && host[0] != '/' &&
                 len + DEPOT_MAX_PATH_LEN < DEPOT_MAX_URL_LEN;
    for (size_t i = 0; plain && i < len; i++) {
        plain = url[i] > 0x20 && url[i] < 0x7f && strchr("?#@\\\"", url[i]) == NULL;
    }
    return plain ? ATLS_OK
                 : atls_fail_texts(diag, ATLS_ERR_CONFIG, "collateral", "URL", url,
                                   "http:// or https:// with host and path only");
}

bool depot_url_of(char out[static DEPOT_MAX_URL_LEN], const char *server,
                  const struct depot_location *location)
{
    size_t len = strlen(server);
    while (len > 0 && server[len - 1] == '/') {
        len--;
    }
    const bool is_intel = atls_bytes_is_text(atls_bytes_of(server, len), intel_service);
    const int written =
        is_intel && location->elsewhere != NULL
            ? snprintf(out, DEPOT_MAX_URL_LEN, "%s", location->elsewhere)
            : snprintf(out, DEPOT_MAX_URL_LEN, "%.*s%s", (int)len, server, location->path);
    return written > 0 && written < DEPOT_MAX_URL_LEN;
}
