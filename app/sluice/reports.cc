// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/reports.h"

#include "gateway/rules.h"
#include "io/losses.h"
#include "net/text.h"

#include <string>

namespace sluice::app {

std::vector<command::PoolAddress> pool_addresses(const gateway::Gateway& gateway,
                                                 const policy::Policy& policy) {
    constexpr uint32_t kSmall = 256;
    std::vector<command::PoolAddress> all;
    const auto& pools = policy.rules.pools();
    for (size_t i = 0; i < pools.size(); ++i) {
        const std::string name = gateway::name_of(policy.rules.params_of(i));
        for (uint32_t index = 0; index < pools[i]->size(); ++index) {
            const uint64_t packets = gateway.exhaustion().read(pools[i]->slot(index)).packets;
            if (packets != 0 || pools[i]->size() <= kSmall)
                all.push_back({name, net::to_string(pools[i]->address(index)), packets});
        }
    }
    return all;
}

std::vector<command::UplinkReport> uplink_reports(const gateway::Gateway& gateway,
                                                  const policy::Policy& policy) {
    std::vector<command::UplinkReport> reports;
    for (const gateway::UplinkState& uplink : gateway.uplinks(policy))
        reports.push_back(
            {uplink.name, net::to_string(uplink.gateway), uplink.weight, uplink.is_up});
    return reports;
}

command::Subject within_turn(command::Subject subject, gateway::Gateway& gateway) {
    const policy::Policy& policy = *gateway.policies().in_force();
    subject.pools = [&] { return pool_addresses(gateway, policy); };
    subject.uplinks = [&] { return uplink_reports(gateway, policy); };
    return subject;
}

command::Subject with_ipv6(command::Subject subject, const nat64::Naming& naming) {
    subject.naming = naming;
    subject.ipv6_hosts = [naming] {
        std::vector<command::Ipv6Host> all;
        naming.for_each_host([&](Be32 number, const net::Ipv6Address& address) {
            all.push_back({net::to_string(number), net::to_string(address)});
        });
        return all;
    };
    return subject;
}

std::vector<command::PortReport> port_reports(const Ports& ports) {
    std::vector<command::PortReport> reports;
    for (size_t i = 0; i < ports.size(); ++i) {
        const io::Device& port = ports[i];
        command::PortReport& report = reports.emplace_back();
        report.name = ports.plans()[i].own_name;
        report.has_link = port.has_link();
        report.mtu = port.mtu();
        for (size_t loss = 0; loss < io::kLossCount; ++loss)
            report.losses.emplace_back(io::loss_name(static_cast<io::Loss>(loss)),
                                       port.losses().values[loss].read());
    }
    return reports;
}

}  // namespace sluice::app
