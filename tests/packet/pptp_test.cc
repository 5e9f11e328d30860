// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// PPTP: calls of several inside hosts to one server, told apart by call IDs.

#include "pptp.h"

#include "catch.h"
#include "gateway/touched.h"
#include "testbed.h"
#include "why/answer_text.h"

namespace pptp_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Side;
using stats::Count;
using stats::Drop;
using Calls = std::vector<Reached>;

TEST_CASE("pptp: two clients with one call ID reach one server", "[packet][helper][gre]") {
    Testbed bed(helps_pptp(GENERATE(1u, 2u)));
    PptpControl one(bed);
    PptpControl other(bed, kPeer);
    const uint16_t one_told = one.calls(7, 98);
    const uint16_t other_told = other.calls(7, 99);
    CHECK(one_told == one.public_port);
    CHECK(other_told == other.public_port);
    REQUIRE(one_told != other_told);
    CHECK(bed.count(Count::ExpectationsMade) == 2);

    for (int i = 0; i < 3; ++i) {
        CHECK(one.client_sends(98) == Calls{{kPublic, kServer, 98}});
        CHECK(other.client_sends(99) == Calls{{kPublic, kServer, 99}});
        CHECK(one.server_sends(one_told) == Calls{{kServer, kHost, 7}});
        CHECK(other.server_sends(other_told) == Calls{{kServer, kPeer, 7}});
    }
    CHECK(bed.count(Count::FlowsRelated) == 2);
    CHECK(bed.count(Count::HelperPassed) == 0);
    CHECK(bed.flows() == 4);
}

TEST_CASE("pptp: the server may give two clients one call ID", "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl one(bed);
    PptpControl other(bed, kPeer);
    const uint16_t one_told = one.calls(0, 0);
    const uint16_t other_told = other.calls(0, 0);
    CHECK(one.client_sends(0) == Calls{{kPublic, kServer, 0}});
    CHECK(other.client_sends(0) == Calls{{kPublic, kServer, 0}});
    CHECK(one.server_sends(one_told) == Calls{{kServer, kHost, 0}});
    CHECK(other.server_sends(other_told) == Calls{{kServer, kPeer, 0}});
}

TEST_CASE("pptp: the server may be the first to send", "[packet][helper][gre]") {
    Testbed bed(helps_pptp(GENERATE(1u, 2u)));
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    CHECK(control.server_sends(told) == Calls{{kServer, kHost, 7}});
    CHECK(control.client_sends(99) == Calls{{kPublic, kServer, 99}});
    CHECK(control.server_sends(told) == Calls{{kServer, kHost, 7}});
    CHECK(bed.count(Count::FlowsRelated) == 1);
}

TEST_CASE("pptp: what a server sends right behind its answer is of the call",
          "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.asks(7);
    const auto arrives = [&](Frame frame) {
        bed.inject(Side::Outside,
                   frame.ether(mac_of(ip(kRouter)), bed.port(Side::Outside).mac()).bytes());
    };
    arrives(control.server_speech(pptp(PptpType::OutgoingCallReply, 99, told, 1)));
    arrives(control.server_gre(told));
    arrives(control.server_gre(told));
    bed.run();
    const auto in = bed.take(Side::Inside);
    CHECK(in.size() == 3);
    CHECK(reached(in) == Calls{{kServer, kHost, 7}, {kServer, kHost, 7}});
}

TEST_CASE("pptp: a call ends when it is cleared", "[packet][helper][gre]") {
    Testbed bed(helps_pptp(GENERATE(1u, 2u)));
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    const bool has_come = GENERATE(false, true);
    if (has_come)
        REQUIRE(control.client_sends(99).size() == 1);
    CHECK(control.client_says(pptp(PptpType::CallClearRequest, 7)) ==
          pptp(PptpType::CallClearRequest, told));
    CHECK(control.server_sends(told).size() == 1);  // nobody has said that it is over
    CHECK(control.server_says(pptp(PptpType::CallDisconnectNotify, 99)) ==
          pptp(PptpType::CallDisconnectNotify, 7));
    CHECK(control.server_sends(told).empty());
    CHECK(bed.flows() == 1);
    // The connection has its next call.
    CHECK(control.calls(8, 100) == told);
    CHECK(control.server_sends(told) == Calls{{kServer, kHost, 8}});
    CHECK(control.client_sends(100) == Calls{{kPublic, kServer, 100}});
}

