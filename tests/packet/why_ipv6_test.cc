// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is said of a packet of an IPv6 host before it is sent, to IPv4 hosts (--nat64) and to IPv6
/// ones (--route6), beside what then becomes of it: the same. And nothing has changed by asking.
///
/// Shape    As why_test.cc: most packets are drawn by what stands in the flow table, with numbers
///          near those that their flows expect. IPv4 hosts have some of the pools' ports.

#include "asked.h"
#include "asked_ipv6_gateways.h"
#include "catch.h"
#include "conntrack/tcp_tracker.h"
#include "either_version.h"
#include "why/answer_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace why_ipv6_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Side;
using why::Fate;

namespace {

class Subject {
public:
    explicit Subject(const Setup& setup) : bed_(options(setup)), setup_(setup) {
        bed_.silent = {kSilent6};
    }

    void step() {
        if (draw(12) == 0)
            bed_.tick(any_time());
        settle();
        for (auto& frames : came_)
            frames.clear();
        const Arriving arriving = any_packet();
        const Counted before = count(bed_);
        const why::Answer answer = ask(bed_, {.frame = arriving.frame, .side = arriving.from});
        CAPTURE(why::packet_text(answer, bed_.gateway().naming()), arriving.from);
        CHECK(count(bed_) == before);
        bed_.inject(arriving.from, arriving.frame);
        settle();
        compare(answer, arriving, before.snapshot);
        ++fates_[fate_name(answer)];
        is_of_ipv6_ += answer.arrival.ipv6 || naming().host(answer.after.destination).ipv6 ? 1 : 0;
    }

    const std::map<std::string, unsigned>& fates() const { return fates_; }
    unsigned searched() const { return searched_; }
    /// Packets that came as IPv6, or left so.
    unsigned of_ipv6() const { return is_of_ipv6_; }

private:
    struct Arriving {
        Side from;
        Bytes frame;
    };

