"""What a host was like before adapters came, to be put back when the last of them is taken off.

Kept by names, so that copies of a model carry it along, and so that layers which PEFT has wrapped since are found.
"""

from typing import Any
from weakref import WeakKeyDictionary, WeakSet, finalize, ref

from torch import nn

CHECKPOINTING = ("gradient_checkpointing", "_gradient_checkpointing_func")
"""Attributes by which Hugging Face modules know that they are to run again in the backward pass."""


class HostState:
    """Which parameters require gradients, which modules are in training mode, and which are checkpointed.

    Args:
        model: The host as it is now.
    """

    def __init__(self, model: nn.Module) -> None:
        self.requires_grad = {name: p.requires_grad for name, p in model.named_parameters()}
        self.training = {name: module.training for name, module in model.named_modules()}
        self.checkpointing = {name: _checkpointing(module) for name, module in model.named_modules()}

    def put_back(self, model: nn.Module) -> None:
        """Make the host as it was; what was not there then (a LoRA) keeps its gradients and follows the host's mode."""
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(_of(self.requires_grad, name, parameter.requires_grad))
        for name, module in model.named_modules():
            module.training = _of(self.training, name, self.training[""])
            if name in self.checkpointing and _checkpointing(module) != self.checkpointing[name]:
                for attribute in CHECKPOINTING:
                    vars(module).pop(attribute, None)
                vars(module).update(self.checkpointing[name])


_KNOWN: "WeakKeyDictionary[nn.Module, tuple[HostState, WeakSet[Any]]]" = WeakKeyDictionary()
"""Host -> its state before, and who has an adapter on it now."""


def remember(model: nn.Module, holder: Any, before: HostState | None = None) -> HostState:
    """The host's state before the first adapter that is on it.

    Args:
        holder: Who puts an adapter on it; when nobody refers to it any more, the host's state is given back.
        before: Of a host that was copied together with its adapters.
    """
    state, holders = _KNOWN.setdefault(model, (before or HostState(model), WeakSet()))
    holders.add(holder)
    finalize(holder, _give_back, ref(model), state).atexit = False
    return state


def give_back(model: nn.Module, holder: Any) -> None:
    """Put the host's state back, unless somebody else still has an adapter on it."""
    state, holders = _KNOWN[model]
    holders.discard(holder)
    _give_back(ref(model), state)


def _give_back(host: "ref[nn.Module]", state: HostState) -> None:
    """Put the state back where nobody has an adapter on the host any more, and nobody gave it back before."""
    model = host()
    if model is not None and _KNOWN.get(model, (None, ()))[0] is state and not list(_KNOWN[model][1]):
        state.put_back(model)
        del _KNOWN[model]


def _checkpointing(module: nn.Module) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name in CHECKPOINTING}


def _of(flags: dict[str, bool], name: str, otherwise: bool) -> bool:
    """The flag of that name, or of the name before PEFT wrapped the layer."""
    plain = f"{name}.".replace(".base_layer.", ".").rstrip(".")
    return flags.get(name, flags.get(plain, otherwise))
