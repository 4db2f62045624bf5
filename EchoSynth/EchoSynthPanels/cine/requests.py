"""What the parameters ask of the animator, and the frame that is to beat."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from EchoSynthJobs.animate import AnimationRequest
from EchoSynthJobs.start_frame import StartFrame
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.input.label_map import state_of
from EchoSynthPanels.parameters import LARGEST_EJECTION_FRACTION as LARGEST
from EchoSynthPanels.parameters import LEAST_EJECTION_FRACTION as LEAST

MOST, FEWEST = 6, 2
"""Counterfactuals that can be seen beside each other."""


def request_of(parameters: Any) -> AnimationRequest:
    """What the parameters ask of the animator."""
    return AnimationRequest(
        ejection_fraction=None if parameters.cineOwnFraction else parameters.cineEjectionFraction,
        view=parameters.view.value,
        frames=parameters.cineFrames,
        beats=parameters.cineBeats,
        heart_rate=parameters.cineHeartRate,
        phase=parameters.cinePhase.value,
        picture=parameters.cinePicture.value,
        seed=parameters.cineSeed,
        model=parameters.cineModel,
        check=parameters.cineCheck,
    )


def fractions_of(text: str) -> tuple[float, ...]:
    """The ejection fractions, in percent, that a text names, each once.

    Raises:
        InputError: they are not numbers within the limits, or too few or too many.
    """
    words = text.replace(";", ",").replace("%", "").split(",")
    try:
        percents = tuple(dict.fromkeys(float(word) for word in words if word.strip()))
    except ValueError:
        percents = ()
    inside = all(LEAST <= percent <= LARGEST for percent in percents)
    if not inside or not FEWEST <= len(percents) <= MOST:
        raise InputError(
            _(
                "Name {fewest} to {most} ejection fractions from {low:g} to {high:g} %, separated by commas, such as "
                "20, 35, 50, 65; given was '{text}'"
            ).format(fewest=FEWEST, most=MOST, low=LEAST, high=LARGEST, text=text)
        )
    return percents


class Start:
    """The frame that is chosen, read anew once it has changed: panels ask for it as a slider moves."""

    def __init__(self) -> None:
        self._state: Any = None
        self._start: StartFrame | None = None
        self._problem: InputError | None = None

    def of(self, parameters: Any) -> StartFrame | None:
        """The frame that the parameters name; None where no label map is chosen.

        Raises:
            InputError: see `StartFrame.of`.
        """
        state = self.state(parameters)
        if state != self._state:
            self._state, self._start, self._problem = state, None, None
            try:
                if parameters.labelMap is not None:
                    self._start = StartFrame.of(image_of(parameters), parameters.labelMap)
            except InputError as error:
                self._problem = error
        if self._problem is not None:
            raise self._problem
        return self._start

    def state(self, parameters: Any) -> tuple[Any, ...]:
        """What decides on it."""
        label_map, image = parameters.labelMap, image_of(parameters)
        if label_map is None:
            return (image and image.GetID(),)
        pixels = None if image is None or image.GetImageData() is None else image.GetImageData().GetMTime()
        nodes = tuple(node and node.GetID() for node in (image, label_map))
        return *nodes, pixels, _shown(image), _shown(label_map), state_of(label_map)


def reason_not_to_beat(parameters: Any, start: Start) -> str:
    """Why nothing that the parameters name can beat; '' where something can, its image segmented first if it has to be.

    Raises:
        EchoSynthError: what they name is no frame, or its picture cannot be drawn as asked for.
    """
    if parameters.labelMap is None:
        if parameters.inputVolume is None:
            return _("Open an image, or choose an image or a label map above")
        check_frame(parameters.inputVolume)
        return ""
    frame = start.of(parameters)
    if frame is not None:
        request_of(parameters).draws(frame)
    return ""


def _shown(node: Any) -> int | None:
    cine = None if node is None else cine_of(node)
    return None if cine is None else cine.shown
