"""Runs every suite of a build and closes with one report. `./dev test` calls it.

usage: run_suites.py BUILD_DIRECTORY [REGEX] [FUZZ_BUILD_DIRECTORY]

A suite is a CTest test (one Boost.Test program per folder), a Python file of unittest cases, or,
when their build is given, libFuzzer's targets, 30 seconds each; suites run one after another, so
that each has the machine for itself. REGEX is searched for in
the cases' full names, such as `schemas/frames/a_truncated_frame_is_refused`. Every suite leaves
its whole output in BUILD_DIRECTORY/test-logs/. The report names what was skipped and why; its last
line is `N passed, N failed`, with `, N skipped` when there are any; the exit status is 0 only when something passed and nothing
failed.

Cases are counted from what a program writes while it runs, not from a summary at its end, so a
program that dies still has its finished cases counted and the one it died in named.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

import run_fuzz
from filters import compiled

ROOT = Path(__file__).resolve().parent.parent.parent
SUITE_SECONDS = 1800  # beyond it a Python suite hangs; CTest has its own bound
FUZZ_SECONDS = 30  # of each target
MESSAGE_LINES = 30  # of one failure; the log has the rest


class Tally:
    """What came of one suite: names of cases, why some were skipped and why others failed."""

    def __init__(self):
        self.passed, self.skipped, self.failures, self.died_in = 0, {}, {}, None

    def fail(self, case, why):
        self.failures.setdefault(case, []).append(why)

    def ran(self):
        return self.passed + len(self.skipped) + len(self.failures) + bool(self.died_in)


def read_boost_log(path, suite, filtered):
    """Tally of Boost.Test's human-readable log at level test_suite."""
    tally, folders, case, message = Tally(), [suite], None, None
    for line in path.read_text(errors="replace").splitlines():
        step = re.search(r': (Entering|Leaving|Test) (?:test )?(suite|case) "(.*)"', line)
        error = re.search(r': (?:fatal )?error: in "[^"]*"', line)
        if step:
            verb, kind, name = step.groups()
            message = None
            if verb == "Test":
                why = line.partition(" is skipped because ")[2]
                if not (filtered and why == "disabled"):  # which then also means "not chosen"
                    tally.skipped[f"{suite}/{name}"] = why  # with its suites, unlike elsewhere
            elif kind == "suite":
                folders = folders + [name] if verb == "Entering" else folders[:-1]
            elif verb == "Entering":
                case = "/".join(folders + [name])
            else:
                tally.passed += case not in tally.failures
                case = None
        elif error:  # outside a case it is a fixture that failed
            tally.fail(case or "/".join(folders), line)
            message = tally.failures[case or "/".join(folders)]
        elif message is not None:
            message.append(line)
    tally.died_in = case
    return tally


def boost_cases(program, suite):
    """Full names of a Boost.Test program's cases, without the suite's."""
    listing = subprocess.run([program, "--list_content"], capture_output=True, text=True)
    names, parents = [], []
    lines = [line for line in (listing.stderr + listing.stdout).splitlines() if line.strip()]
    for line, following in zip(lines, lines[1:] + [""]):
        depth = (len(line) - len(line.lstrip())) // 4
        name, enabled, _ = re.fullmatch(r" *(.*?)([* ])(: .*)?", line).groups()
        parents = parents[:depth] + [name]
        if enabled == "*" and (len(following) - len(following.lstrip())) // 4 <= depth:
            names.append("/".join(parents))
    return names


def run_ctest(build, suite, pattern, log):
    """Runs one CTest test; None when no case of it matches."""
    cases = log.with_suffix(".cases")
    environment = dict(os.environ, BOOST_TEST_LOGGER=f"HRF,test_suite,{cases}",
                       BOOST_TEST_COLOR_OUTPUT="no", BOOST_TEST_CATCH_SYSTEM_ERRORS="no")
    program = build / "bin" / f"{suite}_tests"
    if pattern and program.exists():
        chosen = [c for c in boost_cases(program, suite) if pattern.search(f"{suite}/{c}")]
        if not chosen:
            return None
        environment["BOOST_TEST_RUN_FILTERS"] = ":".join(chosen)
    elif pattern and not pattern.search(suite):
        return None
    command = ["ctest", "--test-dir", build, "-R", f"^{re.escape(suite)}$", "--verbose"]
    with log.open("w") as output:
        status = subprocess.run(command, env=environment, stdout=output, stderr=output).returncode
    tally = read_boost_log(cases, suite, pattern) if cases.exists() else Tally()
    if status == 0 and not cases.exists():
        tally.passed = 1  # not a Boost.Test program: one case
    return explained(tally, suite, status, log)


