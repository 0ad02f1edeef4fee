"""What the window says about where Hugging Face is fetched from. Knows sentences and Qt's translation only."""

from PySide6.QtCore import QCoreApplication

from core.net.mirrors import HF_MIRROR, Answer, Choice

translate = QCoreApplication.translate


def heading() -> str:
    """Return the heading of the group."""
    return translate("Hub", "Hugging Face")


def label(name: str) -> str:
    """Return the label of a setting: `way`, `mirror`, `mirrors`, `now`."""
    return {
        "way": translate("Hub", "Fet&ched from"),
        "mirror": translate("Hub", "&Mirror"),
        "mirrors": translate("Hub", "&Mirrors"),
        "now": translate("Hub", "In use"),
    }[name]


def way(name: str) -> str:
    """Return where it may be fetched from: `hub`, `fastest`, `mirror`."""
    return {
        "hub": "huggingface.co",
        "fastest": translate("Hub", "The fastest that works"),
        "mirror": translate("Hub", "This mirror"),
    }[name]


def way_hint(name: str) -> str:
    """Say what that means."""
    return {
        "hub": translate("Hub", "Nobody else is asked."),
        "fastest": translate(
            "Hub",
            "huggingface.co and the mirrors below are asked for a small list at the start and when one cannot be "
            "reached; another is taken where it is clearly faster. Whoever runs a mirror sees what you fetch.",
        ),
        "mirror": translate("Hub", "Lists and files come from it. Whoever runs a mirror sees what you fetch."),
    }[name]


def consent_hint() -> str:
    """Say what becomes of the token."""
    return translate(
        "Hub",
        "Files are checked against the hashes that were listed. A mirror gets no token unless its box on the "
        "Accounts page is ticked.",
    )


def environment(host: str) -> str:
    """Say that the environment wins."""
    return translate("Hub", "HF_ENDPOINT in the environment names {host}, and wins over this page.").format(
        host=host
    )


def placeholder(name: str) -> str:
    """Return what an empty field says: `mirror`, `mirrors`."""
    return {"mirror": "https://mirror.example", "mirrors": f"{HF_MIRROR}, https://mirror.example"}[name]


def problem(name: str) -> str:
    """Say what is wrong with an address: a problem of `read_mirror`, `none` or `many`; empty where nothing is."""
    return {
        "": "",
        "empty": translate("Hub", "Type the address of the mirror, such as {known}.").format(known=HF_MIRROR),
        "none": translate("Hub", "Name at least one mirror, such as {known}.").format(known=HF_MIRROR),
        "many": translate("Hub", "Eight mirrors at most."),
        "scheme": translate("Hub", "A mirror has to be reached by https:// (http:// on this machine alone)."),
        "credentials": translate("Hub", "User names and passwords cannot stand in the address."),
        "hub": translate("Hub", "That is Hugging Face itself."),
        "address": translate("Hub", "This is no web address, such as https://mirror.example."),
    }[name]


# -- what was measured -----------------------------------------------------------------------------------------


def _measured(answer: Answer) -> str:
    if answer.seconds is not None:
        return translate("Hub", "{host}: {count} ms").format(
            host=answer.host, count=max(1, round(answer.seconds * 1000))
        )
    why = {
        "silent": translate("Hub", "does not answer"),
        "slow": translate("Hub", "is much slower"),
        "busy": translate("Hub", "is busy"),
        "web": translate("Hub", "answers with a web page"),
        "away": translate("Hub", "leads elsewhere"),
        "certificate": translate("Hub", "has a certificate that is not trusted"),
        "refused": translate("Hub", "refuses"),
        "nonsense": translate("Hub", "answers with nonsense"),
        "left": translate("Hub", "could not be reached"),
    }
    return f"{answer.host} {why[answer.problem]}"


def why(choice: Choice, *, is_asking: bool = False) -> str:
    """Say why Hugging Face is fetched from where it is; empty where there is nothing to say."""
    asking = translate("Hub", "The places are being asked…")
    reasons = {
        "environment": translate("Hub", "HF_ENDPOINT in the environment names it."),
        "hub": "",
        "mirror": translate("Hub", "The mirror of Settings > Network."),
        "unasked": asking if is_asking else translate("Hub", "The places were not asked yet."),
        "fastest": translate("Hub", "The fastest that works."),
        "kept": translate("Hub", "It works, and no other is clearly faster."),
        "left": translate("Hub", "The one before could not be reached."),
        "none": translate("Hub", "None of the places works."),
    }
    told = [reasons[choice.reason]]
    if choice.answers:
        told.append("; ".join(map(_measured, choice.answers)) + ".")
    if is_asking and choice.reason != "unasked":
        told.append(asking)
    return " ".join(filter(None, told))


def in_use(choice: Choice, *, is_asking: bool) -> str:
    """Say where it is fetched from, and why."""
    return f"{choice.host}. {why(choice, is_asking=is_asking)}".strip()


def moved(choice: Choice) -> str:
    """Say that it is fetched from another place by now."""
    return translate("Hub", "Hugging Face is fetched from {host} now. {why}").format(
        host=choice.host, why=why(choice)
    )
