"""The description beside a finished model: its name, its text, what is read back, and what counts as complete."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.description import (
    MARKER,
    DescribedFile,
    Description,
    body_hash,
    complete,
    description_name,
    find_descriptions,
    parse,
    render,
)
from core.formats.gguf import Header
from core.handles import parse_handle
from core.records import Manifest, RemoteFile, Selection

SHA = "sha256:" + "0a" * 32
COMMIT = "1234567890" * 4


def manifest_of(*paths: str, hub: str = "huggingface", repo: str = "org/repo", **fields: str) -> Manifest:
    files = tuple(RemoteFile(path, 10, SHA, "https://h.test/x") for path in paths)
    folder = fields.pop("folder", "huggingface.co/org/repo")
    return Manifest(hub, repo, fields.pop("revision", ""), COMMIT, folder, files)


def described(*paths: str) -> list[DescribedFile]:
    return [DescribedFile(path, 10, SHA) for path in paths]


def written(text: str, *paths: str, selection: Selection | None = None, wanted: tuple[str, ...] = ()) -> str:
    handle = parse_handle(text)
    return render(
        task_id=text,
        handle=handle,
        manifest=manifest_of(*(wanted or paths), revision=handle.revision),
        files=described(*paths),
        selection=selection,
    )


def found(text: str) -> Description:
    description = parse(text)
    assert description is not None
    return description


# -- its name ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (["m-Q4_K_M.gguf"], "m-Q4_K_M.yml"),
        (["m-Q4_K_M.gguf", "mmproj-F16.gguf", "README.md"], "m-Q4_K_M.yml"),
        (["Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"], "m-Q8_0.yml"),
        (["a.gguf", "b.gguf"], "model.yml"),
        (["model.safetensors", "config.json"], "model.yml"),
        (["mmproj-F16.gguf"], "model.yml"),
        (["-00001-of-00001.gguf"], "model.yml"),
    ],
)
def test_it_is_named_after_the_one_gguf_model_else_model_yml(wanted: list[str], name: str) -> None:
    assert description_name(manifest_of(*wanted, "other.gguf"), wanted) == name


def test_a_file_of_the_repo_keeps_its_name_save_in_cortexso_models() -> None:
    assert description_name(manifest_of("Model.YML", "x.bin"), ["x.bin"]) == "pulley.yml"
    assert description_name(manifest_of("m.gguf", "m.yml", "pulley.yml"), ["m.gguf"]) == "pulley-2.yml"
    cortex = manifest_of("model.gguf", "model.yml", hub="cortexso", repo="tinyllama")
    assert description_name(cortex, ["model.gguf", "model.yml"]) == "model.yml"


def test_a_description_that_names_other_files_is_not_replaced() -> None:
    manifest = manifest_of("a.bin", "b.bin")
    others = {"model.yml": found(written("org/repo", "a.bin"))}
    assert description_name(manifest, ["b.bin"], others=others) == "pulley.yml"
    assert description_name(manifest, ["a.bin", "b.bin"], others=others) == "model.yml"


# -- its text ---------------------------------------------------------------------------------------------


def test_it_has_cortex_keys_and_our_block() -> None:
    text = render(
        task_id="org/repo:Q4_K_M",
        handle=parse_handle("org/repo:Q4_K_M"),
        manifest=manifest_of("m-Q4_K_M.gguf", "mmproj-F16.gguf"),
        files=described("m-Q4_K_M.gguf", "mmproj-F16.gguf"),
        header=Header("llama", "My Model", 8192),
    )
    assert yaml.safe_load(text) == {
        "id": "repo",
        "model": "org/repo:Q4_K_M",
        "name": "My Model",
        "files": ["models/huggingface.co/org/repo/m-Q4_K_M.gguf"],
        "mmproj": "models/huggingface.co/org/repo/mmproj-F16.gguf",
        "size": 20,
        "engine": "llama-cpp",
        "architecture": "llama",
        "ctx_len": 8192,
        "pulley": {
            "handle": "org/repo:Q4_K_M",
            "hub": "huggingface",
            "repo": "org/repo",
            "revision": "main",
            "commit": COMMIT,
            "files": [
                {"path": "m-Q4_K_M.gguf", "size": 10, "hash": SHA},
                {"path": "mmproj-F16.gguf", "size": 10, "hash": SHA},
            ],
        },
    }


@pytest.mark.parametrize(
    "handle",
    [
        "org/repo",
        "org/repo@v1",
        "org:repo:x.gguf",
        "org:repo:d/x.gguf@v1",
        f"https://h.test/x.bin#sha256={'0a' * 32}",
    ],
)
def test_what_is_written_is_read_back(handle: str) -> None:
    asked = parse_handle(handle)
    paths = [asked.path or "x.bin", "ü b.txt"]
    manifest = replace(manifest_of(*paths, hub=asked.hub, repo=asked.repo), revision=asked.revision)
    text = render(task_id=handle, handle=asked, manifest=manifest, files=described(*paths))
    description = found(text)
    assert description.handle == handle and description.model == handle
    assert (description.hub, description.repo, description.revision) == (asked.hub, asked.repo, asked.revision)
    assert (description.commit, description.files) == (COMMIT, tuple(described(*paths)))
    assert description.answers(asked, Selection())
    assert parse(text.encode()) == description


HUB_YML = """\
# BEGIN GENERAL GGUF METADATA
model: tinyllama # REQUIRED
size: 1
engine: llama-cpp
"""


def cortex_description(hub_text: str) -> str:
    paths = ("metadata.yml", "model.yml", "model.gguf")
    return render(
        task_id="tinyllama:gguf",
        handle=parse_handle("tinyllama"),
        manifest=manifest_of(
            *paths, hub="cortexso", repo="tinyllama", folder="cortex.so/tinyllama/gguf", revision="gguf"
        ),
        files=described(*paths),
        hub_text=hub_text,
    )


def test_the_model_yml_of_cortexso_is_the_description_with_both_hashes() -> None:
    text = cortex_description(HUB_YML)
    assert text.startswith("# BEGIN GENERAL GGUF METADATA\nmodel: tinyllama:gguf # REQUIRED\nfiles:\n")
    assert "- models/cortex.so/tinyllama/gguf/model.gguf\n" in text
    assert yaml.safe_load(text)["size"] == 30
    described_yml = found(text).files[1]
    assert described_yml.hash == SHA and described_yml.local_hash == body_hash(text)
    assert body_hash(text) != body_hash(text.replace("llama-cpp", "other"))
    assert body_hash(text) == body_hash(text + "# ours\n")


def test_describing_again_from_what_stands_there_changes_nothing() -> None:
    assert cortex_description(cortex_description(HUB_YML)) == cortex_description(HUB_YML)


@pytest.mark.parametrize(
    "hub_text", ["", "[", "- x", "a: &a 1\nb: *a\n", "x: " + "[" * 50_000, "pulley: mine\n", "model: x\n...\n"]
)
def test_a_model_yml_that_cannot_carry_our_block_is_replaced_by_facts(hub_text: str) -> None:
    text = cortex_description(hub_text)
    assert yaml.safe_load(text)["model"] == "tinyllama:gguf"
    assert found(text).files[1].local_hash == body_hash(text)


def test_a_model_yml_for_another_engine_is_kept_as_it_is() -> None:
    text = cortex_description("engine: onnx\nmodel: mine\n")
    assert text.startswith("engine: onnx\nmodel: mine\n" + MARKER)


# -- what it answers ---------------------------------------------------------------------------------------


def test_it_answers_the_same_request_only() -> None:
    whole = found(written("org/repo", "a.bin", "b.bin"))
    assert whole.answers(parse_handle("https://huggingface.co/org/repo"), Selection())
    assert not whole.answers(parse_handle("org/repo@v1"), Selection())
    assert not whole.answers(parse_handle("org/repo"), Selection(globs=("*.bin",)))
    assert whole.answers(parse_handle("org/repo"), Selection(paths=frozenset({"a.bin"})))
    globbed = found(written("org/repo", "a.bin", selection=Selection(globs=("*.bin",))))
    assert globbed.answers(parse_handle("org/repo"), Selection(globs=("*.bin",)))
    assert not globbed.answers(parse_handle("org/repo"), Selection())


def test_what_was_left_out_by_hand_makes_it_partial() -> None:
    partial = found(written("org/repo", "a.bin", wanted=("a.bin", "b.bin")))
    assert not partial.answers(parse_handle("org/repo"), Selection())
    assert partial.answers(parse_handle("org/repo"), Selection(paths=frozenset({"a.bin"})))


def test_a_bare_cortexso_name_and_its_branch_are_the_same_model() -> None:
    description = found(cortex_description(HUB_YML))
    assert description.answers(parse_handle("tinyllama"), Selection())
    assert description.answers(parse_handle("tinyllama:gguf"), Selection())
    assert not description.answers(parse_handle("tinyllama:1b"), Selection())


# -- on the disk -------------------------------------------------------------------------------------------


def test_complete_means_that_every_described_file_has_its_size(tmp_path: Path) -> None:
    description = found(written("org/repo", "a.bin", "d/b.bin"))
    (tmp_path / "d").mkdir()
    (tmp_path / "a.bin").write_bytes(b"x" * 10)
    assert not complete(description, tmp_path)
    (tmp_path / "d/b.bin").write_bytes(b"x" * 9)
    assert not complete(description, tmp_path)
    (tmp_path / "d/b.bin").write_bytes(b"x" * 10)
    assert complete(description, tmp_path)


def test_the_rewritten_model_yml_need_not_have_the_size_of_the_hub(tmp_path: Path) -> None:
    text = cortex_description(HUB_YML)
    for name in ("metadata.yml", "model.gguf"):
        (tmp_path / name).write_bytes(b"x" * 10)
    assert not complete(found(text), tmp_path)
    (tmp_path / "model.yml").write_text(text)
    assert complete(found(text), tmp_path)


def test_descriptions_are_found_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(written("org/repo", "a.bin"))
    (tmp_path / "b.yml").write_text("just: yaml\n")
    (tmp_path / "c.yml").mkdir()
    (tmp_path / "d.yml").symlink_to(tmp_path / "a.yml")
    (tmp_path / "e.yml").write_bytes(b"\xff\xfe" + MARKER.encode())
    (tmp_path / "f.txt").write_text(written("org/repo", "f.bin"))
    assert list(find_descriptions(tmp_path)) == ["a.yml"]
    assert find_descriptions(tmp_path / "none") == {}


# -- rubbish -----------------------------------------------------------------------------------------------

GOOD = written("org/repo", "a.bin")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("path: a.bin", "path: ../a.bin"),
        ("path: a.bin", "path: /etc/passwd"),
        ("path: a.bin", "path: [a]"),
        ("size: 10\n    hash", "size: -1\n    hash"),
        ("size: 10\n    hash", "size: true\n    hash"),
        ("size: 10\n    hash", "size: 1.5\n    hash"),
        (f"hash: {SHA}", "hash: 5"),
        ("handle: org/repo", "handle: ''"),
        ("handle: org/repo", "handle: [x]"),
        ("revision: main", "revision: {}"),
        ("files:\n  - path", "files: 5\n  x:\n  - path"),
        ("pulley:", "other:"),
        (MARKER, ""),
        (MARKER, MARKER + "x: " + "[" * 50_000 + "\n"),
    ],
)
def test_a_description_that_is_wrong_anywhere_in_our_block_is_none(old: str, new: str) -> None:
    assert old in GOOD
    assert parse(GOOD.replace(old, new)) is None


def test_a_description_of_absurd_size_is_not_even_read() -> None:
    assert parse(GOOD + "#" * 2**23) is None


def test_a_damaged_upper_part_costs_only_its_facts() -> None:
    description = found("[[[\n" + GOOD)
    assert description.facts == {} and description.model == "org/repo"


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_no_text_upsets_the_reader(text: str | bytes) -> None:
    assert parse(text) is None
    ours = MARKER.encode() + b"pulley:\n " + (text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    assert parse(ours) is None
