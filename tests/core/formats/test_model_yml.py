"""The hub's model.yml as Cortex leaves it beside a model."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.formats.model_yml import rewrite_model_yml
from core.formats.yaml_text import dump_yaml, load_mapping, load_yaml

HUB = """\
# BEGIN GENERAL GGUF METADATA
id: tinyllama # the id
model: tinyllama:old # REQUIRED
name: tinyllama
version: 1
# END

# BEGIN INFERENCE PARAMETERS
stop: # BEGIN OPTIONAL
  - </s>
prompt_template: "<|system|>\\n{system_message}</s>"
size: 1
engine: llama-cpp # enables GPU
ctx_len: 2048
"""
FILES = ["models/cortex.so/tinyllama/gguf/model.gguf"]


def rewrite(text: str, **changed: object) -> str:
    given = {"task_id": "tinyllama:gguf", "size": 668788096, "files": FILES, **changed}
    return rewrite_model_yml(text, **given)  # type: ignore[arg-type]


def test_cortex_keys_are_rewritten_and_everything_else_survives() -> None:
    expected = HUB.replace(
        "model: tinyllama:old # REQUIRED\n", f"model: tinyllama:gguf # REQUIRED\nfiles:\n- {FILES[0]}\n"
    ).replace("size: 1\n", "size: 668788096\n")
    assert rewrite(HUB) == expected


def test_rewriting_again_changes_nothing() -> None:
    assert rewrite(rewrite(HUB)) == rewrite(HUB)


def test_a_projector_is_named_and_files_that_are_named_stay() -> None:
    text = rewrite(HUB + "files: [mine.gguf]\n", mmproj="models/x/mmproj.gguf")
    loaded = yaml.safe_load(text)
    assert loaded["files"] == ["mine.gguf"] and loaded["mmproj"] == "models/x/mmproj.gguf"


def test_missing_keys_are_added_at_the_top() -> None:
    text = rewrite("# a banner\nengine: llama-cpp\n")
    assert text.startswith("# a banner\nmodel: tinyllama:gguf\nsize: 668788096\nfiles:\n")
    assert yaml.safe_load(text)["engine"] == "llama-cpp"


@pytest.mark.parametrize(
    "text",
    [
        "{model: x, engine: llama-cpp}",
        "model: |\n  x\n  y\nengine: llama-cpp\n",
        "model: &m x\nengine: llama-cpp\n",
        "model:\nengine: llama-cpp\nsize:\n",
        "  model: x\n  engine: llama-cpp\n",
        "---\nmodel: x\nengine: llama-cpp",
        "model: x\nmodel: y\nengine: llama-cpp\n",
        "model: [a, b]\nengine: llama-cpp\n",
        "model: x\r\nengine: llama-cpp\r\nsize: 3\r\n",
        "engine: llama-cpp\nmodel: x\n...\n",
    ],
)
def test_every_way_to_write_it_ends_in_the_same_values(text: str) -> None:
    loaded = yaml.safe_load(rewrite(text))
    assert loaded == {
        "model": "tinyllama:gguf",
        "size": 668788096,
        "files": FILES,
        "engine": "llama-cpp",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model: x\nengine: onnx\n",
        "- a list",
        "model: [",
        "x: " + "[" * 50_000,
        "a: &a [1]\nb: *a\nengine: llama-cpp\n",
        "engine: llama-cpp\nx: !!python/object:os.system {}\n",
        "engine: llama-cpp\n" + "#" * 2**18,
    ],
)
def test_what_is_not_for_cortex_stays_as_it_is(text: str) -> None:
    assert rewrite(text) == text


@pytest.mark.parametrize("text", ["d: 2024-99-99", "? [a]\n: b\n", "? {a: b}\n: c", "x: !!int y", "a: *b", "x: 0x"])
def test_yaml_that_upsets_its_library_is_a_value_error_or_a_value(text: str) -> None:
    try:
        load_yaml(text, chars_max=1000)
    except ValueError:
        assert load_mapping(text, chars_max=1000) is None


@given(
    st.dictionaries(
        st.sampled_from(["model", "size", "name", "files", "note", "x y", "stop"]),
        st.one_of(st.text(max_size=8), st.integers(), st.lists(st.text(max_size=4), max_size=2), st.none()),
    )
)
def test_only_cortex_keys_ever_change(values: dict[str, object]) -> None:
    values = {**values, "engine": "llama-cpp"}
    text = yaml.safe_dump(values, allow_unicode=True)
    loaded = yaml.safe_load(rewrite(text))
    read = yaml.safe_load(text)  # yaml itself loses line ends of other alphabets between writing and reading
    files = read.get("files", FILES)
    assert loaded == {**read, "model": "tinyllama:gguf", "size": 668788096, "files": files}


@pytest.mark.parametrize("name", ["\x85", "a\u2028b", "\u2029", " x\x85y "])
def test_odd_line_ends_in_a_value_survive(name: str) -> None:
    text = dump_yaml({"model": "a", "name": name, "engine": "llama-cpp"})
    assert load_mapping(text, chars_max=1000) == {"model": "a", "name": name, "engine": "llama-cpp"}
    again = load_mapping(rewrite_model_yml(text, task_id="t:b", size=5, files=[]), chars_max=1000)
    assert again is not None and again["name"] == name and again["model"] == "t:b"
