// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rule set: which inside hosts are served, and from which pool each is given its public address;
/// the rules of one configuration.
///
/// Shape    A rule names inside hosts, and may name whom they talk to; policy/classifier.h says
///          which of several wins. A rule without a pool lets its hosts leave with their own
///          addresses (no NAT). Rules with equal pools share one.
/// Threads  Immutable after construction; shared by all workers.
/// Memory   A pool that another set before it had already is shared with it, slots and all.
/// Source   RFC 4787 §4.1 (mapping) and §5 (filtering).
/// Cost     find() is what Classifier's is, once for each new flow; contains() is two comparisons
///          as long as the public addresses are one run.

#include "base/big_endian.h"
#include "conntrack/timeouts.h"
#include "helper/ports.h"
#include "hosts/host_table.h"
#include "link/uplinks.h"
#include "net/prefix.h"
#include "net/regions.h"
#include "net/steps.h"
#include "policy/classifier.h"
#include "policy/denials.h"
#include "policy/logged.h"
#include "policy/pools.h"
#include "pool/address_pool.h"
#include "pool/port_range.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace sluice::policy {

/// Who may open flows from outside to a mapped endpoint.
enum class Filtering : uint8_t {
    EndpointDependent,    ///< Nobody: only what it has talked to answers.
    AddressDependent,     ///< Any port of an address that it has talked to.
    EndpointIndependent,  ///< Everybody: a full cone.
};

/// Ports of one protocol.
struct ProtocolPorts {
    net::Protocol protocol{};
    pool::PortRange ports = pool::kAllPorts;

    constexpr bool operator==(const ProtocolPorts&) const = default;
    constexpr bool contain(net::Protocol other, uint16_t port) const {
        return protocol == other && ports.contains(port);
    }
};

struct Independence {
    std::vector<ProtocolPorts> inside;  ///< The endpoints of inside hosts that are mapped so.
    pool::PortRange external;           ///< Ports for their mappings; no other flow is given them.
    Filtering filtering = Filtering::EndpointDependent;

    /// Some endpoints of this protocol are mapped so, or all.
    bool names(net::Protocol protocol) const {
        return std::any_of(inside.begin(), inside.end(),
                           [&](const ProtocolPorts& ports) { return ports.protocol == protocol; });
    }
    bool covers_all(net::Protocol protocol) const {
        return std::any_of(inside.begin(), inside.end(), [&](const ProtocolPorts& ports) {
            return ports.protocol == protocol && ports.ports == pool::kAllPorts;
        });
    }
    bool covers(net::Protocol protocol, uint16_t port) const {
        return std::any_of(inside.begin(), inside.end(), [&](const ProtocolPorts& ports) {
            return ports.contain(protocol, port);
        });
    }
};

/// Limits of the hosts that a rule serves, in place of what is said for all; nothing: as for all.
struct OwnLimits {
    std::optional<uint32_t> flows = {};
    std::optional<uint32_t> new_per_second = {};

    hosts::Limits over(const hosts::Limits& all) const {
        return {flows.value_or(all.flows), new_per_second.value_or(all.new_per_second)};
    }
};

/// A rule as the operator writes it.
struct RuleParams {
    net::Prefix inside;
    bool is_exempt = false;                         ///< No NAT.
    bool answers_only = false;                      ///< Without NAT nobody outside opens a flow.
    std::vector<net::AddressRange> addresses;       ///< Of the pool; not empty but without NAT.
    pool::PortRange ports = pool::kAllPorts;        ///< What of the addresses' ports may be used.
    std::optional<Independence> independence = {};  ///< Nothing: mappings are endpoint-dependent.
    Toward toward = {};  ///< Whom the hosts talk to by this rule; whomever, with independence.
    std::optional<uint16_t> zone = {};  ///< That the hosts are of; nothing: any.
    OwnLimits limits = {};
    conntrack::OwnTimeouts timeouts = {};               ///< Of its flows.
    Logging logging = Logging::AsSaid;                  ///< Likewise.
    uint8_t tuning = 0;                                 ///< The number of these two, by Tunings.
    std::shared_ptr<const helper::Ports> helpers = {};  ///< Of its flows; null: as for all.
};

struct Rule {
    net::Prefix inside;
    Toward toward = {};
    const pool::AddressPool* pool = nullptr;  ///< Null: no NAT.
    std::optional<Independence> independence = {};
    std::vector<ProtocolPorts> reserved = {};  ///< Of its pool, for mappings by any rule.
    OwnLimits limits = {};
    uint8_t tuning = 0;                                 ///< Of its flows, by Tunings.
    std::shared_ptr<const helper::Ports> helpers = {};  ///< Of its flows; null: as for all.
    bool answers_only = false;  ///< As of RuleParams, whatever Policy::opens_no_nat is.

    /// With several uplinks: the part of the pool at each, null where there is none; `pool` is the
    /// first of them, and `uplinks` says which there are.
    std::vector<const pool::AddressPool*> by_uplink = {};
    link::UplinkSet uplinks = 0;

