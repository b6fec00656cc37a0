"""What the tools that run tests report: of what did not run, above all, which must not look passed."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from node import BIN, ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
import run_fuzz  # noqa: E402
import run_suites  # noqa: E402

SECONDS = 60
NO_MOUNTS = ["setpriv", "--bounding-set=-sys_admin"]  # also for root


class Reports(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="restante-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_a_case_that_needs_a_mount_is_skipped_where_nothing_can_be_mounted(self):
        if os.geteuid() == 0 and subprocess.run([*NO_MOUNTS, "true"], capture_output=True).returncode:
            self.skipTest("the right to mount can't be given up here")
        for suite, cases, count in (("storage", "full_disk", 2), ("cluster", "full_disk", 1),
                                    ("storage", "salvage_room", 4)):
            log = self.directory / f"{suite}.cases"
            subprocess.run([*(NO_MOUNTS if os.geteuid() == 0 else []), BIN / f"{suite}_tests",
                            f"--run_test={cases}"], capture_output=True, timeout=SECONDS,
                           env=dict(os.environ, BOOST_TEST_LOGGER=f"HRF,test_suite,{log}"))
            tally = run_suites.read_boost_log(log, suite, filtered=True)
            self.assertEqual((tally.passed, tally.failures), (0, {}), cases)
            self.assertEqual(len(tally.skipped), count, tally.skipped)
            for case, why in tally.skipped.items():
                self.assertRegex(case, rf"^{suite}/{cases.split('/')[0]}/\w+$")
                self.assertIn("a tmpfs can't be mounted here: Operation not permitted", why)

    def test_a_python_case_that_is_skipped_is_reported_with_its_reason(self):
        suite = self.directory / "some_test.py"
        suite.write_text("""import unittest
class Some(unittest.TestCase):
    def test_one(self):
        self.skipTest("no moon")
    def test_two(self):
        pass
""")
        tally = run_suites.run_unittest(suite, "some", None, self.directory / "some.log")
        self.assertEqual((tally.passed, tally.failures), (1, {}))
        self.assertEqual(tally.skipped, {"some/Some/test_one": "no moon"})

    def test_a_fuzz_target_that_executed_nothing_has_failed(self):
        program = self.directory / "bin" / "frames_fuzz"
        program.parent.mkdir()
        for words, expected in (("", "status 0, but no execution; log: "),
                                ("stat::number_of_executed_units: 7", "")):
            program.write_text(f"#!/bin/sh\necho '{words}'\n")
            program.chmod(0o700)
            report, = run_fuzz.run(self.directory, ["frames"], 1)
            self.assertEqual(report.failure.startswith(expected), True, report)
            self.assertEqual(bool(report.failure), bool(expected), report)


if __name__ == "__main__":
    unittest.main()
