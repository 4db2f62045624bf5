"""The Models panel: what models there are, their cards, and importing, verifying, timing and removing them."""

from __future__ import annotations

from pathlib import Path

import qt
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.models import can_be_timed, command, time_one_image
from EchoSynthLib import zoo
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.errors import EchoSynthError
from EchoSynthPanels.application.engine import Engine
from EchoSynthPanels.panel import Panel, confirmed, connect

TREE_HEIGHT = 130
TIMING_SHAPE = (256, 256)
"""The size of the image that `Measure time` takes, in pixels."""


class ModelsPanel(Panel):
    """A list of the models, and four buttons."""

    ui_name = "Models"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.title = _("Models")
        tree = self.ui.modelTree
        self._headers = [_("Model"), _("Kind"), _("Time per image")]
        tree.setHeaderLabels(self._headers)
        tree.setFixedHeight(TREE_HEIGHT)
        self.ui.cardBrowser.setMaximumHeight(160)
        connect(tree, "itemSelectionChanged()", self._show_card)
        self._about = {
            button.name: button.toolTip for button in vars(self.ui).values() if button.name.endswith("ModelButton")
        }
        connect(self.ui.importModelButton, "clicked()", self.ask_and_import)
        connect(self.ui.verifyModelButton, "clicked()", self.verify)
        connect(self.ui.timeModelButton, "clicked()", self.measure)
        connect(self.ui.removeModelButton, "clicked()", self.remove)
        self.list_models()

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        chosen = self.chosen
        unchosen = "" if chosen else _("Select a model in the list")
        shipped = _("It came with EchoSynth and stays; imported models can be removed")
        held = self._reason_not_to_do_anything()
        for button, reason in (
            (self.ui.importModelButton, held),
            (self.ui.verifyModelButton, held or unchosen),
            (self.ui.timeModelButton, held or _why_not_timed(chosen, self.engine)),
            (self.ui.removeModelButton, held or unchosen or (shipped if chosen and chosen.shipped else "")),
        ):
            button.enabled = not reason
            button.toolTip = reason or self._about[button.name]

    def _reason_not_to_do_anything(self) -> str:
        return self.reason_of_runner or (
            "" if self.engine.ready else _("The engine is not installed; press Install above")
        )

    @property
    def chosen(self) -> zoo.ModelFolder | None:
        """The model that is selected in the list."""
        items = self.ui.modelTree.selectedItems()
        return self._models.get(items[0].text(0)) if items else None

    def list_models(self) -> None:
        """Reads the models' folders anew."""
        self._models = {model.name: model for model in zoo.list_models()}
        tree = self.ui.modelTree
        chosen = self.chosen.name if self.chosen is not None else ""
        tree.clear()
        for model in self._models.values():
            texts = [model.name, _kind_in_words(model), _time_of(model)]
            item = qt.QTreeWidgetItem(tree)
            for column, text in enumerate(texts):
                item.setText(column, text)
                item.setToolTip(column, model.problem or _description(model) or text)
            # A list that is read anew keeps what was selected.
            item.setSelected(model.name == chosen)
        for column in range(len(self._headers)):
            tree.resizeColumnToContents(column)
        self._show_card()

    def ask_and_import(self) -> None:
        """Asks for a folder and imports it."""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Import a model folder"))
        if folder:
            self.import_folder(folder)

    def import_folder(self, folder: str) -> None:
        """Copies a model folder into the user's models."""
        self._run(self._command("models", "import", folder))

    def verify(self) -> None:
        """Compares the selected model's files with their checksums."""
        if self.chosen is not None:
            name = self.chosen.name
            told = _("{name}: all files are intact").format(name=name)
            self._run(self._command("models", "verify", name), told)

    def remove(self) -> None:
        """Asks, then deletes the selected imported model."""
        model = self.chosen
        if model is None:
            return
        question = _("Delete the model {name} ({folder}) from this computer?")
        if confirmed(question.format(name=model.name, folder=model.path)):
            self._run(self._command("models", "remove", model.name))

    def measure(self) -> None:
        """Times one image with the selected model."""
        model = self.chosen
        if model is None:
            return
        self.start(
            self.title,
            lambda: time_one_image(self.engine.client, Capabilities.of(model), TIMING_SHAPE, self.engine.device),
            lambda seconds: self._keep_time(model, seconds),
        )

    def _command(self, *arguments: str) -> Job[str]:
        return command(self.engine.python, self.engine.environment, *arguments)

    def _run(self, job: Job[str], told: str = "") -> None:
        """Runs a command; of what it says the last line is shown, or else `told` is, and that when asked for."""

        def show(said: str) -> None:
            last = said.splitlines()[-1] if said else ""
            self.tell(self.ui.modelResultLabel, told or last)
            self.ui.modelResultLabel.toolTip = last
            self.list_models()

        self.start(self.title, lambda: job, show)

    def _keep_time(self, model: zoo.ModelFolder, seconds: float) -> None:
        qt.QSettings().setValue(_time_key(model), seconds)
        told = _("{name}: {seconds:.2f} s for one image").format(name=model.name, seconds=seconds)
        self.tell(self.ui.modelResultLabel, told)
        self.ui.modelResultLabel.toolTip = ""
        self.list_models()

    def _show_card(self) -> None:
        model = self.chosen
        card = "" if model is None else model.problem or _read_card(model.path)
        self.ui.cardBrowser.setMarkdown(card)
        self.ui.cardBrowser.visible = bool(card)
        self.refresh()


def _description(model: zoo.ModelFolder) -> str:
    """What a model is for, the first line of its card."""
    lines = [line for line in _read_card(model.path).splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), "")


def _read_card(folder: Path) -> str:
    card = folder / "README.md"
    return card.read_text(encoding="utf-8") if card.is_file() else ""


def _time_key(model: zoo.ModelFolder) -> str:
    return f"EchoSynth/SecondsPerImage/{model.name}/{model.content[:12]}"


def _time_of(model: zoo.ModelFolder) -> str:
    seconds = qt.QSettings().value(_time_key(model))
    return _("not measured") if seconds is None else _("{seconds:.2f} s").format(seconds=float(seconds))


def _kind_in_words(model: zoo.ModelFolder) -> str:
    return _(Capabilities.of(model).title or "Unknown")


def _why_not_timed(model: zoo.ModelFolder | None, engine: Engine) -> str:
    """Why one image cannot be timed with the model, '' where it can."""
    if model is None:
        return _("Select a model in the list")
    can = Capabilities.of(model)
    if not can.kind:
        return model.problem or _("What this model is for is not known to this version of EchoSynth")
    if not can_be_timed(can):
        return _("What this model does takes more than one image")
    try:
        engine.check_model(can)
    except EchoSynthError as error:
        return str(error)
    return ""
