// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/timeouts.h"

#include "catch.h"
#include "conntrack/status.h"

#include <set>
#include <string_view>

namespace timeouts_test {

using namespace sluice;
using namespace sluice::conntrack;

TEST_CASE("timeouts: each has a name and a place of its own", "[conntrack]") {
    Tuning tuning;
    std::set<std::string_view> names;
    std::set<const Duration*> fields;
    for (size_t i = 0; i < timeouts().size(); ++i) {
        CHECK(timeout_place(timeouts()[i].name) == i);
        names.insert(timeouts()[i].name);
        fields.insert(&timeouts()[i].of(tuning));
    }
    CHECK(names.size() == kTimeoutCount);
    CHECK(fields.size() == kTimeoutCount);
    CHECK_FALSE(timeout_place("udp-"));
    CHECK_FALSE(timeout_place(""));
}

TEST_CASE("timeouts: what a rule has of its own goes before the rest, and that alone",
          "[conntrack]") {
    Tuning all;
    all.udp_stream = Duration::seconds(77);
    all.tcp_be_liberal = true;
    OwnTimeouts own{};
    own[*timeout_place("udp")] = Duration::seconds(5);
    own[*timeout_place("tcp-established")] = Duration::seconds(6);
    const Tuning tuning = with_own(all, own);
    CHECK(tuning.udp == Duration::seconds(5));
    CHECK(tuning.tcp[TcpState::Established] == Duration::seconds(6));
    CHECK(tuning.udp_stream == Duration::seconds(77));
    CHECK(tuning.tcp[TcpState::TimeWait] == all.tcp[TcpState::TimeWait]);
    CHECK(tuning.tcp_be_liberal);
}

TEST_CASE("timeouts: a flow is kept by that of its protocol and state", "[conntrack]") {
    using net::Protocol;
    const auto name_of = [](Protocol protocol, ProtocolState state, uint8_t status = 0) {
        const auto place = timeout_of(protocol, state, status);
        return place ? timeouts()[*place].name : "none";
    };
    CHECK(name_of(Protocol::Tcp, TcpState::Established) == "tcp-established");
    CHECK(name_of(Protocol::Tcp, TcpState::Close, kAssured) == "tcp-close");
    CHECK(name_of(Protocol::Tcp, TcpState::SynSent2) == "none");
    CHECK(name_of(Protocol::Sctp, SctpState::ShutdownSent) == "sctp-shutdown-sent");
    CHECK(name_of(Protocol::Udp, {}, kSeenReply) == "udp");
    CHECK(name_of(Protocol::Udp, {}, kSeenReply | kAssured) == "udp-stream");
    CHECK(name_of(Protocol::UdpLite, {}, kAssured) == "udplite-stream");
    CHECK(name_of(Protocol::Gre, {}) == "gre");
    CHECK(name_of(Protocol::Icmp, {}) == "icmp");
    CHECK(name_of(Protocol{50}, {}) == "generic");
}

TEST_CASE("timeouts: two may cap others, those of TCP's states", "[conntrack]") {
    const auto caps = [](std::string_view cap, std::string_view timeout) {
        return may_cap(*timeout_place(cap), *timeout_place(timeout));
    };
    CHECK(caps("tcp-max-retrans", "tcp-established"));
    CHECK(caps("tcp-unacknowledged", "tcp-syn-sent"));
    CHECK_FALSE(caps("tcp-unacknowledged", "udp-stream"));
    CHECK_FALSE(caps("tcp-unacknowledged", "sctp-established"));
    CHECK_FALSE(caps("tcp-unacknowledged", "tcp-max-retrans"));
    CHECK_FALSE(caps("tcp-max-retrans", "tcp-max-retrans"));
    CHECK_FALSE(caps("tcp-established", "tcp-close"));
}

}  // namespace timeouts_test