TEST_CASE("pptp: a client may number its call anew, and say nothing of the one before",
          "[packet][helper][gre]") {
    Testbed bed(helps_pptp(GENERATE(1u, 2u)));
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    REQUIRE(control.client_sends(99).size() == 1);
    CHECK(control.calls(8, 99) == told);
    CHECK(control.server_sends(told) == Calls{{kServer, kHost, 8}});
    CHECK(control.client_sends(99) == Calls{{kPublic, kServer, 99}});
    CHECK(bed.flows() == 2);
}

TEST_CASE("pptp: a call ends with its control connection", "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    REQUIRE(control.client_sends(99).size() == 1);
    REQUIRE(control.server_sends(told).size() == 1);
    REQUIRE(bed.from_outside(
                   control.server_frame(kRst | kAck, control.server_next(), control.client_next()))
                .size() == 1);
    bed.advance(Duration::seconds(30));
    CHECK(control.server_sends(told).empty());
    CHECK(bed.flows() == 0);
}

TEST_CASE("pptp: a call outlasts what GRE is given otherwise", "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    // Else the connection lasts no longer than what is not acknowledged does.
    const auto acknowledgment =
        control.client_frame(kAck, control.client_next(), control.server_next());
    REQUIRE(bed.from_inside(acknowledgment).size() == 1);
    REQUIRE(control.client_sends(99).size() == 1);
    bed.advance(Duration::seconds(60));
    CHECK(control.server_sends(told).size() == 1);
    CHECK(control.client_sends(99).size() == 1);
    bed.advance(Duration::seconds(240));
    CHECK(control.server_sends(told).size() == 1);
}

TEST_CASE("pptp: nobody but the two ends of the connection has the call", "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).protocol(kGre).payload(gre_call(told)))
              .empty());
    CHECK(control.server_sends(static_cast<uint16_t>(told + 1)).empty());
    CHECK(bed.count(Count::FlowsRelated) == 0);
    CHECK(control.server_sends(told).size() == 1);
}

TEST_CASE("pptp: a call that is refused is not waited for", "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.asks(7);
    CHECK(control.server_says(pptp(PptpType::OutgoingCallReply, 99, told, 2)) ==
          pptp(PptpType::OutgoingCallReply, 99, 7, 2));
    CHECK(bed.count(Count::ExpectationsMade) == 0);
    CHECK(control.server_sends(told).empty());
}

TEST_CASE("pptp: what is sent again means the same", "[packet][helper]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.asks(7);
    const Bytes reply = pptp(PptpType::OutgoingCallReply, 99, told, 1);
    const Frame frame = control.server_speech(reply);
    for (int i = 0; i < 2; ++i) {
        const auto in = bed.from_outside(frame);
        REQUIRE(in.size() == 1);
        CHECK(in[0].payload == pptp(PptpType::OutgoingCallReply, 99, 7, 1));
    }
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    REQUIRE(control.server_sends(told).size() == 1);
    REQUIRE(bed.from_outside(frame).size() == 1);
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    CHECK(bed.count(Count::HelperPassed) == 0);
    CHECK(control.client_sends(99).size() == 1);
}

TEST_CASE("pptp: a message in two segments passes as it came", "[packet][helper]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const Bytes whole = pptp(PptpType::OutgoingCallRequest, 7, 1);
    const Bytes front(whole.begin(), whole.begin() + 20);
    const Bytes rest(whole.begin() + 20, whole.end());
    CHECK(control.client_says(front) == front);
    CHECK(control.client_says(rest) == rest);
    CHECK(bed.count(Count::HelperPassed) == 2);
    const Bytes reply = pptp(PptpType::OutgoingCallReply, 99, 7, 1);
    CHECK(control.server_says(reply) == reply);
    CHECK(bed.count(Count::HelperPassed) == 3);
    CHECK(bed.count(Count::ExpectationsMade) == 0);
}

