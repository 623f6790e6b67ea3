"""The deterministic readers, one file each, named for what they find."""

from __future__ import annotations

from service.flagging.finding import Detector

DETECTORS: tuple[Detector, ...] = ()
"""Every detector, in the order in which they run."""
