// SPDX-License-Identifier: BSD-3-Clause
#include "policy/denials.h"

#include <map>
#include <tuple>

namespace sluice::policy {
namespace {

auto order_of(const Match& match) {
    const Toward& toward = match.toward;
    return std::tuple(match.inside.order(), toward.destination.order(), toward.protocol,
                      toward.ports.first, toward.ports.last, match.zone);
}

}  // namespace

Denials::Denials(std::span<const Match> matches, const Denials* before)
    : matches_(matches.begin(), matches.end()), classifier_(matches) {
    std::map<decltype(order_of(Match{})), Counter> known;
    for (size_t i = 0; before != nullptr && i < before->matches_.size(); ++i)
        known.emplace(order_of(before->matches_[i]), before->packets_[i]);
    for (const Match& match : matches_) {
        Counter& counter = known[order_of(match)];
        if (counter == nullptr)
            counter = std::make_shared<std::atomic<uint64_t>>(0);
        packets_.push_back(counter);
    }
}

}  // namespace sluice::policy
