#!/usr/bin/env python3
"""The acceptance matrix: which row is covered by which test, and whether it holds.

rules.py --build BUILD          runs the tests labelled `acceptance` and prints the table; exit code 1 when a row of a
                                milestone that is claimed complete fails
rules.py --build BUILD --filter EML   the same for rows whose id begins so
rules.py --docs                 writes docs/rules.md anew
rules.py --check                compares docs/rules.md with what --docs would write

A test covers the row whose id stands in its name: EML-08 is covered by Mail.EML_08 and by Mail.EML_08_by_hand.
"""
import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MATRIX = Path(__file__).with_name("rules_matrix.csv")
EXPLAINED = Path(__file__).with_name("explained.csv")
PAGE = ROOT / "docs" / "rules.md"
CLAIMED = ["mail"]  # milestones that are complete: a failing row of theirs fails the run
MILESTONES = {
    "mail": "Mail, as POP3 and a REST CRM can carry it.",
    "two-way": "Contacts and tasks in both directions.",
    "calendar": "Appointments.",
    "rules": "Filters, folders, categories, offline work and the rest of the rules.",
    "later": "What needs sending, or an open form.",
}


def rows() -> list[dict]:
    with MATRIX.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def explained(matrix: list[dict]) -> dict[str, str]:
    """Rows that nothing can carry yet, with the reason why."""
    by_id = {r["id"]: r for r in matrix}
    out = {}
    with EXPLAINED.open(newline="", encoding="utf-8") as f:
        for line in csv.DictReader(f):
            if line["id"] not in by_id:
                sys.exit(f"{EXPLAINED.name}: the matrix has no row {line['id']}")
            if by_id[line["id"]]["carried_by"] != "none":
                sys.exit(f"{EXPLAINED.name}: {line['id']} can be carried, so it needs a test and no explanation")
            out[line["id"]] = line["reason"]
    return out


def programs(build: Path) -> list[str]:
    """The test programs that ctest knows under the label `acceptance`."""
    done = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1", "-L", "^acceptance$"],
                          capture_output=True, text=True, check=True)
    tests = json.loads(done.stdout)["tests"]
    missing = sorted(t["name"] for t in tests if "command" not in t)  # ctest knows no command of what is not built
    if missing or not tests:
        sys.exit(f"{build}: not built: {', '.join(missing) or 'any acceptance test'}; `make rules` builds what it runs")
    return [t["command"][0] for t in tests]


def row_of(test: str) -> str | None:
    m = re.search(r"(?:^|_)([A-Z]{3})_(\d{2})(?:_|$)", test)
    return f"{m.group(1)}-{m.group(2)}" if m else None


