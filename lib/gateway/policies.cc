// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/policies.h"

#include "config/mappings.h"
#include "gateway/interfaces.h"
#include "gateway/rules.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <new>
#include <thread>
#include <utility>

namespace sluice::gateway {
namespace {

/// The rules, with the numbers of their timeouts and logging, for which there is room.
std::vector<policy::RuleParams> numbered_rules(const config::Config& config,
                                               policy::Tunings& tunings) {
    std::vector<policy::RuleParams> rules = rules_of(config);
    for (policy::RuleParams& rule : rules)
        rule.tuning = tunings.take({rule.timeouts, rule.logging}).value();
    return rules;
}

/// The static mappings, with the numbers by which what comes in by them is counted, for which there
/// is room.
pool::StaticSet numbered_statics(const config::Config& config, pool::Doors& doors,
                                 uint32_t edition) {
    [[maybe_unused]] const Status has_room = config::number_doors(config, doors, edition);
    assert(has_room);
    std::vector<pool::Forward> forwards = config.forwards;
    for (pool::Forward& forward : forwards)
        forward.door.number = doors.number_of(forward);
    std::vector<pool::OneToOne> pairs = config.one_to_one;
    for (pool::OneToOne& pair : pairs)
        pair.door.number = doors.number_of(pair);
    return pool::StaticSet(forwards, pairs, config::left_out(config));
}

policy::Verify verify(config::VerifyChecksum choice) {
    switch (choice) {
        case config::VerifyChecksum::Always:
            return policy::Verify::Software;
        case config::VerifyChecksum::Never:
            return policy::Verify::Never;
        case config::VerifyChecksum::Auto:
            break;
    }
    return policy::Verify::TrustNic;
}

policy::OnConflict on_conflict(config::OnConflict choice) {
    switch (choice) {
        case config::OnConflict::Tell:
            return policy::OnConflict::Tell;
        case config::OnConflict::Leave:
            return policy::OnConflict::Leave;
        case config::OnConflict::Defend:
            break;
    }
    return policy::OnConflict::Defend;
}

policy::Announcing announcing(const config::Config& config, const link::Uplinks& uplinks) {
    policy::Announcing result;
    const std::vector<net::AddressRange> ranges = public_ranges(config);
    for (link::UplinkId id = 0; id < uplinks.size(); ++id)
        for (const net::AddressRange& range : uplinks.part(ranges, id))
            result.answered.push_back({uplinks[id].gateway.interface, range});
    std::ranges::sort(result.answered, {}, [](const policy::Answered& each) {
        return std::pair(each.interface, each.range.first);
    });
    result.interval = config.announce_interval;
    result.probes = config.claim == config::Claim::Probe;
    result.on_conflict = on_conflict(config.on_conflict);
    return result;
}

/// Who gives numbers.
struct Numbers {
    policy::Pools& pools;
    policy::Tunings& tunings;
    pool::Doors& doors;
    uint32_t edition = 0;
};

Policies::Pointer make(const config::Config& config, const Numbers& numbers,
                       const pool::AddressKey& key, const policy::RuleSet* before) {
    const auto& [pools, tunings, doors, edition] = numbers;
    const std::vector<policy::RuleParams> rules = numbered_rules(config, tunings);
    link::Uplinks uplinks = uplinks_of(config, key.words);
    policy::Announcing announcing = gateway::announcing(config, uplinks);
    return Policies::Pointer(new policy::Policy{
        .edition = edition,
        .rules = policy::RuleSet(rules, config.deny, pools, before, uplinks),
        .statics = numbered_statics(config, doors, edition),
        .routes = link::Routes(routes_of(config), std::move(uplinks)),
        .tuning = config.tuning,
        .own_tunings = tunings.over(config.tuning),
        .holders = config.holders,
        .host_limits = config.host_limits,
        .quotas = config.quotas,
        .strict = config.strict,
        .verify = verify(config.verify_checksum),
        .zero_checksum = config.zero_checksum,
        .helpers = config.helpers,
        .announcing = std::move(announcing),
        .rates = {config.icmp_rate, config.reject_rate},
        .fragment_timeout = config.fragments.timeout,
        .stats_interval = Duration::seconds(static_cast<int32_t>(config.stats_interval)),
        .opens_no_nat = config.no_nat_inbound,
        .inside_routing = config.inside_routing,
        .most_mss = config.mss_clamp == config::MssClamp::Value ? config.mss : uint16_t{0},
        .clamps_to_mtu = config.mss_clamp == config::MssClamp::Pmtu,
        .reject_invalid = config.invalid == config::Invalid::Reject,
        .reject_exhausted = config.on_exhaustion == config::OnExhaustion::Reject,
    });
}

}  // namespace

Policies::Policies(const config::Config& config, const pool::AddressKey& key,
                   flow::FlowTable& table, const hosts::Quotas& quotas)
    : key_(key),
      table_(table),
      quotas_(quotas),
      pools_(key),
      first_(make(config, {pools_, tunings_, doors_}, key_, nullptr)),
      has_helpers_(config::helps(config)),
      in_force_(*first_),
      most_slots_(pools_.slots() + kSpareSlots),
      current_(first_) {
    first_.reset();
    tunings_.tell(logged_);
}

Policies::Pointer Policies::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

Result<Policies::Pointer> Policies::compile(const config::Config& config) {
    if (free_waiting() >= kMostWaiting)
        return Error{std::to_string(kMostWaiting) +
                     " configurations that reloads have replaced are kept, for a worker stands "
                     "still that may go by each of them: reload when it turns again, or restart"};
    if (config::helps(config) && !has_helpers_)
        return Error{
            "helpers need memory that is taken at the start, and this gateway was started "
            "without --helper and without a rule with helper=; restart to have them"};
    slots_before_ = pools_.slots();
    tunings_before_ = tunings_.size();
    ++edition_;
    try {
        return compile_anew(config);
    } catch (const std::bad_alloc&) {
        discard({});
        throw;
    }
}

/// use() finds memory for what it keeps.
Result<Policies::Pointer> Policies::compile_anew(const config::Config& config) {
    if (Status status = take_numbers(config); !status) {
        discard({});
        return status.error();
    }
    replaced_.fresh().reserve(replaced_.fresh().size() + 1);
    Pointer policy = make(config, {pools_, tunings_, doors_, edition_}, key_, &current()->rules);
    if (pools_.slots() > most_slots_) {
        discard(std::move(policy));
        return Error{"there is room for " + std::to_string(kSpareSlots) +
                     " public addresses beyond those of the start, all reloads together; restart "
                     "to make more"};
    }
    return policy;
}

/// Those of timeouts and doors, which there may be too few of.
Status Policies::take_numbers(const config::Config& config) {
    for (const config::SnatRule& rule : config.snat)
        if (!tunings_.take({rule.timeouts, rule.logging}))
            return Error{"there is room for " + std::to_string(policy::Tunings::kMost) +
                         " different sets of timeouts and log= of --snat, all configurations "
                         "since the start together; restart to have others"};
    // Nobody counts by a door any more that no policy has by which a member may go. Flows that were
    // counted before are seen here: their members have been quiescent since.
    doors_.give_back(oldest_edition(), [&](uint16_t door) { return quotas_.flows_of(door) != 0; });
    Status status = config::number_doors(config, doors_, edition_);
    if (!status)
        return Error{status.error().message +
                     "; one that goes gives its own back after the reload that takes it away, when "
                     "its flows have ended: do that first, or restart"};
    return status;
}

/// That of the first policy by which somebody may go.
uint32_t Policies::oldest_edition() const {
    return (replaced_.size() == 0 ? current() : replaced_.waiting().front())->edition;
}

void Policies::discard(Pointer policy) {
    policy.reset();
    pools_.forget_from(slots_before_);
    tunings_.forget_from(tunings_before_);
    doors_.forget(edition_);
}

size_t Policies::free_waiting() {
    replaced_.turn(table_.grace(), [](auto policies) { policies.clear(); });
    // relaxed: a figure for people.
    how_many_wait_.store(replaced_.size(), std::memory_order_relaxed);
    return replaced_.size();
}

bool Policies::use(const Pointer& policy, unsigned patience_ms) {
    using Clock = std::chrono::steady_clock;
    Pointer before = current();
    tunings_.tell(logged_);  // before any flow is opened by it
    in_force_.replace(*policy);
    {
        const std::lock_guard lock(mutex_);
        current_ = policy;
    }
    replaced_.fresh().push_back(std::move(before));
    free_waiting();  // its period begins now, or when the one before it is over
    const auto deadline = Clock::now() + std::chrono::milliseconds(patience_ms);
    while (free_waiting() != 0) {
        if (Clock::now() >= deadline)
            return false;
        // Nobody tells when a member has turned: it would cost each turn.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace sluice::gateway
