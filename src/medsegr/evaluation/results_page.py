"""The page of a measurement: tables, plots and pictures, per origin of the reports."""

from collections.abc import Mapping, Sequence
from typing import Any

from medsegr.evaluation import plots
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.html import drawing, heading, note, page, picture, table, with_interval
from medsegr.evaluation.pictures import CasePicture
from medsegr.evaluation.questions import ASKED_ANYWAY
from medsegr.evaluation.results import FALSE_KINDS

ORIGIN_WORDS = {
    "real": "Reports as the data set has them (real)",
    "derived": "Derived reports (made from the masks: how well a description of a mask finds it)",
    "none": "Cases without a report",
}
REPORT_WORDS = {
    "true": "its own report",
    "none": "none (the name alone)",
    "other": "another patient's",
    "no-location": "its own less location",
    "no-texture": "its own less texture",
    "no-shape": "its own less shape",
}
FIELD_WORDS = {
    "size": "Size (share of the frame)",
    "overlap": "Overlap (share of the finding's pixels with two or more labels)",
    "data": "Data set",
    "target": "Target",
    "suite": "Suite",
    "look": "Look",
    "role": "Role (described by the report, or only named)",
}


def results_page(record: Mapping[str, Any], answers: Sequence[Answer], shown: Sequence[CasePicture]) -> str:
    """The whole page.

    Args:
        record: As in ``results.json``.
        answers: What it was made of.
        shown: Best, median and worst findings.
    """
    parts = [about(record)]
    for origin, tables in record["origins"].items():
        listed = [a for a in answers if a.origin == origin]
        parts.append(heading(ORIGIN_WORDS[origin]))
        parts += _origin_parts(origin, tables, listed, [p for p in shown if p.answer.origin == origin])
    return page(f"medsegr evaluate: {record['model']['name']}", parts)


def about(record: Mapping[str, Any]) -> str:
    """How the figures came to be."""
    rows: list[tuple[str, Any]] = [
        ("model", record["model"]["name"]),
        ("weights (SHA-256)", record["model"]["weights"]),
        ("split", record["split"]),
        ("seed", record["seed"]),
        ("time", record["time"]),
        ("command", " ".join(record["command"])),
        ("versions", ", ".join(f"{name} {found}" for name, found in record["versions"].items() if found)),
        *((name.replace("_", " "), _plain(value)) for name, value in record["settings"].items()),
    ]
    data = [(d["name"], d["cases"], d["resampled_by"], d["licence"], d["content_sha256"][:16]) for d in record["data"]]
    header = ("data set", "cases", "intervals resample by", "licence", "content (SHA-256, first 16)")
    return table(("", ""), rows, words=(1,)) + table(header, data, words=(3,))


