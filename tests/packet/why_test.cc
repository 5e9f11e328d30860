// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is said of a packet before it is sent, beside what then becomes of it: the same. And
/// nothing has changed by asking.
///
/// Shape    Most packets are drawn by what stands in the flow table, with the numbers that their
///          flows expect or others near them, so that flows get into all states.

#include "asked.h"
#include "asked_gateways.h"
#include "catch.h"
#include "conntrack/tcp_tracker.h"
#include "net/text.h"
#include "testbed.h"
#include "why/answer_text.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

namespace why_test {
using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Side;
using stats::Count;
using why::Fate;

template <typename T>
const T& one_of(const std::vector<T>& all, uint64_t draw) {
    return all[draw % all.size()];
}

class Subject {
public:
    explicit Subject(const Setup& setup) : bed_(options(setup)), setup_(setup) {
        bed_.silent.insert(kSilentServer);
    }

    void step() {
        if (draw(12) == 0)
            bed_.tick(Duration{static_cast<int32_t>(draw(draw(8) == 0 ? 60'000 : 700))});
        settle();
        auto [interface, frame] = any_packet();
        sign(frame);
        const why::Question question{.frame = frame,
                                     .from = static_cast<link::InterfaceId>(interface)};
        const Counted before = count(bed_);
        const why::Answer answer = ask(bed_, question);
        CAPTURE(why::packet_text(answer), interface);
        CHECK(count(bed_) == before);
        bed_.inject_on(interface, frame);
        bed_.run();
        compare(answer, before.snapshot);
        ++fates_[fate_name(answer)];
    }

    const std::map<std::string, unsigned>& fates() const { return fates_; }
    unsigned searched() const { return searched_; }

private:
    using Arriving = std::pair<size_t, Bytes>;  // by which interface

    uint64_t draw(uint64_t below) { return random_() % below; }

    /// What has waited for a neighbour, and is sent or given up now, is no packet's of this test.
    void settle() {
        for (unsigned turn = 0; turn < 3; ++turn)
            bed_.run();
        for (size_t interface = 0; interface < interfaces(); ++interface)
            bed_.take_frames_of(interface);
        received_by_kernel();
    }

    size_t interfaces() const { return setup_.is_one_armed ? 1 : setup_.insides + setup_.outsides; }

    /// Frames, ARP left out, that its twins have got since the last time.
    size_t received_by_kernel() {
        size_t count = 0;
        for (const Side side : {Side::Inside, Side::Outside})
            for (const Bytes& frame : bed_.twin(side).take_received())
                count += read(frame).ether_type == 0x0800 ? 1 : 0;
        return count;
    }

    /// It comes by one of the side's interfaces.
    Arriving arriving(Side from, Frame frame) {
        const size_t first = from == Side::Inside ? 0 : setup_.insides;
        const size_t count = from == Side::Inside ? setup_.insides : setup_.outsides;
        const size_t interface = setup_.is_one_armed ? 0 : first + draw(count);
        frame.ether(mac_of(ip(from == Side::Inside ? kHost : kRouter)),
                    bed_.port_at(interface).mac());
        return {interface, frame.bytes()};
    }

    /// Its sender is who it says: asking takes him for that.
    static void sign(Bytes& frame) {
        constexpr ptrdiff_t kSenderAt = 6;
        constexpr size_t kSourceAt = 26;
        if (frame.size() < kSourceAt + sizeof(Be32))
            return;
        Be32 source;
        std::memcpy(&source.raw, &frame[kSourceAt], sizeof source.raw);
        std::ranges::copy(mac_of(source), frame.begin() + kSenderAt);
    }

    Arriving any_packet() {
        const uint64_t kind = draw(16);
        if (kind < 8)
            if (const auto* record = any_record(flow::Kind::Flow))
                return of_flow(*record, kind < 3 ? Direction::Original : Direction::Reply);
        if (kind == 8)
            if (const auto* record = any_record(flow::Kind::Flow))
                return about_flow(*record);
        const Side side = draw(4) == 0 ? Side::Outside : Side::Inside;
        if (kind == 9)
            if (const auto* record = any_record(flow::Kind::Flow))
                return damaged(*record);
        const net::Tuple tuple = side == Side::Inside ? from_inside() : from_outside();
        return arriving(side, with(tuple));
    }

    const flow::FlowRecord* any_record(flow::Kind kind) {
        std::vector<const flow::FlowRecord*> all;
        auto& table = bed_.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (record.kind() == kind)
                all.push_back(&record);
        });
        return all.empty() ? nullptr : one_of(all, random_());
    }

    net::Tuple from_inside() {
        net::Tuple tuple;
        tuple.source = ip(draw(12) == 0 ? one_of(kNobodys, random_()) : one_of(kHosts, random_()));
        const uint64_t where = draw(12);
        tuple.destination = ip(where == 0   ? one_of(kNobodys, random_())
                               : where < 3  ? one_of(kPublics, random_())
                               : where == 3 ? one_of(kHosts, random_())
                                            : one_of(kServers, random_()));
        name_ports(tuple);
        return tuple;
    }

    net::Tuple from_outside() {
        net::Tuple tuple;
        const uint64_t who = draw(12);
        tuple.source = ip(who == 0   ? one_of(kNobodys, random_())
                          : who == 1 ? one_of(kHosts, random_())
                                     : one_of(kServers, random_()));
        tuple.destination =
            ip(draw(6) == 0 ? one_of(kHosts, random_()) : one_of(kPublics, random_()));
        name_ports(tuple);
        if (draw(3) == 0)
            tuple.destination_port = Be16::from_host(8080);
        if (const auto* mapping = any_record(flow::Kind::Mapping); mapping && draw(2) == 0) {
            tuple.destination = mapping->key(Direction::Reply).destination;
            tuple.destination_port = mapping->key(Direction::Reply).destination_port;
            tuple.protocol = Protocol::Udp;
        }
        return tuple;
    }

    void name_ports(net::Tuple& tuple) {
        tuple.protocol = one_of(setup_.protocols, random_());
        if (tuple.protocol == Protocol::Icmp) {
            tuple.source_port = Be16::from_host(static_cast<uint16_t>(7 + draw(4)));
            tuple.destination_port = Be16::from_host(draw(8) == 0 ? 0 : 0x0800);
            return;
        }
        tuple.source_port = Be16::from_host(static_cast<uint16_t>(1024 + draw(40)));
        tuple.destination_port =
            Be16::from_host(static_cast<uint16_t>(draw(8) == 0 ? 53 : 80 + draw(2)));
    }

    Arriving of_flow(const flow::FlowRecord& record, Direction direction) {
        Frame frame = with(record.key(direction));
        if (record.key(direction).protocol == Protocol::Tcp) {
            const auto& ends =
                reinterpret_cast<const conntrack::TcpTracker*>(record.tracker.data())->ends;
            static const std::vector<uint32_t> kOff{0, 0,   0,      0,       0,
                                                    1, ~0U, 60'000, 200'000, 1u << 31};
            frame.seq(ends[index(direction)].end + one_of(kOff, random_()));
            frame.ack(ends[index(opposite(direction))].end + one_of(kOff, random_()));
        }
        const Side from = draw(24) == 0 ? Side::Outside : record.sides.enter(direction);
        return arriving(from, frame);
    }

    /// An ICMP error about one of its packets.
    Arriving about_flow(const flow::FlowRecord& record) {
        const Direction direction = draw(2) == 0 ? Direction::Original : Direction::Reply;
        const net::Tuple& towards = record.key(direction);
        const Bytes quoted = with(towards.reversed()).ip_bytes();
        const Be32 sender = draw(2) == 0 ? ip("192.0.2.9") : towards.source;
        const Be32 receiver = draw(8) == 0 ? ip(kPublic) : towards.destination;
        Frame error = Frame().ipv4(sender, receiver).icmp_error(3, draw(2) == 0 ? 1 : 4, quoted);
        const Side from = draw(8) == 0 ? Side::Outside : record.sides.enter(direction);
        return arriving(from, error);
    }

    /// One of its packets, with some bytes that are others.
    Arriving damaged(const flow::FlowRecord& record) {
        auto [interface, frame] = of_flow(record, Direction::Original);
        constexpr size_t kEtherBytes = 14;
        for (uint64_t bytes = 1 + draw(3); bytes > 0; --bytes)
            frame[kEtherBytes + draw(std::min<size_t>(frame.size() - kEtherBytes, 40))] =
                static_cast<uint8_t>(random_());
        if (draw(4) == 0)
            frame.resize(kEtherBytes + draw(frame.size() - kEtherBytes));
        return {interface, frame};
    }

    /// A packet with this tuple.
    Frame with(const net::Tuple& tuple) {
        Frame frame = Frame().ipv4(tuple.source, tuple.destination);
        const uint16_t from = tuple.source_port.host();
        const uint16_t to = tuple.destination_port.host();
        if (draw(16) == 0)
            frame.ttl(static_cast<uint8_t>(draw(2)));
        if (draw(16) == 0)
            frame.dont_fragment();
        if (draw(64) == 0)
            frame.bad_ip_checksum();
        switch (tuple.protocol) {
            case Protocol::Tcp: {
                static const std::vector<uint8_t> kFlags{
                    kSyn,        kSyn,        kSyn | kAck, kSyn | kAck, kAck, kAck,       kAck,
                    kFin | kAck, kFin | kAck, kRst,        kRst | kAck, kFin, kSyn | kFin};
                frame.tcp(from, to, one_of(kFlags, random_()));
                frame.window(draw(4) == 0 ? 0 : 30'000);
                break;
            }
            case Protocol::Udp:
                frame.udp(from, to);
                break;
            case Protocol::UdpLite:
                frame.udp_lite(from, to);
                break;
            case Protocol::Sctp:
                return with_chunk(frame.sctp(from, to, static_cast<uint32_t>(draw(3))));
            case Protocol::Icmp:
                if (to == 0x0800)
                    frame.echo_request(from);
                else
                    frame.echo_reply(to);
                break;
            default:
                frame.protocol(static_cast<uint8_t>(tuple.protocol));
        }
        return frame.payload(draw(24) == 0 ? 1600 : draw(3) * 10);
    }

    /// Data, or a step of an association whose ends have one of two tags.
    Frame with_chunk(Frame frame) {
        static const std::vector<uint8_t> kTypes{0, 0, 0, 4, 5, 6, 7, 8, 10, 10, 11, 14};
        const uint64_t kind = draw(4);
        if (kind < 2)
            return frame.init(static_cast<uint8_t>(1 + kind), static_cast<uint32_t>(1 + draw(2)));
        return frame.chunk(one_of(kTypes, random_()));
    }

    void compare(const why::Answer& answer, const stats::Snapshot& before) {
        const std::string dropped = dropped_since(bed_, before);
        std::vector<Seen> out;
        for (size_t interface = 0; interface < interfaces(); ++interface)
            for (const Bytes& frame : bed_.take_frames_of(interface))
                if (out.push_back(read(frame)); true)
                    interfaces_.push_back(interface);
        const auto interfaces = std::exchange(interfaces_, {});
        std::string seen;
        for (size_t i = 0; i < out.size(); ++i)
            seen += std::to_string(interfaces[i]) + ": " + summary(out[i]) + "\n";
        CAPTURE(dropped, seen, static_cast<int>(answer.fate), stats::drop_name(answer.reason));
        if (answer.arrival.is_fragment)
            return;  // what becomes of it is for others of its datagram to say
        const bool was_forwarded = answer.fate == Fate::Leaves || answer.fate == Fate::Waits;
        if (answer.fate == Fate::Dropped && answer.may_search_on && dropped.empty()) {
            ++searched_;
            return;
        }
        CHECK(dropped == dropped_by(answer));
        compare_told(bed_, answer, before);
        CHECK((answer.fate == Fate::Kernels) == (received_by_kernel() == 1));
        CHECK((answer.fate == Fate::Answered) ==
              (bed_.count(Count::EchoReplies) != before.count[Count::EchoReplies]));
        if (!was_forwarded)
            return;
        if (answer.fate == Fate::Waits && answer.exit->path.via == ip(kSilentServer)) {
            CHECK(out.empty());
            return;
        }
        REQUIRE_FALSE(out.empty());
        CHECK(interfaces[0] == answer.exit->path.interface);
        CHECK((out.size() > 1) == answer.is_cut);
        compare(answer, out[0]);
    }

    void compare(const why::Answer& answer, const Seen& seen) {
        const net::Tuple& after = answer.after;
        CHECK(seen.source == net::to_string(after.source));
        CHECK(seen.destination == net::to_string(after.destination));
        CHECK(seen.destination_mac == mac_of(answer.exit->path.via));
        if (answer.exit->has_mac)
            CHECK(seen.destination_mac == answer.exit->mac);
        if (answer.arrival.is_icmp_error)
            return;
        if (after.protocol == Protocol::Icmp) {
            const Be16 id = seen.icmp_type == 8 ? after.source_port : after.destination_port;
            CHECK(seen.identifier == id.host());
        } else if (net::has_ports(after.protocol)) {
            CHECK(seen.destination_port == after.destination_port.host());
            CHECK(seen.source_port == after.source_port.host());
        }
    }

    Testbed bed_;
    const Setup& setup_;
    std::mt19937_64 random_{7};
    std::vector<size_t> interfaces_;
    std::map<std::string, unsigned> fates_;
    unsigned searched_ = 0;
};

TEST_CASE("why: what is said of a packet is what becomes of it, and nothing changes by asking",
          "[packet][why]") {
    const Setup& setup = kSetups[GENERATE(range(size_t{0}, kSetups.size()))];
    CAPTURE(setup.name);
    Subject subject(setup);
    ask_about_many(subject);
}

TEST_CASE("why: a gateway that stands by says of every packet that it drops it, and does",
          "[packet][why]") {
    constexpr unsigned kPackets = 200;
    Subject subject(kStandby);
    for (unsigned i = 0; i < kPackets; ++i) {
        CAPTURE(i);
        subject.step();
    }
    CHECK(subject.fates() == std::map<std::string, unsigned>{{"standby", kPackets}});
}

}  // namespace why_test
