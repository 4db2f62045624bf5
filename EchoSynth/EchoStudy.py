"""EchoStudy for 3D Slicer: the clips of an examination with their views, segmented and measured together."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic as EchoStudyLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoStudy", "EchoStudyLogic", "EchoStudyTest", "EchoStudyWidget"]


class EchoStudy(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Looks through the folder of an examination, or a patient's clips in the scene: a table of all clips with "
            "picture, view, frames, frame rate and pixel size. A clip is opened when it is selected, a wrong view can "
            "be corrected, and all apical clips are segmented, or the study is measured, in one go."
        )
        EchoModule.__init__(self, parent, _("EchoStudy"), summary)


class EchoStudyWidget(EchoModuleWidget):
    """Examination."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.examination.examination_panel import ExaminationPanel

        return (ExaminationPanel,)


class EchoStudyTest(EchoModuleTest):
    """The folder of the sample data is looked through."""

    def test_views_of_a_folder_are_told(self):
        """The shipped frame shows four chambers, and comes into the scene when it is asked for."""
        from EchoSynthLib.anatomy.views import FOUR_CHAMBER
        from EchoSynthMRML.examinations import clips_of
        from EchoSynthPanels.application.registration import FRAME, sample_file

        logic = EchoStudyLogic()
        examination = logic.examineFolder(sample_file(FRAME).parent)
        frame = next(clip for clip in clips_of(examination) if clip.row["file"] == sample_file(FRAME).name)
        self.assertGreater(frame.shares[FOUR_CHAMBER.name], 0.5)
        self.assertEqual(logic.openClip(examination, frame.number).GetName(), FRAME)
