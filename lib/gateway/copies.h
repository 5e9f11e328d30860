// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copies: what each of the peer's records has become here, as long as this gateway stands by.
///
/// Shape    A twin for each record that the peer may have, by its index there. The peer tells in
///          rounds, each of all that it has; what was not told in the last one is swept away behind
///          it, in slices. Where another process of the peer's tells, its indexes are its own: what
///          it tells is found again by its tuples (gateway/strays.h).
/// Threads  The control core's, while this gateway stands by: nobody else puts records to use.
/// Memory   16 bytes and a bit a record of the flow table, at construction.
/// Cost     A step of a sweep looks at as many records as it is given. It is a pass over
///          strays and one over twins, and one more of these for each kind of records that ends.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "gateway/strays.h"
#include "sync/message.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sluice::gateway {

/// What one of the peer's records has become.
struct Twin {
    uint32_t own = 0;  ///< Index here and 1; 0: nothing.
    flow::LifeWord life{};
    uint32_t generation = 0;  ///< The peer's.
    uint32_t round = 0;       ///< In which it was told last.
};

class Copies {
public:
    using IsOver = std::function<bool(const flow::FlowRecord&)>;

    explicit Copies(flow::FlowTable& table)
        : table_(table), twins_(table.capacity()), strays_(table) {}

    /// Beside the flow table.
    static size_t bytes_needed(uint32_t records) {
        return records * sizeof(Twin) + Strays::bytes_needed(records);
    }

    /// There are none.
    void clear();
    /// Another process of the peer's tells from here on.
    void change_teller();
    /// All is told from here on.
    void begin_round() { ++round_; }

    /// What the peer names by `index`; nullptr where it cannot have so many.
    Twin* named(uint32_t index) { return index < twins_.size() ? &twins_[index] : nullptr; }
    /// Of this teller, and nobody has ended it here, as an operator may.
    bool stands(const Twin& twin) const;
    /// The own record that stands for the peer's: of a link, its index there and 1.
    std::optional<uint32_t> own_of(uint32_t link) const;
    /// The record that is told is this one from now on.
    void name(Twin& twin, uint32_t own, uint32_t generation);
    void renew(Twin& twin) const { twin.round = round_; }
    /// The record is put to use for what is told.
    void take(uint32_t own) { strays_.forget(own); }
    /// A stray with the tuples that are told becomes the twin, if it hangs on what is told.
    void claim(Twin& twin, const sync::Record& told, const flow::FlowRecord& candidate, Tick now);

    /// Ends what the peer's record has become; false where it stays, for others hang on it.
    bool end(Twin& twin, flow::Member& member);
    /// Ends all strays of which it is so, now.
    void end_strays(flow::Member& member, const IsOver& is_over);

    /// Some are to end, by one of the following, again and again until it is done.
    void begin_sweep();
    /// What was not told in this round ends: so many records of that; true when it is done.
    bool sweep(flow::Member& member, uint32_t records);
    /// Likewise all of which it is so.
    bool end_those(flow::Member& member, const IsOver& is_over, uint32_t records);

private:
    template <typename IsTwinOver>
    bool end_some(flow::Member& member, uint32_t records, const IsOver& is_stray_over,
                  IsTwinOver is_over);
    template <typename IsTwinOver>
    bool end_twins(flow::Member& member, uint32_t end, IsTwinOver is_over);

    flow::FlowTable& table_;
    std::vector<Twin> twins_;  // by the peer's index
    Strays strays_;
    uint32_t round_ = 0;
    uint32_t first_round_ = 1;  // of this teller; twins of rounds before it are nothing
    uint32_t position_ = 0;     // of the sweep
    bool is_at_strays_ = false;
    bool has_ended_ = false;  // anything, in this pass of it
};

}  // namespace sluice::gateway
