"""The routes of the configuration."""

from typing import Any

from core.api.bodies import BadBody
from core.api.control import Control
from core.api.replies import Reply, json_reply, refused
from core.errors import StoreError


class Configs:
    """Answers for one `Control`; `host` is the address that the server is bound to."""

    def __init__(self, control: Control, *, host: str) -> None:
        self._control = control
        self._host = host

    async def show(self, body: dict[str, Any]) -> Reply:
        """Return the configuration, secrets masked."""
        return json_reply(self._control.config())

    async def change(self, body: dict[str, Any]) -> Reply:
        """Change what is named."""
        try:
            if not await self._control.change(body, host=self._host):
                return refused("No configuration updated")
        except BadBody as error:
            return refused(error.message)
        except StoreError as error:
            return refused(f"{error.message}. {error.meaning}".replace("..", "."))
        return json_reply({"message": "Configuration updated successfully", "config": self._control.config()})
