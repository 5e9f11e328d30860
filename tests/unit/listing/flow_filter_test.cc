// SPDX-License-Identifier: BSD-3-Clause
#include "listing/flow_filter.h"

#include "sample_flows.h"
#include "testing/ipv6_hosts.h"

namespace flow_filter_test {

using namespace sluice;
using namespace sluice::listing;
using namespace sluice::listing::testing;

namespace {

FlowFilter filter(const Query& query) {
    const auto result = FlowFilter::parse(query);
    INFO((result ? "" : result.error().message));
    REQUIRE(result);
    return result.value();
}

std::string refusal(const Query& query) {
    const auto result = FlowFilter::parse(query);
    return result ? "" : result.error().message;
}

const Sample kWeb{.state = TcpState::Established};  // 10.1.0.10:40000 to 203.0.113.10:80
const Sample kDns{.protocol = Protocol::Udp, .source_port = 5000, .destination_port = 53};
const Sample kPing{.protocol = Protocol::Icmp, .source_port = 80};

}  // namespace

TEST_CASE("flow filter: without a word it matches every flow", "[listing]") {
    CHECK(filter({}).is_empty());
    for (const Sample& flow : {kWeb, kDns, kPing})
        CHECK(filter({}).matches(entry(flow)));
    for (const char* name : {"src", "dst"})
        CHECK_FALSE(filter({{name, "0.0.0.0/0"}}).is_empty());
}

TEST_CASE("flow filter: addresses are those of the original direction", "[listing]") {
    CHECK(filter({{"src", "10.1.0.10"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"src", "10.1.0.11"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"src", "203.0.113.10"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"dst", "198.51.100.1"}}).matches(entry(kWeb)));
    CHECK(filter({{"dst", "203.0.113.10"}}).matches(entry(kWeb)));
}

TEST_CASE("flow filter: a prefix matches by its network, whatever its host bits", "[listing]") {
    CHECK(filter({{"src", "10.1.0.0/24"}}).matches(entry(kWeb)));
    CHECK(filter({{"src", "10.1.0.7/24"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"src", "10.1.1.0/24"}}).matches(entry(kWeb)));
    CHECK(filter({{"src", "0.0.0.0/0"}}).matches(entry(kWeb)));
}

TEST_CASE("flow filter: ports are those of TCP and UDP", "[listing]") {
    CHECK(filter({{"dport", "80"}}).matches(entry(kWeb)));
    CHECK(filter({{"sport", "40000"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"sport", "80"}}).matches(entry(kWeb)));
    CHECK(filter({{"dport", "53"}}).matches(entry(kDns)));
    CHECK_FALSE(filter({{"sport", "80"}}).matches(entry(kPing)));
    CHECK_FALSE(filter({{"dport", "2048"}}).matches(entry(kPing)));  // type 8, code 0 in the tuple
}

TEST_CASE("flow filter: protocols go by name or number, states by name", "[listing]") {
    for (const char* name : {"tcp", "TCP", "6"})
        CHECK(filter({{"proto", name}}).matches(entry(kWeb)));
    CHECK(filter({{"proto", "17"}}).matches(entry(kDns)));
    CHECK(filter({{"proto", "icmp"}}).matches(entry(kPing)));
    CHECK_FALSE(filter({{"proto", "icmp"}}).matches(entry(kWeb)));
    CHECK(filter({{"state", "ESTABLISHED"}}).matches(entry(kWeb)));
    CHECK(filter({{"state", "established"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"state", "TIME_WAIT"}}).matches(entry(kWeb)));
    CHECK_FALSE(filter({{"state", "ESTABLISHED"}}).matches(entry(kDns)));
}

TEST_CASE("flow filter: all that is given must hold", "[listing]") {
    const FlowFilter web =
        filter({{"src", "10.1.0.0/16"}, {"dport", "80"}, {"proto", "tcp"}, {"state", "CLOSE"}});
    CHECK_FALSE(web.matches(entry(kWeb)));
    Sample closed = kWeb;
    closed.state = TcpState::Close;
    CHECK(web.matches(entry(closed)));
    closed.destination_port = 81;
    CHECK_FALSE(web.matches(entry(closed)));
}

TEST_CASE("flow filter: what it cannot read it refuses by name and value", "[listing]") {
    const std::pair<Query, const char*> cases[] = {
        {{{"src", "10.1.0.300"}}, "src=10.1.0.300 is not an IPv4 address"},
        {{{"src", ""}}, "src= is not an IPv4 address"},
        {{{"dst", "10.1.0.0/33"}}, "dst=10.1.0.0/33 is not"},
        {{{"dst", "10.1.0.0/255.255.0.0"}}, "dst=10.1.0.0/255.255.0.0 is not"},
        {{{"sport", "65536"}}, "sport=65536 is not a port"},
        {{{"sport", "-1"}}, "sport=-1 is not a port"},
        {{{"dport", "80:90"}}, "dport=80:90 is not a port"},
        {{{"dport", ""}}, "dport= is not a port"},
        {{{"proto", "ospf"}}, "proto=ospf is not tcp, udp, icmp, gre, sctp, udplite or a"},
        {{{"state", "OPEN"}}, "state=OPEN is not a TCP state: SYN_SENT, SYN_RECV"},
        {{{"state", "NONE"}}, "state=NONE is not"},
        {{{"source", "10.1.0.1"}}, "no filter called source"},
        {{{"src", "10.1.0.1"}, {"src", "10.1.0.2"}}, "src is given more than once"},
        {{{"state", "CLOSE"}, {"proto", "udp"}}, "state goes with proto=tcp only"},
        {{{"sport", "5"}, {"proto", "icmp"}}, "sport and dport go with protocols that have ports"},
    };
    for (const auto& [query, sentence] : cases) {
        CAPTURE(sentence, refusal(query));
        CHECK(refusal(query).find(sentence) != std::string::npos);
    }
}

TEST_CASE("flow filter: zone= is a number of a zone", "[listing][zones]") {
    FlowEntry flow = entry(kWeb);
    flow.tuple[0].zone = 5;
    CHECK(filter({{"zone", "5"}}).matches(flow));
    CHECK_FALSE(filter({{"zone", "0"}}).matches(flow));
    CHECK(filter({{"zone", "0"}}).matches(entry(kWeb)));
    CHECK(refusal({{"zone", "4096"}}) == "zone=4096 is not a zone from 0 to 4095.");
    CHECK_FALSE(refusal({{"zone", "five"}}).empty());
}

TEST_CASE("flow filter: IPv6 hosts are meant by address or prefix", "[listing][nat64]") {
    const test::Ipv6Hosts hosts;
    const std::string number = net::to_string(hosts.number("2001:db8:1::10"));
    const FlowEntry flow = entry({.source = number});
    const auto matches = [&](const Query& query) {
        auto filter = FlowFilter::parse(query, hosts.naming);
        INFO((filter ? "" : filter.error().message));
        REQUIRE(filter);
        CHECK_FALSE(filter->is_empty());
        CHECK_FALSE(filter->matches(entry(kWeb)));
        return filter->matches(flow);
    };
    CHECK(matches({{"src", "2001:db8:1::10"}}));
    CHECK(matches({{"src", "2001:db8:1::/64"}, {"dst", "64:ff9b::203.0.113.10"}}));
    CHECK_FALSE(matches({{"src", "2001:db8:1::11"}}));
    CHECK_FALSE(matches({{"dst", "64:ff9b::203.0.113.11"}}));
    CHECK(matches({{"src", number}}));
}

TEST_CASE("flow filter: IPv6 is refused by a gateway that serves none", "[listing][nat64]") {
    CHECK(refusal({{"src", "2001:db8:1::10"}}) ==
          "src=2001:db8:1::10 matches nothing: this gateway serves no IPv6 (--nat64).");
    const test::Ipv6Hosts hosts;
    CHECK_FALSE(FlowFilter::parse({{"src", "2001:db8:1::10::"}}, hosts.naming));
}

}  // namespace flow_filter_test
