"""Runs the real `pulley pull` on a pseudo-terminal against a demo hub and writes down what it shows.

`python -m tests.recording FOLDER` writes pull.cast (asciicast v2, for players) and pull.md (frames as text) there.
"""

import asyncio
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.demo.knobs import Knobs
from core.demo.server import DemoHub
from core.demo.thread import HubThread
from tests.fakes.glass import Glass, OnGlass, pulley

WIDTH, HEIGHT = 118, 24
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
RATE_BYTES_S = 12e6
FRAMES_AT = (0.0, 0.25, 0.5, 0.75, 0.95)  # shares of the whole time, and the end
CTRL_C_AFTER_S = 4.0
WAIT = "retrying in"


@dataclass
class Scene:
    """One command that was recorded."""

    title: str
    about: str
    words: tuple[str, ...]
    pieces: list[tuple[float, str]]
    code: int


class Studio:
    """Records commands over one hub and one data folder."""

    def __init__(self, hub: DemoHub, endpoint: str, folder: Path) -> None:
        self.hub = hub
        self._folder = folder
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PULLEY_", "COV_"))}
        self._environ |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "hf"), "PYTHONIOENCODING": "utf-8"}
        self._environ |= {"PULLEY_DATA_DIR": str(folder / "data")}

    async def record(self, title: str, about: str, *words: str, keys_at: float | None = None) -> Scene:
        """Run a command to its end; with Ctrl-C after so many seconds."""
        seen = OnGlass(width=WIDTH, height=HEIGHT)
        await seen.start(*pulley(*words), environ=self._environ)
        if keys_at is not None:
            await asyncio.sleep(keys_at)
            seen.type("\x03")
        code = await seen.ended()
        return Scene(title, about, words, seen.pieces, code)


async def record(hub: DemoHub, endpoint: str, folder: Path) -> list[Scene]:
    """Record all scenes."""
    studio = Studio(hub, endpoint, folder)
    interrupted = await studio.record(
        "Interrupted",
        "Ctrl-C after a few seconds. Every byte that came is kept.",
        *("pull", LLAMA, "tinyllama"),
        keys_at=CTRL_C_AFTER_S,
    )
    hub.knobs.fail_next["model.gguf"] = ["status:503"] * 2
    whole = await studio.record(
        "The same command again",
        "It goes on where it stood. Two models come in at once, each with its line; a third does not exist. The hub"
        " is busy with one file for a moment, and its line says so.",
        *("pull", LLAMA, "tinyllama", "nobody/missing"),
    )
    again = await studio.record(
        "And once more",
        "What is complete is not fetched again; no network is asked.",
        *("pull", LLAMA, "tinyllama"),
    )
    listed = await studio.record("The list", "What there is, and how it stands.", "list")
    wrong = await studio.record("Wrong usage", "Nothing is started.", "pull", "not a model")
    return [interrupted, whole, again, listed, wrong]


def frames(scene: Scene) -> list[tuple[float, str]]:
    """Return what stood on the screen at some moments, at the first wait and at the end, each picture once."""
    end = scene.pieces[-1][0] if scene.pieces else 0.0
    begin = scene.pieces[0][0] if scene.pieces else 0.0
    moments = [begin + share * (end - begin) for share in FRAMES_AT] if end - begin > 1 else []
    found: list[tuple[float, str]] = []
    glass, left = Glass(), list(scene.pieces)

    def keep(moment: float) -> None:
        if glass.text and (not found or found[-1][1] != glass.text):
            found.append((moment, glass.text))

    for moment in [*moments, end]:
        while left and left[0][0] <= moment:
            at, piece = left.pop(0)
            glass.take(piece)
            if WAIT in piece and not any(WAIT in text for _, text in found):
                keep(at)
        keep(moment)
    return found


def as_text(scenes: list[Scene]) -> str:
    """Return the recording for readers."""
    lines = [
        "# `pulley pull` on a terminal",
        "",
        "Recorded by `make recording`: the real command on a pseudo-terminal of 118 columns, against the demo hub",
        "on loopback at 12 MB/s. [pull.cast](pull.cast) is the same for players of asciicasts.",
    ]
    for scene in scenes:
        lines += [
            "",
            f"## {scene.title}",
            "",
            scene.about,
            "",
            "```",
            _typed(scene),
        ]
        shown = frames(scene)
        for moment, text in shown:
            lines += ["", f"--- after {moment:.1f} s"] if len(shown) > 1 else []
            lines += text.splitlines()
        lines += ["", "$ echo $?", str(scene.code), "```"]
    return "\n".join(lines) + "\n"


def as_cast(scenes: list[Scene]) -> str:
    """Return the recording as an asciicast, one scene after the other."""
    lines = [json.dumps({"version": 2, "width": WIDTH, "height": HEIGHT, "title": "pulley pull"})]
    start = 0.0
    for scene in scenes:
        lines.append(_event(start, f"{_typed(scene)}\r\n"))
        lines += [_event(start + at, text) for at, text in scene.pieces]
        start += (scene.pieces[-1][0] if scene.pieces else 0.0) + 1.0
        lines.append(_event(start, f"$ echo $?\r\n{scene.code}\r\n"))
        start += 1.0
    return "\n".join(lines) + "\n"


def _event(at: float, text: str) -> str:
    return json.dumps([round(at, 3), "o", text], ensure_ascii=False)


def _typed(scene: Scene) -> str:
    return " ".join(["$ pulley", *(f"'{word}'" if " " in word else word for word in scene.words)])


def main(folder: Path) -> int:
    """Record, and write both files; return the exit code."""
    thread = HubThread(scale="demo", knobs=Knobs(bytes_per_s_total=RATE_BYTES_S))
    endpoint = thread.start()
    assert thread.hub is not None
    try:
        with tempfile.TemporaryDirectory(prefix="pulley-recording-") as work:
            scenes = asyncio.run(record(thread.hub, endpoint, Path(work)))
            texts = as_text(scenes), as_cast(scenes)
            assert not any(work in text for text in texts), "a recording names no folder of the machine"
    finally:
        thread.close()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(("pull.md", "pull.cast"), texts, strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    codes = [scene.code for scene in scenes]
    print(f"Exit codes: {codes}")
    return 0 if codes == [130, 1, 0, 0, 2] else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
