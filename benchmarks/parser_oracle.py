"""Where the parsers of two source trees read differently, by kind of difference.

    python -m benchmarks.parser_oracle --before main --after . [--reports 10000] [--show 5] [--kind KIND]

Both read the same reports (see ``benchmarks.oracle_texts``); an old parser that reads
such plain wording rightly is the oracle, and every difference is to be looked at. Findings of
one target are put side by side in the order of the report.
"""

import argparse
from collections import Counter, defaultdict
from typing import Any

from benchmarks.oracle_texts import SEED, texts
from benchmarks.record import write_record
from benchmarks.source_trees import Text, read_in, source_tree

FIELDS = ("presence", "laterality", "zones", "texture", "shape", "size_mm", "count")
Findings = list[dict[str, Any]] | str


def differences(before: Findings, after: Findings) -> list[str]:
    """Kinds of differences between two readings of a text, ``kind: what`` each."""
    if isinstance(before, str) or isinstance(after, str):
        return [] if before == after else [f"refused: {before if isinstance(before, str) else after}"]
    found: list[str] = []
    old, new = _by_target(before), _by_target(after)
    for target in sorted({*old, *new}):
        for one, other in zip(old[target], new[target], strict=False):
            found += [f"{name}: {target} {one[name]} -> {other[name]}" for name in FIELDS if _differs(one, other, name)]
        fewer, more = len(old[target]), len(new[target])
        found += [f"lost: {target} {old[target][i]['presence']}" for i in range(more, fewer)]
        found += [f"added: {target} {new[target][i]['presence']}" for i in range(fewer, more)]
    return found


def _by_target(findings: list[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    grouped: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in findings:
        grouped[finding["target"]].append(finding)
    return grouped


def _differs(one: dict[str, Any], other: dict[str, Any], name: str) -> bool:
    values = [{*found[name]} if isinstance(found[name], list) else found[name] for found in (one, other)]
    return values[0] != values[1]


def compare(given: list[tuple[str, Text]], before: list[Findings], after: list[Findings]) -> dict[str, Any]:
    """Counts of reports that are read alike, and of differences by kind, over all and by kind of report."""
    alike: Counter[str] = Counter()
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (source, _), one, other in zip(given, before, after, strict=True):
        found = differences(one, other)
        alike[source] += not found
        kinds[source].update(difference.split(":", 1)[0] for difference in found)
    total = Counter(source for source, _ in given)
    return {
        source: {
            "reports": total[source],
            "read_alike": alike[source],
            "differences": dict(kinds[source].most_common()),
        }
        for source in total
    }


def main() -> None:
    """Read with both, count, show, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default="main", help="folder of a checkout, or git revision")
    parser.add_argument("--after", default=".", help="the same")
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--show", type=int, default=0, help="examples to show of every kind")
    parser.add_argument("--kind", help="show this kind alone")
    given = parser.parse_args()
    told = texts(given.reports)
    plain = [text for _, text in told]
    with source_tree(given.before) as before, source_tree(given.after) as after:
        readings = read_in(before, plain), read_in(after, plain)
    _show(told, *readings, given.show, given.kind)
    write_record("parser_oracle", SEED, compare(told, *readings))


def _show(
    given: list[tuple[str, Text]], before: list[Findings], after: list[Findings], most: int, wanted: str | None
) -> None:
    shown: Counter[str] = Counter()
    for (source, (modality, text)), one, other in zip(given, before, after, strict=True):
        for difference in differences(one, other):
            kind = difference.split(":", 1)[0]
            if shown[kind] < most and wanted in (None, kind):
                shown[kind] += 1
                print(f"{difference}\n  {source}, {modality}: {text!r}")


if __name__ == "__main__":
    main()
