"""Takes secrets out of a string before it can reach a log, a termination message or an error.

URIs lose userinfo, query and fragment (a presigned URL carries its signature there). A password often holds
characters that should have been percent-encoded, '/' above all: so everything up to the last '@' goes, where
what stands before it is not simply a host, with or without a port, and a path. Texts of other libraries lose
the same from every URI in them, and whatever follows a word such as signature, token or secret.
"""

from __future__ import annotations

import re

LONGEST = 300

_CREDENTIALS = r"(?:(?!\[)[^\s/?#:]*:(?!\d{1,5}[/?#])\S*@|[^/\s]*@)"
_USERINFO = re.compile(r"(?<=://)" + _CREDENTIALS)
_URI_USERINFO = re.compile(r"^(?P<before>(?>(?:[A-Za-z][\w+.-]*:(?=/))?/{0,2}))" + _CREDENTIALS)
_QUERY = re.compile(r"(?<=[\w/.:%-])[?#][^\s\"'<>)]+")
_WORDS = re.compile(
    r"(?i)\b(?P<word>[\w-]*(?:signature|credential|password|secret|token|authorization|accesskeyid|stringtosign)[\w-]*)"
    r"(?P<between>\s*[\"']?\s*[=:>]\s*[\"']?)(?:bearer\s+|basic\s+)?[^\s\"'<>,;&]+"
)


def redact_uri(uri: str) -> str:
    """A URI without userinfo, query and fragment; printable ASCII; at most 300 characters."""
    bare = _URI_USERINFO.sub(r"\g<before>", uri)
    return _printable(re.split(r"[?#]", bare, maxsplit=1)[0])


def redact_text(text: str) -> str:
    """Any text without what looks like a secret; printable ASCII; at most 300 characters."""
    bare = _USERINFO.sub("", text)
    bare = _QUERY.sub("?…", bare)
    return _printable(_WORDS.sub(r"\g<word>\g<between>…", bare))


def _printable(text: str) -> str:
    shown = "".join(c if " " <= c <= "~" else ("..." if c == "…" else " ") for c in text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
