"""Structured logs: one JSON line per event, tied to the current trace."""

import json
import logging
import os
import traceback

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from .settings import Settings
from .tracing import APPEND


class JsonHandler(logging.Handler):
    """Appends records to logs/<instance>.jsonl."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        folder = settings.telemetry / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.file = os.open(folder / f"{settings.instance}.jsonl", APPEND, 0o644)

    def emit(self, record: logging.LogRecord) -> None:
        os.write(self.file, (json.dumps(self.line(record), default=str) + "\n").encode())

    def line(self, record: logging.LogRecord) -> dict:
        context = get_current_span().get_span_context()
        attributes = dict(getattr(record, "attributes", {}))
        if record.exc_info and record.exc_info[1] is not None:
            attributes |= exception_attributes(record.exc_info[1])
        return {
            "ts": record.created,
            "service": self.settings.service,
            "instance": self.settings.instance,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "trace_id": format_trace_id(context.trace_id) if context.is_valid else "",
            "span_id": format_span_id(context.span_id) if context.is_valid else "",
            "attributes": attributes,
        }


def exception_attributes(error: BaseException) -> dict[str, str]:
    kind = type(error)
    return {
        "exception.type": kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}",
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(error)),
    }


class Log:
    """`log.info("message", **{"otel.attribute": value})`."""

    def __init__(self, settings: Settings) -> None:
        self.logger = logging.getLogger(f"shop.{settings.service}")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.handlers = [JsonHandler(settings)]

    def info(self, message: str, **attributes: object) -> None:
        self.logger.info("%s", message, extra={"attributes": attributes})

    def warning(self, message: str, **attributes: object) -> None:
        self.logger.warning("%s", message, extra={"attributes": attributes})

    def error(self, message: str, error: BaseException | None = None, **attributes: object) -> None:
        self.logger.error("%s", message, exc_info=error, extra={"attributes": attributes})

    def critical(self, message: str, **attributes: object) -> None:
        self.logger.critical("%s", message, extra={"attributes": attributes})
