// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Mappings: endpoint-independent ones, as the flow table has them. An inside endpoint keeps one
/// external endpoint toward everybody, and filtering says who may come in by it.
///
/// Shape    A mapping is a holder (nat/holders.h), on a block of ports where hosts have these. Whom
///          a filter has to remember is a contact, which hangs on the mapping. Here they are only
///          read; nat/ties.h makes them.
/// Threads  Any member of the flow table.
/// Cost     A lookup.
/// Source   RFC 4787 §4.1, §4.2 (REQ-3, REQ-4: port range and parity are kept), §5, §6.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/decision.h"
#include "nat/holders.h"
#include "nat/rules.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

class Mappings {
public:
    Mappings(const flow::FlowTable& table, const Current& policy)
        : table_(table), policy_(policy) {}

    /// The mapping of an inside endpoint; it may be one that rests, for its endpoint revives it.
    std::optional<uint32_t> of(net::Protocol protocol, net::Endpoint inside, Tick now) const;
    /// The mapping by which an external endpoint can be reached: not one that rests.
    std::optional<uint32_t> behind(net::Protocol protocol, net::Endpoint external, Tick now) const;

    /// Who is behind a packet's destination, which is a public address, by whatever mapping.
    std::optional<Behind> whom(const net::Tuple& packet, Tick now) const;

    net::Endpoint inside_of(uint32_t mapping) const;
    net::Endpoint external_of(uint32_t mapping) const;

    /// The filter of `mapping` lets `remote` in.
    bool lets_in(uint32_t mapping, net::Endpoint remote, Tick now) const;

private:
    Filtering filtering_of(uint32_t mapping) const;

    const flow::FlowTable& table_;
    const Current& policy_;
};

}  // namespace sluice::nat
