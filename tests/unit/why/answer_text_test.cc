// SPDX-License-Identifier: BSD-3-Clause
#include "why/answer_text.h"

#include "catch.h"
#include "packet_builder.h"

#include <array>

namespace answer_text_test {

using namespace sluice;
using namespace sluice::why;
using net::Direction;
using net::Protocol;
using sluice::test::ip;
using sluice::test::mac;

namespace {

const std::array<listing::InterfaceName, 2> kInterfaces{
    {{.name = "lan", .realm = "inside"}, {.name = "wan", .realm = "outside"}}};
const AnswerWords kWords{kInterfaces, 1};

net::Tuple tuple(const char* source, uint16_t source_port, const char* destination,
                 uint16_t destination_port) {
    return {ip(source),
            ip(destination),
            Be16::from_host(source_port),
            Be16::from_host(destination_port),
            Protocol::Tcp,
            {}};
}

const net::Tuple kOriginal = tuple("10.1.0.10", 4000, "203.0.113.10", 80);
const net::Tuple kReply = tuple("203.0.113.10", 80, "198.51.100.1", 4000);

Answer arrived(uint8_t flags) {
    Answer answer;
    answer.arrival = {.from = 0,
                      .side = net::Side::Inside,
                      .has_side = true,
                      .is_parsed = true,
                      .tuple = kOriginal,
                      .source = kOriginal.source,
                      .destination = kOriginal.destination,
                      .length = 40,
                      .ttl = 64,
                      .tcp_flags = flags};
    return answer;
}

Exit router(bool has_mac) {
    return {.path = {.via = ip("198.51.100.254"), .interface = 1},
            .mtu = 1500,
            .has_link = true,
            .has_mac = has_mac,
            .mac = mac(9)};
}

conntrack::Segment segment(uint8_t flags) {
    conntrack::Segment segment{.protocol = Protocol::Tcp, .tcp_flags = flags};
    segment.seq = 100;
    segment.ack = 500;
    segment.window = 1000;
    return segment;
}

}  // namespace

TEST_CASE("answer text: a packet of another gateway's is told which that is", "[why]") {
    Answer answer = arrived(conntrack::kSyn);
    answer.fate = Fate::Leaves;
    answer.exit = router(true);
    answer.exit->path = {.via = ip("10.1.0.2"), .interface = 0};
    answer.after = kOriginal;
    answer.owner = OwnerWords{ip("198.51.100.7"), {}};
    CHECK(fate_text(answer, kWords) ==
          "goes to another gateway, which has 198.51.100.7, by 10.1.0.2");
    answer.owner->name = "b";
    CHECK(fate_text(answer, kWords) == "goes to gateway b, which has 198.51.100.7, by 10.1.0.2");
    answer.fate = Fate::Waits;
    answer.is_cut = true;
    CHECK(fate_text(answer, kWords) ==
          "goes to gateway b, which has 198.51.100.7, by 10.1.0.2, in fragments, when 10.1.0.2 has "
          "answered ARP");
}

TEST_CASE("answer text: a packet that would open a flow is told stage by stage", "[why]") {
    Answer answer = arrived(conntrack::kSyn);
    answer.fate = Fate::Leaves;
    answer.admitted = worker::Admitted{worker::Path::Outward};
    answer.rule = 0;
    answer.rule_written = {"inside = 10.1.0.0/24", "sluice.conf:3"};
    answer.request = nat::Request::outward(kOriginal, nullptr);
    answer.exit = router(true);
    answer.tracked =
        Tracked{segment(conntrack::kSyn),
                conntrack::opened(conntrack::TcpState::SynSent, Duration::seconds(120))};
    nat::Decision decision;
    decision.external = net::Endpoint{kReply.destination, kReply.destination_port};
    decision.is_searched = true;
    decision.probes = 1;
    answer.decision = decision;
    answer.pool_name = "198.51.100.1";
    answer.after = kReply.reversed();
    CHECK(answer_text(answer, kWords) ==
          "tcp 10.1.0.10:4000 -> 203.0.113.10:80 [S], 40 bytes, TTL 64\n"
          "comes in by lan (inside)\n"
          "flow: none\n"
          "rule: inside = 10.1.0.0/24, sluice.conf:3\n"
          "route: by wan (outside) to 198.51.100.254, MTU 1500\n"
          "tracker: opens a flow, NONE -> SYN_SENT, for 120 s\n"
          "address and port: 198.51.100.1:4000, its own port, of the pool 198.51.100.1, "
          "looked at 1 port\n"
          "next hop: 198.51.100.254 is at 02:00:00:00:00:09\n"
          "leaves by wan as 198.51.100.1:4000 -> 203.0.113.10:80\n");
    CHECK(answer_line(answer, kWords) ==
          "tcp 10.1.0.10:4000 -> 203.0.113.10:80 [S]: leaves by wan as 198.51.100.1:4000 -> "
          "203.0.113.10:80\n");

    answer.fate = Fate::Waits;
    answer.exit = router(false);
    answer.is_cut = true;
    CHECK(fate_text(answer, kWords) ==
          "leaves by wan as 198.51.100.1:4000 -> 203.0.113.10:80, in fragments, when "
          "198.51.100.254 has answered ARP");
}

TEST_CASE("answer text: a gateway that stands by says so first, and last", "[why]") {
    Answer answer = arrived(conntrack::kSyn);
    answer.reason = stats::Drop::Standby;
    CHECK(answer_text(answer, kWords)
              .starts_with("tcp 10.1.0.10:4000 -> 203.0.113.10:80 [S], 40 bytes, TTL 64\n"
                           "this gateway stands by: it drops what it receives as standby\n"
                           "comes in by lan (inside)\n"
                           "dropped: standby\n    "));
}

TEST_CASE("answer text: without a lease it is said first", "[why]") {
    Answer answer = arrived(conntrack::kSyn);
    answer.reason = stats::Drop::NoLease;
    CHECK(answer_text(answer, kWords)
              .find("etcd has not confirmed this gateway's lease: it drops what it receives as "
                    "no_lease\n") != std::string::npos);
}

TEST_CASE("answer text: a refusal has the numbers that it was held against, and advice", "[why]") {
    Answer answer = arrived(conntrack::kAck);
    answer.reason = stats::Drop::InvalidWindowAbove;
    answer.sender_hears = why::SenderHears::Reset;
    Met met{.entry = {.tuple = {kOriginal, kReply},
                      .left = Duration::seconds(300),
                      .state = conntrack::TcpState::Established,
                      .status = conntrack::kSeenReply | conntrack::kAssured}};
    met.ends[0] = {.end = 90, .max_end = 95, .max_window = 10};
    met.ends[1] = {.end = 500, .max_end = 900, .max_window = 10};
    answer.met = met;
    conntrack::Verdict verdict = conntrack::refused(stats::Drop::InvalidWindowAbove);
    verdict.state = conntrack::TcpState::Established;
    answer.tracked = Tracked{segment(conntrack::kAck), verdict};
    const std::string text = answer_text(answer, kWords);
    CHECK(text.starts_with(
        "tcp 10.1.0.10:4000 -> 203.0.113.10:80 [.], 40 bytes, TTL 64\n"
        "comes in by lan (inside)\n"
        "flow: tcp      6 300 ESTABLISHED src=10.1.0.10 dst=203.0.113.10 sport=4000 dport=80 "
        "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=4000 [ASSURED] mark=0 use=1\n"
        "tracker: original direction, refused in ESTABLISHED\n"
        "    seq 100 to 100 (has sent up to 90, may send up to 95), ack 500 (the other end has "
        "sent up to 500), window 1000\n"
        "dropped: invalid_window_above\n    "));
    CHECK(text.ends_with("    its sender is told by a RST, within --reject-rate\n"));
}

TEST_CASE("answer text: a denial is named with its line", "[why]") {
    Answer answer = arrived(conntrack::kSyn);
    answer.reason = stats::Drop::Denied;
    answer.admitted = worker::Admitted{worker::Path::Refused, stats::Drop::Denied, 1};
    answer.rule = 4;
    answer.denial_written = {"deny = 10.1.0.0/24 tcp 80", ""};
    const std::string text = answer_text(answer, kWords);
    CHECK(text.find("rule: number 5\ndenied: deny = 10.1.0.0/24 tcp 80\ndropped: denied\n") !=
          std::string::npos);
    CHECK(text.find("next hop") == std::string::npos);
}

TEST_CASE("answer text: what is no packet, and what a worker alone knows, is said as that",
          "[why]") {
    Answer answer;
    answer.reason = stats::Drop::Truncated;
    CHECK(answer_line(answer, kWords) ==
          "a frame that is no sound IPv4 packet: dropped: truncated\n");
    answer = arrived(conntrack::kSyn);
    answer.reason = stats::Drop::PortsUnsearched;
    answer.request = nat::Request::outward(kOriginal, nullptr);
    nat::Decision decision;
    decision.reason = stats::Drop::PortsUnsearched;
    decision.probes = 256;
    answer.decision = decision;
    answer.may_search_on = true;
    answer.table_is_full = true;
    const std::string text = answer_text(answer, kWords);
    CHECK(text.find("address and port: none, looked at 256 ports\n"
                    "    a worker's search may go on where its last has come to") !=
          std::string::npos);
    CHECK(text.find("    or it ends a flow that nobody has answered") != std::string::npos);
    CHECK(text.find("flow table: full") != std::string::npos);
    answer.may_search_on = false;
    answer.decision->reason = stats::Drop::PortsExhausted;
    CHECK(answer_text(answer, kWords).find("    or it ends a flow") != std::string::npos);
    answer.decision->reason = stats::Drop::NoRule;
    CHECK(answer_text(answer, kWords).find("    or it ends a flow") == std::string::npos);
}

TEST_CASE("answer text: where all flows are taken that may be, another may go for this one",
          "[why]") {
    Answer answer = arrived(conntrack::kSyn);
    answer.request = nat::Request::outward(kOriginal, nullptr);
    const auto says_so = [&](stats::Drop reason) {
        answer.reason = reason;
        return answer_text(answer, kWords).find("or of its prefix: all that may be") !=
               std::string::npos;
    };
    CHECK(says_so(stats::Drop::OutsideFlows));
    CHECK(says_so(stats::Drop::ForwardFlows));
    CHECK(says_so(stats::Drop::PrefixFlows));
    CHECK_FALSE(says_so(stats::Drop::ForwardRate));
    CHECK_FALSE(says_so(stats::Drop::HostFlows));
    CHECK(answer_text(answer, kWords).find("is ended for it") == std::string::npos);
    answer.fate = Fate::Answered;
    CHECK_FALSE(says_so(stats::Drop::OutsideFlows));
    answer.replaces = true;
    CHECK(answer_text(answer, kWords).find("is ended for it") != std::string::npos);
}

}  // namespace answer_text_test
