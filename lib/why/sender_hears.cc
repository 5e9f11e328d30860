// SPDX-License-Identifier: BSD-3-Clause
#include "why/sender_hears.h"

#include "answer/icmp_error.h"

namespace sluice::why {

SenderHears hears_of(worker::Rejection rejection) {
    switch (rejection) {
        case worker::Rejection::None:
            break;
        case worker::Rejection::Reset:
            return SenderHears::Reset;
        case worker::Rejection::Prohibited:
            return SenderHears::Error;
        case worker::Rejection::Challenge:
            return SenderHears::Challenge;
    }
    return SenderHears::Nothing;
}

SenderHears hears_error(stats::Drop reason, const net::Packet& about) {
    return answer::may_answer_with_error(about) ? hears_error(reason) : SenderHears::Nothing;
}

}  // namespace sluice::why
