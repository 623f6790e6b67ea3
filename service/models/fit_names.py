"""Writes `ordinary_words.txt`: `python -m service.models.fit_names`, a second.

Words that stand in lower case in the project's own texts (the labelled posts of the eval suite without the held-out
voices, the policy, the prompts, the taxonomy), so that a capital on them says nothing. Names hardly stand in lower case.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

WORDS = Path(__file__).with_name("ordinary_words.txt")
GIVEN = Path(__file__).with_name("given_names.txt")
LEAST = 1
SHORTEST = 2
_LOWER = re.compile(r"(?<![\w@./#-])[a-zà-ÿ]+(?![\w@/]|\.\w)")


def main() -> None:
    """Collect and write."""
    folder, counts = Path("eval/datasets"), Counter[str]()
    held = {line for line in (folder / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"}
    for path in sorted((folder / "posts").glob("voices_*.jsonl")):
        for row in map(json.loads, path.read_text("utf-8").strip("\n").split("\n")):
            if row["voice"] not in held and not _shouts_small(row["body"]):
                counts.update(_LOWER.findall(f"{row['title']}\n{row['body']}"))
    for path in [*Path("prompts").rglob("*.yaml"), *Path("prompts").rglob("*.md"), Path("README.md")]:
        counts.update(_LOWER.findall(path.read_text("utf-8")))
    words = sorted(word for word, n in counts.items() if n >= LEAST and len(word) >= SHORTEST)
    WORDS.write_text("\n".join(words) + "\n", "utf-8")
    print(f"{len(words)} words")


def _shouts_small(body: str) -> bool:
    """Whether a post is written without capitals: its names would pass for words."""
    starts = re.findall(r"[.!?]\s+(\w)", body)
    return not any(map(str.isupper, re.findall(r"\b\w", body))) or (bool(starts) and not any(map(str.isupper, starts)))


if __name__ == "__main__":
    main()
