"""Every failure that a person can meet, drawn once.

Foreign errors (httpx, aiohttp, OSError, sqlite3) are translated at one boundary each: `core.net.errors`,
`core.transfer.disk`, `core.store.sqlite`, with `from`.

    DownloadError
    ├── ResolveError            the list of files could not be had
    │   ├── NotFound            the hub knows no such model, revision or file
    │   ├── AccessDenied        the hub wants a valid token, or refuses this one
    │   │   └── TokenRefused        the hub does not know the token that was sent
    │   ├── GatedModel          the terms of the model are not accepted yet
    │   │   ├── TokenMissing        gated, and no token was sent
    │   │   ├── AccessPending       asked for; its authors have not answered yet
    │   │   └── AccessRefused       its authors said no
    │   └── UnsupportedHandle   what was typed is no handle that we know
    ├── TransferError           bytes did not come as they should
    │   ├── ConnectFailed       no connection: name, network, refused, TLS
    │   │   ├── Offline             this machine has no network: waits, and goes on by itself
    │   │   │   └── Woken           this machine slept: the connections are made anew
    │   │   ├── ProxyRefused        the proxy wants other credentials, or opens no way to this host
    │   │   └── CertificateRefused  the server does not prove who it is
    │   ├── TimedOut            an answer did not come in time
    │   ├── Stalled             connected, but no byte moves
    │   ├── ServerBusy          429, 5xx: later
    │   ├── ServerRefused       4xx that will not change by waiting
    │   ├── Truncated           the body ended early
    │   ├── RemoteChanged       size, range or version is not the one promised
    │   └── GotWebPage          a web page came in place of the file
    ├── LocalError              this machine
    │   ├── DiskFull            no space, or a quota: waits while it runs, refused at the start
    │   ├── NotWritable         permission, or something in the way
    │   │   ├── DiskAway            read-only, failing or vanished disk: waits, and goes on by itself
    │   │   └── FolderGone          the folder is away or another one now: waits for it
    │   ├── InUse               another process writes this file: waits for it
    │   ├── Hindered            too few open files or too little memory for now: waits
    │   ├── TooLarge            a file that this kind of file system cannot hold
    │   ├── NameRefused         a name from the hub that would leave the folder
    │   ├── NameTaken           another file of that name stands there already
    │   ├── Missing             a finished file is no longer there
    │   └── PortTaken           the address for the local API cannot be used
    ├── IntegrityError          what came is not what the hub publishes
    │   ├── SizeMismatch        another size
    │   ├── HashMismatch        another hash
    │   └── Damaged             a finished file is no longer what it was
    ├── StoreError              the list of tasks could not be read or written
    └── CommandRefused          a command that makes no sense in this state
"""

from typing import ClassVar

from msgspec import Struct


class Failure(Struct, frozen=True):
    """An error as it is kept and shown: plain texts that survive a restart."""

    kind: str
    message: str
    meaning: str = ""
    action: str = ""


