// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Random packets, in bursts, beside the same packets one at a time: what comes out, what is
/// dropped and why, and what stands in the flow table afterwards is the same.
///
/// Shape    What is sent is drawn by what stands in the gateway's own table, so that most of it
///          meets a flow, or opens one that an earlier packet of its burst has ended. A changed
///          port is drawn by the gateway, and is written down as "changed".

#include "catch.h"
#include "net/icmp.h"
#include "net/text.h"
#include "operations.h"
#include "testbed.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace bursts_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Protocol;
using net::Side;
using stats::Count;

namespace {

constexpr uint16_t kFirstPort = 1024;
constexpr uint16_t kPorts = 4;
constexpr uint16_t kMapped = 1030;  ///< Its UDP endpoints have mappings.
constexpr uint16_t kForwarded = 1031;
constexpr uint16_t kOwnPorts = 1032;  ///< Changed ports are not below.
const std::vector<const char*> kHosts{"10.1.0.2", "10.1.0.3", "10.1.0.4"};
const std::vector<const char*> kServers{"203.0.113.10", "203.0.113.11"};

struct Setup {
    const char* name;
    unsigned workers;
    uint16_t rx_queues;  ///< Fewer than workers: bursts of both sides come to the second one.
    std::function<void(config::Config&)> configure;
};

TestbedOptions options(const Setup& setup) {
    return {.workers = setup.workers,
            .rx_queues = setup.rx_queues,
            .flows = 512,
            .configure = [&setup](config::Config& config) {
                config.inside.clear();
                config.pool.clear();
                config.snat = {
                    {.inside = {ip("10.1.0.0"), 24}, .addresses = {{ip(kPublic), ip(kPublic)}}}};
                config.forwards = {{Protocol::Udp,
                                    {ip(kPublic), Be16::from_host(kForwarded)},
                                    {ip(kHosts[0]), Be16::from_host(kForwarded)}}};
                config.tuning.udp = Duration::seconds(10);
                config.tuning.udp_stream = Duration::seconds(20);
                config.tuning.tcp[conntrack::TcpState::SynSent] = Duration::seconds(10);
                config.icmp_rate = 1'000'000;
                config.reject_rate = 1'000'000;
                setup.configure(config);
            }};
}

/// One packet, told by chance alone; which frame that is depends on the table that it meets.
struct Draw {
    uint64_t kind;
    uint64_t what;
    uint64_t how;
};

std::string port_text(Be16 port) {
    return port.host() < kOwnPorts ? std::to_string(port.host()) : "changed";
}

std::string text(const net::Tuple& tuple) {
    return std::to_string(static_cast<int>(tuple.protocol)) + ' ' + net::to_string(tuple.source) +
           ':' + port_text(tuple.source_port) + '>' + net::to_string(tuple.destination) + ':' +
           port_text(tuple.destination_port) + '/' + std::to_string(tuple.kind);
}

std::string whole_text(const flow::FlowRecord& record) {
    return text(record.key(Direction::Original)) + " = " + text(record.key(Direction::Reply));
}

/// A gateway, and what it has made of what it was sent.
class Subject {
public:
    explicit Subject(const Setup& setup) : bed_(options(setup)), setup_(setup) {
        for (const char* host : kHosts)  // so that everybody's MAC is known
            for (const uint16_t id : {1, 2})
                bed_.from_inside(Frame().ipv4(host, kServers[id - 1]).echo_request(id));
        for (const auto& record : flows())
            bed_.from_outside(frame_of(record->key(Direction::Reply), 0));
        bed_.advance(Duration::seconds(60));
        take_results();
    }

    std::vector<std::string> send(std::span<const Draw> burst, bool at_once) {
        std::vector<std::pair<Side, Bytes>> frames;
        for (const Draw& draw : burst)
            for (auto& frame : frames_of(draw))
                frames.push_back(std::move(frame));
        // As a worker polls its ports.
        std::stable_sort(frames.begin(), frames.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (const auto& [side, frame] : frames) {
            bed_.inject(side, frame);
            if (!at_once)
                bed_.run();
        }
        bed_.run();
        return take_results();
    }

    void tick(Duration duration) { bed_.advance(duration); }

    /// Those whose time is up and that are still there, as their hosts' counts know.
    std::vector<std::string> expired() {
        std::vector<std::string> found;
        auto& table = bed_.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (!record.deadline.load().is_after(bed_.now()))
                found.push_back(whole_text(record));
        });
        std::sort(found.begin(), found.end());
        return found;
    }
    Testbed& bed() { return bed_; }

private:
    using Frames = std::vector<std::pair<Side, Bytes>>;

