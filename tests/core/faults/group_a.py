"""Group A: faults of servers."""

from tests.core.faults import a_bodies, a_listings, a_ranges, a_redirects, a_statuses
from tests.core.faults.case import Group, NotRun

_PLANS = [*a_ranges.PLANS, *a_bodies.PLANS, *a_statuses.PLANS, *a_redirects.PLANS, *a_listings.PLANS]

GROUP = Group(
    "A",
    "Servers",
    50,
    tuple(
        plan.case for plan in sorted(_PLANS, key=lambda plan: (int(plan.id[1:].rstrip("abcdefghijkl")), plan.id))
    ),
    (
        NotRun(
            "A40",
            "HTTP/2: GOAWAY, RST_STREAM, window 0",
            "Pulley speaks HTTP/1.1 only, so no server can do this to it",
        ),
    ),
)
