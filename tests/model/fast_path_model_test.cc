// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Random bursts through two gateways, of which one has no straight way, for somebody watches all
/// of its packets. What leaves, in which order within a flow, what is dropped and why, all that is
/// known of the flows afterwards, and what is told who watches the packets of one host is the same.
///
/// Shape    Most packets are of flows that stand: what each says is drawn by what the watched
///          gateway's tracker knows, so that it is what comes next or lies where something changes.
///          The straight way counts who takes it.

#include "catch.h"
#include "conntrack/status.h"
#include "conntrack/tcp_tracker.h"
#include "operations.h"
#include "testbed.h"

#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace fast_path_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Protocol;
using net::Side;
using stats::Count;

namespace {

constexpr uint16_t kMapped = 1030;  ///< Its UDP endpoints have mappings, in one setup.
const std::vector<const char*> kHosts{"10.1.0.2", "10.1.0.3", "10.1.0.4"};
const std::vector<const char*> kServers{"203.0.113.10", "203.0.113.11"};

struct Setup {
    const char* name;
    unsigned workers;
    bool one_is_watched;  // of the hosts, at the gateway that has a straight way
    std::function<void(config::Config&)> configure;
};

const std::vector<Setup> kSetups{
    {"plain", 1, false, [](config::Config&) {}},
    {"accounting", 1, false, [](config::Config& config) { config.accounting = true; }},
    {"blocks of ports", 1, false,
     [](config::Config& config) {
         config.holders.blocks = {64, 4};
     }},
    {"mappings", 1, false,
     [](config::Config& config) {
         config.snat[0].independence = nat::Independence{{{Protocol::Udp, {kMapped, kMapped}}},
                                                         {50'000, 50'999},
                                                         nat::Filtering::EndpointIndependent};
     }},
    {"short timeouts", 1, false,
     [](config::Config& config) {
         config.tuning.tcp_unacknowledged = Duration::seconds(20);
         config.tuning.tcp_max_retrans = 1;
     }},
    {"two workers", 2, false, [](config::Config&) {}},
    {"one host is watched", 1, true, [](config::Config&) {}},
};

TestbedOptions options(const Setup& setup) {
    return {.workers = setup.workers, .flows = 512, .configure = [&setup](config::Config& config) {
                config.inside.clear();
                config.pool.clear();
                config.snat = {
                    {.inside = {ip("10.1.0.0"), 24}, .addresses = {{ip(kPublic), ip(kPublic)}}}};
                config.icmp_rate = config.reject_rate = 1'000'000;
                setup.configure(config);
            }};
}

using Known = std::map<std::string, std::string>;

std::string hex(const void* bytes, size_t count) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < count; ++i) {
        const uint8_t byte = static_cast<const uint8_t*>(bytes)[i];
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

class Subject {
public:
    explicit Subject(const Setup& setup) : bed_(options(setup)) {}

    void watch(const observe::Wish& wish) {
        auto opened = bed_.gateway().watches().open(wish);
        REQUIRE(opened);
        readers_.push_back(std::move(*opened));
    }

    /// What was told who watched first: frames, and what became of them.
    std::vector<std::string> told() {
        std::vector<std::string> told;
        for (const auto& reader : readers_)
            while (reader->read([&](const observe::PacketEntry& entry) {
                if (reader == readers_.front() && entry.outcome != observe::Outcome::Void)
                    told.push_back(text_of(entry));
            }) != 0) {
            }
        return told;
    }

    Testbed& bed() { return bed_; }

    std::vector<flow::FlowRecord*> flows() {
        std::map<std::string, flow::FlowRecord*> found;
        auto& table = bed_.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (record.kind() == flow::Kind::Flow && record.deadline.load().is_after(bed_.now()))
                found[hex(&record.tuple, sizeof record.tuple)] = &record;
        });
        std::vector<flow::FlowRecord*> all;
        for (const auto& [name, record] : found)
            all.push_back(record);
        return all;
    }

    /// Everything but where it stands.
    Known known() {
        Known known;
        auto& table = bed_.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t index, flow::FlowRecord& record) {
            std::string& text = known[hex(&record.tuple, sizeof record.tuple)];
            text = std::to_string(record.state.load()) + ' ' +
                   std::to_string(record.status.load()) + ' ' + std::to_string(record.owner) +
                   " hops " + std::to_string(record.hops.index[0]) + ' ' +
                   std::to_string(record.hops.index[1]);
            // When a block of ports was last looked at depends on where it stands.
            if (record.kind() != flow::Kind::Block)
                text += " until " + std::to_string(record.deadline.load().milliseconds);
            if (record.key(Direction::Original).protocol == Protocol::Tcp)
                text += ' ' + hex(record.tracker.data(), sizeof(conntrack::TcpTracker));
            if (const auto account = table.accounts().read(index))
                for (const flow::Traffic& way : *account)
                    text += ' ' + std::to_string(way.packets) + '/' + std::to_string(way.bytes);
        });
        return known;
    }

