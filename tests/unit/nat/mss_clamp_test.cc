// SPDX-License-Identifier: BSD-3-Clause
#include "nat/mss_clamp.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <random>
#include <string>

namespace mss_clamp_test {

using namespace sluice;
using namespace sluice::test;

namespace {

struct Clamped {
    bool changed;
    Bytes frame;
};

Frame syn(const Bytes& options) {
    return Frame().ipv4("10.1.0.10", "203.0.113.10").tcp(40000, 80, kSyn).tcp_options(options);
}

Clamped clamped(const Bytes& options, uint16_t most) {
    FakeMbuf mbuf(syn(options).bytes());
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    const bool changed = nat::clamp_mss(packet, most);
    return {changed, bytes_of(mbuf)};
}

/// An MSS option; `value` in host order.
Bytes mss(uint16_t value) {
    return {2, 4, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

}  // namespace

TEST_CASE("mss: what is above the clamp becomes the clamp, wherever it stands", "[nat][tcp]") {
    const Bytes before = GENERATE(values<Bytes>({{}, {1}, {1, 1}, {3, 3, 7}, {4, 2, 1, 1}}));
    const auto options = [&](uint16_t value) {
        Bytes result = before + mss(value);
        result.resize((result.size() + 3) / 4 * 4, 1);
        return result;
    };
    const Clamped result = clamped(options(1460), 1360);
    CHECK(result.changed);
    CHECK(result.frame == syn(options(1360)).bytes());
}

TEST_CASE("mss: what is not above the clamp stays", "[nat][tcp]") {
    const uint16_t value = GENERATE(uint16_t{0}, uint16_t{536}, uint16_t{1359}, uint16_t{1360});
    const Clamped result = clamped(mss(value), 1360);
    CHECK_FALSE(result.changed);
    CHECK(result.frame == syn(mss(value)).bytes());
}

TEST_CASE("mss: without a sound option nothing changes", "[nat][tcp]") {
    struct Row {
        std::string what;
        Bytes options;
    };
    const Row rows[] = {
        {"none", {}},
        {"others", {4, 2, 1, 1}},
        {"behind the end", Bytes{0, 0, 0, 0} + mss(1460)},
        {"a length of 3", {2, 3, 5, 1}},
        {"cut short", {1, 1, 2, 4}},
        {"a length of 0 before it", Bytes{7, 0, 1, 1} + mss(1460)},
        {"a length beyond the end before it", Bytes{7, 40, 1, 1} + mss(1460)},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        const Clamped result = clamped(row.options, 1000);
        CHECK_FALSE(result.changed);
        CHECK(result.frame == syn(row.options).bytes());
    }
}

TEST_CASE("mss: the checksum holds for any values", "[nat][tcp]") {
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) {
        const auto value = static_cast<uint16_t>(random());
        const auto most = static_cast<uint16_t>(random());
        Bytes options = (random() % 2 == 0 ? Bytes{} : Bytes{1}) + mss(value);
        options.resize(8, 1);
        REQUIRE(read(clamped(options, most).frame).checksums_ok());
    }
}

}  // namespace mss_clamp_test
