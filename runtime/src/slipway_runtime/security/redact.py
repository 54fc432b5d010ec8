"""Takes secrets out of a string before it can reach a log, a termination message or an error.

URIs lose userinfo, query and fragment (a presigned URL carries its signature there). Texts of other
libraries lose the same from every URI in them, and whatever follows a word such as signature, token or
secret.
"""

from __future__ import annotations

import re

LONGEST = 300

_USERINFO = re.compile(r"(?<=://)[^/?#\s@]*@")
_QUERY = re.compile(r"(?<=[\w/.:%-])[?#][^\s\"'<>)]*")
_WORDS = re.compile(
    r"(?i)\b(?P<word>[\w-]*(?:signature|credential|password|secret|token|authorization|accesskeyid|stringtosign)[\w-]*)"
    r"(?P<between>\s*[\"']?\s*[=:>]\s*[\"']?)(?:bearer\s+|basic\s+)?[^\s\"'<>,;&]+"
)


def redact_uri(uri: str) -> str:
    """A URI without userinfo, query and fragment; printable ASCII; at most 300 characters."""
    bare = _USERINFO.sub("", uri)
    return _printable(re.split(r"[?#]", bare, maxsplit=1)[0])


def redact_text(text: str) -> str:
    """Any text without what looks like a secret; printable ASCII; at most 300 characters."""
    bare = _USERINFO.sub("", text)
    bare = _QUERY.sub("?…", bare)
    return _printable(_WORDS.sub(r"\g<word>\g<between>…", bare))


def _printable(text: str) -> str:
    shown = "".join(c if " " <= c <= "~" else ("..." if c == "…" else " ") for c in text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
