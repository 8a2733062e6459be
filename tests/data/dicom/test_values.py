"""Values: rescaled slice by slice, tables, colours, palettes, overlays; and what is shown black and white."""

from pathlib import Path

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.image import MedicalImage, load_image
from tests.data.dicom.series_maker import CR, CT, MR, SECONDARY, dataset, item, lopsided, write, write_series

VOLUME = lopsided((4, 12, 15)).astype(np.int16)
PICTURE = lopsided((12, 15), 4000).astype(np.uint16)


def read(folder: Path, pixels: np.ndarray, sop_class: str = CT, **values: object) -> MedicalImage:
    return load_image(write(folder / "a.dcm", dataset(pixels, sop_class, **values)))


def test_hounsfield_units_in_two_bytes(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME.astype(np.uint16), RescaleSlope=1, RescaleIntercept=-1024, BitsStored=12, HighBit=11)
    image = load_image(tmp_path)
    assert image.voxels.dtype == np.int16
    np.testing.assert_array_equal(image.voxels, VOLUME - 1024)


def test_values_that_need_four_bytes(tmp_path: Path) -> None:
    high = VOLUME.astype(np.uint16)
    high[2, 3, 4] = 60_000
    write_series(tmp_path, high, RescaleIntercept=-1024, RescaleSlope=1)
    image = load_image(tmp_path)
    assert image.voxels.dtype == np.int32
    np.testing.assert_array_equal(image.voxels, high.astype(int) - 1024)


def test_each_slice_by_its_own_slope(tmp_path: Path) -> None:
    for index, pixels in enumerate(VOLUME):
        write_series(tmp_path, pixels[None], origin=(0, 0, 2.5 * index), first=index + 1,
                     RescaleSlope=0.5 + index, RescaleIntercept=3)  # fmt: skip
    image = load_image(tmp_path)
    slopes = 0.5 + np.arange(4)[:, None, None]
    np.testing.assert_allclose(image.voxels, VOLUME * slopes + 3)
    assert image.voxels.dtype == np.float32


def test_a_table_of_values(tmp_path: Path) -> None:
    table = item(LUTDescriptor=[256, 0, 16], LUTData=(np.arange(256, dtype="<u2") ** 2).tobytes(), ModalityLUTType="US")
    pixels = lopsided((12, 15), 255).astype(np.uint8)
    image = read(tmp_path, pixels, CR, ModalityLUTSequence=[table])
    np.testing.assert_array_equal(image.voxels, pixels.astype(int) ** 2)


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [("MONOCHROME2", None, False), ("MONOCHROME1", None, True), ("MONOCHROME1", "INVERSE", True),
     ("MONOCHROME2", "INVERSE", True), ("MONOCHROME2", "IDENTITY", False)],
)  # fmt: skip
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2000, "WindowWidth": 3000}], ids=["percentiles", "window"])
def test_inverted_once(photometric: str, shape: str | None, inverted: bool, window: dict, tmp_path: Path) -> None:
    values = {"PhotometricInterpretation": photometric, **window, **({"PresentationLUTShape": shape} if shape else {})}
    image = read(tmp_path, PICTURE, CR, **values)
    np.testing.assert_array_equal(image.voxels, PICTURE)
    shown = image.plane()
    assert shown.flat[PICTURE.argmax()] == (0 if inverted else 1)
    assert shown.flat[PICTURE.argmin()] == (1 if inverted else 0)


