// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Shares: which gateway of a cluster is to own which public address.
///
/// Shape    Each address puts the gateways into an order of its own, by a hash of both: rendezvous
///          hashing, so a gateway that comes or goes moves its own share and little else. The first
///          is to own it. A gateway that has 1.1 fair shares comes behind the next one.
/// Threads  Immutable after construction.
/// Cost     At construction a hash for each address and gateway.
/// Source   rank_all() of scripts/cluster/world.py, with another hash.

#include "base/big_endian.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cluster {

class Shares {
public:
    Shares() = default;
    /// Both ascending, and none twice: all gateways come to the same.
    Shares(std::span<const Be32> addresses, std::vector<std::string> members);

    const std::vector<std::string>& members() const { return members_; }
    /// Who is to own the address of that index; null where there is nobody.
    const std::string* first(size_t address) const;
    /// How many come before `name` there; nothing where it is no member.
    std::optional<size_t> rank(size_t address, std::string_view name) const;

private:
    std::vector<std::string> members_;
    std::vector<std::vector<uint32_t>> orders_;  // by address: members, by their index
};

}  // namespace sluice::cluster
