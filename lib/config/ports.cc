// SPDX-License-Identifier: BSD-3-Clause
#include "config/ports.h"

#include "io/port_name.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

constexpr string_view kVlanKey = "vlan=";
constexpr link::VlanId kHighestVlan = 4094;  // IEEE 802.1Q-2018 table 9-2: 4095 is reserved

std::optional<link::VlanId> parse_vlan(string_view text) {
    link::VlanId vlan = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), vlan);
    if (error != std::errc{} || end != text.data() + text.size() || vlan == link::kUntagged ||
        vlan > kHighestVlan)
        return std::nullopt;
    return vlan;
}

struct Flagged {
    const char* flag;
    const Attachment* attachment;
};

std::vector<Flagged> attachments(const Config& config) {
    return {{"lan", &config.lan}, {"wan", &config.wan}};
}

std::vector<SharedPort>::iterator find_port(std::vector<SharedPort>& ports, const string& name) {
    return std::find_if(ports.begin(), ports.end(),
                        [&](const SharedPort& port) { return port.port == name; });
}

Status check_port(const Flagged& one, std::map<string, Flagged>& by_resource) {
    const Attachment& own = *one.attachment;
    const Result<io::PortName> name = io::parse_port_name(own.port, one.flag);
    if (!name)
        return wrong(one.flag, own.port, name.error().message);
    const auto [known, is_first] = by_resource.emplace((*name).resource, one);
    if (!is_first && known->second.attachment->port != own.port)
        return wrong(one.flag, own.port,
                     "--" + string(known->second.flag) + " uses the same " + (*name).resource +
                         "; to share it, write both alike");
    return Done{};
}

}  // namespace

Result<Attachment> read_attachment(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    Attachment read;
    string_view rest = *word;
    for (bool is_first = true, is_last = false; !is_last; is_first = false) {
        const size_t comma = rest.find(',');
        const string_view part = rest.substr(0, comma);
        is_last = comma == string_view::npos;
        rest.remove_prefix(is_last ? rest.size() : comma + 1);
        if (is_first || !part.starts_with(kVlanKey)) {
            read.port += (is_first ? "" : ",") + string(part);
            continue;
        }
        const auto vlan = parse_vlan(part.substr(kVlanKey.size()));
        if (!vlan || read.vlan != link::kUntagged)
            return wrong(given.flag, *word,
                         vlan ? "frames with two tags are not taken; one vlan= is wanted"
                              : "a VLAN from 1 to 4094 is wanted behind vlan=");
        read.vlan = *vlan;
    }
    return read;
}

std::vector<SharedPort> ports_of(const Config& config) {
    std::vector<SharedPort> ports;
    for (const auto& [flag, attachment] : attachments(config)) {
        auto port = find_port(ports, attachment->port);
        if (port == ports.end())
            port = ports.insert(port, {flag, attachment->port, {}});
        std::vector<link::VlanId>& vlans = port->vlans;
        if (std::find(vlans.begin(), vlans.end(), attachment->vlan) == vlans.end())
            vlans.push_back(attachment->vlan);
    }
    return ports;
}

link::PortIndex port_index(const Config& config, const Attachment& attachment) {
    std::vector<SharedPort> ports = ports_of(config);
    return static_cast<link::PortIndex>(find_port(ports, attachment.port) - ports.begin());
}

Status check_ports(const Config& config) {
    std::map<string, Flagged> by_resource;
    for (const Flagged& one : attachments(config))
        if (Status status = check_port(one, by_resource); !status)
            return status;
    return Done{};
}

}  // namespace sluice::config
