"""The module's parameters: what a saved scene restores, bound to the widgets by SlicerParameterName."""

# No `from __future__ import annotations`: the wrapper reads the types themselves.
from enum import Enum
from pathlib import Path
from typing import Annotated, Union

from slicer import (
    vtkMRMLLabelMapVolumeNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTextNode,
    vtkMRMLVectorVolumeNode,
)
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Default, FloatRange, RangeBounds, WithinRange, parameterNodeWrapper

from EchoSynthJobs.animate import FRAME, LABEL_MAP
from EchoSynthJobs.stretch import ALL, SHOWN
from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.images.datasets.layouts import LAYOUTS
from EchoSynthLib.synthesis.animation import EJECTION_FRACTIONS
from EchoSynthLib.tasks import find_task, parameters_of


def _limits(task: str, name: str) -> WithinRange:
    declared = {parameter.name: parameter for parameter in parameters_of(find_task(task))}[name]
    return WithinRange(declared.minimum, declared.maximum)


class SegmentView(Enum):
    """The view that an image shows, for the segmenter."""

    AUTO = "auto"
    TWO_CHAMBER = views.TWO_CHAMBER.name
    FOUR_CHAMBER = views.FOUR_CHAMBER.name

    def label(self) -> str:
        """What the panel shows."""
        return {"AUTO": _("Automatic"), "TWO_CHAMBER": _("Two-chamber"), "FOUR_CHAMBER": _("Four-chamber")}[self.name]


class View(Enum):
    """The view that a label map shows, for the generator."""

    AUTO = "auto"
    FOUR_CHAMBER = views.FOUR_CHAMBER.name
    TWO_CHAMBER = views.TWO_CHAMBER.name

    def label(self) -> str:
        """What the panel shows."""
        return SegmentView(self.value).label()


class ImageQuality(Enum):
    """The acoustic window of synthetic images."""

    ANY = ""
    GOOD = "good"
    MEDIUM = "medium"
    POOR = "poor"

    def label(self) -> str:
        """What the panel shows."""
        return {"": _("Any"), "good": _("Good"), "medium": _("Medium"), "poor": _("Poor")}[self.value]


class MeasureScope(Enum):
    """What is measured."""

    AUTO = "auto"
    FRAME = "frame"
    CINE = "cine"
    VIEWS = "views"

    def label(self) -> str:
        """What the panel shows."""
        return {
            "auto": _("Automatic"),
            "frame": _("Shown frame"),
            "cine": _("Whole cine"),
            "views": _("Two- and four-chamber views"),
        }[self.value]


class EndocardiumSource(Enum):
    """Where the endocardium that is measured comes from."""

    LABEL_MAP = "label map"
    CONTOUR_MODEL = "contour model"

    def label(self) -> str:
        """What the panel shows."""
        labels = {"label map": _("From the label map"), "contour model": _("From the image, by the contour model")}
        return labels[self.value]


class MotionFrom(Enum):
    """The frame of a cine whose points are followed."""

    DIASTOLE = "ED"
    SYSTOLE = "ES"
    SHOWN = SHOWN

    def label(self) -> str:
        """What the panel shows."""
        return {"ED": _("End-diastole"), "ES": _("End-systole"), SHOWN: _("Shown frame")}[self.value]


class MotionTo(Enum):
    """The frames to which the points are followed."""

    ALL = ALL
    SYSTOLE = "ES"
    DIASTOLE = "ED"
    SHOWN = SHOWN

    def label(self) -> str:
        """What the panel shows."""
        return _("All frames") if self is MotionTo.ALL else MotionFrom(self.value).label()


class MotionDisplay(Enum):
    """What shows the motion over the frame."""

    NONE = "none"
    ARROWS = "arrows"
    COLOR = "color"

    def label(self) -> str:
        """What the panel shows."""
        return {"none": _("Nothing"), "arrows": _("Arrows"), "color": _("Color")}[self.value]


class CinePhase(Enum):
    """The moment of the beat that the frame of a made cine shows."""

    AUTO = "auto"
    DIASTOLE = "ED"
    SYSTOLE = "ES"

    def label(self) -> str:
        """What the panel shows."""
        return {"auto": _("Automatic"), "ED": _("End-diastole"), "ES": _("End-systole")}[self.value]


