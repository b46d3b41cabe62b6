/* SPDX-License-Identifier: Apache-2.0 */
/* What Intel signs of a platform, with one member wrong, signed anew: the PCK certificate's
 * extension, TCB info, the identity of the quoting enclave, and the bundle around these. */
#ifndef MUTATION_PLATFORM_H
#define MUTATION_PLATFORM_H

#include "mutation/format.h"
#include "support/quote_maker.h"

/* The fields of mutation_pck_chain: members of the extension by their names of Intel's profile
 * (SGX PCK Certificate and CRL Profile, 1.3.5), each a vector of DER; then what certificates say
 * as others do, of it and of its authority. */
#define MUTATION_PCK_COMPONENTS(X)                                                                 \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)
#define MUTATION_PCK_COMPONENT(n) {"pck.TCB.COMP" #n, VALUE_VEC16},
#define MUTATION_PCK_FIELDS                                                                        \
    {"pck", VALUE_VEC16}, {"pck.PPID", VALUE_VEC16}, {"pck.TCB", VALUE_VEC16},                     \
        MUTATION_PCK_COMPONENTS(MUTATION_PCK_COMPONENT){"pck.TCB.PCESVN", VALUE_VEC16},            \
        {"pck.TCB.CPUSVN", VALUE_VEC16}, {"pck.PCEID", VALUE_VEC16}, {"pck.FMSPC", VALUE_VEC16},   \
        {"pck.SGXType", VALUE_VEC16}, {"pck.PlatformInstanceID", VALUE_VEC16},                     \
        {"pck.Configuration", VALUE_VEC16}, {"pck.Configuration.DynamicPlatform", VALUE_VEC16},    \
        {"pck.Configuration.CachedKeys", VALUE_VEC16},                                             \
        {"pck.Configuration.SMTEnabled", VALUE_VEC16}, {"pck.subject", VALUE_BIT},                 \
        {"pck.notBefore", VALUE_BIT}, {"pck.notAfter", VALUE_BIT}, {"pck.keyUsage", VALUE_BIT},    \
        {"pck.basicConstraints", VALUE_BIT}, {"ca.subject", VALUE_BIT},                            \
        {"ca.notAfter", VALUE_BIT}, {"ca.keyUsage", VALUE_BIT},                                    \
        {"ca.basicConstraints", VALUE_BIT},                                                        \
    {                                                                                              \
        "ca.signature", VALUE_BIT                                                                  \
    }

/* mutation_pck_chain gives the PEM of the chain of `t`, with the PCK certificate issued anew. */
const char *mutation_pck_chain(const struct test_quote *t, struct value_change *change);

/* mutation_collateral gives the bundle of `t`. Fields are paths behind "tcbInfo",
 * "enclaveIdentity", whose signatures are made anew, and "bundle"; or lists of revoked certificates
 * that are issued anew. */
struct atls_bytes mutation_collateral(const struct test_quote *t, struct value_change *change);

#endif