    static Bytes framed(Side from, Frame frame) {
        const MacAddress source = mac_of(ip(from == Side::Inside ? kHost : kRouter));
        return frame.ether(source, mac(from == Side::Inside ? 0x11 : 0x22)).bytes();
    }

    /// Those that packets can meet, in an order that does not depend on where they stand.
    std::vector<const flow::FlowRecord*> flows(flow::Kind kind = flow::Kind::Flow) {
        std::vector<std::pair<std::string, const flow::FlowRecord*>> found;
        auto& table = bed_.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (record.kind() == kind && record.deadline.load().is_after(bed_.now()))
                found.emplace_back(whole_text(record), &record);
        });
        std::sort(found.begin(), found.end());
        std::vector<const flow::FlowRecord*> result;
        for (const auto& [name, record] : found)
            result.push_back(record);
        return result;
    }

    /// A packet with this tuple, as `how` says.
    static Frame frame_of(const net::Tuple& tuple, uint64_t how) {
        Frame frame = Frame().ipv4(tuple.source, tuple.destination);
        const uint16_t from = tuple.source_port.host();
        const uint16_t to = tuple.destination_port.host();
        if (how % 16 == 0)
            frame.ttl(1);
        how /= 16;
        if (tuple.protocol == Protocol::Udp)
            return frame.udp(from, to).payload(8);
        if (tuple.protocol == Protocol::Icmp)
            return to == 0x0800 ? frame.echo_request(from) : frame.echo_reply(to);
        static constexpr uint8_t kFlags[] = {kSyn, kSyn,        kSyn | kAck, kAck,
                                             kAck, kFin | kAck, kRst,        kRst | kAck};
        const uint8_t flags = kFlags[how % 8];
        frame.tcp(from, to, flags).seq(flags == kSyn ? 100 : 101);
        frame.ack((flags & kAck) != 0 ? 101 : 0);
        return frame.payload(flags == kAck ? how / 8 % 2 * 8 : 0);
    }

    /// The first packet of a conversation, or one of it.
    net::Tuple any_tuple(uint64_t what, bool is_mapped) {
        net::Tuple tuple;
        // Of a second worker that has no queues each flow is: it is given by its hash.
        do {
            tuple = {};
            tuple.source = ip(kHosts[what % kHosts.size()]);
            tuple.destination = ip(kServers[what / 4 % kServers.size()]);
            tuple.protocol = what / 8 % 2 == 0 ? Protocol::Tcp : Protocol::Udp;
            tuple.source_port =
                Be16::from_host(static_cast<uint16_t>(kFirstPort + what / 16 % kPorts));
            tuple.destination_port = Be16::from_host(static_cast<uint16_t>(80 + what / 64 % 4));
            if (is_mapped) {
                tuple.protocol = Protocol::Udp;
                tuple.source_port = Be16::from_host(kMapped);
            } else if (what / 16 % 16 == 0) {
                tuple.protocol = Protocol::Icmp;
                tuple.destination_port = Be16::from_host(0x0800);
            }
            what = what * 6364136223846793005 + 1442695040888963407;
        } while (setup_.rx_queues < setup_.workers &&
                 bed_.gateway().table().hash(tuple) % setup_.workers == 0);
        return tuple;
    }

    const flow::FlowRecord* any_record(uint64_t what, flow::Kind kind = flow::Kind::Flow) {
        const auto all = flows(kind);
        return all.empty() ? nullptr : all[what % all.size()];
    }

    Frames frames_of(const Draw& draw) {
        const auto one = [](Side from, const Frame& frame) {
            return Frames{{from, framed(from, frame)}};
        };
        switch (draw.kind % 16) {
            case 0:
            case 1:
            case 2:
            case 3:
                return one(Side::Inside, frame_of(any_tuple(draw.what, false), draw.how));
            case 4:
                return one(Side::Inside, frame_of(any_tuple(draw.what, true), draw.how));
            case 5:
            case 6:
                return of_record(draw, Direction::Original);
            case 7:
            case 8:
            case 9:
                return of_record(draw, Direction::Reply);
            case 10:
                return to_mapping(draw);
            case 11:
                return fragments(draw);
            case 12:
                return answer_ahead(draw);
            case 13:
                return error_ahead(draw);
            default:
                return pair(draw);
        }
    }

    Frames of_record(const Draw& draw, Direction direction) {
        const flow::FlowRecord* record = any_record(draw.what);
        if (record == nullptr)
            return {};
        const Side from = record->sides.enter(direction);
        return {{from, framed(from, frame_of(record->key(direction), draw.how))}};
    }

    /// From either side, to somebody's public endpoint.
    Frames to_mapping(const Draw& draw) {
        const flow::FlowRecord* mapping = any_record(draw.what, flow::Kind::Mapping);
        net::Tuple tuple = any_tuple(draw.what, false);
        const Side from = draw.how / 1024 % 2 == 0 ? Side::Inside : Side::Outside;
        if (from == Side::Outside)
            tuple.source = ip(kServers[draw.what % 2]);
        tuple.protocol = Protocol::Udp;
        tuple.destination = ip(kPublic);
        tuple.destination_port = mapping != nullptr && draw.how / 2048 % 2 == 0
                                     ? mapping->key(Direction::Reply).destination_port
                                     : Be16::from_host(kForwarded);
        if (is_elsewhere(tuple))
            return {};
        return {{from, framed(from, frame_of(tuple, draw.how))}};
    }

    bool is_elsewhere(const net::Tuple& tuple) {
        return setup_.rx_queues < setup_.workers &&
               bed_.gateway().table().hash(tuple) % setup_.workers == 0;
    }

    /// Both fragments of a datagram, or one of them twice, in any order.
    Frames fragments(const Draw& draw) {
        if (setup_.workers > 1)  // their home is another matter
            return {};
        net::Tuple tuple = any_tuple(draw.what, draw.how % 2 == 0);
        if (tuple.protocol != Protocol::Udp)
            return {};
        Frame whole = frame_of(tuple, draw.how).payload(64).id(static_cast<uint16_t>(draw.what));
        whole.ether(mac_of(ip(kHost)), mac(0x11));
        auto pieces = fragments_of(whole, 40);
        if (draw.how / 2 % 2 == 0)
            std::reverse(pieces.begin(), pieces.end());
        if (draw.how / 4 % 4 == 0)
            pieces.push_back(pieces.front());
        Frames frames;
        for (Bytes& piece : pieces)
            frames.emplace_back(Side::Inside, std::move(piece));
        return frames;
    }

    /// A first packet, and the answer of a server that is faster than light.
    Frames answer_ahead(const Draw& draw) {
        const net::Tuple tuple = any_tuple(draw.what, false);
        net::Tuple reply = tuple.reversed();
        reply.destination = ip(kPublic);
        if (tuple.protocol == Protocol::Icmp || setup_.workers > 1)  // two workers race
            return {};
        return {{Side::Inside, framed(Side::Inside, frame_of(tuple, 16 + draw.how % 16))},
                {Side::Outside, framed(Side::Outside, frame_of(reply, draw.how))}};
    }

    /// A first packet, and an error about it: from a host about its answer, which has not come.
    Frames error_ahead(const Draw& draw) {
        if (setup_.workers > 1)  // who receives an error relays it, whoever has the flow
            return {};
        const net::Tuple tuple = any_tuple(draw.what, draw.how % 3 == 0);
        const Frame first = frame_of(tuple, 16 + draw.how % 16);
        const Bytes quoted = frame_of(tuple.reversed(), 32).ip_bytes();
        const Frame error = Frame().ipv4(tuple.source, tuple.destination).icmp_error(3, 1, quoted);
        return {{Side::Inside, framed(Side::Inside, first)},
                {Side::Inside, framed(Side::Inside, error)}};
    }

    /// Two packets of a conversation, back to back.
    Frames pair(const Draw& draw) {
        const net::Tuple tuple = any_tuple(draw.what, false);
        return {{Side::Inside, framed(Side::Inside, frame_of(tuple, draw.how))},
                {Side::Inside, framed(Side::Inside, frame_of(tuple, draw.how / 256))}};
    }

    std::vector<std::string> take_results() {
        std::vector<std::string> results;
        for (const Side side : {Side::Inside, Side::Outside})
            for (const Seen& seen : bed_.take(side)) {
                REQUIRE(seen.ip_checksum_ok);
                results.push_back((side == Side::Inside ? "in " : "out ") + plain(seen));
            }
        const stats::Snapshot snapshot = bed_.gateway().snapshot();
        for (size_t i = 0; i < stats::kDropCount; ++i) {
            const auto reason = static_cast<stats::Drop>(i);
            const uint64_t more = snapshot.drop[reason] - dropped_.drop[reason];
            if (more != 0)
                results.push_back("dropped " + std::string(stats::drop_name(reason)) + ' ' +
                                  std::to_string(more));
        }
        dropped_ = snapshot;
        for (const auto kind : {flow::Kind::Flow, flow::Kind::Mapping, flow::Kind::Contact})
            for (const flow::FlowRecord* record : flows(kind))
                results.push_back(state_of(*record));
        std::sort(results.begin(), results.end());
        return results;
    }

    static std::string plain(Seen seen) {
        const auto hide = [](uint16_t& port) { port = port < kOwnPorts ? port : 0; };
        hide(seen.source_port);
        hide(seen.destination_port);
        hide(seen.identifier);
        if (net::is_icmp_error(seen.icmp_type) && seen.protocol == 1)
            seen.payload.clear();
        return summary(seen);
    }

    std::string state_of(const flow::FlowRecord& record) {
        return whole_text(record) + " state " + std::to_string(record.state.load()) + " status " +
               std::to_string(record.status.load()) + " for " +
               std::to_string((record.deadline.load() - bed_.now()).milliseconds);
    }

    Testbed bed_;
    const Setup& setup_;
    stats::Snapshot dropped_;  // as of the results before
};

