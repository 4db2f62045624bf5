"""The Synthesize panel: label map in, synthetic images or cines out, and Live."""

from __future__ import annotations

import random
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.synthesize import Synthesized, synthesize, view_of
from EchoSynthLib.capabilities import Capabilities, capabilities
from EchoSynthMRML.cines import cine_of
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.navigation import open_panel
from EchoSynthPanels.application.views import fill, show_side_by_side
from EchoSynthPanels.input.label_map import reason_not_to_draw
from EchoSynthPanels.model_choice import ModelChoice, NameChoice
from EchoSynthPanels.panel import Panel, connect, name_output
from EchoSynthPanels.parameters import View
from EchoSynthPanels.synthesis.generator_texts import GeneratorWords
from EchoSynthPanels.synthesis.live import the_live
from EchoSynthPanels.synthesis.requests import live_model, request_of


class SynthesizePanel(Panel):
    """Settings of the generator, its button, and the Live switch."""

    ui_name = "Synthesize"
    apply_name = "synthesizeButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._model = ModelChoice(self.ui.generatorComboBox, "synthesis", "generator", self._take_its_defaults)
        self._solver = NameChoice(self.ui.solverComboBox, "solver")
        self.live = the_live()
        self.live.changed.connect(self._show_live)
        # What was recorded from a patient is never drawn over.
        self.ui.outputVolumeSelector.addAttribute("vtkMRMLScalarVolumeNode", "EchoSynth.synthetic", "true")
        connect(self.ui.newSeedButton, "clicked()", self.draw_seed)
        connect(self.ui.installForModelButton, "clicked()", self.install_for_model)

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        for choice in (self._model, self._solver):
            choice.set_parameters(parameters)
        super().set_parameters(parameters)
        if parameters is not None:
            self.live.follow(parameters)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self._model.refresh()
        name_output(self.ui.synthesizeAdvanced, self.parameters.outputVolume)
        generator = capabilities(self.parameters.generator)
        self._show_generator(generator)
        cine = self.parameters.labelMap and cine_of(self.parameters.labelMap)
        box = self.ui.synthesizeAllFramesCheckBox
        box.visible = cine is not None
        if cine is not None:
            box.text = _("All {count} frames").format(count=len(cine))
        self._show_whether_live_can_follow(generator)
        self._show_view()

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        self.engine.check_model(capabilities(self.parameters.generator))
        if self.parameters.outputVolume is not None and self.parameters.outputVolume is self.parameters.reference:
            return _("The output is the image whose sector is taken; choose another output")
        reason = reason_not_to_draw(self.parameters.labelMap)
        if not reason:
            request_of(self.parameters).of(self.parameters.labelMap)
        return reason

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return self.parameters.inputVolume, self.parameters.labelMap

    def job(self) -> Job[Synthesized]:
        """See `Panel.job`."""
        source = self.parameters.labelMap
        return synthesize(
            slicer.mrmlScene,
            self.engine.client,
            source,
            request_of(self.parameters),
            reference=self.parameters.reference,
            all_frames=self.parameters.synthesizeAllFrames and cine_of(source) is not None,
            output=self.parameters.outputVolume,
        )

    def show(self, result: Synthesized) -> None:
        """See `Panel.show`."""
        sector = _sector(self.parameters.reference, result.record["sector_source"])
        self.tell(self.ui.synthesizeResultLabel, " ".join([_count(result.volumes), sector, *result.notes]))
        self.parameters.liveVolume = result.volumes[0]
        fill(self.parameters.labelMap, on_image=True)
        show_side_by_side(image_of(self.parameters), result.volumes[0])

    def draw_seed(self) -> None:
        """Takes another seed."""
        self.parameters.seed = random.randrange(1_000_000)

    def install_for_model(self) -> None:
        """Leads to where an installation shows how far it is; asks there, then installs what diffusion models need."""
        open_panel("EchoModels", "Engine").install_full()

    def close(self) -> None:
        """See `Panel.close`."""
        super().close()
        self.live.changed.disconnect(self._show_live)
        if not self.live.changed.heard:
            self.live.follow(None)

    def _take_its_defaults(self) -> None:
        # Steps that are many for one model are few for another.
        self.parameters.solver, self.parameters.steps = "", 0

    def _show_view(self) -> None:
        """Says what automatic takes; the entries of an enumeration keep their order."""
        known = None if self.parameters.labelMap is None else view_of(self.parameters.labelMap)
        automatic = View.AUTO.label()
        text = f"{automatic} ({View(known).label()})" if known else automatic
        if self.ui.viewComboBox.itemText(0) != text:
            self.ui.viewComboBox.setItemText(0, text)

    def _show_generator(self, generator: Capabilities) -> None:
        words = GeneratorWords(generator)
        missing = self.engine.packages.missing_full if generator.needs_full else ()
        self.ui.processLabel.text = words.process
        self.ui.runtimeLabel.text = words.runtime(missing)
        self.ui.runtimeLabel.toolTip = ", ".join(missing)
        self.ui.installForModelButton.visible = bool(missing)
        self.ui.installForModelButton.enabled = not self.runner.busy
        self._solver.show(words.solvers)
        self.ui.solverComboBox.enabled = bool(generator.solvers)
        self.ui.solverComboBox.toolTip = words.about_solvers
        self.ui.stepsSpinBox.specialValueText = words.default_steps
        self.ui.imageQualityComboBox.enabled = generator.knows_quality
        self.ui.imageQualityComboBox.toolTip = words.about_quality

    def _show_whether_live_can_follow(self, generator: Capabilities) -> None:
        node, box = self.parameters.labelMap, self.ui.liveCheckBox
        editable = node is not None and node.IsA("vtkMRMLSegmentationNode")
        # What is on can always be switched off.
        box.enabled = editable or self.parameters.live
        if not editable:
            box.toolTip = _("Choose a segmentation; a label map volume becomes one by Make segmentation")
            return
        said = _("Draw the image anew after each stroke in the Segment Editor, in place and with the same seed")
        fast = live_model(generator)
        why = _("By {model}: {chosen} takes too long to follow strokes").format(model=fast, chosen=generator.name)
        box.toolTip = said if fast == generator.name else f"{said}. {why}"

    def _show_live(self, message: str) -> None:
        if self.parameters is not None:
            self._told_about = self.told_about()
        self.tell(self.ui.synthesizeResultLabel, message)


def _count(volumes: list[Any]) -> str:
    if len(volumes) == 1:
        return _("{name}.").format(name=volumes[0].GetName())
    return _("{count} images made, {name} is the first.").format(count=len(volumes), name=volumes[0].GetName())


def _sector(reference: Any, source: str) -> str:
    if reference is None:
        return _("Sector: {source}.").format(source=source)
    return _("Sector of {name}.").format(name=reference.GetName())
