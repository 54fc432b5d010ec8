"""Where a request runs: at once on the event loop, or on a few threads behind a bounded queue."""
