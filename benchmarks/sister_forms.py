"""How alike sentences of one meaning are read, by form, link and kind of place.

python -m benchmarks.sister_forms            # figures, written to results/sister_forms.json
python -m benchmarks.sister_forms --show 20  # and sentences that are read wrongly, the same number of every form
"""

from typing import Any

import pandas as pd
from tests.cognition.reading_cases.cases import Case, wrong
from tests.cognition.sister_forms import by_place, sister_forms

from benchmarks.record import options, write_record


def measure(cases: list[Case], faults: dict[str, str]) -> dict[str, Any]:
    """Sentences and the share that is read rightly: over all, by form, by link, by kind of place."""
    links = [case.id.rsplit("/", 1)[1] or "none" for case in cases]
    told = pd.DataFrame({"form": [case.kind for case in cases], "link": links, "place": [*map(by_place, cases)]})
    told["right"] = [case.id not in faults for case in cases]
    shares = {f"by_{key}": told.groupby(key, sort=False).right.mean() for key in ("form", "link", "place")}
    return {"sentences": len(cases), "right": round(float(told.right.mean()), 4),
            **{key: share.round(4).to_dict() for key, share in shares.items()}}  # fmt: skip


def main() -> None:
    """Read, count, record."""
    parser = options(__doc__)
    parser.add_argument("--show", type=int, default=0, help="sentences to show of every form that are read wrongly")
    show = parser.parse_args().show
    cases = sister_forms()
    faults = {case.id: fault for case in cases if (fault := wrong(case))}
    for form in dict.fromkeys(case.kind for case in cases):
        wrongly = [case for case in cases if case.kind == form and case.id in faults]
        for case in wrongly[:show]:
            print(f"{form}: {case.text!r}\n  {faults[case.id]}")
    write_record("sister_forms", 0, measure(cases, faults))


if __name__ == "__main__":
    main()
