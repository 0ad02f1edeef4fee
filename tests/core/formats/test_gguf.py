"""Headers of GGUF files: the facts of good ones, ValueError for the rest."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.demo.gguf import gguf_file
from core.formats.gguf import READ_BYTES_MAX, Header, read_header


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def file_of(*pairs: bytes, count: int | None = None, version: int = 3) -> io.BytesIO:
    head = struct.pack("<4sIQQ", b"GGUF", version, 0, len(pairs) if count is None else count)
    return io.BytesIO(head + b"".join(pairs))


ARCHITECTURE = pair(b"general.architecture", 8, text(b"llama"))


def test_the_facts_of_a_real_header_are_read() -> None:
    made = gguf_file("x-Q4_K_M.gguf", 100_000, name="Llama 3.2", quant="Q4_K_M")
    header = read_header(io.BytesIO(made.content.read()))
    assert (header.architecture, header.name) == ("llama", "Llama 3.2")
    assert header.context_length


def test_what_comes_after_the_tokenizer_is_not_read() -> None:
    stream = file_of(ARCHITECTURE, pair(b"tokenizer.ggml.tokens", 9, b"\xff" * 4))
    assert read_header(stream) == Header(architecture="llama")


def test_trouble_after_the_architecture_costs_only_what_follows() -> None:
    broken = pair(b"general.tags", 9, struct.pack("<IQ", 8, 2**63))
    assert read_header(file_of(ARCHITECTURE, broken)).architecture == "llama"


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(b""),
        io.BytesIO(b"PK\x03\x04" + b"\0" * 64),
        file_of(version=9),
        file_of(count=2**64 - 1),
        file_of(count=5),
        file_of(pair(b"x", 99, b"")),
        file_of(struct.pack("<Q", 2**63)),
        file_of(pair(b"x", 8, struct.pack("<Q", 2**40))),
        file_of(pair(b"x", 9, struct.pack("<IQ", 0, 2**64 - 1))),
        file_of(pair(b"x", 9, b"".join(struct.pack("<IQ", 9, 1) for _ in range(50)))),
        file_of(pair(b"x", 9, struct.pack("<IQ", 12, 2**20))),
    ],
)
def test_a_bad_header_is_a_value_error(stream: io.BytesIO) -> None:
    with pytest.raises(ValueError):
        read_header(stream)
    assert stream.tell() <= READ_BYTES_MAX


def test_an_absurd_context_length_is_left_out() -> None:
    for kind, value in ((10, struct.pack("<Q", 2**63)), (5, struct.pack("<i", -1)), (7, b"\1"), (8, text(b"4096"))):
        assert read_header(file_of(ARCHITECTURE, pair(b"llama.context_length", kind, value))).context_length is None


@given(st.binary(max_size=400))
def test_any_bytes_give_a_header_or_a_value_error(data: bytes) -> None:
    for stream in (io.BytesIO(data), io.BytesIO(struct.pack("<4sIQQ", b"GGUF", 3, 0, 3) + data)):
        try:
            assert isinstance(read_header(stream), Header)
        except ValueError:
            assert stream.tell() <= len(data) + 24
