// SPDX-License-Identifier: BSD-3-Clause
#include "why/packet_words.h"

#include "catch.h"
#include "ipv6_frame.h"
#include "net/text.h"
#include "packet_builder.h"
#include "packet_reader.h"
#include "testing/ipv6_hosts.h"

#include <array>

namespace packet_words_test {

using namespace sluice;
using namespace sluice::why;
using listing::Query;

namespace {

const std::array<listing::InterfaceName, 2> kInterfaces{
    {{.name = "lan", .realm = "inside"}, {.name = "wan", .realm = "outside"}}};

Question ask(const Query& words) {
    auto question = read_question(words, kInterfaces);
    INFO((question ? std::string() : question.error().message));
    REQUIRE(question);
    return std::move(question).value();
}

std::string refusal(const Query& words) {
    const auto question = read_question(words, kInterfaces);
    REQUIRE_FALSE(question);
    return question.error().message;
}

Query tcp(Query more = {}) {
    more.insert({{"proto", "tcp"}, {"src", "10.1.0.10:4000"}, {"dst", "203.0.113.10:80"}});
    return more;
}

}  // namespace

TEST_CASE("packet words: a TCP segment is what was said of it", "[why]") {
    const Question question = ask(tcp({{"flags", "FA"},
                                       {"seq", "7"},
                                       {"ack", "9"},
                                       {"window", "500"},
                                       {"ttl", "3"},
                                       {"len", "50"},
                                       {"df", "1"}}));
    const test::Seen seen = test::read(question.frame);
    CHECK(seen.source == "10.1.0.10");
    CHECK(seen.destination == "203.0.113.10");
    CHECK(seen.source_port == 4000);
    CHECK(seen.destination_port == 80);
    CHECK(seen.tcp_flags == (test::kFin | test::kAck));
    CHECK(seen.seq == 7);
    CHECK(seen.ack == 9);
    CHECK(seen.window == 500);
    CHECK(seen.ttl == 3);
    CHECK(seen.total_length == 50);
    CHECK(seen.dont_fragment);
    CHECK(question.has_flags);
    CHECK_FALSE(question.has_number);
    CHECK_FALSE(question.is_next);
    CHECK_FALSE(question.is_checked);
    CHECK(question.from == link::kNoInterface);
}

TEST_CASE("packet words: what is not said is what comes next", "[why]") {
    const Question question = ask(tcp());
    CHECK(test::read(question.frame).tcp_flags == test::kSyn);
    CHECK(test::read(question.frame).ttl == 64);
    CHECK(question.is_next);
    CHECK_FALSE(question.has_flags);
    CHECK(test::read(ask(tcp({{"flags", "s."}})).frame).tcp_flags == (test::kSyn | test::kAck));
    CHECK(test::read(ask(tcp({{"flags", "none"}})).frame).tcp_flags == 0);
}

TEST_CASE(
    "packet words: an echo's identifier stands behind its sender, a reply's behind its receiver",
    "[why]") {
    const auto icmp = [](const char* source, const char* destination) {
        return test::read(ask({{"proto", "icmp"}, {"src", source}, {"dst", destination}}).frame);
    };
    CHECK(icmp("10.1.0.10:7", "203.0.113.10").icmp_type == 8);
    CHECK(icmp("10.1.0.10:7", "203.0.113.10").identifier == 7);
    CHECK(icmp("10.1.0.10", "203.0.113.10").icmp_type == 8);
    CHECK(icmp("203.0.113.10", "198.51.100.1:9").icmp_type == 0);
    CHECK(icmp("203.0.113.10", "198.51.100.1:9").identifier == 9);
}

TEST_CASE("packet words: other protocols have the headers that they need", "[why]") {
    const auto seen = [](const char* protocol, const char* source, const char* destination) {
        return test::read(ask({{"proto", protocol}, {"src", source}, {"dst", destination}}).frame);
    };
    CHECK(seen("udp", "10.1.0.10:5", "203.0.113.10:53").destination_port == 53);
    CHECK(seen("udp", "10.1.0.10:5", "203.0.113.10:53").total_length == 28);
    CHECK(seen("udplite", "10.1.0.10:5", "203.0.113.10:53").protocol == 136);
    CHECK(seen("sctp", "10.1.0.10:5", "203.0.113.10:53").total_length == 52);
    CHECK(seen("50", "10.1.0.10", "203.0.113.10").protocol == 50);
}

TEST_CASE("packet words: from is an interface or a side", "[why]") {
    CHECK(ask(tcp({{"from", "wan"}})).from == 1);
    CHECK(ask(tcp({{"from", "inside"}})).side == net::Side::Inside);
    CHECK(ask(tcp({{"from", "inside"}})).from == link::kNoInterface);
    CHECK(refusal(tcp({{"from", "dmz"}})) == "from=dmz is none of inside, outside, lan, wan.");
}

TEST_CASE("packet words: a frame is taken as it was captured", "[why]") {
    const Question whole = ask({{"frame", "00ff10"}, {"length", "3"}});
    CHECK(whole.frame == std::vector<uint8_t>{0, 0xff, 0x10});
    CHECK_FALSE(whole.is_checked);
    const Question cut = ask({{"frame", "00ff10"}, {"length", "5"}, {"from", "lan"}});
    CHECK(cut.frame == std::vector<uint8_t>{0, 0xff, 0x10, 0, 0});
    CHECK(cut.from == 0);
}

TEST_CASE("packet words: what is no packet is refused with a sentence", "[why]") {
    CHECK(refusal({{"proto", "tcp"}, {"src", "10.1.0.10:4000"}}) ==
          "A packet needs proto, src and dst; dst is not given.");
    CHECK(refusal(tcp({{"flags", "SX"}})).starts_with("flags=SX is not made of"));
    CHECK(refusal(tcp({{"len", "39"}})) ==
          "len=39 is less than the 40 bytes of such a packet's headers.");
    CHECK(refusal(tcp({{"len", "65535"}})) == "len=65535 is more than 65521.");
    CHECK(refusal(tcp({{"ttl", "256"}})) == "ttl=256 is not a number from 0 to 255.");
    CHECK(refusal(tcp({{"df", "yes"}})).starts_with("df=yes is not known here"));
    CHECK(refusal(tcp({{"sport", "1"}})).starts_with("sport=1 is not known here"));
    CHECK(refusal(tcp({{"src", "10.1.0.11:1"}})) == "src is given more than once.");
    CHECK(refusal({{"proto", "tcp"}, {"src", "10.1.0.10"}, {"dst", "203.0.113.10:80"}})
              .starts_with("src and dst need a port each"));
    CHECK(refusal({{"proto", "tcp"}, {"src", "10.1.0.300:1"}, {"dst", "203.0.113.10:80"}})
              .starts_with("src=10.1.0.300:1 is neither an IPv4 address"));
    CHECK(refusal({{"proto", "gre"}, {"src", "10.1.0.10:1"}, {"dst", "203.0.113.10"}})
              .starts_with("This protocol has no ports"));
    CHECK(refusal({{"proto", "icmp"}, {"src", "10.1.0.10:1"}, {"dst", "203.0.113.10:1"}})
              .starts_with("An ICMP echo has one identifier"));
    CHECK(refusal({{"proto", "udp"},
                   {"src", "10.1.0.10:1"},
                   {"dst", "203.0.113.10:1"},
                   {"flags", "S"}}) == "flags, seq, ack and window go with proto=tcp only.");
    CHECK(refusal({{"frame", "0g"}}).starts_with("frame is not given in pairs"));
    CHECK(refusal({{"frame", "00ff"}, {"length", "1"}}) == "length=1 is less than what frame has.");
    CHECK(refusal({{"frame", "00ff"}, {"ttl", "1"}}) == "ttl=1 does not go with a frame.");
}

TEST_CASE("packet words: between an IPv6 host and IPv4 a packet is what it is inside",
          "[why][nat64]") {
    const test::Ipv6Hosts hosts;
    const std::string number = net::to_string(hosts.number("2001:db8:1::10"));
    const auto asked = [&](const Query& words) {
        return read_question(words, kInterfaces, hosts.naming);
    };
    auto question =
        asked({{"proto", "tcp"}, {"src", "[2001:db8:1::10]:4000"}, {"dst", "192.0.2.1:80"}});
    REQUIRE(question);
    CHECK(question->has_number);
    const test::Seen seen = test::read(question->frame);
    CHECK(seen.source == number);
    CHECK(seen.source_port == 4000);
    CHECK(seen.destination == "192.0.2.1");
    CHECK(seen.destination_port == 80);
    CHECK(asked({{"proto", "gre"}, {"src", "[2001:db8:1::10]"}, {"dst", "192.0.2.1"}}));
    CHECK(
        asked({{"proto", "gre"}, {"src", "192.0.2.1"}, {"dst", "2001:db8:2::1"}}).error().message ==
        "dst=2001:db8:2::1 is not behind --nat64: no packet from an IPv4 address goes there.");
    CHECK(asked({{"proto", "gre"}, {"src", "2001:db8:1::11"}, {"dst", "192.0.2.1"}})
              .error()
              .message ==
          "src=2001:db8:1::11 is of no host that has sent anything: what it sends first gives it "
          "its address inside.");
}

TEST_CASE("packet words: between IPv6 addresses a packet is what it comes as", "[why][nptv6]") {
    const test::Ipv6Hosts hosts;
    hosts.number("2001:db8:1::10");
    CHECK(test::is_ipv6(read_question({{"proto", "tcp"},
                                       {"src", "[2001:db8:1::10]:4000"},
                                       {"dst", "[64:ff9b::192.0.2.1]:80"}},
                                      kInterfaces, hosts.naming)
                            ->frame));
    const auto asked = [&](Query words) {
        words.insert({{"src", "[2001:db8:1::10]:4000"}, {"dst", "[2001:db8:9::1]:53"}});
        auto question = read_question(words, kInterfaces, hosts.naming);
        REQUIRE(question);
        CHECK_FALSE(question->is_checked);
        return test::read6(question->frame);
    };
    const test::Seen6 udp = asked({{"proto", "udp"}, {"ttl", "3"}, {"len", "100"}});
    CHECK(udp.source == "2001:db8:1::10");
    CHECK(udp.destination == "2001:db8:9::1");
    CHECK(udp.hop_limit == 3);
    CHECK(udp.protocol == 17);
    CHECK(udp.payload_length == 60);
    CHECK(udp.word(0) == 4000);
    CHECK(udp.word(2) == 53);
    CHECK(udp.word(4) == 60);
    CHECK(udp.word(6) != 0);  // over IPv6 it has a checksum
    const test::Seen6 tcp = asked({{"proto", "tcp"}});
    CHECK(tcp.protocol == 6);
    CHECK(tcp.transport.size() == 20);
    auto short_one = read_question({{"proto", "udp"},
                                    {"src", "[2001:db8:1::10]:1"},
                                    {"dst", "[2001:db8:9::1]:2"},
                                    {"len", "47"}},
                                   kInterfaces, hosts.naming);
    CHECK(short_one.error().message ==
          "len=47 is less than the 48 bytes of such a packet's headers.");
}

TEST_CASE("packet words: an echo by IPv6 has its checksum, for it is answered",
          "[why][nptv6][icmp]") {
    const test::Ipv6Hosts hosts;
    const bool is_reply = GENERATE(false, true);
    auto question = read_question({{"proto", "icmp"},
                                   {"src", is_reply ? "2001:db8:1::10" : "[2001:db8:1::10]:7"},
                                   {"dst", is_reply ? "[2001:db8:9::1]:7" : "2001:db8:9::1"}},
                                  kInterfaces, hosts.naming);
    REQUIRE(question);
    const test::Seen6 echo = test::read6(question->frame);
    CHECK(echo.protocol == 58);
    CHECK(echo.transport.at(0) == (is_reply ? 129 : 128));
    CHECK(echo.word(4) == 7);
    CHECK(echo.checksum_ok);
}

TEST_CASE("packet words: what is written wrongly of IPv6 is refused", "[why][nat64]") {
    const test::Ipv6Hosts hosts;
    hosts.number("2001:db8:1::10");
    for (const char* source :
         {"[2001:db8:1::10", "[2001:db8:1::10]80", "[2001:db8:1::10]:", "[2001:db8:1::10]:65536",
          "2001:db8:1::10]:80", "[]:80", "[10.1.0.10]:80", "2001:db8:1::10:80:", "[::1]]:80"}) {
        CAPTURE(source);
        CHECK_FALSE(
            read_question({{"proto", "tcp"}, {"src", source}, {"dst", "[64:ff9b::192.0.2.1]:80"}},
                          kInterfaces, hosts.naming));
    }
    CHECK(refusal({{"proto", "gre"}, {"src", "2001:db8:1::10"}, {"dst", "192.0.2.1"}}) ==
          "src=2001:db8:1::10: this gateway serves no IPv6 (--nat64).");
}

}  // namespace packet_words_test
