// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Health: whether the gateway does its work, for whoever sends traffic elsewhere when it does not.
///
/// Shape    It is healthy while the control core and every worker turn, every port has its link,
///          and not both of a pair are active; what else goes wrong (drops, a dead uplink of
///          several) is for alerts. Beside that it remarks who has kept what has ended from being
///          used again for more than 100 ms, which is no reason to send traffic elsewhere. That the
///          peer may be active too is not said here: one forged frame would do, and whoever asks
///          would send traffic elsewhere.

#include "command/subject.h"

#include <string>
#include <vector>

namespace sluice::command {

/// What is wrong, a clause each; empty when the gateway is healthy.
std::vector<std::string> troubles(const Subject& subject);

/// What is to be known of a gateway that may be healthy all the same, a clause each.
std::vector<std::string> remarks(const Subject& subject);

struct Health {
    std::vector<std::string> troubles;
    std::vector<std::string> remarks = {};

    static Health of(const Subject& subject) {
        return {.troubles = command::troubles(subject), .remarks = command::remarks(subject)};
    }
};

/// "healthy", or a line for each trouble; then "note: " and each remark.
std::string health_text(const Health& health);
/// {"healthy":false,"troubles":[…],"remarks":[…]}
std::string health_json(const Health& health);

}  // namespace sluice::command
