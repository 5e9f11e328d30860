// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Identifications: those of IPv4 packets that may be cut on their way, and have brought none.
///
/// Shape    The values of a keyed function, each of which is four of them. A counter for all hosts
///          would tell who gets two packets of one how many the others have sent meanwhile, and
///          which hosts are behind one gateway. By chance two are the same sooner than by a
///          counter, which has no more than 65 536 either.
/// Threads  Owned by one worker; each has values of its own.
/// Cost     A quarter of a SipHash-2-4 of one word.
/// Source   RFC 7915 §5.1; RFC 7739, for what counters tell.

#include "base/sip_hash.h"

#include <cstdint>

namespace sluice::nat64 {

class Identifications {
public:
    /// `key` is nobody's else, and secret.
    Identifications(const SipKey& key, uint8_t worker)
        : key_(key), given_(uint64_t{worker} << kWorkerShift) {}

    uint16_t next() {
        if (given_ % kOfEach == 0)
            values_ = SipState<2, 4>(key_).take(given_ / kOfEach).value(sizeof given_);
        const auto value = static_cast<uint16_t>(values_ >> 16 * (given_ % kOfEach));
        ++given_;
        return value;
    }

private:
    static constexpr unsigned kWorkerShift = 56;
    static constexpr uint64_t kOfEach = 4;

    SipKey key_;
    uint64_t given_;
    uint64_t values_ = 0;  // the next ones are of it
};

}  // namespace sluice::nat64
