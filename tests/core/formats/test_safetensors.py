"""Headers of safetensors files: counted as they are, refused where they cannot be."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.demo.safetensors import HEADER_BYTES, safetensors_file
from core.formats.safetensors import HEADER_BYTES_MAX, Header, header_bytes, read_header, read_index


def table(**tensors: tuple[str, list[int], list[int]]) -> bytes:
    named = {name: {"dtype": d, "shape": s, "data_offsets": o} for name, (d, s, o) in tensors.items()}
    return json.dumps({"__metadata__": {"format": "pt"}, **named}).encode()


def test_a_real_header_tells_types_and_parameters() -> None:
    data = safetensors_file("model.safetensors", 100_000).content.read()
    assert header_bytes(data[:8], size=len(data)) == HEADER_BYTES
    header = read_header(data[8 : 8 + HEADER_BYTES], size=len(data))
    assert header.parameters == (len(data) - 8 - HEADER_BYTES) // 4
    assert header.dtype == "F32" and header.data_bytes == len(data) - 8 - HEADER_BYTES


def test_the_most_frequent_type_comes_first() -> None:
    header = read_header(table(a=("F32", [2], [0, 8]), b=("BF16", [3, 5], [8, 38])))
    assert header == Header({"BF16": 15, "F32": 2}, 38)
    assert list(header.values) == ["BF16", "F32"] and header.parameters == 17


def test_a_scalar_is_one_value_and_no_tensor_none() -> None:
    assert read_header(table(a=("F16", [], [0, 2]))).parameters == 1
    assert read_header(b"{}") == Header({}, 0) and read_header(b"{}").dtype == ""


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 5000,
        b'{"a": 5}', b'{"a": {}}', b'{"a": {"dtype": 5, "shape": [], "data_offsets": [0, 1]}}',
        table(a=("F32", [-1], [0, 4])), table(a=("F32", [2], [0, 4])), table(a=("F32", [1], [4, 0])),
        table(a=("F32", [1], [0])), table(a=("F32", [2**61, 2**61], [0, 4])), table(a=("F32", [1] * 99, [0, 4])),
        table(a=("F" * 99, [1], [0, 4])), table(a=("F32", [True], [0, 4])),
        json.dumps({"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 6]}}).encode(),
    ],
)  # fmt: skip
def test_a_header_that_makes_no_sense_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        read_header(text)


def test_a_header_that_counts_more_than_the_file_holds_is_refused() -> None:
    text = table(a=("F32", [100], [0, 400]))
    assert read_header(text, size=8 + len(text) + 400).parameters == 100
    with pytest.raises(ValueError, match="more than the file"):
        read_header(text, size=8 + len(text) + 399)


@pytest.mark.parametrize(
    ("prefix", "size"),
    [
        (b"", None),
        (b"1234567", None),
        (struct.pack("<Q", 1), None),
        (struct.pack("<Q", HEADER_BYTES_MAX + 1), None),
        (struct.pack("<Q", 93), 100),
        (struct.pack("<Q", 2**64 - 1), 10**12),
    ],
)
def test_a_length_that_cannot_be_is_refused(prefix: bytes, size: int | None) -> None:
    with pytest.raises(ValueError):
        header_bytes(prefix, size=size)


def test_an_index_tells_parameters_where_it_tells_them() -> None:
    assert read_index(b'{"metadata": {"total_parameters": 7}}') == 7
    for text in (b"{}", b'{"metadata": 5}', b'{"metadata": {"total_parameters": -7}}', b'{"metadata": {"x": 1}}'):
        assert read_index(text) is None
    with pytest.raises(ValueError):
        read_index(b"<html>")


@given(st.binary(max_size=300), st.none() | st.integers(0, 10**6))
def test_any_bytes_give_a_header_or_a_value_error(data: bytes, size: int | None) -> None:
    for read in (
        lambda: read_header(data, size=size),
        lambda: header_bytes(data, size=size),
        lambda: read_index(data),
    ):
        try:
            read()
        except ValueError as error:
            assert str(error)
