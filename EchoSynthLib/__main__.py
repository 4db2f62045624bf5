"""`python -m EchoSynthLib` is the `echosynth` command."""

from __future__ import annotations

import sys

from EchoSynthLib.cli import main

if __name__ == "__main__":
    sys.exit(main())
