"""Write the pages that are made from the code; `--check` only says which are stale."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import vesalius
from vesalius.kit import errors
from vesalius.kit.outbox import Event
from vesalius.settings import Settings

ROOT = Path(__file__).parents[1]
NOTE = "<!-- Made by `make docs` from the code; edit that instead. -->\n\n"


def import_everything() -> None:
    """Import every module, so that every event and room is known."""
    for module in pkgutil.walk_packages(vesalius.__path__, "vesalius."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)


def first_sentence(thing: object) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]


def settings_page() -> str:
    """Every setting with its type, default and sentence."""
    lines = [
        "# Settings\n",
        "In `vesalius.toml` (or the file `VESALIUS_SETTINGS` names), or as variables"
        " `VESALIUS_<NAME>`; variables win.\n",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "" if default in (None, [], {}) else f"`{default}`"
        lines.append(f"| `{name}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """Every error with its meaning."""
    lines = ["# Errors\n", "| error | what the caller can do or know |", "|---|---|"]
    for kind in (errors.VesaliusError, *_subclasses(errors.VesaliusError)):
        parent = "" if kind is errors.VesaliusError else f" (a {kind.__mro__[1].__name__})"
        lines.append(f"| `{kind.__name__}`{parent} | {first_sentence(kind)} |")
    return "\n".join(lines) + "\n"


def _subclasses(kind: type) -> Iterator[type]:
    for child in sorted(kind.__subclasses__(), key=lambda c: (c.__module__, c.__name__)):
        if child.__module__.startswith("vesalius"):
            yield child
            yield from _subclasses(child)


def events_page() -> str:
    """Every event, what it carries, and who hears it."""
    from vesalius import flow

    lines = [
        "# Events\n",
        "Past-tense news, told in the transaction of the act;"
        " handlers are named in [`flow.py`](../../src/vesalius/flow.py).\n",
        "| event | told by | carries | heard by |",
        "|---|---|---|---|",
    ]
    for name, kind in sorted(Event.by_name.items()):
        if not kind.__module__.startswith("vesalius"):
            continue
        room = kind.__module__.removeprefix("vesalius.").rsplit(".", 1)[0]
        carried = ", ".join(f"`{field.name}`" for field in fields(kind))
        heard = ", ".join(
            f"`{h.__module__.removeprefix('vesalius.')}.{h.__name__}`"
            for h in flow.HANDLERS.get(kind, ())
        )
        lines.append(f"| `{name}`: {first_sentence(kind)} | `{room}` | {carried} | {heard} |")
    return "\n".join(lines) + "\n"


def rooms_page() -> str:
    """Every room with its verbs."""
    lines = ["# Rooms\n", "The shop fronts: what each room lets others call.\n"]
    for group in ("stores", "care", "imaging"):
        package = importlib.import_module(f"vesalius.{group}")
        for info in pkgutil.iter_modules(package.__path__):
            if not info.ispkg:
                continue
            room = importlib.import_module(f"vesalius.{group}.{info.name}")
            lines += [f"\n## {group}/{info.name}\n", first_sentence(room) + "\n"]
            for name in sorted(getattr(room, "__all__", ())):
                thing = getattr(room, name)
                if inspect.isroutine(thing):
                    lines.append(f"- `{name}`: {first_sentence(thing)}")
    return "\n".join(lines) + "\n"


def dicom_conformance_page() -> str:
    """The DICOM conformance statement."""
    from vesalius.interfaces.dimse import conformance

    return conformance.statement()


def fhir_conformance_page() -> str:
    """The FHIR conformance page, from the CapabilityStatement."""
    from vesalius.interfaces.fhir import capability

    return capability.page()


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/settings.md": settings_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/events.md": events_page,
    "docs/reference/rooms.md": rooms_page,
    "docs/conformance/dicom.md": dicom_conformance_page,
    "docs/conformance/fhir.md": fhir_conformance_page,
}


def main() -> int:
    """Write or check every page."""
    import_everything()
    stale = []
    for name, make in PAGES.items():
        path = ROOT / name
        text = NOTE + make()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in stale:
        sys.stdout.write(f"{'stale' if '--check' in sys.argv else 'written'}: {name}\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
