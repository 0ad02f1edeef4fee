"""A listing becomes rows: one a model, everything in exactly one of them, with true totals."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.choosing import Kind, Listing, Row, group
from core.records import Handle, RemoteFile
from core.selection import Unselectable, choose

HANDLE = Handle("huggingface", "org/repo")


def listing(sizes: Mapping[str, int | None]) -> Listing:
    return Listing(HANDLE, "c" * 40, tuple(RemoteFile(path, size, "", "") for path, size in sizes.items()))


def rows_of(*paths: str) -> dict[tuple[Kind, str], Row]:
    return {(row.kind, row.name): row for row in group(listing(dict.fromkeys(paths, 10)))}


def shards(name: str, count: int, *, suffix: str = ".gguf", without: tuple[int, ...] = ()) -> list[str]:
    return [f"{name}-{n:05d}-of-{count:05d}{suffix}" for n in range(1, count + 1) if n not in without]


def test_a_quant_is_one_row_with_the_total_of_its_shards_and_its_projector_beside_it() -> None:
    rows = rows_of("mmproj-f16.gguf", *shards("Q4_K_M/m-Q4_K_M", 3), "m-Q8_0.gguf", "README.md")
    model = rows[Kind.MODEL, "Q4_K_M"]
    assert model.total == 30 and len(model.paths) == 3 and model.count == 3 and not model.missing
    assert model.companions == ("mmproj-f16.gguf",) == rows[Kind.MODEL, "Q8_0"].companions
    assert rows[Kind.PROJECTOR, "mmproj-f16.gguf"].total == 10


def test_the_usual_one_is_marked_and_no_other() -> None:
    rows = rows_of("m-Q2_K.gguf", "m-Q4_K_M.gguf", "m-Q8_0.gguf", "mmproj.gguf", "config.json")
    assert [name for (_, name), row in rows.items() if row.is_usual] == ["Q4_K_M", "mmproj.gguf"]


def test_models_are_shown_by_size_and_before_everything_else() -> None:
    found = group(listing({"README.md": 1, "m-Q8_0.gguf": 90, "imatrix.gguf": 1, "m-Q2_K.gguf": 20, "x.png": 5}))
    assert [row.kind for row in found] == [Kind.MODEL, Kind.MODEL, Kind.IMATRIX, Kind.SUPPORT, Kind.OTHER]
    assert [row.name for row in found[:2]] == ["Q2_K", "Q8_0"]


def test_what_is_no_model_is_told_apart() -> None:
    rows = rows_of("m-Q4_K_M.gguf", "m.imatrix.gguf", "imatrix.dat", "mtp-m-Q4_K_M.gguf", "eagle3-m.gguf")
    kinds = Counter(kind for kind, _ in rows)
    assert kinds == {Kind.MODEL: 1, Kind.IMATRIX: 2, Kind.DRAFT: 2}


def test_a_set_that_lacks_shards_says_how_many() -> None:
    rows = rows_of(*shards("m-Q4_K_M", 3, without=(2,)), *shards("model", 4, suffix=".safetensors", without=(1, 4)))
    assert rows[Kind.MODEL, "Q4_K_M"].missing == 1 and not rows[Kind.MODEL, "Q4_K_M"].is_usual
    assert rows[Kind.WEIGHTS, "model.safetensors"].missing == 2


def test_a_set_of_safetensors_is_one_row_with_its_index() -> None:
    rows = rows_of(*shards("model", 2, suffix=".safetensors"), "model.safetensors.index.json", "config.json")
    weights = rows[Kind.WEIGHTS, "model.safetensors"]
    assert len(weights.paths) == 3 and weights.is_usual and not weights.missing
    assert rows[Kind.SUPPORT, ""].is_usual


def test_the_same_weights_in_another_format_name_the_usual_ones_and_stay_unusual() -> None:
    rows = rows_of(
        "model.safetensors", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "model.fp16.safetensors",
        "onnx/model.onnx", "onnx/model.onnx_data", "config.json",
    )  # fmt: skip
    for name in (
        "pytorch_model.bin",
        "tf_model.h5",
        "flax_model.msgpack",
        "model.fp16.safetensors",
        "onnx/model.onnx",
    ):
        row = rows[Kind.WEIGHTS, name]
        assert row.twin == "model.safetensors" and not row.is_usual, name
    assert len(rows[Kind.WEIGHTS, "onnx/model.onnx"].paths) == 2, "the data belong to the graph"


@pytest.mark.parametrize(
    "name",
    ["a.bin", "a.pt", "a.pth", "a.ckpt", "a.pkl", "a.npy", "a.npz", "a.h5", "a.keras", "a.joblib", "A.PT"],
)
def test_formats_that_may_run_code_are_marked_and_the_safe_ones_offered(name: str) -> None:
    assert rows_of(name)[Kind.WEIGHTS, name].carries_code
    assert rows_of(name)[Kind.WEIGHTS, name].instead == ""
    assert rows_of(name, "x/model.safetensors")[Kind.WEIGHTS, name].instead == "x/model.safetensors"
    assert rows_of(name, "m-Q2_K.gguf", "m-Q4_K_M.gguf")[Kind.WEIGHTS, name].instead == "Q4_K_M"


def test_safe_formats_are_not_marked_and_programs_are() -> None:
    rows = rows_of("a.safetensors", "b-Q8_0.gguf", "c.onnx", "modeling.py", "config.json", "x/y.py")
    assert {row.kind for row in rows.values() if row.carries_code} == {Kind.CODE}
    assert len(rows[Kind.CODE, ""].paths) == 2


def test_a_repo_without_files_has_no_rows() -> None:
    assert group(listing({})) == ()


def test_a_size_that_the_hub_does_not_tell_is_counted_as_unknown() -> None:
    (row,) = group(listing({"m-Q8_0.gguf": None}))
    assert (row.total, row.unsized) == (0, 1)


PATHS = st.lists(
    st.one_of(
        st.builds(
            "{}{}{}{}".format,
            st.sampled_from(["", "a/", "onnx/", "Q8_0/", "checkpoint-5/", "unet/"]),
            st.sampled_from(["m", "mmproj", "imatrix", "mtp-m", "model", "pytorch_model", "consolidated", "é"]),
            st.sampled_from(["", "-Q4_K_M", "-00001-of-00002", "-00002-of-00002", "-00003-of-00002", ".fp16"]),
            st.sampled_from([
                ".gguf", ".safetensors", ".bin", ".json", ".py", ".md", "", ".safetensors.index.json", ".onnx",
                ".onnx_data", ".dat",
            ]),
        ),
        st.text(min_size=1, max_size=12),
    ),
    unique=True,
    max_size=40,
)  # fmt: skip


@given(PATHS, st.integers(0, 10**12))
def test_every_file_is_in_exactly_one_row_and_the_totals_add_up(paths: list[str], size: int) -> None:
    sizes = {path: None if n % 7 == 3 else size + n for n, path in enumerate(paths)}
    rows = group(listing(sizes))
    assert sorted(path for row in rows for path in row.paths) == sorted(paths)
    assert sum(row.total for row in rows) == sum(size or 0 for size in sizes.values())
    assert sum(row.unsized for row in rows) == sum(size is None for size in sizes.values())
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert row.paths and set(row.companions) <= set(paths) and not set(row.companions) & set(row.paths)
        assert row.missing >= 0 and (row.carries_code or not row.instead)


@given(PATHS)
def test_the_usual_rows_are_what_is_taken_where_nobody_chooses(paths: list[str]) -> None:
    try:
        usual = choose(paths)
    except Unselectable:
        usual = frozenset()
    for row in group(listing(dict.fromkeys(paths, 1))):
        assert row.is_usual == usual.issuperset(row.paths)


def many_shards(number: int) -> str:
    return f"q{number // 200}/m-Q4_K_M-{number % 200 + 1:05d}-of-00200.gguf"


def many_kinds(number: int) -> str:
    forms = ("a{}.safetensors", "b/{}.json", "c{}.bin", "x/{}.png", "m{}-Q8_0.gguf")
    return forms[number % 5].format(number)


def one_set(number: int) -> str:
    return f"model-{number + 1:05d}-of-10000.safetensors"


@pytest.mark.parametrize("form", [many_shards, many_kinds, one_set])
def test_the_work_of_ten_thousand_files_is_ten_times_that_of_a_thousand(form: Callable[[int], str]) -> None:
    """Counts calls: it holds on any machine. The seconds are only told."""
    counts, seconds = [], 0.0
    for number in (1000, 10_000):
        files = listing({form(n): 5 for n in range(number)})
        started = time.perf_counter()
        group(files)
        seconds = time.perf_counter() - started
        counts.append(_calls(lambda files=files: group(files)))
    print(f"{form.__name__}: {seconds * 1000:.0f} ms, {counts[1] / 10_000:.0f} calls a file")
    assert counts[1] < 12 * counts[0]
    assert counts[1] < 80 * 10_000


def _calls(work: Callable[[], object]) -> int:
    count = 0

    def on_call(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(on_call)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
