// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Member name: as whom others tell of a thread that is a member of the flow table.
///
/// Shape    A word, so that any thread may read it beside the member's seat (base/grace.h).

#include <cstdint>
#include <string>

namespace sluice::flow {

struct MemberName {
    enum class Kind : uint16_t { Other, Worker, ControlCore, Deletion };

    Kind kind = Kind::Other;
    uint16_t number = 0;  ///< Of a worker.

    uint32_t tag() const { return uint32_t{number} << 16 | static_cast<uint32_t>(kind); }
    static MemberName of(uint32_t tag) {
        return {static_cast<Kind>(tag & 0xffff), static_cast<uint16_t>(tag >> 16)};
    }
};

inline std::string to_string(const MemberName& name) {
    switch (name.kind) {
        case MemberName::Kind::Worker:
            return "worker " + std::to_string(name.number);
        case MemberName::Kind::ControlCore:
            return "the control core";
        case MemberName::Kind::Deletion:
            return "a deletion of flows";
        case MemberName::Kind::Other:
            break;
    }
    return "a thread that reads flows";
}

}  // namespace sluice::flow
