// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/shares.h"

#include "catch.h"

#include <algorithm>
#include <map>

namespace shares_test {

using namespace sluice;
using namespace sluice::cluster;

namespace {

std::vector<Be32> addresses(uint32_t count) {
    std::vector<Be32> all;
    for (uint32_t i = 0; i < count; ++i)
        all.push_back(Be32::from_host(0xc6336400 + i));
    return all;
}

std::vector<std::string> members(size_t count) {
    std::vector<std::string> all;
    for (size_t i = 0; i < count; ++i)
        all.push_back("gateway-" + std::to_string(i));
    std::ranges::sort(all);
    return all;
}

}  // namespace

TEST_CASE("shares: nobody owns anything where there is nobody") {
    const auto all = addresses(4);
    const Shares shares(all, {});
    CHECK(shares.first(0) == nullptr);
    CHECK(!shares.rank(0, "a"));
    CHECK(Shares().members().empty());
}

TEST_CASE("shares: the first in an address's order is to own it") {
    const auto all = addresses(64);
    const Shares shares(all, members(5));
    for (size_t i = 0; i < all.size(); ++i) {
        REQUIRE(shares.first(i) != nullptr);
        CHECK(shares.rank(i, *shares.first(i)) == 0);
        size_t ranks = 0;
        for (const std::string& name : shares.members())
            ranks += *shares.rank(i, name);
        CHECK(ranks == 0 + 1 + 2 + 3 + 4);
    }
    CHECK(!shares.rank(0, "stranger"));
}

TEST_CASE("shares: none has more than 1.1 fair ones") {
    for (const size_t count : {1U, 2U, 3U, 8U, 64U}) {
        const auto all = addresses(static_cast<uint32_t>(16 * count));
        const Shares shares(all, members(count));
        std::map<std::string, size_t> owned;
        for (size_t i = 0; i < all.size(); ++i)
            ++owned[*shares.first(i)];
        for (const auto& [name, share] : owned)
            CHECK(share <= 18);  // 17.6, rounded up
    }
}

TEST_CASE("shares: a gateway that comes moves little but its own share") {
    const auto all = addresses(512);
    const Shares before(all, members(8));
    const Shares after(all, members(9));
    size_t moved = 0;
    size_t taken = 0;
    for (size_t i = 0; i < all.size(); ++i) {
        moved += *before.first(i) != *after.first(i) ? 1 : 0;
        taken += *after.first(i) == "gateway-8" ? 1 : 0;
    }
    CHECK(taken >= 40);  // of 57
    CHECK(moved <= 2 * taken);
}

/// All gateways of a cluster must come to the same, of whatever version they are.
TEST_CASE("shares: what is whose does not change from one version to the next") {
    const auto all = addresses(8);
    const Shares shares(all, {"a", "b", "gateway-with-a-long-name"});
    std::string firsts;
    for (size_t i = 0; i < all.size(); ++i)
        firsts += (*shares.first(i))[0];
    CHECK(firsts == "bbaaggab");
}

}  // namespace shares_test
