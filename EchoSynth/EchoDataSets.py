"""EchoDataSets for 3D Slicer: pairs of image and label map on disk, in the layouts that training takes, and cines."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic as EchoDataSetsLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoDataSets", "EchoDataSetsLogic", "EchoDataSetsTest", "EchoDataSetsWidget"]


class EchoDataSets(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Writes data sets for training: pairs of image and label map that are in the scene, or new synthetic pairs "
            "from variations of one label map, as nnU-Net, NIfTI or PNG; and cines of beating hearts that nobody has."
        )
        EchoModule.__init__(self, parent, _("EchoDataSets"), summary)


class EchoDataSetsWidget(EchoModuleWidget):
    """Input row, Data set, Cine sets."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.data_sets.cine_set_panel import CineSetPanel
        from EchoSynthPanels.data_sets.data_set_panel import DataSetPanel
        from EchoSynthPanels.input.input_panel import InputPanel

        return InputPanel, DataSetPanel, CineSetPanel


class EchoDataSetsTest(EchoModuleTest):
    """Variations of a parametric heart become a small data set."""

    def test_a_data_set_of_two_pairs(self):
        """A label map and one variation of it are written with an image each."""
        import tempfile
        from pathlib import Path

        from EchoSynthPanels.application.registration import load_label_map

        with tempfile.TemporaryDirectory(prefix="echosynth-test-") as folder:
            logic = EchoDataSetsLogic()
            record = logic.saveDataSet(load_label_map("parametric_4CH_ED"), folder, layout="nifti", variations=1)
            self.assertEqual(record["pairs"], 2)
            self.assertEqual(len(list(Path(folder, "images").iterdir())), 2)
