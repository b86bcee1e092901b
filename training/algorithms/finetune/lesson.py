"""How is a network taught, and where does it go on when it was interrupted?

Whatever is random is drawn from the number of the step, so a step is the same whether those before
it were taken by this process or by one that is gone; and on a CPU everything is the same each time.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.algorithms.calibrated import surprise
from training.algorithms.finetune.maps import COPIES, Maps
from training.algorithms.finetune.network import Network

BATCH = 32  # pictures a step; no other number was tried
_SMOOTHING = 0.05  # of the labels: some of them are wrong
_DROPOUT = 0.2  # of the features, as the network learnt ImageNet
_DECAY = 0.02  # of the weights; no other value was tried
_HEAD_FASTER = 5  # the head begins at nothing, the network at what ImageNet taught
_WARM = 0.1  # of the steps, in which the rate grows
_LAST_STEPS = 100  # whose mean is what is kept of the weights
_PATIENCE = 3  # epochs without a better answer for the validation pictures
_KEEP_SECONDS = 60.0  # between checkpoints: what an interruption may cost

HEAD = "head.weight", "head.bias"  # among the weights that are taught

State = dict[str, Any]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Lesson:
    name: str
    first: str  # the tensor of the model file behind which it is taught
    epochs: int
    rate: float


@dataclass(frozen=True)
class Material:
    maps: Maps
    targets: Integers
    taught: Integers  # places among the rows
    asked: Integers  # none: all epochs are taught
    labels: int


@dataclass(frozen=True)
class Learnt:
    weights: State  # by name, after the epoch whose answers were best
    epochs: int
    losses: Sequence[float]  # of the pictures that were asked, after each epoch


class Pupil(nn.Module):
    """The part of the network that is taught, and the head."""

    def __init__(self, network: Network, labels: int) -> None:
        super().__init__()
        self.network, self.head = network, nn.Linear(network.width, labels)
        # What the features are multiplied with, so that the head learns as fast from small numbers.
        self.register_buffer("louder", torch.ones(()))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, between: Mapping[str, Tensor]) -> Tensor:
        features = self.network(between) * self.louder
        return self.head(functional.dropout(features, _DROPOUT, self.training))

    def listen(self, between: Mapping[str, Tensor]) -> None:
        """Makes features such as these as loud as one, before anything is taught."""
        with torch.no_grad():
            before = self.louder.clone()
            self.louder.copy_(self.network(between).square().mean().rsqrt())
            self.head.weight.mul_(before / self.louder)

    def weights(self) -> State:
        """By the names in the model file, and the head's, for features as they are."""
        head = self.head.weight * self.louder, self.head.bias
        all_weights = self.network.weights() | dict(zip(HEAD, head, strict=True))
        return {name: values.detach().cpu() for name, values in all_weights.items()}

    def learn_from(self, weights: State) -> None:
        """As `weights` gives them; of those that it has not, its own stay."""
        mine = self.network.weights()
        for name in mine.keys() & weights.keys():
            mine[name].copy_(weights[name])
        with torch.no_grad():
            slopes, bias = (weights[name] for name in HEAD)
            self.head.weight.copy_(slopes / self.louder)
            self.head.bias.copy_(bias)


