// SPDX-License-Identifier: BSD-3-Clause
#include "sctp/crc32c.h"

#include "catch.h"
#include "packet_builder.h"
#include "plain_checksum.h"

#include <numeric>
#include <random>

namespace crc32c_test {

using namespace sluice::sctp;
using namespace sluice::test;

namespace {

uint32_t crc(const Bytes& bytes) {
    Crc32c sum;
    sum.add(bytes);
    return sum.value();
}

Bytes any_bytes(std::mt19937& random, size_t count) {
    Bytes bytes(count);
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(random());
    return bytes;
}

}  // namespace

// The CRC bytes there stand as in a packet, the lowest first.
TEST_CASE("crc32c: the test vectors of RFC 3720", "[net][sctp][rfc3720]") {
    Bytes rising(32);
    std::iota(rising.begin(), rising.end(), uint8_t{0});
    const Bytes falling(rising.rbegin(), rising.rend());
    const Bytes read_command{0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0,
                             0x14, 0,    0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
                             0x28, 0,    0, 0, 0, 0, 0, 0, 2, 0, 0, 0,    0, 0, 0, 0};
    CHECK(crc(Bytes(32, 0x00)) == 0x8a9136aa);
    CHECK(crc(Bytes(32, 0xff)) == 0x62a8ab43);
    CHECK(crc(rising) == 0x46dd794e);
    CHECK(crc(falling) == 0x113fdb5c);
    CHECK(crc(read_command) == 0xd9963a56);
    CHECK(plain_crc32c(rising) == 0x46dd794e);  // the oracle too
}

TEST_CASE("crc32c: pieces of any length make the sum of the whole", "[net][sctp]") {
    std::mt19937 random{3309};
    for (size_t length = 0; length < 100; ++length) {
        CAPTURE(length);
        const Bytes bytes = any_bytes(random, length);
        REQUIRE(crc(bytes) == plain_crc32c(bytes));
        const size_t cut = length == 0 ? 0 : random() % length;
        Crc32c sum;
        sum.add(std::span(bytes).first(cut));
        sum.add(std::span(bytes).subspan(cut));
        REQUIRE(sum.value() == plain_crc32c(bytes));
    }
}

TEST_CASE("crc32c: a change is brought in without the bytes behind it", "[net][sctp]") {
    std::mt19937 random{9260};
    for (size_t length = 4; length < 1500; length += 1 + random() % 30) {
        CAPTURE(length);
        const Bytes before = any_bytes(random, length);
        Bytes after = before;
        Bytes difference(4);
        for (size_t i = 0; i < 4; ++i) {
            difference[i] = static_cast<uint8_t>(random());
            after[i] ^= difference[i];
        }
        REQUIRE((crc(before) ^ crc32c_change(difference, length - 4)) == plain_crc32c(after));
    }
}

}  // namespace crc32c_test
