"""Reports: drafted by template, signed into the chart.

templates_for, template       the headings by procedure
report, save_draft, discard_draft     while it is written
sign, append, report_pdf      into the record, with its PDF
finish_order, follow_study    what news of signing and moving starts
"""

from vesalius.imaging.reports.drafting import discard_draft, report, save_draft
from vesalius.imaging.reports.events import ReportSigned, ReportWithdrawn
from vesalius.imaging.reports.model import Content, Draft, Report, SignedReport
from vesalius.imaging.reports.moving import follow_study
from vesalius.imaging.reports.rows import signed_statuses
from vesalius.imaging.reports.signing import append, finish_order, report_pdf, sign
from vesalius.imaging.reports.templates import Template, say, template, templates_for

__all__ = [
    "Content",
    "Draft",
    "Report",
    "ReportSigned",
    "ReportWithdrawn",
    "SignedReport",
    "Template",
    "append",
    "discard_draft",
    "finish_order",
    "follow_study",
    "report",
    "report_pdf",
    "save_draft",
    "say",
    "sign",
    "signed_statuses",
    "template",
    "templates_for",
]
