"""Sizes as the messages of core write them: decimal units, as every hub does. The window has its own, localised."""


def size_text(count: int) -> str:
    """Return bytes for a person: `808 MB`, `2.02 GB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
