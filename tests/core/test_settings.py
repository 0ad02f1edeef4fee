"""The settings file survives round trips, damage and hand-made edits."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.compose import limits_of
from core.errors import StoreError
from core.records import Limits
from core.settings import Settings, SettingsStore, problem


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "data" / "settings.yml")


def test_what_is_changed_is_brought_into_one_form_too(store: SettingsStore) -> None:
    origins = ("HTTPS://Example.org:443/", "https://example.org")
    store.update({"allowed_origins": origins, "hub_mirror": "A.example/"})
    assert store.current.allowed_origins == ("https://example.org",)
    assert store.current.hub_mirror == "https://a.example"


def test_a_value_that_two_settings_share_is_written_out_twice(store: SettingsStore) -> None:
    shared = ("https://a.example",)
    store.update({"allowed_origins": shared, "hub_mirrors": shared})
    text = store.path.read_text(encoding="utf-8")
    assert "&" not in text and text.count("https://a.example") == 2


def test_without_a_file_the_defaults_hold(store: SettingsStore) -> None:
    assert store.load() == Settings()
    assert store.warning == ""


def test_what_is_saved_is_loaded_again(store: SettingsStore, tmp_path: Path) -> None:
    chosen = Settings(
        models_dir=str(tmp_path / "größer"),
        parallel_tasks=16,
        connections_per_host=1,
        theme="dark",
        ask_before_quit=False,
        keep_awake=False,
        layout={"geometry": "AAAA"},
        max_connections=256,
        api_enabled=True,
        api_port=1,
        allowed_origins=("http://localhost:1420", "tauri://localhost"),
        cors=False,
        needs_api_key=True,
        secrets_kept=("api_keys",),
        proxy_url="http://proxy:3128",
        proxy_username="jan",
        no_proxy="example.org,10.0.0.0/8",
    )
    store.save(chosen)
    assert store.load() == chosen
    assert store.warning == ""
    assert [path.name for path in store.path.parent.iterdir()] == ["settings.yml"]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"- a\n- b\n", b"\xff\xfe\x00", b"theme: [dark", b"when: 2020-99-99\n", b"\0"]
)
def test_a_damaged_file_gives_the_defaults_and_is_kept(store: SettingsStore, raw: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(raw)
    assert store.load() == Settings()
    assert "damaged" in store.warning
    assert "settings.yml.bad-1" in store.warning
    assert store.path.with_name("settings.yml.bad-1").read_bytes() == raw


def test_each_damaged_file_gets_a_name_of_its_own(store: SettingsStore) -> None:
    store.path.parent.mkdir()
    for text in ("{", "["):
        store.path.write_text(text)
        store.load()
    assert store.path.with_name("settings.yml.bad-1").read_text() == "{"
    assert store.path.with_name("settings.yml.bad-2").read_text() == "["


def test_one_bad_value_does_not_cost_the_others(store: SettingsStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text("parallel_tasks: 99\ntheme: dark\nfrom_the_future: 1\n")
    assert store.load() == Settings(theme="dark")
    assert "parallel_tasks has to be a whole number from 1 to 16" in store.warning
    assert store.path.with_name("settings.yml.bad-1").exists()


def test_an_endless_file_is_not_read_to_its_end(store: SettingsStore) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"#" * ((1 << 20) + 10))
    assert store.load() == Settings()
    assert "too large" in store.warning


def test_a_failed_save_leaves_the_old_file_and_no_litter(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(Settings(theme="dark"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.settings.os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        store.save(Settings(theme="light"))
    assert store.load().theme == "dark"
    assert [path.name for path in store.path.parent.iterdir()] == ["settings.yml"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("models_dir", "relative/folder"),
        ("models_dir", "/nul\0byte"),
        ("models_dir", 3),
        ("parallel_tasks", 0),
        ("parallel_tasks", True),
        ("parallel_tasks", "4"),
        ("connections_per_host", 33),
        ("theme", "pink"),
        ("theme", ["dark"]),
        ("ask_before_quit", "yes"),
        ("layout", {"geometry": 3}),
        ("layout", {"geometry": "x" * 70_000}),
        ("layout", []),
        ("max_connections", 3),
        ("max_connections", 257),
        ("max_connections", 64.0),
        ("api_enabled", 1),
        ("api_port", 0),
        ("api_port", 65536),
        ("api_port", True),
        ("api_port", "39281"),
        ("cors", "true"),
        ("needs_api_key", None),
        ("allowed_origins", "http://localhost"),
        ("allowed_origins", ["*"]),
        ("allowed_origins", ["null"]),
        ("allowed_origins", ["http://localhost/path"]),
        ("allowed_origins", [3]),
        ("allowed_origins", [f"http://localhost:{port}" for port in range(1, 34)]),
        ("secrets_kept", ["passwd"]),
        ("secrets_kept", "api_keys"),
        ("secrets_kept", [["api_keys"]]),
        ("proxy_url", "proxy:3128"),
        ("proxy_url", "socks4://proxy:1080"),
        ("proxy_off", "no"),
        ("ca_file", "relative.pem"),
        ("ca_file", None),
        ("proxy_url", "http://user:secret@proxy:3128"),
        ("proxy_url", "http://@proxy"),
        ("proxy_url", "http://proxy:0"),
        ("proxy_url", "http://proxy:99999"),
        ("proxy_url", "http://proxy/path"),
        ("proxy_url", "http://pro xy"),
        ("proxy_url", "http://[::1"),
        ("proxy_url", "http://"),
        ("proxy_url", None),
        ("proxy_username", "a:b"),
        ("proxy_username", "a\nb"),
        ("no_proxy", ["localhost"]),
        ("no_proxy", "x" * 5000),
        ("no_proxy", "a\0"),
    ],
)
def test_values_out_of_bounds_are_refused(name: str, value: object) -> None:
    assert name in problem(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_connections", 4),
        ("max_connections", 256),
        ("api_port", 1),
        ("api_port", 65535),
        ("allowed_origins", ["HTTP://LocalHost:3000/", "tauri://localhost"]),
        ("allowed_origins", ()),
        ("allowed_origins", [f"http://localhost:{port}" for port in range(1, 33)]),
        ("secrets_kept", ["api_keys", "huggingface_token", "proxy_password"]),
        ("proxy_url", ""),
        ("proxy_url", "http://proxy:3128"),
        ("proxy_url", "https://proxy/"),
        ("proxy_username", "DOMAIN\\jan"),
        ("no_proxy", "localhost, .example.org"),
    ],
)
def test_values_within_bounds_are_taken(name: str, value: object) -> None:
    assert problem(name, value) == ""


def test_origins_are_kept_as_browsers_send_them_and_once(store: SettingsStore) -> None:
    store.save(Settings(allowed_origins=("HTTPS://Example.org:443/", "https://example.org", "http://a:80")))
    assert store.current.allowed_origins == ("https://example.org", "http://a")
    assert store.load().allowed_origins == ("https://example.org", "http://a")


def test_names_that_a_newer_version_wrote_stay_in_the_file(store: SettingsStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text("theme: dark\nfrom_the_future:\n  deep: [1, 2]\n")
    store.load()
    store.update({"theme": "light"})
    kept = yaml.safe_load(store.path.read_text())
    assert kept["from_the_future"] == {"deep": [1, 2]} and kept["theme"] == "light"


def test_an_update_changes_what_it_names_and_nothing_else(store: SettingsStore) -> None:
    store.save(Settings(theme="dark", api_port=8080))
    assert store.update({"api_enabled": True}) == Settings(theme="dark", api_port=8080, api_enabled=True)
    assert store.load() == store.current == Settings(theme="dark", api_port=8080, api_enabled=True)


def test_an_update_without_a_change_writes_nothing(store: SettingsStore) -> None:
    store.update({"theme": "system"})
    assert not store.path.exists()


def test_changes_from_several_threads_are_all_kept(store: SettingsStore) -> None:
    names = {"parallel_tasks": 9, "api_port": 9, "max_connections": 9, "connections_per_host": 9}
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: store.update({name: names[name]}), names))
    assert store.load() == Settings(**names)  # type: ignore[arg-type]
    assert [path.name for path in store.path.parent.iterdir()] == ["settings.yml"]


def test_the_limits_of_the_engine_follow_the_settings() -> None:
    limits = limits_of(Settings(parallel_tasks=2, connections_per_host=3, max_connections=5))
    assert limits == Limits(tasks=2, connections_per_host=3, connections=5)
    assert limits_of(Settings()) == Limits()


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*Settings.__struct_fields__, "other"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers()),
    )
)
def test_any_mapping_gives_settings_that_are_valid(tmp_path: Path, values: dict[str, object]) -> None:
    store = SettingsStore(tmp_path / "settings.yml")
    store.path.write_text(yaml.safe_dump(values))
    loaded = store.load()
    assert all(problem(name, getattr(loaded, name)) == "" for name in Settings.__struct_fields__)


def test_mirrors_are_kept_in_one_form_and_a_bad_one_is_refused(store: SettingsStore) -> None:
    settings = Settings(
        hub_way="fastest", hub_mirror="Mirror.example/", hub_mirrors=("a.example", "https://A.example")
    )
    assert settings.hub_mirror == "https://mirror.example" and settings.hub_mirrors == ("https://a.example",)
    store.save(settings)
    assert store.load() == settings
    assert Settings().mirrors_in_use == () == replace(settings, hub_way="hub").mirrors_in_use
    assert settings.mirrors_in_use == ("https://a.example",)
    assert replace(settings, hub_way="mirror").mirrors_in_use == ("https://mirror.example",)
    assert replace(settings, hub_way="mirror", hub_mirror="").mirrors_in_use == ()
    for name, value in (
        ("hub_way", "elsewhere"),
        ("hub_mirror", "http://mirror.example"),
        ("hub_mirrors", ["https://user:word@mirror.example"]),
        ("hub_mirrors", ["https://a.example"] * 9),
        ("hub_mirrors", "https://a.example"),
    ):
        assert problem(name, value)
