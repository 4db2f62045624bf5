"""All diffusion processes by name."""

from __future__ import annotations

from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.diffusion.processes.base import Process
from EchoSynthLib.networks.diffusion.processes.ddpm import DDPM
from EchoSynthLib.networks.diffusion.processes.edm import EDM
from EchoSynthLib.networks.diffusion.processes.flow import RectifiedFlow
from EchoSynthLib.networks.diffusion.processes.gamma_noise import GammaNoise
from EchoSynthLib.networks.diffusion.processes.v_prediction import VPrediction
from EchoSynthLib.networks.diffusion.processes.ve import VE
from EchoSynthLib.networks.diffusion.processes.vp import VP

PROCESSES: dict[str, type[Process]] = {
    process.name: process for process in (DDPM, VP, VE, EDM, GammaNoise, RectifiedFlow, VPrediction)
}


def make_process(name: str, **settings: Any) -> Process:
    """A process by its name, with the settings of its class.

    Raises:
        InputError: the name is not known.
    """
    if name not in PROCESSES:
        raise InputError(f"The diffusion process {name!r} is not known. Give one of: {', '.join(PROCESSES)}.")
    return PROCESSES[name](**settings)
