// SPDX-License-Identifier: BSD-3-Clause
#include "flow/publics.h"

#include "catch.h"
#include "packet_builder.h"

#include <set>

namespace publics_test {

using namespace sluice;
using net::Side;
using net::Sides;
using sluice::test::ip;

namespace {

constexpr auto kHost = "10.1.0.10";
constexpr auto kPeer = "203.0.113.10";
constexpr auto kPublic = "198.51.100.1";
constexpr auto kOther = "198.51.100.2";

flow::Tuples tuples(const char* source, const char* destination, const char* target,
                    const char* seen_as, flow::Kind kind = flow::Kind::Flow) {
    flow::Tuples both;
    both[0].source = ip(source);
    both[0].destination = ip(destination);
    both[1].source = ip(target);
    both[1].destination = ip(seen_as);
    both[0].kind = both[1].kind = static_cast<uint8_t>(kind);
    return both;
}

/// Those that were asked about.
std::set<Be32> publics(const flow::Tuples& tuples, Sides sides) {
    std::set<Be32> asked;
    CHECK(flow::all_publics(tuples, sides, [&](Be32 address) {
        asked.insert(address);
        return true;
    }));
    return asked;
}

}  // namespace

TEST_CASE("publics: a flow goes by its own public address, not by that of the host outside",
          "[flow]") {
    const auto outward = tuples(kHost, kPeer, kPeer, kPublic);
    CHECK(publics(outward, {Side::Inside, Side::Outside}) == std::set{ip(kPublic)});
    CHECK(flow::peer_outside(outward, {Side::Inside, Side::Outside}) == ip(kPeer));
    const auto inward = tuples(kPeer, kPublic, kHost, kPeer);
    CHECK(publics(inward, {Side::Outside, Side::Inside}) == std::set{ip(kPublic)});
    CHECK(flow::peer_outside(inward, {Side::Outside, Side::Inside}) == ip(kPeer));
}

TEST_CASE("publics: a flow between inside hosts goes by both", "[flow]") {
    const auto hairpin = tuples(kHost, kOther, "10.1.0.11", kPublic);
    CHECK(publics(hairpin, {Side::Inside, Side::Inside}) == std::set{ip(kPublic), ip(kOther)});
    CHECK_FALSE(flow::peer_outside(hairpin, {Side::Inside, Side::Inside}));
}

TEST_CASE("publics: a contact goes by its mapping's address, other holders by theirs", "[flow]") {
    const auto contact = tuples(kHost, kPeer, kPeer, kPublic, flow::Kind::Contact);
    CHECK(publics(contact, {}) == std::set{ip(kPublic)});
    CHECK_FALSE(flow::peer_outside(contact, {}));
    const auto mapping = tuples(kHost, "0.0.0.0", "0.0.0.0", kPublic, flow::Kind::Mapping);
    CHECK(publics(mapping, {}).contains(ip(kPublic)));
}

TEST_CASE("publics: any of them is enough, or all are asked for", "[flow]") {
    const auto hairpin = tuples(kHost, kOther, "10.1.0.11", kPublic);
    const Sides within{Side::Inside, Side::Inside};
    const auto is = [](const char* address) {
        return [asked = ip(address)](Be32 each) { return each == asked; };
    };
    CHECK(flow::any_public(hairpin, within, is(kOther)));
    CHECK(flow::any_public(hairpin, within, is(kPublic)));
    CHECK_FALSE(flow::any_public(hairpin, within, is(kPeer)));
    CHECK_FALSE(flow::all_publics(hairpin, within, is(kOther)));
    CHECK_FALSE(flow::all_publics(hairpin, within, is(kPublic)));
}

}  // namespace publics_test
