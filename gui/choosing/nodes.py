"""The two ways to show a listing: a row a model, or a tree of plain files. Knows core.choosing; no widget."""

from collections.abc import Iterable

from msgspec import Struct, field

from core.choosing import Pick, Row


class Node(Struct, eq=False):
    """One line of the list.

    Attributes:
        name: Of a file or a folder; of a row, that of the row.
        paths: Files below it.
        row: What it stands for, where it is a whole row.
        number: Its place among all nodes; 0 is the invisible root.
        place: Its place among its siblings.
    """

    name: str
    paths: tuple[str, ...]
    size: int | None
    row: Row | None = None
    parent: "Node | None" = None
    children: "list[Node]" = field(default_factory=list)
    number: int = 0
    place: int = 0

    @property
    def is_file(self) -> bool:
        """It is one file, and no row or folder."""
        return self.row is None and not self.children


def by_rows(pick: Pick) -> list[Node]:
    """Return all nodes, the root first: rows, and below those of several files the files."""
    root = Node("", (), None)
    for row in pick.rows:
        node = _below(root, Node(row.name, row.paths, row.total, row=row))
        if len(row.paths) > 1:
            for path in row.paths:
                _below(node, Node(path, (path,), pick.files[path].size))
    return _numbered(root)


def by_folders(pick: Pick) -> list[Node]:
    """Return all nodes, the root first: folders with their files, folders before files, by name."""
    root = Node("", (), None)
    folders: dict[str, Node] = {"": root}
    below: dict[str, list[str]] = {"": []}
    for path in sorted(pick.files, key=lambda path: (path.casefold(), path)):
        steps = path.split("/")
        for depth in range(1, len(steps)):
            folder = "/".join(steps[:depth])
            below.setdefault(folder, []).append(path)
            if folder not in folders:
                parent = folders["/".join(steps[: depth - 1])]
                folders[folder] = _below(parent, Node(steps[depth - 1], (), None))
        _below(folders["/".join(steps[:-1])], Node(steps[-1], (path,), pick.files[path].size))
    for folder, node in folders.items():
        node.children.sort(key=lambda child: not (child.children or not child.paths))
        if node is not root:
            node.paths = tuple(below[folder])
            node.size = sum(pick.files[path].size or 0 for path in node.paths)
    return _numbered(root)


def _below(parent: Node, node: Node) -> Node:
    node.parent = parent
    parent.children.append(node)
    return node


def _numbered(root: Node) -> list[Node]:
    nodes = [root]
    for node in nodes:  # grows while it is walked: each level after the one above
        _place(node.children)
        for child in node.children:
            child.number = len(nodes)
            nodes.append(child)
    return nodes


def _place(children: Iterable[Node]) -> None:
    for place, child in enumerate(children):
        child.place = place
