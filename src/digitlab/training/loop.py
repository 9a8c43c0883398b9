"""The training loop: digits resident as one tensor, varied in blocks, stepped in batches.

All randomness of an epoch follows from the seed and the epoch's number. So the same seed gives the same bits, and a
training that was killed and resumed ends, on the processor, with the very weights it would have had.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch.optim.swa_utils import update_bn
from torch.utils._pytree import tree_map

from digitlab.data.digits import Material, Pieces
from digitlab.errors import RunError
from digitlab.networks import Network, initialise, whiten
from digitlab.recipes import Recipe
from digitlab.training import checkpoint
from digitlab.training.augment import vary
from digitlab.training.average import averaged, share_kept
from digitlab.training.captured import CapturedStep
from digitlab.training.disturb import disturb
from digitlab.training.rounds import Learned, Round, round_at
from digitlab.training.schedule import CAPTURABLE, make_optimizer, rate_of
from digitlab.training.start import Start
from digitlab.training.teacher import Teacher

SEEN_BY_FILTERS = 500  # training images from which whitened filters are found: some 200,000 patches
BLOCK = 4096  # images varied at once: enough to hide Python, little enough for the cache
BLOCK_ON_CARD = 16384  # the same on a graphics card, whose kernels want more to do

Listener = Callable[[dict[str, Any]], None]
"""Is told of each step of the way by a dictionary; its "event" says which.

    loading   source, strokes           before digits are loaded
    pages     made, of                  many times while pieces of pages are made: how many there are
    resumed   epoch                     once, when a run goes on
    member    number, of, name,         before each member of a committee; whose epochs are counted on from the ones
              finished                  of the members before it
    progress  epoch, images, of         many times an epoch
    epoch     epoch, train_loss, ...    once an epoch, with all its metrics
