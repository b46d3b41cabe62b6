# SPDX-License-Identifier: Apache-2.0
"""A small TLS 1.3 peer that attests, appraises and, on request, misbehaves.

Written from RFC 8446 / RFC 9846, RFC 9783, RFC 9999 and the TPM 2.0 structures alone, so that it
is a second opinion on what the C code puts on the wire.  It borrows every primitive from
python3-cryptography and is for tests on loopback only: nothing here runs in constant time.
"""
