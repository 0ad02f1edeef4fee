"""Where things are: the data folder and the models folder, from options, environment, settings, platform."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class Places(Struct, frozen=True):
    """The two folders that Pulley writes to.

    Attributes:
        data: Settings, the list of tasks, logs.
        models: Finished and unfinished models; None where settings and default decide.
    """

    data: Path
    models: Path | None

    def models_or(self, setting: str | None) -> Path:
        """Return the models folder, given what the settings say."""
        return self.models or (Path(setting).expanduser() if setting else Path.home() / "pulley" / "models")


def find_places(data_dir: str | None, models_dir: str | None, environ: Mapping[str, str]) -> Places:
    """Return the folders; an option wins over the environment.

    Where only a data folder is named, the models stand in it, so that nothing is written elsewhere.
    """
    data_named = data_dir or environ.get("PULLEY_DATA_DIR")
    models_named = models_dir or environ.get("PULLEY_MODELS_DIR")
    data = Path(data_named).expanduser().absolute() if data_named else platform_data(environ)
    if models_named:
        return Places(data, Path(models_named).expanduser().absolute())
    return Places(data, data / "models" if data_named else None)


def platform_data(environ: Mapping[str, str]) -> Path:
    """Return the platform's folder for application data."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "pulley"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "pulley"
    named = environ.get("XDG_DATA_HOME", "")
    return (Path(named) if os.path.isabs(named) else home / ".local" / "share") / "pulley"
