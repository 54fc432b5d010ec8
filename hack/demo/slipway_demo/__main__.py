"""`hack/demo/demo` runs this."""

import sys

from slipway_demo.cli import main

if __name__ == "__main__":
    sys.exit(main())
