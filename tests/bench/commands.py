"""The program as a user starts it: for commands that are timed from start to end.

Python keeps the bytecode of what it has imported once, and pip compiles what it installs. Some installers and settings
(PYTHONDONTWRITEBYTECODE) do neither: then every process of a command compiles all that it imports again, which takes more time
than everything else it does. So bytecode is kept here, in a folder of the measurement, whatever the machine's settings are, and
a command is started once before it is timed.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

AUDIOCOT = (sys.executable, "-m", "flows")


def with_bytecode(work: Path) -> Mapping[str, str]:
    """The environment of commands whose bytecode is kept in `work` from the first start on."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(work / "bytecode")}
