"""Compiles the header walker where Cython and a C compiler are; without them it runs as it is."""

import os
from pathlib import Path
from typing import Any

from setuptools import setup

COMPILED = (
    "src/vesalius/standards/dicom/values.py",
    "src/vesalius/standards/dicom/walker.py",
    "src/vesalius/stores/archive/checksums.py",
)


def extensions() -> list[Any]:
    """The compiled modules; none when VESALIUS_UNCOMPILED is set or Cython is missing."""
    if os.environ.get("VESALIUS_UNCOMPILED"):
        return []
    try:
        from Cython.Build import cythonize
        from setuptools import Extension
    except ImportError:
        return []
    modules = [
        Extension(
            ".".join(Path(path).with_suffix("").parts[1:]),
            [path],
            # A compiler that fails leaves the plain source, which gives the same results.
            optional=True,
            extra_compile_args=["-O2"],
        )
        for path in COMPILED
    ]
    # The types are in the .pxd files; annotations are for readers and the type checker.
    directives = {
        "annotation_typing": False,
        "boundscheck": False,
        "language_level": 3,
        "wraparound": False,
    }
    built: list[Any] = cythonize(
        modules, compiler_directives=directives, build_dir="build/cython", quiet=True
    )
    return built


setup(ext_modules=extensions())
