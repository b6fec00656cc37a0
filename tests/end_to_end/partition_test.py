"""Nodes in network namespaces of their own: the kernel drops what goes between them, one way or
both, they are stopped, killed, and lose their disk, while clients deposit and delete; afterwards
everything that was acknowledged is there once, on every copy, and nothing that was deleted.

`--seconds N` for every trouble, `--seed S`. Needs root, iproute2 and nftables."""
import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

from cluster import ClusterCase, join
from mvno_adapter import Adapter, NoAnswer, Refused
from node import START_SECONDS, Node, amr, at_least_one, eventually

REGIONS = {"paris": "eu1", "lyon": "eu1", "boston": "us1"}
PEER_PORT = 5610
SUBSCRIBERS = 12
DEPOSITORS = 8
# A node whose disk is new knows neither tenants nor subscribers until a peer has told it.
PASSING = "busy", "outcomeUnknown", "shuttingDown", "notFound", "denied"
SEED = int(os.environ.get("RESTANTE_SEED", "1"))
SECONDS = 3.0  # of each trouble


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Network:
    """A namespace for each name, all on one bridge: 10.99.0.1, .2 and so on."""

    def __init__(self, names):
        self.prefix = f"rst{os.getpid()}"
        self.names = list(names)
        self.hub = f"{self.prefix}-hub"
        run("ip", "netns", "add", self.hub)
        run("ip", "-n", self.hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.hub, "link", "set", "br0", "up")
        for number, name in enumerate(self.names, 1):
            inside, outside = self.space(name), f"v{number}"
            run("ip", "netns", "add", inside)
            run("ip", "-n", inside, "link", "set", "lo", "up")
            run("ip", "-n", self.hub, "link", "add", outside, "type", "veth",
                "peer", "name", "eth0", "netns", inside)
            run("ip", "-n", self.hub, "link", "set", outside, "master", "br0", "up")
            run("ip", "-n", inside, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            run("ip", "-n", inside, "link", "set", "eth0", "up")
            self.nft(name, "add table inet cut; add chain inet cut in "
                           "{ type filter hook input priority 0; }")

    def space(self, name):
        return f"{self.prefix}-{name}"

    def address(self, name):
        return f"10.99.0.{self.names.index(name) + 1}"

    def nft(self, name, rules):
        run("ip", "netns", "exec", self.space(name), "nft", rules)

    def deafen(self, name, towards):
        """`name` gets nothing any more of what `towards` sends."""
        self.nft(name, f"add rule inet cut in ip saddr {self.address(towards)} drop")

    def heal(self):
        for name in self.names:
            self.nft(name, "flush chain inet cut in")

    def close(self):
        for name in [*map(self.space, self.names), self.hub]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Client(threading.Thread):
    """Deposits, and deletes now and then; asks the next node with the same id when one refuses."""

    def __init__(self, number, sockets, subscribers):
        super().__init__(daemon=True)
        self.number, self.sockets, self.subscribers = number, sockets, subscribers
        self.draw = random.Random(SEED * 1000 + number)
        self.ended = threading.Event()
        self.acknowledged = collections.defaultdict(dict)  # subscriber: message id: recording
        self.purged = collections.defaultdict(set)
        self.tried = collections.defaultdict(set)  # recordings that perhaps are there
        self.deposits = self.unknown = 0
        self.problem = None

    def run(self):
        try:
            adapters = [Adapter(f"ipc://{each}", timeout=1.5) for each in self.sockets]
            while not self.ended.is_set():
                self.step(adapters)
            for each in adapters:
                each.close()
        except BaseException as problem:  # told by the test
            self.problem = problem

    def step(self, adapters):
        who = self.draw.choice(self.subscribers)
        seed = self.number * 1_000_000 + self.deposits
        self.deposits += 1
        body = {"subscriber": {"profileId": who}, "calledAtMs": 1_700_000_000_000,
                "parts": [{"type": "amr", "size": len(amr(seed))}]}
        self.tried[who].add(seed)
        done = self.insist(adapters, "deposit", body, [amr(seed)])
        if done is None:
            return
        message = bytes(done["deposited"]["messageId"]).hex()
        self.acknowledged[who][message] = seed
        if self.draw.random() < 0.25:
            gone = {"subscriber": {"profileId": who}, "purge": True,
                    "message": {"id": list(bytes.fromhex(message))}}
            if self.insist(adapters, "delete", gone) is not None:
                self.purged[who].add(message)

    def insist(self, adapters, operation, body, media=()):
        """At any node, with one id; None when none of them said yes."""
        request_id = os.urandom(16)
        for attempt in range(6):
            try:
                return self.draw.choice(adapters).ask(operation, body, media, request_id)[0]
            except Refused as refused:
                if refused.code not in PASSING:
                    raise
                self.ended.wait(0.05 * attempt)
            except NoAnswer:
                pass
        self.unknown += 1
        return None


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("nft") and shutil.which("ip"),
                     "needs root, iproute2 and nftables")
