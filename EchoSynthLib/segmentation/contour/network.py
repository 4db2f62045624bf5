"""The contour network: one U-Net, a head of seven heatmaps and a head for the distance map (torch)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monai.networks.nets import UNet
from torch import Tensor, nn

from EchoSynthLib.anatomy.heart2d.endocardium import LANDMARKS

CHANNELS = (24, 48, 96, 192, 320)
"""Width of each level of the U-Net, those of the segmenter, so that its weights fit."""

FEATURES = 32
"""Planes that both heads read."""

GRID = (160, 160)
"""Rows and columns of the network's own grid; the whole frame is stretched onto it."""

MAP = (80, 80)
"""Rows and columns of heatmaps and distance map; points lie between pixels, so that half the resolution does."""


class ContourNet(nn.Module):
    """MONAI's residual U-Net without its last layer, and two 1 x 1 heads (after Gomez et al., arXiv 2207.06330)."""

    def __init__(self, channels: Sequence[int] = CHANNELS, features: int = FEATURES) -> None:
        super().__init__()
        # Of gray values in [0, 1]; the segmenter's, as its weights expect them.
        self.mean, self.deviation = 0.2, 0.2
        unet = UNet(
            spatial_dims=2,
            in_channels=1,
            out_channels=1,
            channels=tuple(channels),
            strides=(2,) * (len(channels) - 1),
            num_res_units=2,
        )
        # MONAI's model is the first level, all below it, and a last layer back to full resolution.
        self.body = nn.Sequential(unet.model[0], unet.model[1])
        self.neck = nn.Sequential(nn.Conv2d(2 * channels[0], features, 3, padding=1), nn.SiLU())
        self.heatmaps = nn.Conv2d(features, len(LANDMARKS), 1)
        self.distance = nn.Conv2d(features, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Gray values (N, 1, 160, 160) in [0, 1] to landmark logits (N, 7, 80, 80) and distances (N, 80, 80).

        The softmax of a plane of logits over its pixels is the landmark's distribution. A distance of 0 is on the
        endocardium, 1 is `targets.FARTHEST` pixels of the map away or more.
        """
        features = self.neck(self.body((image - self.mean) / self.deviation))
        return self.heatmaps(features), self.distance(features)[:, 0]


def start_from_segmenter(network: ContourNet, weights: Mapping[str, Tensor]) -> None:
    """Take over a segmenter's U-Net, `segmenter.unet.model.*` in its safetensors file, but for the last layer.

    Raises:
        RuntimeError: the segmenter is of another shape.
    """
    prefix = "segmenter.unet.model."
    taken = {key.removeprefix(prefix): value.float() for key, value in weights.items() if key.startswith(prefix)}
    network.body.load_state_dict({key: value for key, value in taken.items() if not key.startswith("2.")})
