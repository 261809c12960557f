"""The Store Instances Response Module (PS3.18 table 10.5.3-3) and its status (10.5.3-1)."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from vesalius.interfaces.dicomweb.failure_reasons import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    STORED_AS_IS,
)
from vesalius.interfaces.dicomweb.problems import RETRY_AFTER_SECONDS
from vesalius.stores import archive


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that was not stored; its UIDs are None when they could not be read."""

    reason: int
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of the instances of one message, in the order they came."""

    stored: list[archive.Stored] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def fail(self, reason: int, sealed: archive.Sealed | None = None) -> None:
        """Note that an instance was not stored, and why."""
        if sealed is None:
            self.failed.append(Failure(reason))
        else:
            failure = Failure(reason, sealed.sop_class_uid, sealed.sop_instance_uid)
            self.failed.append(failure)


def store_response(outcome: Outcome, base_url: str, media_type: str) -> Response:
    """The answer to a message."""
    status = _status(outcome)
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else None
    body = orjson.dumps(_module(outcome, base_url))
    return Response(body, status, headers, media_type)


def _status(outcome: Outcome) -> int:
    if outcome.stored:
        whole = not outcome.failed and not any(each.warnings for each in outcome.stored)
        return 200 if whole else 202
    reasons = {each.reason for each in outcome.failed}
    if OUT_OF_RESOURCES in reasons:
        return 503
    return 400 if reasons <= {CANNOT_UNDERSTAND} else 409


def _module(outcome: Outcome, base_url: str) -> dict[str, Any]:
    module: dict[str, Any] = {}
    if len(studies := {each.study_instance_uid for each in outcome.stored}) == 1:
        module["00081190"] = _value("UR", f"{base_url}/studies/{studies.pop()}")
    if outcome.stored:
        items = [_stored_item(each, base_url) for each in outcome.stored]
        module["00081199"] = {"vr": "SQ", "Value": items}
    known = [each for each in outcome.failed if each.sop_instance_uid is not None]
    if known:
        module["00081198"] = {"vr": "SQ", "Value": [_failed_item(each) for each in known]}
    others = [each for each in outcome.failed if each.sop_instance_uid is None]
    if others:
        module["0008119A"] = {"vr": "SQ", "Value": [_failed_item(each) for each in others]}
    return module


def _stored_item(stored: archive.Stored, base_url: str) -> dict[str, Any]:
    path = (
        f"studies/{stored.study_instance_uid}/series/{stored.series_instance_uid}"
        f"/instances/{stored.sop_instance_uid}"
    )
    item = {
        "00081150": _value("UI", stored.sop_class_uid),
        "00081155": _value("UI", stored.sop_instance_uid),
        "00081190": _value("UR", f"{base_url}/{path}"),
    }
    if stored.warnings:
        item["00081196"] = _value("US", STORED_AS_IS)
    return item


def _failed_item(failure: Failure) -> dict[str, Any]:
    item = {"00081197": _value("US", failure.reason)}
    if failure.sop_instance_uid is not None:
        item["00081150"] = _value("UI", failure.sop_class_uid)
        item["00081155"] = _value("UI", failure.sop_instance_uid)
    return item


def _value(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}
