"""What a monitoring system sees of a real node."""
import socket
import unittest

from mvno_adapter import Refused
from node import NodeCase


class Metrics(NodeCase):
    def test_connections_to_the_metrics_that_ask_nothing_hinder_nobody(self):
        node = self.node().start()
        for _ in range(40):
            idle = socket.create_connection(("127.0.0.1", node.port + 4), timeout=5)
            self.addCleanup(idle.close)
        self.assertIn("restante_requests_total", node.metrics())

    def test_metrics_count_requests_and_refusals(self):
        node = self.node().start()
        adapter = self.connected(node.add_tenant("acme"))
        before = node.metrics()["restante_requests_total"]
        for _ in range(3):
            adapter.ask("ping")
        with self.assertRaises(Refused):
            adapter.ask("deposit", {"subscriber": {"number": "+15055551212"},
                                    "parts": [{"type": "amr", "size": 1}]})
        self.assertEqual(node.metrics()["restante_requests_total"], before + 3)
        self.assertEqual(node.metrics()['restante_refused_total{reason="frames_missing"}'], 1)


if __name__ == "__main__":
    unittest.main()
