"""Which licences let anybody keep a copy of a picture, and what is said beside it."""

import re

_VERSION = r"(?:[ -]?[1-4](?:\.[05])?)?(?: (?:international|unported|generic|universal|[a-z]{2}))?"
_TERMS = r"by(?:[ -](?:sa|nd|nc(?:[ -](?:sa|nd))?))?"
_WORDS = (
    r"attribution(?:[ -]non ?commercial)?(?:[ -](?:share ?alike|no ?deriv(?:ative)?s(?: works)?))?"
)
OPEN = re.compile(
    rf"(?:cc[ -]?0|cc[ -]zero|creative commons zero){_VERSION}(?: public domain dedication)?"
    r"|(?:in )?(?:the )?public domain(?: mark)?(?: 1\.0)?|cc[ -]?pd[m]?|pd|pdm(?: 1\.0)?|gemeinfrei"
    r"|no (?:known )?copyright(?: restrictions)?"
    rf"|cc[ -]{_TERMS}{_VERSION}"
    rf"|(?:creative commons )?{_WORDS}{_VERSION}(?: licen[cs]e)?"
    rf"|(?:https?://)?(?:www\.)?creativecommons\.org/(?:licenses/{_TERMS}|publicdomain/(?:zero|mark))"
    r"(?:/[\w.]+)*/?",
    re.ASCII,
)
"""Creative Commons' licences and dedications, and the public domain, however they are written: all
of them let one copy and share. The whole value must say so: nothing is read out of a sentence."""


def is_open(licence: str) -> bool:
    """Whether a licence, as a collection writes it, lets anybody keep a copy."""
    return OPEN.fullmatch(" ".join(licence.casefold().replace("_", " ").split())) is not None


def attribution(*, title: str, creator: str, year: str, licence: str, link: str) -> str:
    """What stands beside a copy: title, creator, licence and source (Creative Commons' TASL)."""
    work = ", ".join(filter(None, [title, creator, year]))
    return ". ".join(filter(None, [work, licence, link]))
