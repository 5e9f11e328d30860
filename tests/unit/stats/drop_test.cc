// SPDX-License-Identifier: BSD-3-Clause
#include "stats/drop.h"

#include "catch.h"

#include <algorithm>
#include <set>
#include <string>

namespace drop_test {

using namespace sluice;
using namespace sluice::stats;

TEST_CASE("drop: the name is the enumerator in snake case", "[stats]") {
    CHECK(drop_name(Drop::NotForUs) == "not_for_us");
    CHECK(drop_name(Drop::NotIpv4) == "not_ipv4");
    CHECK(drop_name(Drop::InvalidUntrackedSynAck) == "invalid_untracked_syn_ack");
    CHECK(drop_name(Drop::Shutdown) == "shutdown");
}

TEST_CASE("drop: every reason has a name of its own that a metric may carry", "[stats]") {
    std::set<std::string_view> names;
    for (size_t i = 0; i < kDropCount; ++i) {
        const std::string_view name = drop_name(static_cast<Drop>(i));
        CAPTURE(std::string(name));
        CHECK(names.insert(name).second);
        CHECK_FALSE(name.empty());
        CHECK(std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        }));
    }
}

}  // namespace drop_test
