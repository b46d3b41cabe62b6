/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that TDX and SGX have alike, at the head of their tables and in this order. */
#ifndef APPRAISER_INTEL_RULES_H
#define APPRAISER_INTEL_RULES_H

#include "appraiser/intel/measured.h"
#include "appraiser/outcome.h"

enum atls_quote_rule {
    ATLS_QUOTE_RULE_GOOD,
    ATLS_QUOTE_RULE_SW_HARDENING,
    ATLS_QUOTE_RULE_CONFIGURATION,
    ATLS_QUOTE_RULE_CONFIGURATION_AND_SW_HARDENING,
    ATLS_QUOTE_RULE_RELAUNCH,
    ATLS_QUOTE_RULE_RELAUNCH_CONFIGURATION,
    ATLS_QUOTE_RULE_OUT_OF_DATE,
    ATLS_QUOTE_RULE_OUT_OF_DATE_CONFIGURATION,
    ATLS_QUOTE_RULE_DEBUG,
    ATLS_QUOTE_RULE_RESERVED,
    ATLS_QUOTE_RULE_CONFIG_ID,
    ATLS_QUOTE_RULE_OTHER_CODE,
    ATLS_QUOTE_RULE_NO_REFERENCES,
    ATLS_NUM_QUOTE_RULES
};

/*
 * draft-ietf-rats-ar4si-10, 2.3.4: hardware 32, genuine with known vulnerabilities; hardware 96,
 * its trustworthiness is contraindicated; configuration 32, known vulnerabilities. OutOfDate is
 * contraindicated, so that who lives with what cannot be patched (a warning) does not take what has
 * not been.
 */
#define ATLS_QUOTE_VECTOR_HW                                                                       \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE                                           \
        }                                                                                          \
    }
#define ATLS_QUOTE_VECTOR_CONFIG                                                                   \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE                                        \
        }                                                                                          \
    }
#define ATLS_QUOTE_VECTOR_BOTH                                                                     \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE, [ATLS_TRUST_HARDWARE] =               \
                                                                 ATLS_HARDWARE_UNSAFE              \
        }                                                                                          \
    }
#define ATLS_QUOTE_VECTOR_OLD                                                                      \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_CONTRAINDICATED                                  \
        }                                                                                          \
    }
#define ATLS_QUOTE_VECTOR_OLD_CONFIG                                                               \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE, [ATLS_TRUST_HARDWARE] =               \
                                                                 ATLS_HARDWARE_CONTRAINDICATED     \
        }                                                                                          \
    }
#define ATLS_QUOTE_VECTOR_CODE                                                                     \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED                               \
        }                                                                                          \
    }
/* What is open for debugging hides nothing from its host. */
#define ATLS_QUOTE_VECTOR_DEBUG                                                                    \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE, [ATLS_TRUST_RUNTIME_OPAQUE] =         \
                                                                 ATLS_RUNTIME_VISIBLE              \
        }                                                                                          \
    }
#define ATLS_QUOTE_VECTOR_RESERVED                                                                 \
    {                                                                                              \
        {                                                                                          \
            [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNACCEPTABLE                                  \
        }                                                                                          \
    }

/* clang-format off */
#define ATLS_QUOTE_RULES(debug, reserved, config)                                                  \
    [ATLS_QUOTE_RULE_SW_HARDENING] =                                                               \
        {"TCB status SWHardeningNeeded", ATLS_ERR_LIFECYCLE, ATLS_QUOTE_VECTOR_HW},                \
    [ATLS_QUOTE_RULE_CONFIGURATION] =                                                              \
        {"TCB status ConfigurationNeeded", ATLS_ERR_LIFECYCLE, ATLS_QUOTE_VECTOR_CONFIG},          \
    [ATLS_QUOTE_RULE_CONFIGURATION_AND_SW_HARDENING] =                                             \
        {"TCB status ConfigurationAndSWHardeningNeeded", ATLS_ERR_LIFECYCLE,                       \
         ATLS_QUOTE_VECTOR_BOTH},                                                                  \
    [ATLS_QUOTE_RULE_RELAUNCH] =                                                                   \
        {"TCB status TDRelaunchAdvised", ATLS_ERR_LIFECYCLE, ATLS_QUOTE_VECTOR_HW},                \
    [ATLS_QUOTE_RULE_RELAUNCH_CONFIGURATION] =                                                     \
        {"TCB status TDRelaunchAdvisedConfigurationNeeded", ATLS_ERR_LIFECYCLE,                    \
         ATLS_QUOTE_VECTOR_BOTH},                                                                  \
    [ATLS_QUOTE_RULE_OUT_OF_DATE] =                                                                \
        {"TCB status OutOfDate", ATLS_ERR_LIFECYCLE, ATLS_QUOTE_VECTOR_OLD},                       \
    [ATLS_QUOTE_RULE_OUT_OF_DATE_CONFIGURATION] =                                                  \
        {"TCB status OutOfDateConfigurationNeeded", ATLS_ERR_LIFECYCLE,                            \
         ATLS_QUOTE_VECTOR_OLD_CONFIG},                                                            \
    [ATLS_QUOTE_RULE_DEBUG] = {debug, ATLS_ERR_DEBUG, ATLS_QUOTE_VECTOR_DEBUG},                    \
    [ATLS_QUOTE_RULE_RESERVED] = {reserved, ATLS_ERR_CLAIM, ATLS_QUOTE_VECTOR_RESERVED},           \
    [ATLS_QUOTE_RULE_CONFIG_ID] = {config, ATLS_ERR_CLAIM, ATLS_QUOTE_VECTOR_CONFIG},              \
    [ATLS_QUOTE_RULE_OTHER_CODE] =                                                                 \
        {"no reference value is met by what is measured", ATLS_ERR_REFERENCE_VALUES,               \
         ATLS_QUOTE_VECTOR_CODE},                                                                  \
    [ATLS_QUOTE_RULE_NO_REFERENCES] =                                                              \
        {"no reference values are loaded", ATLS_ERR_REFERENCE_VALUES, ATLS_QUOTE_VECTOR_CODE}
/* clang-format on */

/* judge.c. What Intel's collateral says, and whether the code is that of a reference value. */
void atls_quote_judge_tcb(struct atls_submod *submod, const struct atls_appraiser_rule *rules,
                          const struct atls_quote_facts *facts,
                          const struct atls_quote_measured *measured);
void atls_quote_judge_code(struct atls_submod *submod, const struct atls_appraiser_rule *rules,
                           const struct atls_quote_references *references, const char *claim,
                           struct atls_bytes found);
/* atls_quote_judge_claim lowers by one rule, of a claim whose octets are shown. */
void atls_quote_judge_claim(struct atls_submod *submod, const struct atls_appraiser_rule *rule,
                            const char *claim, struct atls_bytes found, const char *expected);

#endif
