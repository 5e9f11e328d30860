// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Helped: what is known of flows that are helped beside their records.
///
/// Shape    A state beside each record of the flow table, by its index; it means something while
///          the flow has conntrack::kHelped.
/// Threads  A state is its flow's owner's. Only begin() comes before the flow is published; who had
///          the record before is ordered before that by its grace period (base/grace.h).
///          `until_` any thread raises and reads: it says nothing of other memory. Whoever raises
///          it does so before it inserts an expectation, and that is before the packet leaves which
///          tells somebody of it; the packet that comes of that finds it raised.
/// Memory   Reserved at construction; touched by helped flows alone.

#include "base/clock.h"
#include "flow/flow_record.h"
#include "helper/lines.h"
#include "helper/ports.h"
#include "helper/pptp.h"
#include "helper/sequence.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace sluice::helper {

/// Of a line of which a part has come.
struct Waiting {
    uint32_t line = 0;  ///< Where it begins.
    uint8_t times = 0;  ///< How often a part of it alone has come; 0: none is waited for.
};

/// The flow that was foretold last.
struct Foretold {
    uint32_t index = 0;  ///< Of its expectation.
    flow::LifeWord life{};
    bool is_one = false;
};

/// Of a helped flow. The arrays are by the direction of who sends.
struct State {
    std::array<Correction, 2> corrections{};
    std::array<Lines, 2> lines{};
    std::array<Waiting, 2> waiting{};
    std::array<uint16_t, 2> told_port{};  ///< With the last rewritten part.
    Foretold foretold{};
    bool is_encrypted = false;  ///< Nothing can be read any more.
    PptpSession session{};      ///< Of a control connection of PPTP; it needs nothing before this.
};

class Helped {
public:
    explicit Helped(uint32_t records)
        : states_(new (std::nothrow) std::byte[bytes_needed(records)]) {}

    static size_t bytes_needed(uint32_t records) { return records * sizeof(State); }
    /// Else there was no memory, and it is not to be used.
    bool is_whole() const { return states_ != nullptr; }

    /// Of a flow that opens.
    void begin(uint32_t index) { new (memory_of(index)) State{}; }
    State& state(uint32_t index) {
        return *std::launder(reinterpret_cast<State*>(memory_of(index)));
    }

    /// There may be an expectation at `now`. Else nobody need look for one.
    bool may_await(Tick now) const {
        // relaxed: see above.
        const uint64_t until = until_.load(std::memory_order_relaxed);
        return until != kNever && lies_ahead(until, now);
    }
    /// There will be one until `deadline`.
    void await(Tick deadline) {
        uint64_t until = until_.load(std::memory_order_relaxed);
        const uint64_t wanted = kSome | deadline.milliseconds;
        while ((until == kNever || !lies_ahead(until, deadline)) &&
               !until_.compare_exchange_weak(until, wanted, std::memory_order_relaxed)) {
        }
    }

private:
    static constexpr uint64_t kNever = 0;
    static constexpr uint64_t kSome = uint64_t{1} << 32;

    /// Not one of weeks ago, which would seem to be to come.
    static bool lies_ahead(uint64_t until, Tick moment) {
        const uint32_t ahead = Tick{static_cast<uint32_t>(until)}.ms_since(moment);
        return ahead - 1 < static_cast<uint32_t>(kForetoldFor.milliseconds);
    }

    std::byte* memory_of(uint32_t index) { return states_.get() + index * sizeof(State); }

    std::unique_ptr<std::byte[]> states_;
    std::atomic<uint64_t> until_{kNever};
};

}  // namespace sluice::helper
