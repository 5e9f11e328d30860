// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/crossing.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "net/text.h"

namespace crossing_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

constexpr auto kHost = "2001:db8:1::10";
constexpr auto kMapped = "2001:db8:f:fff1::10";
constexpr auto kWorld = "2001:db8:cafe::10";

AddressParams address_params() {
    AddressParams params{std::nullopt, prefix6("2001:db8:1::1/64"), v6("fe80::1"),
                         *net::parse_prefix("198.18.0.0/16")};
    params.routed = {prefix6("2001:db8:1:2::/64"), prefix6("2001:db8:1:2:8000::/65")};
    params.outside = {prefix6("2001:db8:ff::2/64"), v6("fe80::2"), v6("2001:db8:ff::1")};
    return params;
}

struct Fixture {
    std::unique_ptr<Numbers> numbers =
        std::move(Numbers::create({.plan = NumberPlan({{}, 16})})).value();
    Addresses addresses{address_params(), *numbers};
    Crossing crossing{{{*PrefixPair::of(prefix6("2001:db8:1::/48"), prefix6("2001:db8:f::/48"))},
                       {{prefix6("2001:db8:1:2::/64"), *net::parse_address("198.18.0.3")},
                        {prefix6("2001:db8:1:2:8000::/65"), *net::parse_address("198.18.0.4")}}},
                      addresses};
    Way way;
    Tick now{5000};

    std::optional<Drop> find(Side from, const char* source, const char* destination) {
        way.from = from;
        way.headers.source = v6(source);
        way.headers.destination = v6(destination);
        return crossing.find(way, now);
    }
};

}  // namespace

TEST_CASE("crossing: from inside all goes to the next hop outside", "[nat64][nptv6]") {
    Fixture f;
    REQUIRE_FALSE(f.find(Side::Inside, kHost, kWorld));
    CHECK(f.way.to == Side::Outside);
    CHECK(f.way.via == f.addresses.outside_gateway());
    CHECK(net::to_string(f.way.source) == kMapped);
    CHECK(net::to_string(f.way.destination) == kWorld);
    CHECK(f.addresses.host(v6(kHost)));  // who has sent is known
}

TEST_CASE("crossing: from outside a host is its own next hop, or the longest route's",
          "[nat64][nptv6]") {
    Fixture f;
    REQUIRE_FALSE(f.find(Side::Outside, kWorld, kMapped));
    CHECK(f.way.to == Side::Inside);
    CHECK(f.way.via == f.addresses.host(v6(kHost)));
    REQUIRE_FALSE(f.find(Side::Outside, kWorld, "2001:db8:f:fff3::5"));
    CHECK(net::to_string(f.way.via) == "198.18.0.3");
    REQUIRE_FALSE(f.find(Side::Outside, kWorld, "2001:db8:f:fff3:8000::5"));
    CHECK(net::to_string(f.way.via) == "198.18.0.4");
}

TEST_CASE("crossing: hosts that are not known are asked for a few a second", "[nat64][nptv6]") {
    Fixture f;
    const auto refused = [&](int from) {
        int count = 0;
        for (int i = from; i < from + 100; ++i) {
            const std::string host = "2001:db8:f:fff1::1:" + std::to_string(1000 + i);
            count += f.find(Side::Outside, kWorld, host.c_str()) == Drop::Ipv6NewHosts ? 1 : 0;
        }
        return count;
    };
    CHECK(refused(0) == 84);
    CHECK(refused(100) == 100);
    f.now = f.now + Duration::seconds(1);
    CHECK(refused(0) == 68);  // 16 are known, 16 more are asked for
    CHECK_FALSE(f.find(Side::Inside, kHost, kWorld));
    CHECK_FALSE(f.find(Side::Outside, kWorld, kMapped));
}

TEST_CASE("crossing: without pairs nothing crosses", "[nat64][nptv6]") {
    Fixture f;
    Crossing none({}, f.addresses);
    CHECK_FALSE(none.is_on());
    CHECK(f.crossing.is_on());
}

TEST_CASE("crossing: a frame is rewritten across segments, and its payload is not",
          "[nat64][nptv6]") {
    Fixture f;
    const Frame6 frame{.source = kHost, .destination = kWorld, .upper = udp6(1, 2, Bytes(80, 7))};
    const Bytes bytes = frame.bytes();
    const size_t cut = GENERATE(14 + 40, 14 + 48, 100);
    FakeMbuf mbuf(bytes, {cut});
    f.way.from = Side::Inside;
    REQUIRE_FALSE(read_headers(std::span(bytes).subspan(14), f.way.headers));
    REQUIRE_FALSE(f.crossing.find(f.way, f.now));
    REQUIRE_FALSE(f.crossing.rewrite(mbuf, f.way));
    Bytes after(bytes.size());
    const void* all = rte_pktmbuf_read(mbuf, 0, static_cast<uint32_t>(bytes.size()), after.data());
    if (all != after.data())
        std::copy_n(static_cast<const uint8_t*>(all), after.size(), after.begin());
    const Seen6 seen = read6(after);
    CHECK(seen.source == kMapped);
    CHECK(seen.hop_limit == 63);
    CHECK(seen.checksum_ok);
    CHECK(Bytes(after.begin() + 54, after.end()) == Bytes(bytes.begin() + 54, bytes.end()));
}

TEST_CASE("crossing: an error in fragments is not told apart from its parts", "[nat64][nptv6]") {
    Fixture f;
    Frame6 frame{.source = kHost, .destination = kWorld, .upper = icmp6(1, 0, 0, Bytes(80))};
    frame.fragment(0, true, 1);
    const Bytes bytes = frame.bytes();
    FakeMbuf mbuf(bytes);
    f.way.from = Side::Inside;
    REQUIRE_FALSE(read_headers(std::span(bytes).subspan(14), f.way.headers));
    REQUIRE_FALSE(f.crossing.find(f.way, f.now));
    CHECK(f.crossing.rewrite(mbuf, f.way) == Drop::FragmentUnsupported);
}

TEST_CASE("crossing: no error leaves behind headers that are not looked behind", "[nat64][nptv6]") {
    Fixture f;
    Frame6 frame{.source = kHost, .destination = kWorld, .upper = icmp6(1, 0, 0, Bytes(80))};
    SECTION("options behind a fragment header") {
        frame.extensions = fragment6(60, 0, false, 1);
        frame.first_extension = 44;
    }
    SECTION("authentication") {
        frame.upper.protocol = 51;
    }
    SECTION("shim6") {
        frame.upper.protocol = 140;
    }
    const Bytes bytes = frame.bytes();
    FakeMbuf mbuf(bytes);
    f.way.from = Side::Inside;
    read_headers(std::span(bytes).subspan(14), f.way.headers);
    REQUIRE_FALSE(f.crossing.find(f.way, f.now));
    CHECK(f.crossing.rewrite(mbuf, f.way) == Drop::Ipv6Untranslatable);
}

}  // namespace crossing_test
