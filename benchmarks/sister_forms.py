"""How alike sentences of one meaning are read, by form, link and kind of place.

python -m benchmarks.sister_forms            # figures, written to results/sister_forms.json
python -m benchmarks.sister_forms --show 20  # and sentences that are read wrongly, the same number of every form
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.cognition.reading_cases.cases import Case, wrong
from tests.cognition.sister_forms import by_place, sister_forms

from benchmarks.record import options, write_record


def measure(cases: list[Case], faults: dict[str, str]) -> dict[str, Any]:
    """Sentences and the share that is read rightly: over all, by form, by link, by kind of place."""
    return {
        "sentences": len(cases),
        "right": _share(cases, faults),
        "by_form": _by(cases, faults, lambda case: case.kind),
        "by_link": _by(cases, faults, lambda case: case.id.rsplit("/", 1)[1] or "none"),
        "by_place": _by(cases, faults, by_place),
    }


def _by(cases: list[Case], faults: dict[str, str], key: Callable[[Case], str]) -> dict[str, float]:
    groups = dict.fromkeys(map(key, cases))
    return {group: _share([case for case in cases if key(case) == group], faults) for group in groups}


def _share(cases: list[Case], faults: dict[str, str]) -> float:
    return round(sum(case.id not in faults for case in cases) / len(cases), 4)


def main() -> None:
    """Read, count, record."""
    parser = options(__doc__)
    parser.add_argument("--show", type=int, default=0, help="sentences to show of every form that are read wrongly")
    show = parser.parse_args().show
    cases = sister_forms()
    faults = {case.id: fault for case in cases if (fault := wrong(case))}
    shown: Counter[str] = Counter()
    for case in cases:
        shown[case.kind] += case.id in faults
        if case.id in faults and shown[case.kind] <= show:
            print(f"{case.kind}: {case.text!r}\n  {faults[case.id]}")
    write_record("sister_forms", 0, measure(cases, faults))


if __name__ == "__main__":
    main()
