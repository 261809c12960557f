"""OperationOutcome, and the issues it is made of (R4 §5.8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to say: severity and code of R4's value sets, and where it is (FHIRPath)."""

    severity: str
    code: str
    text: str
    expression: str | None = None

    def json(self) -> dict[str, Any]:
        """The element OperationOutcome.issue."""
        out: dict[str, Any] = {
            "severity": self.severity,
            "code": self.code,
            "details": {"text": self.text},
            "diagnostics": self.text,
        }
        if self.expression:
            out["expression"] = [self.expression]
        return out


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": [issue.json() for issue in issues]}
