"""model.yml in Cortex's form: a new one from facts, or the hub's own with the few keys that Cortex rewrites.

Rewriting edits the text, so that comments, order and everything else survive; the result is parsed again, and where
the edit did not do what it should, the whole is written anew from its values. Pure.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from core.formats.yaml_text import dump_yaml, load_mapping

TEXT_CHARS_MAX = 2**18  # of a hub's model.yml; Cortex's have some 2 kB
ENGINE = "llama-cpp"


def rewrite_model_yml(
    text: str, *, task_id: str, size: int, files: list[str], mmproj: str = "", engine: str = ENGINE
) -> str:
    """Return the hub's model.yml as Cortex leaves it beside the model.

    `model` becomes the task id, `size` the bytes of all files; `files` and `mmproj` (paths below the data folder)
    are added where they are absent. A text for another engine, or one that is no YAML mapping, stays as it is.
    """
    old = load_mapping(text, chars_max=TEXT_CHARS_MAX)
    if old is None or old.get("engine") != engine:
        return text
    changed: dict[str, Any] = {"model": task_id, "size": size}
    if "files" not in old and files:
        changed["files"] = files
    if mmproj and "mmproj" not in old:
        changed["mmproj"] = mmproj
    if all(key in old and old[key] == value for key, value in changed.items()):
        return text
    wanted = {**old, **changed}
    edited = _edited(text, changed)
    return edited if edited and load_mapping(edited, chars_max=2 * TEXT_CHARS_MAX) == wanted else dump_yaml(wanted)


def _edited(text: str, changed: Mapping[str, Any]) -> str:
    """Return the text with these top-level keys replaced or added; empty where that cannot be done by lines."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ""
    if not isinstance(root, yaml.MappingNode) or root.flow_style or not root.value:
        return ""
    spots: list[tuple[int, int, str]] = []
    present = set()
    for key, value in root.value:
        if key.value in changed:
            present.add(key.value)
            start, end = value.start_mark.index, value.end_mark.index
            spots.append((start, end, ("" if end > start else " ") + _value(changed[key.value])))
    first = root.value[0][0]
    indent = " " * first.start_mark.column
    added = [
        f"{indent}{line}\n"
        for key in changed
        if key not in present
        for line in dump_yaml({key: changed[key]}).splitlines()
    ]
    if added:
        at = _after_line_of("model", root, text) or text.rfind("\n", 0, first.start_mark.index) + 1
        spots.append((at, at, "".join(added)))
    for start, end, new in sorted(spots, reverse=True):
        if "\n" in text[start:end]:
            return ""
        text = text[:start] + new + text[end:]
    return text


def _after_line_of(name: str, root: yaml.MappingNode, text: str) -> int:
    for key, value in root.value:
        if key.value == name:
            return text.find("\n", value.end_mark.index) + 1
    return 0


def _value(value: Any) -> str:
    """Return a scalar as it stands after `key: `."""
    return dump_yaml({"k": value})[2:].strip()