constexpr Duration kAgeingStep{100};

/// What only the first has, a line each; both are sorted.
std::string difference(const std::vector<std::string>& some,
                       const std::vector<std::string>& other) {
    std::vector<std::string> lines;
    std::set_difference(some.begin(), some.end(), other.begin(), other.end(),
                        std::back_inserter(lines));
    std::string all;
    for (const std::string& line : lines)
        all += "\n  " + line;
    return all;
}

const std::vector<Setup> kSetups{
    {"plain", 1, 1, [](config::Config&) {}},
    {"few flows a host", 1, 1, [](config::Config& config) { config.host_limits = {.flows = 15}; }},
    {"told of refusals", 1, 1,
     [](config::Config& config) { config.invalid = config::Invalid::Reject; }},
    {"mappings", 1, 1,
     [](config::Config& config) {
         config.snat[0].independence = nat::Independence{{{Protocol::Udp, {kMapped, kMapped}}},
                                                         {50'000, 50'999},
                                                         nat::Filtering::EndpointIndependent};
     }},
    {"mappings that filter", 1, 1,
     [](config::Config& config) {
         config.snat[0].independence = nat::Independence{{{Protocol::Udp, {kMapped, kMapped}}},
                                                         {50'000, 50'999},
                                                         nat::Filtering::AddressDependent};
     }},
    {"both sides in a burst", 2, 1, [](config::Config&) {}},
};

}  // namespace

