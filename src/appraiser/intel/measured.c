/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of a quote as measured values. */
#include "appraiser/intel/measured.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "endorsement/corim.h"
#include "json/base64.h"

#include <stdlib.h>

/* Named Information numbers of hashes. */
enum { SHA_256 = 1, SHA_384 = 7 };

void atls_quote_measured_free(struct atls_quote_measured *measured)
{
    free(measured);
}

void atls_quote_measured_cleanup(struct atls_quote_measured **measured)
{
    atls_quote_measured_free(*measured);
}

static struct atls_mextension *extend(struct atls_quote_measured *m, int64_t key)
{
    struct atls_mextension *extension = &m->extensions[m->num_extensions++];
    extension->key = key;
    return extension;
}

static void put_octets(struct atls_quote_measured *m, int64_t key, struct atls_bytes octets)
{
    extend(m, key)->octets = octets;
}

static void put_digest(struct atls_quote_measured *m, int64_t key, struct atls_bytes value)
{
    struct atls_mdigest *digest = &extend(m, key)->digest;
    digest->number = value.len == 48 ? SHA_384 : SHA_256;
    digest->value = value;
}

static void put_number(struct atls_quote_measured *m, int64_t key, uint64_t number)
{
    extend(m, key)->number = number;
}

static struct atls_measurement_map *add_map(struct atls_quote_measured *m, const char *key)
{
    struct atls_measurement_map *map = &m->maps[m->num_maps];
    m->claims[m->num_maps++] = (struct atls_claim){&m->environment, map};
    if (key != NULL) {
        map->mkey.kind = ATLS_MKEY_TEXT;
        map->mkey.text = atls_bytes_text(key);
    }
    return map;
}

static void put_raw(struct atls_quote_measured *m, const char *key, struct atls_bytes octets)
{
    struct atls_measurement_map *map = add_map(m, key);
    map->values.has = ATLS_HAS_RAW;
    map->values.raw = octets;
}

static void add_advisories(struct atls_quote_measured *m, const struct atls_intel_level *level)
{
    for (size_t i = 0; level != NULL && i < level->num_advisories; i++) {
        bool known = false;
        for (size_t j = 0; j < m->num_advisories; j++) {
            known = known || atls_bytes_equal(m->advisories[j], level->advisories[i]);
        }
        if (!known && m->num_advisories < ATLS_QUOTE_MAX_ADVISORIES) {
            m->advisories[m->num_advisories++] = level->advisories[i];
        }
    }
}

/* What Intel says of the platform. */
static void put_platform(struct atls_quote_measured *m, const struct atls_quote_facts *facts)
{
    const struct atls_pck *pck = &facts->pck;
    add_advisories(m, facts->tcb.platform);
    add_advisories(m, facts->tcb.module);
    add_advisories(m, facts->tcb.qe);
    m->status = atls_bytes_text(atls_quote_status_name(facts->tcb.status));
    struct atls_mextension *status = extend(m, ATLS_INTEL_STATUS);
    status->texts = &m->status;
    status->num_texts = 1;
    struct atls_mextension *advisories = extend(m, ATLS_INTEL_ADVISORIES);
    advisories->texts = m->advisories;
    advisories->num_texts = m->num_advisories;
    put_number(m, ATLS_INTEL_TCBEVALNUM, (uint64_t)facts->tcb.evaluation_number);
    put_number(m, ATLS_INTEL_TCB_DATE, (uint64_t)facts->tcb.platform->date_s);
    put_octets(m, ATLS_INTEL_INSTANCE_ID, atls_bytes_of(pck->ppid, sizeof pck->ppid));
    if (atls_hex_encode(atls_bytes_of(pck->pce_id, sizeof pck->pce_id), m->pce_id,
                        sizeof m->pce_id)) {
        put_octets(m, ATLS_INTEL_PCEID, atls_bytes_text(m->pce_id));
    }
    for (size_t i = 0; i < ATLS_INTEL_COMPONENTS; i++) {
        m->components[i] = pck->components[i];
    }
    struct atls_mextension *components = extend(m, ATLS_INTEL_TCB_COMP_SVN);
    components->numbers = m->components;
    components->num_numbers = ATLS_INTEL_COMPONENTS;
}

