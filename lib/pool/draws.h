// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Draws: random numbers for ports, that who sees any number of them cannot continue.
///
/// Shape    A keyed function of (tuple of the flow that is to open, moment, number of the draw): no
///          state, so that a decision can be made without being committed, and does not depend on
///          which worker makes it.
/// Threads  Immutable after construction.
/// Cost     Two SipHashes.
/// Source   RFC 6056 §3.3.3 with the moment in it, so that a flow that opens again has another
///          port; RFC 4086 §6.2.

#include "base/clock.h"
#include "base/secret.h"
#include "net/tuple.h"

#include <cstdint>
#include <cstring>

namespace sluice::pool {

/// One draw of a decision; the next has another number.
struct Draw {
    net::Tuple tuple;
    Tick now;
    uint32_t number = 0;
};

class Draws {
public:
    explicit Draws(const Secret& secret) {
        const Secret key = derive(secret, Use::Ports);
        of_tuple_ = {key[0], key[1]};
        of_draw_ = {key[2], key[3]};
    }

    /// A number below `count`, which is at most 65 536; each as likely as the others, to 2^-32.
    uint32_t below(uint32_t count, Draw& draw) const {
        SipKey words;
        static_assert(sizeof words == sizeof draw.tuple);
        std::memcpy(words.data(), &draw.tuple, sizeof words);
        const uint64_t flow = sip_hash(of_tuple_, words[0], words[1]);
        const uint64_t moment = uint64_t{draw.now.milliseconds} << 32 | draw.number++;
        return static_cast<uint32_t>((sip_hash(of_draw_, flow, moment) >> 16) * count >> 48);
    }

private:
    SipKey of_tuple_;
    SipKey of_draw_;
};

}  // namespace sluice::pool