private:
    static std::string text_of(const observe::PacketEntry& entry) {
        return std::to_string(index(entry.way)) + ' ' + std::to_string(index(entry.outcome)) + ' ' +
               std::to_string(index(entry.reason)) + ' ' + std::to_string(entry.from) + '>' +
               std::to_string(entry.to) + " states " + std::to_string(entry.state_before) + ' ' +
               std::to_string(entry.state_after) + ' ' + std::to_string(entry.is_new) + ' ' +
               hex(entry.frame().data(), entry.frame().size());
    }

    Testbed bed_;
    std::vector<std::unique_ptr<observe::Watches::Reader>> readers_;
};

/// Frames that leave, by what their flow is known by there, in order.
std::map<std::string, std::vector<Bytes>> by_flow(const std::vector<Bytes>& frames) {
    std::map<std::string, std::vector<Bytes>> sorted;
    for (const Bytes& frame : frames) {
        const Seen seen = read(frame);
        std::string key = seen.source + '>' + seen.destination + ' ' +
                          std::to_string(seen.protocol) + ' ' + std::to_string(seen.identifier);
        if (!seen.is_fragment())
            key += ' ' + std::to_string(seen.source_port) + ' ' +
                   std::to_string(seen.destination_port);
        sorted[key].push_back(frame);
    }
    return sorted;
}

/// Draws packets.
class Chance {
public:
    Chance() : random_(1) {}

    struct Sent {
        Side from;
        Bytes frame;
        size_t segment_bytes = 0;
    };

    uint64_t below(uint64_t bound) { return random_() % bound; }

    Sent first_packet() {
        Frame frame = Frame().ipv4(kHosts[below(kHosts.size())], kServers[below(kServers.size())]);
        const auto from = static_cast<uint16_t>(kMapped - 3 + below(8));
        const auto to = static_cast<uint16_t>(80 + below(4));
        switch (below(8)) {
            case 0:
                frame.echo_request(from);
                break;
            case 1:
            case 2:
            case 3:
                frame.udp(from, to).payload(below(64));
                break;
            default:
                frame.tcp(from, to, kSyn).seq(static_cast<uint32_t>(random_()));
                if (below(2) == 0)  // window scale and SACK
                    frame.tcp_options({3, 3, static_cast<uint8_t>(below(15)), 4, 2, 1, 1, 0});
        }
        return sent(Side::Inside, frame);
    }

