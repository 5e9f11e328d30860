// SPDX-License-Identifier: BSD-3-Clause
#include "control/askers.h"

namespace sluice::control {
namespace {

constexpr unsigned kInterfaceShift = 32;
constexpr uint64_t kMark = uint64_t{1} << 44;  // no key is 0

/// Who is known is given a new place no sooner.
constexpr Duration kMayAskAnew{kKeepAsker.milliseconds / 2};

bool is_within(Duration most, Tick asked, Tick now) {
    return now.ms_since(asked) < static_cast<uint32_t>(most.milliseconds);
}

constexpr uint64_t key_of(link::InterfaceId interface, Be32 address) {
    return address.raw | uint64_t{interface} << kInterfaceShift | kMark;
}

}  // namespace

std::optional<net::MacAddress> Askers::add(link::InterfaceId interface, Be32 address,
                                           const net::MacAddress& mac, Tick now) {
    const uint64_t key = key_of(interface, address);
    const uint64_t bits = net::mac_bits(mac);
    if (const auto found = by_address_.find(key); found != by_address_.end()) {
        Asker& known = at(found->second);
        if (known.mac != bits) {
            known.is_doubtful = true;
            return net::mac_of(known.mac);
        }
        // Else the same question again and again would take a place each time.
        if (known.is_doubtful || is_within(kMayAskAnew, known.asked, now))
            return std::nullopt;
        forget(known);  // and comes last now
    }
    uint32_t& of_mac = by_mac_[bits];
    if (of_mac == kAskersPerMac)
        return std::nullopt;
    by_address_.emplace(key, next_);  // before it is counted: there may be no memory for it
    ++of_mac;
    if (next_ - oldest_ == ring_.size())
        drop_oldest();
    at(next_++) = {.key = key, .mac = bits, .asked = now};
    return std::nullopt;
}

std::optional<net::MacAddress> Askers::take(link::InterfaceId interface, Be32 address, Tick now) {
    const auto found = by_address_.find(key_of(interface, address));
    if (found == by_address_.end())
        return std::nullopt;
    Asker& asker = at(found->second);
    const Asker taken = asker;
    forget(asker);
    if (taken.is_doubtful || !is_within(kKeepAsker, taken.asked, now))
        return std::nullopt;
    return net::mac_of(taken.mac);
}

void Askers::turn(Tick now) {
    while (oldest_ != next_ &&
           (at(oldest_).key == 0 || !is_within(kKeepAsker, at(oldest_).asked, now)))
        drop_oldest();
}

void Askers::drop_oldest() {
    if (Asker& oldest = at(oldest_); oldest.key != 0)
        forget(oldest);
    ++oldest_;
}

void Askers::forget(Asker& asker) {
    by_address_.erase(asker.key);
    if (const auto of_mac = by_mac_.find(asker.mac); --of_mac->second == 0)
        by_mac_.erase(of_mac);
    asker = {};
}

}  // namespace sluice::control