class CinePicture(Enum):
    """What the pictures of a made cine are made of."""

    AUTO = "auto"
    FRAME = FRAME
    LABEL_MAP = LABEL_MAP

    def label(self) -> str:
        """What the panel shows."""
        labels = {"auto": _("Automatic"), FRAME: _("The frame, moved"), LABEL_MAP: _("Drawn from the label map")}
        return labels[self.value]


class DataSource(Enum):
    """What a data set is made of."""

    VARIATIONS = "variations"
    SCENE = "scene"

    def label(self) -> str:
        """What the panel shows."""
        return {"variations": _("Variations of the label map"), "scene": _("Pairs in the scene")}[self.value]


class Layout(Enum):
    """The layouts of a data set on disk, those that the library has."""

    _ignore_ = "layout"
    for layout in LAYOUTS:
        vars()[layout.upper()] = layout

    def label(self) -> str:
        """What the panel shows."""
        return LAYOUTS[self.value].title


class CineSetFractions(Enum):
    """The ejection fractions of a set of cines."""

    UNIFORM = "uniform"
    REAL = "real"
    TABLE = "table"

    def label(self) -> str:
        """What the panel shows."""
        return {"uniform": _("Any between two"), "real": _("As patients have them"), "table": _("Of a table")}[
            self.value
        ]


class HeartCondition(Enum):
    """What ails a heart that is made."""

    _ignore_ = "condition"
    for condition in CONDITIONS:
        vars()[condition.upper().replace(" ", "_")] = condition

    def label(self) -> str:
        """What the panel shows."""
        return {
            "normal": _("Healthy"),
            "dilated": _("Dilated"),
            "hypertrophic": _("Hypertrophic"),
            "ischemic": _("Ischemic"),
            "large atria": _("Large atria"),
            "rv overload": _("Right ventricular overload"),
        }[self.value]


class HeartDrawing(Enum):
    """How the echo of a cut is drawn."""

    TISSUE = "tissue"
    GENERATOR = "generator"

    def label(self) -> str:
        """What the panel shows."""
        return {"tissue": _("From tissue, any plane"), "generator": _("By the generator, 2CH and 4CH")}[self.value]


PLANES_AS_USUAL = 29
LEAST_EJECTION_FRACTION, LARGEST_EJECTION_FRACTION = 10, 85
"""In per cent, as far as hearts are seen; the task takes more."""

AnyFrame = Union[
    vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, vtkMRMLScalarVolumeNode, vtkMRMLVectorVolumeNode, None
]


