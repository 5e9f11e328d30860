// SPDX-License-Identifier: BSD-3-Clause
#include "flow/tuple_hash.h"

#include "catch.h"
#include "flow/cuckoo_index.h"

#include <bit>
#include <cstring>
#include <random>
#include <vector>

namespace tuple_hash_test {

using namespace sluice;
using namespace sluice::flow;

namespace {

using Secret = std::array<uint64_t, 4>;
constexpr Secret kSecret{0x0706050403020100, 0x0f0e0d0c0b0a0908, 3, 4};
constexpr Secret kOther{0x0706050403020101, 0x0f0e0d0c0b0a0908, 3, 4};

/// The n-th of a plain enumeration: addresses and ports as an attacker would count them.
net::Tuple tuple(uint32_t n) {
    return {Be32::from_host(0x0a000000 + (n >> 10)),
            Be32::from_host(0xcb007101),
            Be16::from_host(static_cast<uint16_t>(1024 + (n & 0x3ff))),
            Be16::from_host(443),
            net::Protocol::Tcp,
            {}};
}

/// The most of 10 000 or so keys that share one of `buckets` buckets.
unsigned fullest(const TupleHash& hash, const std::vector<net::Tuple>& tuples, uint32_t buckets) {
    std::vector<unsigned> count(buckets);
    unsigned most = 0;
    for (const auto& t : tuples)
        most = std::max(most, ++count[(hash(t) >> 32) * buckets >> 32]);
    return most;
}

}  // namespace

TEST_CASE("tuple hash: the portable form is SipHash-2-4", "[flow][hash]") {
    // The first sixteen bytes of the reference vectors: key 00..0f, message 00..0f.
    net::Tuple message;
    std::array<uint8_t, 16> bytes;
    for (uint8_t i = 0; i < 16; ++i)
        bytes[i] = i;
    std::memcpy(static_cast<void*>(&message), bytes.data(), bytes.size());
    const TupleHash hash(kSecret, TupleHash::Kind::Portable);
    CHECK(hash(message) == 0x3f2acc7f57c29bdb);
}

TEST_CASE("tuple hash: a burst hashes as its tuples do", "[flow][hash]") {
    const auto kind = GENERATE(TupleHash::Kind::Fastest, TupleHash::Kind::Portable);
    const TupleHash hash(kSecret, kind);
    std::vector<net::Tuple> tuples;
    for (uint32_t i = 0; i < 37; ++i)
        tuples.push_back(tuple(i));
    std::vector<uint64_t> hashes(tuples.size());
    hash.bulk(tuples, hashes);
    for (size_t i = 0; i < tuples.size(); ++i)
        CHECK(hashes[i] == hash(tuples[i]));
}

TEST_CASE("tuple hash: one bit of key or secret changes half of the bits", "[flow][hash]") {
    const auto kind = GENERATE(TupleHash::Kind::Fastest, TupleHash::Kind::Portable);
    const TupleHash hash(kSecret, kind);
    const TupleHash other(kOther, kind);
    unsigned by_key = 0;
    unsigned by_secret = 0;
    constexpr unsigned kTries = 2000;
    for (uint32_t n = 0; n < kTries; ++n) {
        by_key += static_cast<unsigned>(std::popcount(hash(tuple(n)) ^ hash(tuple(n ^ 1))));
        by_secret += static_cast<unsigned>(std::popcount(hash(tuple(n)) ^ other(tuple(n))));
    }
    CHECK(by_key / double{kTries} == Approx(32).epsilon(0.03));
    CHECK(by_secret / double{kTries} == Approx(32).epsilon(0.03));
}

TEST_CASE("tuple hash: 10 000 tuples that collide under one secret spread under another",
          "[flow][hash]") {
    const auto kind = GENERATE(TupleHash::Kind::Fastest, TupleHash::Kind::Portable);
    constexpr uint32_t kBuckets = 64;  // so that 640 000 tries give 10 000 for one of them
    const TupleHash known(kSecret, kind);
    std::vector<net::Tuple> aimed;
    for (uint32_t n = 0; aimed.size() < 10'000; ++n)
        if ((known(tuple(n)) >> 32) * kBuckets >> 32 == 17)
            aimed.push_back(tuple(n));
    REQUIRE(fullest(known, aimed, kBuckets) == 10'000);

    std::vector<net::Tuple> random;
    std::mt19937 numbers(1);
    for (unsigned i = 0; i < 10'000; ++i)
        random.push_back(tuple(static_cast<uint32_t>(numbers())));

    // 10 000 into 3 000 buckets: a bucket with 20 has a chance of 1 in 10^8.
    const TupleHash secret(kOther, kind);
    CHECK(fullest(secret, random, 3000) < 20);
    CHECK(fullest(secret, aimed, 3000) < 20);
}

TEST_CASE("cuckoo index: the two buckets of a key differ and lead to each other", "[flow]") {
    const uint32_t flows = GENERATE(1u, 10u, 1000u, 123'457u);
    const uint32_t count = CuckooIndex::buckets_for(flows, 85);
    REQUIRE(count % 2 == 0);
    REQUIRE(uint64_t{count} * kSlots * 85 >= uint64_t{flows} * 2 * 100);
    std::vector<Bucket> buckets(count);
    const CuckooIndex index(buckets, nullptr);
    std::mt19937_64 numbers(flows);
    for (int i = 0; i < 10'000; ++i) {
        const Place place = index.place(numbers());
        REQUIRE(place.primary < count);
        REQUIRE(index.secondary(place) < count);
        REQUIRE(place.primary != index.secondary(place));
        REQUIRE(index.other(index.secondary(place), place.tag) == place.primary);
    }
}

}  // namespace tuple_hash_test
