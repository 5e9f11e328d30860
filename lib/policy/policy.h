// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Policy: what one configuration says of hosts, addresses and packets, compiled: all that can
/// change while packets pass.
///
/// Threads  Immutable after construction, but for the counters of denials.

#include "answer/budgets.h"
#include "conntrack/tuning.h"
#include "helper/ports.h"
#include "hosts/quotas.h"
#include "link/routes.h"
#include "nat64/zero_checksum.h"
#include "policy/announcing.h"
#include "policy/holder_params.h"
#include "policy/rule_set.h"
#include "policy/strictness.h"
#include "pool/static_mappings.h"

#include <cstdint>
#include <vector>

namespace sluice::policy {

/// How the checksums of what arrives are looked at.
enum class Verify : uint8_t { TrustNic, Software, Never };

struct Policy {
    uint32_t edition = 0;  ///< Tells it from those that the gateway went by before.
    RuleSet rules;
    pool::StaticSet statics = {};
    link::Routes routes = {};
    conntrack::Tuning tuning = {};
    std::vector<conntrack::Tuning> own_tunings = {};  ///< Of rules: by their number less 1.
    HolderParams holders = {};
    hosts::Limits host_limits = {};
    hosts::QuotaLimits quotas = {};
    Strictness strict = {};
    Verify verify = Verify::TrustNic;
    nat64::ZeroChecksum zero_checksum = nat64::ZeroChecksum::Compute;
    helper::Ports helpers = {};  ///< Which flows are helped, but for rules that say so themselves.
    Announcing announcing = {};
    answer::Rates rates = {};
    Duration fragment_timeout = Duration::seconds(30);
    Duration stats_interval = {};   ///< Between summaries in the log; 0 for none.
    bool opens_no_nat = false;      ///< Hosts without NAT are reached from outside.
    bool inside_routing = false;    ///< Inside networks reach one another, untranslated.
    uint16_t most_mss = 0;          ///< A larger MSS is lowered to it; 0 for never.
    bool clamps_to_mtu = false;     ///< To what the smaller MTU of the ports allows, instead.
    bool reject_invalid = false;    ///< Inside hosts learn by a RST that their segment is invalid.
    bool reject_exhausted = false;  ///< Inside hosts learn that there is no port for their flow.

    /// Of flows with this number of Tunings. A worker's flows were opened by this policy or by one
    /// before it, whose numbers this one knows too; who asks by an older one than the owner has may
    /// not know the number yet.
    const conntrack::Tuning& tuning_of(uint8_t number) const {
        return number == 0 || number > own_tunings.size() ? tuning : own_tunings[number - 1];
    }

    /// Which flows are helped of those that are opened by this rule, or by none.
    const helper::Ports& helpers_of(const Rule* rule) const {
        return rule != nullptr && rule->helpers ? *rule->helpers : helpers;
    }
    /// An address by which inside hosts are known outside.
    bool is_public(Be32 address) const {
        return rules.contains(address) || statics.contains(address);
    }
    /// An outside host may open this flow, to an inside host by its own address: to one whose
    /// answer leaves without NAT.
    bool lets_in_untranslated(const net::Tuple& original) const {
        net::Tuple answer = original.reversed();
        answer.zone = rules.exempt_zone(answer.source);
        const Rule* rule = opens_no_nat ? rules.find(answer) : nullptr;
        return rule != nullptr && !rule->translates() && !rule->answers_only;
    }
};

}  // namespace sluice::policy