@parameterNodeWrapper
class EchoSynthParameterNode:
    """All that a user can set in the panels; limits are those of the tasks."""

    # First, since no widget is bound to it: VTK tells the first of all observers last, so that a widget bound to the
    # first parameter would be brought up to date before the wrapper's own copy of it is.
    liveVolume: vtkMRMLScalarVolumeNode

    inputVolume: Union[vtkMRMLScalarVolumeNode, vtkMRMLVectorVolumeNode, None]
    allFrames: bool = True
    segmentView: SegmentView = SegmentView.AUTO
    confidenceMap: bool = False
    segmenter: str = "segmenter"
    # None stands for a new node.
    outputSegmentation: vtkMRMLSegmentationNode

    labelMap: Union[vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, None]

    reference: Union[vtkMRMLScalarVolumeNode, vtkMRMLVectorVolumeNode, None]
    view: View = View.AUTO
    count: Annotated[int, _limits("synthesize", "count")] = 1
    seed: Annotated[int, _limits("synthesize", "seed")] = 0
    # 0 stands for the model's default.
    steps: Annotated[int, WithinRange(0, _limits("synthesize", "steps").maximum)] = 0
    imageQuality: ImageQuality = ImageQuality.ANY
    generator: str = "beam-flow"
    # '' stands for the model's default.
    solver: str = ""
    synthesizeAllFrames: bool = False
    outputVolume: vtkMRMLScalarVolumeNode
    live: bool = False

    variationCount: Annotated[int, _limits("variations", "count")] = 5
    variationSeed: Annotated[int, _limits("variations", "seed")] = 0
    strength: Annotated[float, _limits("variations", "strength")] = 1.0
    # In per cent; 0 and 100 leave the ventricle as it is.
    ejectionFraction: Annotated[float, WithinRange(-50, 75)] = 0.0
    wallThickness: Annotated[float, WithinRange(50, 200)] = 100.0
    outputVariation: vtkMRMLSegmentationNode

    examination: vtkMRMLTextNode

    measureScope: MeasureScope = MeasureScope.AUTO
    endocardiumSource: EndocardiumSource = EndocardiumSource.LABEL_MAP
    fourChamberED: AnyFrame
    fourChamberES: AnyFrame
    twoChamberED: AnyFrame
    twoChamberES: AnyFrame
    longAxisED: AnyFrame
    longAxisES: AnyFrame

    motionFrom: MotionFrom = MotionFrom.DIASTOLE
    motionTo: MotionTo = MotionTo.ALL
    motionDisplay: MotionDisplay = MotionDisplay.ARROWS
    # Numbers of frames; more than the cine has are all of them.
    propagateBack: Annotated[int, WithinRange(0, 999)] = 3
    propagateOn: Annotated[int, WithinRange(0, 999)] = 3

    heartCondition: HeartCondition = HeartCondition("normal")
    heartSeed: Annotated[int, _limits("heart", "seed")] = 0
    # Of the left ventricle: in per cent, ml at end-diastole and mm.
    heartEjectionFraction: Annotated[float, WithinRange(10, 80)] = 62.0
    heartVolume: Annotated[float, WithinRange(40, 350)] = 106.0
    heartWall: Annotated[float, WithinRange(5, 20)] = 9.0
    # In per cent of a beat.
    heartPhase: Annotated[float, WithinRange(0, 100)] = 0.0
    heartDrawing: HeartDrawing = HeartDrawing.TISSUE

    heartModel: str = "heart3d"
    # Degrees between 4CH and 2CH; the least one stands for that of the standard views.
    planeAngle: Annotated[int, WithinRange(PLANES_AS_USUAL, PLANES_AS_USUAL + 91)] = PLANES_AS_USUAL
    planeHandles: bool = True
    # In per cent of a beat.
    reconstructedPhase: Annotated[float, WithinRange(0, 100)] = 0.0

    cineEjectionFraction: Annotated[float, WithinRange(LEAST_EJECTION_FRACTION, LARGEST_EJECTION_FRACTION)] = 55.0
    cineOwnFraction: bool = False
    cineHeartRate: Annotated[float, WithinRange(30, 200)] = 70.0
    cineBeats: Annotated[int, _limits("animate", "beats")] = 1
    cineFrames: Annotated[int, WithinRange(8, 400)] = 32
    cinePhase: CinePhase = CinePhase.AUTO
    cinePicture: CinePicture = CinePicture.AUTO
    cineSeed: Annotated[int, _limits("animate", "seed")] = 0
    cineModel: str = "beating"
    cineCheck: bool = False
    cineLive: bool = False
    counterfactualFractions: str = "20, 35, 50, 65"

    dataSource: DataSource = DataSource.VARIATIONS
    # Relative to the user's home, whoever opens a saved scene.
    dataFolder: Annotated[Path, Default(Path("EchoSynth data set"))]
    dataLayout: Layout = Layout("nnunet")
    dataName: str = "EchoSynth"
    dataVariations: Annotated[int, _limits("dataset", "variations")] = 5
    dataImages: Annotated[int, _limits("dataset", "images")] = 1

    cineSetHearts: Annotated[int, _limits("cine-dataset", "count")] = 10
    cineSetFractions: CineSetFractions = CineSetFractions.UNIFORM
    # In per cent.
    cineSetFractionRange: Annotated[FloatRange, RangeBounds(*EJECTION_FRACTIONS), Default(FloatRange(10, 90))]
    # Both relative to the user's home, as above.
    cineSetTable: Annotated[Path, Default(Path("ejection fractions.csv"))]
    cineSetFolder: Annotated[Path, Default(Path("EchoSynth cines"))]
    cineSetFourChamber: bool = True
    cineSetTwoChamber: bool = True
    cineSetFrames: Annotated[int, _limits("cine-dataset", "frames")] = 192
    cineSetFrameRate: Annotated[float, _limits("cine-dataset", "fps")] = 32.0
    # 0 stands for the model's own.
    cineSetThreshold: Annotated[float, _limits("cine-dataset", "privacy_threshold")] = 0.0
    cineSetSeed: Annotated[int, _limits("cine-dataset", "seed")] = 0
