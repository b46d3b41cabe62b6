# SPDX-License-Identifier: Apache-2.0
# What is installed: libatls, libatls-tpm2, libatls-sim, the program, headers, pkg-config.
