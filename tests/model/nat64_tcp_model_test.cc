// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The same random TCP segments through two gateways, one whose hosts have IPv4 and one whose hosts
/// have IPv6: what passes and as what, what is dropped and why, and what is known of the
/// connections afterwards is the same.
///
/// Shape    A segment is told by which host and which server it is between; each gateway has it as
///          its own frames. What it says is drawn by what the tracker of IPv4 knows, so that it is
///          what comes next or lies where something changes. A changed port is drawn by each
///          gateway, and is written down as "changed".

#include "bed_with_ipv6.h"
#include "catch.h"
#include "conntrack/tcp_tracker.h"
#include "ipv6_addresses.h"
#include "net/text.h"
#include "operations.h"
#include "segments.h"
#include "testbed.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nat64_tcp_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Side;
using stats::Count;

namespace {

constexpr uint16_t kFirstPort = 1024;
constexpr uint16_t kPorts = 3;
constexpr uint16_t kOwnPorts = 1032;  ///< Changed ports are not below.
constexpr uint16_t kNobodysPort = 1031;
constexpr uint8_t kTcp = 6;

struct Host {
    const char* ipv4;
    const char* ipv6;
};
const std::vector<Host> kHosts{
    {"10.1.0.2", "2001:db8:1::2"}, {"10.1.0.3", "2001:db8:1::3"}, {"10.1.0.4", "2001:db8:1::4"}};
const std::vector<Host> kServers{{"203.0.113.10", "64:ff9b::203.0.113.10"},
                                 {"203.0.113.11", "64:ff9b::203.0.113.11"}};

struct Setup {
    const char* name;
    bool has_bursts;  ///< Two workers have a race in one.
    std::function<void(config::Config&)> configure;
};

const std::vector<Setup> kSetups{
    {"as it is", true, [](config::Config&) {}},
    {"not loose", true, [](config::Config& config) { config.tuning.tcp_loose = false; }},
    {"liberal", true, [](config::Config& config) { config.tuning.tcp_be_liberal = true; }},
    {"strict", true, [](config::Config& config) { config.tuning.tcp_strict = true; }},
    {"told of refusals", true,
     [](config::Config& config) { config.invalid = config::Invalid::Reject; }},
    {"few flows a host", true, [](config::Config& config) { config.host_limits = {.flows = 4}; }},
    {"two workers", false, [](config::Config& config) { config.workers = 2; }},
};

/// Short enough to pass now and then.
void shorten_timeouts(conntrack::Tuning& tuning) {
    using conntrack::TcpState;
    tuning.tcp[TcpState::SynSent] = Duration::seconds(12);
    tuning.tcp[TcpState::SynRecv] = Duration::seconds(9);
    tuning.tcp[TcpState::Established] = Duration::seconds(40);
    tuning.tcp[TcpState::FinWait] = Duration::seconds(11);
    tuning.tcp[TcpState::CloseWait] = Duration::seconds(8);
    tuning.tcp[TcpState::LastAck] = Duration::seconds(5);
    tuning.tcp[TcpState::TimeWait] = Duration::seconds(10);
    tuning.tcp[TcpState::Close] = Duration::seconds(3);
    tuning.tcp_unacknowledged = Duration::seconds(20);
    tuning.tcp_max_retrans_timeout = Duration::seconds(15);
}

TestbedOptions options(const Setup& setup, bool is_ipv6) {
    return {.workers = setup.has_bursts ? 1u : 2u,
            .flows = 512,
            .configure = [&setup, is_ipv6](config::Config& config) {
                shorten_timeouts(config.tuning);
                config.icmp_rate = config.reject_rate = 1'000'000;
                setup.configure(config);
                if (is_ipv6)
                    serve_ipv6(config);
            }};
}

/// Without ports and checksum.
std::string text(std::span<const uint8_t> tcp) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string all;
    for (size_t i = 4; i < tcp.size(); ++i)
        if (i != 16 && i != 17)
            all += {kDigits[tcp[i] >> 4], kDigits[tcp[i] & 15]};
    return all;
}

