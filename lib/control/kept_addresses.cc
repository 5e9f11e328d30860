// SPDX-License-Identifier: BSD-3-Clause
#include "control/kept_addresses.h"

#include "net/text.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace sluice::control {

using flow::Kind;
using net::Direction;
using net::Side;

namespace {

std::string named(const std::vector<Be32>& addresses) {
    std::string text = net::to_string(addresses.front());
    if (addresses.size() > 1)
        text += " and " + std::to_string(addresses.size() - 1) + " more";
    return text;
}

}  // namespace

void KeptAddresses::begin(std::span<const policy::Answered> before) {
    before_.insert(before_.end(), before.begin(), before.end());  // to those of a walk under way
    found_.clear();
    position_ = 0;
    is_walking_ = true;
    period_ = table_.grace().begin();
}

void KeptAddresses::turn(Tick now) {
    if (!is_walking_) {
        if (kept_.empty() || due_.is_after(now))
            return;
        found_.clear();
        position_ = 0;
        is_walking_ = true;
    }
    if (period_ && !table_.grace().is_over(*period_))
        return;
    period_.reset();
    table_.for_each_live(position_, position_ + kRecordsPerLook,
                         [&](uint32_t, const flow::FlowRecord& record) { look_at(record); });
    position_ += kRecordsPerLook;
    if (position_ >= table_.capacity())
        end_walk(now);
}

/// As what outside hosts know somebody inside by it.
void KeptAddresses::look_at(const flow::FlowRecord& record) {
    const net::Tuple& original = record.key(Direction::Original);
    const net::Tuple& reply = record.key(Direction::Reply);
    const Kind kind = record.kind();
    if (kind == Kind::Mapping || kind == Kind::Block)
        return add(reply.destination);
    if (kind != Kind::Flow)
        return;  // it hangs on one of these
    if (record.sides.enter(Direction::Original) == Side::Outside) {
        if (original.destination != reply.source)
            add(original.destination);
        return;
    }
    if (record.sides.leave(Direction::Original) == Side::Outside &&
        reply.destination != original.source)
        add(reply.destination);
}

void KeptAddresses::add(Be32 address) {
    if (!policy_->is_public(address) && !interfaces_.are_own_outside(address))
        found_.insert(address);
}

void KeptAddresses::end_walk(Tick now) {
    is_walking_ = false;
    due_ = now + kLookAgain;
    std::vector<Be32> gone;
    std::ranges::set_difference(kept_, found_, std::back_inserter(gone));
    std::vector<Be32> come;
    std::ranges::set_difference(found_, kept_, std::back_inserter(come));
    kept_.assign(found_.begin(), found_.end());
    found_.clear();
    before_.clear();
    // What the configuration has again is answered for by that.
    std::erase_if(gone, [&](Be32 address) {
        return policy_->is_public(address) || interfaces_.are_own_outside(address);
    });
    if (!come.empty())
        notice_("flows have " + named(come) +
                ", which the configuration has no more: answered by "
                "ARP until these flows have gone");
    if (!gone.empty())
        notice_("no flow has " + named(gone) +
                " any more, nor has the configuration: answered by "
                "ARP no longer");
}

bool KeptAddresses::contain(Be32 address, link::InterfaceId interface) const {
    if (std::ranges::any_of(before_, [&](const policy::Answered& each) {
            return each.interface == interface && each.range.contains(address);
        }))
        return true;
    return std::ranges::binary_search(kept_, address) &&
           interfaces_[interface].reaches(Side::Outside) &&
           policy_->routes.uplinks().may_have(interface, address);
}

}  // namespace sluice::control
