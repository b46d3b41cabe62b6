# SPDX-License-Identifier: Apache-2.0
# COSE is tested with real signatures too.
set(codec_links test_support room_crypto)
