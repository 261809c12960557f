"""A report while it is written, and after it is signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader writes."""

    template: str
    language: str
    sections: Mapping[str, str]
    conclusion: str = ""
    critical: bool = False
    follow_up: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that is not signed; nobody but readers sees it."""

    content: Content
    revision: int
    author: str
    author_display: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class SignedReport:
    """The report of a study as it is signed now."""

    study_instance_uid: str
    report_reference: str
    patient_reference: str
    order_reference: str | None
    status: str
    content: Content
    signed_by: str
    signed_display: str
    signed_practitioner: str | None
    signed_at: datetime
    pdf_key: str
    pdf_size: int
    pdf_sha1: bytes
    addenda: Sequence[Mapping[str, Any]] = field(default=())


@dataclass(frozen=True, slots=True)
class Report:
    """All there is of a study's report that the asker may see."""

    draft: Draft | None
    signed: SignedReport | None
    # What the editor begins with when there is no draft yet.
    proposed: Content | None = None

    @property
    def status(self) -> str | None:
        """`draft`, or the status of the signed report; None when there is nothing."""
        if self.draft is not None:
            return "draft"
        return self.signed.status if self.signed else None
