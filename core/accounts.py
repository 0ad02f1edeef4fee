"""Accounts at hubs, as people see them: which hubs take a token, and what is known of the one in force. Pure.

No secret stands in any of this; a token is named by its mask alone.
"""

from msgspec import Struct


class HubAccount(Struct, frozen=True):
    """A hub that takes a token.

    Attributes:
        name: As handles call the hub.
        label: As people do.
        secret: The name of the token among the secrets, and in the API.
        variable: The variable of the environment that wins over it.
        serves: The hubs of handles whose models are fetched with this token.
        token_page: Where tokens are made, below the hub's address.
    """

    name: str
    label: str
    secret: str
    variable: str
    serves: tuple[str, ...]
    token_page: str


HUGGING_FACE = HubAccount(
    "huggingface",
    "Hugging Face",
    "huggingface_token",
    "HF_TOKEN",
    ("huggingface", "cortexso"),
    "/settings/tokens",
)
MODELSCOPE = HubAccount(
    "modelscope",
    "ModelScope",
    "modelscope_token",
    "MODELSCOPE_API_TOKEN",
    ("modelscope",),
    "/my/myaccesstoken",
)
ACCOUNTS = (HUGGING_FACE, MODELSCOPE)


class Account(Struct, frozen=True):
    """What is known of the token of one hub.

    Attributes:
        place: Where the token in force comes from: `variable`, `settings`, `file`, or empty for none.
        mask: What may be shown of it; empty for none.
        host: The host that it goes to.
        url: The hub's address.
        is_mirror: That host is another one than the hub's own, so that the token goes there by consent only.
        is_allowed: The token goes to the host.
        has_kept: A token was entered, be it in force or not.
        mirrors: Hosts that the settings name as mirrors of the hub: to each of them it goes by consent only.
    """

    place: str = ""
    mask: str = ""
    host: str = ""
    url: str = ""
    is_mirror: bool = False
    is_allowed: bool = True
    has_kept: bool = False
    mirrors: tuple[str, ...] = ()
