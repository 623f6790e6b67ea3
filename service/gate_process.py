"""A gate of the eval suite, run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

GATE_S = 1800


def verdict_of(module: str, arguments: Sequence[Path | str], data_dir: Path) -> dict[str, Any]:
    """What `python -m module` says in its last line: `{"verdict": …, "because": …}`; `unmeasured` where it cannot run.

    The process finds the bundled models below `data_dir`, also where only a file of settings names that folder.
    """
    env = os.environ | {"DATA_DIR": str(data_dir.resolve())}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GATE_S, env=env, check=True)
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.SubprocessError, OSError, ValueError, IndexError) as failure:
        return {"verdict": "unmeasured", "because": f"the gate did not run: {type(failure).__name__}"}
    return found
