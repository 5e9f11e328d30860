// SPDX-License-Identifier: BSD-3-Clause
#include "command/ipv6_hosts.h"

namespace sluice::command {

std::string ipv6_hosts_text(const std::vector<Ipv6Host>& hosts) {
    std::string text;
    for (const Ipv6Host& host : hosts)
        text += host.number + ' ' + host.address + '\n';
    return text;
}

std::string ipv6_hosts_json(const std::vector<Ipv6Host>& hosts) {
    std::string text = "[";
    for (const Ipv6Host& host : hosts)
        text += std::string(text.size() == 1 ? "" : ",\n") + R"({"number":")" + host.number +
                R"(","address":")" + host.address + "\"}";
    return text + "]\n";
}

}  // namespace sluice::command
