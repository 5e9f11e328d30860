# SPDX-License-Identifier: BSD-3-Clause
"""What an inside host and a server say to each other through a gateway, and what of it comes out,
in words that do not depend on the ports that the gateway has chosen."""

import ends
import frames
from frames import ICMP, ICMPV6, TCP, UDP

NAMES = {ends.PUBLIC: "public", ends.GATEWAY: "gateway", ends.GATEWAY4: "gateway"}


class Talk:
    """A flow through one gateway. Its case sends packets and asks here for their addresses, which
    are the gateway's, and for what the gateway has chosen."""

    def __init__(self, gateway, port, protocol=UDP, server_port=7):
        self.gateway, self.port, self.server_port = gateway, port, server_port
        self.protocol = protocol
        self.public = None   # port or identifier, as soon as a packet has come out
        self.others = set()  # ports of another host, where the case has one
        self.out_ends = ends.CLIENT, gateway.embed(ends.SERVER)
        self.back_ends = ends.SERVER, ends.PUBLIC
        self.sent = []       # identifications
        self.of_no_fragment = []  # low halves of those in the fragment headers of whole packets

    # Bodies of the flow, in either direction.

    def out_body(self, data=b"", **fields):
        return self._body(self.out_ends, (self.port, self.server_port), data, fields)

    def back_body(self, data=b"", **fields):
        return self._body(self.back_ends, (self.server_port, self.public or 1), data, fields)

    def _body(self, pair, ports, data, fields):
        is_out = pair[0].version == 6
        if self.protocol == UDP:
            return frames.udp(pair, ports, data)
        if self.protocol == TCP:
            return frames.tcp(pair, ports, fields.get("flags", 2), fields.get("numbers", (1000, 0)),
                              data, fields.get("options", b""))
        kind = 128 if is_out else 0
        own = ports[0] if is_out else ports[1]
        return frames.icmp(pair, kind, 0, own << 16 | fields.get("sequence", 1), data)

    def number(self, version):
        """Of the protocol."""
        return self.protocol if self.protocol != ICMP or version == 4 else ICMPV6

    # Packets; what is not named below goes to the header.

    def out(self, data=b"", body=None, **header):
        body = self.out_body(data) if body is None else body
        return "client", frames.ipv6(self.out_ends, header.pop("protocol", self.number(6)), body,
                                     **header)

    def back(self, data=b"", body=None, **header):
        body = self.back_body(data) if body is None else body
        self.sent.append(header.get("ident", 0x1234))
        return "server", frames.ipv4(self.back_ends, header.pop("protocol", self.number(4)), body,
                                     **header)

    def out_cut(self, body, size, ident, **header):
        self.sent.append(ident)
        return [("client", packet) for packet in frames.cut(
            lambda part, _, six: frames.ipv6(self.out_ends, self.number(6), part, **six, **header),
            body, size, ident)]

    def back_cut(self, body, size, ident, **header):
        self.sent.append(ident)
        return [("server", packet) for packet in frames.cut(
            lambda part, four, _: frames.ipv4(self.back_ends, self.number(4), part, **four,
                                              **header), body, size, ident)]

    def error_out(self, kind, code, rest, quote, source=ends.CLIENT, **header):
        """An ICMPv6 error to the server, from the client or a router."""
        pair = source, self.out_ends[1]
        return "client", frames.ipv6(pair, ICMPV6, frames.icmp(pair, kind, code, rest, quote),
                                     **header)

    def error_back(self, kind, code, rest, quote, source=ends.SERVER, **header):
        """An ICMP error to the client, from the server or a router."""
        pair = source, ends.PUBLIC
        self.sent.append(header.get("ident", 0x1234))
        return "server", frames.ipv4(pair, ICMP, frames.icmp(pair, kind, code, rest, quote),
                                     **header)

    def quote_of_out(self, data=b"", ttl=60, fragment=0, **fields):
        """What the server has got of the client."""
        pair = self.back_ends[1], self.back_ends[0]
        if self.protocol == ICMP:
            body = frames.icmp(pair, 8, 0, (self.public or 1) << 16 | 1, data)
        else:
            body = self._body_between(pair, (self.public or 1, self.server_port), data, fields)
        return frames.ipv4(pair, self.protocol, body, ttl=ttl, fragment=fragment)

    def quote_of_back(self, data=b"", ttl=60, extensions=(), **fields):
        """What the client has got of the server."""
        pair = self.out_ends[1], self.out_ends[0]
        if self.protocol == ICMP:
            body = frames.icmp(pair, 129, 0, self.port << 16 | 1, data)
        else:
            body = self._body_between(pair, (self.server_port, self.port), data, fields)
        return frames.ipv6(pair, self.number(6), body, ttl=ttl, extensions=extensions)

    def _body_between(self, pair, ports, data, fields):
        if self.protocol == UDP:
            return frames.udp(pair, ports, data)
        return frames.tcp(pair, ports, fields.get("flags", 16), (1000, 0), data)

    # What has come out.

    def learn(self, seen):
        """The port that the gateway has given the flow."""
        for side, packet in seen:
            known = frames.read(packet)
            if side == "server" and known["source"] == ends.PUBLIC and \
                    known["destination"] == ends.SERVER and not known["offset"] and \
                    "quote" not in known:
                port = known.get("source port", known.get("identifier"))
                if self.public is None:
                    self.public = port
                elif port != self.public and self.others:
                    self.others.add(port)

    def outcome(self, seen):
        """What came out where: [(end, fields by name)]."""
        found = []
        for side in ("client", "server"):
            packets = [packet for end, packet in seen if end == side]
            for packet, ident, is_cut in frames.join(packets):
                known = frames.read(packet) | {"ident": ident, "cut": is_cut}
                found.append((side, self._named(known)))
        return found

    def _named(self, known, is_quote=False):
        """Without what is chosen freely."""
        named = dict(known)
        for field in ("source", "destination"):
            named[field] = NAMES.get(known[field], str(known[field]))
        for field in ("source port", "destination port", "identifier"):
            if named.get(field) is not None and self.public is not None:
                named[field] = "its own" if named[field] in (self.public, self.port) else \
                    "the other's" if named[field] in self.others else named[field]
        named["ident"] = self._identification(known, is_quote)
        if "quote" in named:
            named["quote"] = self._named(known["quote"], True)
        return named

    def _identification(self, known, is_quote):
        """One that is drawn may be any by chance, so of a packet that is not and was not cut it is
        compared only where it is of no use."""
        ident = known["ident"]
        if ident is None:
            return None
        is_sent = ident in self.sent or known["version"] == 4 and \
            ident in {sent & 0xffff for sent in self.sent}
        is_whole = known["version"] == 4 and not (known["more"] or known["offset"] or
                                                  known.get("cut"))
        if is_whole and not is_quote:
            return "as sent" if ident in self.of_no_fragment else \
                "none" if known["df"] and ident == 0 else "drawn"
        return "as sent" if is_sent else "none" if ident == 0 else "drawn"