uint16_t word(std::span<const uint8_t> bytes, size_t at) {
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::string port_text(uint16_t port) {
    return port < kOwnPorts ? std::to_string(port) : "changed";
}

std::string plain(const std::string& address) {
    return address.find(':') == std::string::npos ? address : canonical(address);
}

size_t position(const std::vector<Host>& hosts, const char* Host::*address,
                const std::string& wanted) {
    for (size_t i = 0; i < hosts.size(); ++i)
        if (plain(hosts[i].*address) == wanted)
            return i;
    FAIL("nobody has " << wanted);
    return 0;
}

std::span<const uint8_t> ipv4_payload(std::span<const uint8_t> packet) {
    return packet.first(word(packet, 2)).subspan((packet[0] & 15u) * size_t{4});
}

/// A gateway, and what it has made of what it was sent.
class Subject {
public:
    Subject(const Setup& setup, bool is_ipv6)
        : ipv6_(is_ipv6 ? std::make_unique<Ipv6Bed>(options(setup, true)) : nullptr),
          ipv4_(is_ipv6 ? nullptr : std::make_unique<Testbed>(options(setup, false))) {
        // So that everybody's MAC is known.
        for (size_t host = 0; host < kHosts.size(); ++host) {
            const Segment syn{.host = host, .port = kFirstPort, .server_port = 1, .flags = kSyn};
            Segment answer = syn;
            answer.from = Side::Outside;
            answer.flags = kRst | kAck;
            answer.ack = 1;
            send(syn);
            settle();
            send(answer);
            settle();
        }
        tick(Duration::seconds(60));
        results();
    }

    Testbed& bed() { return ipv6_ ? ipv6_->bed : *ipv4_; }

    void send(const Segment& segment) { bed().inject(segment.from, frame_of(segment)); }

    void settle() { ipv6_ ? ipv6_->settle() : ipv4_->run(); }

    void tick(Duration duration) {
        constexpr Duration kStep{100};  // in which a neighbour is to answer
        for (; duration > Duration{}; duration.milliseconds -= kStep.milliseconds) {
            bed().tick(std::min(duration, kStep));
            settle();
        }
    }

    /// Of the time since they were asked for: what came out, in order on each side, and drops.
    std::vector<std::string> results() {
        std::vector<std::string> all;
        settle();
        for (const Bytes& frame : bed().take_frames(Side::Outside))
            all.push_back("out " + outside_text(frame));
        if (ipv6_) {
            for (const Seen6& seen : ipv6_->take())
                if (const auto line = inside_text(seen))
                    all.push_back("in " + *line);
        } else {
            for (const Bytes& frame : bed().take_frames(Side::Inside))
                all.push_back("in " + inside_text(frame));
        }
        const stats::Snapshot snapshot = bed().gateway().snapshot();
        for (size_t i = 0; i < stats::kDropCount; ++i) {
            const auto reason = static_cast<stats::Drop>(i);
            if (const uint64_t more = snapshot.drop[reason] - dropped_.drop[reason]; more != 0)
                all.push_back("dropped " + std::string(stats::drop_name(reason)) + ' ' +
                              std::to_string(more));
        }
        dropped_ = snapshot;
        return all;
    }

    /// All that is known of connections whose time is not over.
    std::vector<std::string> known() { return lines(false); }
    /// Those whose time is over and that are still there, as their hosts' counts know.
    std::vector<std::string> expired() { return lines(true); }

    /// In an order that does not depend on where they stand.
    std::vector<std::pair<std::string, flow::FlowRecord*>> flows(bool are_expired = false) {
        std::vector<std::pair<std::string, flow::FlowRecord*>> found;
        auto& table = bed().gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (record.deadline.load().is_after(bed().now()) != are_expired)
                found.emplace_back(name_of(record), &record);
        });
        std::sort(found.begin(), found.end());
        return found;
    }

    size_t host_of(const flow::FlowRecord& record) {
        const Be32 source = record.key(Direction::Original).source;
        for (size_t host = 0; host < kHosts.size(); ++host)
            if (inside_address(host) == source)
                return host;
        FAIL("a flow of nobody's");
        return 0;
    }

