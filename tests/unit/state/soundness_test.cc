// SPDX-License-Identifier: BSD-3-Clause
#include "state/soundness.h"

#include "catch.h"
#include "conntrack/layout.h"
#include "conntrack/sctp_tracker.h"
#include "conntrack/status.h"
#include "conntrack/tcp_tracker.h"
#include "nat/holders.h"
#include "packet_builder.h"

#include <functional>
#include <memory>
#include <new>

namespace soundness_test {

using namespace sluice;
using namespace sluice::state;
using namespace sluice::test;
using conntrack::TcpState;
using flow::FlowRecord;
using flow::Kind;
using net::Protocol;
using net::Side;
using net::Tuple;

namespace {

constexpr Tick kNow{1000};

Be16 port(uint16_t number) {
    return Be16::from_host(number);
}

/// An established connection from inside to the world.
std::unique_ptr<FlowRecord> tcp_flow() {
    auto flow = std::make_unique<FlowRecord>();
    flow->tuple[0] = {ip("10.1.0.10"), ip("203.0.113.10"), port(5000), port(80), Protocol::Tcp, {}};
    flow->tuple[1] = {ip("203.0.113.10"), ip("198.51.100.1"), port(80),
                      port(6000),         Protocol::Tcp,      {}};
    flow->state.store(static_cast<uint8_t>(TcpState::Established));
    flow->status.store(conntrack::kSeenReply | conntrack::kAssured);
    flow->deadline.store(kNow + Duration::seconds(432'000));
    new (flow->tracker.data()) conntrack::TcpTracker;
    return flow;
}

conntrack::TcpTracker& tracker(FlowRecord& flow) {
    return *std::launder(reinterpret_cast<conntrack::TcpTracker*>(flow.tracker.data()));
}

bool is_sound_after(const std::function<void(FlowRecord&)>& change) {
    const auto flow = tcp_flow();
    REQUIRE(is_sound_flow(*flow, kNow));
    change(*flow);
    return is_sound_flow(*flow, kNow);
}

std::unique_ptr<FlowRecord> holder(const nat::HolderKeys& keys) {
    auto record = std::make_unique<FlowRecord>();
    record->tuple = {keys.original, keys.reply};
    return record;
}

}  // namespace

TEST_CASE("soundness: the layout of trackers has its number", "[state]") {
    CHECK(conntrack::kTrackerLayout == 2);
    CHECK(sizeof(conntrack::TcpEnd) == 18);
    CHECK(offsetof(conntrack::TcpTracker, last_seq) == 40);
    CHECK(offsetof(conntrack::TcpTracker, last_length) == 46);
    CHECK(offsetof(conntrack::TcpTracker, repeats) == 50);
    CHECK(sizeof(conntrack::TcpTracker) == 52);
    CHECK(sizeof(conntrack::SctpTracker) == 16);
    CHECK(index(TcpState::SynSent2) == 9);
    CHECK(index(conntrack::SctpState::ShutdownAckSent) == 7);
}

TEST_CASE("soundness: flows of every protocol and way are sound", "[state]") {
    const auto flow = tcp_flow();
    CHECK(is_sound_flow(*flow, kNow));
    for (Tuple& tuple : flow->tuple)
        tuple.protocol = Protocol::Udp;
    CHECK_FALSE(is_sound_flow(*flow, kNow));  // with the state of a connection
    flow->state.store(0);
    CHECK(is_sound_flow(*flow, kNow));
    SECTION("from outside to a forward") {
        flow->sides = net::Sides(Side::Outside, Side::Inside);
        flow->tuple[0] = {ip("203.0.113.10"), ip("198.51.100.1"), port(80),
                          port(6000),         Protocol::Udp,      {}};
        flow->tuple[1] = {
            ip("10.1.0.10"), ip("203.0.113.10"), port(5000), port(80), Protocol::Udp, {}, 7};
        CHECK(is_sound_flow(*flow, kNow));
        flow->tuple[0].zone = 7;
        CHECK_FALSE(is_sound_flow(*flow, kNow));
    }
    SECTION("by address alone") {
        for (Tuple& tuple : flow->tuple) {
            tuple.protocol = Protocol::Gre;
            tuple.source_port = tuple.destination_port = {};
        }
        CHECK(is_sound_flow(*flow, kNow));
        flow->tuple[1].destination_port = port(1);
        CHECK_FALSE(is_sound_flow(*flow, kNow));
    }
}

TEST_CASE("soundness: what no flow says is not sound", "[state]") {
    const auto wrong = [](const std::function<void(FlowRecord&)>& change) {
        CHECK_FALSE(is_sound_after(change));
    };
    wrong([](FlowRecord& flow) { flow.tuple[0].kind = 1; });
    wrong([](FlowRecord& flow) { flow.tuple[1].kind = 200; });
    wrong([](FlowRecord& flow) { flow.tuple[1].protocol = Protocol::Udp; });
    wrong([](FlowRecord& flow) { flow.tuple[0].zone = 4096; });
    wrong([](FlowRecord& flow) { flow.tuple[1].zone = 1; });  // the end outside has none
    wrong([](FlowRecord& flow) { flow.tuple[0].source = {}; });
    wrong([](FlowRecord& flow) { flow.tuple[1].destination = {}; });
    wrong([](FlowRecord& flow) { flow.tuple[1].source = ip("203.0.113.11"); });
    wrong([](FlowRecord& flow) { flow.tuple[1].source_port = port(81); });
    wrong([](FlowRecord& flow) { flow.sides = net::Sides(Side::Outside, Side::Outside); });
    wrong([](FlowRecord& flow) { flow.state.store(0); });
    wrong([](FlowRecord& flow) { flow.state.store(10); });
    wrong([](FlowRecord& flow) { flow.status.store(128); });
    wrong([](FlowRecord& flow) { flow.deadline.store(kNow + Duration::seconds(21 * 86400)); });
    wrong([](FlowRecord& flow) { tracker(flow).ends[1].scale = 15; });
    wrong([](FlowRecord& flow) { tracker(flow).offered_scale = 15; });
    wrong([](FlowRecord& flow) {
        tracker(flow).last_segment = static_cast<conntrack::SegmentClass>(6);
    });
    wrong([](FlowRecord& flow) { tracker(flow).last_direction = static_cast<net::Direction>(2); });
    CHECK(is_sound_after([](FlowRecord& flow) { flow.deadline.store(kNow); }));  // over, but sound
}

TEST_CASE("soundness: holders have the keys of their kinds", "[state]") {
    const net::Endpoint inside{ip("10.1.0.10"), port(5000), 3};
    const net::Endpoint external{ip("198.51.100.1"), port(6000)};
    const net::Endpoint remote{ip("203.0.113.10"), port(0)};
    const auto mapping = holder(nat::mapping_keys(Protocol::Udp, inside, external));
    const auto contact = holder(nat::contact_keys(Protocol::Tcp, inside, remote, external));
    const auto block = holder(nat::block_keys(inside.host(), 1, external));
    for (const auto* record : {&mapping, &contact, &block}) {
        CHECK(is_sound_holder(**record));
        (*record)->state.store(nat::kRests | nat::kTold | nat::kOutlived);
        CHECK(is_sound_holder(**record));
        (*record)->state.store(32);
        CHECK_FALSE(is_sound_holder(**record));
        (*record)->state.store(0);
    }
    mapping->tuple[1].source = ip("203.0.113.10");
    CHECK_FALSE(is_sound_holder(*mapping));
    contact->tuple[1].source_port = port(9);
    CHECK_FALSE(is_sound_holder(*contact));
    for (Tuple& tuple : block->tuple)
        tuple.protocol = Protocol::Tcp;
    CHECK_FALSE(is_sound_holder(*block));
    CHECK_FALSE(is_sound_holder(*tcp_flow()));
    const auto unknown = holder(nat::block_keys(inside.host(), 1, external));
    for (Tuple& tuple : unknown->tuple)
        tuple.kind = 4;
    CHECK_FALSE(is_sound_holder(*unknown));
}

}  // namespace soundness_test