def test_eight_bits_of_monochrome1_are_shown_from_white_to_black(tmp_path: Path) -> None:
    pixels = lopsided((12, 15), 200).astype(np.uint8)
    image = read(tmp_path, pixels, CR, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(image.plane(), 1 - pixels / np.float32(255), atol=1e-6)


@pytest.mark.parametrize(
    ("values", "window"),
    [
        ({"WindowCenter": 1000, "WindowWidth": 501}, (749.5, 1249.5)),
        ({"WindowCenter": 1000, "WindowWidth": 500, "VOILUTFunction": "LINEAR_EXACT"}, (750, 1250)),
        ({"WindowCenter": [1000, 40], "WindowWidth": [501, 400]}, (749.5, 1249.5)),
        ({"WindowCenter": 1000, "WindowWidth": 1}, (999, 1000)),
    ],
)
def test_the_header_s_window(values: dict, window: tuple[float, float], tmp_path: Path) -> None:
    image = read(tmp_path, PICTURE, CR, **values)
    assert image.window == window
    low, high = window
    np.testing.assert_allclose(image.plane(), np.clip((PICTURE.astype(float) - low) / (high - low), 0, 1), atol=1e-6)


@pytest.mark.parametrize(
    "values",
    [{}, {"WindowCenter": 1000, "WindowWidth": 0}, {"WindowCenter": 1000, "WindowWidth": -5}, {"WindowCenter": 1000},
     {"WindowCenter": 50_000, "WindowWidth": 10}, {"WindowCenter": "", "WindowWidth": ""}],
)  # fmt: skip
def test_no_usable_window(values: dict, tmp_path: Path) -> None:
    image = read(tmp_path, PICTURE, CR, **values)
    assert image.window == tuple(np.percentile(PICTURE, (0.5, 99.5)))


def test_pictures_of_fewer_than_eight_bits_are_not_shown_black(tmp_path: Path) -> None:
    mask = (PICTURE > 400).astype(np.uint8)
    made = dataset(mask, SECONDARY, BitsAllocated=1, BitsStored=1, HighBit=0)
    made.PixelData = np.packbits(mask, bitorder="little").tobytes() + b"\0"
    np.testing.assert_array_equal(load_image(write(tmp_path / "one.dcm", made)).plane(), mask)
    faint = read(tmp_path, (PICTURE // 63).astype(np.uint8), SECONDARY, BitsStored=6, HighBit=5)
    assert faint.plane().max() == 1


@pytest.mark.parametrize(
    ("fill", "stated"),
    [(-2000, {"PixelPaddingValue": -2000}), (-1995, {"PixelPaddingValue": -1990, "PixelPaddingRangeLimit": -2000}),
     (30_000, {"PixelPaddingValue": 30_000})],
)  # fmt: skip
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (-2, 100), (0.1, 0.3)])
def test_padding_is_no_grey_value(fill: int, stated: dict, slope: float, intercept: float, tmp_path: Path) -> None:
    picture = PICTURE.astype(np.int16)
    picture[:, :4] = fill
    image = read(tmp_path, picture, MR, RescaleSlope=slope, RescaleIntercept=intercept, **stated)
    ends = np.percentile(picture[:, 4:] * slope + intercept, (0.5, 99.5))
    assert image.window == pytest.approx(tuple(ends), rel=1e-5)


@pytest.mark.parametrize(
    ("part", "window", "modality"),
    [("CHEST", (-910, 590), "chest_ct"), ("HEAD", (0, 80), "brain_ct"), ("ABDOMEN", (-160, 240), "abdomen_ct")],
)
def test_the_window_of_a_modality(part: str, window: tuple, modality: str, tmp_path: Path) -> None:
    image = read(tmp_path, VOLUME[0], RescaleIntercept=-100, RescaleSlope=1, BodyPartExamined=part)
    assert (image.window, image.modality) == (window, modality)


def test_a_table_for_the_eye_gives_its_rising_part(tmp_path: Path) -> None:
    ramp = [0] * 100 + [int(value) for value in np.linspace(0, 65535, 100)] + [65535] * 100
    table = item(LUTDescriptor=[300, 500, 16], LUTData=np.array(ramp, "<u2").tobytes())
    image = read(tmp_path, PICTURE, CR, VOILUTSequence=[table])
    assert image.window == pytest.approx((600, 699), abs=3)


def test_colours_and_palettes(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (12, 15, 3)).astype(np.uint8)
    np.testing.assert_array_equal(read(tmp_path, colours, SECONDARY).voxels, colours)
    planes = dataset(colours, SECONDARY, PlanarConfiguration=1)
    planes.PixelData = colours.transpose(2, 0, 1).tobytes()
    np.testing.assert_array_equal(load_image(write(tmp_path / "b.dcm", planes)).voxels, colours)
    indices = colours[..., 0] % 7
    tables = {
        f"{name}PaletteColorLookupTable{part}": value
        for at, name in enumerate(("Red", "Green", "Blue"))
        for part, value in (
            ("Descriptor", [7, 0, 16]),
            ("Data", b"".join(int(256 * (30 * i + at) + 5).to_bytes(2, "little") for i in range(7))),
        )
    }
    image = read(tmp_path, indices, SECONDARY, PhotometricInterpretation="PALETTE COLOR", **tables)
    np.testing.assert_array_equal(image.voxels, np.stack([30 * indices + at for at in range(3)], axis=-1))


@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_values_above_the_lowest_bits(kind: type, tmp_path: Path) -> None:
    values = PICTURE.astype(kind) // 2 - (100 if kind is np.int16 else 0)
    image = read(tmp_path, ((values << 4) | 5).astype(kind), CR, BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(image.voxels, values)


def test_an_overlay_in_the_high_bits_is_no_value(tmp_path: Path) -> None:
    with_overlay = PICTURE.copy()
    with_overlay[2:5, 3:9] |= 1 << 12
    made = dataset(with_overlay, CR, BitsStored=12, HighBit=11)
    made.add_new((0x6000, 0x0010), "US", 12)
    made.add_new((0x6000, 0x0011), "US", 15)
    made.add_new((0x6000, 0x0100), "US", 16)
    made.add_new((0x6000, 0x0102), "US", 12)
    np.testing.assert_array_equal(load_image(write(tmp_path / "o.dcm", made)).voxels, PICTURE)


@pytest.mark.parametrize(
    ("values", "modality"),
    [
        ({"Modality": "DX", "BodyPartExamined": "CHEST"}, "chest_xray"),
        ({"Modality": "CR", "StudyDescription": "Thorax pa/lat"}, "chest_xray"),
        ({"Modality": "CR", "BodyPartExamined": "HAND"}, "bone_xray"),
        ({"Modality": "MG"}, "mammography"),
        ({"Modality": "US", "BodyPartExamined": "BREAST"}, "breast_ultrasound"),
        ({"Modality": "US", "StudyDescription": "Echo TTE"}, "echocardiography"),
        ({"Modality": "MR", "BodyPartExamined": "BRAIN"}, "brain_mri"),
        ({"Modality": "MR", "SeriesDescription": "knee sag PD"}, "knee_mri"),
        ({"Modality": "OP"}, "fundus"),
        ({"Modality": "MR", "BodyPartExamined": "BRAIN", "StudyDescription": "knee"}, "brain_mri"),
        ({"Modality": "US", "StudyDescription": "Echo abdomen"}, "abdomen_ultrasound"),
        ({"Modality": "ES", "BodyPartExamined": "COLON"}, "colonoscopy"),
        ({"Modality": "ES", "BodyPartExamined": "STOMACH"}, "endoscopy"),
        ({"Modality": "MR", "SeriesDescription": "LSpineRoutine sag"}, "spine_mri"),
        ({"Modality": "CT", "ProtocolName": "AbdomenRoutine"}, "abdomen_ct"),
        ({"Modality": "CT", "BodyPartExamined": "CHESTABDPELVIS"}, "trunk_ct"),
        ({"Modality": "XC"}, None),
        ({"Modality": "CT"}, None),
    ],
)
def test_modalities(values: dict, modality: str | None, tmp_path: Path) -> None:
    assert read(tmp_path, PICTURE, MR, **values).modality == modality
    assert load_image(tmp_path / "a.dcm", "dermoscopy").modality == "dermoscopy"


@pytest.mark.parametrize(
    ("letters", "flipped", "sides"),
    [(["L", "F"], False, "both"), (["R", "F"], True, "both"), (["P", "F"], False, "none"), (["L", "H"], False, "both")],
)
def test_radiographs_are_shown_with_the_patient_s_left_on_the_right(letters, flipped, sides, tmp_path: Path) -> None:
    values = {"Modality": "DX", "BodyPartExamined": "CHEST", "PatientOrientation": letters, "PixelSpacing": [0.2, 0.1]}
    image = read(tmp_path, PICTURE, CR, **values).seen(load_lexicon())
    expected = PICTURE[:, ::-1] if flipped else PICTURE[::-1] if letters[1] == "H" else PICTURE
    np.testing.assert_array_equal(image.voxels, expected)
    assert image.view.sides == sides and image.geometry.affine is None
    assert image.geometry.spacing_known and image.geometry.spacing_mm[1:] == (0.2, 0.1)
    np.testing.assert_array_equal(image.geometry.to_stored(image.voxels)[:, :, 0].T, PICTURE)
