// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Succession: who is to have a gateway's addresses when that is gone, and which addresses of those
/// that are gone wait for copies of what went by them before they are used.
///
/// Shape    A part of Ownership, which says when. Copies are of one ownership, by the revision of
///          the address's key: they count where that one was the last before this gateway's.
/// Units    Moments of one monotonic clock.
/// Threads  One at a time.

#include "cluster/heard.h"
#include "cluster/shares.h"
#include "cluster/store.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sluice::cluster {

/// An address that waits for the copies of what went by it before it is used.
struct Fill {
    size_t index = 0;
    Revision copies = 0;  ///< Of its key, when that named who was told from.

    bool operator==(const Fill&) const = default;
};

class Succession {
public:
    /// `has_copies` says whether what went by an address since that was its owner is kept here;
    /// null: nothing ever is.
    Succession(size_t addresses, std::function<bool(const Owner&)> has_copies)
        : places_(addresses), has_copies_(std::move(has_copies)) {}

    /// These members stay, one of which may be this gateway.
    void count(std::span<const Be32> addresses, std::vector<std::string> staying,
               const std::string& own);
    /// Who is to have the address of that index where this gateway is gone; null: nobody.
    const std::string* heir(size_t index) const { return heirs_.first(index); }

    /// It is not used for now, to let another have it: what goes by it is not told meanwhile.
    void stop(size_t index) { ++places_[index].stops; }
    uint64_t stops(size_t index) const { return places_[index].stops; }
    /// The address of that index, which is nobody's, is to be this gateway's.
    void attempt(size_t index, const Heard& heard, Moment now);
    /// It is another's, or nobody asks for it any more.
    void forget(size_t index) { places_[index].copies = 0; }
    /// Those are used without that have waited for too long.
    void turn(Moment now);
    /// The copies are in place, or are not to be had.
    void filled(const Fill& fill);

    /// It is not used yet.
    bool waits(size_t index) const { return places_[index].copies != 0; }
    Fill fill(size_t index) const { return {index, places_[index].copies}; }

private:
    struct Place {
        Revision copies = 0;  // as Fill has it; 0: there is nothing to wait for
        Moment by{};          // or not any longer
        uint64_t stops = 0;
    };

    std::vector<Place> places_;  // by address
    std::function<bool(const Owner&)> has_copies_;
    Shares heirs_;  // the shares without this gateway
};

}  // namespace sluice::cluster
