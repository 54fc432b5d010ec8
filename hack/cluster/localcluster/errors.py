"""The one error a user sees: a sentence with the value, the limit and the remedy."""


class ClusterError(Exception):
    """What went wrong and what to do about it; printed without a traceback."""