def run(build: Path, only: str) -> tuple[dict[str, list[tuple[str, str]]], set[str]]:
    """Row → [(test, "passed" | "failed" | "skipped")], and programs that did not end well."""
    covered: dict[str, list[tuple[str, str]]] = {}
    broken = set()
    for program in programs(build):
        listing = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
        names, suite = [], ""
        for line in listing.splitlines():
            word = line.split("#")[0].rstrip()
            if word.endswith(".") and not word.startswith(" "):
                suite = word[:-1]
            elif word.startswith("  "):
                names.append((suite, word.strip()))
        wanted = [(s, n) for s, n in names if (row_of(n) or "").startswith(only)] if only else names
        for _, name in wanted:
            if row := row_of(name):
                covered.setdefault(row, []).append((name, "failed"))  # until its result is known
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            filters = [f"--gtest_filter={':'.join(f'{s}.{n}' for s, n in wanted)}"] if only else []
            done = subprocess.run([program, f"--gtest_output=json:{report}", "--gtest_brief=1", *filters],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                broken.add(program)
                print(done.stdout)
            if not report.exists():
                continue
            for part in json.loads(report.read_text())["testsuites"]:
                for test in part["testsuite"]:
                    row = row_of(test["name"])
                    if row is None:
                        continue
                    state = ("failed" if test.get("failures") else
                             "skipped" if test.get("result") == "SKIPPED" or test.get("status") == "NOTRUN" else "passed")
                    covered[row] = [(n, state if n == test["name"] else s) for n, s in covered[row]]
    return covered, broken


def table(build: Path, only: str) -> int:
    matrix = rows()
    why = explained(matrix)
    covered, broken = run(build, only)
    unknown = sorted(set(covered) - {r["id"] for r in matrix})
    if unknown:
        sys.exit(f"tests bear ids that the matrix does not have: {', '.join(unknown)}")
    totals = {m: {"rows": 0, "passed": 0, "explained": 0, "failed": 0} for m in MILESTONES}
    width = max([len(", ".join(n for n, _ in t)) for t in covered.values()] + [10])
    shown = [r for r in matrix if r["id"].startswith(only)]
    for r in shown:
        tests = covered.get(r["id"], [])
        if tests and all(s == "passed" for _, s in tests):
            state = "passed"
        elif not tests and r["id"] in why:
            state = "explained"
        else:
            state = "failed"
        word = state if tests or state == "explained" else "no test"
        if any(s == "skipped" for _, s in tests) and not any(s == "failed" for _, s in tests):
            word = "skipped"
        totals[r["milestone"]]["rows"] += 1
        totals[r["milestone"]][state] += 1
        print(f"{r['id']:<8} {', '.join(n for n, _ in tests) or '-':<{width}}  {word}"
              + (f": {why[r['id']]}" if state == "explained" else ""))
    for name, t in totals.items():
        if t["rows"]:
            print(f"milestone {name}: {t['rows']} rows, {t['passed']} passed, {t['explained']} explained, {t['failed']} failed")
    whole = {k: sum(t[k] for t in totals.values()) for k in ("rows", "passed", "explained", "failed")}
    bad = sum(totals[m]["failed"] for m in CLAIMED)
    if broken and not bad:
        print("a test program that covers no failed row did not end well: " + ", ".join(sorted(broken)))
    print(f"rules: {whole['rows']} rows, {whole['passed']} passed, {whole['explained']} explained, {whole['failed']} failed")
    return 1 if bad or broken else 0


def link(address: str) -> str:
    """An address as the matrix has it, as links."""
    if address == "this file":
        return "a decision of this project, where the sources are silent"
    out = []
    for part in address.split(" ; "):
        m = re.match(r"([\w.-]+/[\w.-]+):(\S+)(.*)", part)
        url, rest = part, ""
        if m:
            url, rest = f"https://github.com/{m.group(1)}/blob/HEAD/{m.group(2)}", m.group(3)
        elif part.startswith("http"):
            url, _, rest = part.partition(" ")
            rest = f" {rest}" if rest else ""
        else:
            out.append(part)
            continue
        out.append(f"<{url}>{rest}")
    return "; ".join(out)


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def page() -> str:
    matrix = rows()
    why = explained(matrix)
    sources: dict[str, str] = {}
    out = ["# The rules", "",
           "<!-- generated by tests/rules/rules.py --docs; do not edit -->", "",
           "Which mail, contact, task or appointment is carried, merged, unlinked or deleted, row by row: what is given,",
           "what happens, and what must come of it. The rows are what public descriptions of CRM for Outlook and of",
           "Dynamics 365 server-side synchronization say, in our words; a letter and a number name the source, whose",
           "address stands [below](#sources). Conf. says how sure the source is: *design* is our own decision.", "",
           "`make rules` runs every row that has a test and prints which ones hold. A test bears the id of its row:",
           "EML-08 is covered by every test with EML\\_08 in its name.", ""]
    for milestone, words in MILESTONES.items():
        mine = [r for r in matrix if r["milestone"] == milestone]
        out += [f"## Milestone {milestone}", "", f"{words} {len(mine)} rows.", "",
                "| id | what, direction | given | when | then | source | conf. |", "|---|---|---|---|---|---|---|"]
        for r in mine:
            keys = []
            for s in r["source"].split(" | "):
                key, _, address = s.partition(" ")
                sources.setdefault(key, address)
                keys.append(key)
            then = cell(r["then"]) + (f" *(not carried yet: {cell(why[r['id']])})*" if r["id"] in why else "")
            out.append(f"| {r['id']} | {r['item_type']}, {cell(r['direction'])} | {cell(r['given'])} | {cell(r['when'])} | "
                       f"{then} | {', '.join(keys)} | {r['confidence']} |")
        out.append("")
    out += ["## Sources", "", "| key | address |", "|---|---|"]
    for key in sorted(sources):
        out.append(f"| {key} | {link(sources[key])} |")
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path)
    parser.add_argument("--filter", default="", help="rows whose id begins so")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.docs:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if arguments.check:
        if PAGE.read_text(encoding="utf-8") == page():
            return 0
        print("docs/rules.md is not what the matrix says: run tests/rules/rules.py --docs")
        return 1
    if not arguments.build:
        parser.error("--build is missing")
    return table(arguments.build.resolve(), arguments.filter)


if __name__ == "__main__":
    sys.exit(main())
