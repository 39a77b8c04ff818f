"""Every endpoint of the sandbox: importing the modules below registers them."""

from __future__ import annotations

from pb2hl.sandbox import (
    appointments,
    associations,
    businesses,
    calendars,
    contacts,
    contactsearch,
    conversations,
    fields,
    files,
    followers,
    locations,
    locationvalues,
    notes,
    objectfields,
    objects,
    opportunities,
    opportunitysearch,
    people,
    pipelines,
    records,
    tasks,
)
from pb2hl.sandbox.routes import ROUTER

MODULES = (
    appointments,
    associations,
    businesses,
    calendars,
    contacts,
    contactsearch,
    conversations,
    fields,
    files,
    followers,
    locations,
    locationvalues,
    notes,
    objectfields,
    objects,
    opportunities,
    opportunitysearch,
    people,
    pipelines,
    records,
    tasks,
)

__all__ = ["MODULES", "ROUTER"]