def read_case_log(path):
    """Tally of what `unittest_main` wrote: lines of [event, case, why]."""
    tally, running = Tally(), None
    for event, case, why in map(json.loads, path.read_text().splitlines()):
        running = case if event == "begun" else None
        if event == "failed":
            tally.fail(case, why)
        if event == "skipped":
            tally.skipped[case] = why
        tally.passed += event == "passed"
    tally.died_in = running
    return tally


def run_unittest(path, suite, pattern, log):
    """Runs one Python file in a process of its own; None when no case of it matches."""
    cases = log.with_suffix(".cases")
    command = [sys.executable, __file__, "--unittest", path, suite, cases,
               pattern.pattern if pattern else ""]
    with log.open("w") as output:
        try:
            status = subprocess.run(command, stdout=output, stderr=output,
                                    timeout=SUITE_SECONDS).returncode
        except subprocess.TimeoutExpired:
            status = f"none after {SUITE_SECONDS} seconds"
    tally = read_case_log(cases) if cases.exists() else Tally()
    if status == 0 and pattern and not tally.ran():
        return None
    return explained(tally, suite, status, log)


def run_fuzz_targets(build, suite, pattern, log):
    """Runs the targets that match, a case each; None when none does."""
    targets = run_fuzz.matching(pattern.pattern if pattern else "")
    if not targets:
        return None
    tally = Tally()
    with log.open("w") as output:
        for report in run_fuzz.run(build, targets, FUZZ_SECONDS):
            print(report, file=output)
            if report.failure:
                tally.fail(f"{suite}/{report.target}", report.failure)
            else:
                tally.passed += 1
    return tally


def unittest_main(path, suite, cases_path, pattern):
    """The process of one Python suite: writes what becomes of each case as it happens."""
    def flat(tests):
        return [case for test in tests
                for case in (flat(test) if isinstance(test, unittest.TestSuite) else [test])]

    def name(test):  # a subtest counts as its test
        case = getattr(test, "test_case", test).id()
        return f"{suite}/" + case.split(".", 1)[-1].replace(".", "/").rstrip(")")

    with open(cases_path, "w", buffering=1) as out:
        def write(event, case, why=""):
            print(json.dumps([event, case, why]), file=out)

        class Result(unittest.TextTestResult):
            told = ()

            def tell_failures(self):
                bad = [(name(test), why) for test, why in self.failures + self.errors]
                bad += [(name(test), "passes, but is marked as an expected failure")
                        for test in self.unexpectedSuccesses]
                news = [entry for entry in bad if entry not in self.told]
                for entry in news:
                    write("failed", *entry)
                self.told = bad
                return bool(news)

            def startTest(self, test):
                self.tell_failures()  # of a class or module fixture
                self.skips = len(self.skipped)
                write("begun", name(test))
                super().startTest(test)

            def stopTest(self, test):
                super().stopTest(test)
                if not self.tell_failures():
                    whys = [why for _, why in self.skipped[self.skips:]]
                    write("skipped" if whys else "passed", name(test), "; ".join(whys))

        sys.path.insert(0, str(Path(path).parent))
        loaded = unittest.defaultTestLoader.loadTestsFromName(Path(path).stem)
        cases = [case for case in flat(loaded)
                 if re.search(pattern, name(case)) or "_FailedTest" in case.id()]
        runner = unittest.TextTestRunner(verbosity=2, resultclass=Result)
        result = runner.run(unittest.TestSuite(cases))
        result.tell_failures()
    return 0 if result.wasSuccessful() else 1


def sanitizer_reports(log):
    """What sanitizers said in any process of a suite, wherever its output went; into the log too."""
    files = sorted(log.parent.glob(f"{log.stem}.sanitizer.*"))  # the sanitizer appends the process
    reports = "".join(file.read_text(errors="replace") for file in files)
    with log.open("a") as out:
        out.write(reports)
    return reports


