"""Every table of the service, gathered so that migrations see them all."""

from __future__ import annotations

import importlib
import pkgutil

import service
from service.database import Table

for _found in pkgutil.walk_packages(service.__path__, "service."):
    if _found.name.endswith(".tables") and not _found.name.startswith("service.migrations"):
        importlib.import_module(_found.name)
importlib.import_module("service.assessment")

metadata = Table.metadata
