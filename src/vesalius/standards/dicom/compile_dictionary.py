"""Writes `dictionary.json.gz` from pydicom's tables (`python -m …compile_dictionary`).

The house reads the compact file instead of importing pydicom's dictionaries: they cost every
process some 30 MB and 0.2 s. A test compiles it again and compares.
"""

import gzip
import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("dictionary.json.gz")


def compile_dictionary() -> dict[str, Any]:
    """Elements, repeating groups, transfer syntaxes and storage SOP classes."""
    from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
    from pydicom._uid_dict import UID_dictionary

    elements = {
        f"{tag:08X}": [vr, keyword]
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items()
        if vr != "NONE"
    }
    repeaters = {
        mask.upper(): [vr, keyword] for mask, (vr, _, _, _, keyword) in RepeatersDictionary.items()
    }
    storage = {
        uid: name.removesuffix(" (Retired)")
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and _is_storage(name)
    }
    syntaxes = {
        uid: name for uid, (name, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"
    }
    return {
        "elements": elements,
        "repeaters": repeaters,
        "storage": storage,
        "transfer_syntaxes": syntaxes,
    }


def _is_storage(name: str) -> bool:
    # PS3.4 Annex B.5: storage SOP classes; media directories and commitment are not stored.
    plain = name.removesuffix(" (Retired)").removesuffix(" - Trial")
    directory = plain.startswith("Media Storage Directory")
    return "Storage" in plain and "Commitment" not in plain and not directory


def write_dictionary() -> None:
    """Write the file; the same input gives the same bytes."""
    text = json.dumps(compile_dictionary(), sort_keys=True, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    write_dictionary()
