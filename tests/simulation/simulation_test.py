"""restante-sim: many drawn histories of a simulated cluster, and what the program says of them."""
import os
import re
import subprocess
import unittest
from pathlib import Path

PROGRAM = Path(os.environ["RESTANTE_BIN"]) / "restante-sim"


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


class Simulation(unittest.TestCase):
    def test_three_hundred_histories_keep_every_promise(self):
        done = run("--seeds", "1..300")
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:])
        self.assertRegex(done.stdout, r"^300 histories, [\d.]+ simulated hours")

    def test_the_same_seed_is_the_same_history_and_another_seed_another(self):
        one, again, other = (run("--trace", seed) for seed in ("7", "7", "8"))
        self.assertEqual(one.stdout, again.stdout)
        hashes = [re.search(r"hash ([0-9a-f]{16})", each.stdout).group(1)
                  for each in (one, again, other)]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])
        self.assertIn(" -> ", one.stdout)  # what nodes said to each other is there too

    def test_a_wrong_command_line_is_refused_and_help_shows_how(self):
        for arguments in ((), ("--seeds",), ("--seeds", "9..1"), ("--seeds", "x"), ("--fast", "1")):
            refused = run(*arguments)
            self.assertEqual(refused.returncode, 2, arguments)
            self.assertIn("--help", refused.stderr)
        helped = run("--help")
        self.assertEqual(helped.returncode, 0)
        self.assertIn("restante-sim --seeds 1..300", helped.stdout)


if __name__ == "__main__":
    unittest.main()
