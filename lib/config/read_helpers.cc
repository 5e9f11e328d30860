// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_helpers.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

/// As many as a kernel's helper has (MAX_PORTS).
constexpr size_t kMostPorts = 8;

Error no_helper(const Given& given, string_view word) {
    return wrong(given.flag, word, kHelperWanted);
}

/// A helper by its name, where its servers wait as a rule, and where its ports are kept.
struct ByName {
    string_view name;
    uint16_t port;
    std::vector<uint16_t> helper::Ports::*ports;
};

constexpr ByName kHelpers[] = {{"ftp", helper::kFtpPort, &helper::Ports::ftp},
                               {"tftp", helper::kTftpPort, &helper::Ports::tftp},
                               {"pptp", helper::kPptpPort, &helper::Ports::pptp}};

bool add(std::vector<uint16_t>& ports, Be16 port) {
    if (std::find(ports.begin(), ports.end(), port.host()) == ports.end())
        ports.push_back(port.host());
    return ports.size() <= kMostPorts;
}

}  // namespace

/// A list's commas part both helpers and ports: what is a number is a port of the helper before it.
Result<helper::Ports> read_helpers(const Given& given) {
    helper::Ports all;
    std::vector<uint16_t>* ports = nullptr;
    for (const string& item : items_of(given)) {
        const size_t colon = item.find(':');
        const string_view name = string_view(item).substr(0, colon);
        const auto* const named =
            std::find_if(std::begin(kHelpers), std::end(kHelpers),
                         [&](const ByName& each) { return each.name == name; });
        const bool is_name = named != std::end(kHelpers);
        if (is_name)
            ports = &(all.*named->ports);
        const bool has_port = !is_name || colon != string::npos;
        const auto port = !has_port ? std::optional(Be16::from_host(named->port))
                          : is_name ? parse_transport_port(string_view(item).substr(colon + 1))
                                    : parse_transport_port(item);
        if (ports == nullptr || !port || !add(*ports, *port))
            return no_helper(given, item);
    }
    return all;
}

std::string to_string(const helper::Ports& helpers) {
    string text;
    for (const ByName& named : kHelpers) {
        const std::vector<uint16_t>& ports = helpers.*named.ports;
        if (ports.empty())
            continue;
        text += (text.empty() ? "" : ",") + string(named.name);
        if (ports == std::vector<uint16_t>{named.port})
            continue;
        for (size_t i = 0; i < ports.size(); ++i)
            text += (i == 0 ? ':' : ',') + std::to_string(ports[i]);
    }
    return text;
}

}  // namespace sluice::config
