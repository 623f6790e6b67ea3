"""The kill switches at run time: the API, the command line and the page all call this."""

from __future__ import annotations

from datetime import datetime

from service.database import Database
from service.errors import Conflict, InvalidInput, NotFound
from service.models import switches
from service.models.switches import FEATURES, Switch, Switches
from service.review import audit


def switch(
    database: Database, known: Switches, feature: str, *, on: bool, reason: str, by: str, now: datetime
) -> Switch:
    """Let a feature ask models, or stop it, in every process within a second. Leaves a link in the audit log.

    What it asked already goes on. Where the switch stands so already, nothing changes. Raises NotFound for an unknown
    feature, InvalidInput without a reason, Conflict for one that a setting has switched off for good.
    """
    if feature not in FEATURES:
        raise NotFound(f"there is no such feature; there are {', '.join(FEATURES)}", field="feature")
    if not reason.strip():
        raise InvalidInput("a switch is moved for a reason", field="reason")
    before = _state(known, feature)
    if not before.by_setting:
        raise Conflict(f"{feature} is switched off by a setting; change that and start again", reason="setting")
    if on == before.on:
        return before
    with database.write() as session:
        switches.put(session, feature, on, by, reason.strip(), now)
        facts = {"before": before.on, "after": on}
        audit.append(
            session, actor=by, act="switch", subject=f"feature:{feature}", facts=facts, text=reason.strip(), now=now
        )
    known.forget()
    return _state(known, feature)


def _state(known: Switches, feature: str) -> Switch:
    return next(state for state in known.states() if state.feature == feature)