private:
    std::optional<Be32> inside_address(size_t host) {
        return ipv6_ ? bed().gateway().naming().source(v6(kHosts[host].ipv6))
                     : std::optional(ip(kHosts[host].ipv4));
    }

    std::string name_of(const flow::FlowRecord& record) {
        const net::Tuple& tuple = record.key(Direction::Original);
        const net::Tuple& reply = record.key(Direction::Reply);
        return std::to_string(host_of(record)) + ' ' + port_text(tuple.source_port.host()) + " > " +
               net::to_string(tuple.destination) + ' ' +
               std::to_string(tuple.destination_port.host()) + " by " +
               port_text(reply.destination_port.host());
    }

    std::vector<std::string> lines(bool are_expired) {
        std::vector<std::string> all;
        for (const auto& [name, record] : flows(are_expired)) {
            const auto* tracker = reinterpret_cast<const uint8_t*>(record->tracker.data());
            all.push_back(name + " state " + std::to_string(record->state.load()) + " status " +
                          std::to_string(record->status.load()) + " until " +
                          std::to_string(record->deadline.load().milliseconds) + ' ' +
                          text({tracker, sizeof(conntrack::TcpTracker)}));
        }
        return all;
    }

    /// That its host has toward this server, or would have.
    uint16_t public_port(const Segment& segment) {
        if (segment.is_stray)
            return kNobodysPort;
        const Be32 server = ip(kServers[segment.server].ipv4);
        for (const auto& [name, record] : flows()) {
            const net::Tuple& tuple = record->key(Direction::Original);
            if (tuple.source == inside_address(segment.host) && tuple.destination == server &&
                tuple.source_port.host() == segment.port &&
                tuple.destination_port.host() == segment.server_port)
                return record->key(Direction::Reply).destination_port.host();
        }
        return segment.port;
    }

    Bytes frame_of(const Segment& segment) {
        const Host& server = kServers[segment.server];
        if (segment.from == Side::Outside) {
            Frame frame = segment.tcp(segment.server_port, public_port(segment));
            if (segment.is_damaged)
                frame.bad_transport_checksum();
            return frame.ipv4(server.ipv4, kPublic).ether(mac_of(ip(kRouter)), mac(0x22)).bytes();
        }
        const Host& host = kHosts[segment.host];
        Frame frame = segment.tcp(segment.port, segment.server_port).ipv4(host.ipv4, server.ipv4);
        if (!ipv6_) {
            if (segment.is_damaged)
                frame.bad_transport_checksum();
            return frame.ether(mac_of(ip(host.ipv4)), mac(0x11)).bytes();
        }
        constexpr size_t kChecksumAt = 16;
        const Bytes packet = frame.ip_bytes();
        Upper upper{kTcp, {packet.begin() + 20, packet.end()}, kChecksumAt};
        upper.bytes[kChecksumAt] = upper.bytes[kChecksumAt + 1] = 0;
        Bytes bytes = Frame6{.source = host.ipv6,
                             .destination = server.ipv6,
                             .upper = std::move(upper),
                             .hop_limit = segment.ttl,
                             .source_mac = mac_of6(host.ipv6),
                             .destination_mac = mac(0x11)}
                          .bytes();
        if (segment.is_damaged)
            bytes[bytes.size() - packet.size() + 20 + kChecksumAt] ^= 1;
        return bytes;
    }

    static std::string outside_text(const Bytes& frame) {
        const Seen seen = read(frame);
        if (seen.protocol != kTcp)
            return "error " + std::to_string(seen.icmp_type) + ' ' +
                   std::to_string(seen.icmp_code) + " to " + seen.destination;
        CHECK(seen.source == kPublic);
        const auto tcp = ipv4_payload(std::span(frame).subspan(14));
        return seen.destination + " from " + port_text(word(tcp, 0)) + ' ' +
               std::to_string(word(tcp, 2)) + " ttl " + std::to_string(seen.ttl) +
               (seen.transport_checksum_ok ? " sound " : " damaged ") + text(tcp);
    }

    static std::string inside_line(const std::string& source, size_t host, unsigned ttl,
                                   bool is_sound, std::span<const uint8_t> tcp) {
        return source + ' ' + std::to_string(word(tcp, 0)) + " to " + std::to_string(host) + ' ' +
               std::to_string(word(tcp, 2)) + " ttl " + std::to_string(ttl) +
               (is_sound ? " sound " : " damaged ") + text(tcp);
    }

    static std::string inside_text(const Bytes& frame) {
        const Seen seen = read(frame);
        const size_t host = position(kHosts, &Host::ipv4, seen.destination);
        if (seen.protocol != kTcp)
            return "error " + std::to_string(seen.icmp_type) + ' ' +
                   std::to_string(seen.icmp_code) + " to " + std::to_string(host) + ' ' +
                   text(ipv4_payload(seen.payload).first(8));
        return inside_line(std::to_string(position(kServers, &Host::ipv4, seen.source)), host,
                           seen.ttl, seen.transport_checksum_ok,
                           ipv4_payload(std::span(frame).subspan(14)));
    }

    /// Nothing for what is no host's business: neighbour discovery.
    static std::optional<std::string> inside_text(const Seen6& seen) {
        constexpr uint8_t kIcmpv6 = 58;
        if (seen.protocol == kIcmpv6 && seen.transport.at(0) >= 128)
            return std::nullopt;
        const size_t host = position(kHosts, &Host::ipv6, seen.destination);
        if (seen.protocol == kIcmpv6) {
            // Time exceeded and unreachable, by the names of ICMP.
            const int type = seen.transport.at(0) == 3 ? 11 : 3;
            CHECK(seen.checksum_ok);
            return "error " + std::to_string(type) + ' ' + std::to_string(seen.transport.at(1)) +
                   " to " + std::to_string(host) + ' ' +
                   text(std::span(seen.transport).subspan(48, 8));
        }
        return inside_line(std::to_string(position(kServers, &Host::ipv6, seen.source)), host,
                           seen.hop_limit, seen.checksum_ok, seen.transport);
    }

    std::unique_ptr<Ipv6Bed> ipv6_;  // one of the two
    std::unique_ptr<Testbed> ipv4_;
    stats::Snapshot dropped_;  // as of the results before
};

