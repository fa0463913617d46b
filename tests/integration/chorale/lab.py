"""The servers of one test: made on demand, stopped at its end, their logs shown if it failed."""

from .bind import Bind
from .combiner import Combiner
from .knot import Knot
from .nsd import Nsd
from .powerdns import PowerDns

# A new server program is one class and one line here.
SERVERS = {"nsd": Nsd, "knot": Knot, "bind": Bind, "powerdns": PowerDns}
OWNERS = ("nsd", "knot", "bind", "powerdns")
SECONDARIES = OWNERS
SIGNERS = ("knot", "bind", "powerdns")
_LOG_TAIL = 6000


class Lab:
    def __init__(self, directory):
        self.directory = directory
        self.servers = []

    def server(self, kind, name):
        return self._keep(SERVERS[kind](self.directory, name))

    def combiner(self, name="combiner", **more):
        return self._keep(Combiner(self.directory, name, **more))

    def _keep(self, server):
        self.servers.append(server)
        return server

    def logs(self):
        return [("%s (%s)" % (s.name, s.kind), s.log()[-_LOG_TAIL:]) for s in self.servers]

    def close(self):
        """Ends everything; says which programs did not end as they should have."""
        complaints = []
        for server in self.servers:
            if server.kind == "combiner":
                complaints += server.complaints()
            server.kill9()
        return complaints