    /// Where it has none there, the first: a mapping keeps an uplink that its rule has lost.
    const pool::AddressPool& pool_at(std::optional<link::UplinkId> uplink) const {
        const bool is_there = uplink && *uplink < by_uplink.size() && by_uplink[*uplink] != nullptr;
        return is_there ? *by_uplink[*uplink] : *pool;
    }
    /// Of its pool, at whichever uplink.
    bool gives(Be32 address) const {
        return by_uplink.empty()
                   ? pool->contains(address)
                   : std::any_of(by_uplink.begin(), by_uplink.end(),
                                 [&](const pool::AddressPool* part) {
                                     return part != nullptr && part->contains(address);
                                 });
    }
    bool translates() const { return pool != nullptr; }
    /// How an inside endpoint is mapped; null for endpoint-dependently.
    const Independence* independence_of(net::Protocol protocol, uint16_t inside_port) const {
        return independence && independence->covers(protocol, inside_port) ? &*independence
                                                                           : nullptr;
    }
    /// What of a host's block of ports its endpoints are given, mapped or not: where some of the
    /// protocol's are mapped and some are not, mappings have the upper half.
    pool::PortRange part_of(pool::PortRange block, net::Protocol protocol, bool is_mapped) const {
        if (!independence || !independence->names(protocol) || independence->covers_all(protocol))
            return block;
        const auto half = static_cast<uint16_t>(block.size() / 2);
        if (is_mapped)
            block.first = static_cast<uint16_t>(block.first + half);
        else
            block.last = static_cast<uint16_t>(block.last - half);
        return block;
    }
    /// How many ports, from this external one on, flows without a mapping must not be given.
    uint32_t reserves(net::Protocol protocol, uint16_t external_port) const {
        for (const ProtocolPorts& ports : reserved)
            if (ports.contain(protocol, external_port))
                return uint32_t{ports.ports.last} - external_port + 1;
        return 0;
    }
};

class RuleSet {
public:
    /// Pools come from `pools`, which outlives the set. `before` is the set that this one follows;
    /// null at the start.
    RuleSet(std::span<const RuleParams> rules, std::span<const Match> denied, Pools& pools,
            const RuleSet* before = nullptr, const link::Uplinks& uplinks = {});
    RuleSet(const RuleSet&) = delete;

    /// The rule by which an inside host sends this packet; null when none serves it.
    const Rule* find(const net::Tuple& packet) const { return rule(classifier_.find(packet)); }
    /// The rule that serves an inside address whomever it talks to; null when none does.
    const Rule* find(net::InsideAddress inside) const {
        return rule(classifier_.find_whomever(inside));
    }
    /// What must not be opened, whichever rule serves it.
    const Denials& denials() const { return denials_; }
    /// Some rule serves the inside address.
    bool serves(net::InsideAddress inside) const { return served_.find(inside) != kNone; }
    /// In some zone.
    bool serves_somewhere(Be32 inside) const {
        return served_somewhere_.find(inside.host()) != kNone;
    }

    /// False for most addresses: no rule serves such a one, in whichever zone, nor gives it.
    bool may_know(Be32 address) const { return regions_.may_contain(address); }
    /// True for the addresses of all pools.
    bool contains(Be32 address) const {
        return ranges_.front().first <= address && address <= ranges_.back().last &&
               (ranges_.size() == 1 || search(address));
    }

    /// The inside address may be seen outside, by somebody.
    bool is_exempt(Be32 inside) const {
        const Rule* rule = find(net::InsideAddress(inside, exempt_zone(inside)));
        return (rule != nullptr && !rule->translates()) ||
               exempt_toward_.find(inside.host()) != kNone;
    }

    /// The zone of the host that has this address outside too: that which its rule names, or 0.
    uint16_t exempt_zone(Be32 address) const {
        const uint32_t zone = exempt_zones_.find(address.host());
        return zone == kNone ? uint16_t{0} : static_cast<uint16_t>(zone);
    }

    /// Some rule maps endpoints independently of whom they talk to.
    bool have_mappings() const { return have_mappings_; }

    const std::vector<const pool::AddressPool*>& pools() const { return pools_; }
    /// The addresses and ports that a pool is made of.
    const RuleParams& params_of(size_t pool) const { return pool_params_[pool]; }
    /// The rule's place among those that the set was made of.
    size_t index_of(const Rule& rule) const { return static_cast<size_t>(&rule - rules_.data()); }

private:
    const Rule* rule(uint32_t number) const { return number == kNone ? nullptr : &rules_[number]; }
    bool search(Be32 address) const;
    void give_pools(const RuleParams& params, Pools& pools, const link::Uplinks& uplinks,
                    std::set<const pool::AddressPool*>& known);

    std::vector<const pool::AddressPool*> pools_;  // each once
    std::vector<RuleParams> pool_params_;          // of each pool
    std::vector<Rule> rules_;
    Classifier classifier_;
    Denials denials_;
    net::ZonedSteps served_;  // the addresses of all rules
    Steps served_somewhere_;  // likewise, of whichever zone
    Steps exempt_toward_;     // those of rules without NAT that name whom it is for
    Steps exempt_zones_;      // the zones that rules without NAT name
    bool have_mappings_ = false;
    std::vector<net::AddressRange> ranges_;  // of all pools: ascending, apart; never empty
    net::Regions regions_;                   // of all pools, and of whom rules serve
};

}  // namespace sluice::policy
