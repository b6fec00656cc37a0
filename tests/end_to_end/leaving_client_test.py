"""A client that goes away at the worst moment takes nobody with it."""
import unittest

import zmq

from node import Node, eventually


class Leaving(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.close)
        self.node.start()

    def test_a_client_that_leaves_while_its_input_waits_does_not_end_the_node(self):
        # libzmq's own heartbeats abort the process here, at the latest when the second is due. A
        # ROUTER does not read a second connection of one routing id: its input waits at the mark.
        node = self.node
        identity = node.add_tenant("acme")
        first, second = (zmq.Context.instance().socket(zmq.DEALER) for _ in range(2))
        for socket in first, second:
            socket.routing_id, socket.linger, socket.sndhwm = b"adapter", 0, 0
            socket.curve_serverkey = identity["server_key"].encode()
            socket.curve_publickey = identity["public_key"].encode()
            socket.curve_secretkey = identity["secret_key"].encode()
            socket.connect(identity["endpoint"])
            socket.send(b"x")
            if socket is first:
                self.assertTrue(socket.poll(10_000), "refused, but answered")
        for _ in range(100_000):
            second.send(b"y" * 200)
        self.assertFalse(second.poll(1_000))
        second.close()
        self.assertFalse(eventually(lambda: node.process.poll() is not None, 11), "the node ended")
        self.assertTrue(eventually(node.answers))
        first.close()


if __name__ == "__main__":
    unittest.main()
