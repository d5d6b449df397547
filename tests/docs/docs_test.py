#!/usr/bin/env python3
"""What the pages claim, checked against the program and the tree.

docs_test.py --build BUILD            checks everything; exit code 1 when something is wrong
docs_test.py --build BUILD --update   first writes the generated part of docs/configuration.md anew
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / n for n in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").glob("*.md"))
PLUGIN_PAGES = sorted((ROOT / "plugins").glob("*/README.md")) + sorted((ROOT / "sdk").glob("*/README.md"))
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
REFERENCE = ROOT / "docs" / "configuration.md"
BEGIN, END = "<!-- generated: syncline config schema --page -->", "<!-- end of generated -->"
BUILD = Path()


def program(*args: str, env: dict | None = None, tool: str = "syncline") -> subprocess.CompletedProcess:
    full = {k: v for k, v in os.environ.items() if not k.startswith("SYNCLINE_")} | {"LC_ALL": "C.UTF-8"} | (env or {})
    full["SYNCLINE_PLUGIN_PATH"] = str(BUILD / "plugins")
    with tempfile.TemporaryDirectory() as empty:  # no configuration lies about there
        return subprocess.run([str(BUILD / "bin" / tool), *args], env=full, cwd=empty, capture_output=True, text=True, timeout=60)


@cache
def help_of(*command: str, tool: str = "syncline") -> str:
    done = program(*command, "--help", tool=tool)
    if done.returncode != 0:
        raise AssertionError(f"{tool} {' '.join(command)} --help ends with {done.returncode}: {done.stderr}")
    return done.stdout


def subcommands(text: str) -> list[str]:
    part = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  (\S+)", part.group(1), re.M) if part else []


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", text))


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)


def commands_in(page: Path, tool: str) -> list[str]:
    """Each mention of a command line: in code spans, and in blocks of shell."""
    text = page.read_text()
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(page))
    blocks = re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```$", text, re.M | re.S)
    lines = [line for b in blocks for line in b.splitlines()]
    out = []
    for line in spans + lines:
        line = re.sub(r"\s#.*", "", line).strip().removeprefix("$ ")
        if m := re.match(rf"(?:\S*/)?{re.escape(tool)}\s+(.+)", line):
            out.append(m.group(1))
    return out


def table_below(text: str, marker: str) -> list[list[str]]:
    part = text.split(marker, 1)[1].lstrip("\n").splitlines()
    rows = []
    for line in part:
        if not line.startswith("|"):
            break
        rows.append([c.strip() for c in line.strip("|").split("|")])
    return rows[2:]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def generated() -> str:
    """The program's reference page, with the plugins of this tree only, without its title."""
    done = program("config", "schema", "--page")
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    ours = {p.parent.name for p in (ROOT / "plugins").glob("*/CMakeLists.txt")}
    out, found = [], set()
    for part in re.split(r"^(?=## )", done.stdout, flags=re.M):
        if m := re.match(r"## Plugin (\S+):", part):
            if m.group(1) not in ours:
                continue  # made for tests
            found.add(m.group(1))
        if part.startswith("# "):
            part = part.split("\n", 1)[1].lstrip("\n")
        out.append(part)
    if found != ours:
        raise AssertionError(f"not among the built plugins: {', '.join(sorted(ours - found))}; build everything first")
    return "".join(out).strip() + "\n"


def update() -> None:
    text = REFERENCE.read_text()
    head, rest = text.split(BEGIN, 1)
    REFERENCE.write_text(head + BEGIN + "\n\n" + generated() + "\n" + END + rest.split(END, 1)[1])


