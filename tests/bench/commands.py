"""The program as a user starts it: for commands that are timed from start to end.

Python keeps the bytecode of what it has imported, unless PYTHONDONTWRITEBYTECODE is set, as it is on some machines for tests:
then every process of a command compiles again what the installation has not compiled, which is our own code. So that is unset,
and a command is started once before it is timed.
"""

import os
import sys

AUDIOCOT = (sys.executable, "-m", "flows")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
