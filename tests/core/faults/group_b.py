"""Group B: faults of networks."""

from tests.core.faults import b_lines, b_proxies, b_tls
from tests.core.faults.case import Case, Group, NotRun

_CASES: list[Case] = [*b_lines.CASES, *b_proxies.CASES, *b_tls.CASES]

GROUP = Group(
    "B",
    "Networks",
    17,
    tuple(sorted(_CASES, key=lambda case: (int(case.id[1:].rstrip("abcdefghijkl")), case.id))),
    (NotRun("B16", "A speed limit that changes", "Pulley has no speed limit yet"),),
)
