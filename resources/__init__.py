"""Files that travel with the program, drawn by us: icons, and the small marks of the style sheet.

Found through importlib.resources, never by `__file__`.
"""

from functools import cache
from importlib.resources import files


@cache
def icon_svg(name: str) -> str:
    """Return the SVG text of an icon, with `currentColor` where the colour goes.

    Raises:
        FileNotFoundError: There is no such icon.
    """
    return files("resources").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")


@cache
def icon_names() -> tuple[str, ...]:
    """Return the names of all icons, sorted."""
    found = files("resources").joinpath("icons").iterdir()
    return tuple(sorted(f.name.removesuffix(".svg") for f in found if f.name.endswith(".svg")))


@cache
def sheet_folder() -> str:
    """Return the folder of the style sheet's marks, `NAME-light.svg` and `NAME-dark.svg`: Qt wants file names."""
    return str(files("resources").joinpath("sheet"))