def _plain(value: Any) -> Any:
    """A setting in plain words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {found}" for name, found in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _origin_parts(
    origin: str, tables: Mapping[str, Any], answers: Sequence[Answer], shown: Sequence[CasePicture]
) -> list[str]:
    reports = {report: found for report, found in tables["reports"].items() if found["all"]}
    parts = [_main_table(reports), _surface_table(reports)]
    scores = {
        REPORT_WORDS[report]: [
            a.overlap.dice for a in answers if a.report == report and a.overlap.true and a.role in ASKED_ANYWAY
        ]
        for report in reports
    }
    if any(scores.values()):
        parts.append(
            drawing(
                plots.as_svg(plots.distribution(scores), f"{origin}distribution"),
                "Dice of every finding that the image shows; box: quartiles, thick line: median.",
            )
        )
    for field in ("size", "overlap"):
        bars = {REPORT_WORDS[report]: found[field] for report, found in reports.items() if found[field]}
        if bars:
            svg = plots.as_svg(plots.strata(bars, FIELD_WORDS[field]), origin + field)
            parts.append(drawing(svg, "Mean Dice with 95 % intervals."))
    parts += _support_parts(origin, tables)
    parts += _group_tables(reports)
    parts += _confusion_table(reports)
    parts += _picture_parts(shown)
    return [*parts, *_compatibility(reports)]


def _told(figures: Mapping[str, Any], name: str, digits: int = 3) -> str:
    return with_interval(figures[name], figures[f"{name}_interval"], digits)


def _main_table(reports: Mapping[str, Any]) -> str:
    header = ("the model is told", "findings shown", "cases", "Dice per finding", "Dice per image", "Dice per case",
              "Dice over the set", "IoU", "missed", "left empty", "false alarms", "lesions found",
              "false lesions per image", "in another class", "in another of its kind")  # fmt: skip
    rows = []
    for report, found in reports.items():
        f = found["all"]
        rows.append((
            REPORT_WORDS[report], f["shown"], f["cases"], with_interval(f["dice_per_finding"], f["interval"]),
            *(_told(f, name) for name in ("dice_per_image", "dice_per_case", "dice_over_set", "iou")),
            f["missed"], f["left_empty"], f["false_alarms"], _told(f["lesions"], "sensitivity"),
            _told(f["lesions"], "false_per_image", 2), _told(f["confused"], "share"), _told(f["confused"], "alike"),
        ))  # fmt: skip
    return table(header, rows)


def _surface_table(reports: Mapping[str, Any]) -> str:
    rows = [
        (REPORT_WORDS[report], unit, _told(s, "nsd"), _told(s, "hd95", 1), s["hd95_findings"],
         s["penalised"]["misses"], s["penalised"]["false_alarms"])
        for report, found in reports.items()
        for unit, s in found["all"]["surface"].items()
    ]  # fmt: skip
    header = ("the model is told", "unit", "NSD", "HD95", "findings in HD95", "misses at the diagonal",
              "false alarms at the diagonal")  # fmt: skip
    return table(header, rows)


def threshold_words(support: Mapping[str, Any]) -> str:
    """The threshold of all data sets, or the lowest and the highest."""
    own = support.get("thresholds") or {"": support["threshold"]}  # older files have one for all
    low, high = min(own.values()), max(own.values())
    return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}, by modality"


def _support_parts(origin: str, tables: Mapping[str, Any]) -> list[str]:
    support, denied, false = tables["support"], tables["denied"], tables["false_queries"]
    parts = [heading("Support score and findings that are not there", 3)]
    rows = [
        ("asked, of these shown by the image", f"{support['asked']}, {support['asked_and_shown']}"),
        ("AUROC", _told(support, "auroc")),
        ("expected calibration error", support["calibration_error"]),
        ("Brier score", support["brier"]),
        (f"described findings kept at the model's threshold of {threshold_words(support)}", support["kept"]),
        ("denied findings left empty", f"{denied['empty']} of {denied['findings']}"),
    ]
    parts.append(table(("", ""), rows))
    kinds = [
        (FALSE_KINDS[kind], k["asked"], k["rejected"], k["rejected_at_kept"], k["left_empty"], k["auroc"])
        for kind, k in false["kinds"].items()
    ]
    if kinds:
        share = f"rejected where {100 * false['kept']:.0f} % of the described are kept"
        parts.append(table(("asked for", "asked", "rejected", share, "left empty", "AUROC"), kinds, words=(0,)))
    if support["reliability"]:
        svg = plots.as_svg(plots.calibration(support["reliability"]), f"{origin}calibration")
        parts.append(drawing(svg, "Calibration of the support score; numbers are findings in each class."))
    return parts


def _group_tables(reports: Mapping[str, Any]) -> list[str]:
    parts = []
    for field, words in FIELD_WORDS.items():
        rows = [
            (name, REPORT_WORDS[report], f["shown"], with_interval(f["dice_per_finding"], f["interval"]),
             f["dice_over_set"], f["missed"], f["false_alarms"], f["lesions"]["sensitivity"])
            for report, found in reports.items()
            for name, f in found.get(field, {}).items()
        ]  # fmt: skip
        if rows:
            order = list(dict.fromkeys(row[0] for row in rows))
            rows.sort(key=lambda row: order.index(row[0]))
            header = ("", "the model is told", "findings shown", "Dice per finding", "Dice over the set", "missed",
                      "false alarms", "lesions found")  # fmt: skip
            parts += [heading(words, 3), table(header, rows)]
    return parts


def _confusion_table(reports: Mapping[str, Any]) -> list[str]:
    report, found = next(iter(reports.items()), ("", {"confusion": {}}))
    rows = [
        (target, other if other != target else f"another {target}", share)
        for target, row in found["confusion"].items()
        for other, share in row["in"].items()
        if share
    ]
    if not rows:
        return []
    rows.sort(key=lambda row: -row[2])
    return [
        heading(f"Inter-class confusion ({REPORT_WORDS[report]})", 3),
        table(("asked for", "drawn in", "share of its pixels"), rows[:40]),
    ]


def _picture_parts(shown: Sequence[CasePicture]) -> list[str]:
    if not shown:
        return []
    report = REPORT_WORDS[shown[0].answer.report]
    parts = [heading(f"Best, median and worst findings (the model is told: {report})", 3),
             note("White: just outside the truth. Orange: just inside the mask.")]  # fmt: skip
    for each in shown:
        a = each.answer
        support = "" if a.support is None else f", support {a.support:.2f}"
        caption = (
            f"{each.rank}: {a.target.replace('_', ' ')} of {a.case} ({a.data}), Dice {a.overlap.dice:.3f}{support}"
        )
        parts.append(picture(each.png, caption))
    return parts


def _compatibility(reports: Mapping[str, Any]) -> list[str]:
    rows = [
        (REPORT_WORDS[report], found["all"]["transunet_rule"]["dice"], found["all"]["transunet_rule"]["hd95"])
        for report, found in reports.items()
    ]
    warning = (
        "For comparison with papers that used TransUNet's code only: it gives Dice 1 to a false alarm, and HD95 0 to a "
        "miss. Not a measure of this model."
    )
    header = ("the model is told", "Dice by TransUNet's rule", "HD95 by TransUNet's rule")
    return [heading("Compatibility: TransUNet's rule", 3), note(warning), table(header, rows)]
