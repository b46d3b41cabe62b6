/* SPDX-License-Identifier: Apache-2.0 */
#include "atls/version.h"

uint32_t atls_version(void)
{
    return ATLS_VERSION_HEX;
}
