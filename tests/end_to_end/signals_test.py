"""What signals do to a real node: the second one while it stops, SIGHUP, and strangers'."""
import contextlib
import os
import signal
import subprocess
import unittest
from pathlib import Path
from signal import SIGINT, SIGTERM

from node import BIN, NodeCase, eventually


class Signals(NodeCase):
    def test_a_second_signal_ends_a_stopping_node_at_once(self):
        node = self.node().start()
        adapter = self.connected(node.add_tenant("acme"))
        for first, second in ((SIGTERM, SIGTERM), (SIGINT, SIGTERM), (SIGTERM, SIGINT)):
            for _ in range(5):  # on a busy machine a node may have stopped before the second comes
                node.log.write_bytes(b"")
                adapter.register("+15055551212")
                node.process.send_signal(first)
                self.assertTrue(eventually(lambda: b'"what":"draining"' in node.log.read_bytes()))
                node.process.send_signal(second)
                status, told = node.process.wait(30), node.log.read_text()
                node.start()
                if '"what":"stopped"' not in told:
                    break
            self.assertEqual((status, "stopped" in told), (1, False), f"{first}, {second}: {told}")
            self.assertEqual(adapter.messages({"number": "+15055551212"}), [])

    def test_a_signal_ends_a_node_that_is_still_starting(self):
        node = self.node().start()
        self.assertEqual(node.stop(), 0)
        current = node.directory / "data" / "CURRENT"
        words = current.read_bytes()
        current.unlink()
        os.mkfifo(current)  # a disk that never answers
        for number in (SIGTERM, SIGINT):
            node.log.write_bytes(b"")
            with node.log.open("ab") as log:
                node.process = subprocess.Popen(
                    [BIN / "restanted", "--config", node.config], stdout=log, stderr=log)
            threads = Path(f"/proc/{node.process.pid}/task")
            self.assertTrue(eventually(lambda: len(list(threads.iterdir())) > 1))
            node.process.send_signal(number)
            self.assertEqual(node.process.wait(5), 1, node.log.read_text())
            self.assertIn(f'"what":"start_ended","signal":"{number.name}"', node.log.read_text())
        current.unlink()
        current.write_bytes(words)
        node.start()
        self.assertEqual(node.stop(), 0)

    def test_a_closed_terminal_ends_a_node_as_sigterm_does_but_is_no_second_signal(self):
        node = self.node().start()
        self.connected(node.add_tenant("acme")).register("+15055551212")
        node.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: b'"signal":"SIGHUP"' in node.log.read_bytes()))
        with contextlib.suppress(ProcessLookupError):
            node.process.send_signal(signal.SIGHUP)
        self.assertEqual(node.process.wait(30), 0, node.log.read_text())
        self.assertIn('"all_answered":"yes"', node.log.read_text())

    def test_sighup_opens_a_log_file_that_was_moved_away_and_the_node_serves_on(self):
        node = self.node()
        file, moved = node.directory / "node.log", node.directory / "node.log.1"
        node.set("file", f'"{file}"')
        node.start()
        file.rename(moved)
        node.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: file.exists() and "log_reopened" in file.read_text()))
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertTrue(node.answers())
        self.assertIn('"what":"serving"', moved.read_text())
        # Where no file can be made, the old one is written on.
        file.unlink()
        file.mkdir()
        node.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(node.answers))
        self.assertEqual(node.stop(), 0)
        self.assertNotIn('"what":"stopped"', moved.read_text())

    def test_a_node_whose_hangups_are_ignored_survives_its_terminal(self):
        node = self.node()
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; a child inherits it
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        node.start()
        node.process.send_signal(signal.SIGHUP)
        node.process.send_signal(signal.SIGUSR1)
        self.assertTrue(eventually(lambda: b"signal_ignored" in node.log.read_bytes()))
        self.assertTrue(node.answers())
        self.assertNotIn(b"draining", node.log.read_bytes())
        self.assertEqual(node.stop(), 0)

    def test_a_signal_that_is_the_nodes_own_changes_nothing_when_others_send_it(self):
        node = self.node().start()
        node.process.send_signal(signal.SIGUSR1)
        line = f'"what":"signal_ignored","signal":"SIGUSR1","process":"{os.getpid()}"'
        self.assertTrue(eventually(lambda: line in node.log.read_text()))
        self.assertTrue(node.answers())
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main()
