// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/policy_fingerprint.h"

#include "catch.h"
#include "config/load.h"

#include <set>
#include <string>
#include <vector>

namespace policy_fingerprint_test {

using namespace sluice;
using namespace sluice::gateway;

namespace {

using Words = std::vector<std::string>;

uint32_t fingerprint(const config::Settings& changes = {}) {
    config::Settings settings{
        {"lan", {"af_packet:l0"}},        {"wan", {"af_packet:w0"}},
        {"lan-address", {"10.1.0.1/24"}}, {"wan-address", {"198.51.100.1/24"}},
        {"gateway", {"198.51.100.254"}},  {"pool", {"198.51.100.4", "198.51.100.8"}}};
    for (const auto& [flag, words] : changes)
        settings[flag] = words;
    const auto config = config::load(settings, {});
    REQUIRE(config.ok());
    return policy_fingerprint(*config);
}

/// Of a gateway whose hosts have this prefix outside.
uint32_t with_ipv6(const std::string& outside, const std::string& own) {
    return fingerprint({{"lan6", {"fd00:1::1/64"}},
                        {"nptv6", {"fd00:1::/48 -> " + outside}},
                        {"wan6", {own}},
                        {"gateway6", {"fe80::1"}}});
}

}  // namespace

TEST_CASE("policy fingerprint: what decides about flows changes it", "[gateway]") {
    const Words forward{"tcp 198.51.100.4:80 -> 10.1.0.10:80"};
    const std::set<uint32_t> all{
        0,
        fingerprint(),
        fingerprint({{"pool", {"198.51.100.4"}}}),
        fingerprint({{"snat", {"10.2.0.0/16 -> 198.51.100.9"}}}),
        fingerprint({{"snat", {"10.2.0.0/16 tcp 80 -> 198.51.100.9"}}}),
        fingerprint({{"no-nat", {"10.1.0.0/28"}}}),
        fingerprint({{"deny", {"10.1.0.0/28"}}}),
        fingerprint({{"forward", forward}}),
        fingerprint({{"one-to-one", {"198.51.100.9 = 10.1.0.10"}}}),
        fingerprint({{"lan-address", {"10.1.0.2/24"}}}),
        fingerprint({{"lan", {"af_packet:l0,zone=2"}}}),
        fingerprint({{"wan-address", {"198.51.100.2/24"}}}),
        fingerprint({{"address-key", {"00000000000000010000000000000002"}}}),
        fingerprint({{"address-key", {"00000000000000010000000000000003"}}}),
        with_ipv6("2001:db8:f::/48", "2001:db8:ff::2/64"),
        with_ipv6("2001:db8:e::/48", "2001:db8:ff::2/64"),
        with_ipv6("2001:db8:f::/48", "2001:db8:ff::3/64"),
    };
    CHECK(all.size() == 17);
}

TEST_CASE("policy fingerprint: order, ports, limits and timeouts do not", "[gateway]") {
    CHECK(fingerprint({{"pool", {"198.51.100.8", "198.51.100.4"}}}) == fingerprint());
    CHECK(fingerprint({{"lan", {"af_packet:l7"}}}) == fingerprint());
    CHECK(fingerprint({{"timeout-udp", {"40"}}, {"max-flows-per-host", {"100"}}}) == fingerprint());
}

}  // namespace policy_fingerprint_test
