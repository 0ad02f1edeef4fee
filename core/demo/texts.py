"""The small files of the catalogue: model cards, configs, vocabularies, model.yml.

Knows: what such files look like. Must not know: repos, sizes, HTTP.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

GIT_ATTRIBUTES = "".join(
    f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in ("gguf", "bin", "h5", "onnx", "safetensors")
)
WORDS = 2000


def readme(name: str, card: Mapping[str, Any]) -> str:
    """Write a model card with its front matter."""
    front = yaml.safe_dump(dict(card), sort_keys=False)
    return f"---\n{front}---\n# {name}\n\nA demonstration model: the bytes are generated, the hashes are true.\n"


def as_json(data: Mapping[str, Any]) -> str:
    """Write JSON as the hub's repos hold it."""
    return json.dumps(data, indent=2) + "\n"


def config(architecture: str, *, hidden: int, layers: int) -> str:
    """Write a config.json."""
    return as_json(
        {
            "architectures": [architecture],
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "torch_dtype": "float32",
            "transformers_version": "4.46.0",
        }
    )


def vocabulary() -> str:
    """Write a vocab.txt."""
    return "".join(f"{word}\n" for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *_words()))


def tokenizer() -> str:
    """Write a tokenizer.json."""
    words = {word: number for number, word in enumerate(_words())}
    return as_json({"version": "1.0", "model": {"type": "WordPiece", "vocab": words}})


def _words() -> list[str]:
    return [f"word{number:04d}" for number in range(WORDS)]


def cortex_metadata(name: str) -> str:
    """Write the metadata.yml of a cortexso repo."""
    return f"version: 1\nname: {name}\nauthor: cortexso\nsource: demo\ndefault: gguf\n"


def cortex_model(name: str, branch: str, size: int) -> str:
    """Write the model.yml of a cortexso branch."""
    return f"""\
# BEGIN GENERAL GGUF METADATA
id: {name}
model: {name}:{branch}
name: {name}
version: 1
sources:
  - models://huggingface/cortexso/{name}/{branch}/model.gguf
# END GENERAL GGUF METADATA

# BEGIN INFERENCE PARAMETERS
# BEGIN REQUIRED
stop:
  - </s>
# END REQUIRED

# BEGIN OPTIONAL
size: {size}
stream: true
top_p: 0.95
temperature: 0.7
frequency_penalty: 0
presence_penalty: 0
max_tokens: 4096
seed: -1
top_k: 40
min_p: 0.05
repeat_last_n: 64
repeat_penalty: 1
ignore_eos: false
# END OPTIONAL
# END INFERENCE PARAMETERS

# BEGIN MODEL LOAD PARAMETERS
# BEGIN REQUIRED
engine: llama-cpp
prompt_template: |
  <|system|>
  {{system_message}}</s>
  <|user|>
  {{prompt}}</s>
  <|assistant|>
# END REQUIRED

# BEGIN OPTIONAL
ctx_len: 4096
n_parallel: 1
ngl: 23
# END OPTIONAL
# END MODEL LOAD PARAMETERS
"""
