"""Every group of the table. Another group adds itself here, and appears in the tests and on the page."""

from tests.core.faults.case import Case, Group
from tests.core.faults.group_a import GROUP as SERVER_FAULTS
from tests.core.faults.group_b import GROUP as NETWORKS
from tests.core.faults.group_c import GROUP as DISKS
from tests.core.faults.group_d import GROUP as PROCESSES
from tests.core.faults.group_e import GROUP as BAD_INPUT
from tests.core.faults.group_f import GROUP as HOSTILE_HUBS

GROUPS: tuple[Group, ...] = (SERVER_FAULTS, NETWORKS, DISKS, PROCESSES, BAD_INPUT, HOSTILE_HUBS)


def all_cases() -> list[Case]:
    """Return every case, in the order of the page."""
    return [case for group in GROUPS for case in group.cases]
