"""`pulley` on a pseudo-terminal: live lines, Ctrl-C on the keyboard, and the same through the door."""

import re

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from tests.fakes.glass import OnGlass, pulley
from tests.fakes.terminal import Terminal

MB = 2**20


async def pull(terminal: Terminal, *words: str, width: int = 100) -> OnGlass:
    seen = OnGlass(width=width)
    words = ("pull", "--data-dir", str(terminal.folder), *words)
    await seen.start(*pulley(*words), environ=terminal.environ)
    return seen


def big(hub: DemoHub, name: str) -> str:
    hub.add_repo(Repo(f"t/{name}", [GeneratedFile(f"{name}.bin", 24 * MB)]))
    return f"t/{name}"


async def test_each_model_has_one_line_that_lives(terminal: Terminal, hub: DemoHub) -> None:
    one, two = big(hub, "one"), big(hub, "two")
    hub.knobs.bytes_per_s_total = 12 * MB
    seen = await pull(terminal, one, two)
    line = r"^t/{} +█+░+ +\d+ %  25.2 MB  [\d.]+ MB/s  \d+ s  0 of 1 file$"
    await seen.shows(line.format("one"), line.format("two"))
    hub.knobs.bytes_per_s_total = None
    assert await seen.ended() == 0
    rows = seen.glass.text.splitlines()
    assert [row.split()[0] for row in rows] == [one, two], "two lines stay, and nothing else"
    assert all("█" * 20 in row and "100 %" in row and "complete, verified" in row for row in rows)
    assert "\x1b" not in seen.glass.text


async def test_ctrl_c_on_the_keyboard_is_130_and_parts_are_kept(terminal: Terminal, hub: DemoHub) -> None:
    one = big(hub, "one")
    hub.knobs.bytes_per_s_total = 6 * MB
    seen = await pull(terminal, one)
    await hub.requests.until(lambda: hub.bytes_sent("one.bin") > 3 * MB)
    seen.type("\x03")
    assert await seen.ended() == 130
    assert "Traceback" not in seen.glass.text
    assert (terminal.models / "huggingface.co" / one / "one.bin.part").exists()


async def test_ctrl_c_lets_go_of_what_another_process_pulls(terminal: Terminal, hub: DemoHub) -> None:
    server = await terminal.serve()
    one = big(hub, "one")
    hub.knobs.bytes_per_s_total = 6 * MB
    seen = await pull(terminal, one)
    await seen.shows("t/one ", "25.2 MB", "█")
    seen.type("\x03")
    assert await seen.ended() == 130
    assert f"let go of {one}" in re.sub(r"\n", "", seen.glass.text)
    hub.knobs.bytes_per_s_total = None
    assert (await terminal.pull(one)).code == 0
    assert (await server.interrupted()).code == 0


async def test_a_failure_stands_in_its_line_and_below_with_what_to_do(terminal: Terminal, hub: DemoHub) -> None:
    seen = await pull(terminal, "nobody/missing", "tinyllama", width=160)
    assert await seen.ended() == 1
    text = seen.glass.text
    assert re.search(r"^nobody/missing +░+ +0 %  failed: nobody/missing does not exist", text, re.M)
    assert re.search(r"^tinyllama:gguf +█+ 100 % .*complete, verified$", text, re.M)
    assert "nobody/missing: nobody/missing does not exist" in text and "Check the spelling" in text


async def test_a_wait_is_told_with_the_time_of_the_next_try(terminal: Terminal, hub: DemoHub) -> None:
    one = big(hub, "one")
    hub.knobs.fail_next["one.bin"] = ["status:503"] * 40
    seen = await pull(terminal, one, width=140)
    await seen.shows("retrying in ")
    hub.knobs.fail_next.clear()
    assert await seen.ended() == 0


async def test_verify_shows_how_far_it_is(terminal: Terminal, hub: DemoHub) -> None:
    assert (await terminal.pull("tinyllama")).code == 0
    seen = OnGlass()
    words = pulley("verify", "--data-dir", str(terminal.folder), "tinyllama")
    await seen.start(*words, environ=terminal.environ)
    assert await seen.ended() == 0
    assert re.fullmatch(r"tinyllama:gguf +█{20} 100 %  [\d.]+ [kM]B  complete, verified", seen.glass.text)


async def test_quiet_shows_nothing_on_a_terminal_either(terminal: Terminal, hub: DemoHub) -> None:
    seen = await pull(terminal, "--quiet", "tinyllama")
    assert await seen.ended() == 0
    assert seen.glass.text == ""


async def test_a_reader_that_leaves_ends_the_words_and_not_the_pull(terminal: Terminal, hub: DemoHub) -> None:
    seen = OnGlass()
    command = " ".join(pulley("pull", "--data-dir", str(terminal.folder), "tinyllama"))
    await seen.start("bash", "-c", f"{command} | head -c 1; echo ${{PIPESTATUS[0]}}", environ=terminal.environ)
    assert await seen.ended() == 0
    assert seen.glass.text.endswith("0") and "Traceback" not in seen.glass.text, seen.glass.text