"""


class Training:
    """A training in progress: network, optimiser, average, and the digits they learn from.

    Attributes:
        network: the torch module as it stands.
        epoch: how many whole epochs it has seen.
        history: one dictionary of metrics for each epoch that this object has run.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        seed: int,
        device: torch.device,
        bf16: bool,
        teacher: Teacher | None = None,
        start: Start | None = None,
    ) -> None:
        self.recipe, self.seed, self.device, self.teacher = recipe, seed, device, teacher
        self._seed_epoch(0)
        self.network = Network(recipe.layers)
        initialise(self.network)
        self.network.to(device, memory_format=torch.channels_last)
        self.optimizer = make_optimizer(self.network, recipe.plan)
        self.epoch = 0
        self.history: list[dict[str, Any]] = []
        self.precision = "bf16" if bf16 else "fp32"
        # A captured step must not find weights that an earlier step has converted.
        self._autocast = torch.autocast(device.type, torch.bfloat16, enabled=bf16, cache_enabled=device.type == "cpu")
        self._captured: CapturedStep | None = None
        self._train, self._validation = _resident(*_inputs(recipe, material), device)
        whiten(self.network, _to_float(self._train[0][:SEEN_BY_FILTERS]))
        self._start, self._learned = start, Learned()
        if start:
            start.give(self.network)
        if teacher:
            teacher.move(device, bf16)
        # The labels of what the pen drew, and of pieces, are true by construction: a teacher could only add mistakes.
        self._taught = len(material.train) - material.drawn
        self.average = averaged(self.network, self.recipe.plan.averaging)
        batch = recipe.plan.batch_size
        count = len(self._train[1])
        full, left = divmod(count, batch)
        # A last batch of one image would leave batch norm without a variance.
        self._used = count - (left if left == 1 and full else 0)
        self._steps = -(-self._used // batch)

    def resume(self, folder: Path) -> None:
        """Go back to the folder's last checkpoint, if it has one. Raises RunError."""
        self._captured = None
        self.epoch = checkpoint.restore(folder, self.network, self.average, self.optimizer, self._learned)

    def save(self, folder: Path) -> None:
        """Write a checkpoint. Raises OutputError."""
        checkpoint.save(folder, self.network, self.average, self.optimizer, self._learned, self.epoch)

    def state(self) -> dict[str, Any]:
        """Return what `go_on` needs, in memory on the processor; `save` keeps the same in a file."""
        parts = {"network": self.network, "average": self.average, "optimizer": self.optimizer}
        states = {name: part.state_dict() for name, part in parts.items() if part is not None}
        return {"epoch": self.epoch, **tree_map(_kept, states)}

    def go_on(self, state: dict[str, Any]) -> None:
        """Go on from the state of another training of the same recipe. Raises RunError where it is of another one."""
        self._captured = None
        try:
            self.network.load_state_dict(state["network"])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(f"recipe {self.recipe.name} is not the one that learned so far; begin anew") from error
        self.epoch = state["epoch"]

    def start_from(self, state: dict[str, Any]) -> None:
        """Begin with what another training of the same network has learned; optimiser and average begin anew.

        Raises RunError where it is another network.
        """
        self._captured = None
        learned = state["network"]
        if "average" in state:  # it is what that training would have kept
            learned = {name[7:]: value for name, value in state["average"].items() if name.startswith("module.")}
        try:
            self.network.load_state_dict(learned)
        except RuntimeError as error:
            raise RunError(f"recipe {self.recipe.name} has another network than the one that learned so far") from error
        self.average = averaged(self.network, self.recipe.plan.averaging)

    def run_epoch(self, listen: Listener) -> dict[str, Any]:
        """Train for one epoch and judge on the validation digits; return the epoch's metrics."""
        started, now = time.perf_counter(), self._round(self.epoch)
        plan = now.plan
        if now.number and self.epoch == now.first:
            self._begin_round()
        generator = self._seed_epoch(self.epoch + 1)
        how = self.recipe.augmentation
        if now.settles(self.epoch):
            how = how.lessened(plan.settle_share)
        self.network.train()
        self._averaged = 0 if self.average is None else int(self.average.n_averaged)
        images, labels = self._train
        order = torch.randperm(len(images), generator=generator, device=self.device)[: self._used]
        at_once = BLOCK if self.device.type == "cpu" else BLOCK_ON_CARD
        block_size = max(1, at_once // plan.batch_size) * plan.batch_size
        loss, step = torch.zeros((), device=self.device), (self.epoch - now.first) * self._steps
        for done, block in enumerate(order.split(block_size)):
            varied, answers = vary(_to_float(images[block]), how, generator), labels[block]
            if self.teacher:  # it is asked before anything is disturbed, and knows better then
                answers = self.teacher.answers(varied, answers, self.recipe.layers[-1].size, block < self._taught)
            if how.disturbance:
                varied = disturb(varied, how, generator)
            varied = varied.contiguous(memory_format=torch.channels_last)
            for x, y in zip(varied.split(plan.batch_size), answers.split(plan.batch_size), strict=True):
                rate = rate_of(step, self._steps, plan)
                loss += self._step(x, y, rate) * len(x)
                step += 1
            seen = min((done + 1) * block_size, self._used)
            listen({"event": "progress", "epoch": self.epoch + 1, "images": seen, "of": self._used})
        self.epoch += 1
        seconds = time.perf_counter() - started
        metrics = {
            "event": "epoch",
            "epoch": self.epoch,
            "train_loss": loss.item() / self._used,
            **self._judge(),
            "learning_rate": rate,
            "seconds": seconds,
            "images_per_second": self._used / seconds,
        }
        self.history.append(metrics)
        listen(metrics)
        return metrics

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights to keep (the average, where the plan asks for one) as float32 arrays."""
        number = self._round(max(self.epoch - 1, 0)).number
        state = self._learned.mean(self._judged().state_dict(), number)
        return _arrays(state)

    def with_new_norms(self, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return weights whose batch norms have the means of what passes through them, found on `norm_images`.

        The mean of two networks' statistics is not that of their mean network (Izmailov et al., "Averaging weights
        leads to wider optima", 2018, arXiv 1803.05407). Images vary as they do at the end of the training.
        """
        plan, network = self.recipe.plan, self._judged()
        network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        generator = self._seed_epoch(plan.epochs + 1)
        how = self.recipe.augmentation.lessened(plan.settle_share) if plan.settle_epochs else self.recipe.augmentation
        images = self._train[0]
        chosen = torch.randperm(len(images), generator=generator, device=self.device)[: plan.norm_images]
        shown = (vary(_to_float(images[some]), how, generator) for some in chosen.split(BLOCK))
        shown = (disturb(varied, how, generator) if how.disturbance else varied for varied in shown)
        update_bn((part for varied in shown for part in varied.split(plan.batch_size)), network)
        return _arrays(network.state_dict())

    def _step(self, x: torch.Tensor, y: torch.Tensor, rate: float) -> torch.Tensor:
        """Take one step at this rate; return the loss, in a tensor without dimensions."""
        if self._captures():
            if self._captured is None and len(x) == self.recipe.plan.batch_size:
                self._captured = CapturedStep(self._learn, self.network, self.optimizer, self.average, x, y)
            if self._captured and x.shape == self._captured.shape:
                self._averaged += 1
                return self._captured(x, y, rate, 1 - share_kept(self.recipe.plan.averaging, self._averaged - 1))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._learn(x, y)
        if self.average is not None:
            self.average.update_parameters(self.network)
            self._averaged += 1
        return loss

    def _captures(self) -> bool:
        """Tell whether steps are captured: on a graphics card, by optimisers that wait for nothing there."""
        return self.device.type == "cuda" and self.recipe.plan.optimizer in CAPTURABLE

    def _learn(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        with self._autocast:
            logits = self.network(x)
        loss = functional.cross_entropy(logits.float(), y, label_smoothing=self.recipe.plan.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    @torch.inference_mode()
    def _judge(self) -> dict[str, float]:
        """Return loss and accuracy on the validation digits, empty where there are none."""
        images, labels = self._validation
        if not len(images):
            return {}
        network = self._judged()
        network.eval()
        with self._autocast:
            parts = [network(_to_float(part)) for part in images.split(1000)]
        logits = torch.cat(parts).float()
        if not (labels > 9).any():  # digits alone: whether each is one is not asked
            logits = logits[:, :10]
        return {
            "validation_loss": functional.cross_entropy(logits, labels).item(),
            "validation_accuracy": (logits.argmax(1) == labels).double().mean().item(),
        }

    def _judged(self) -> torch.nn.Module:
        return self.network if self.average is None else self.average.module

    def _round(self, epoch: int) -> Round:
        plan = self.recipe.plan
        return round_at(epoch, plan if self._start else dataclasses.replace(plan, rounds=1))

    def _begin_round(self) -> None:
        """Keep what was learned, and go back to the start with an optimiser and an average that begin anew."""
        self._learned.add(self._judged().state_dict())
        if self._start:
            self._start.give(self.network)
        self._captured = None
        self.optimizer = make_optimizer(self.network, self.recipe.plan)
        self.average = averaged(self.network, self.recipe.plan.averaging)

    def _seed_epoch(self, epoch: int) -> torch.Generator:
        """Start an epoch's randomness: dropout draws from torch's global generator, all else from the one returned."""
        number = int(np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        torch.manual_seed(number)
        return torch.Generator(self.device).manual_seed(number)


def _inputs(recipe: Recipe, material: Material) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return images (N, C, 28, 28) and labels, to train on and to judge by."""
    last = recipe.layers[-1].size - 1  # one that knows eleven answers calls all that is no digit the same
    pieces, held_out = (Pieces(p.images, p.labels.clip(max=last)) for p in (material.pieces, material.held_out))
    if recipe.data.channels > 1:
        return (pieces.images, pieces.labels), (held_out.images, held_out.labels)
    images = np.concatenate([material.train.images[:, None], pieces.images[:, :1]])
    labels = np.concatenate([material.train.labels, pieces.labels])
    return (images, labels), (material.validation.images[:, None], material.validation.labels)


def _resident(
    train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], device: torch.device
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return images uint8 and labels int64 of both on the device."""
    parts = (train, validation)
    return [(torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device)) for images, labels in parts]


def _kept(value: Any) -> Any:
    """Return a copy of a tensor that no later step changes, on the processor; anything else as it is."""
    return value.detach().to("cpu", copy=True) if isinstance(value, torch.Tensor) else value


def _arrays(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Return weights and buffers as float32 arrays."""
    return {name: value.float().cpu().contiguous().numpy() for name, value in state.items()}


def _to_float(images: torch.Tensor) -> torch.Tensor:
    return images.float().mul_(1 / 255)


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    """Ask torch for algorithms that give the same bits each time, and for float32 in full, while in this context."""
    before, filled = (
        torch.are_deterministic_algorithms_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
    )
    torch.use_deterministic_algorithms(True, warn_only=True)
    rounded, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    torch.utils.deterministic.fill_uninitialized_memory = False  # a tenth of the time, for memory nobody reads
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.allow_tf32 = rounded
        torch.utils.deterministic.fill_uninitialized_memory = filled