TEST_CASE("pptp: all messages of a segment are heard, and what is none passes",
          "[packet][helper]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    Bytes both = pptp(PptpType::EchoRequest, 1, 2);
    const Bytes echo = both;
    const Bytes request = pptp(PptpType::OutgoingCallRequest, 7, 1);
    both.insert(both.end(), request.begin(), request.end());
    const Bytes heard = control.client_says(both);
    CHECK(Bytes(heard.begin(), heard.begin() + 16) == echo);
    CHECK(word_at(heard, 16 + 12) == control.public_port);
    const Bytes noise(40, 0xaa);
    CHECK(control.client_says(noise) == noise);
    CHECK(bed.count(Count::HelperPassed) == 1);
    CHECK(bed.count(Count::HelperRewritten) == 1);
}

TEST_CASE("pptp: a client behind an address of its own", "[packet][helper][gre]") {
    constexpr auto kOwn = "198.51.100.50";
    Testbed bed(with(helps_pptp(), [](config::Config& config) {
        config.one_to_one = {{ip(kOwn), ip(kPeer)}};
    }));
    PptpControl control(bed, kPeer);
    REQUIRE(control.public_address == kOwn);
    const uint16_t told = control.calls(7, 99);
    CHECK(told == kControl);
    CHECK(control.client_sends(99) == Calls{{kOwn, kServer, 99}});
    CHECK(control.server_sends(told) == Calls{{kServer, kPeer, 7}});
}

TEST_CASE("pptp: of several addresses a call has that of its connection", "[packet][helper][gre]") {
    Testbed bed(with(helps_pptp(), [](config::Config& config) {
        config.pool = {{ip("198.51.100.10"), ip("198.51.100.17")}};
    }));
    for (uint16_t host = 20; host < 28; ++host) {
        const std::string address = "10.1.0." + std::to_string(host);
        PptpControl control(bed, address.c_str());
        const uint16_t told = control.calls(7, host);
        CHECK(control.client_sends(host) == Calls{{control.public_address, kServer, host}});
        CHECK(control.server_sends(told) == Calls{{kServer, address, 7}});
    }
}

TEST_CASE("pptp: a server inside, behind a forward", "[packet][helper][gre]") {
    ServedInside served(helps_pptp(), 1723);
    constexpr uint16_t kTold = ServedInside::kClientPort;
    REQUIRE(served.client_sends(101, 901, pptp(PptpType::StartRequest)).size() == 1);
    REQUIRE(served.server_sends(901, 257, pptp(PptpType::StartReply, 0, 0, 1)).size() == 1);
    const auto in = served.client_sends(257, 1057, pptp(PptpType::OutgoingCallRequest, 7, 1));
    REQUIRE(in.size() == 1);
    CHECK(word_at(in[0].payload, 12) == kTold);
    const auto out =
        served.server_sends(1057, 425, pptp(PptpType::OutgoingCallReply, 99, kTold, 1));
    REQUIRE(out.size() == 1);
    CHECK(word_at(out[0].payload, 14) == 7);
    const auto to_server = [](uint16_t id) {
        return Frame().ipv4(kOther, kPublic).protocol(kGre).payload(gre_call(id));
    };
    CHECK(reached(served.bed.from_outside(to_server(99))) == Calls{{kOther, kHost, 99}});
    CHECK(reached(served.bed.from_inside(
              Frame().ipv4(kHost, kOther).protocol(kGre).payload(gre_call(kTold)))) ==
          Calls{{kPublic, kOther, 7}});
}

