// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pairing: what the daemon does where its gateway is one of two (--sync).
///
/// Threads  pair_report() and set_active() by the threads of the control socket, tell_policy() by
///          the daemon's and then by the one that reloads, all else by the daemon's.
/// Errors   One sentence that names the flag.

#include "base/result.h"
#include "command/subject.h"
#include "config/config.h"
#include "gateway/gateway.h"
#include "sync/pair.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {

/// By which hosts are given their addresses: the operator's, else the one that both of a pair have,
/// else that of the file beside the control socket; `warn` is told what is wrong with that. By
/// which IPv6 hosts are given numbers: the one that both of a pair have.
Status choose_keys(const config::Config& config, gateway::Ground& ground,
                   const std::function<void(std::string_view)>& warn);

struct PairingParams {
    const config::Config& config;
    gateway::Gateway& gateway;
    std::vector<unsigned> cpus;  ///< For the pair's thread.
    std::function<void()> on_entry;
    std::function<Tick()> now;
    std::function<void(const std::string&)> notice;
};

/// Lets the pair's thread run; null where the gateway is alone.
Result<std::unique_ptr<sync::Pair>> start_pair(const PairingParams& params);

/// What the peer is to know of the configuration, as gateway::policy_fingerprint() has it; of
/// another one again.
void tell_policy(gateway::Gateway& gateway, uint32_t fingerprint);

/// "forwarding", "standing by".
const char* duty_text(gateway::Gateway& gateway);

/// Whether what happened to flows at that moment happened to the gateway's own, not to copies.
std::function<bool(int64_t)> own_moments(gateway::Gateway& gateway);

/// Nothing where the gateway is alone.
std::optional<command::PairReport> pair_report(gateway::Gateway& gateway);

/// Says what is wanted, and returns when the control core has made it so.
Status set_active(gateway::Gateway& gateway, bool is_active);

}  // namespace sluice::app
