// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ties: makes what a flow is to hang on, as the decision about it says: the block that its port is
/// of, the mapping of its source, and the contact by which that mapping's filter remembers whom its
/// endpoint talks to. What the flow's target hangs on, another inside host's mapping, is there
/// already.
///
/// Threads  Owned by one worker.
/// Errors   Without room for a record, and when another worker was faster, the flow does not open.
/// Cost     An insert for each record that is not there yet.

#include "nat/decision.h"
#include "nat/holders.h"
#include "nat/mappings.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

/// What a flow is to hang on at its source.
struct Tied {
    enum class Result : uint8_t {
        Tied,
        Lost,     ///< Another worker was faster: the decision is out of date.
        NoRoom,   ///< For a record that the flow needs.
        HostFull  ///< The inside host has all that it may.
    };
    Result result = Result::Tied;
    std::optional<uint32_t> holder = {};
};

class Ties {
public:
    Ties(Holders& holders, const Mappings& mappings) : holders_(holders), mappings_(mappings) {}

    Tied make(const Request& request, const Decision& decision, Tick now);

private:
    hosts::Limits limits_of(const Request& request) const;
    uint32_t remember(const Request& request, uint32_t mapping, Filtering filtering, Tick now);

    Holders& holders_;
    const Mappings& mappings_;
};

}  // namespace sluice::nat