TEST_CASE("pptp: GRE without a call goes by its addresses", "[packet][helper][gre]") {
    const bool is_helped = GENERATE(false, true);
    const uint8_t version = GENERATE(uint8_t{0}, uint8_t{1});
    Testbed bed(is_helped ? helps_pptp() : TestbedOptions{});
    const auto from = [&](const char* host) {
        return bed.from_inside(
            Frame().ipv4(host, kServer).protocol(kGre).payload(gre_call(5, version)));
    };
    CHECK(reached(from(kHost)) == Calls{{kPublic, kServer, 5}});
    CHECK(reached(bed.from_outside(
              Frame().ipv4(kServer, kPublic).protocol(kGre).payload(gre_call(6, version)))) ==
          Calls{{kServer, kHost, 6}});
    CHECK(from(kPeer).empty());
    CHECK(bed.dropped(Drop::AddressesExhausted) == 1);
}

TEST_CASE("pptp: a call goes beside GRE of the same ends without one", "[packet][helper][gre]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed, kPeer);
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).protocol(kGre).payload(gre_call(0, 0)))
                .size() == 1);
    const uint16_t told = control.calls(7, 99);
    CHECK(control.client_sends(99) == Calls{{kPublic, kServer, 99}});
    CHECK(control.server_sends(told) == Calls{{kServer, kPeer, 7}});
    CHECK(reached(bed.from_outside(
              Frame().ipv4(kServer, kPublic).protocol(kGre).payload(gre_call(told, 0)))) ==
          Calls{{kServer, kHost, told}});
}

TEST_CASE("pptp: without --helper nothing is read", "[packet][helper]") {
    Testbed bed({.configure = [](config::Config& config) { config.helpers = {{21}, {69}}; }});
    PptpControl control(bed);
    CHECK(control.asks(7) == 7);
    CHECK(bed.count(Count::HelperPassed) == 0);
}

TEST_CASE("pptp: who is called keeps the call when rules are read again", "[packet][helper]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    const bool is_servers = GENERATE(false, true);
    REQUIRE((is_servers ? control.server_sends(told) : control.client_sends(99)).size() == 1);
    const flow::FlowRecord* call = related_flow(bed);
    REQUIRE(call != nullptr);
    CHECK(gateway::has_ground(*bed.gateway().policies().current(), *call));
    CHECK((call->key(Direction::Original).source == ip(kServer)) == is_servers);
}

TEST_CASE("pptp: why says of a packet that it is of the call", "[packet][helper][why]") {
    Testbed bed(helps_pptp());
    PptpControl control(bed);
    const uint16_t told = control.calls(7, 99);
    const auto policy = bed.gateway().policies().current();
    const auto ask = [&](const Frame& frame, link::InterfaceId from) {
        return bed.gateway().ask({.frame = frame.bytes(), .from = from}, *policy, bed.now());
    };
    const std::vector<listing::InterfaceName> names{{"lan", "inside"}, {"wan", "outside"}};
    const auto text_of = [&](const why::Answer& answer) {
        return why::answer_text(answer, {names, 1});
    };
    const Frame frame = Frame().ipv4(kHost, kServer).protocol(kGre).payload(gre_call(99));
    const why::Answer foretold = ask(frame, 0);
    REQUIRE(foretold.request);
    CHECK(foretold.request->expectation);
    CHECK(text_of(foretold).find("of the control connection") != std::string::npos);
    CHECK(text_of(foretold).find("for 600 s") != std::string::npos);
    CHECK(bed.count(Count::FlowsRelated) == 0);
    REQUIRE(control.client_sends(99).size() == 1);
    const why::Answer met = ask(control.server_gre(told), 1);
    REQUIRE(met.met);
    CHECK(met.met->direction == Direction::Reply);
    CHECK(text_of(met).find("srckey=0x7 dstkey=0x63") != std::string::npos);
}

TEST_CASE("pptp: after a restart calls end, and their connections", "[packet][helper]") {
    Estate estate;
    TestbedOptions options = helps_pptp();
    options.estate = &estate;
    {
        Testbed bed(options);
        PptpControl control(bed);
        (void)control.calls(7, 99);
        REQUIRE(control.client_sends(99).size() == 1);
    }
    options.start = Tick{5000};
    Testbed bed(options);
    CHECK(bed.count(Count::StateHelped) == 2);
    CHECK(bed.flows() == 0);
}

}  // namespace pptp_test
