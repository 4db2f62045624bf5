"""The panels in their order."""

from __future__ import annotations

from EchoSynthPanels.data_sets.data_set_panel import DataSetPanel
from EchoSynthPanels.measure.measure_panel import MeasurePanel
from EchoSynthPanels.models.engine_panel import EnginePanel
from EchoSynthPanels.models.models_panel import ModelsPanel
from EchoSynthPanels.models.status_panel import StatusPanel
from EchoSynthPanels.panel import Panel
from EchoSynthPanels.synthesis.label_map_panel import LabelMapPanel
from EchoSynthPanels.synthesis.segment_panel import SegmentPanel
from EchoSynthPanels.synthesis.synthesize_panel import SynthesizePanel
from EchoSynthPanels.synthesis.vary_panel import VaryPanel

PANELS: tuple[type[Panel], ...] = (
    EnginePanel,
    StatusPanel,
    SegmentPanel,
    LabelMapPanel,
    SynthesizePanel,
    VaryPanel,
    MeasurePanel,
    DataSetPanel,
    ModelsPanel,
)


def make_panels() -> dict[str, Panel]:
    """A new panel of each kind, by the name of its .ui file."""
    return {kind.ui_name: kind() for kind in PANELS}
