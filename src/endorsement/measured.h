/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measured values (measurement-values-map of draft-ietf-rats-corim-11, 5.1.4.1.4.2), as they stand
 * in a CoRIM and as an appraiser makes them of Evidence; and how the two are compared (8).
 *
 * Lists are either encoded (of a CoRIM, checked when it was read) or C arrays (of Evidence).
 */
#ifndef ENDORSEMENT_MEASURED_H
#define ENDORSEMENT_MEASURED_H

#include "codec/cbor.h"
#include "endorsement/environment.h"

/* Which members there are. */
enum atls_measured_has {
    ATLS_HAS_VERSION = 1u << 0,
    ATLS_HAS_VERSION_SCHEME = 1u << 1,
    ATLS_HAS_SVN = 1u << 2,
    ATLS_HAS_DIGESTS = 1u << 3,
    ATLS_HAS_FLAGS = 1u << 4,
    ATLS_HAS_RAW = 1u << 5,
    ATLS_HAS_MAC = 1u << 6,
    ATLS_HAS_IP = 1u << 7,
    ATLS_HAS_SERIAL = 1u << 8,
    ATLS_HAS_UEID = 1u << 9,
    ATLS_HAS_UUID = 1u << 10,
    ATLS_HAS_NAME = 1u << 11,
    ATLS_HAS_CRYPTOKEYS = 1u << 12,
    ATLS_HAS_REGISTERS = 1u << 13,
    ATLS_HAS_RANGE = 1u << 14,
    ATLS_HAS_CERT_NUM = 1u << 15,
    ATLS_HAS_EXTENSIONS = 1u << 16
};

/* Flags, by their key in flags-map. */
enum atls_flag {
    ATLS_FLAG_CONFIGURED = 0,
    ATLS_FLAG_SECURE = 1,
    ATLS_FLAG_RECOVERY = 2,
    ATLS_FLAG_DEBUG = 3,
    ATLS_NUM_FLAGS = 11
};

/* One digest: the algorithm by its Named Information number, or by a name that has none here. */
struct atls_mdigest {
    int64_t number; /* 0: see name */
    struct atls_bytes name;
    struct atls_bytes value;
};
struct atls_mdigest_list {
    struct atls_cbor encoded; /* array; used when items is NULL */
    const struct atls_mdigest *items;
    size_t num;
};

struct atls_mkeys { /* cryptokeys */
    struct atls_cbor encoded;
    const struct atls_tagged *items;
    size_t num;
};

/* One integrity register: its name is a number or a text. */
struct atls_mregister {
    bool is_text;
    uint64_t number;
    struct atls_bytes text;
    struct atls_mdigest_list digests;
};
struct atls_mregisters {
    struct atls_cbor encoded; /* map */
    const struct atls_mregister *items;
    size_t num;
};

/* An integer, or a range whose open ends are INT64_MIN and INT64_MAX. */
struct atls_mrange {
    bool is_range;
    int64_t min;
    int64_t max;
};

/* What a profile adds under negative keys (Intel: spec of its profile); see intel.h. */
struct atls_mextension {
    int64_t key;
    uint64_t number;            /* of a number, such as isvsvn */
    struct atls_bytes octets;   /* octets or text */
    struct atls_mdigest digest; /* such as mrsigner */
    const struct atls_bytes *texts;
    size_t num_texts;
    const uint64_t *numbers; /* such as the sixteen SVNs of tcb-comp-svn */
    size_t num_numbers;
};
struct atls_mextensions {
    struct atls_cbor encoded; /* the whole measurement-values-map */
    const struct atls_mextension *items;
    size_t num;
};

struct atls_measured {
    uint32_t has;
    struct atls_bytes version;
    int64_t version_scheme;
    uint64_t svn;
    bool svn_is_min;
    struct atls_mdigest_list digests;
    uint16_t flags;     /* which are stated: bit n is flag n */
    uint16_t flags_set; /* which of these are true */
    struct atls_bytes raw;
    struct atls_bytes raw_mask; /* empty: every bit counts; else as long as raw */
    struct atls_bytes mac, ip, serial, ueid, uuid, name, cert_num;
    struct atls_mkeys cryptokeys;
    struct atls_mregisters registers;
    struct atls_mrange range;
    struct atls_mextensions extensions;
};

/* What is measured (mkey). */
enum atls_mkey_kind { ATLS_MKEY_NONE, ATLS_MKEY_UINT, ATLS_MKEY_TEXT, ATLS_MKEY_TAGGED };
struct atls_mkey {
    enum atls_mkey_kind kind;
    uint64_t number;
    struct atls_bytes text;
    struct atls_tagged tagged; /* 111 or 37; 601 and 602 of the dialect before 2025 */
};

struct atls_measurement_map {
    struct atls_mkey mkey;
    struct atls_measured values;
    struct atls_mkeys authorized_by; /* no items and no encoding: absent */
};

/* Members of lists; *cursor starts at 0. */
bool atls_mdigest_next(const struct atls_mdigest_list *list, size_t *cursor,
                       struct atls_mdigest *out);
bool atls_mkeys_next(const struct atls_mkeys *list, size_t *cursor, struct atls_tagged *out);
bool atls_mregister_next(const struct atls_mregisters *list, size_t *cursor,
                         struct atls_mregister *out);
size_t atls_mkeys_count(const struct atls_mkeys *list);

/* atls_mdigest_of reads [algorithm, octets] of any algorithm, known or not. */
bool atls_mdigest_of(const struct atls_cbor *item, struct atls_mdigest *out);
/* atls_tagged_of takes a tagged item apart; false when it is no tag. */
bool atls_tagged_of(const struct atls_cbor *item, struct atls_tagged *out);

/* The comparisons of section 8, each of one member: `c` is what is expected, `e` the Evidence. */
bool atls_mkey_matches(const struct atls_mkey *c, const struct atls_mkey *e);
bool atls_mdigests_match(const struct atls_mdigest_list *c, const struct atls_mdigest_list *e);
/*
 * atls_measured_matches is true when each member of `c` is in `e` and matches there. Extensions are
 * compared with the operators of Intel's profile (intel.h). Nothing stated matches nothing.
 */
bool atls_measured_matches(const struct atls_measured *c, const struct atls_measured *e);

#endif
