"""What GGUF file names tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.formats.quant import bits_of, is_mmproj, is_model, quant_label, shard_of, stem_of

LABELS = [
    ("Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"),
    ("llama-3.2-1b-instruct-q4_k_m.gguf", "Q4_K_M"),
    ("model.Q8_0.gguf", "Q8_0"),
    ("Model-IQ3_XXS.gguf", "IQ3_XXS"),
    ("Model-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
    ("UD-IQ1_S/Kimi-UD-IQ1_S-00001-of-00006.gguf", "UD-IQ1_S"),
    ("BF16/Kimi-00001-of-00006.gguf", "BF16"),
    ("Model-Q4_0_4_8.gguf", "Q4_0_4_8"),
    ("Model-Q6_K_L.gguf", "Q6_K_L"),
    ("Model-Q6_K.gguf", "Q6_K"),
    ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
    ("gpt-oss-20b-MXFP4_MOE.gguf", "MXFP4_MOE"),
    ("Model-f16.gguf", "F16"),
    ("Model-BF16.gguf", "BF16"),
    ("Q4_0-trained-Q8_0.gguf", "Q8_0"),
    ("Model-TQ1_0.gguf", "TQ1_0"),
    ("model.gguf", ""),
    ("FAQ4_K_Memes.gguf", ""),
]


@pytest.mark.parametrize(("path", "label"), LABELS)
def test_a_name_tells_its_quantisation(path: str, label: str) -> None:
    assert quant_label(path) == label


def test_shards_are_recognised_by_prefix_and_count() -> None:
    shard = shard_of("Q8_0/big-00002-of-00005.gguf")
    assert shard is not None and (shard.prefix, shard.number, shard.count) == ("Q8_0/big", 2, 5)
    assert shard_of("big-2-of-5.gguf") is None
    assert stem_of("Q8_0/big-00002-of-00005.gguf") == "big"
    assert stem_of("d/small.gguf") == "small"


def test_helpers_of_a_model_are_no_models() -> None:
    helpers = ["mmproj-F16.gguf", "d/MMPROJ.gguf", "imatrix.gguf", "x.imatrix.gguf", "mtp-x.gguf", "eagle3-x.gguf"]
    assert not any(is_model(path) for path in [*helpers, "dflash-x.gguf", "dspark-x.gguf", "x.bin"])
    assert is_mmproj("d/x-mmproj-f16.gguf") and not is_mmproj("mmproj.bin")
    assert is_model("d/X-Q4_K_M.GGUF")


def test_bits_are_the_first_number_of_a_label() -> None:
    assert [bits_of(label) for label in ("Q4_K_M", "UD-IQ2_M", "BF16", "")] == [4, 2, 16, 0]


@given(st.text(max_size=200))
def test_no_name_upsets_the_readers_of_names(path: str) -> None:
    assert quant_label(path) == quant_label(path.upper()) or not path.isascii()
    assert isinstance(is_model(path), bool)
    assert stem_of(path) in path
