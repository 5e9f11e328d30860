// SPDX-License-Identifier: BSD-3-Clause
#include "listing/pcapng.h"

#include "catch.h"

#include <cstring>
#include <vector>

namespace pcapng_test {

using namespace sluice;
using namespace sluice::listing;

namespace {

uint32_t word(const std::string& bytes, size_t at) {
    REQUIRE(at + 4 <= bytes.size());
    uint32_t value;
    std::memcpy(&value, &bytes[at], sizeof value);
    return value;
}

/// The block is whole: its length stands at both ends.
void check_block(const std::string& block, uint32_t type) {
    CHECK(word(block, 0) == type);
    CHECK(word(block, 4) == block.size());
    CHECK(word(block, block.size() - 4) == block.size());
    CHECK(block.size() % 4 == 0);
}

}  // namespace

TEST_CASE("pcapng: a section says its byte order, version and who wrote it", "[listing]") {
    std::string out;
    pcapng::append_section(out, "sluice 1");
    check_block(out, 0x0a0d0d0a);
    CHECK(word(out, 8) == 0x1a2b3c4d);
    CHECK(word(out, 12) == 1);
    CHECK(out.find("sluice 1") != std::string::npos);
}

TEST_CASE("pcapng: an interface has its name, MAC, and nanoseconds", "[listing]") {
    std::string out;
    pcapng::append_interface(out, {"lan", "inside", {2, 0, 0, 0, 0, 1}}, 96);
    check_block(out, 1);
    CHECK(word(out, 8) == 1);  // Ethernet
    CHECK(word(out, 12) == 96);
    CHECK(word(out, 16) == (2 | 3 << 16));
    CHECK(out.substr(20, 3) == "lan");
    CHECK(out.find(std::string("\x09\x00\x01\x00\x09", 5)) != std::string::npos);
}

TEST_CASE("pcapng: a packet has its time, both lengths, frame, direction and comment",
          "[listing]") {
    const std::vector<uint8_t> frame{1, 2, 3, 4, 5};
    std::string out;
    pcapng::append_packet(out, {.interface = 1,
                                .time = 0x123456789a,
                                .direction = pcapng::Direction::Outbound,
                                .length = 60,
                                .frame = frame,
                                .comment = "new"});
    check_block(out, 6);
    CHECK(word(out, 8) == 1);
    CHECK(word(out, 12) == 0x12);
    CHECK(word(out, 16) == 0x3456789a);
    CHECK(word(out, 20) == 5);
    CHECK(word(out, 24) == 60);
    CHECK(word(out, 28) == 0x04030201);
    CHECK(word(out, 32) == 5);              // padded
    CHECK(word(out, 36) == (2 | 4 << 16));  // flags
    CHECK(word(out, 40) == 2);
    CHECK(word(out, 44) == (1 | 3 << 16));  // comment
    CHECK(out.substr(48, 4) == std::string("new\0", 4));
    CHECK(word(out, 52) == 0);
}

TEST_CASE("pcapng: a comment that is too long is cut, an empty one left out", "[listing]") {
    std::string with;
    pcapng::append_packet(with, {.comment = std::string(100'000, 'x')});
    check_block(with, 6);
    std::string without;
    pcapng::append_packet(without, {});
    check_block(without, 6);
    CHECK(without.size() == 32 + 8 + 4);
}

TEST_CASE("pcapng: statistics tell what was delivered and what was lost", "[listing]") {
    std::string out;
    pcapng::append_statistics(out, {.interface = 2, .time = 7, .delivered = 5, .lost = 3});
    check_block(out, 5);
    CHECK(word(out, 8) == 2);
    CHECK(word(out, 16) == 7);
    CHECK(word(out, 20) == (7 | 8 << 16));
    CHECK(word(out, 24) == 3);
    CHECK(word(out, 32) == (8 | 8 << 16));
    CHECK(word(out, 36) == 5);
}

}  // namespace pcapng_test
