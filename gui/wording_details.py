"""What the details pane says. Knows sentences and Qt's translation only; figures come in as texts."""

from PySide6.QtCore import QCoreApplication

from gui.wording import plural

translate = QCoreApplication.translate


def tab(name: str) -> str:
    """Return the title of a tab: `overview` or `files`."""
    return {"overview": translate("Details", "Overview"), "files": translate("Details", "Files")}[name]


def label(name: str) -> str:
    """Return the label of a value."""
    return {
        "downloaded": translate("Details", "Downloaded"),
        "left": translate("Details", "Time left"),
        "status": translate("Details", "Status"),
        "saved": translate("Details", "Saved in"),
        "source": translate("Details", "Source"),
        "revision": translate("Details", "Revision"),
        "hash": translate("Details", "SHA-256"),
        "git_hash": translate("Details", "Git SHA-1"),
        "files": translate("Details", "Files"),
        "happened": translate("Details", "What happened"),
        "means": translate("Details", "What it means"),
        "do": translate("Details", "What you can do"),
        "next": translate("Details", "Next try"),
    }[name]


def nothing_selected() -> str:
    """Return what is said while no row is selected."""
    return translate("Details", "Select a model or a file to see more about it.")


def another_folder() -> str:
    """Return the text of the button that asks for another folder."""
    return translate("Details", "Choose another folder…")


def of(done: str, total: str) -> str:
    """Return how much of it is there."""
    return translate("Details", "{done} of {total}").format(done=done, total=total)


def so_far(done: str) -> str:
    """Return how much is there where the whole is unknown."""
    return translate("Details", "{done} so far; the size is not known").format(done=done)


def time_left(duration: str, rate: str, average: str) -> str:
    """Return the time left with the speed behind it; `duration` and `average` empty where unknown."""
    if not duration:
        return translate("Details", "unknown at {rate}").format(rate=rate) if rate else ""
    if not average:
        return translate("Details", "{duration} at {rate}").format(duration=duration, rate=rate)
    return translate("Details", "{duration} at {rate} (average {average})").format(
        duration=duration, rate=rate, average=average
    )


def hosts(n: int) -> str:
    """Return from how many hosts the bytes come."""
    return plural(translate("Details", "%n host(s)", "", n), n)


def connections(n: int) -> str:
    """Return how many connections are open."""
    return plural(translate("Details", "%n connection(s)", "", n), n)


def revision(name: str, commit: str) -> str:
    """Return the revision with its commit."""
    if not name or not commit:
        return name or commit
    return translate("Details", "{revision} @ {commit}").format(revision=name, commit=commit)


def hash_state(name: str) -> str:
    """Return what is known of the hash: `verified`, `arriving`, `later` or `none`."""
    return {
        "verified": translate("Details", "verified"),
        "arriving": translate("Details", "verified as it arrives"),
        "later": translate("Details", "published by the hub"),
        "none": translate("Details", "The hub publishes none; the size is checked"),
    }[name]


def files_done(done: int, wanted: int, left_out: int) -> str:
    """Return how many files are complete and how many are left out."""
    text = translate("Details", "{done} of {wanted} complete").format(done=done, wanted=wanted)
    if left_out:
        text += translate("Details", " · {left_out} left out").format(left_out=left_out)
    return text


def no_files_yet() -> str:
    """Say why no file is listed."""
    return translate("Details", "The list of files is not known yet.")


def next_try(duration: str) -> str:
    """Return when the next try comes."""
    return translate("Details", "in {duration}").format(duration=duration)


def next_try_now() -> str:
    """Return what is said while the next try is due."""
    return translate("Details", "now")


def next_try_asked() -> str:
    """Say that nothing comes by itself."""
    return translate("Details", "when you press Resume or Try again")


def speed_chart(peak: str) -> str:
    """Return the accessible description of the curve."""
    return translate("Details", "Speed over the last minute; the most was {peak}").format(peak=peak)


def column(name: str) -> str:
    """Return the heading of a column of the files."""
    return {
        "name": translate("Details", "Name"),
        "size": translate("Details", "Size"),
        "state": translate("Details", "Status"),
    }[name]


def files_button(name: str) -> str:
    """Return the text of `all` or `none`."""
    return {"all": translate("Details", "Select &all"), "none": translate("Details", "Select n&one")}[name]


def files_filter() -> str:
    """Return what the empty filter of the files says."""
    return translate("Details", "Filter files…")


def files_chosen(chosen: int, total: int, size: str) -> str:
    """Return how many files are chosen."""
    return translate("Details", "{chosen} of {total} chosen · {size}").format(chosen=chosen, total=total, size=size)