def last_words(log):
    """The end of a program's output."""
    lines = log.read_text(errors="replace").splitlines()
    # CTest numbers the program's lines and marks its own verdict with stars.
    lines = [re.sub(r"^\d+: ", "", line) for line in lines
             if re.search(r"^\d+: |\*\*\*", line)] or lines
    return "\n".join(lines[-MESSAGE_LINES:])


def explained(tally, suite, status, log):
    """The tally, with what no case reported itself added as a failure. A sanitizer's report is one,
    whatever became of the process: a test may have killed it, or expected that it fails."""
    if reports := sanitizer_reports(log):
        tally.fail(tally.died_in or suite, f"a sanitizer found something:\n{reports.strip()}")
    elif tally.died_in:
        tally.fail(tally.died_in, f"the program ended inside this case:\n{last_words(log)}")
    elif status != 0 and not tally.failures:
        tally.fail(suite, f"no case failed, but the status is {status}:\n{last_words(log)}")
    elif not tally.ran():
        tally.fail(suite, f"ran no case at all:\n{last_words(log)}")
    return tally


def sanitizer_environment(log):
    """What the sanitizer presets' programs obey; the others do not read it."""
    def common(kind):
        file = ROOT / "tests" / "support" / f"{kind}.supp"
        suppressions = f":suppressions={file}" if file.exists() else ""
        return f":halt_on_error=1:log_path={log.with_suffix('.sanitizer')}{suppressions}"

    return {
        "ASAN_OPTIONS": "detect_leaks=1" + common("asan"),
        "LSAN_OPTIONS": "print_suppressions=0" + common("lsan"),
        "TSAN_OPTIONS": "second_deadlock_stack=1" + common("tsan"),
        "UBSAN_OPTIONS": "print_stacktrace=1" + common("ubsan"),
    }


def suites_of(build, fuzz_build):
    """(name, what runs it, its argument) of every suite: quick ones first."""
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                             capture_output=True, text=True, check=True).stdout
    found = [("architecture", run_unittest, ROOT / "tests" / "architecture_test.py")]
    found += [(test["name"], run_ctest, build) for test in json.loads(listing)["tests"]]
    found.append(("simulation", run_unittest, ROOT / "tests/simulation/simulation_test.py"))
    found += [(f"end_to_end/{file.stem.removesuffix('_test')}", run_unittest, file)
              for file in sorted((ROOT / "tests" / "end_to_end").glob("*_test.py"))]
    if fuzz_build:
        found.append(("fuzz", run_fuzz_targets, Path(fuzz_build).resolve()))
    return found


def print_failures(failures):
    for case, whys in failures.items():
        print(f"  FAILED {case}")
        for line in "\n".join(whys).splitlines()[:MESSAGE_LINES]:
            print(f"    {line}")


def main(build, expression="", fuzz_build=""):
    pattern = compiled(expression) if expression else None
    build = Path(build).resolve()
    logs = build / "test-logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    os.environ.update(RESTANTE_BIN=str(build / "bin"), PYTHONDONTWRITEBYTECODE="1")
    rows, skips = [], {}
    for suite, run, argument in suites_of(build, fuzz_build):
        log = logs / (suite.replace("/", "-") + ".log")
        print(f"-- {suite}", flush=True)
        os.environ.update(sanitizer_environment(log))
        start = time.monotonic()
        tally = run(argument, suite, pattern, log)
        if tally:
            seconds = time.monotonic() - start
            rows.append((suite, tally.passed, len(tally.failures), len(tally.skipped), seconds))
            skips.update(tally.skipped)
            print_failures(tally.failures)
            print(f"   {tally.passed} passed, {len(tally.failures)} failed, {seconds:.1f} s",
                  flush=True)

    passed, failed, skipped = (sum(row[column] for row in rows) for column in (1, 2, 3))
    print(f"\n{'suite':<32}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for row in rows:
        print("{:<32}{:>8}{:>8}{:>9}{:>9.1f}".format(*row))
    if skips:
        print("\nskipped:", *(f"  {case}: {why}" for case, why in skips.items()), sep="\n")
    if failed:
        print(f"\nwhole output of every suite: {logs}")
    elif not passed:
        print("\nnothing ran: " + ("all is skipped" if skips else "no case matches"))
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    if sys.argv[1] == "--unittest":
        sys.exit(unittest_main(*sys.argv[2:]))
    sys.exit(main(*sys.argv[1:]))
