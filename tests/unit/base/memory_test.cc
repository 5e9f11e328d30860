// SPDX-License-Identifier: BSD-3-Clause
#include "base/memory.h"

#include "catch.h"

#include <algorithm>

namespace memory_test {

using namespace sluice;

TEST_CASE("memory: megabytes are rounded up", "[base][memory]") {
    CHECK(megabytes(0) == "0 MB");
    CHECK(megabytes(1) == "1 MB");
    CHECK(megabytes(size_t{150} << 20) == "150 MB");
    CHECK(megabytes((size_t{150} << 20) + 1) == "151 MB");
}

TEST_CASE("pages: ordinary memory is zeroed, writable and large enough", "[base][memory]") {
    auto pages = Pages::map(3'000'001, PageKind::Ordinary, -1);
    REQUIRE(pages);
    const auto memory = pages->memory();
    REQUIRE(memory.size() >= 3'000'001);
    CHECK(std::all_of(memory.begin(), memory.end(), [](std::byte b) { return b == std::byte{0}; }));
    memory.back() = std::byte{7};
    CHECK(memory.back() == std::byte{7});
}

TEST_CASE("pages: what is little takes no large page", "[base][memory]") {
    auto little = Pages::map(712, PageKind::Ordinary, -1);
    REQUIRE(little);
    CHECK(little->memory().size() == 4096);
    auto more = Pages::map(size_t{65537}, PageKind::Ordinary, -1);
    REQUIRE(more);
    CHECK(more->memory().size() == size_t{2} << 20);
}

TEST_CASE("pages: they move with their owner", "[base][memory]") {
    auto pages = Pages::map(4096, PageKind::Ordinary, 0);
    REQUIRE(pages);
    const auto* start = pages->memory().data();
    Pages owner;
    owner = std::move(pages.value());
    CHECK(owner.memory().data() == start);
    CHECK(pages->memory().empty());
}

TEST_CASE("pages: what cannot be had is refused with the size needed", "[base][memory]") {
    SECTION("more than any address space") {
        const auto pages = Pages::map(~size_t{0} - 5, PageKind::Ordinary, -1);
        REQUIRE_FALSE(pages);
        CHECK(pages.error().message.find("cannot be had") != std::string::npos);
    }
    SECTION("hugepages that nobody has reserved") {
        const auto pages = Pages::map(size_t{1} << 44, PageKind::Huge, -1);
        REQUIRE_FALSE(pages);
        CHECK(pages.error().message.find("16777216 MB of 2 MB hugepages") != std::string::npos);
        CHECK(pages.error().message.find("--no-huge") != std::string::npos);
    }
    SECTION("a page of which a part is wanted is reserved whole") {
        const auto pages = Pages::map((size_t{1} << 44) + 1, PageKind::Huge, -1);
        REQUIRE_FALSE(pages);
        CHECK(pages.error().message.find("reserve 8388609 more") != std::string::npos);
    }
    SECTION("a node that does not exist") {
        const auto pages = Pages::map(4096, PageKind::Ordinary, 900);
        REQUIRE_FALSE(pages);
        CHECK(pages.error().message.find("NUMA node 900") != std::string::npos);
    }
}

}  // namespace memory_test
