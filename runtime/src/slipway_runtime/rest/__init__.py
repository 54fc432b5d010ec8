"""HTTP: the only layer that knows status codes, headers, paths and ASGI."""
