"""The extras of the package, what each brings, and whether it is there."""

import sys
from importlib.metadata import PackageNotFoundError, distribution

DICOM = (
    "pydicom", "highdicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "pyjpegls",
)  # fmt: skip

EXTRAS = {
    "text": ("tokenizers",),
    "xlsx": ("openpyxl",),
    "llm": ("httpx2" if sys.version_info >= (3, 11) else "httpx",),
    "lora": ("peft",),
    "ray": ("ray",),
    "dicom": DICOM,
    "openvino": ("openvino",),
    "onnx": ("onnxruntime", "onnxscript", "onnx"),
    "nrrd": ("SimpleITK",),
    "pdf": ("pypdf",),
    "serve": ("fastapi", "uvicorn", "prometheus-client", "python-multipart", "pynrrd"),
    "napari": ("napari", "magicgui", "pyqt6"),
    "pacs": (*DICOM, "pynetdicom", "dicomweb-client"),
    "benchmarks": ("pandas", "scipy"),
}
"""Extra -> the packages that it brings, as in pyproject.toml; without those for work on medsegr itself."""


def extras_here() -> dict[str, str]:
    """Of each extra ``installed``, or how to install it."""
    return {
        name: "installed" if all(map(_is_here, packages)) else f"pip install 'medsegr[{name}]'"
        for name, packages in EXTRAS.items()
    }


def _is_here(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
