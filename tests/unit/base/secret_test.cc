// SPDX-License-Identifier: BSD-3-Clause
#include "base/secret.h"

#include "catch.h"

#include <bit>
#include <set>

namespace secret_test {

using namespace sluice;

TEST_CASE("secret: SipHash-2-4 gives what its authors say", "[base]") {
    // Of their test vectors the one of 16 bytes: 00 01 ... 0f.
    constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    CHECK(sip_hash(kKey, 0x0706050403020100, 0x0f0e0d0c0b0a0908) == 0x3f2acc7f57c29bdb);
}

TEST_CASE("secret: SipHash-1-3 gives what another implementation does", "[base]") {
    // CPython's hash() of bytes since 3.11, whose key is 0 with PYTHONHASHSEED=0: of 00 01 ... 07.
    CHECK(short_sip_hash({0, 0}, 0x0706050403020100) == 0xead411e67ebe2eea);
    // Under the authors' key, of the same: reckoned by a plain program that gives CPython's too.
    constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    CHECK(short_sip_hash(kKey, 0x0706050403020100) == 0x369095118d299a8e);
}

TEST_CASE("secret: each use has words of its own, and every bit of the secret goes into them",
          "[base]") {
    const Secret secret{1, 2, 3, 4};
    std::set<uint64_t> words(secret.begin(), secret.end());
    for (const Use use : {Use::FlowTable, Use::Hosts, Use::Ports, Use::Addresses})
        for (const uint64_t word : derive(secret, use))
            CHECK(words.insert(word).second);
    for (size_t bit = 0; bit < 256; ++bit) {
        Secret changed = secret;
        changed[bit / 64] ^= uint64_t{1} << bit % 64;
        int different = 0;
        for (size_t i = 0; i < 4; ++i)
            different +=
                std::popcount(derive(changed, Use::Ports)[i] ^ derive(secret, Use::Ports)[i]);
        CHECK((different > 80 && different < 176));  // of 256
    }
}

}  // namespace secret_test
