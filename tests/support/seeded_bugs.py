"""Puts one deliberate bug after the other into a copy of the tree and shows which test catches it.
`./dev test --seeded-bugs` calls it.

usage: seeded_bugs.py BUILD_DIRECTORY [REGEX]

A bug is a patch in tests/seeded_bugs/ with two lines before it: what it breaks, and the cases
(a regular expression as for run_suites.py) that must notice. First those cases run without any bug
and must pass; then each bug is put in, built, and the same cases must fail. A bug that no longer
applies, does not build, or is not caught is a failure of this program: the code moved on, or a test
has lost its teeth. REGEX chooses bugs by name.

The copy and its build stay in BUILD_DIRECTORY, so that a second run builds little.
"""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from filters import compiled

ROOT = Path(__file__).resolve().parent.parent.parent
TARGETS = {"end_to_end": ["restanted", "restante", "crash_depositor", "crash_checker"],
           "simulation": ["restante-sim"]}
NOT_COPIED = "build", ".git", "var", "__pycache__"


class Bug:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        head = path.read_text().split("\n\n", 1)[0]
        self.what = re.search(r"^Bug: (.*)$", head, re.M).group(1)
        self.cases = re.search(r"^Caught by: (.*)$", head, re.M).group(1)
        suites = re.match(r"\^\(?([a-z_|]+)\)?/", self.cases).group(1).split("|")
        self.targets = [t for suite in suites for t in TARGETS.get(suite, [f"{suite}_tests"])]


def copy_tree(to):
    """The tree as it is now; what did not change is left alone, so that it is not built again."""
    wanted = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_COPIED]
        wanted.update(Path(folder, name).relative_to(ROOT) for name in names)
    for name in wanted:
        old, new = to / name, ROOT / name
        if not old.exists() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, old)
    for old in [path for path in to.rglob("*") if path.is_file()]:
        if old.relative_to(to) not in wanted:
            old.unlink()


def run(command, log, **more):
    """Runs with its output into a log; whether it succeeded."""
    with log.open("a") as out:
        return subprocess.run(command, stdout=out, stderr=out, **more).returncode == 0


def build(source, binaries, targets, log):
    if not (binaries / "build.ninja").exists():
        configure = ["cmake", "-S", source, "-B", binaries, "-G", "Ninja",
                     "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
                     "-DRESTANTE_WERROR=OFF"]
        if not run(configure, log):
            return False
    return run(["cmake", "--build", binaries, "--target", *targets], log)


def failing(source, binaries, cases, log):
    """The names of the cases that failed; None when nothing ran."""
    done = subprocess.run([sys.executable, source / "tests/support/run_suites.py", binaries, cases],
                          capture_output=True, text=True)
    with log.open("a") as out:
        out.write(done.stdout + done.stderr)
    last = re.search(r"(\d+) passed, (\d+) failed", done.stdout.strip().splitlines()[-1])
    if not last or int(last.group(1)) + int(last.group(2)) == 0:
        return None
    return re.findall(r"^ +FAILED (\S+)", done.stdout, re.M)


def try_bug(bug, source, binaries, log):
    """What became of the bug: (caught, remark)."""
    patch = ["patch", "-d", source, "-p1", "--quiet", "--forward", "--fuzz=0", "-i", bug.path]
    if not run([*patch, "--dry-run"], log):
        return False, "does not apply any more: make the patch anew"
    run(patch, log)
    try:
        if not build(source, binaries, bug.targets, log):
            return False, f"does not build: {log}"
        failed = failing(source, binaries, bug.cases, log)
    finally:
        run([*patch[:-3], "--reverse", "-i", bug.path], log)
    if failed is None:
        return False, "no such cases: correct the line 'Caught by'"
    if not failed:
        return False, "NOT CAUGHT"
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return True, failed[0] + more


def main(directory, expression=""):
    pattern = compiled(expression)
    directory.mkdir(parents=True, exist_ok=True)
    source, binaries, log = directory / "source", directory / "build", directory / "log"
    log.unlink(missing_ok=True)
    bugs = [Bug(path) for path in sorted((ROOT / "tests/seeded_bugs").glob("*.patch"))
            if pattern.search(path.stem)]
    if not bugs:
        print(f"no bug is called like {expression}")
        return 1
    copy_tree(source)
    print(f"-- building {len(bugs)} bugs' tests without a bug (log: {log})", flush=True)
    if not build(source, binaries, sorted({t for bug in bugs for t in bug.targets}), log):
        print("the tree does not build without a bug either")
        return 1
    missed = 0
    for bug in bugs:
        start = time.monotonic()
        if not build(source, binaries, bug.targets, log):  # the bug before may still be in them
            caught, remark = False, f"does not build without the bug: {log}"
        elif failed := failing(source, binaries, bug.cases, log):
            caught, remark = False, f"fails without the bug too: {failed[0]}"
        else:
            caught, remark = try_bug(bug, source, binaries, log)
        missed += not caught
        print(f"{'caught' if caught else 'MISSED':7} {bug.name:32} {remark}\n"
              f"        {bug.what} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"\n{len(bugs) - missed} caught, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.setdefault("CCACHE_DIR", str(ROOT / "build" / ".ccache"))
    sys.exit(main(Path(sys.argv[1]).resolve(), *sys.argv[2:3]))