struct Both {
    explicit Both(const Setup& setup) : ipv4(setup, false), ipv6(setup, true) {}

    void send(const Segment& segment) {
        ipv4.send(segment);
        ipv6.send(segment);
    }

    void compare() {
        REQUIRE(ipv6.results() == ipv4.results());
        REQUIRE(ipv6.known() == ipv4.known());
    }

    void tick(Duration duration) {
        ipv4.tick(duration);
        ipv6.tick(duration);
        // When a flow goes whose time is up depends on where it stands.
        for (unsigned wait = 0; ipv4.expired() != ipv6.expired(); ++wait) {
            REQUIRE(wait < 1000);
            ipv4.tick(Duration{100});
            ipv6.tick(Duration{100});
        }
    }

    Subject ipv4;
    Subject ipv6;
};

Segment segment(SegmentChance& chance, Subject& ipv4) {
    const auto flows = ipv4.flows();
    Segment segment;
    if (flows.empty() || chance.below(16) == 0) {
        segment = chance.any();
    } else {
        const flow::FlowRecord& record = *flows[chance.below(flows.size())].second;
        const Be32 server = record.key(Direction::Original).destination;
        segment = chance.next(record, ipv4.host_of(record), server == ip(kServers[0].ipv4) ? 0 : 1);
    }
    if (chance.below(24) == 0)
        chance.bend(segment);
    return segment;
}

}  // namespace

TEST_CASE("nat64: TCP segments fare as those of IPv4 hosts do", "[model][nat64]") {
    const Setup& setup = kSetups[GENERATE(range(size_t{0}, kSetups.size()))];
    CAPTURE(setup.name);
    Both both(setup);
    SegmentChance chance({kHosts.size(), kServers.size(), kFirstPort, kPorts});
    const auto operations = static_cast<uint64_t>(model_operations(14'000)) / kSetups.size();
    for (uint64_t segments = 0; segments < operations;) {
        CAPTURE(segments);
        const uint64_t count = setup.has_bursts && chance.below(2) == 0 ? 2 + chance.below(12) : 1;
        for (uint64_t i = 0; i < count; ++i)
            both.send(segment(chance, both.ipv4));
        segments += count;
        both.compare();
        both.tick(Duration{static_cast<int32_t>(chance.below(32) == 0 ? chance.below(12'000) : 1)});
        both.compare();
    }
    for (Subject* subject : {&both.ipv4, &both.ipv6}) {
        CAPTURE(subject == &both.ipv6);
        const stats::Snapshot snapshot = subject->bed().gateway().snapshot();
        CHECK(snapshot.dropped() > operations / 8);
        CHECK(snapshot.count[Count::Transmitted] > operations / 4);
        CHECK(snapshot.count[Count::FlowsOpened] > operations / 60);
        CHECK(snapshot.count[Count::FlowsClosed] > 0);
        CHECK(snapshot.count[Count::PortChanged] > 0);
        CHECK(snapshot.count[Count::FastPath] > operations / 60);
    }
}

}  // namespace nat64_tcp_model_test
