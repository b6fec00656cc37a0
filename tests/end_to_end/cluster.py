"""Several nodes for the end-to-end tests: real `restanted`s that find each other over wires which a
test can cut. Each wire is a small TCP proxy in front of a node, one for every other node."""
import contextlib
import selectors
import shutil
import socket
import threading

import zmq
from zmq.utils import z85

from node import START_SECONDS, Node, NodeCase, eventually


class Wire:
    """Carries one node's connections to another, while it is not cut."""

    def __init__(self, port):
        self.to = ("127.0.0.1", port)
        self.whole = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.wake, self.woken = socket.socketpair()
        self.pairs = {}  # either end: the other one
        self.ended = False
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self):
        with selectors.DefaultSelector() as ready:
            for each in (self.listener, self.woken):
                ready.register(each, selectors.EVENT_READ)
            while not self.ended:
                for key, _ in ready.select():
                    if key.fileobj is self.woken:
                        self.woken.recv(64)
                    elif key.fileobj is self.listener:
                        self.accept(ready)
                    elif key.fileobj in self.pairs:
                        self.pump(ready, key.fileobj)
                if not self.whole:
                    for end in list(self.pairs):
                        self.drop(ready, end)

    def accept(self, ready):
        near, _ = self.listener.accept()
        far = None
        with contextlib.suppress(OSError):
            far = socket.create_connection(self.to, timeout=5) if self.whole else None
        if far is None:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[one] = other
            ready.register(one, selectors.EVENT_READ)

    def pump(self, ready, end):
        try:
            data = end.recv(1 << 16)
            if data:
                self.pairs[end].sendall(data)
        except OSError:
            data = b""
        if not data:
            self.drop(ready, end)

    def drop(self, ready, end):
        other = self.pairs.pop(end, None)
        if other is None:
            return
        del self.pairs[other]
        for each in (end, other):
            ready.unregister(each)
            each.close()

    def set(self, whole):
        self.whole = whole
        self.wake.send(b".")

    def close(self):
        self.ended = True
        self.wake.send(b".")
        self.thread.join()
        for each in (self.listener, self.wake, self.woken, *self.pairs):
            each.close()


def join(nodes, regions, address, replicas=2, grace=2, etcd=None):
    """Writes [cluster] into the configurations of nodes by name, and gives them the keys they
    share. `address(of, seen_by)`: where a node is reached from another one, or listens. `etcd`: the
    address of one, where they find each other; otherwise each has the list."""
    first = next(iter(nodes.values()))
    for name, node in nodes.items():
        node.set("region", f'"{regions[name]}"')
        for key in ("identity.key", "pepper.key"):
            if node is not first:
                shutil.copy(first.directory / "keys" / key, node.directory / "keys" / key)
        with node.config.open("a") as config:
            config.write(f'[cluster]\nnode = "{name}"\nlisten = "{address(name, name)}"\n'
                         f"replicas = {replicas}\ngrace_seconds = {grace}\n")
            if etcd is not None:
                lane = list(nodes).index(name)
                config.write(f'membership = "etcd"\netcd = ["{etcd}"]\nlane = {lane}\n')
                continue
            for lane, (other, there) in enumerate(nodes.items()):
                config.write(f'[[cluster.member]]\nname = "{other}"\n'
                             f'region = "{regions[other]}"\naddress = "{address(other, name)}"\n'
                             f'public_key = "{public_hex(there)}"\nlane = {lane}\n')


class Cluster:
    """Nodes by name; `regions`: the region of each. Not started."""

    def __init__(self, regions, **how):
        self.nodes, self.wires, self.cuts = {name: Node() for name in regions}, {}, set()
        self.ports = {name: free_port() for name in regions}
        join(self.nodes, regions, self.address, **how)

    def address(self, of, seen_by):
        if of == seen_by:
            return f"tcp://127.0.0.1:{self.ports[of]}"
        wire = self.wires[seen_by, of] = Wire(self.ports[of])
        return f"tcp://127.0.0.1:{wire.port}"

    def __getitem__(self, name):
        return self.nodes[name]

    def start(self):
        for node in self.nodes.values():
            node.start()
        return self

    def cut(self, *names):
        """Nothing goes between these nodes and the others any more."""
        self.cuts.update(pair for pair in self.wires if (pair[0] in names) != (pair[1] in names))
        self.wire()

    def heal(self):
        self.cuts.clear()
        self.wire()

    def wire(self):
        for pair, wire in self.wires.items():
            wire.set(pair not in self.cuts)

    def close(self):
        for node in self.nodes.values():
            node.close()
        for wire in self.wires.values():
            wire.close()


class ClusterCase(NodeCase):
    def cluster(self, regions, **how):
        made = Cluster(regions, **how)
        self.addCleanup(made.close)
        made.start()
        for name in regions:  # with what the others have for it
            self.assertTrue(eventually(lambda: ready(made[name]), START_SECONDS, 0.05), name)
        return made

    def tenant_everywhere(self, cluster, name="acme"):
        """A tenant that is added at one node; an adapter of theirs at each, once all know it."""
        first, *others = cluster.nodes.values()
        identity = first.add_tenant(name)
        out = {}
        for at, node in cluster.nodes.items():
            mine = {**identity, "endpoint": node.address("router"), "server_key": node.server_key}
            self.assertTrue(eventually(lambda: knows(node, name), 20), f"{at} knows the tenant")
            out[at] = self.connected(mine)
        return out


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def public_hex(node):
    return z85.decode(node.server_key.encode()).hex()


def ready(node):
    with node.operator() as asking:
        figures = asking.ask("status")[0]["status"]
    return {"name": "cluster.ready", "value": "yes"} in figures


def knows(node, tenant):
    with node.operator() as asking:
        tenants = asking.ask("tenantList")[0].get("tenants", [])
    return any(each["name"] == tenant for each in tenants)
