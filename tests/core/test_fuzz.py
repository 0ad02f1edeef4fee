"""Garbage for every reader of strangers' texts: only the errors that it promises come out."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

WORDS = st.sampled_from([
    "org/repo", ":Q4_K_M", "@main", "https://", "huggingface.co/", "../", "\\", "\0", "\r\n", "bytes 5-99/1000",
    "%2F", '<https://hub.example/x>; rel="next"', "GGUF", "model: ", "- ", "&a *a", "{", "[", "}", "]", '"',
    "1e999", "NaN", "\u202e", "CON", ".part", "a" * 300, "-1", "Fri, 01 Jan 2027 00:00:00 GMT", "hf_abcdefgh12345",
    "tinyllama:gguf",
])  # fmt: skip
TEXTS = st.lists(WORDS | st.text(max_size=8), max_size=12).map(
    lambda parts: "".join(parts).encode(errors="replace")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["path", "size", "type", "oid", "lfs", "sha256", "model", "files"]) | st.text(max_size=5),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip
JSONS = VALUES.map(lambda value: json.dumps(value).encode())
LISTINGS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["file", "directory"]), "path": WORDS | st.text(max_size=30)},
        optional={"size": VALUES, "oid": VALUES, "lfs": VALUES},
    ),
    max_size=6,
).map(lambda value: json.dumps(value).encode())
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "Type": st.just("blob") | VALUES,
            "Path": WORDS | st.text(max_size=30),
            "Revision": st.just("c1" * 20) | VALUES,
        },
        optional={"Size": VALUES, "Sha256": st.just("ab" * 32) | VALUES, "CommittedDate": VALUES},
    ),
    max_size=4,
)
LAYERS = st.lists(
    st.fixed_dictionaries(
        {
            "mediaType": st.sampled_from(["model", "tensor", "json", "x"]).map(
                "application/vnd.ollama.image.{}".format
            ),
            "digest": st.just("sha256:" + "ab" * 32) | VALUES,
            "size": st.integers(0, 2**63) | VALUES,
        },
        optional={"name": WORDS | VALUES, "annotations": VALUES},
    ),
    max_size=4,
)
OTHERS = st.builds(
    lambda entries, layers: json.dumps({"Data": {"Files": entries}, "layers": layers}).encode(), ENTRIES, LAYERS
)
ANYTHING = st.binary(max_size=400) | TEXTS | JSONS | LISTINGS | OTHERS


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_only_promised_errors_come_out(target: Callable[[bytes], None]) -> None:
    tried = 0

    @settings(max_examples=150)
    @given(ANYTHING)
    def throw(data: bytes) -> None:
        nonlocal tried
        tried += 1
        target(data)

    throw()
    assert tried >= 100
