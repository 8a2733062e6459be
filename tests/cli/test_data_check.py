"""``medsegr data check``: one data set, or a folder that holds several."""

import json
import shutil

from medsegr.cli.main import main
from tests.data.dataset_maker import finding, findings, structured
from tests.evaluation.made import described_set


def test_a_folder_that_holds_several_sets_is_checked_set_by_set(tmp_path, capsys):
    for name in ("first", "second"):
        (described_set(tmp_path / "sets" / name, cases=2) / "masks" / "pneumothorax").mkdir()
    assert main(["data", "check", str(tmp_path / "sets")]) == 0
    assert capsys.readouterr().out.count("no complaints") == 2
    (tmp_path / "sets" / "second" / "images" / "case1.png").unlink()
    assert main(["data", "check", str(tmp_path / "sets")]) == 2
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].endswith("first: no complaints")
    assert len(lines) > 1 and all(line.startswith("second: ") for line in lines[1:])
    assert f"{len(lines) - 1} complaints about" in said.err


def test_what_other_commands_refuse_is_said(tmp_path, capsys):
    data = described_set(tmp_path / "sets" / "one", cases=2)
    (data / "masks" / "pneumothorax").mkdir()
    shutil.copytree(data, tmp_path / "sets" / "two")
    manifest = json.loads((data / "dataset.json").read_text())
    for name in ("one", "two"):
        written = {**manifest, "name": "films", **({"modality": "chest_photo"} if name == "one" else {})}
        (tmp_path / "sets" / name / "dataset.json").write_text(json.dumps(written))
    assert main(["data", "referring", str(data), str(tmp_path / "suite")]) == 2
    assert "chest_photo" in capsys.readouterr().err
    assert main(["data", "check", str(tmp_path / "sets")]) == 2
    assert capsys.readouterr().out.splitlines() == [
        "one: dataset.json: the modality 'chest_photo' is not in the vocabulary",
        "two: another data set here is called 'films' as well",
    ]


def test_words_of_recorded_findings_are_checked_by_the_lexicon_that_is_told(tmp_path, capsys):
    data, words = structured(tmp_path / "set"), tmp_path / "words.yaml"
    manifest = json.loads((data / "dataset.json").read_text())
    structures = dict.fromkeys(manifest["structures"], "nodule")
    (data / "dataset.json").write_text(json.dumps({**manifest, "structures": structures, "incomplete": []}))
    stated = {"zones": ["upper_zone", "attic"], "texture": ["woolly"], "shape": ["round", "zigzag"]}
    findings(data, [{"image": "a.png", "findings": [finding(**stated)]}])
    assert main(["data", "check", str(data)]) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"findings.jsonl: a.png, f1: '{word}' under '{kind}' is not in the vocabulary"
        for kind, word in (("zones", "attic"), ("texture", "woolly"), ("shape", "zigzag"))
    ]
    words.write_text(
        "region: chest\nzones:\n  attic: {frame: patient, words: [attic]}\n"
        "textures:\n  woolly: {group: echo, words: [woolly]}\nshapes:\n  zigzag: {group: form, words: [zigzag]}\n"
    )
    assert main(["data", "check", str(data), "--lexicon", str(words)]) == 0


def test_a_folder_without_any_is_named(tmp_path, capsys):
    assert main(["data", "check", str(tmp_path)]) == 2
    assert "dataset.json" in capsys.readouterr().out
