// SPDX-License-Identifier: BSD-3-Clause
#include "listing/doomed.h"

#include "listing/background.h"

#include <algorithm>

namespace sluice::listing {
namespace {

constexpr size_t kKills = 16;  // so few that others do not wait long for a thread that is stopped

}  // namespace

uint64_t end_all(flow::FlowTable& table, std::span<const Doomed> doomed) {
    if (doomed.empty())
        return 0;
    const AtRest rest;
    uint64_t ended = 0;
    while (!doomed.empty()) {
        const auto some = doomed.first(std::min(doomed.size(), kKills));
        doomed = doomed.subspan(some.size());
        flow::Member member(table, {flow::MemberName::Kind::Deletion});
        for (const Doomed& one : some)
            ended += member.kill(one.index, one.life);
    }
    return ended;
}

}  // namespace sluice::listing
