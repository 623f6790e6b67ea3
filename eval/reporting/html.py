"""placeholder"""

from pathlib import Path
from typing import Any


def write(path: Path, *a: Any) -> Path:
    return path
