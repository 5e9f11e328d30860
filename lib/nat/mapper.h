// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Mapper: endpoint-independent mappings. An inside endpoint keeps one external endpoint toward
/// everybody, and filtering says who may come in by it.
///
/// Shape    A mapping is a holder (nat/holders.h), on a block of ports where hosts have these. Whom
///          a filter has to remember is a contact, which hangs on the mapping. A flow between two
///          mapped inside endpoints hangs on a contact that hangs on both mappings.
/// Threads  Owned by one worker; mappings are shared by all.
/// Errors   No mapping, for a reason.
/// Cost     Once per flow: a lookup or two, and an insert for a new mapping or contact.
/// Source   RFC 4787 §4.1, §4.2 (REQ-3, REQ-4: port range and parity are kept), §5, §6.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/holders.h"
#include "nat/port_blocks.h"
#include "nat/rules.h"
#include "nat/searches.h"
#include "pool/exhaustion.h"
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
    /// What all workers' mappers share.
    struct Ground {
        flow::FlowTable& table;
        const Rules& rules;
        const pool::StaticMappings& statics;
        pool::Exhaustion& exhaustion;
    };

    Mapper(const Ground& ground, Holders& holders, PortBlocks& blocks, uint8_t worker)
        : ground_(ground),
          holders_(holders),
          blocks_(blocks),
          searches_(ground.table, static_cast<uint16_t>(0x100 + worker)) {}

    /// The mapping of an inside endpoint; makes one where there is none.
    Mapped map(const Rule& rule, const Independence& independence, net::Protocol protocol,
               net::Endpoint inside, Tick now);

    /// The mapping by which an external endpoint can be reached: not one that rests.
    std::optional<uint32_t> behind(net::Protocol protocol, net::Endpoint external, Tick now) const;
    net::Endpoint inside_of(uint32_t mapping) const;

    /// Says that the endpoint of `mapping` talks to `remote`, which is the endpoint of another
    /// mapping where `peer` is one. Returns what the flow is to hang on; nothing where that would
    /// not keep the peer, for lack of room.
    std::optional<uint32_t> contact(uint32_t mapping, net::Endpoint remote,
                                    std::optional<uint32_t> peer, bool is_hairpin, Tick now);

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

    /// The endpoint that asks for a mapping.
    struct Want {
        const Rule& rule;
        const Independence& independence;
        net::Protocol protocol{};
        net::Endpoint inside;
        Tick now;
    };

    /// The external endpoint that it may have, or why there is none.
    struct Choice {
        std::optional<net::Endpoint> external;
        std::optional<uint32_t> block;  ///< That it is of: its record.
        stats::Drop reason{};
    };

    Known know(uint32_t mapping) const;
    Choice choose(const Want& want);
    Searches::Outcome try_address(const Want& want, net::Endpoint& external, uint32_t address);
    Choice choose_in_block(const Want& want);
    Searches::Outcome try_ports(const Want& want, net::Endpoint& external, pool::PortRange ports);
    bool is_free(const Want& want, net::Endpoint external) const;

    Ground ground_;
    Holders& holders_;
    PortBlocks& blocks_;
    Searches searches_;
    unsigned tries_left_ = 0;  // of the packet in hand
};

}  // namespace sluice::nat
