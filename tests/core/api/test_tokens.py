"""Which token is in force, and who gets it: the variable, what was entered, the token file; a mirror by consent."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.accounts import HUGGING_FACE, MODELSCOPE, Account, HubAccount
from core.api.control import Control
from core.api.tokens import MASK
from core.net.client import Net
from core.net.credentials import endpoint_of, from_environment
from core.net.endpoints import keep_modelscope_token
from core.settings import SettingsStore
from core.vault import MemorySecrets

FILE = "hf_token_of_the_file_0001"
ENTERED = "hf_token_that_was_entered"
VARIABLE = "hf_token_of_the_variable"
HUB = "https://huggingface.co"
MIRROR = "https://hf-mirror.example"

Make = Callable[..., Control]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    (tmp_path / "token").write_text(FILE)
    store, secrets = SettingsStore(tmp_path / "settings.yml"), MemorySecrets()

    def made(*, file: bool = True, **environ: str) -> Control:
        environ = {"HF_HOME": str(tmp_path / ("" if file else "nothing")), **environ}
        net = Net(from_environment(environ, tmp_path / "home")[0])
        keep_modelscope_token(net.credentials, environ)
        return Control(store, secrets, net, endpoint=endpoint_of(environ), environ=environ, apply=lambda _: None)

    return made


def sent(control: Control, url: str) -> str:
    return control._net.credentials.headers(url).get("Authorization", "").removeprefix("Bearer ")


def account_of(control: Control, hub: HubAccount = HUGGING_FACE) -> Account:
    return control.tokens.account(hub)


async def enter(control: Control, token: str, name: str = "huggingface_token") -> None:
    await control.change({name: token}, host="127.0.0.1")


async def test_what_was_entered_wins_over_the_file_and_its_end_brings_that_back(make: Make) -> None:
    control = make()
    await control.load()
    told: list[str] = []
    control.tokens.on_change = lambda hub: told.append(sent(control, HUB))
    assert (sent(control, HUB), account_of(control).place, account_of(control).mask) == (FILE, "file", MASK)
    assert control.config()["huggingface_token"] == MASK
    await enter(control, ENTERED)
    account = account_of(control)
    assert (sent(control, HUB), account.place, account.has_kept) == (ENTERED, "settings", True)
    assert account.mask == MASK + ENTERED[-4:] and ENTERED not in repr(account)
    await enter(control, "")
    assert (sent(control, HUB), account_of(control).place, account_of(control).has_kept) == (FILE, "file", False)
    assert told == [ENTERED, FILE]


async def test_a_variable_wins_over_all(make: Make) -> None:
    control = make(HF_TOKEN=VARIABLE)
    await control.load()
    await enter(control, ENTERED)
    assert (sent(control, HUB), account_of(control).place, control.tokens.token(HUGGING_FACE)) == (
        VARIABLE,
        "variable",
        VARIABLE,
    )
    assert account_of(control).has_kept


async def test_a_token_that_was_entered_is_there_again_at_the_next_start(make: Make) -> None:
    await enter(make(file=False), ENTERED)
    control = make(file=False)
    assert sent(control, HUB) == ""
    await control.load()
    assert sent(control, HUB) == ENTERED


async def test_a_mirror_gets_no_token_without_consent_and_another_mirror_not_even_then(make: Make) -> None:
    control = make(HF_ENDPOINT=MIRROR)
    await control.load()
    await enter(control, ENTERED)
    account = account_of(control)
    assert account.is_mirror and not account.is_allowed and account.host == "hf-mirror.example"
    assert sent(control, MIRROR) == sent(control, HUB) == ""
    control.store.update({"token_mirrors": ("hf-mirror.example",)})
    control.use_network()
    assert sent(control, MIRROR) == ENTERED and sent(control, HUB) == "" and account_of(control).is_allowed
    other = make(HF_ENDPOINT="https://other.example")
    await other.load()
    assert sent(other, "https://other.example") == "", "consent was for the other one"
    control.store.update({"token_mirrors": ()})
    control.use_network()
    assert sent(control, MIRROR) == ""


async def test_a_variable_goes_to_the_mirror_that_the_environment_names(make: Make) -> None:
    control = make(HF_ENDPOINT=MIRROR, HF_TOKEN=VARIABLE)
    await control.load()
    assert sent(control, MIRROR) == VARIABLE and account_of(control).is_allowed


async def test_modelscope_has_a_token_of_its_own_in_a_header_and_a_cookie(make: Make) -> None:
    control = make()
    await control.load()
    hubs: list[str] = []
    control.tokens.on_change = lambda hub: hubs.append(hub.name)
    await enter(control, ENTERED, "modelscope_token")
    headers = control._net.credentials.headers("https://modelscope.cn/api")
    assert headers == {"Authorization": f"Bearer {ENTERED}", "Cookie": f"m_session_id={ENTERED}"}
    assert (sent(control, HUB), account_of(control, MODELSCOPE).place, hubs) == (FILE, "settings", ["modelscope"])
    again = make()
    await again.load()
    assert sent(again, "https://modelscope.cn/api") == ENTERED
    await enter(again, "a;b,c-0123456789abcdef", "modelscope_token")
    assert sent(again, "https://modelscope.cn/api") == "", "no cookie can hold it"


async def test_a_mirror_of_modelscope_needs_consent_too(make: Make) -> None:
    control = make(MODELSCOPE_ENDPOINT="https://ms-mirror.example")
    await enter(control, ENTERED, "modelscope_token")
    assert account_of(control, MODELSCOPE).is_mirror and sent(control, "https://ms-mirror.example/x") == ""
    control.store.update({"token_mirrors": ("ms-mirror.example",)})
    control.use_network()
    assert sent(control, "https://ms-mirror.example/x") == ENTERED
    assert not account_of(make(MODELSCOPE_ENDPOINT="www.modelscope.cn"), MODELSCOPE).is_mirror
    assert account_of(make(MODELSCOPE_ENDPOINT="www.modelscope.ai"), MODELSCOPE).is_mirror, (
        "it has its own accounts"
    )
    fixed = make(MODELSCOPE_ENDPOINT="https://ms-mirror.example", MODELSCOPE_API_TOKEN=VARIABLE)
    assert sent(fixed, "https://ms-mirror.example/x") == VARIABLE and account_of(fixed, MODELSCOPE).is_allowed


async def test_mirrors_of_the_settings_get_a_token_one_by_one_and_never_that_of_the_variable(make: Make) -> None:
    other = "https://other.example"
    both = {"hub_way": "fastest", "hub_mirrors": (MIRROR, other), "token_mirrors": ("hf-mirror.example",)}
    control = make()
    control.store.update(both)
    await control.load()
    told: list[HubAccount] = []
    control.tokens.on_change = told.append
    assert (sent(control, HUB), sent(control, MIRROR), sent(control, other)) == (FILE, FILE, "")
    assert (
        account_of(control).mirrors == ("hf-mirror.example", "other.example") and not account_of(control).is_mirror
    )
    await enter(control, ENTERED)
    assert (sent(control, MIRROR), sent(control, other)) == (ENTERED, "") and HUGGING_FACE in told
    control.store.update({"hub_way": "hub"})
    control.use_network()
    assert (sent(control, HUB), sent(control, MIRROR)) == (ENTERED, "") and account_of(control).mirrors == ()
    control.store.update(both)
    for fixed in (make(HF_TOKEN=VARIABLE), make(HF_ENDPOINT=HUB)):
        await fixed.load()
        assert sent(fixed, HUB) and sent(fixed, MIRROR) == "" and account_of(fixed).mirrors == ()
