// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.h"

#include "config/flags.h"
#include "config/ipv6.h"

#include <algorithm>
#include <utility>

namespace sluice::config {
namespace {

/// Half of the ports that a public address has toward a server: no host takes them from the others
/// that share its address.
constexpr uint32_t kFlowsPerHost = 32768;

void fill_defaults(const Settings& settings, Config& config) {
    if (config.inside.empty() && (config.snat.empty() || !config.pool.empty()))
        for (const Lan& lan : config.lans)
            if (const net::Prefix own = lan.own.network();  // of another zone too, maybe
                std::find(config.inside.begin(), config.inside.end(), own) == config.inside.end())
                config.inside.push_back(own);
    if (config.pool.empty() && !config.inside.empty())
        for (const Wan& wan : config.wans)
            config.pool.push_back({wan.own.address, wan.own.address});
    if (!config.worker_cores.empty() && !settings.contains("workers"))
        config.workers = static_cast<unsigned>(config.worker_cores.size());
    if (!settings.contains("max-flows-per-host"))
        config.host_limits.flows = kFlowsPerHost;
    if (!settings.contains("max-flows-from-outside"))
        config.quotas.inward = std::max(config.flows / 2, 1U);
}

}  // namespace

Result<Config> load(const Settings& settings, std::vector<std::string> eal_arguments) {
    Config config;
    for (const Flag& flag : flags()) {
        const auto given = settings.find(flag.name);
        if (given == settings.end() || given->second.empty()) {
            if (flag.required)
                return Error{"--" + std::string(flag.name) + ' ' + std::string(flag.value) +
                             " is missing; see sluice --help"};
            continue;
        }
        if (Status status = flag.read({flag.name, given->second}, config); !status)
            return status.error();
        if (items_of({flag.name, given->second}).empty())  // as "$STATE" may be
            return wrong(flag.name, joined(given->second),
                         "its value is empty; for none leave the flag out");
    }
    if (Status status = add_ipv6_side(config); !status)
        return status.error();
    fill_defaults(settings, config);
    config.eal = std::move(eal_arguments);
    return config;
}

Result<conntrack::Tuning> load_tuning(const Settings& settings) {
    Config config;
    for (const Flag& flag : flags()) {
        const std::string section = section_of(flag);
        const auto given = settings.find(flag.name);
        if ((section != "tracking" && section != "timeouts") || given == settings.end())
            continue;
        if (Status status = flag.read({flag.name, given->second}, config); !status)
            return status.error();
    }
    return config.tuning;
}

}  // namespace sluice::config
