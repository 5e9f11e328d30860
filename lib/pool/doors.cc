// SPDX-License-Identifier: BSD-3-Clause
#include "pool/doors.h"

namespace sluice::pool {

Doors::Doors(uint16_t first, uint16_t last) {
    for (uint32_t number = last; number >= first; --number)
        free_.push_back(static_cast<uint16_t>(number));
    kept_back_ = free_.size() / 2;
}

Doors::Key Doors::key_of(const Forward& forward) {
    return {static_cast<uint8_t>(forward.protocol), forward.external.address.host(),
            forward.external.port.host(), forward.ports};
}

Doors::Key Doors::key_of(const OneToOne& pair) {
    return {0, pair.external.host(), pair.length, 0};
}

bool Doors::take(const Key& key, const Door& door, uint32_t edition) {
    if (const auto known = taken_.find(key); known != taken_.end()) {
        known->second.last = edition;
        return true;
    }
    if (free_.size() <= (door.is_limited() ? 0 : kept_back_))
        return !door.is_limited();
    taken_.emplace(key, Taken{free_.back(), edition, edition});
    free_.pop_back();
    return true;
}

uint16_t Doors::find(const Key& key) const {
    const auto known = taken_.find(key);
    return known == taken_.end() ? uint16_t{0} : known->second.number;
}

}  // namespace sluice::pool
