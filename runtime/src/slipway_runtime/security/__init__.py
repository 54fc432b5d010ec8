"""Checks on what comes from outside: digests, paths, addresses, model files; redaction of secrets."""
