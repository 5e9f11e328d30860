// SPDX-License-Identifier: BSD-3-Clause

// What the other gateway of a pair says. The first byte of an input says which of two it is: a
// run of bytes as it stands on the wire, of which whatever is heard is heard again when it is said
// again; or what a gateway tells of its flows, some bytes of which are changed on the way. The one
// that stands by then goes on with what it has believed, and the testbed's promises hold: the
// account, and no inside address outside.

#include "active_and_standby.h"
#include "bed_with_route6.h"
#include "expect.h"
#include "input.h"
#include "sync/message.h"
#include "wire.h"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::test;
using sync::Incoming;
using sync::Outgoing;
using sync::Type;

namespace {

constexpr int kBurst = 4;

template <typename Entry>
void repeat(const Incoming::Message& message, Outgoing& out) {
    for (size_t i = 0; i < message.count<Entry>(); ++i)
        out.add(message.entry<Entry>(i));
}

/// The same again.
void repeat(const Incoming::Message& message, Outgoing& out) {
    out.seal();
    switch (message.type) {
        case Type::Hello:
            return out.add(message.as<sync::Hello>());
        case Type::State:
            return out.add(message.as<sync::State>());
        case Type::Begin:
            return out.begin();
        case Type::Records:
            return repeat<sync::Record>(message, out);
        case Type::Ends:
            return repeat<sync::End>(message, out);
        case Type::Complete:
            return out.complete();
        case Type::Hosts:
            return repeat<sync::Host>(message, out);
        case Type::Owned:
            return repeat<sync::Owned>(message, out);
    }
    std::abort();  // no such type may be heard
}

void hear(std::span<const std::byte> bytes, size_t cut) {
    Incoming incoming;
    Outgoing out;
    Incoming again;
    for (const auto part : {bytes.first(cut), bytes.subspan(cut)}) {
        incoming.add(part);
        for (;;) {
            const auto message = incoming.take();
            if (!message)
                return;
            if (!*message)
                break;
            repeat(**message, out);
            again.add(out.bytes());
            out.sent(out.size());
            const auto heard = again.take();
            expect(heard.ok() && *heard && (*heard)->type == (*message)->type);
            expect((*heard)->sequence == (*message)->sequence);
            expect(std::ranges::equal((*heard)->payload, (*message)->payload));
        }
    }
}

void damage(std::span<std::byte> bytes, const Draw& draw) {
    for (auto rounds = bytes.empty() ? 0 : draw() % 8; rounds > 0; --rounds) {
        const size_t at = draw() % bytes.size();
        // Half of the time a bit, for what is nearly sound gets further.
        bytes[at] ^= static_cast<std::byte>(draw() % 2 == 0 ? 1u << draw() % 8 : draw());
    }
}

/// Hosts talk to IPv6 hosts outside too, with their own addresses.
void route_ipv6(config::Config& config) {
    config.wans[0].at.vlan = link::kUntagged;
    config.wan6 = net::parse_ipv6_prefix("2001:db8:ff::2/64");
    config.gateway6 = v6(kGateway6);
    config.route6 = {routed6("2001:db8:1::/123")};
    config.peers = {Be32::from_host(0xc6130000), 24};
    config.numbers = nat64::NumberPlan({Be32::from_host(0xc6120000), 23});  // of two parts
}

/// What a host sends to a host outside, or is sent by it.
void send_routed(Testbed& bed, const Draw& draw, const std::string& host, uint16_t port) {
    const std::string world = "2001:db8:cafe::" + std::to_string(10 + draw() % 6);
    const bool is_inward = draw() % 4 == 0;
    const net::Side side = is_inward ? net::Side::Outside : net::Side::Inside;
    const Frame6 frame{.source = is_inward ? world : host,
                       .destination = is_inward ? host : world,
                       .upper = is_inward ? udp6(53, port) : udp6(port, 53),
                       .source_mac = mac_of6(is_inward ? kGateway6 : host),
                       .destination_mac = bed.port(side).mac()};
    bed.inject(side, frame.bytes());
}

/// Some IPv6 hosts, which are few enough to have flows already.
void send_ipv6(Testbed& bed, const Draw& draw) {
    for (auto frames = draw() % 4; frames > 0; --frames) {
        const std::string host = "2001:db8:1::" + std::to_string(10 + draw() % 6);
        const auto port = static_cast<uint16_t>(40000 + draw() % 4);
        if (!bed.config().route6.empty() && draw() % 2 == 0) {
            send_routed(bed, draw, host, port);
            continue;
        }
        const Frame6 frame{.source = host,
                           .destination = kServer6,
                           .upper = udp6(port, 53),
                           .source_mac = mac_of6(host),
                           .destination_mac = bed.port(net::Side::Inside).mac()};
        bed.inject(net::Side::Inside, frame.bytes());
    }
}

/// What comes next is told by another process, whose records are others.
void begin_anew(Both& both) {
    std::vector<sync::Change> changes{{sync::Change::What::Other, {}},
                                      {sync::Change::What::Begin, {}}};
    both.put(changes);
}

void follow(Input& input) {
    constexpr int kBurstsAtMost = 6;
    const Draw draw = input.draw();
    const uint64_t choice = draw();
    TestbedOptions options = small_options(choice);
    const bool has_ipv6 = (choice & 0x60) == 0x40;  // the pool is not that of a rule
    options.configure = [=, usual = options.configure](config::Config& config) {
        usual(config);
        config.numbers = nat64::NumberPlan({Be32::from_host(0xc6120000), 24});
        if (has_ipv6 && (choice & 0x200) != 0)
            route_ipv6(config);
        if (has_ipv6)
            serve_ipv6(config);
        if (choice % 4 == 3 && !config.snat.empty())
            config.holders.blocks = {64, 2};
    };
    Both both(options);
    bool is_believed = true;
    for (int bursts = 0; is_believed && !input.is_empty() && bursts < kBurstsAtMost; ++bursts) {
        if (has_ipv6)
            send_ipv6(both.active, draw);
        send_burst(both.active, draw, kBurst);
        if (bursts == 2 && (choice & 0x100) != 0)
            begin_anew(both);
        is_believed = both.tell([&](std::span<std::byte> bytes) { damage(bytes, draw); });
    }
    both.take_over();
    for (int bursts = 0; bursts < kBurstsAtMost; ++bursts) {
        if (has_ipv6)
            send_ipv6(both.standby, draw);
        send_burst(both.standby, draw, kBurst);
    }
    // Both, so that neither holds a packet of the pool that they share.
    both.active.advance(Duration::seconds(10));
    both.standby.advance(Duration::seconds(10));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size < 2)
        return 0;
    if ((bytes[0] & 1) != 0) {
        const auto said = std::as_bytes(std::span(bytes + 2, size - 2));
        hear(said, std::min<size_t>(bytes[1], said.size()));
        return 0;
    }
    Input input(bytes + 1, size - 1);
    follow(input);
    return 0;
}
