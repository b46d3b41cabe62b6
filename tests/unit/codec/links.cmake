# SPDX-License-Identifier: Apache-2.0
# COSE is tested with real signatures too.
set(codec_links room_crypto)
