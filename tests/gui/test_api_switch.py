"""The switch brings about what is wanted last, one change at a time, and says what went wrong."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from PySide6.QtWidgets import QApplication

from core.errors import PortTaken, StoreError
from core.settings import Settings
from core.vault import new_key
from gui.api_switch import ApiSwitch, Key
from tests.fakes.api import FakeClient, FakeHouse, FakeKeeper, FakeSecrets

FIXED = "key-of-the-environment"
ON = Settings(api_enabled=True)
OFF = Settings()


class Rig:
    """A switch in fake surroundings."""

    def __init__(self) -> None:
        self.house = FakeHouse()
        self.house.gate.set()
        self.keeper = FakeKeeper(self.house)
        self.secrets = FakeSecrets()
        self.switch = ApiSwitch(self.house.make, self.keeper, self.secrets, fixed_keys=(FIXED,))
        self.said: list[str] = []
        self.states: list[tuple[bool, bool]] = []
        self.switch.said.connect(self.said.append)
        self.switch.changed.connect(lambda: self.states.append((self.switch.is_changing, self.switch.is_on)))

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        async with asyncio.timeout(10):
            while self.switch.is_changing:
                await asyncio.sleep(0)


@pytest.fixture
async def rig(qapp: QApplication) -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.switch.aclose()
    assert made.house.running == []


async def test_it_starts_when_the_settings_say_so_and_stops_when_they_do_not(rig: Rig) -> None:
    rig.switch.apply(OFF)
    assert not rig.switch.is_changing and rig.house.story == []
    rig.switch.apply(ON)
    assert rig.switch.is_changing and not rig.switch.is_on
    await rig.settle()
    assert rig.switch.is_on and rig.switch.url == "http://127.0.0.1:39281"
    assert rig.states[-1] == (False, True)
    rig.switch.apply(OFF)
    await rig.settle()
    assert not rig.switch.is_on and rig.switch.url == "" and rig.states[-1] == (False, False)
    assert rig.house.story == ["start 39281", "close"]


async def test_the_same_settings_again_change_nothing_but_are_told(rig: Rig) -> None:
    rig.switch.apply(ON)
    await rig.settle()
    rig.states.clear()
    rig.switch.apply(Settings(api_enabled=True, theme="dark"))
    assert rig.states == [(False, True)] and rig.house.story == ["start 39281"]


async def test_another_port_moves_it(rig: Rig) -> None:
    rig.switch.apply(ON)
    await rig.settle()
    rig.switch.apply(Settings(api_enabled=True, api_port=8080))
    await rig.settle()
    assert rig.switch.url == "http://127.0.0.1:8080"
    assert rig.house.story == ["start 39281", "close", "start 8080"]


@pytest.mark.parametrize("last", [ON, OFF, Settings(api_enabled=True, api_port=8080)])
async def test_quick_changes_end_in_the_last_one_and_never_in_two_servers(rig: Rig, last: Settings) -> None:
    rig.house.gate.clear()
    for settings in (ON, OFF, Settings(api_enabled=True, api_port=1000), OFF, ON, OFF, last):
        rig.switch.apply(settings)
        await asyncio.sleep(0)
    rig.house.gate.set()
    await rig.settle()
    assert rig.switch.is_on is last.api_enabled
    assert rig.switch.url == (f"http://127.0.0.1:{last.api_port}" if last.api_enabled else "")
    assert len(rig.house.running) == int(last.api_enabled)
    assert "start 1000" not in rig.house.story, "what nobody wants any more is not tried"


async def test_a_taken_port_is_said_and_kept_as_the_problem_until_it_works(rig: Rig) -> None:
    rig.house.failures = [PortTaken("Port 39281 is taken by python3 (process 7)")]
    rig.switch.apply(ON)
    await rig.settle()
    assert not rig.switch.is_on and rig.switch.problem is not None
    assert rig.said == [
        "The local API is off: Port 39281 is taken by python3 (process 7). "
        "Choose another port, or end the program that has this one."
    ]
    assert rig.house.story == ["start 39281", "close"], "its threads end"
    rig.switch.retry()
    await rig.settle()
    assert rig.switch.is_on and rig.switch.problem is None


async def test_trying_again_leaves_a_server_that_runs_alone(rig: Rig) -> None:
    rig.switch.apply(ON)
    await rig.settle()
    rig.switch.retry()
    assert not rig.switch.is_changing and rig.house.story == ["start 39281"]


async def test_an_error_that_nobody_thought_of_is_a_sentence_and_no_traceback(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.house.failures = [RuntimeError("boom")]
    rig.switch.apply(ON)
    await rig.settle()
    assert rig.switch.problem is not None and "boom" not in rig.said[0] and "error of Pulley" in rig.said[0]
    assert "boom" in caplog.text


async def test_a_start_that_hangs_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gui.api_switch.START_S", 0.01)
    rig.house.gate.clear()
    rig.switch.apply(ON)
    await rig.settle()
    assert not rig.switch.is_on and "did not start in time" in rig.said[0]
    assert rig.house.story[-1] == "close"


async def test_a_server_that_does_not_close_holds_nothing_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gui.api_switch.STOP_S", 0.01)
    rig.switch.apply(ON)
    await rig.settle()
    (server,) = rig.house.running

    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(server, "aclose", hang)
    rig.switch.apply(OFF)
    await rig.settle()
    assert not rig.switch.is_on
    rig.house.running.clear()


async def test_quitting_in_the_middle_of_a_start_leaves_nothing_behind(rig: Rig) -> None:
    rig.house.gate.clear()
    rig.switch.apply(ON)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert rig.house.story == ["start 39281"]
    await rig.switch.aclose()
    assert rig.house.story == ["start 39281", "close"] and not rig.switch.is_on
    rig.switch.apply(OFF)
    rig.switch.retry()
    rig.switch.look_at_keyring()
    assert not rig.switch.is_changing, "nothing begins after the end"


async def test_keys_are_in_force_before_the_server_opens(rig: Rig) -> None:
    rig.switch.set_keys(["sk-1", FIXED, "sk-2"])
    rig.switch.apply(ON)
    await rig.settle()
    assert rig.house.story == ["2 keys", "start 39281"]
    assert rig.keeper.keys == ("sk-1", "sk-2"), "those of the environment are not kept"


@pytest.mark.parametrize("error", [StoreError("The settings could not be saved (disk full)"), ValueError("x")])
async def test_a_server_is_not_opened_without_the_keys_it_was_to_have(
    rig: Rig, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    rig.keeper.refuses = error
    rig.switch.set_keys(["sk-1"])
    rig.switch.apply(ON)
    await rig.settle()
    assert not rig.switch.is_on and rig.house.story == ["1 keys"]
    assert rig.said[0].startswith("The access keys could not be changed")
    assert "is off" not in rig.said[0]


async def test_with_lost_keys_it_stays_off_until_there_are_others(rig: Rig) -> None:
    rig.keeper.lacks_keys = True
    rig.switch.apply(ON)
    await rig.settle()
    assert not rig.switch.is_on and "cannot be read" in rig.said[0]
    assert rig.switch.keys() == [Key("", is_lost=True)]
    rig.switch.set_keys(["sk-1"])
    await rig.settle()
    assert rig.switch.is_on and rig.switch.problem is None


async def test_lost_keys_that_come_back_are_used(rig: Rig) -> None:
    rig.keeper.lacks_keys = True
    rig.keeper.comes_back = ("sk-1",)
    rig.switch.apply(ON)
    await rig.settle()
    assert rig.switch.is_on and rig.said == []


async def test_new_keys_do_not_switch_on_what_is_off(rig: Rig) -> None:
    rig.keeper.lacks_keys = True
    rig.switch.apply(OFF)
    rig.switch.set_keys([])
    await rig.settle()
    assert not rig.switch.is_on and rig.house.running == []


async def test_who_is_connected_is_told_when_it_changes(rig: Rig) -> None:
    told: list[int] = []
    rig.switch.clients_changed.connect(lambda: told.append(1))
    assert rig.switch.programs() == []
    rig.switch.apply(ON)
    await rig.settle()
    (server,) = rig.house.running
    rig.house.clients = [FakeClient("Jan"), FakeClient("", "::1")]
    assert server.on_change is not None
    server.on_change()
    assert told == [1] and rig.switch.programs() == [("Jan", "127.0.0.1"), ("", "::1")]


async def test_looking_at_the_keyring_tells_whether_keys_last(rig: Rig) -> None:
    assert rig.switch.keeps_keys
    rig.secrets.finds_lasting = False
    rig.switch.look_at_keyring()
    async with asyncio.timeout(10):
        while rig.switch.keeps_keys or not rig.states:
            await asyncio.sleep(0.001)
    assert not rig.switch.keeps_keys


def test_a_key_shows_at_most_its_end() -> None:
    key = new_key()
    assert key[3:-4] not in repr(Key(key)) and repr(Key(key)) == f"Key(sk-…{key[-4:]})"
    assert repr(Key("short")) == "Key(…)"
