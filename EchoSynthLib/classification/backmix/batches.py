"""Batches as the paper trains on them: augment, exchange the background, normalize (torch)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.classification.backmix.backgrounds import Backgrounds
from EchoSynthLib.classification.backmix.mix import loss_weights
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.training.labeled_batches import BATCH, augmented, normalized
from EchoSynthLib.training.loop import Moment


class MixedBatches:
    """Draws batches of train frames and gives the weighted cross-entropy of what a network says of them.

    Args:
        frames: to learn from; those with masks have their backgrounds exchanged.
        background: one of `backgrounds.BACKGROUNDS`.
        mu: how much more a mixed frame counts, see `mix.loss_weights`.
        consistency: weight of KL(p(X~) || p(X)) of mixed frames X~ and the same frames X with their own backgrounds:
            what lies beside the sector may not change the answer. 0 is the published method, which has no such term.
        device: of the network.
    """

    def __init__(
        self,
        frames: LabeledFrames,
        background: str,
        mu: float = 0.0,
        device: str = "cpu",
        consistency: float = 0.0,
    ) -> None:
        self.device, self.mu, self.background, self.consistency = device, mu, background, consistency
        self.image = torch.from_numpy(frames.image)[:, None]
        self.inside = torch.from_numpy(frames.mask)[:, None]
        self.label = torch.from_numpy(frames.label).long()
        known = torch.from_numpy(frames.is_masked)
        self.share = float(known.float().mean())
        self.own = torch.where(known, known.cumsum(0) - 1, -1)
        self.backgrounds = Backgrounds(background, self.image[known], self.inside[known])

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """mean_i(w_i CE_i) of one batch."""
        mixed, own, label, weight = (part.to(self.device) for part in self.drawn(moment.generator))
        logits = network(torch.cat([mixed, own]))
        told, alone = logits[: len(mixed)], logits[len(mixed) :]
        loss = (weight * F.cross_entropy(told, label, reduction="none")).mean()
        if not len(own):
            return loss
        # The frames that were mixed come first.
        kept = F.log_softmax(told[: len(own)], dim=1)
        apart = F.kl_div(F.log_softmax(alone, dim=1), kept, reduction="batchmean", log_target=True)
        return loss + self.consistency * apart

    def batch(self, generator: Generator, size: int = BATCH) -> tuple[Tensor, Tensor, Tensor]:
        """Frames (size, 1, H, W) of mean 0 and variance 1, labels (size,), weights of their losses (size,)."""
        mixed, _, label, weight = self.drawn(generator, size)
        return mixed, label, weight

    def drawn(self, generator: Generator, size: int = BATCH) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A batch, those whose background was exchanged first; of these, where consistency is asked for, the same
        frames with their own backgrounds (M, 1, H, W); labels and weights as in `batch`."""
        chosen = torch.randint(0, len(self.image), (size,), generator=generator)
        chosen = chosen[(self.own[chosen] < 0).long().argsort(stable=True)]
        image, inside = augmented(self.image[chosen].float(), self.inside[chosen], generator)
        is_mixed = (self.own[chosen] >= 0) & (self.background != "none")
        mixed = self.backgrounds(image, inside, self.own[chosen], generator)
        weight = (
            loss_weights(is_mixed, self.share, self.mu) if self.mu and self.background != "none" else torch.ones(size)
        )
        own = normalized(image[is_mixed]) if self.consistency else image[:0]
        return normalized(mixed), own, self.label[chosen], weight
