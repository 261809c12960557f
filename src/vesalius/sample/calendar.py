"""The sample hospital's today: everything is told in days and hours from the moment of loading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vesalius.sample.cast import Member


@dataclass(frozen=True)
class Calendar:
    """Counts from one moment, which is kept so that an interrupted load goes on with the same."""

    now: datetime

    def ago(self, *, days: float = 0.0, hours: float = 0.0) -> datetime:
        """A moment in the past; visits of earlier days fall into office hours."""
        moment = self.now - timedelta(days=days, hours=hours)
        if days >= 1:
            # The part of a day picks the hour, so that two visits of one day differ.
            moment = moment.replace(hour=8 + int(days * 7) % 9, minute=int(days * 13) % 60)
        return moment.replace(second=0, microsecond=0)

    def ahead(self, *, days: float = 0.0, hours: float = 0.0) -> datetime:
        """An appointment: on the half hour."""
        moment = self.now + timedelta(days=days, hours=hours)
        if days >= 1:
            moment = moment.replace(hour=8 + int(days * 7) % 8)
        return moment.replace(minute=30 if moment.minute < 30 else 0, second=0, microsecond=0)

    def birth_date(self, person: Member) -> date:
        """A birthday that keeps the person's age the same whenever the demo is loaded."""
        offset = 20 + sum(map(ord, person.key)) % 320
        return (self.now - timedelta(days=round(person.age * 365.25) + offset)).date()
