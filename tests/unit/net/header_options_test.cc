// SPDX-License-Identifier: BSD-3-Clause
#include "net/header_options.h"

#include "catch.h"

#include <vector>

namespace header_options_test {

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;

struct Walk {
    std::vector<Bytes> options;
    bool is_broken = false;

    bool operator==(const Walk&) const = default;
};

Walk walk(const Bytes& bytes) {
    Walk result;
    net::HeaderOptions all(std::span<const uint8_t>{bytes});
    for (auto option = all.next(); !option.empty(); option = all.next())
        result.options.emplace_back(option.begin(), option.end());
    result.is_broken = all.is_broken();
    return result;
}

}  // namespace

TEST_CASE("header options: each comes whole, without what fills up", "[net]") {
    CHECK(walk({}) == Walk{});
    CHECK(walk({1, 1, 1}) == Walk{});
    CHECK(walk({2, 4, 5, 180, 1, 3, 3, 7, 4, 2}) == Walk{{{2, 4, 5, 180}, {3, 3, 7}, {4, 2}}});
}

TEST_CASE("header options: what is behind the end of the list is none", "[net]") {
    CHECK(walk({4, 2, 0, 3, 3, 7}) == Walk{{{4, 2}}});
    CHECK(walk({0, 9}) == Walk{});
}

TEST_CASE("header options: one that does not end within the header ends the walk", "[net]") {
    CHECK(walk({4, 2, 3}) == Walk{{{4, 2}}, true});        // no length
    CHECK(walk({4, 2, 3, 1, 1}) == Walk{{{4, 2}}, true});  // shorter than its own head
    CHECK(walk({4, 2, 3, 0, 1}) == Walk{{{4, 2}}, true});  // which would not move on
    CHECK(walk({4, 2, 3, 4, 7}) == Walk{{{4, 2}}, true});  // longer than what is left
    CHECK(walk({3, 3, 7}) == Walk{{{3, 3, 7}}});           // as long as what is left
}

TEST_CASE("header options: what they say may be changed where they stand", "[net]") {
    Bytes bytes{1, 2, 4, 5, 180};
    net::HeaderOptions all(std::span<uint8_t>{bytes});
    all.next()[3] = 7;
    CHECK(bytes == Bytes{1, 2, 4, 5, 7});
}

}  // namespace header_options_test
