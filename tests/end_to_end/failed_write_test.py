"""A write that fails under a real node: the process ends with a status of its own, at once, nothing
that was acknowledged is lost, and what was not answered may be asked again."""
import resource
import signal
import time
import unittest

from node import NodeCase, amr

SUBSCRIBER = {"number": "+15055551212"}
CALLED_AT = int(time.time() * 1000)


class FailedWrite(NodeCase):
    def log_bytes(self, node):
        """The longest log of the store."""
        return max(file.stat().st_size for file in (node.directory / "data").rglob("*.log"))

    def test_a_write_that_fails_ends_the_node_with_status_3_and_loses_nothing(self):
        for stranger_was_there in (False, True):
            with self.subTest(stranger_was_there=stranger_was_there):
                node = self.node()
                node.start(ignored=signal.SIGXFSZ)
                adapter = self.connected(node.add_tenant("acme"))
                adapter.register(SUBSCRIBER["number"])
                kept = [adapter.deposit(SUBSCRIBER, amr(seed)) for seed in range(3)]
                if stranger_was_there:
                    node.process.send_signal(signal.SIGUSR1)
                    self.assertTrue(node.answers())

                # From now on the log can't grow: what is written beyond fails with EFBIG.
                full = self.log_bytes(node)
                resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (full, full))
                lost, asked = amr(3, frames=2000), b"the one that failed"
                adapter.post("deposit", self.body(lost), [lost], asked)
                self.assertEqual(node.process.wait(10), 3, node.log.read_text())
                reply, _ = adapter.receive(0)
                self.assertIn(reply and reply["failed"]["code"], (None, "outcomeUnknown"))
                self.assertIn("write_failed", node.log.read_text())

                node.start()
                found = [each["messageId"] for each in adapter.messages(SUBSCRIBER)]
                self.assertEqual(found[:3], [each["messageId"] for each in kept])
                stored = adapter.insist("deposit", self.body(lost), [lost], asked)[0]["deposited"]
                self.assertEqual(len(adapter.messages(SUBSCRIBER)), 4)
                self.assertEqual(stored["uid"], 4)
                self.assertEqual(node.stop(), 0)

    def body(self, recording):
        return {"subscriber": SUBSCRIBER, "format": "voicemail", "calledAtMs": CALLED_AT,
                "parts": [{"type": "amr", "size": len(recording)}]}


if __name__ == "__main__":
    unittest.main()
