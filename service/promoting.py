"""Moving labels: backwards at once, forwards through a gate run whose verdict moves the label.

`production` moves forward to a version it has never pointed at only when the gate has measured it. The gate is the
eval suite, with the cases that people accepted, on completions recorded for that version; it runs as a durable job, in a
process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.clock import Clock, new_id, rfc3339
from service.database import Database
from service.errors import Conflict, InvalidInput, NotFound
from service.feedback import case_files
from service.jobs import GATES, Jobs
from service.models.calls import is_local, model_list
from service.prompting import library, lock
from service.prompting.labels import PRODUCTION, Labels, Move
from service.prompting.tables import PromptGateRow
from service.settings import Settings
from service.shadowing import LEAST_PAIRS, compared

GATE_S = 3600
Judge = Callable[[str, str, list[str]], dict[str, Any]]
"""(name, version, models) → `{"verdict": "passed" | "failed" | "unmeasured", "because": …, …}`."""


@dataclass(frozen=True)
class Asked:
    """What asking for a move came to: the move, or the gate run that will decide."""

    move: Move | None = None
    gate: dict[str, Any] | None = None


class Promotions:
    """Moves labels of prompts, policies and taxonomies."""

    def __init__(
        self, settings: Settings, database: Database, labels: Labels, jobs: Jobs, clock: Clock,
        judge: Judge | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._database = database
        self._labels = labels
        self._jobs = jobs
        self._clock = clock
        self._judge = judge or self._in_own_process

    def move(
        self, name: str, label: str, version: str, *, by: str, reason: str, override: bool = False, model: str = ""
    ) -> Asked:
        """Move a label, or start the gate run that may.

        Raises NotFound for an unknown version, Conflict for one that is not released, for a gate run under way, and for
        an override where the newest gate run did not end `unmeasured`; InvalidInput for an override without a reason.
        """
        folder = self._settings.prompts_dir
        library.path_of(folder, name, version)
        current = self._labels.find(name, label)
        free = label != PRODUCTION or current in (None, version) or self._labels.was_live(name, version)
        if free:
            return Asked(move=self._labels.move(name, label, version, by=by, reason=reason))
        if not lock.is_released(folder, name, version):
            raise Conflict(f"{name} {version} is not released; run `answerloop prompts release {name}` first")
        newest = next(iter(self.gates(name, version, limit=1)), None)
        if override:
            if not reason.strip():
                raise InvalidInput("an override needs a reason", field="reason")
            if newest is None or newest["verdict"] != "unmeasured":
                raise Conflict("only a version whose gate run ended `unmeasured` can be moved by an override")
            return Asked(move=self._labels.move(name, label, version, by=by, reason=f"override: {reason.strip()}"))
        if newest is not None and newest["state"] != "done":
            raise Conflict("a gate run on this version is under way", gate_id=newest["id"])
        return Asked(gate=self._start(name, version, current, by, reason, model))

    def run_gate(self, gate_id: str) -> str:
        """The job of a gate run: judge, write the verdict down, move the label where it passed."""
        with self._database.write() as session:
            row = session.get(PromptGateRow, gate_id)
            if row is None or row.state == "done":
                return gate_id
            row.state = "running"
            name, version, before = row.name, row.version, row.from_version
            models, by = model_list(row.model), row.by
        try:
            report = self._judge(name, version, list(models))
        except Exception as failure:
            report = {"verdict": "unmeasured", "because": f"the gate run broke: {type(failure).__name__}"}
        report |= self._beside(name, before, version, report)
        if report["verdict"] == "passed" and self._labels.find(name, PRODUCTION) not in (before, version):
            report |= {"verdict": "overtaken", "because": "production was moved while the gate ran; ask again"}
        if report["verdict"] == "passed":
            self._labels.move(name, PRODUCTION, version, by=by, reason=f"gate {gate_id}: {report['because']}"[:500])
        with self._database.write() as session:
            row = session.get(PromptGateRow, gate_id)
            if row is not None:
                row.state, row.verdict, row.report, row.finished_at = "done", report["verdict"], report, self._clock()
        return gate_id

    def _beside(self, name: str, before: str | None, version: str, report: dict[str, Any]) -> dict[str, Any]:
        """What the shadow runs of the two versions say; enough of them that show no gain fail a version that passed."""
        with self._database.read() as session:
            shadow = compared(session, name, before or "", version, self._settings.shadow_margin)
        found: dict[str, Any] = {"shadow": shadow}
        if report["verdict"] == "passed" and shadow["n"] >= LEAST_PAIRS and not shadow["may_be_promoted"]:
            because = f"the gain over {shadow['n']} shadow runs is not above {shadow['margin']:g} for certain"
            found |= {"verdict": "failed", "because": because}
        return found

    def gates(self, name: str, version: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
        """Gate runs of a name, newest first."""
        query = sa.select(PromptGateRow).where(PromptGateRow.name == name).order_by(PromptGateRow.id.desc())
        if version is not None:
            query = query.where(PromptGateRow.version == version)
        with self._database.read() as session:
            return [shown(row) for row in session.scalars(query.limit(limit))]

    def gate(self, gate_id: str) -> dict[str, Any]:
        """One gate run. Raises NotFound."""
        with self._database.read() as session:
            row = session.get(PromptGateRow, gate_id)
            if row is None:
                raise NotFound("there is no such gate run", field="gate_id")
            return shown(row)

    def models_for(self, name: str) -> tuple[str, ...]:
        """The models that are asked this prompt in production."""
        settings = self._settings
        if name in ("draft_small", "draft_answer"):
            return tuple(m for m in model_list(settings.draft_model) if is_local(m) == (name == "draft_small"))
        asked = {
            "flag_post": settings.flag_model,
            "check_tags": settings.tag_model,
            "check_support": settings.nli_model,
        }
        return model_list(asked.get(name, ""))

    def _start(self, name: str, version: str, before: str | None, by: str, reason: str, model: str) -> dict[str, Any]:
        row = PromptGateRow(
            id=new_id(), name=name, version=version, from_version=before,
            model=model or ",".join(self.models_for(name)), state="waiting", verdict=None, report={}, by=by,
            reason=reason, created_at=self._clock(), finished_at=None,
        )  # fmt: skip
        with self._database.write() as session:
            session.add(row)
            session.flush()
            self._jobs.enqueue(session, GATES, "run_gate", f"gate-{row.id}", row.id)
            return shown(row)

    def _in_own_process(self, name: str, version: str, models: list[str]) -> dict[str, Any]:
        command = [sys.executable, "-m", "eval.promotion", name, version, "--models", ",".join(models)]
        command += ["--prompts", str(self._settings.prompts_dir.resolve())]
        command += ["--against", self._labels.find(name, PRODUCTION) or ""]
        with self._database.read() as session:
            accepted = case_files.write(session, None, self._settings.data_dir / "cases" / case_files.EVERY)
        command += ["--data", str(accepted.resolve())]
        env = os.environ | {"DATA_DIR": str(self._settings.data_dir.resolve())}
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GATE_S, check=False
        )
        lines = done.stdout.strip().splitlines()
        if done.returncode != 0 or not lines:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return {"verdict": "unmeasured", "because": f"the gate run broke: {last[:300]}"}
        found: dict[str, Any] = json.loads(lines[-1])
        return found


def shown(row: PromptGateRow) -> dict[str, Any]:
    """A gate run as the API shows it."""
    return {
        "id": row.id, "name": row.name, "version": row.version, "from_version": row.from_version, "model": row.model,
        "state": row.state, "verdict": row.verdict, "report": row.report, "by": row.by, "reason": row.reason,
        "created_at": rfc3339(row.created_at), "finished_at": rfc3339(row.finished_at) if row.finished_at else None,
    }  # fmt: skip
