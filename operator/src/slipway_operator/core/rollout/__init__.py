"""One strategy per file: `(spec, observed, revisions, now) -> Course`."""