class Pages(unittest.TestCase):
    maxDiff = 4000

    def check_config(self, name: str, text: str) -> None:
        names = set(re.findall(r"\$\{(\w+)\}", text)) | set(re.findall(r'env\s*=\s*"(\w+)"', text))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "syncline.toml"
            file.write_text(text.replace("/etc/syncline/acme.json", str(ROOT / "examples" / "acme.json")))
            done = program("config", "check", str(file), env={n: "something" for n in names})
        self.assertEqual(done.returncode, 0, f"{name}:\n{done.stderr}")

    def test_whole_configurations_on_pages_are_valid(self):
        found = 0
        for page in PAGES:
            for block in re.findall(r"^<!-- whole config -->\n```toml\n(.*?)^```$", page.read_text(), re.M | re.S):
                found += 1
                with self.subTest(page=page.name, block=found):
                    self.check_config(f"{page.name}, block {found}", block)
            marks, blocks = page.read_text().count("<!-- whole config -->\n"), len(
                re.findall(r"^<!-- whole config -->\n```toml\n", page.read_text(), re.M))
            self.assertEqual(marks, blocks, f"{page.name}: a mark without a toml block below it")
        self.assertGreaterEqual(found, 2)

    def test_examples_are_valid(self):
        self.assertGreaterEqual(len(EXAMPLES), 2)
        for file in EXAMPLES:
            with self.subTest(file=file.name):
                self.check_config(file.name, file.read_text())

    def test_the_generated_example_is_valid(self):
        done = program("config", "example")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_config("config example", done.stdout)

    def test_commands_exist(self):
        found = 0
        for page in PAGES + PLUGIN_PAGES + EXAMPLES:
            for line in commands_in(page, "syncline") if page.suffix == ".md" else re.findall(r"`syncline ([^`]+)`", page.read_text()):
                found += 1
                with self.subTest(page=page.relative_to(ROOT), command=line):
                    self.check_command(line)
        self.assertGreater(found, 20)

    def check_command(self, line: str) -> None:
        words = [w for w in re.findall(r'"[^"]*"|\S+', line) if w not in ("…", "...")]
        while words and words[0].startswith("--"):
            self.assertIn(words[0], options(help_of()), "unknown option before the command")
            words = words[2:] if words[0] in ("--config", "--plugin-dir", "--log-level") else words[1:]
        path: list[str] = []
        while names := subcommands(help_of(*path)):
            if not words:
                return self.assertTrue(path or "--help" in line or "--version" in line, "no command")
            self.assertIn(words[0], names, "unknown command")
            path.append(words.pop(0))
        for word in words:
            if word.startswith("--"):
                self.assertIn(word.split("=")[0], options(help_of(*path)), "unknown option")

    def test_every_command_is_told_on_a_page(self):
        told = {w for page in PAGES for line in commands_in(page, "syncline") for w in re.findall(r"[a-z]+", line)}
        for name in subcommands(help_of()):
            self.assertIn(name, told)

    def test_sandbox_options_exist(self):
        for page in PAGES:
            for line in commands_in(page, "syncline-sandbox"):
                for option in options(line):
                    self.assertIn(option, options(help_of(tool="syncline-sandbox")), f"{page.name}: {line}")

    def test_make_targets_exist(self):
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
        found = 0
        for page in PAGES:
            for line in commands_in(page, "make"):
                found += 1
                self.assertIn(line.split()[0], targets, page.name)
        self.assertGreater(found, 3)

    def test_exit_codes(self):
        told = [(int(r[0].strip("`")), r[1]) for r in table_below((ROOT / "docs" / "operations.md").read_text(), "<!-- exit codes -->")]
        real = [(int(n), words) for n, words in re.findall(r"^  (\d+)  (.+)$", help_of().split("Exit codes:\n", 1)[1], re.M)]
        self.assertGreater(len(real), 5)
        self.assertEqual(told, real)

    def test_error_classes(self):
        names = re.search(r"names\{(.*?)\};", (ROOT / "sdk/include/syncline/plugin.hpp").read_text(), re.S)
        real = set(re.findall(r'"(\w+)"', names.group(1))) - {"ok"}
        self.assertEqual(len(real), 13)
        told = {n for r in table_below((ROOT / "docs" / "operations.md").read_text(), "<!-- error classes -->") for n in re.findall(r"`(\w+)`", r[0])}
        self.assertEqual(told, real)

    def test_option_tables_are_the_program_s(self):
        text = REFERENCE.read_text()
        self.assertEqual(text.count(BEGIN), 1)
        self.assertEqual(text.count(END), 1)
        told = text.split(BEGIN)[1].split(END)[0].strip() + "\n"
        self.assertEqual(told.splitlines(), generated().splitlines(), "run docs_test.py --update and read the difference")

    def test_store_tables(self):
        source = (ROOT / "kernel" / "ledger.cpp").read_text()
        real = [(name, tuple(re.findall(r'"(\w+)"', keys))) for name, keys in re.findall(r'^    table\("(\w+)", \w+((?:, "\w+")+)\)', source, re.M)]
        self.assertGreater(len(real), 10)
        rows = table_below((ROOT / "docs" / "architecture.md").read_text(), "<!-- store tables -->")
        told = [(r[0].strip("`"), tuple(re.findall(r"\w+", r[1]))) for r in rows]
        self.assertEqual(sorted(told), sorted(real))

    def test_packages_are_explained(self):
        real = {line.split()[0] for line in (ROOT / "packaging" / "debian-packages.txt").read_text().splitlines() if line.strip() and not line.startswith("#")}
        rows = table_below((ROOT / "docs" / "dependencies.md").read_text(), "<!-- packages -->")
        told = [n for r in rows for n in re.findall(r"`([a-z0-9.+-]+)`", r[0])]
        self.assertEqual(sorted(told), sorted(real))

    def test_links_resolve(self):
        found = 0
        for page in PAGES + PLUGIN_PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
                if re.match(r"[a-z]+:", target):
                    continue
                found += 1
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                self.assertTrue(file.exists(), f"{page.relative_to(ROOT)}: {target}")
                if anchor:
                    heads = {slug(h) for h in re.findall(r"^#+ (.+)$", prose(file), re.M)}
                    self.assertIn(anchor, heads, f"{page.relative_to(ROOT)}: {target}")
        self.assertGreater(found, 20)

    def test_source_files_exist(self):
        skip = {"build", "node_modules", ".git"}
        names = {p.name for room in ("kernel", "sdk", "plugins", "tests", "tools") for p in (ROOT / room).rglob("*") if not skip & set(p.parts)}
        placeholders = {"x.hpp", "x.cpp", "x_test.cpp"}
        for page in PAGES:
            for span in re.findall(r"`([\w/.-]+\.(?:hpp|cpp|h|c|py|cmake))`", prose(page)):
                if span in placeholders:
                    continue
                good = (ROOT / span).exists() if "/" in span else span in names
                self.assertTrue(good or (ROOT / "sdk/include" / span).exists(), f"{page.name}: {span}")

    def test_every_kernel_file_is_in_the_reading_order(self):
        text = (ROOT / "docs" / "architecture.md").read_text()
        part = text.split("<!-- reading order -->")[1].split("<!-- end -->")[0]
        told = {s.strip("/").split("/")[-1].split(".")[0] for s in re.findall(r"`([\w/]+(?:\.\w+)?)`", part)}
        real = {p.stem for p in (ROOT / "kernel").glob("*.[ch]pp") if not p.stem.endswith("_test")}
        missing = {n for n in real if not any(n == t or n.startswith(t + "_") for t in told)}
        self.assertEqual(missing, set(), "not in the reading order")
        self.assertEqual(told - real - {"cli"}, set(), "in the reading order, not in kernel/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--update", action="store_true")
    arguments, rest = parser.parse_known_args()
    BUILD = arguments.build.resolve()
    if arguments.update:
        update()
    unittest.main(argv=[sys.argv[0], *rest])
