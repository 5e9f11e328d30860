// SPDX-License-Identifier: BSD-3-Clause
#include "io/toeplitz.h"

#include "catch.h"
#include "packet_builder.h"

#include <rte_thash.h>

#include <random>

namespace toeplitz_test {

using namespace sluice;
using io::Toeplitz;
using sluice::test::ip;

TEST_CASE("toeplitz: it is the hash of the specification's examples", "[nat]") {
    constexpr std::array<uint8_t, io::kRssKeyBytes> kKey{
        0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
        0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
        0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
    const Toeplitz toeplitz(kKey);
    const auto hash = [&](const char* source, uint16_t source_port, const char* destination,
                          uint16_t destination_port) {
        return toeplitz.hash({ip(source),
                              ip(destination),
                              Be16::from_host(source_port),
                              Be16::from_host(destination_port),
                              net::Protocol::Tcp,
                              {}});
    };
    CHECK(hash("66.9.149.187", 2794, "161.142.100.80", 1766) == 0x51ccc178);
    CHECK(hash("199.92.111.2", 14230, "65.69.140.83", 4739) == 0xc626b0ea);
    CHECK(hash("24.19.198.95", 12898, "12.22.207.184", 38024) == 0x5c2b394a);
}

TEST_CASE("toeplitz: it is DPDK's hash for any key and tuple", "[nat]") {
    std::mt19937 random(5);
    for (int round = 0; round < 20; ++round) {
        std::array<uint8_t, io::kRssKeyBytes> key;
        for (uint8_t& byte : key)
            byte = static_cast<uint8_t>(random());
        const Toeplitz toeplitz(key);
        for (int i = 0; i < 200; ++i) {
            const auto source = static_cast<uint32_t>(random());
            const auto destination = static_cast<uint32_t>(random());
            const auto ports = static_cast<uint32_t>(random());
            std::array<uint32_t, 3> words{source, destination, ports};
            const net::Tuple tuple{Be32::from_host(source),
                                   Be32::from_host(destination),
                                   Be16::from_host(static_cast<uint16_t>(ports >> 16)),
                                   Be16::from_host(static_cast<uint16_t>(ports)),
                                   net::Protocol::Udp,
                                   {}};
            REQUIRE(toeplitz.hash(tuple) == rte_softrss(words.data(), 3, key.data()));
        }
    }
}

}  // namespace toeplitz_test
