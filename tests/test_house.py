"""The house rules that a machine can see: which room may import which, file sizes, names, texts of the project."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for room in ("core", "gui", "resources") for path in (ROOT / room).rglob("*.py"))
LINES_MAX = 400

# Room -> the rooms of ours that it may import. The longest matching prefix counts.
BASICS = {"core.states", "core.errors", "core.patterns", "core.records"}
PURE = BASICS | {"core.sizes", "core.spawn", "core.paths", "core"}
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "core.states": set(),
    "core.patterns": set(),
    "core.errors": set(),
    "core.records": set(),
    "core.sizes": set(),
    "core.spawn": set(),
    "core.places": set(),
    "core.origins": {"core.patterns"},
    "core.accounts": set(),
    "core.links": {"core.errors"},
    "core.scans": set(),
    "core.access": PURE | {"core.commands", "core.engine", "core.task"},
    "core.settings": {"core.errors", "core.net.mirrors", "core.origins"},
    "core.vault": set(),
    "core.paths": {"core.patterns", "core.errors", "core.records"},
    "core.handles": BASICS | {"core.formats", "core.net.origin", "core.paths"},
    "core.formats": BASICS,
    "core.selection": BASICS | {"core.formats"},
    "core.choosing": PURE | {"core.formats", "core.net.origin", "core.net.reply", "core.scans", "core.selection"},
    "core.task": BASICS | {"core.paths", "core.transfer.meter"},
    "core.commands": BASICS | {"core.task"},
    "core.scheduler": BASICS,
    "core.holder": {"core.errors"},
    "core.net": PURE,
    "core.transfer": PURE | {"core.net"},
    "core.sources": PURE | {"core.net", "core.handles", "core.formats", "core.scans", "core.selection"},
    "core.catalogue": PURE
    | {"core.formats", "core.handles", "core.net", "core.scans", "core.selection"}
    | {"core.sources.base", "core.sources.replies"},
    "core.store": PURE,
    "core.description": PURE | {"core.handles", "core.formats", "core.selection"},
    "core.library": PURE
    | {"core.description", "core.formats", "core.handles", "core.net", "core.sources.base"}
    | {"core.task", "core.transfer"},
    "core.verify": PURE | {"core.description", "core.handles", "core.sources.base", "core.transfer"},
    "core.checks": PURE
    | {
        "core.description",
        "core.handles",
        "core.library",
        "core.roster",
        "core.task",
        "core.transfer",
        "core.verify",
    },
    "core.relocation": PURE | {"core.library", "core.paths", "core.task", "core.transfer"},
    "core.moves": PURE
    | {"core.library", "core.paths", "core.relocation", "core.roster", "core.task", "core.transfer"},
    "core.repairs": PURE
    | {
        "core.description",
        "core.handles",
        "core.itemise",
        "core.library",
        "core.net",
        "core.roster",
        "core.sources",
    }
    | {"core.task", "core.verify"},
    "core.lineup": BASICS | {"core.task"},
    "core.roster": PURE | {"core.handles", "core.lineup", "core.store", "core.task"},
    "core.sweeps": PURE | {"core.roster", "core.task", "core.transfer"},
    "core.itemise": BASICS | {"core.paths", "core.task"},
    "core.reports": PURE | {"core.roster", "core.task", "core.transfer"},
    "core.runs": {"core.reports", "core.task", "core.transfer"},
    "core.waits": BASICS | {"core.task", "core.transfer"},
    "core.listings": PURE
    | {"core.handles", "core.itemise", "core.library", "core.roster", "core.sources", "core.task", "core.transfer"},
    "core.demands": BASICS | {"core.net", "core.runs", "core.scheduler", "core.task", "core.transfer"},
    "core.conductor": PURE
    | {
        "core.checks",
        "core.demands",
        "core.handles",
        "core.library",
        "core.listings",
        "core.moves",
        "core.net",
        "core.reports",
        "core.roster",
        "core.runs",
        "core.waits",
        "core.scheduler",
        "core.sources",
        "core.sweeps",
        "core.task",
    }
    | {"core.transfer"},
    "core.pulse": PURE | {"core.conductor", "core.library", "core.roster", "core.task", "core.transfer"},
    "core.plain_signals": set(),
    "core.qt": {"core.plain_signals"},
    "core.engine_signals": {"core.qt"},
    "core.engine": PURE
    | {"core.choosing"}
    | {"core.commands", "core.conductor", "core.handles", "core.library", "core.listings", "core.net", "core.pulse"}
    | {"core.engine_signals"}
    | {"core.repairs", "core.roster", "core.sources", "core.store", "core.task", "core.transfer", "core.verify"},
    "core.compose": PURE
    | {"core.engine", "core.net", "core.rebuild", "core.settings", "core.sources", "core.store"},
    "core.rebuild": PURE
    | {"core.description", "core.handles", "core.itemise", "core.library", "core.shelf", "core.sources.base"}
    | {"core.store", "core.transfer", "core.verify"},
    "core.logbook": {"core.patterns"},
    "core.leftovers": PURE | {"core.shelf", "core.transfer.disk"},
    "core.diagnostics": PURE | {"core.logbook", "core.settings", "core.task"},
    "core.shelf": PURE | {"core.description", "core.transfer"},
    "core.interrupt": set(),
    "core.loop": set(),
    "core.loading": set(),
    "core.api": PURE
    | {"core.commands", "core.engine", "core.handles", "core.listings", "core.net", "core.settings", "core.shelf"}
    | {"core.accounts", "core.sources.cortexso", "core.task", "core.vault"},
    "core.api.gate": set(),
    "core.api.bodies": set(),
    "core.api.events": BASICS | {"core.api.shapes", "core.engine", "core.task"},
    "core.serve": PURE
    | {
        "core.api",
        "core.compose",
        "core.door",
        "core.holder",
        "core.interrupt",
        "core.logbook",
        "core.loop",
        "core.places",
    }
    | {"core.settings", "core.vault"},
    "core.views": BASICS | {"core.sizes", "core.task"},
    "core.terminal": BASICS | {"core.sizes", "core.views"},
    "core.door": PURE | {"core.handles", "core.holder", "core.task", "core.views"},
    "core.door.client": {"core.door.wire", "core.errors", "core.holder"},  # loads no engine
    "core.door.wire": {"core.views"},
    "core.door.outbox": {"core.door.wire"},
    "core.door.rest": BASICS | {"core.engine", "core.task"},
    "core.door.errand": PURE | {"core.door", "core.engine", "core.handles", "core.task", "core.views"},
    "core.door.desk": PURE
    | {"core.description", "core.door", "core.engine", "core.handles", "core.task", "core.verify"},
    "core.door.server": PURE
    | {"core.api.shapes", "core.door", "core.engine", "core.handles", "core.holder", "core.views"},
    "core.headless": PURE
    | {"core.api.control", "core.api.events", "core.api.shapes", "core.compose", "core.door", "core.engine"}
    | {"core.handles", "core.logbook", "core.vault"}
    | {"core.holder", "core.interrupt", "core.loop", "core.net", "core.places", "core.roster"}
    | {"core.settings", "core.sources"}
    | {"core.store", "core.task", "core.terminal", "core.transfer.meter", "core.verify", "core.views"},
    "core.options": {"core", "core.handles"},
    "core.cli": PURE
    | {"core.handles", "core.headless", "core.interrupt", "core.loading", "core.net", "core.options", "core.places"}
    | {"core.qt", "core.serve"},
    "core.demo": {"core.spawn"},
    "resources": set(),
    "gui": set(),
    "gui.__main__": {"core.cli", "core.loading", "core.qt", "gui"},
    "gui.app": {"core", "gui", "resources"},
    "gui.loop": {"gui.garbage"},
    "gui.garbage": set(),
    "gui.tree": BASICS | {"core.commands", "core.engine", "core.itemise", "core.task", "gui"},
}
GUI = (
    PURE
    | {"core.access", "core.accounts", "core.links", "core.listings"}
    | {"core.commands", "core.diagnostics", "core.leftovers", "core.logbook"}
    | {"core.engine", "core.handles", "core.origins", "core.settings", "core.task", "core.vault"}
    | {"core.catalogue", "core.choosing", "core.net.mirrors", "core.scans", "core.shelf"}
    | {"gui", "resources"}
)

FOREIGN: dict[str, set[str]] = {
    "core": {
        "PySide6.QtCore",
        "httpx",
        "keyring",
        "msgspec",
        "aiohappyeyeballs",
        "aiohttp",
        "aiohttp_socks",
        "h11",
        "isal.isal_zlib",
        "psutil",
        "truststore",
        "yaml",
        "yarl",
    },
    "gui": {
        "PySide6.QtCore",
        "PySide6.QtGui",
        "PySide6.QtWidgets",
        "PySide6.QtSvg",
        "PySide6.__version__",
        "msgspec",
    },
    "gui.loop": {"PySide6.QtCore", "PySide6.QtWidgets", "qasync"},
    "resources": set(),
}


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    known = {module_of(source) for source in SOURCES}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield node.lineno, deeper if deeper in known or node.module == "PySide6" else node.module


def longest_prefix(module: str, table: dict[str, set[str]]) -> set[str] | None:
    parts = module.split(".")
    for depth in range(len(parts), 0, -1):
        found = table.get(".".join(parts[:depth]))
        if found is not None:
            return found
    return None


def is_under(module: str, rooms: set[str]) -> bool:
    # "core" and "gui" stand for the packages themselves, not for every room in them, save for the two roots.
    return any(module == room or (module.startswith(room + ".") and room not in ("core",)) for room in rooms)


def test_every_import_follows_an_arrow_of_the_architecture() -> None:
    wrong = []
    for path in SOURCES:
        module = module_of(path)
        specific = [room for room in ALLOWED if module == room or module.startswith(room + ".")]
        room = max(specific, key=len)
        allowed = GUI if room == "gui" and module != "gui" else ALLOWED[room]
        for line, target in imports_of(path):
            top = target.split(".")[0]
            if top in ("core", "gui", "resources"):
                inside = room not in ("core", "gui") and (target == room or target.startswith(room + "."))
                everything = module == "gui.app" and top in ("core", "gui", "resources")
                if not (inside or everything or is_under(target, allowed)):
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
            elif top not in sys.stdlib_module_names:
                foreign = longest_prefix(module, FOREIGN) or set()
                if not any(target == name or target.startswith(name + ".") for name in foreign):
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for path in SOURCES
        if (count := path.read_text(encoding="utf-8").count("\n")) > LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_every_module_says_what_it_knows() -> None:
    silent = [str(p.relative_to(ROOT)) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert not silent, silent


def test_no_module_hides_one_of_the_standard_library() -> None:
    hidden = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if module_of(path).split(".")[-1] in sys.stdlib_module_names and path.name not in ("__main__.py",)
    ]
    assert not hidden, hidden


@pytest.mark.parametrize("call", ["exec", "exec_", "processEvents"])
def test_no_nested_event_loop_is_ever_started(call: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == call
    ]
    assert not found, found


def test_the_terminal_commands_import_no_qt() -> None:
    script = (
        "import sys, core.cli, core.qt\n"
        "core.qt.leave_out()\n"  # as core.cli does for each of them
        "import core.serve\n"
        "from core.headless import hold, pull, steer, verify\n"
        "bad = [m for m in sys.modules if m.startswith('gui') or m in ('PySide6', 'shiboken6', 'qasync')]\n"
        "assert not bad, bad"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_a_start_of_the_window_reads_no_sources() -> None:
    script = (
        "import linecache\n"
        "from gui import __main__\n"
        "__main__._has_display = lambda _: True\n"
        "try:\n"
        "    __main__._open_window(None)\n"  # it fails once all is imported: nobody says what to open
        "except AttributeError:\n"
        "    read = [path for path in linecache.cache if 'shiboken6' not in path and 'PySide6' not in path]\n"
        "    assert len(read) <= 1, read\n"
        "    raise SystemExit(7)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 7, run.stderr


def test_the_project_names_no_place_where_it_was_made() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    pattern = re.compile(r"/work/|/root/|pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org")
    wrong = [
        name
        for name in tracked
        if name.endswith((".py", ".md", ".toml", ".yaml", ".yml", "Makefile", ".svg"))
        and name != "tests/test_house.py"
        if pattern.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert not wrong, wrong
