"""Structured logs. No patient data ever: ids, counts, statuses, durations."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str = "info", *, json_lines: bool = False) -> None:
    """Set up logging for this process, once, before anything is logged."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, level.upper(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(message)s")


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module; events are short past-tense phrases with key=value facts."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(part=name.removeprefix("vesalius."))
    return bound
