"""Nodes that find each other in a real etcd: one joins while deposits go on, etcd goes away."""
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from cluster import ClusterCase, free_port, join
from mvno_adapter import NoAnswer, Refused
from node import START_SECONDS, Node, amr, eventually

REGIONS = {"paris": "eu1", "lyon": "eu1", "boston": "us1"}


class Etcd:
    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="restante-etcd-"))
        self.url, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.command = ["etcd", "--data-dir", self.directory / "data", "--listen-client-urls",
                        self.url, "--advertise-client-urls", self.url, "--listen-peer-urls", peers,
                        "--initial-advertise-peer-urls", peers, "--initial-cluster",
                        f"default={peers}"]
        self.start()

    def start(self):
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        shutil.rmtree(self.directory)


class EtcdClusterTest(ClusterCase):
    def setUp(self):
        self.etcd = Etcd()
        self.addCleanup(self.etcd.close)
        self.nodes = {name: Node() for name in REGIONS}
        for node in self.nodes.values():
            self.addCleanup(node.close)
        ports = {name: free_port() for name in REGIONS}
        join(self.nodes, REGIONS, lambda of, _: f"tcp://127.0.0.1:{ports[of]}",
             etcd=self.etcd.url)

    def figures(self, name):
        with self.nodes[name].operator() as asking:
            return {each["name"]: each["value"] for each in asking.ask("status")[0]["status"]}

    def mailboxes_of(self, name):
        with self.nodes[name].operator() as asking:
            return asking.ask("subscriberList", {})[0]["subscribers"]

    def whole(self, name, peer):
        figures = self.figures(name)
        return (figures.get(f"peer.{peer}.complete"), figures.get(f"peer.{peer}.behind")) == \
            ("yes", "0")

    def patiently(self, look):
        def attempt():
            try:
                return look()
            except (NoAnswer, Refused):
                return None
        found = eventually(attempt, START_SECONDS, 0.1)
        self.assertTrue(found)
        return found

    def test_a_node_joins_with_its_configuration_alone_and_takes_its_share(self):
        paris, lyon = self.nodes["paris"].start(), self.nodes["lyon"]
        keys = paris.add_tenant("acme")
        at_paris = self.connected(keys)
        profiles = [self.patiently(lambda: at_paris.register(f"+1505555{2000 + i}"))["profileId"]
                    for i in range(10)]
        lyon.start()
        for number, who in enumerate(profiles):  # while it takes its share
            self.patiently(lambda: at_paris.deposit({"profileId": who}, amr(number)))
        self.patiently(lambda: self.whole("paris", "lyon") and self.whole("lyon", "paris"))
        figures = self.figures("lyon")
        self.assertGreater(int(figures["peer.lyon.home"]), 0)
        self.assertEqual(int(figures["peer.lyon.held"]), 1024)
        self.assertEqual(len(self.mailboxes_of("lyon")), len(profiles))

        self.etcd.kill()  # who is there stays known
        for number, who in enumerate(profiles):
            self.patiently(lambda: at_paris.deposit({"profileId": who}, amr(100 + number)))
        self.etcd.start()
        paris.kill()  # and etcd hears no more of it
        at_lyon = self.connected({**keys, "endpoint": lyon.address("router"),
                                  "server_key": lyon.server_key})
        for who in profiles:
            found = self.patiently(lambda: at_lyon.messages({"profileId": who}))
            self.assertEqual(len(found), 2)

    def test_subscribers_roam_to_a_region_that_came_later(self):
        paris, boston = self.nodes["paris"].start(), self.nodes["boston"]
        keys = paris.add_tenant("acme")
        at_paris = self.connected(keys)
        who = self.patiently(lambda: at_paris.register("+15055552000"))["profileId"]
        self.patiently(lambda: at_paris.deposit({"profileId": who}, amr(1)))
        abroad = {"subscriber": {"profileId": who}, "region": "us1"}
        with self.assertRaisesRegex(Refused, "region_unknown"):
            at_paris.ask("locate", abroad)
        boston.start()
        self.patiently(lambda: at_paris.ask("locate", abroad))
        at_boston = self.connected({**keys, "endpoint": boston.address("router"),
                                    "server_key": boston.server_key})
        self.patiently(lambda: self.mailboxes_of("boston"))
        paris.kill()  # served from the copy
        self.assertEqual(len(self.patiently(lambda: at_boston.messages({"profileId": who}))), 1)


if __name__ == "__main__":
    unittest.main()
