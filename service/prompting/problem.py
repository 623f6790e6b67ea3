"""What is wrong in a file of the prompts folder, said to whoever writes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.errors import InvalidPromptFile


@dataclass(frozen=True)
class Problem:
    """A mistake with its place and what to do about it."""

    file: Path
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}. {self.hint}"

    def error(self) -> InvalidPromptFile:
        """The same as an error."""
        return InvalidPromptFile(str(self.file), self.line, self.message, self.hint)

    @classmethod
    def of(cls, error: InvalidPromptFile) -> Problem:
        """A problem out of an error that was caught."""
        where, line = error.extra["file"], error.extra["line"]
        message = error.detail.removeprefix(f"{where}:{line}: ").removesuffix(f". {error.extra['hint']}")
        return cls(Path(str(where)), int(str(line)), message, str(error.extra["hint"]))
