// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/shortage_log.h"

#include "net/text.h"

#include <string>
#include <utility>

namespace sluice::gateway {
namespace {

std::string name_of(net::Protocol protocol) {
    switch (protocol) {
        case net::Protocol::Icmp:
            return "icmp";
        case net::Protocol::Tcp:
            return "tcp";
        case net::Protocol::Udp:
            return "udp";
        default:
            return "protocol " + std::to_string(static_cast<unsigned>(protocol));
    }
}

/// What the last packet wanted.
std::string wanted(const pool::Shortage& shortage) {
    if (shortage.destination != Be32{})
        return "port toward " + net::to_string(shortage.destination) + ':' +
               std::to_string(shortage.port.host()) + " (" + name_of(shortage.protocol) + ')';
    if (shortage.protocol != net::Protocol{})
        return "port for endpoint-independent mappings (" + name_of(shortage.protocol) + ')';
    return "block of ports";
}

}  // namespace

ShortageLog::ShortageLog(const policy::Current& policy, const pool::Exhaustion& exhaustion,
                         control::Notice notice)
    : policy_(policy), exhaustion_(exhaustion), notice_(std::move(notice)) {
    told_.resize(exhaustion.size());
}

/// A slot is of one address for good; a reload may have named it since the last look.
Be32 ShortageLog::address_of(uint32_t slot) const {
    for (const pool::AddressPool* pool : policy_->rules.pools())
        if (pool->slot(0) <= slot && slot < pool->slot(0) + pool->size())
            return pool->address(slot - pool->slot(0));
    return {};
}

void ShortageLog::turn(Tick now) {
    if (!notice_ || (has_begun_ && next_look_.is_after(now)))
        return;
    has_begun_ = true;
    next_look_ = now + kShortageLook;
    unsigned told = 0, untold = 0;
    for (uint32_t slot = 0; slot < told_.size(); ++slot) {
        Told& last = told_[slot];
        const pool::Shortage shortage = exhaustion_.read(slot);
        last.is_quiet &= last.again.is_after(now);
        if (shortage.packets == last.packets || last.is_quiet)
            continue;
        last.address = last.address == Be32{} ? address_of(slot) : last.address;
        if (last.address == Be32{})  // a reload has taken it away: nobody misses its ports any more
            continue;
        if (told == kShortagesAtOnce) {
            ++untold;
        } else {
            tell(last, shortage);
            ++told;
        }
        last.packets = shortage.packets;
        last.again = now + kShortageQuiet;
        last.is_quiet = true;
    }
    if (untold != 0)
        notice_(std::to_string(untold) + " more public addresses are out of ports");
}

void ShortageLog::tell(const Told& last, const pool::Shortage& shortage) const {
    const std::string what = wanted(shortage);
    notice_(net::to_string(last.address) + " has no free " + what + ": " +
            std::to_string(shortage.packets - last.packets) +
            " packets went to another address or were dropped");
}

}  // namespace sluice::gateway
