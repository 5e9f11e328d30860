// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/succession.h"

#include <utility>

namespace sluice::cluster {
namespace {

/// Copies are in the flow table in that time, or not at all: meanwhile nobody uses the address.
constexpr std::chrono::seconds kFillsFor{5};

}  // namespace

void Succession::count(std::span<const Be32> addresses, std::vector<std::string> staying,
                       const std::string& own) {
    std::erase(staying, own);
    heirs_ = Shares(addresses, std::move(staying));
}

/// Where news were missed, somebody else may have had it since.
void Succession::attempt(size_t index, const Heard& heard, Moment now) {
    const Owner* last = heard.last_owner(index);
    const bool has_copies = last != nullptr && heard.free(index)->is_sure &&
                            has_copies_ != nullptr && has_copies_(*last);
    places_[index].copies = has_copies ? last->revision : Revision{0};
    places_[index].by = now + kFillsFor;
}

void Succession::turn(Moment now) {
    for (Place& place : places_)
        if (now >= place.by)
            place.copies = 0;
}

void Succession::filled(const Fill& fill) {
    if (places_[fill.index].copies == fill.copies)
        places_[fill.index].copies = 0;
}

}  // namespace sluice::cluster
