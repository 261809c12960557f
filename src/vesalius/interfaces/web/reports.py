"""Report templates, drafts, signatures and the PDF."""

from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.imaging import reports
from vesalius.interfaces.web.body import Body, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.errors import Invalid, NotFound


class DraftBody(Body):
    """A draft as the editor sends it; `revision` is the one it was made from, 0 for a new one."""

    template: str
    sections: dict[str, str]
    conclusion: str = ""
    critical: bool = False
    follow_up: str | None = None
    language: str | None = None
    revision: int


class Signature(Body):
    """Who signs proves it again."""

    password: str
    status: Literal["preliminary", "final"] = "final"
    revision: int | None = None


class Addendum(Body):
    """What is added to a final report."""

    text: str
    password: str


async def templates(request: Request) -> Response:
    """GET /api/report-templates?modality=&body_part=&language=: best fitting first."""
    query = request.query_params
    language = query.get("language") or request.scope["principal"].language
    found = reports.templates_for(query.get("modality"), query.get("body_part"))
    return answer([_template_json(template, language) for template in found])


async def show(request: Request) -> Response:
    """GET /api/studies/{study_instance_uid}/report."""
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        content = report_json(await reports.report(tx, request.scope["principal"], uid))
    if content is None:
        raise NotFound("this study has no report")
    return answer(content)


async def save(request: Request) -> Response:
    """PUT /api/studies/{study_instance_uid}/report."""
    given = await read(request, DraftBody)
    house: House = request.app.state.house
    principal = request.scope["principal"]
    uid = request.path_params["study_instance_uid"]
    content = reports.Content(
        template=given.template,
        language=given.language or principal.language,
        sections=given.sections,
        conclusion=given.conclusion,
        critical=given.critical,
        follow_up=given.follow_up or "",
    )
    async with house.database.transaction() as tx:
        draft = await reports.save_draft(tx, principal, uid, content, revision=given.revision)
    return answer({"revision": draft.revision, "changed": draft.changed.isoformat()})


async def discard(request: Request) -> Response:
    """DELETE /api/studies/{study_instance_uid}/report?revision=: throw the draft away."""
    text = request.query_params.get("revision", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("say which revision of the draft")
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        await reports.discard_draft(tx, request.scope["principal"], uid, revision=int(text))
    return Response(status_code=204)


async def sign(request: Request) -> Response:
    """POST /api/studies/{study_instance_uid}/report/sign."""
    given = await read(request, Signature)
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        signed = await reports.sign(
            tx,
            request.scope["principal"],
            uid,
            password=given.password,
            status=given.status,
            revision=given.revision,
        )
    return answer(report_json(reports.Report(None, signed)))


async def append(request: Request) -> Response:
    """POST /api/studies/{study_instance_uid}/report/addendum."""
    given = await read(request, Addendum)
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        signed = await reports.append(
            tx, request.scope["principal"], uid, text=given.text, password=given.password
        )
    return answer(report_json(reports.Report(None, signed)))


async def pdf(request: Request) -> Response:
    """GET /api/studies/{study_instance_uid}/report.pdf."""
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        signed, content = await reports.report_pdf(tx, request.scope["principal"], uid)
    headers = {
        "Content-Disposition": f'inline; filename="report-{signed.report_reference}.pdf"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, 200, headers, "application/pdf")


def report_json(report: reports.Report) -> dict[str, Any] | None:
    """A report as the editor and the chart show it; None when there is nothing at all."""
    draft, signed = report.draft, report.signed
    content = draft.content if draft else signed.content if signed else report.proposed
    if content is None:
        return None
    out: dict[str, Any] = {
        "status": report.status or "new",
        "template": content.template,
        "language": content.language,
        "sections": dict(content.sections),
        "conclusion": content.conclusion,
        "critical": content.critical,
        "follow_up": content.follow_up or None,
        "revision": draft.revision if draft else 0,
        "author": draft.author_display if draft else None,
        "changed": draft.changed.isoformat() if draft else None,
        "addenda": [],
    }
    if signed:
        out |= {
            "signed_status": signed.status,
            "report": signed.report_reference,
            "signed_by": signed.signed_display,
            "signed_at": signed.signed_at.isoformat(),
            "pdf": f"/api/studies/{signed.study_instance_uid}/report.pdf",
            "addenda": [
                {"text": a["text"], "author": a["display"], "when": a["when"]}
                for a in signed.addenda
            ],
        }
    return out


def _template_json(template: reports.Template, language: str) -> dict[str, Any]:
    return {
        "id": template.id,
        "title": reports.say(template.title, language),
        "language": language,
        "sections": [
            {
                "id": section.id,
                "title": reports.say(section.title, language),
                "required": section.required,
                "text": "",
                "macros": [
                    {"key": macro.key, "text": reports.say(macro.text, language)}
                    for macro in section.macros
                ],
            }
            for section in template.sections
        ],
    }