    uint64_t draw(uint64_t below) { return random_() % below; }
    template <typename T>
    const T& one_of(const std::vector<T>& all) {
        return all[draw(all.size())];
    }
    /// In a crowd nobody loses a number by it.
    Duration any_time() {
        const bool is_long = draw(8) == 0 && !setup_.is_crowd;
        return Duration{static_cast<int32_t>(draw(is_long ? 60'000 : 700))};
    }
    nat64::Naming naming() { return bed_.gateway().naming(); }

    /// Turns until no neighbour has anything to answer.
    void settle() {
        bed_.run();
        for (bool moved = true; moved;) {
            moved = false;
            for (const Side side : {Side::Inside, Side::Outside})
                for (const Bytes& frame : bed_.take_frames(side))
                    moved |= hear(side, frame);
            if (moved)
                bed_.run();
        }
    }

    /// True where a neighbour has answered.
    bool hear(Side side, const Bytes& frame) {
        const bool is_discovery = is_ipv6(frame) && frame[20] == 58 &&
                                  (frame[54] == 135 || (frame[54] == 136 && frame[38] == 0xff));
        if (!is_discovery) {
            came_[index(side)].push_back(frame);
            return false;
        }
        const Seen6 seen = read6(frame);
        if (frame[54] == 136 || seen.source == "::" ||
            bed_.silent.contains(text6(&seen.transport.at(8))))
            return false;
        bed_.inject(side, advertisement_for(seen).bytes());
        return true;
    }

    Arriving arriving(Side from, Frame6 frame) {
        frame.source_mac = mac_of6(from == Side::Inside ? frame.source : kGateway6);
        frame.destination_mac = bed_.port(from).mac();
        if (draw(16) == 0)
            frame.hop_limit = static_cast<uint8_t>(draw(2));
        if (draw(20) == 0 && frame.extensions.empty())
            frame.fragment(0, false, 77);  // of one
        if (draw(20) == 0 && frame.extensions.empty())
            extend(frame);
        return {from, frame.bytes()};
    }

    /// Extension headers of eight bytes each, of options that say nothing, or of what is none.
    void extend(Frame6& frame) {
        static const std::vector<uint8_t> kHeaders{0, 60, 60, 43, 44, 51, 135, 59};
        frame.first_extension = one_of(kHeaders);
        for (uint64_t headers = 1 + draw(3); headers > 0; --headers) {
            const uint8_t next = headers == 1 ? frame.upper.protocol : one_of(kHeaders);
            const uint8_t segments_left = draw(4) == 0 ? 1 : 0;  // where it is for routing
            for (const uint8_t byte : {next, uint8_t{0}, uint8_t{1}, segments_left})
                frame.extensions.push_back(byte);
            frame.extensions.resize(frame.extensions.size() + 4);
        }
    }

    Arriving arriving(Side from, Frame frame) {
        frame.ether(mac_of(ip(from == Side::Inside ? kHost : kRouter)), bed_.port(from).mac());
        if (draw(16) == 0)
            frame.ttl(static_cast<uint8_t>(draw(2)));
        if (draw(8) == 0)
            frame.dont_fragment();
        return {from, frame.bytes()};
    }

    Arriving any_packet() {
        const uint64_t kind = draw(setup_.is_crowd ? 40 : 16);
        if (kind < 10)
            if (const auto* record = any_record(flow::Kind::Flow)) {
                const Direction direction = draw(2) == 0 ? Direction::Original : Direction::Reply;
                return kind < 8    ? of_flow(*record, direction)
                       : kind == 8 ? about_flow(*record, direction)
                                   : damaged(*record, direction);
            }
        const uint64_t who = draw(8);
        if (who < 5)
            return from_inside6();
        if (who == 5)
            return from_inside4();
        if (who == 6 && draw(setup_.has_outside ? 1 : 4) == 0)
            return from_outside6();
        return from_outside4();
    }

    const flow::FlowRecord* any_record(flow::Kind kind) {
        std::vector<const flow::FlowRecord*> all;
        auto& table = bed_.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (record.kind() == kind)
                all.push_back(&record);
        });
        return all.empty() ? nullptr : one_of(all);
    }

    std::string any_host() {
        if (draw(12) == 0)
            return one_of(kNobodys6);
        if (setup_.is_crowd && !setup_.has_outside && draw(4) != 0)
            return "2001:db8:1::1:" + std::to_string(1000 + draw(1000));
        return one_of(kHosts6);
    }

    std::string destination6() {
        if (setup_.is_crowd && setup_.has_outside && draw(4) != 0)
            return "2001:db8:cafe::1:" + std::to_string(1000 + draw(1000));
        const uint64_t where = draw(12);
        return where == 0                        ? one_of(kStrange6)
               : where < 3                       ? one_of(kPublics6)
               : where < 8 && setup_.has_outside ? one_of(kWorlds6)
                                                 : one_of(kServers6);
    }

    // Each draw by itself: whose arguments are found in which order, compilers choose.
    Arriving from_inside6() {
        const Message message = any_message();
        const std::string host = any_host();
        if (draw(16) == 0)
            return arriving(Side::Inside, any_icmp6(host, destination6()));
        return arriving(Side::Inside, frame6(message, host, destination6()));
    }

    /// Of any kind, neighbour discovery among them, which says nothing of use here.
    Frame6 any_icmp6(const std::string& source, const std::string& destination) {
        static const std::vector<uint8_t> kTypes{1,   2,   3,   4,   5,   127, 128, 129, 130, 132,
                                                 133, 134, 135, 136, 137, 138, 139, 143, 160, 255};
        const uint8_t type = one_of(kTypes);
        const auto code = static_cast<uint8_t>(draw(4) == 0 ? draw(8) : 0);
        const auto rest = static_cast<uint32_t>(draw(2) == 0 ? 0 : random_());
        return {.source = source,
                .destination = destination,
                .upper = icmp6(type, code, rest, Bytes(draw(80), 0x60))};
    }

    Arriving from_inside4() {
        const Message message = any_message();
        const Be32 host = ip(one_of(kHosts4).c_str());
        return arriving(Side::Inside, frame4(message, host, ip(one_of(kServers4).c_str())));
    }

    Arriving from_outside6() {
        const Message message = any_message();
        const std::string host = any_host();
        const std::string source = draw(8) == 0    ? one_of(kNobodys6)
                                   : draw(12) == 0 ? kWan6
                                                   : one_of(kWorlds6);
        return arriving(Side::Outside, frame6(message, source, host));
    }

    Arriving from_outside4() {
        Message message = any_message();
        Be32 destination = ip(one_of(kPublics4).c_str());
        if (draw(3) == 0)
            message.destination_port = 8080;
        if (const auto* mapping = any_record(flow::Kind::Mapping); mapping && draw(2) == 0) {
            destination = mapping->key(Direction::Reply).destination;
            message.protocol = Protocol::Udp;
            message.destination_port = mapping->key(Direction::Reply).destination_port.host();
        }
        return arriving(Side::Outside, frame4(message, ip(one_of(kServers4).c_str()), destination));
    }

    Message any_message() {
        Message message{.protocol = one_of(kProtocols), .flags = any_flags()};
        if (message.protocol == Protocol::Icmp) {
            message.source_port = static_cast<uint16_t>(7 + draw(4));
            message.destination_port = draw(8) == 0 ? 0 : 0x0800;
        } else if (net::has_ports(message.protocol)) {
            message.source_port = static_cast<uint16_t>(1024 + draw(40));
            message.destination_port = static_cast<uint16_t>(draw(8) == 0 ? 53 : 80 + draw(2));
        }
        message.payload = any_payload();
        return message;
    }

    uint8_t any_flags() {
        static const std::vector<uint8_t> kFlags{kSyn,        kSyn, kSyn | kAck, kSyn | kAck, kAck,
                                                 kAck,        kAck, kFin | kAck, kFin | kAck, kRst,
                                                 kRst | kAck, kFin, kSyn | kFin};
        return one_of(kFlags);
    }

    /// Now and then as large as what fits in one version's packet, and not in the other's; or in
    /// none.
    size_t any_payload() {
        if (draw(24) != 0)
            return draw(3) * 10;
        return 1400 + draw(draw(4) == 0 ? 300 : 41);
    }

    Message next_of(const flow::FlowRecord& record, Direction direction) {
        const net::Tuple& tuple = record.key(direction);
        Message message{.protocol = tuple.protocol,
                        .source_port = tuple.source_port.host(),
                        .destination_port = tuple.destination_port.host(),
                        .flags = any_flags(),
                        .payload = any_payload()};
        if (tuple.protocol == Protocol::Tcp) {
            const auto& ends =
                reinterpret_cast<const conntrack::TcpTracker*>(record.tracker.data())->ends;
            static const std::vector<uint32_t> kOff{0, 0,   0,      0,       0,
                                                    1, ~0U, 60'000, 200'000, 1u << 31};
            message.seq = ends[index(direction)].end + one_of(kOff);
            message.ack = ends[index(opposite(direction))].end + one_of(kOff);
        }
        return message;
    }

    Arriving of_flow(const flow::FlowRecord& record, Direction direction) {
        const net::Tuple& tuple = record.key(direction);
        const Message message = next_of(record, direction);
        const Side from = draw(24) == 0 ? Side::Outside : record.sides.enter(direction);
        const nat64::WireEnds ends = naming().ends(tuple);
        return ends.are_ipv6() ? arriving(from, frame6(message, to_string(ends.source),
                                                       to_string(ends.destination)))
                               : arriving(from, frame4(message, tuple.source, tuple.destination));
    }

    /// An ICMP error about one of its packets.
    Arriving about_flow(const flow::FlowRecord& record, Direction direction) {
        const net::Tuple& towards = record.key(direction);
        const Message message = next_of(record, opposite(direction));
        const Side from = draw(8) == 0 ? Side::Outside : record.sides.enter(direction);
        const nat64::WireEnds ends = naming().ends(towards);
        if (!ends.are_ipv6()) {
            const Bytes quoted = frame4(message, towards.destination, towards.source).ip_bytes();
            const Be32 sender = draw(2) == 0 ? ip("192.0.2.9") : towards.source;
            return arriving(from, Frame()
                                      .ipv4(sender, towards.destination)
                                      .icmp_error(3, draw(2) == 0 ? 1 : 4, quoted, 1300));
        }
        const Frame6 quoted = frame6(message, to_string(ends.destination), to_string(ends.source));
        const bool is_other = draw(2) == 0;
        const std::string router = from == Side::Inside ? kOther6 : kFarRouter6;
        const std::string sender = is_other ? router : to_string(ends.source);
        static const std::vector<uint8_t> kErrors{1, 2, 3, 4};
        return arriving(from, Frame6{.source = sender,
                                     .destination = quoted.source,
                                     .upper = icmp6(one_of(kErrors), 0, 1300, quoted.ip_bytes())});
    }

    /// One of its packets, with some bytes that are others.
    Arriving damaged(const flow::FlowRecord& record, Direction direction) {
        Arriving arriving = of_flow(record, direction);
        constexpr size_t kEtherBytes = 14;
        Bytes& frame = arriving.frame;
        for (uint64_t bytes = 1 + draw(3); bytes > 0; --bytes)
            frame[kEtherBytes + draw(std::min<size_t>(frame.size() - kEtherBytes, 60))] =
                static_cast<uint8_t>(random_());
        if (draw(4) == 0)
            frame.resize(kEtherBytes + draw(frame.size() - kEtherBytes));
        return arriving;
    }

    void compare(const why::Answer& answer, const Arriving& arrived,
                 const stats::Snapshot& before) {
        const std::string dropped = dropped_since(bed_, before);
        CAPTURE(dropped, static_cast<int>(answer.fate), stats::drop_name(answer.reason));
        const auto& ipv6 = answer.arrival.ipv6;
        if (answer.arrival.is_fragment || (ipv6 && !ipv6->headers.is_whole()))
            return;  // what becomes of it is for others of its datagram to say
        if (waits_for_nobody(answer)) {
            CHECK(dropped.empty());
            CHECK(came_[index(opposite(arrived.from))].empty());
            return;
        }
        if (answer.fate == Fate::Dropped && answer.may_search_on && dropped.empty()) {
            ++searched_;
            return;
        }
        CHECK(dropped == dropped_by(answer));
        compare_told(bed_, answer, before);
        if (answer.fate == Fate::Answered)
            CHECK(came_[index(arrived.from)].size() == 1);
        if (answer.fate != Fate::Leaves && answer.fate != Fate::Waits)
            return;
        const auto& to = bed_.gateway().interfaces()[answer.exit->path.interface];
        const auto& out =
            came_[index(to.realm == link::Realm::Inside ? Side::Inside : Side::Outside)];
        REQUIRE_FALSE(out.empty());
        CHECK((out.size() > 1) == answer.is_cut);
        if (answer.may_search_on && has_another_source(answer, out[0])) {
            ++searched_;
            return;
        }
        is_ipv6(out[0]) ? compare(answer, read6(out[0])) : compare(answer, read(out[0]));
    }

    std::string next_hop(const why::Answer& answer) {
        return to_string(naming().host(answer.exit->path.via));
    }

    /// Whether it has a word in IPv6 is found out when it leaves, which it never does.
    bool waits_for_nobody(const why::Answer& answer) {
        const bool is_to_leave =
            answer.fate == Fate::Waits ||
            (answer.fate == Fate::Dropped && answer.reason == stats::Drop::Ipv6Untranslatable);
        return is_to_leave && answer.exit && !answer.exit->has_mac &&
               bed_.silent.contains(next_hop(answer));
    }

    /// What stands in the place of a port included.
    bool has_another_source(const why::Answer& answer, const Bytes& frame) {
        const std::pair told(told_ends(answer).first, unsigned{answer.after.source_port.host()});
        if (is_ipv6(frame)) {
            const Seen6 seen = read6(frame);
            return told != std::pair(seen.source, seen.word(seen.protocol == 58 ? 4 : 0));
        }
        const Seen seen = read(frame);
        return told != std::pair(seen.source,
                                 unsigned{seen.protocol == 1 ? seen.identifier : seen.source_port});
    }

    /// The source and the destination that it was said to leave with.
    std::pair<std::string, std::string> told_ends(const why::Answer& answer) {
        const nat64::WireEnds ends = naming().ends(answer.after);
        const auto& ipv6 = answer.arrival.ipv6;
        const bool keeps_source =
            why::keeps_ipv6_ends(answer) ||
            (ipv6 && answer.arrival.is_icmp_error && answer.arrival.side == Side::Outside);
        return {keeps_source ? net::to_string(ipv6->headers.source) : to_string(ends.source),
                why::keeps_ipv6_ends(answer) ? net::to_string(ipv6->headers.destination)
                                             : to_string(naming().host(answer.after.destination))};
    }

    void compare(const why::Answer& answer, const Seen6& seen) {
        CHECK(std::pair(seen.source, seen.destination) == told_ends(answer));
        CHECK(seen.destination_mac == mac_of6(next_hop(answer)));
        if (answer.exit->has_mac)
            CHECK(seen.destination_mac == answer.exit->mac);
        CHECK(seen.hop_limit == answer.arrival.ttl - 1);
        const bool has_checksum =
            answer.arrival.is_icmp_error || !net::is_by_address(answer.after.protocol);
        CHECK((seen.checksum_ok || !has_checksum));
        if (answer.arrival.is_icmp_error)
            return;
        if (answer.after.protocol == Protocol::Icmp)
            CHECK(seen.word(4) == identifier(answer, seen.transport.at(0) == 128));
        else if (net::has_ports(answer.after.protocol))
            compare_ports(answer, seen.word(0), seen.word(2));
    }

    void compare(const why::Answer& answer, const Seen& seen) {
        CHECK(std::pair(seen.source, seen.destination) == told_ends(answer));
        CHECK(seen.destination_mac == mac_of(answer.exit->path.via));
        if (answer.exit->has_mac)
            CHECK(seen.destination_mac == answer.exit->mac);
        CHECK(seen.ttl == answer.arrival.ttl - 1);
        CHECK(seen.checksums_ok());
        if (answer.arrival.is_icmp_error)
            return;
        if (answer.after.protocol == Protocol::Icmp)
            CHECK(seen.identifier == identifier(answer, seen.icmp_type == 8));
        else if (net::has_ports(answer.after.protocol))
            compare_ports(answer, seen.source_port, seen.destination_port);
    }

    static unsigned identifier(const why::Answer& answer, bool is_request) {
        return (is_request ? answer.after.source_port : answer.after.destination_port).host();
    }

    static void compare_ports(const why::Answer& answer, unsigned source, unsigned destination) {
        CHECK(source == answer.after.source_port.host());
        CHECK(destination == answer.after.destination_port.host());
    }

    Testbed bed_;
    const Setup& setup_;
    std::mt19937_64 random_{7};
    std::array<std::vector<Bytes>, net::kSideCount> came_;  // since the last packet
    std::map<std::string, unsigned> fates_;
    unsigned searched_ = 0;
    unsigned is_of_ipv6_ = 0;
};

}  // namespace

TEST_CASE("why ipv6: what is said of a host's packet is what becomes of it, by NAT64 and --route6",
          "[packet][why][nat64][route6]") {
    const Setup& setup = kSetups[GENERATE(range(size_t{0}, kSetups.size()))];
    CAPTURE(setup.name);
    Subject subject(setup);
    ask_about_many(subject);
    CHECK(subject.of_ipv6() * 2 > kAskedPackets);
}

TEST_CASE("why ipv6: a ping to the gateway is answered up to the MTU, and not in parts",
          "[packet][why][nat64]") {
    static constexpr size_t kMost = 1500 - 40 - 8;  // without headers
    Testbed bed(options(kSetups.front()));
    const size_t payload = GENERATE(as<size_t>{}, kMost, kMost + 1);
    const bool fits = payload <= kMost;
    const std::string own = GENERATE(as<std::string>{}, kOwn6, "64:ff9b::198.51.100.1");
    Frame6 ping{
        .source = kHost6, .destination = own, .upper = icmp6(128, 0, 0x70001, Bytes(payload, 7))};
    ping.source_mac = mac_of6(kHost6);
    ping.destination_mac = bed.port(Side::Inside).mac();
    const Counted before = count(bed);
    const why::Answer answer = ask(bed, {.frame = ping.bytes(), .side = Side::Inside});
    CHECK(answer.fate == (fits ? Fate::Answered : Fate::Dropped));
    bed.inject(Side::Inside, ping.bytes());
    bed.run();
    CHECK(dropped_since(bed, before.snapshot) == dropped_by(answer));
    CHECK(dropped_by(answer) == (fits ? "" : "ipv6_untranslatable "));
}

}  // namespace why_ipv6_test
