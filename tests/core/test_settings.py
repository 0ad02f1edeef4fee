"""The settings file survives round trips, damage and hand-made edits."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import StoreError
from core.settings import Settings, SettingsStore, problem


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "data" / "settings.yml")


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
    ],
)
def test_values_out_of_bounds_are_refused(name: str, value: object) -> None:
    assert name in problem(name, value)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*Settings.__dataclass_fields__, "other"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers()),
    )
)
def test_any_mapping_gives_settings_that_are_valid(tmp_path: Path, values: dict[str, object]) -> None:
    store = SettingsStore(tmp_path / "settings.yml")
    store.path.write_text(yaml.safe_dump(values))
    loaded = store.load()
    assert all(problem(name, getattr(loaded, name)) == "" for name in Settings.__dataclass_fields__)
