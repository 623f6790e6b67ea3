"""Whether a member's edit says anything else: what decides if a post is read again."""

from __future__ import annotations

import re
import unicodedata

from service.intake.post import NewPost

_SUBSTANCE = re.compile(r"\w+(?:[^\s\w]+\w+)*|[^\s\w.,;!?'\"’“”()*`>#-]")
"""Words, with what glues them together (`x.com`, `don't`), and every other sign that may mean something: an emoji, an @."""


def significant(before: NewPost, after: NewPost) -> bool:
    """Whether the words of an edited post, or signs that may stand for words, differ from those before.

    Space, capitals, emphasis and punctuation between words do not count. A changed letter does: it makes another word.
    Looks at the fields as sent, so that what is hidden from people's eyes counts too.
    """
    if (before.format, before.kind) != (after.format, after.kind):
        return True
    return _substance(before.title) != _substance(after.title) or _substance(before.body) != _substance(after.body)


def _substance(text: str) -> list[str]:
    return _SUBSTANCE.findall(unicodedata.normalize("NFC", text).casefold())
