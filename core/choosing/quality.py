"""How good a quantisation is, by its name. Pure.

The order and the steps follow llama.cpp's own figures (tools/quantize/README.md and pull request 1684: perplexity
of each type against F16) and the words that the makers of GGUF files use for them in their cards. A name tells no
more than that: the same type loses more in a small model than in a large one.
"""

import re
from enum import Enum

from core.patterns import pattern


class Quality(Enum):
    """What is left of a model, best first."""

    FULL = "full"  # as it was trained
    NEARLY_FULL = "nearly_full"  # no loss that can be measured
    VERY_HIGH = "very_high"
    HIGH = "high"
    RECOMMENDED = "recommended"  # the usual trade of size and quality
    GOOD = "good"
    NATIVE = "native"  # four bits, as it was trained
    OLD = "old"  # an older way of the same size, not as good
    LOW = "low"
    VERY_LOW = "very_low"
    EXTREME = "extreme"  # two bits and less: only where nothing else fits
    UNKNOWN = "unknown"


_STEPS: tuple[tuple[re.Pattern[str], Quality], ...] = tuple(
    (pattern(text), quality)
    for text, quality in (
        (r"(BF16|F16|FP16|F32|FP32|F64)(_.*)?", Quality.FULL),
        (r"Q8_.*", Quality.NEARLY_FULL),
        (r"(Q6_K|Q7_K).*", Quality.VERY_HIGH),
        (r"Q5_[01].*", Quality.OLD),
        (r"(Q5_K|IQ5).*", Quality.HIGH),
        (r"Q4_K(_M|_L|_XL)?", Quality.RECOMMENDED),
        (r"(MXFP4|NVFP4).*", Quality.NATIVE),
        (r"(Q4_K_S|IQ4).*", Quality.GOOD),
        (r"Q4_[01].*", Quality.OLD),
        (r"(Q3_K|IQ3_M|IQ3_S).*", Quality.LOW),
        (r"(IQ3|Q2_K).*", Quality.VERY_LOW),
        (r"(IQ2|IQ1|Q1|Q2|TQ).*", Quality.EXTREME),
    )
)


def quality_of(label: str) -> Quality:
    """Return the quality that a quantisation stands for; UNKNOWN for what is none."""
    label = label.upper().removeprefix("UD-")
    return next((quality for step, quality in _STEPS if step.fullmatch(label)), Quality.UNKNOWN)
