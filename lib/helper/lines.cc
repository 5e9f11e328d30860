// SPDX-License-Identifier: BSD-3-Clause
#include "helper/lines.h"

#include "base/serial.h"

namespace sluice::helper {

std::optional<size_t> Lines::first_in(std::string_view text, uint32_t seq) const {
    if (!has_begun_)
        return 0;
    for (unsigned i = known_; i-- > 0;)  // the earlier one first
        if (starts_[i] - seq < text.size())
            return starts_[i] - seq;
    return std::nullopt;
}

void Lines::pass(std::string_view text, uint32_t seq) {
    if (!has_begun_) {
        has_begun_ = true;
        starts_[0] = seq;
        known_ = 1;
    }
    const size_t last = text.rfind('\n');
    if (last == std::string_view::npos)
        return;
    const auto start = static_cast<uint32_t>(seq + last + 1);
    if (known_ > 0 && !is_after(start, starts_[0]))
        return;  // sent again
    starts_[1] = starts_[0];
    starts_[0] = start;
    known_ = 2;
}

}  // namespace sluice::helper
