/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files on certificates. */
#ifndef INSPECT_X509_H
#define INSPECT_X509_H

#include "inspect/der.h"
#include "inspect/formats.h"

inspect_explain inspect_x509_name;
inspect_explain inspect_x509_extensions; /* SEQUENCE OF Extension */

#endif