class Teacher:
    def __init__(
        self,
        pupil: Pupil,
        lesson: Lesson,
        material: Material,
        keep: Callable[[State], None],
    ) -> None:
        """`keep` is given what `take_up` needs, now and then."""
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._pupil = pupil.to(self._device).train()
        self._lesson, self._material, self._keep = lesson, material, keep
        some = material.taught[:BATCH]
        self._pupil.listen(self._tensors(np.zeros(len(some), np.int64), some))
        self._mean = copy.deepcopy(self._pupil).eval()
        self._optimizer = torch.optim.AdamW(_groups(pupil), lr=lesson.rate)
        half = self._device.type == "cuda"
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=half)
        self._half = torch.autocast(self._device.type, torch.float16, enabled=half)
        self._steps = math.ceil(len(material.taught) / BATCH)  # in an epoch
        self._step, self._losses = 0, list[float]()
        self._best, self._epochs = self._mean.state_dict(), 0
        self._weights = _weights(material).to(self._device)

    def take_up(self, state: State) -> None:
        self._pupil.load_state_dict(state["pupil"])
        self._mean.load_state_dict(state["mean"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        self._best, self._epochs = state["best"], state["epochs"]
        self._step, self._losses = state["step"], list(state["losses"])

    def state(self) -> State:
        return {
            "pupil": self._pupil.state_dict(),
            "mean": self._mean.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "best": self._best,
            "epochs": self._epochs,
            "step": self._step,
            "losses": self._losses,
        }

    def teach(self) -> Learnt:
        kept = time.monotonic()
        while not self._over():
            self._take_step()
            if self._step % self._steps == 0:
                self._end_epoch()
            if time.monotonic() - kept >= _KEEP_SECONDS or self._step % self._steps == 0:
                self._keep(self.state())
                kept = time.monotonic()
        self._mean.load_state_dict(self._best)
        return Learnt(self._mean.weights(), self._epochs, self._losses)

    def _over(self) -> bool:
        """At the end of the last epoch, or of too many that brought nothing."""
        epoch, within = divmod(self._step, self._steps)
        if within:
            return False
        return epoch == self._lesson.epochs or epoch - self._epochs >= _PATIENCE

    def _take_step(self) -> None:
        epoch, within = divmod(self._step, self._steps)
        rng = np.random.default_rng([epoch, len(self._material.taught)])
        order = rng.permutation(self._material.taught)
        copies = rng.integers(0, COPIES, len(order))
        chosen = slice(within * BATCH, (within + 1) * BATCH)
        between = self._tensors(copies[chosen], order[chosen])
        truth = torch.from_numpy(self._material.targets[order[chosen]]).to(self._device)
        for group in self._optimizer.param_groups:
            group["lr"] = self._lesson.rate * group["faster"] * self._share()
        torch.manual_seed(self._step)
        with self._half:
            loss = functional.cross_entropy(
                self._pupil(between), truth, self._weights, label_smoothing=_SMOOTHING
            )
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._step += 1
        self._average()

    def _share(self) -> float:
        """Of the rate: it grows, and falls along a cosine."""
        done = self._step / (self._steps * self._lesson.epochs)
        grown = min(1.0, (self._step + 1) / (_WARM * self._steps * self._lesson.epochs))
        return grown * (1 + math.cos(math.pi * done)) / 2

    def _average(self) -> None:
        """The mean of the last steps' weights, of the latest most."""
        share = max(1 / _LAST_STEPS, 9 / (self._step + 9))
        with torch.no_grad():
            pairs = zip(self._mean.parameters(), self._pupil.parameters(), strict=True)
            for mean, now in pairs:
                mean.lerp_(now, share)

    def _end_epoch(self) -> None:
        epoch = self._step // self._steps
        asked = self._material.asked
        if len(asked):
            loss = surprise(self._answers(asked), self._material.targets[asked])
            better = not self._losses or loss < min(self._losses)
            self._losses.append(loss)
        if not len(asked) or better:
            self._best, self._epochs = copy.deepcopy(self._mean.state_dict()), epoch
        said = f", surprise {self._losses[-1]:.3f}" if len(asked) else ""
        print(f"{self._lesson.name}: epoch {epoch} of {self._lesson.epochs}{said}", flush=True)

    def _answers(self, rows: Integers) -> NDArray[np.float64]:
        """Logits of the mean pupil, for the pictures as they are."""
        found = [np.empty((0, self._material.labels))]
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            between = self._tensors(np.zeros(len(batch), np.int64), batch)
            with torch.inference_mode(), self._half:
                found.append(self._mean(between).double().cpu().numpy())
        return np.concatenate(found)

    def _tensors(self, copies: Integers, rows: Integers) -> dict[str, Tensor]:
        return dict(_tensors(self._material.maps.of(copies, rows), self._device))


def _tensors(
    between: Mapping[str, NDArray[Any]], device: torch.device
) -> Iterator[tuple[str, Tensor]]:
    for name, values in between.items():
        tensor = torch.from_numpy(np.ascontiguousarray(values)).to(device)
        if tensor.dtype == torch.float16:
            tensor = tensor.float()
        if tensor.ndim == 4 and tensor.is_floating_point():
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        yield name, tensor


def _groups(pupil: Pupil) -> list[dict[str, Any]]:
    network, head = list(pupil.network.parameters()), list(pupil.head.parameters())
    kernels = [weight for weight in network if weight.ndim > 1]
    biases = [weight for weight in network if weight.ndim <= 1]
    return [
        {"params": kernels, "weight_decay": _DECAY, "faster": 1},
        {"params": biases, "weight_decay": 0.0, "faster": 1},
        {"params": head, "weight_decay": _DECAY, "faster": _HEAD_FASTER},
    ]


def _weights(material: Material) -> Tensor:
    """Every label counts as much as the others, however few pictures it has."""
    counts = np.bincount(material.targets[material.taught], minlength=material.labels)
    return torch.tensor(counts.mean() / np.maximum(counts, 1), dtype=torch.float32)
