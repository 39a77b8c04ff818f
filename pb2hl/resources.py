"""Where the files that ship with the package are: notebooks, suites and the example export.

A wheel carries them in `pb2hl/_data`; a checkout has them at its top level.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The folder or file `name` (such as `notebooks` or `expectations/before`) as shipped.

    Raises FileNotFoundError when neither the wheel's data nor the checkout has it.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is missing from this installation of pb2hl")
