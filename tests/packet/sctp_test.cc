// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// SCTP through the gateway: associations, not stray packets.

#include "catch.h"
#include "testbed.h"

namespace sctp_test {

using namespace sluice;
using namespace sluice::test;
using conntrack::SctpState;
using stats::Drop;

namespace {

constexpr uint8_t kData = 0;
constexpr uint8_t kInit = 1;
constexpr uint8_t kInitAck = 2;
constexpr uint8_t kHeartbeat = 4;
constexpr uint8_t kAbort = 6;
constexpr uint8_t kCookieEcho = 10;
constexpr uint8_t kCookieAck = 11;
constexpr uint32_t kClientTag = 0xc1c1c1c1;
constexpr uint32_t kServerTag = 0x5e5e5e5e;

/// An association between an inside host and the server, on the wires.
struct Talk {
    Testbed& bed;
    std::string host = kHost;
    uint16_t port = 5000;
    uint16_t external = 5000;

    Frame out(uint32_t tag) const { return Frame().ipv4(host, kServer).sctp(port, 80, tag); }
    Frame in(uint32_t tag) const { return Frame().ipv4(kServer, kPublic).sctp(80, external, tag); }

    void send(const Frame& frame) {
        const auto seen = bed.from_inside(frame);
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].source == kPublic);
        CHECK(seen[0].checksums_ok());
        external = seen[0].source_port;
    }
    void receive(const Frame& frame) {
        const auto seen = bed.from_outside(frame);
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].destination == host);
        CHECK(seen[0].destination_port == port);
        CHECK(seen[0].checksums_ok());
    }
    void establish() {
        send(out(0).init(kInit, kClientTag));
        receive(in(kClientTag).init(kInitAck, kServerTag));
        send(out(kServerTag).chunk(kCookieEcho, 0, Bytes(40)).chunk(kData, 3, Bytes(21)));
        receive(in(kClientTag).chunk(kCookieAck));
    }
};

SctpState state_of(Testbed& bed) {
    return conntrack::ProtocolState(bed.only_flow().state.load()).sctp();
}

}  // namespace

TEST_CASE("sctp: an association is set up and carries data both ways", "[packet][sctp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    Talk talk{bed};
    talk.establish();
    CHECK(state_of(bed) == SctpState::Established);
    talk.send(talk.out(kServerTag).chunk(kData, 3, Bytes(1000)));
    talk.receive(talk.in(kClientTag).chunk(kData, 3, Bytes(1001)));
    CHECK(bed.flows() == 1);
}

TEST_CASE("sctp: two hosts with one port get two, and right checksums", "[packet][sctp]") {
    Testbed bed;
    Talk first{bed};
    first.establish();
    Talk second{bed, "10.1.0.11"};
    second.establish();
    CHECK(first.external == 5000);
    CHECK(second.external != 5000);
}

TEST_CASE("sctp: only an INIT opens a flow", "[packet][sctp]") {
    Testbed bed;
    Talk talk{bed};
    for (const Frame& frame :
         {talk.out(kServerTag).chunk(kData, 3, Bytes(20)),
          talk.out(kServerTag).chunk(kHeartbeat, 0, Bytes(8)), talk.out(kServerTag).chunk(kAbort),
          talk.out(kServerTag).chunk(kCookieEcho, 0, Bytes(8)),
          talk.out(kServerTag).init(kInitAck, 7)})
        CHECK(bed.from_inside(frame).empty());
    CHECK(bed.dropped(Drop::InvalidUntrackedSctp) == 5);
    CHECK(bed.from_outside(talk.in(0).init(kInit, 7)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("sctp: a wrong verification tag is refused before any rewrite", "[packet][sctp]") {
    Testbed bed;
    Talk talk{bed};
    talk.establish();
    CHECK(bed.from_inside(talk.out(0x999).chunk(kData, 3, Bytes(20))).empty());
    CHECK(bed.from_outside(talk.in(0x999).chunk(kAbort)).empty());
    CHECK(bed.dropped(Drop::InvalidSctpTag) == 2);
    CHECK(state_of(bed) == SctpState::Established);
}

TEST_CASE("sctp: a wrong CRC32c is dropped, whatever its tag", "[packet][sctp]") {
    Testbed bed;
    Talk talk{bed};
    CHECK(bed.from_inside(talk.out(0).init(kInit, kClientTag).bad_transport_checksum()).empty());
    CHECK(bed.dropped(Drop::TransportChecksum) == 1);
    CHECK(bed.flows() == 0);
    talk.establish();
    CHECK(bed.from_outside(talk.in(kClientTag).chunk(kAbort).bad_transport_checksum()).empty());
    CHECK(state_of(bed) == SctpState::Established);
}

TEST_CASE("sctp: an association that is aborted is gone ten seconds later", "[packet][sctp]") {
    Testbed bed;
    Talk talk{bed};
    talk.establish();
    talk.receive(talk.in(kClientTag).chunk(kAbort));
    CHECK(state_of(bed) == SctpState::Closed);
    bed.advance(Duration::seconds(14));
    CHECK(bed.flows() == 0);
}

TEST_CASE("sctp: in segments it is verified and translated as a whole", "[packet][sctp]") {
    Testbed bed;
    Talk first{bed, "10.1.0.11"};  // has the port that the other would like
    first.establish();
    Talk talk{bed};
    talk.establish();
    const Bytes frame = talk.out(kServerTag)
                            .chunk(kData, 3, Bytes(1200, 0x77))
                            .ether(mac_of(ip(kHost)), bed.port(net::Side::Inside).mac())
                            .bytes();
    bed.inject(net::Side::Inside, frame, 300);
    bed.run();
    const auto out = bed.take(net::Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port != 5000);
    CHECK(out[0].checksums_ok());
}

}  // namespace sctp_test
