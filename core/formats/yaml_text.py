"""YAML of strangers, loaded within bounds: size, nesting, and one kind of error.

libyaml's composer recurses in C and takes the whole process down on deep nesting, so the depth is counted on the
events first, which need no recursion. Aliases are refused: nobody needs them here, and a few lines of them stand
for more values than any later look at the result could visit.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from core.patterns import pattern

DEPTH_MAX = 16  # a description has 4

_LINE_ENDS = pattern("[\x85\u2028\u2029]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load_yaml(text: str, *, chars_max: int) -> Any:
    """Return the value of a YAML document of plain types.

    Raises:
        ValueError: It is none, or too large or too deep, or uses aliases.
    """
    if len(text) > chars_max:
        raise ValueError("the text is too long")
    try:
        _check_shape(text)
        return yaml.load(text, Loader=_LOADER)
    except ValueError:
        raise
    except (yaml.YAMLError, RecursionError, TypeError, AttributeError, OverflowError, LookupError) as error:
        # Malformed dates, numbers and keys make the constructors raise more than the parser's own errors.
        raise ValueError("the text is no YAML") from error


def _check_shape(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                raise ValueError("the text is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise ValueError("the text uses aliases")


def load_mapping(text: str, *, chars_max: int) -> dict[Any, Any] | None:
    """Return the mapping that a YAML text is; None for everything else. Never raises."""
    try:
        value = load_yaml(text, chars_max=chars_max)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def dump_yaml(values: Mapping[str, Any]) -> str:
    """Return a mapping of plain types as block YAML in its order."""
    text = _dumped(values, plain=True)
    # These end a line for YAML wherever they stand, and would come back as blanks: written as escapes.
    return text if not _LINE_ENDS.search(text) else _dumped(values, plain=False)


def _dumped(values: Mapping[str, Any], *, plain: bool) -> str:
    text: str = yaml.dump(dict(values), Dumper=_DUMPER, sort_keys=False, allow_unicode=plain, width=2**20)
    return text