class DownloadError(Exception):
    """A failure that says what happened, what it means for the download, and the next step for a person.

    Attributes:
        message: What happened, one sentence without a final stop.
        meaning: What it means for the download.
        action: What a person can do next.
        retry_after_s: Seconds to wait as asked by the server; None where it did not say.
        is_charged: A try was made that counts; not where the network is away or a host asked to be left alone.
    """

    meaning: ClassVar[str] = "The download stands still; what came so far is kept."
    action: ClassVar[str] = "Try again."
    is_charged: bool = True

    def __init__(
        self,
        message: str,
        *,
        meaning: str = "",
        action: str = "",
        retry_after_s: float | None = None,
        is_charged: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        if is_charged is not None:
            self.is_charged = is_charged
        if meaning:
            self.meaning = meaning  # type: ignore[misc]  # an instance may say it better than its class
        if action:
            self.action = action  # type: ignore[misc]

    @property
    def kind(self) -> str:
        """The class name, as the API and the store write it; of a room's own class, that of the tree above it."""
        return next(kind.__name__ for kind in type(self).__mro__ if kind.__module__ == __name__)

    @property
    def failure(self) -> Failure:
        """What is kept of this error."""
        return Failure(self.kind, self.message, self.meaning, self.action)


class ResolveError(DownloadError):
    """The list of files could not be had."""

    meaning = "The list of files could not be fetched, so nothing was downloaded."
    action = "Try again; if it lasts, open the model's page in a browser."


class NotFound(ResolveError):
    """The hub knows no such model, revision or file."""

    meaning = "There is nothing to download under this name."
    action = "Check the spelling on the hub's page; private models need a token (HF_TOKEN)."


class AccessDenied(ResolveError):
    """The hub wants a valid token, or refuses this one."""

    meaning = "The hub does not give these files without a valid access token."
    action = "Enter a valid token with read access in Settings > Accounts, or set HF_TOKEN; then try again."


class TokenRefused(AccessDenied):
    """The hub does not know the token that was sent."""

    meaning = "The token was withdrawn, has expired or is mistyped; with it the hub gives not even public models."
    action = "Enter another token in Settings > Accounts, or set HF_TOKEN; for public models, remove it."


class GatedModel(ResolveError):
    """The terms of the model are not accepted yet."""

    meaning = "The authors give this model only to people who accepted its terms."
    action = (
        "Open the model's page and accept its terms with the account that the token belongs to; then try again."
    )


class TokenMissing(GatedModel):
    """Gated, and no token was sent."""

    meaning = (
        "The authors give this model only to accounts that accepted its terms, and a token says which you are."
    )
    action = "Enter a token in Settings > Accounts, or set HF_TOKEN; then try again."


class AccessPending(GatedModel):
    """Asked for; its authors have not answered yet."""

    meaning = "The authors look at each request themselves, which may take days."
    action = "Wait for their answer; the model's page shows it."


class AccessRefused(GatedModel):
    """Its authors said no."""

    meaning = "The authors decided not to give this account the model; trying again changes nothing."
    action = "Choose another model, or ask the authors on the model's page."


ACCESS = frozenset({"AccessDenied", "TokenRefused", "GatedModel", "TokenMissing", "AccessPending", "AccessRefused"})
"""Kinds of failures that a token, a click on the hub or somebody's yes resolves."""


class UnsupportedHandle(ResolveError):
    """What was typed is no handle that we know."""

    meaning = "Nothing was started."
    action = "Type a model as org/repo, org/repo:QUANT, name:branch or a link to it."


class TransferError(DownloadError):
    """Bytes did not come as they should."""

    meaning = "The bytes that came are kept; the rest is fetched on the next try."
    action = "Check the connection, then try again."


class ConnectFailed(TransferError):
    """No connection: name, network, refused, TLS."""

    action = "Check the network connection and, if you use one, the proxy; then try again."


class Offline(ConnectFailed):
    """This machine has no network: waits, and goes on by itself."""

    meaning = "The download waits for the network and goes on by itself; what came so far is kept."
    action = "Connect this machine to a network."
    is_charged = False


class Woken(Offline):
    """This machine slept: the connections are made anew."""

    meaning = "Connections from before the sleep are of no use; new ones go on where they stood."
    action = "Wait a moment: it goes on by itself."


class ProxyRefused(ConnectFailed):
    """The proxy wants other credentials, or opens no way to this host."""

    meaning = "Nothing was asked again, since proxies lock accounts that try too often; what came so far is kept."
    action = "Check the proxy, user name and password in Settings > Network; then try again."


class CertificateRefused(ConnectFailed):
    """The server does not prove who it is."""

    meaning = "Nothing was sent, since somebody else might answer in the server's place; what came so far is kept."
    action = "Try another network; if it lasts, tell whoever runs the server."


class TimedOut(TransferError):
    """An answer did not come in time."""


class Stalled(TransferError):
    """Connected, but no byte moves."""


class ServerBusy(TransferError):
    """429, 5xx: later.

    Attributes:
        reached: The address that was led to and not asked, because its host rests; never shown, it may be signed.
    """

    reached: str = ""
    action = "Wait a little, then try again."


class ServerRefused(TransferError):
    """4xx that will not change by waiting."""

    action = "Open the model's page in a browser to see whether the file can still be had."


class Truncated(TransferError):
    """The body ended early."""


class RemoteChanged(TransferError):
    """Size, range or version is not the one promised."""

    meaning = "The file on the hub is no longer the one that this download began with."
    action = "Remove the task and add the model again to get the new version."


class GotWebPage(TransferError):
    """A web page came in place of the file."""

    meaning = "Nothing of it was written: a sign-in or error page answered in place of the file."
    action = "Open any page in a browser: the network may want a sign-in. Then try again."


class LocalError(DownloadError):
    """This machine."""


class DiskFull(LocalError):
    """No space, or a quota."""

    meaning = "The download waits and goes on by itself when there is space; what came so far is kept."
    action = "Free some space, or choose another models folder."


class NotWritable(LocalError):
    """Permission, or something in the way."""

    meaning = "Nothing more can be written there; what came so far is kept."
    action = "Check that the models folder exists and that you may write to it, then resume."


class DiskAway(NotWritable):
    """Read-only, failing or vanished disk: waits, and goes on by itself."""

    meaning = "Downloads to this disk wait and go on by themselves; what was safely on it is kept."
    action = "Connect the disk again, make it writable, or check whether it is failing."


class FolderGone(NotWritable):
    """The folder is away or another one now: waits for it."""

    meaning = "Nothing is written to another place; it goes on by itself when the folder is back."
    action = "Connect the disk or put the folder back; to begin anew without it, pause and resume."


class InUse(LocalError):
    """Another process writes this file: waits for it."""

    meaning = "Only one may write a file; this download goes on by itself when the other one ends."
    action = "Let the other one finish, or end it."


class Hindered(LocalError):
    """Too few open files or too little memory for now: waits."""

    meaning = "The download waits and goes on by itself; what came so far is kept."
    action = "Close other programs, or use fewer connections in Settings."


class TooLarge(LocalError):
    """A file that this kind of file system cannot hold."""

    meaning = "Nothing was downloaded, since the file could never be completed there."
    action = "Choose a models folder on another disk, or format this one as exFAT."


class NameRefused(LocalError):
    """A name from the hub that would leave the folder."""

    meaning = "This file is not downloaded; the other files are not affected."
    action = "Tell the model's author: the name is not safe on every system."


class NameTaken(LocalError):
    """Another file of that name stands there already."""

    meaning = "The file on the disk was not touched, and the download did not start."
    action = "Move or rename the file that stands there, then try again."


class Missing(LocalError):
    """A finished file is no longer there."""

    meaning = "The model is no longer complete."
    action = "Repair fetches it again; put back what was moved away, and Verify finds it right."


class PortTaken(LocalError):
    """The address for the local API cannot be used."""

    meaning = "The local API is off; downloads are not affected."
    action = "Choose another port, or end the program that has this one."


class IntegrityError(DownloadError):
    """What came is not what the hub publishes."""


class SizeMismatch(IntegrityError):
    """Another size."""

    meaning = "The server's copy has another size than the hub publishes; it is not used."
    action = "Try again later; if it lasts, tell the model's author."


class HashMismatch(IntegrityError):
    """Another hash."""

    meaning = "The bytes are not those that the hub publishes; the copy was set aside, not used."
    action = "Try again later or over another network; if it lasts, tell the model's author."


class Damaged(IntegrityError):
    """A finished file is no longer what it was."""

    meaning = "The file on the disk is not the one that the hub publishes; a model made of it may fail or lie."
    action = "Repair fetches it again; the copy that stands there is kept beside it as NAME.bad-N."


def damage_action(path: str) -> str:
    """Return what to do about a damaged file, with the name that its copy will have."""
    return Damaged.action.replace("NAME", path.rpartition("/")[2])


DAMAGE = frozenset({"Damaged", "Missing"})
"""Kinds of failures that a repair mends: what stands under the final name is ours to replace, and kept aside."""


class StoreError(DownloadError):
    """The list of tasks could not be read or written."""

    meaning = "The list of downloads may not survive a restart; files are not affected."
    action = "Check that the data folder is writable and has space."


class CommandRefused(DownloadError):
    """A command that makes no sense in this state."""

    meaning = "Nothing was changed."
    action = "Look at the state of the download."