static void put_enclave(struct atls_quote_measured *m, const struct atls_enclave *enclave)
{
    put_digest(m, ATLS_INTEL_MRTEE, enclave->mr_enclave);
    put_digest(m, ATLS_INTEL_MRSIGNER, enclave->mr_signer);
    put_octets(m, ATLS_INTEL_ATTRIBUTES, enclave->attributes);
    put_octets(m, ATLS_INTEL_MISCSELECT, enclave->misc_select);
    put_number(m, ATLS_INTEL_ISVPRODID, enclave->prod_id);
    put_number(m, ATLS_INTEL_ISVSVN, enclave->svn);
    put_raw(m, "config_id", enclave->config_id);
    put_raw(m, "family_id", enclave->family_id);
    put_raw(m, "ext_prod_id", enclave->ext_prod_id);
    struct atls_measurement_map *svn = add_map(m, "config_svn");
    svn->values.has = ATLS_HAS_SVN;
    svn->values.svn = enclave->config_svn;
}

static void put_td(struct atls_quote_measured *m, const struct atls_trust_domain *td)
{
    put_digest(m, ATLS_INTEL_MRTEE, td->mr_td);
    put_digest(m, ATLS_INTEL_MRSIGNER, td->mr_signer_seam);
    put_octets(m, ATLS_INTEL_ATTRIBUTES, td->attributes_octets);
    put_number(m, ATLS_INTEL_ISVSVN, td->tee_tcb_svn.data[0]);
    for (size_t i = 0; i < ATLS_QUOTE_NUM_RTMRS; i++) {
        m->digests[i] = (struct atls_mdigest){.number = SHA_384, .value = td->rtmr[i]};
        m->registers[i].number = i;
        m->registers[i].digests = (struct atls_mdigest_list){.items = &m->digests[i], .num = 1};
    }
    m->maps[0].values.has |= ATLS_HAS_REGISTERS;
    m->maps[0].values.registers =
        (struct atls_mregisters){.items = m->registers, .num = ATLS_QUOTE_NUM_RTMRS};
    put_raw(m, "mr_seam", td->mr_seam);
    put_raw(m, "mr_config_id", td->mr_config_id);
    put_raw(m, "mr_owner", td->mr_owner);
    put_raw(m, "mr_owner_config", td->mr_owner_config);
    put_raw(m, "xfam", td->xfam_octets);
    if (td->is_1_5) {
        put_raw(m, "mr_servicetd", td->mr_service_td);
    }
}

enum atls_err atls_quote_measured_new(struct atls_quote_measured **out,
                                      const struct atls_quote_verified *verified,
                                      struct atls_diag *diag)
{
    const struct atls_quote_facts *facts = atls_quote_facts(verified);
    const bool is_td = facts->body.tee == ATLS_TEE_TDX;
    struct atls_quote_measured *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_APPRAISAL, "measured values");
    }
    m->environment.has_vendor = true;
    m->environment.vendor = atls_bytes_text(ATLS_INTEL_VENDOR);
    m->environment.has_model = true;
    m->environment.model = atls_bytes_text(is_td ? ATLS_INTEL_MODEL_TDX : ATLS_INTEL_MODEL_SGX);
    m->environment.instance = (struct atls_tagged){
        ATLS_TAG_BYTES, atls_bytes_of(facts->pck.ppid, sizeof facts->pck.ppid)};
    struct atls_measurement_map *first = add_map(m, NULL);
    first->values.has = ATLS_HAS_EXTENSIONS;
    put_platform(m, facts);
    if (is_td) {
        put_td(m, &facts->body.td);
    } else {
        put_enclave(m, &facts->body.enclave);
    }
    first->values.extensions =
        (struct atls_mextensions){.items = m->extensions, .num = m->num_extensions};
    *out = m;
    return ATLS_OK;
}

struct atls_claims atls_quote_measured_claims(const struct atls_quote_measured *measured,
                                              const struct atls_quote_verified *verified)
{
    const struct atls_claims claims = {
        .items = measured->claims,
        .num = measured->num_maps,
        .signer = atls_quote_root_key(verified),
        .labels = ATLS_LABELS_COMPARED,
    };
    return claims;
}
