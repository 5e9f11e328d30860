// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/pairing.h"

#include "base/sip_hash.h"
#include "config/read.h"
#include "conntrack/layout.h"
#include "conntrack/status.h"
#include "flow/journal.h"
#include "gateway/numbering.h"
#include "gateway/policy_fingerprint.h"
#include "listing/background.h"
#include "sluice/address_key.h"
#include "sluice/proof.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace sluice::app {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kBetweenLooks{1};  // at a word that the control core writes

/// Who has the pair's key places IPv6 hosts by it. Who has a certificate is the peer also with
/// another key, and then its numbers are others.
Result<uint32_t> ipv6_plan_of(const config::Config& config) {
    const uint32_t plan = gateway::numbering_fingerprint(config);
    if (plan == 0 || !config.sync_certificates.are_used())
        return plan;
    const auto key = common_key(config);
    if (!key)
        return key.error();
    return std::max(static_cast<uint32_t>(sip_hash(sync::number_key_of(*key), plan, 0)),
                    uint32_t{1});
}

}  // namespace

Status choose_keys(const config::Config& config, gateway::Ground& ground,
                   const std::function<void(std::string_view)>& warn) {
    if (config.sync) {
        const auto key = common_key(config);
        if (!key)
            return key.error();
        const auto words = sync::address_key_of(*key);
        ground.address_key = pool::AddressKey(words[0], words[1]);
        ground.number_key = sync::number_key_of(*key);
        ground.outside_number_key = sync::outside_number_key_of(*key);
    } else if (!config.address_key) {
        const auto key = keep_address_key(address_key_file(config.control_socket), warn);
        if (!key)
            return config::wrong("control-socket", config.control_socket, key.error().message);
        ground.address_key = *key;
    }
    ground.address_key = config.address_key.value_or(ground.address_key);
    return Done{};
}

Result<std::unique_ptr<sync::Pair>> start_pair(const PairingParams& params) {
    if (!params.config.sync)
        return std::unique_ptr<sync::Pair>();
    const config::Sync& sync = *params.config.sync;
    auto proof = proof_of(params.config);
    if (!proof)
        return proof.error();
    const auto ipv6_plan = ipv6_plan_of(params.config);
    if (!ipv6_plan)
        return ipv6_plan.error();
    listing::Background background{params.cpus, false, 0, params.on_entry};
    sync::Hello hello;
    hello.priority = sync.priority;
    hello.record_layout = flow::kRecordLayout;
    hello.tracker_layout = conntrack::kTrackerLayout;
    hello.block_size = params.config.holders.blocks.size;
    hello.ipv6_plan = *ipv6_plan;
    tell_policy(params.gateway, gateway::policy_fingerprint(params.config));
    const bool tells_all = params.config.sync_flows == config::SyncFlows::All;
    const uint8_t wanted = tells_all ? uint8_t{0} : uint8_t{conntrack::kAssured};
    return sync::Pair::start({sync.listen,
                              sync.peer,
                              std::move(*proof),
                              hello,
                              {params.gateway.table(),
                               params.now,
                               wanted,
                               {},
                               gateway::ipv6_hosts(params.config, params.gateway.naming())},
                              params.gateway.replica()->standing(),
                              params.gateway.replica()->mailbox(),
                              params.notice,
                              std::move(background)});
}

void tell_policy(gateway::Gateway& gateway, uint32_t fingerprint) {
    // relaxed: the pair's thread says it when it has seen it.
    if (gateway.replica() != nullptr)
        gateway.replica()->standing().policy.store(fingerprint, std::memory_order_relaxed);
}

const char* duty_text(gateway::Gateway& gateway) {
    // relaxed: for people.
    const bool is_active = gateway.replica() == nullptr ||
                           gateway.replica()->standing().is_active.load(std::memory_order_relaxed);
    return is_active ? "forwarding" : "standing by";
}

std::function<bool(int64_t)> own_moments(gateway::Gateway& gateway) {
    if (gateway.replica() == nullptr)
        return [](int64_t) { return true; };
    return [standing = &gateway.replica()->standing()](int64_t moment) {
        return standing->is_own_at(moment);
    };
}

std::optional<command::PairReport> pair_report(gateway::Gateway& gateway) {
    if (gateway.replica() == nullptr)
        return std::nullopt;
    const sync::Standing* const standing = &gateway.replica()->standing();
    // relaxed: figures for people.
    constexpr auto kFigure = std::memory_order_relaxed;
    command::PairReport report;
    report.is_active = standing->is_active.load(kFigure);
    report.peer = static_cast<command::PairReport::Peer>(standing->peer.load(kFigure));
    report.is_whole =
        (report.is_active ? standing->peer_is_whole : standing->is_whole).load(kFigure);
    report.behind = standing->behind.load(kFigure);
    report.lacks_flows = standing->lacks_flows();
    report.differs = standing->peer_differs.load(kFigure);
    report.suspects_peer = standing->suspects_peer(flow::steady_now());
    report.takes_back = standing->takes_back();
    return report;
}

Status set_active(gateway::Gateway& gateway, bool is_active) {
    if (gateway.replica() == nullptr)
        return Error{"This gateway is not one of two (--sync)."};
    sync::Standing* const standing = &gateway.replica()->standing();
    standing->wish.store(is_active ? sync::Wish::Active : sync::Wish::Standby);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (standing->is_active.load(std::memory_order_acquire) != is_active) {
        if (std::chrono::steady_clock::now() > end)
            return Error{"The control core has not changed the role within five seconds; it will."};
        std::this_thread::sleep_for(kBetweenLooks);
    }
    return Done{};
}

}  // namespace sluice::app
