#!/usr/bin/env bash
# jaxtyping's import hook switches gradients back on inside generators that torch.no_grad() decorates.
#
# Versions: jaxtyping 0.3.11, beartype 0.23.1, torch 2.13.0.
# Seen: torch.no_grad() knows a generator function when it decorates one, and keeps gradients off whenever the
# generator runs. Under jaxtyping's hook (`install_import_hook`, or pytest's --jaxtyping-packages) the function that
# torch sees is a plain wrapper, so gradients are off only while the generator is made, and on again in its body. Code
# as of a context manager that swaps in averaged weights works as it stands and raises "a leaf Variable that requires
# grad is being used in an in-place operation" in the checked test run; where nothing is changed in place it would only
# record a graph, and say nothing.
# So: write `with torch.no_grad():` inside generators, or work on detached tensors.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 jaxtyping==0.3.11 beartype==0.23.1 numpy
cat > "$folder/averaged.py" <<'PY'
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor


@contextmanager
@torch.no_grad()
def raised(weight: Float[Tensor, "n"]) -> Iterator[bool]:
    weight.add_(1)
    yield torch.is_grad_enabled()
    weight.sub_(1)
PY
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys

import torch
from jaxtyping import install_import_hook


def said(module) -> str:
    try:
        with module.raised(torch.zeros(3, requires_grad=True)):
            return "works"
    except RuntimeError as error:
        return str(error)


import averaged

plain = said(averaged)
del sys.modules["averaged"]
with install_import_hook("averaged", "beartype.beartype"):
    import averaged
hooked = said(averaged)
print(f"as it stands: {plain}\nunder the import hook: {hooked}")
assert plain == "works" and hooked.startswith("a leaf Variable that requires grad"), "this has changed"
PY