class PartitionTest(ClusterCase):
    def setUp(self):
        try:
            self.net = Network(REGIONS)
        except subprocess.CalledProcessError as problem:
            self.skipTest(f"no network namespaces here: {problem.stderr.strip()}")
        self.addCleanup(self.net.close)
        self.nodes = {name: Node() for name in REGIONS}
        join(self.nodes, REGIONS, lambda of, _: f"tcp://{self.net.address(of)}:{PEER_PORT}")
        for name, node in self.nodes.items():
            self.addCleanup(node.close)
            node.inside = ["ip", "netns", "exec", self.net.space(name)]
            with node.config.open("a") as config:
                config.write('[[endpoint]]\nkind = "mvno"\npattern = "router"\n'
                             f'security = "none"\ntenant = "acme"\naddress = "ipc://{self.door(name)}"\n')
            node.start()
        self.nodes["paris"].add_tenant("acme")
        self.at = {name: self.connected({"endpoint": f"ipc://{self.door(name)}"})
                   for name in REGIONS}

    def door(self, name):
        return self.nodes[name].directory / "acme.sock"

    def test_whatever_happens_between_them_what_was_acknowledged_is_there_once(self):
        self.subscribers = [self.eventually_asked(
            "paris", "register", {"number": f"+1505555{1000 + i}"})["registered"]["profileId"]
            for i in range(SUBSCRIBERS)]
        for who in self.subscribers[::2]:
            self.eventually_asked("paris", "locate",
                                  {"subscriber": {"profileId": who}, "region": "us1"})
        clients = [Client(i, [self.door(name) for name in REGIONS], self.subscribers)
                   for i in range(DEPOSITORS)]
        for each in clients:
            each.start()
        for trouble in (self.one_way, self.split, self.stopped, self.killed, self.disk_lost):
            trouble()
        for each in clients:
            each.ended.set()
        for each in clients:
            each.join(30)
            self.assertIsNone(each.problem)
            self.assertGreater(len(each.acknowledged), 0)
        self.check(clients)

    # --- troubles ---------------------------------------------------------------------------------

    def lasts(self):
        time.sleep(SECONDS)  # of the trouble, while clients go on: nothing is waited for

    def one_way(self):
        self.net.deafen("lyon", towards="paris")
        self.net.deafen("paris", towards="boston")
        self.lasts()
        self.net.heal()

    def split(self):
        for name in ("paris", "lyon"):
            self.net.deafen(name, towards="boston")
            self.net.deafen("boston", towards=name)
        self.lasts()
        self.net.heal()

    def stopped(self):
        self.nodes["lyon"].process.send_signal(signal.SIGSTOP)
        self.lasts()
        self.nodes["lyon"].process.send_signal(signal.SIGCONT)

    def killed(self):
        self.nodes["paris"].kill()
        self.lasts()
        self.nodes["paris"].start()

    def disk_lost(self):
        """Only when the others have all it had: with two copies one may be lost, not more."""
        self.assertTrue(eventually(lambda: self.shipped("lyon"), 30, 0.2))
        self.nodes["lyon"].kill()
        self.lost = self.nodes["lyon"].directory / "data"
        shutil.rmtree(self.lost)
        self.lasts()
        self.nodes["lyon"].start()

    # --- the end ----------------------------------------------------------------------------------

    def figures(self, name):
        with self.nodes[name].operator() as asking:
            return {each["name"]: each["value"] for each in asking.ask("status")[0]["status"]}

    def shipped(self, name):
        try:
            figures = self.figures(name)
        except NoAnswer:
            return False
        return all(figures.get(f"peer.{peer}.behind") == "0"
                   and figures.get(f"peer.{peer}.complete") == "yes"
                   for peer in REGIONS if peer != name)

    def eventually_asked(self, at, operation, body):
        def ask():
            try:
                return self.at[at].ask(operation, body)[0]
            except (Refused, NoAnswer):
                return None
        return eventually(ask, START_SECONDS, 0.1)

    def check(self, clients):
        self.assertTrue(eventually(lambda: all(self.shipped(name) for name in REGIONS), 60, 0.2),
                        {name: self.figures(name) for name in REGIONS})
        total = 0
        for number, who in enumerate(self.subscribers):
            acknowledged = {id_: seed for each in clients
                            for id_, seed in each.acknowledged[who].items()}
            purged = {id_ for each in clients for id_ in each.purged[who]}
            holders = ["paris", "lyon"] + (["boston"] if number % 2 == 0 else [])
            copies = self.copies(who)
            self.assertEqual(sorted(each["node"] for each in copies), sorted(holders))
            self.assertEqual(len({bytes(each["digest"]) for each in copies}), 1, copies)
            for name in holders:
                headers = self.eventually_asked(name, "list", {"subscriber": {"profileId": who},
                                                               "limit": 1000})["listing"]["headers"]
                there = [bytes(each["messageId"]).hex() for each in headers]
                self.assertEqual(len(there), len(set(there)), "each once")
                self.assertEqual(set(acknowledged) - purged - set(there), set(), "none lost")
                self.assertEqual(purged & set(there), set(), "none back")
                extra = len(set(there) - set(acknowledged))
                perhaps = sum(len(each.tried[who]) - len(each.acknowledged[who])
                              for each in clients)
                self.assertLessEqual(extra, perhaps, "nothing nobody deposited")
            total += len(acknowledged)
        print(f"\n{total} acknowledged, {sum(each.unknown for each in clients)} given up: none "
              "lost, none twice, none back, all copies equal", file=sys.stderr)

    def copies(self, who):
        def equal():
            with self.nodes["paris"].operator() as asking:
                found = asking.ask("inspect", {"profileId": who})[0]["copies"]
            alike = len({bytes(each.get("digest", [])) for each in found}) == 1
            return found if alike and all(each.get("there") for each in found) else None
        with self.nodes["paris"].operator() as asking:
            return eventually(equal, 20, 0.2) or asking.ask("inspect",
                                                           {"profileId": who})[0]["copies"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=at_least_one, default=3, help="of each trouble")
    parser.add_argument("--seed", type=int, default=SEED)
    options, rest = parser.parse_known_args()
    SECONDS, SEED = options.seconds, options.seed
    unittest.main(argv=[sys.argv[0], *rest])
