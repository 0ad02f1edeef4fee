"""Which files are wanted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.selection import Unselectable, choose, groups, quants

BARTOWSKI = [
    ".gitattributes",
    "README.md",
    "Llama-IQ3_M.gguf",
    "Llama-Q4_K_M.gguf",
    "Llama-Q8_0.gguf",
    "Llama-f16.gguf",
    "Llama.imatrix.gguf",
]


def test_a_gguf_repo_gives_its_q4_k_m_alone() -> None:
    assert choose(BARTOWSKI) == {"Llama-Q4_K_M.gguf"}


def test_without_q4_k_m_it_is_q8_0_and_without_both_the_first() -> None:
    assert choose([path for path in BARTOWSKI if "Q4" not in path]) == {"Llama-Q8_0.gguf"}
    assert choose(["imatrix.gguf", "b-Q2_K.gguf", "a-Q3_K_S.gguf"]) == {"b-Q2_K.gguf"}


def test_a_quant_takes_the_place_of_the_default_in_any_case() -> None:
    assert choose(BARTOWSKI, quant="F16") == {"Llama-f16.gguf"}
    assert choose(BARTOWSKI, quant="iq3_m") == {"Llama-IQ3_M.gguf"}


def test_an_exact_quant_wins_over_its_unsloth_twin_which_is_taken_where_it_is_alone() -> None:
    both = ["m-UD-Q4_K_XL.gguf", "m-UD-Q4_K_M.gguf", "m-Q4_K_M.gguf"]
    assert choose(both) == {"m-Q4_K_M.gguf"}
    assert choose(both[:2]) == {"m-UD-Q4_K_M.gguf"}
    assert choose(both, quant="Q4_K_XL") == {"m-UD-Q4_K_XL.gguf"}


def test_a_bf16_model_is_no_f16_model() -> None:
    with pytest.raises(Unselectable, match="has no quantisation F16; it has BF16, Q4_0"):
        choose(["m-BF16.gguf", "m-Q4_0.gguf"], quant="F16")


def test_a_word_that_is_no_known_quant_is_looked_for_in_the_names() -> None:
    assert choose(["qwen-0.5b.gguf", "qwen-1.5b.gguf"], quant="1.5B") == {"qwen-1.5b.gguf"}


def test_all_shards_come_with_the_projector_of_the_nearest_bits() -> None:
    shards = [f"Q8_0/m-Q8_0-{number:05d}-of-00003.gguf" for number in (1, 2, 3)]
    others = ["Q4_0/m-Q4_0-00001-of-00002.gguf", "mmproj-F32.gguf", "mmproj-F16.gguf", "other/mmproj-Q8_0.gguf"]
    assert choose([*others, *shards]) == {*shards, "mmproj-F16.gguf"}
    assert choose([*others, *shards, "Q8_0/mmproj-F32.gguf"]) == {*shards, "Q8_0/mmproj-F32.gguf"}


@pytest.mark.parametrize("present", [(1, 3), (1,), (2, 3), (1, 2, 4), (0, 1, 2)])
def test_an_incomplete_set_of_shards_is_refused_with_the_number_that_is_missing(present: tuple[int, ...]) -> None:
    paths = [f"m-Q4_K_M-{number:05d}-of-00003.gguf" for number in present]
    with pytest.raises(Unselectable, match=r"is not complete: \d of the 3 parts of Q4_K_M are missing"):
        choose(paths)


def test_an_incomplete_set_that_is_not_asked_for_does_not_matter() -> None:
    assert choose(["m-Q4_0-00001-of-00002.gguf", "m-Q8_0.gguf"]) == {"m-Q8_0.gguf"}


def test_globs_replace_every_rule_and_a_star_crosses_folders() -> None:
    assert choose(BARTOWSKI, quant="Q8_0", globs=("*.md", "Llama-IQ*")) == {"README.md", "Llama-IQ3_M.gguf"}
    assert choose(["a/b/c.txt", "a/d.txt", "e.txt"], globs=("a/*",)) == {"a/b/c.txt", "a/d.txt"}
    assert choose(["a/b/c.txt", "ab.txt"], globs=("a/",)) == {"a/b/c.txt"}


def test_a_glob_or_a_quant_that_matches_nothing_says_so() -> None:
    with pytest.raises(Unselectable, match=r"has no file that matches '\*\.onnx'"):
        choose(BARTOWSKI, globs=("*.md", "*.onnx"))
    with pytest.raises(Unselectable, match="has no GGUF files"):
        choose(["model.safetensors"], quant="Q8_0")


def test_a_hostile_glob_takes_no_time() -> None:
    start = time.perf_counter()
    with pytest.raises(Unselectable):
        choose(["a" * 1000 + f"{number}" for number in range(20)], globs=("*a" * 100 + "b",))
    assert time.perf_counter() - start < 2


MINILM = [
    ".gitattributes",
    "1_Pooling/config.json",
    "README.md",
    "config.json",
    "model.safetensors",
    "onnx/config.json",
    "onnx/model.onnx",
    "openvino/openvino_model.bin",
    "pytorch_model.bin",
    "rust_model.ot",
    "tf_model.h5",
    "tokenizer.json",
    "train_script.py",
    "vocab.txt",
]


def test_safetensors_come_with_configs_and_tokenizer_and_without_other_formats() -> None:
    left_out = {".gitattributes", "onnx/config.json", "onnx/model.onnx", "openvino/openvino_model.bin",
                "pytorch_model.bin", "rust_model.ot", "tf_model.h5"}  # fmt: skip
    assert choose(MINILM) == set(MINILM) - left_out


def test_weights_that_exist_only_in_another_format_are_kept() -> None:
    paths = ["model.safetensors", "pytorch_model.bin", "2_Dense/pytorch_model.bin", "2_Dense/config.json"]
    assert choose(paths) == {"model.safetensors", "2_Dense/pytorch_model.bin", "2_Dense/config.json"}


@pytest.mark.parametrize(
    ("kept", "twins"),
    [
        (["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], ["consolidated.safetensors"]),
        (["model.safetensors"], ["model.fp16.safetensors", "original/consolidated.00.pth"]),
        (["model.safetensors"], ["checkpoint-500/model.safetensors", "checkpoint-500/config.json"]),
        (["model.safetensors", "model.safetensors.index.json"], ["pytorch_model.bin.index.json"]),
        (["unet/x.safetensors", "vae/x.safetensors", "model_index.json"], ["sd_xl_base_1.0.safetensors"]),
        (["consolidated.safetensors", "params.json"], []),
        (["model.fp16.safetensors"], []),
        (["checkpoint-500/model.safetensors", "checkpoint-500/config.json"], []),
    ],
)
def test_the_same_weights_come_once(kept: list[str], twins: list[str]) -> None:
    assert choose([*twins, *kept]) == set(kept)


def test_any_other_repo_is_wanted_whole() -> None:
    paths = [".gitattributes", "a.bin", "imatrix.gguf"]
    assert choose(paths) == set(paths)


NAMES = st.sampled_from(["m", "d/m", "mmproj-m", "imatrix", "config", "onnx/m", "consolidated", "model.fp16"])
SUFFIXES = st.sampled_from(
    [
        ".gguf",
        "-Q4_K_M.gguf",
        "-Q8_0-00001-of-00002.gguf",
        "-Q8_0-00002-of-00002.gguf",
        ".safetensors",
        ".json",
        ".bin",
    ]
)
LISTINGS = st.lists(st.builds(str.__add__, NAMES, SUFFIXES), unique=True, max_size=12)


@given(LISTINGS, st.sampled_from(["", "Q4_K_M", "Q8_0"]), st.sampled_from([(), ("*.json",), ("*",)]))
def test_a_choice_is_never_empty_never_invented_and_never_half_a_model(
    paths: list[str], quant: str, globs: tuple[str, ...]
) -> None:
    try:
        chosen = choose(paths, quant=quant, globs=globs)
    except Unselectable as error:
        assert str(error)
        return
    assert chosen <= set(paths)
    assert chosen or not paths
    if not globs:
        models = groups(paths)
        whole = [model for model in models if set(model.paths) & chosen]
        assert len(whole) == min(1, len(models))
        assert all(set(model.paths) <= chosen and not model.missing for model in whole)
        assert not quant or whole[0].label == quant
    assert set(quants(paths)) <= {"Q4_K_M", "Q8_0", "FP16"}
