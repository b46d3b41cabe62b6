#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An independent TLS 1.3 peer that attests, appraises and misbehaves on request: see README.md."""

import sys

from tlspeer import options

if __name__ == "__main__":
    sys.exit(options.main(sys.argv[1:]))
