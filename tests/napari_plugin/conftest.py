"""Tests of the plugin need napari and Qt, without a window: Qt draws offscreen."""

import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for module in ("napari", "magicgui", "npe2"):
    pytest.importorskip(module, reason='needs pip install "medsegr[napari]"')
