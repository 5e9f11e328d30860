// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interface volumes: what has come and gone by each interface, under the names people know.
///
/// Shape    By number; those beyond the first kMostTold, however many VLANs there are, are one
///          together, "others".
/// Threads  Any.

#include "command/subject.h"
#include "stats/volume.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::command {

struct InterfaceVolumes {
    static constexpr size_t kMostTold = 100;

    std::string name;   ///< "lan.100".
    std::string realm;  ///< "inside"; empty of the others.
    stats::BothVolumes volumes;
};

std::vector<InterfaceVolumes> interface_volumes(const Subject& subject,
                                                const stats::Snapshot& total);

}  // namespace sluice::command
