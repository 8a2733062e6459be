"""How many cases of every kind are read rightly: python -m tests.cognition.reading_cases [KIND ...] [--update]

With kinds, what is wrong in them; with ``--update`` the list of cases that are still read wrongly is written anew.
"""

import argparse
from collections import Counter

from tests.cognition.reading_cases.cases import NOT_YET, load_cases, wrong


def main() -> None:
    """Parse the arguments, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="show what is wrong in these; 'all' for every kind")
    parser.add_argument("--update", action="store_true", help="write not_yet.txt anew")
    arguments = parser.parse_args()
    cases = load_cases()
    faults = {case.id: fault for case in cases if (fault := wrong(case))}
    total, bad = Counter(case.kind for case in cases), Counter(case.kind for case in cases if case.id in faults)
    for kind in total:
        print(f"{kind:12} {total[kind] - bad[kind]:3} of {total[kind]}")
    print(f"{'all':12} {len(cases) - len(faults):3} of {len(cases)}")
    for case in cases:
        if case.id in faults and {case.kind, "all"} & {*arguments.kinds}:
            print(f"\n{case.id} [{case.modality}] {case.text!r}\n  {faults[case.id]}")
    if arguments.update:
        NOT_YET.write_text("".join(f"{name}\n" for name in sorted(faults)), encoding="utf-8")


if __name__ == "__main__":
    main()
