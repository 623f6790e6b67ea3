"""The kill switch of each feature that asks models: by setting for good, by a row in SQL at once and for every process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.database import Database
from service.errors import FeatureOff
from service.models.tables import ModelSwitchRow
from service.settings import Settings

FEATURES = {
    "draft": "writing drafts",
    "flags": "reading posts against the policy",
    "tags": "checking tags",
    "support": "reading a draft's citations a second time",
}
"""The service's own features, and what models do for each."""
READ_EVERY_S = 1.0


@dataclass(frozen=True)
class Switch:
    """How the switch of a feature stands: whether models may be asked, whether the settings leave that open (`by_setting`),
    and who moved it last at run time, when and why; None where nobody did."""

    feature: str
    on: bool
    by_setting: bool
    by: str | None = None
    reason: str | None = None
    at: datetime | None = None


class Switches:
    """Whether a feature may ask models. Where it may not, people do without: nothing is ever decided by the switch."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._by_setting = {
            "draft": settings.drafts_enabled,
            "flags": settings.flag_reader_enabled,
            "tags": settings.tag_reader_enabled,
        }
        self._database = database
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._rows: dict[str, bool] = {}

    def check(self, feature: str) -> None:
        """Raises FeatureOff where the feature is switched off; knows of a change within a second."""
        if not self._by_setting.get(feature, True) or not self._current().get(feature, True):
            raise FeatureOff(f"model calls for {feature} are switched off")

    def states(self) -> list[Switch]:
        """How the switch of every feature of the service stands now."""
        query = sa.select(ModelSwitchRow).order_by(ModelSwitchRow.at, ModelSwitchRow.id)
        with self._database.read() as session:
            newest = {row.feature: row for row in session.scalars(query)}
            return [self._state(feature, newest.get(feature)) for feature in FEATURES]

    def forget(self) -> None:
        """Read anew at the next question; the process that moved a switch need not wait."""
        with self._lock:
            self._read_at = float("-inf")

    def _state(self, feature: str, row: ModelSwitchRow | None) -> Switch:
        by_setting = self._by_setting.get(feature, True)
        if row is None:
            return Switch(feature, by_setting, by_setting)
        return Switch(feature, by_setting and row.enabled, by_setting, row.by, row.reason, row.at)

    def _current(self) -> dict[str, bool]:
        with self._lock:
            if time.monotonic() - self._read_at >= READ_EVERY_S:
                query = sa.select(ModelSwitchRow.feature, ModelSwitchRow.enabled).order_by(
                    ModelSwitchRow.at, ModelSwitchRow.id
                )
                with self._database.read() as session:
                    self._rows = {row.feature: row.enabled for row in session.execute(query)}
                self._read_at = time.monotonic()
            return self._rows


def put(session: Session, feature: str, enabled: bool, by: str, reason: str, now: datetime) -> None:
    """Switch a feature off or on for every process, in the caller's transaction."""
    session.add(ModelSwitchRow(id=new_id(), feature=feature, enabled=enabled, by=by, reason=reason, at=now))