    Sent packet_of(flow::FlowRecord& record) {
        const Direction direction = below(2) == 0 ? Direction::Original : Direction::Reply;
        const net::Tuple& tuple = record.key(direction);
        Frame frame = Frame().ipv4(tuple.source, tuple.destination);
        frame.tos(static_cast<uint8_t>(below(256))).id(static_cast<uint16_t>(below(65536)));
        if (below(2) == 0)
            frame.dont_fragment();
        if (tuple.protocol == Protocol::Icmp) {
            direction == Direction::Original ? frame.echo_request(tuple.source_port.host())
                                             : frame.echo_reply(tuple.destination_port.host());
        } else if (tuple.protocol == Protocol::Udp) {
            frame.udp(tuple.source_port.host(), tuple.destination_port.host()).payload(below(64));
            if (below(8) == 0)
                frame.without_udp_checksum();
        } else {
            segment(frame, record, direction);
        }
        if (below(4) == 0)
            bend(frame, tuple);
        const Side from = record.sides.enter(direction);
        Sent packet = sent(below(32) == 0 ? opposite(from) : from, frame);
        if (below(32) == 0)
            packet.frame = fragments_of(frame.payload(64), 32)[below(2)];
        if (below(24) == 0)
            packet.segment_bytes = 20 + below(60);
        return packet;
    }

private:
    static Sent sent(Side from, Frame frame) { return {from, frame.bytes()}; }

