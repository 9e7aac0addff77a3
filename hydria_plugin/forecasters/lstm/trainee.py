"""The network while it learns, in torch; afterwards it is a :class:`~.network.Network` in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from hydria_plugin.values import Bools, Floats

from .network import Cell, Network
from .sequences import Read

SQUARE = 0.3  # weight of the squared error of the centre beside the quantile loss
HEAD = 0.3
REMEMBER = 2.0  # raw forget gate at the start
START = -2.0  # raw width at the start: quantiles begin close together


class Trainee:
    """The same arithmetic as ``Network``, single precision, with gradients. ``like``: a case, for the shapes."""

    def __init__(self, like: Read, hidden: int, levels: tuple[float, ...]) -> None:
        import torch

        self.levels = torch.tensor(levels, dtype=torch.float32)
        self.median = levels.index(0.5)
        self.horizon = like.coming.shape[1]
        self.around = around = like.around.shape[1]
        self.reader: Any = torch.nn.LSTM(like.tokens.shape[2] + around, hidden, batch_first=True)
        self.goer: Any = torch.nn.LSTM(like.coming.shape[2] + around, hidden, batch_first=True)
        self.head: Any = torch.nn.Linear(hidden + around, self.horizon * len(levels))
        self.further: Any = torch.nn.Linear(hidden, len(levels))
        self.straight = torch.nn.Parameter(torch.zeros(like.straight.shape[1], self.horizon))
        self.announced = torch.nn.Parameter(torch.zeros(self.horizon, like.announced.shape[2]))
        cells: list[Any] = [self.reader, self.goer]
        with torch.no_grad():
            self.head.weight.mul_(HEAD)
            self.head.bias.view(self.horizon, -1)[:, 1:] = START
            self.head.bias.view(self.horizon, -1)[:, 0] = 0.0
            self.further.weight.zero_()
            self.further.bias.zero_()
            for cell in cells:
                cell.bias_ih_l0[hidden : 2 * hidden] = REMEMBER

    def start(self, straight: Floats, announced: Floats) -> None:
        """Begin with this straight path (D, H) and this trust in simulations (H, 2 J)."""
        import torch

        with torch.no_grad():
            self.straight.copy_(torch.from_numpy(straight))
            self.announced.copy_(torch.from_numpy(announced))

    def parameters(self) -> list[Any]:
        parts = (self.reader, self.goer, self.head, self.further)
        return [p for part in parts for p in part.parameters()] + [self.straight, self.announced]

    def raw(self, tokens: Any, around: Any, straight: Any, coming: Any, announced: Any) -> tuple[Any, Any]:
        import torch

        def beside(x: Any) -> Any:
            return torch.cat([x, around[:, None].expand(-1, x.shape[1], -1)], dim=2)

        _, state = self.reader(beside(tokens))
        say = self.head(torch.cat([state[0][0], around], dim=1)).view(len(around), self.horizon, -1)
        lines = straight @ self.straight + (announced * self.announced).sum(dim=2)
        centre = say[:, :, :1] + lines[:, :, None]
        say = torch.cat([centre, say[:, :, 1:]], dim=2)
        further, _ = self.goer(beside(coming), state)
        return say, say + self.further(further)

    def quantiles(self, raw: Any) -> Any:
        import torch

        wide = torch.nn.functional.softplus(raw[..., 1:])
        centre, below, above = raw[..., :1], wide[..., : self.median], wide[..., self.median :]
        down = centre - below.cumsum(dim=-1)
        return torch.cat([down.flip(-1), centre, centre + above.cumsum(dim=-1)], dim=-1)

    def loss(self, batch: dict[str, Any]) -> Any:
        """Mean over both forms: quantile loss and the centre's squared error, in units of each lead's movement."""
        change, weight = batch["change"], batch["weight"]
        without, with_rain = self.raw(*(batch[k] for k in ("tokens", "around", "straight", "coming", "announced")))
        total = self.one_loss(without, change, weight)
        foreseen = weight * batch["foreseen"]
        if bool(foreseen.any()):
            total = 0.5 * (total + self.one_loss(with_rain, change, foreseen))
        return total

    def one_loss(self, raw: Any, change: Any, weight: Any) -> Any:
        """``weight`` (N, H) is 0 where the truth is not known."""
        import torch

        q = self.quantiles(raw)
        error = change[:, :, None] - q
        pinball = 2.0 * torch.maximum(self.levels * error, (self.levels - 1) * error).mean(dim=2)
        square = torch.nn.functional.huber_loss(raw[..., 0], change, reduction="none", delta=8.0)
        return ((pinball + SQUARE * square) * weight).sum() / weight.sum().clamp(min=1e-9)

    def export(self) -> Network:
        """The network as it is now."""
        numbers = {
            "head": self.head.weight.T, "head_bias": self.head.bias,
            "straight": self.straight, "announced": self.announced,
            "further": self.further.weight.T, "further_bias": self.further.bias,
        }  # fmt: skip
        return Network(
            cell_of(self.reader, self.around),
            cell_of(self.goer, self.around),
            **{k: exact(a) for k, a in numbers.items()},
        )


def cell_of(layer: Any, around: int) -> Cell:
    """torch's layer, whose last ``around`` inputs are the context."""
    inward = exact(layer.weight_ih_l0.T)
    first = len(inward) - around
    bias = exact(layer.bias_ih_l0 + layer.bias_hh_l0)
    return Cell(inward[:first], inward[first:], exact(layer.weight_hh_l0.T), bias)


def exact(tensor: Any) -> Floats:
    return np.array(tensor.detach().numpy(), dtype=np.float64)


def tensors(seen: Read, change: Floats, weight: Floats, foreseen: Bools) -> dict[str, Any]:
    """A batch: ``change`` (N, H) in units of each lead's movement, NaN = not known; ``weight`` (N)."""
    import torch

    known = np.isfinite(change)
    arrays = {name: getattr(seen, name) for name in ("tokens", "around", "straight", "coming", "announced")}
    arrays |= {"change": np.where(known, change, 0.0), "weight": weight[:, None] * known, "foreseen": foreseen}
    return {name: torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32)) for name, a in arrays.items()}
