"""One strategy per file: `(spec, observed, now) -> Decision`."""
