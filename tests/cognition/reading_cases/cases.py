"""Cases of reports that were once read wrongly, by kind, and what a reading has to say of them.

A file holds one kind: ``{kind, what, cases: [{id, text, ...}]}``. A case may have

- ``modality``: as a user writes it; none where the text has to tell;
- ``findings``: one a line, ``{target: presence, ...}``. Fields that are not given are not compared:
  ``side`` (null: none), ``zones``, ``texture``, ``shape`` and ``size`` (mm) as whole lists, ``count``,
  ``some_zones`` (these among others), ``not_zones``, ``optional`` (may be missing);
- ``others``: findings that are not listed do not matter (anatomy never does);
- ``never``: targets that must not come out;
- ``not_modality``: what must not be guessed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import yaml

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.errors import ConfigError

FOLDER = Path(__file__).parent
NOT_YET = FOLDER / "not_yet.txt"
"""Cases that are still read wrongly, one id a line."""

_OPTIONS = ("side", "zones", "texture", "shape", "size", "count", "some_zones", "not_zones", "optional")


@dataclass(frozen=True)
class Expected:
    """One finding that has to come out; ``fields`` holds those that are compared."""

    target: str
    presence: str
    fields: dict[str, Any]

    @property
    def optional(self) -> bool:
        """True when it may also be missing."""
        return bool(self.fields.get("optional"))


@dataclass(frozen=True)
class Case:
    """A text and what a right reading of it says."""

    id: str
    kind: str
    text: str
    modality: str | None = None
    findings: tuple[Expected, ...] = ()
    others: bool = False
    never: tuple[str, ...] = ()
    not_modality: str | None = None


def load_cases(folder: Path = FOLDER) -> list[Case]:
    """The cases of all files, in the order of their names."""
    return [case for path in sorted(folder.glob("*.yaml")) for case in _of_file(path)]


def not_yet(path: Path = NOT_YET) -> set[str]:
    """Ids of cases that are still read wrongly."""
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def _of_file(path: Path) -> Iterable[Case]:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    for record in told["cases"]:
        rest = {key: value for key, value in record.items() if key not in ("findings", "never")}
        findings = tuple(_expected(entry, record["id"]) for entry in record.get("findings", ()))
        yield Case(kind=told["kind"], findings=findings, never=tuple(record.get("never", ())), **rest)


def _expected(entry: dict[str, Any], where: str) -> Expected:
    (target, presence), *rest = entry.items()
    unknown = [key for key, _ in rest if key not in _OPTIONS]
    if unknown or target not in load_lexicon().targets:
        raise ValueError(f"{where}: unknown field {unknown} or target '{target}'.")
    return Expected(target, presence, dict(rest))


def wrong(case: Case, parse: Callable[..., ReportPriors] = parse_report) -> str:
    """What a reading of the case gets wrong, in words; empty where it is right."""
    try:
        read = parse(case.text, case.modality)
    except ConfigError as error:
        return f"refused: {error}"
    anatomy = {name for name, target in load_lexicon().targets.items() if target.group == "anatomy"}
    asked = {expected.target for expected in case.findings}
    found = [finding for finding in read.findings if finding.target not in anatomy or finding.target in asked]
    told = "; ".join(map(_words, found)) or "nothing"
    if any(finding.target in case.never for finding in read.findings):
        return f"came out: {told}; never right: {', '.join(case.never)}"
    if case.not_modality is not None and read.modality == case.not_modality:
        return f"guessed '{read.modality}'"
    return "" if _match(case, found) else f"came out: {told}; right: {'; '.join(map(_right, case.findings)) or 'none'}"


def _match(case: Case, found: list[Finding]) -> bool:
    """True when findings and expectations can be paired one to one, those that are optional or free left over."""
    slots: list[Expected | None] = [*case.findings]
    if case.others:
        slots += [None] * len(found)
    elif len(found) > len(slots):
        return False
    padded: list[Finding | None] = [*found, *[None] * (len(case.findings))]
    return any(
        all(_fits(slot, finding) for slot, finding in zip(case.findings, chosen, strict=True))
        and (case.others or all(finding in chosen for finding in found))
        for chosen in permutations(padded, len(case.findings))
    )


def _fits(expected: Expected, finding: Finding | None) -> bool:
    if finding is None:
        return expected.optional
    if (finding.target, finding.presence) != (expected.target, expected.presence):
        return False
    return all(_holds(name, value, finding) for name, value in expected.fields.items())


def _holds(name: str, value: Any, finding: Finding) -> bool:
    zones = set(finding.location.zones)
    if name in ("some_zones", "not_zones"):
        return set(value) <= zones if name == "some_zones" else zones.isdisjoint(value)
    if name == "size":
        return len(value) == len(finding.shape.size_mm) and all(
            abs(a - b) < 0.05 for a, b in zip(sorted(value), sorted(finding.shape.size_mm), strict=True)
        )
    told = {
        "side": finding.location.laterality,
        "zones": zones,
        "texture": set(finding.texture.attributes),
        "shape": set(finding.shape.attributes),
        "count": finding.shape.count,
        "optional": value,
    }[name]
    return told == (set(value) if isinstance(value, list) else value)


def _words(finding: Finding) -> str:
    told = finding.to_dict()
    named = [told["target"], told["presence"], told["laterality"], *told["zones"], *told["texture"], *told["shape"]]
    named += [f"{size:g} mm" for size in told["size_mm"]] + ([f"count {told['count']}"] if told["count"] else [])
    return " ".join(str(word) for word in named if word)


def _right(expected: Expected) -> str:
    return " ".join([expected.target, expected.presence, *(f"{k}={v}" for k, v in expected.fields.items())])
