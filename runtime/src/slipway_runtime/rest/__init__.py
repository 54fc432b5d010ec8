"""HTTP: the only layer that knows status codes, headers and paths.

httptools parses and uvloop moves the bytes, as in uvicorn; what lies between is ours (connection, server),
because an ASGI server's task, events and dictionaries cost three times as much per request as a small
model, and because a drain that loses nothing needs the listener and every connection in its own hands.
"""
