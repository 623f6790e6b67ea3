"""The deterministic readers, one file each, named for what they find."""

from __future__ import annotations

from service.flagging.detectors import (
    advice_and_reports,
    harassment,
    hate,
    interview_leak,
    recruiter_solicitation,
    sexual,
)
from service.flagging.detectors.confidential_business import ConfidentialBusiness
from service.flagging.detectors.credentials import Credentials
from service.flagging.detectors.crisis import Crisis
from service.flagging.detectors.disguised_text import DisguisedText
from service.flagging.detectors.identifying_detail import IdentifyingDetail
from service.flagging.detectors.low_effort import LowEffort
from service.flagging.detectors.minor_safety import MinorSafety
from service.flagging.detectors.named_beside import NamedBeside
from service.flagging.detectors.personal_information import PersonalInformation
from service.flagging.detectors.planted_task import PlantedTask
from service.flagging.detectors.prompt_injection import PromptInjection
from service.flagging.detectors.spam_promotion import SpamPromotion
from service.flagging.detectors.violence_threat import ViolenceThreat
from service.flagging.finding import Detector

DETECTORS: tuple[Detector, ...] = (
    Crisis(),
    ViolenceThreat(),
    MinorSafety(),
    PersonalInformation(),
    Credentials(),
    ConfidentialBusiness(),
    IdentifyingDetail(),
    NamedBeside(),
    harassment.DETECTOR,
    hate.DETECTOR,
    sexual.DETECTOR,
    recruiter_solicitation.DETECTOR,
    interview_leak.DETECTOR,
    advice_and_reports.LEGAL,
    advice_and_reports.MEDICAL,
    advice_and_reports.IMMIGRATION,
    advice_and_reports.DISCRIMINATION,
    LowEffort(),
    SpamPromotion(),
    PromptInjection(),
    DisguisedText(),
    PlantedTask(),
)
"""Every detector, in the order in which they run."""
UNWEIGHED = frozenset({"named_beside", "disguised_text", "planted_task"})
"""Detectors of what the learned reader cannot see: what they find stands for itself beside its answer."""
