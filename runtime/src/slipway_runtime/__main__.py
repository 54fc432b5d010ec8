"""`python -m slipway_runtime` and the program `slipway-runtime`."""

from slipway_runtime.cli import run as main

if __name__ == "__main__":
    main()
