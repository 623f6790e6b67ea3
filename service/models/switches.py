"""The kill switch of each feature that asks models: by setting for good, by a row in SQL at once and for every process."""

from __future__ import annotations

import threading
import time

import sqlalchemy as sa

from service.clock import Clock, new_id
from service.database import Database
from service.errors import FeatureOff
from service.models.tables import ModelSwitchRow
from service.settings import Settings

READ_EVERY_S = 1.0


class Switches:
    """Whether a feature may ask models. Where it may not, people do without: nothing is ever decided by the switch."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._by_setting = {
            "draft": settings.drafts_enabled,
            "flags": settings.flag_reader_enabled,
            "tags": settings.tag_reader_enabled,
        }
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._rows: dict[str, bool] = {}

    def check(self, feature: str) -> None:
        """Raises FeatureOff where the feature is switched off; knows of a change within a second."""
        if not self._by_setting.get(feature, True) or not self._current().get(feature, True):
            raise FeatureOff(f"model calls for {feature} are switched off")

    def set(self, feature: str, enabled: bool, *, by: str, reason: str) -> None:
        """Switch a feature off or on for every process. `draft`, `flags` and `tags` are the service's own features."""
        with self._database.write() as session:
            row = ModelSwitchRow(id=new_id(), feature=feature, enabled=enabled, by=by, reason=reason, at=self._clock())
            session.add(row)
        with self._lock:
            self._read_at = float("-inf")

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