    /// The next of this end, or one beside it.
    void segment(Frame& frame, const flow::FlowRecord& record, Direction direction) {
        const net::Tuple& tuple = record.key(direction);
        const auto& tracker =
            *std::launder(reinterpret_cast<const conntrack::TcpTracker*>(record.tracker.data()));
        const auto& own = tracker.ends[index(direction)];
        const auto& other = tracker.ends[index(opposite(direction))];
        const bool is_new = own.max_window == 0;
        uint8_t flags = is_new ? kSyn | kAck : below(3) == 0 ? kAck | kPsh : kAck;
        if (below(24) == 0)
            flags = static_cast<uint8_t>(below(256));
        frame.tcp(tuple.source_port.host(), tuple.destination_port.host(), flags);
        frame.seq(is_new ? static_cast<uint32_t>(random_()) : own.end);
        frame.ack(other.end).window(
            static_cast<uint16_t>(below(16) == 0 ? 0 : 1000 + below(64000)));
        if (below(8) == 0)
            frame.seq(own.end + static_cast<uint32_t>(below(200'000)) - 100'000);
        if (below(8) == 0)
            frame.ack(other.end + static_cast<uint32_t>(below(200'000)) - 199'990);
        if (below(12) == 0)  // once more
            frame.seq(tracker.last_seq).ack(tracker.last_ack).window(tracker.last_window);
        else if ((flags & kSyn) == 0)
            frame.payload(below(3) == 0 ? 0 : below(100));
        static const std::vector<Bytes> kOptions{
            {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},               // a timestamp
            {1, 1, 5, 10, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},   // SACK, far ahead
            {8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1},               // a timestamp, otherwise
            {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 1, 0}};  // and more
        if (const uint64_t which = below(8); which < kOptions.size())
            frame.tcp_options(kOptions[which]);
    }

    /// What makes a packet other than plain.
    void bend(Frame& frame, const net::Tuple& tuple) {
        switch (below(16)) {
            case 0:
                frame.ttl(static_cast<uint8_t>(below(3)));
                break;
            case 1:
                frame.bad_ip_checksum();
                break;
            case 2:
                frame.bad_transport_checksum();
                break;
            case 3:
                frame.ip_options({1, 1, 1, 0});
                break;
            case 4:
                frame.payload(1300 + below(300));
                break;
            case 5:
                frame.padding(1 + below(20));
                break;
            case 6:
                frame.ether(mac(9), mac(static_cast<uint8_t>(9 + below(2))));
                break;
            case 7:
                frame.ip_total_length(static_cast<uint16_t>(20 + below(80)));
                break;
            case 8:
                if (tuple.protocol == Protocol::Udp)
                    frame.udp_length(static_cast<uint16_t>(below(100)));
                break;
            case 9:
                if (tuple.protocol == Protocol::Tcp)
                    frame.tcp_header_words(static_cast<uint8_t>(below(16)));
                break;
            case 10:
                frame.ip_version(static_cast<uint8_t>(below(16)));
                break;
            case 11:
                frame.ip_header_words(static_cast<uint8_t>(below(16)));
                break;
            case 12:
                frame.vlan(static_cast<uint16_t>(below(3)));
                break;
            case 13:
                frame.ether_type(0x86dd);
                break;
            default:
                break;
        }
    }

    std::mt19937_64 random_;
};

/// Both gateways.
struct Race {
    explicit Race(const Setup& setup)
        : quick(setup), watched(setup), is_told(setup.one_is_watched) {
        if (is_told) {
            observe::Wish wish{.which = observe::Which::Both};
            wish.filter.source = net::Prefix{ip(kHosts[0]), 32};
            quick.watch(wish);
            watched.watch(wish);
        }
        watched.watch({});
    }

    void send(const Chance::Sent& packet) {
        Bytes frame = packet.frame;
        const bool is_ours = frame[5] == 2;  // as Frame has it: to the gateway
        frame[5] = is_ours ? (packet.from == Side::Inside ? 0x11 : 0x22) : frame[5];
        for (Subject* subject : {&quick, &watched})
            subject->bed().inject(packet.from, frame, packet.segment_bytes);
    }

    void compare() {
        quick.bed().run();
        watched.bed().run();
        for (const Side side : {Side::Inside, Side::Outside}) {
            const auto frames = quick.bed().take_frames(side);
            REQUIRE(by_flow(frames) == by_flow(watched.bed().take_frames(side)));
        }
        compare_flows();
        if (is_told) {
            const auto seen = quick.told();
            REQUIRE(seen == watched.told());
            told += seen.size();
        }
        const stats::Snapshot one = quick.bed().gateway().snapshot();
        const stats::Snapshot other = watched.bed().gateway().snapshot();
        for (size_t i = 0; i < stats::kDropCount; ++i) {
            const auto reason = static_cast<stats::Drop>(i);
            INFO(stats::drop_name(reason));
            REQUIRE(one.drop[reason] == other.drop[reason]);
        }
        for (size_t i = 0; i < stats::kCountCount; ++i) {
            const auto count = static_cast<Count>(i);
            if (count == Count::FastPath)
                continue;
            INFO(stats::count_name(count));
            REQUIRE(one.count[count] == other.count[count]);
        }
    }

    void compare_flows() {
        const Known one = quick.known();
        const Known other = watched.known();
        std::string difference;
        for (const auto& [tuples, text] : one)
            if (const auto found = other.find(tuples);
                found == other.end() || found->second != text)
                difference += "\n  straight " + tuples + ' ' + text;
        for (const auto& [tuples, text] : other)
            if (const auto found = one.find(tuples); found == one.end() || found->second != text)
                difference += "\n  stages   " + tuples + ' ' + text;
        if (!difference.empty())
            FAIL("what is known of flows differs:" << difference);
    }

    void tick(Duration duration) {
        quick.bed().advance(duration);
        watched.bed().advance(duration);
    }

    Subject quick;
    Subject watched;
    bool is_told;
    size_t told = 0;
};

}  // namespace

TEST_CASE("gateway: the straight way does what the stages do", "[model]") {
    const Setup& setup = kSetups[GENERATE(range(size_t{0}, kSetups.size()))];
    CAPTURE(setup.name);
    Race race(setup);
    Chance chance;
    unsigned bursts = 0;
    const auto operations = static_cast<uint64_t>(model_operations(36'000)) / kSetups.size();
    for (uint64_t packets = 0; packets < operations; ++bursts) {
        const auto flows = race.watched.flows();
        const uint64_t count = 1 + chance.below(40);
        for (uint64_t i = 0; i < count; ++i)
            race.send(flows.empty() || chance.below(12) == 0
                          ? chance.first_packet()
                          : chance.packet_of(*flows[chance.below(flows.size())]));
        packets += count;
        CAPTURE(bursts);
        race.compare();
        race.tick(Duration{static_cast<int32_t>(chance.below(16) == 0 ? chance.below(5000) : 1)});
    }
    race.tick(Duration::seconds(40));  // which lets go of fragments that wait
    race.compare();
    CHECK(race.quick.bed().count(Count::FastPath) > operations / 16);
    CHECK(race.watched.bed().count(Count::FastPath) == 0);
    CHECK((race.told > operations / 16) == race.is_told);
}

}  // namespace fast_path_model_test
