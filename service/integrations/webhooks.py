"""Signed webhooks (Standard Webhooks): written with the event's own transaction, delivered by a durable job.

Every attempt carries the same `webhook-id`, so that a receiver can drop repeats. Redirects are not followed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from service.clock import Clock, new_id, rfc3339
from service.database import Database
from service.errors import AnswerloopError, InvalidInput, NotFound
from service.integrations.events import Event
from service.integrations.tables import WebhookDeliveryRow, WebhookEndpointRow
from service.integrations.targets import check_url, resolve
from service.jobs import WEBHOOKS, Jobs
from service.settings import Settings

TIMEOUT_S = 10.0
RETRY_AFTER_S = (5, 30, 120, 600, 1_800, 7_200, 21_600, 86_400)
"""Seconds before each further attempt; after the last one the delivery has failed."""
EVENTS: tuple[str, ...] = get_args(Event)


@dataclass(frozen=True)
class Webhooks:
    """Announces events and delivers them."""

    database: Database
    jobs: Jobs
    settings: Settings
    clock: Clock

    def add(self, session: Session, site: str, url: str, secret: str, events: list[str]) -> str:
        """Register an endpoint. Raises InvalidInput for a bad URL, secret or event name."""
        check_url(url, allow_private=self.settings.webhook_allow_private)
        try:
            Webhook(secret)
        except Exception as failure:  # the library raises errors of several trees
            raise InvalidInput("the secret is `whsec_` and base64", field="secret") from failure
        for event in events:
            if event not in EVENTS:
                raise InvalidInput(f"events are {', '.join(EVENTS)}", field="events")
        row = WebhookEndpointRow(
            id=new_id(), site=site, url=url, secret=secret, events=events, created_at=self.clock(), disabled_at=None
        )
        session.add(row)
        session.flush()
        return row.id

    def ensure_configured(self, site: str) -> None:
        """Make the endpoint that the settings name, once."""
        url, secret = self.settings.webhook_url, self.settings.webhook_secret.get_secret_value()
        if not url:
            return
        with self.database.write() as session:
            known = sa.select(WebhookEndpointRow).where(
                WebhookEndpointRow.url == url, WebhookEndpointRow.disabled_at.is_(None)
            )
            row = session.scalar(known)
            if row is None:
                self.add(session, "*", url, secret, [])
            else:
                row.secret = secret

    def announce(self, session: Session, site: str, event: str, data: dict[str, Any]) -> None:
        """Write a delivery for every endpoint of the site that wants the event, and its job, in the caller's transaction."""
        now = self.clock()
        for endpoint in listening(session, site, event):
            payload = {"type": event, "timestamp": rfc3339(now), "data": data | {"site": site}}
            row = WebhookDeliveryRow(
                id=new_id(), endpoint_id=endpoint.id, event=event, payload=payload, state="waiting", attempts=0,
                last_status=None, last_error=None, created_at=now, delivered_at=None,
            )  # fmt: skip
            session.add(row)
            session.flush()
            self.jobs.enqueue(session, WEBHOOKS, "deliver_webhook", f"webhook-{row.id}-0", row.id)

    def replay(self, session: Session, delivery_id: str) -> None:
        """Send a delivery again, under the same id. Raises NotFound."""
        row = session.get(WebhookDeliveryRow, delivery_id)
        if row is None:
            raise NotFound("there is no such delivery", field="delivery_id")
        row.state = "waiting"
        self.jobs.enqueue(session, WEBHOOKS, "deliver_webhook", f"webhook-{row.id}-replay-{new_id()}", row.id)

    def deliver(self, delivery_id: str) -> str:
        """One attempt; a failed one enqueues the next. Returns the delivery's state."""
        with self.database.read() as session:
            row = session.get(WebhookDeliveryRow, delivery_id)
            endpoint = session.get(WebhookEndpointRow, row.endpoint_id) if row is not None else None
        if row is None or endpoint is None or row.state == "delivered":
            return "gone"
        status, error = self._send(endpoint, row)
        now = self.clock()
        with self.database.write() as session:
            current = session.get(WebhookDeliveryRow, delivery_id)
            if current is None:
                return "gone"
            current.attempts += 1
            current.last_status, current.last_error = status, error
            if status is not None and 200 <= status < 300:
                current.state, current.delivered_at = "delivered", now
            elif status == 410 or current.attempts > len(RETRY_AFTER_S):
                current.state = "failed"
            else:
                wait = RETRY_AFTER_S[current.attempts - 1]
                key = f"webhook-{delivery_id}-{current.attempts}-{now + timedelta(seconds=wait):%s}"
                self.jobs.enqueue(session, WEBHOOKS, "deliver_webhook", key, delivery_id, delay_s=wait)
            return current.state

    def _send(self, endpoint: WebhookEndpointRow, row: WebhookDeliveryRow) -> tuple[int | None, str | None]:
        import httpx

        body = json.dumps(row.payload, ensure_ascii=False, separators=(",", ":"))
        now = self.clock()
        signature = Webhook(endpoint.secret).sign(row.id, now, body)
        headers = {"content-type": "application/json", "webhook-id": row.id, "webhook-signature": signature}
        headers["webhook-timestamp"] = str(int(now.timestamp()))
        try:
            target = resolve(endpoint.url, allow_private=self.settings.webhook_allow_private)
            parts = urlsplit(endpoint.url)
            address = f"[{target.address}]" if ":" in target.address else target.address
            url = parts._replace(netloc=f"{address}:{target.port}").geturl()
            headers["host"] = parts.netloc
            extensions = {"sni_hostname": target.host}
            with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
                response = client.post(url, content=body.encode(), headers=headers, extensions=extensions)
        except (httpx.HTTPError, OSError, AnswerloopError) as failure:
            return None, type(failure).__name__
        return response.status_code, None if response.is_success else f"answered {response.status_code}"


def listening(session: Session, site: str, event: str) -> list[WebhookEndpointRow]:
    """The endpoints that are told of an event of a site."""
    query = sa.select(WebhookEndpointRow).where(
        WebhookEndpointRow.site.in_([site, "*"]), WebhookEndpointRow.disabled_at.is_(None)
    )
    return [endpoint for endpoint in session.scalars(query) if not endpoint.events or event in endpoint.events]
