// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// ICMP queries and their answers: a session of its own for each identifier.

#include "catch.h"
#include "conntrack/status.h"
#include "testbed.h"

namespace icmp_query_test {

using namespace sluice;
using namespace sluice::test;
using stats::Count;
using stats::Drop;

namespace {

struct Query {
    uint8_t type;
    uint8_t answer;
};
constexpr Query kEcho{8, 0};
constexpr Query kTimestamp{13, 14};
constexpr Query kInformation{15, 16};
constexpr Query kAddressMask{17, 18};

Frame ask(const char* host, Query query, uint16_t identifier) {
    return Frame().ipv4(host, kServer).icmp(query.type, 0, uint32_t{identifier} << 16 | 1);
}
Frame answered(Query query, uint16_t identifier) {
    return Frame().ipv4(kServer, kPublic).icmp(query.answer, 0, uint32_t{identifier} << 16 | 1);
}

}  // namespace

TEST_CASE("icmp query: every kind passes with its answer", "[packet][icmp][rfc5508]") {
    const Query query = GENERATE(values({kEcho, kTimestamp, kInformation, kAddressMask}));
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto out = bed.from_inside(ask(kHost, query, 77).payload(12));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].icmp_type == query.type);
    CHECK(out[0].identifier == 77);
    CHECK(out[0].checksums_ok());

    const auto in = bed.from_outside(answered(query, 77).payload(12));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].icmp_type == query.answer);
    CHECK(in[0].identifier == 77);
    CHECK(in[0].checksums_ok());
    CHECK(bed.flows() == 1);
    CHECK((bed.only_flow().status & conntrack::kSeenReply) != 0);
}

TEST_CASE("icmp query: one identifier serves every kind at once", "[packet][icmp]") {
    Testbed bed;
    for (const Query query : {kEcho, kTimestamp, kInformation, kAddressMask}) {
        const auto out = bed.from_inside(ask(kHost, query, 77));
        REQUIRE(out.size() == 1);
        CHECK(out[0].identifier == 77);
    }
    CHECK(bed.flows() == 4);
    CHECK(bed.from_outside(answered(kTimestamp, 77)).size() == 1);
}

TEST_CASE("icmp query: two hosts with one identifier get two", "[packet][icmp][rfc5508]") {
    const Query query = GENERATE(values({kEcho, kTimestamp}));
    Testbed bed;
    REQUIRE(bed.from_inside(ask(kHost, query, 77)).size() == 1);
    const auto out = bed.from_inside(ask("10.1.0.11", query, 77));
    REQUIRE(out.size() == 1);
    CHECK(out[0].identifier != 77);
    const auto in = bed.from_outside(answered(query, out[0].identifier));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.11");
    CHECK(in[0].identifier == 77);
}

TEST_CASE("icmp query: nobody outside asks, and no answer opens a flow", "[packet][icmp]") {
    const Query query = GENERATE(values({kEcho, kTimestamp, kInformation, kAddressMask}));
    Testbed bed;
    CHECK(bed.from_outside(answered(query, 77)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).icmp(query.answer, 0, 77 << 16)).empty());
    CHECK(bed.dropped(Drop::InvalidUntrackedIcmp) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("icmp query: an answer of another kind or code is not the answer", "[packet][icmp]") {
    Testbed bed;
    REQUIRE(bed.from_inside(ask(kHost, kTimestamp, 77)).size() == 1);
    CHECK(bed.from_outside(answered(kEcho, 77)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).icmp(14, 1, 77 << 16)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 2);
}

}  // namespace icmp_query_test
