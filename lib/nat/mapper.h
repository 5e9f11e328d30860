// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Mapper: endpoint-independent mappings. An inside endpoint keeps one external endpoint toward
/// everybody, and filtering says who may come in by it.
///
/// Shape    A mapping is a holder (nat/holders.h). Whom a filter has to remember is a contact,
///          which hangs on the mapping. A flow between two mapped inside endpoints hangs on a
///          contact that hangs on both mappings.
/// Threads  Owned by one worker; mappings are shared by all.
/// Errors   No mapping, for a reason.
/// Cost     Once per flow: a lookup or two, and an insert for a new mapping or contact.
/// Source   RFC 4787 §4.1, §4.2 (REQ-3, REQ-4: port range and parity are kept), §5, §6.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/holders.h"
#include "nat/rules.h"
#include "pool/static_mappings.h"
#include "stats/drop.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

/// A mapping, or why there is none.
struct Mapped {
    std::optional<uint32_t> index;  ///< Its record.
    net::Endpoint external;
    stats::Drop reason{};
};

class Mapper {
public:
    Mapper(flow::FlowTable& table, const Rules& rules, const pool::StaticMappings& statics,
           Holders& holders)
        : table_(table), rules_(rules), statics_(statics), holders_(holders) {}

    /// The mapping of an inside endpoint; makes one where there is none.
    Mapped map(const Rule& rule, const Independence& independence, net::Protocol protocol,
               net::Endpoint inside, Tick now);

    /// The mapping by which an external endpoint can be reached: not one that rests.
    std::optional<uint32_t> behind(net::Protocol protocol, net::Endpoint external, Tick now) const;
    net::Endpoint inside_of(uint32_t mapping) const;

    /// Says that the endpoint of `mapping` talks to `remote`, which is the endpoint of another
    /// mapping where `peer` is one. Returns what the flow is to hang on.
    uint32_t contact(uint32_t mapping, net::Endpoint remote, std::optional<uint32_t> peer,
                     bool is_hairpin, Tick now);

    /// The filter of `mapping` lets `remote` in.
    bool admits(uint32_t mapping, net::Endpoint remote, Tick now) const;

private:
    /// What is known of a mapping from its record and its rule.
    struct Known {
        net::Protocol protocol{};
        net::Endpoint inside;
        net::Endpoint external;
        Filtering filtering = Filtering::EndpointDependent;
    };

    Known know(uint32_t mapping) const;
    std::optional<net::Endpoint> choose(const Rule& rule, const Independence& independence,
                                        net::Protocol protocol, net::Endpoint inside, Tick now);
    bool is_free(net::Protocol protocol, net::Endpoint external, Tick now) const;
    uint32_t random();

    flow::FlowTable& table_;
    const Rules& rules_;
    const pool::StaticMappings& statics_;
    Holders& holders_;
    uint64_t draws_ = 0;
};

}  // namespace sluice::nat
