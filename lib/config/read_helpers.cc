// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_helpers.h"

#include <algorithm>
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
        const bool is_ftp = name == "ftp";
        const bool is_name = is_ftp || name == "tftp";
        if (is_name)
            ports = is_ftp ? &all.ftp : &all.tftp;
        const bool has_port = !is_name || colon != string::npos;
        const auto port =
            !has_port
                ? std::optional(Be16::from_host(is_ftp ? helper::kFtpPort : helper::kTftpPort))
            : is_name ? parse_transport_port(string_view(item).substr(colon + 1))
                      : parse_transport_port(item);
        if (ports == nullptr || !port || !add(*ports, *port))
            return no_helper(given, item);
    }
    return all;
}

std::string to_string(const helper::Ports& helpers) {
    string text;
    const auto add = [&](const char* name, const std::vector<uint16_t>& ports, uint16_t usual) {
        if (ports.empty())
            return;
        text += (text.empty() ? "" : ",") + string(name);
        if (ports == std::vector<uint16_t>{usual})
            return;
        for (size_t i = 0; i < ports.size(); ++i)
            text += (i == 0 ? ':' : ',') + std::to_string(ports[i]);
    };
    add("ftp", helpers.ftp, helper::kFtpPort);
    add("tftp", helpers.tftp, helper::kTftpPort);
    return text;
}

}  // namespace sluice::config
