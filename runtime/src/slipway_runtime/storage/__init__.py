"""Where models come from: one module per kind of URI, and what turns a fetch into all or nothing."""
