"""The one way to write: results appear complete or not at all, and what they replace is never lost on the way.

Standard library only. Every file or folder that is made beside a user's own is called `.echosynth-OWNER` while it is
made, where OWNER tells machine and process (`owner.py`), so that what an ended process left is known and removed by the
next output into the folder. What is replaced waits under another name, which is put back and never removed
(`moving.py`).
"""

from EchoSynthLib.outputs.file import replacing
from EchoSynthLib.outputs.folder import OutputFolder, discard_all, remove_folder
from EchoSynthLib.outputs.sweeping import sweep

__all__ = ["OutputFolder", "discard_all", "remove_folder", "replacing", "sweep"]
