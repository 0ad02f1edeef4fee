"""Commands go by what Settings > Network says about the hub, as the window does; the environment wins."""

import yaml

from core.demo.server import DemoHub
from tests.fakes.proxies import free_port
from tests.fakes.terminal import Terminal


def choose(terminal: Terminal, **settings: object) -> None:
    terminal.folder.mkdir(parents=True, exist_ok=True)
    (terminal.folder / "settings.yml").write_text(yaml.safe_dump(settings))


async def test_pull_fetches_from_the_mirror_of_the_settings_says_so_and_sends_no_token(
    terminal: Terminal, hub: DemoHub
) -> None:
    choose(terminal, hub_way="mirror", hub_mirror=hub.endpoint)
    ended = await terminal.pull("demo/empty-file", HF_ENDPOINT="")
    assert ended.code == 0, ended.err
    assert f"Hugging Face is fetched from {hub.endpoint.removeprefix('http://')}" in ended.err
    assert len(hub.requests) and not hub.requests.with_token("hub")
    verified = await terminal.do("verify", "demo/empty-file", HF_ENDPOINT="")
    assert verified.code == 0, verified.err


async def test_the_environment_wins_in_the_terminal_too(terminal: Terminal, hub: DemoHub) -> None:
    choose(terminal, hub_way="mirror", hub_mirror=f"http://127.0.0.1:{free_port()}")
    ended = await terminal.pull("demo/empty-file")
    assert ended.code == 0 and "is fetched from" not in ended.err, ended.err