TEST_CASE("gateway: a burst's packets do what they do one at a time", "[model]") {
    const Setup& setup = kSetups[GENERATE(range(size_t{0}, kSetups.size()))];
    CAPTURE(setup.name);
    std::mt19937_64 random(1);
    Subject slow(setup);
    Subject fast(setup);
    uint64_t packets = 0;
    const auto operations = static_cast<uint64_t>(model_operations(24'000)) / kSetups.size();
    for (unsigned round = 0; packets < operations; ++round) {
        std::vector<Draw> burst(1 + random() % 12);
        for (Draw& draw : burst)
            draw = {random(), random(), random()};
        packets += burst.size();
        CAPTURE(round);
        const auto together = fast.send(burst, true);
        const auto alone = slow.send(burst, false);
        if (together != alone)
            FAIL("only in a burst:" << difference(together, alone)
                                    << "\nonly alone:" << difference(alone, together));
        const Duration pause{static_cast<int32_t>(random() % 16 == 0 ? random() % 8192 : 1)};
        slow.tick(pause);
        fast.tick(pause);
        // When a flow goes whose time is up depends on where it stands.
        for (unsigned wait = 0; slow.expired() != fast.expired(); ++wait) {
            REQUIRE(wait < 1000);
            slow.tick(kAgeingStep);
            fast.tick(kAgeingStep);
        }
    }
    for (Subject* subject : {&slow, &fast})  // the packets that they keep for each other's end
        subject->tick(Duration::seconds(40));
    CHECK(fast.bed().count(Count::FlowsOpened) > operations / 40);
    CHECK(fast.bed().count(Count::FlowsClosed) > operations / 400);
    CHECK(fast.bed().count(Count::PortChanged) > operations / 200);
}

}  // namespace bursts_model_test
