// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_options.h"

#include "catch.h"

#include <random>
#include <vector>

namespace tcp_options_test {

using namespace sluice::conntrack;

namespace {

using Bytes = std::vector<uint8_t>;

const Bytes kMss = {2, 4, 5, 180};
const Bytes kScale7 = {3, 3, 7};
const Bytes kPermitted = {4, 2};
const Bytes kTimestamp = {8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
const Bytes kNop = {1};

Bytes operator+(Bytes bytes, const Bytes& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return bytes;
}

Bytes sack(std::initializer_list<uint32_t> edges) {
    Bytes result{5, static_cast<uint8_t>(2 + 4 * edges.size())};
    for (const uint32_t edge : edges)
        for (const int shift : {24, 16, 8, 0})
            result.push_back(static_cast<uint8_t>(edge >> shift));
    return result;
}

}  // namespace

TEST_CASE("tcp options: a header without options offers nothing", "[conntrack][tcp]") {
    const TcpOptions options = parse_tcp_options({}, 5000);
    CHECK_FALSE(options.are_present);
    CHECK_FALSE(options.window_scale_offered);
    CHECK_FALSE(options.sack_permitted);
    CHECK(options.sack_edge == 5000);
}

TEST_CASE("tcp options: a SYN's offers are found, in any order", "[conntrack][tcp]") {
    const auto bytes =
        GENERATE(kMss + kPermitted + kTimestamp + kNop + kScale7,  // as Linux sends them
                 kScale7 + kNop + kPermitted, kNop + kNop + kPermitted + kTimestamp + kScale7,
                 kScale7 + kPermitted + Bytes{0, 3, 3, 9});
    const TcpOptions options = parse_tcp_options(bytes, 0);
    CHECK(options.are_present);
    CHECK(options.window_scale_offered);
    CHECK(options.window_scale == 7);
    CHECK(options.sack_permitted);
}

TEST_CASE("tcp options: a timestamp alone says nothing", "[conntrack][tcp]") {
    const auto bytes = GENERATE(kNop + kNop + kTimestamp, kTimestamp + kNop + kNop);
    const TcpOptions options = parse_tcp_options(bytes, 77);
    CHECK(options.are_present);
    CHECK_FALSE(options.window_scale_offered);
    CHECK(options.sack_edge == 77);
}

TEST_CASE("tcp options: of SACK blocks the highest right edge counts", "[conntrack][tcp][sack]") {
    CHECK(parse_tcp_options(kNop + kNop + sack({6000, 7000}), 5000).sack_edge == 7000);
    CHECK(parse_tcp_options(sack({8000, 9000, 6000, 7000}), 5000).sack_edge == 9000);
    CHECK(parse_tcp_options(kNop + kNop + kTimestamp + sack({6000, 7000, 8000, 9000}), 5000)
              .sack_edge == 9000);
    CHECK(parse_tcp_options(sack({0xffffff00, 16}), 0xfffffe00).sack_edge == 16);  // runs round
}

TEST_CASE("tcp options: a SACK block behind the ACK says nothing new", "[conntrack][tcp][sack]") {
    CHECK(parse_tcp_options(sack({3000, 4000}), 5000).sack_edge == 5000);  // RFC 2883
}

TEST_CASE("tcp options: an option of a wrong length is stepped over", "[conntrack][tcp]") {
    const auto odd = GENERATE(Bytes{3, 4, 7, 7}, Bytes{4, 3, 0}, Bytes{5, 2},
                              Bytes{5, 9, 1, 2, 3, 4, 5, 6, 7}, Bytes{254, 5, 1, 2, 3});
    const TcpOptions options = parse_tcp_options(odd + Bytes{3, 3, 5}, 100);
    CHECK(options.window_scale == 5);
    CHECK_FALSE(options.sack_permitted);
    CHECK(options.sack_edge == 100);
}

TEST_CASE("tcp options: a length that cannot be ends the reading", "[conntrack][tcp]") {
    const auto broken = GENERATE(Bytes{8, 0}, Bytes{8, 1}, Bytes{8, 200}, Bytes{8});
    const TcpOptions options = parse_tcp_options(kScale7 + broken, 100);
    CHECK(options.window_scale == 7);
    CHECK_FALSE(parse_tcp_options(broken + kScale7, 100).window_scale_offered);
}

TEST_CASE("tcp options: any bytes of any length are read within bounds", "[conntrack][tcp]") {
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
        // On the heap and no longer than said, so that a sanitizer sees each byte too many.
        Bytes bytes(random() % 41);
        for (uint8_t& byte : bytes)
            byte = static_cast<uint8_t>(random() % (i % 2 ? 12 : 256));
        const uint32_t ack = static_cast<uint32_t>(random());
        const TcpOptions options = parse_tcp_options(bytes, ack);
        CHECK(options.are_present == !bytes.empty());
        CHECK(static_cast<int32_t>(options.sack_edge - ack) >= 0);
    }
}

}  // namespace tcp_options_test
