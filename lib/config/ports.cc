// SPDX-License-Identifier: BSD-3-Clause
#include "config/ports.h"

#include "config/uplinks.h"
#include "io/port_name.h"
#include "net/text.h"

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

/// Takes ",key=VALUE" out of what stands behind a port; nothing where it is not there. What is
/// said twice is in the text still.
std::optional<string> take_key(string_view key, string& text) {
    const size_t first = text.find(key);
    if (first == string::npos)
        return std::nullopt;
    const size_t end = text.find(',', first + 1);
    string value = text.substr(first + key.size(), end - first - key.size());
    text.erase(first, end == string::npos ? end : end - first);
    return value;
}

/// Takes zone=N out of what stands behind --lan; 0 where it is not there.
Result<uint16_t> take_zone_key(string_view flag, string& text) {
    const string whole = text;
    const auto number = take_key(kZoneKey, text);
    if (!number)
        return uint16_t{0};
    uint16_t zone = 0;
    const char* const end = number->data() + number->size();
    const auto [at, error] = std::from_chars(number->data(), end, zone);
    if (error != std::errc{} || at != end || zone >= net::kZones ||
        text.find(kZoneKey) != string::npos)
        return wrong(flag, whole, "one zone from 0 to 4095 is wanted behind zone=");
    return zone;
}

string twin_text(const string& twin) {
    return twin.empty() ? string() : string(kTwinKey) + twin;
}

struct Flagged {
    const char* flag;
    const Attachment* attachment;
    const Lan* lan;  // null behind --wan
    const Wan* wan;  // null behind --lan

    string value() const { return lan != nullptr ? to_string(*lan) : to_string(*wan); }
};

std::vector<Flagged> attachments(const Config& config) {
    std::vector<Flagged> all;
    for (const Lan& lan : config.lans)
        all.push_back({"lan", &lan.at, &lan, nullptr});
    for (const Wan& wan : config.wans)
        all.push_back({"wan", &wan.at, nullptr, &wan});
    return all;
}

std::vector<SharedPort>::iterator find_port(std::vector<SharedPort>& ports, const string& name) {
    return std::find_if(ports.begin(), ports.end(),
                        [&](const SharedPort& port) { return port.port == name; });
}

/// That of the next port which `flag` names.
string name_beside(const std::vector<SharedPort>& ports, const string& flag) {
    const auto before = std::count_if(ports.begin(), ports.end(),
                                      [&](const SharedPort& port) { return port.flag == flag; });
    return before == 0 ? flag : flag + std::to_string(before + 1);
}

Status check_port(const Flagged& one, std::map<string, Flagged>& by_resource) {
    const Attachment& own = *one.attachment;
    const Result<io::PortName> name = io::parse_port_name(own.port, one.flag);
    if (!name)
        return wrong(one.flag, one.value(), name.error().message);
    const auto [known, is_first] = by_resource.emplace((*name).resource, one);
    if (!is_first && known->second.attachment->port != own.port)
        return wrong(one.flag, one.value(),
                     "--" + string(known->second.flag) + " uses the same " + (*name).resource +
                         "; to share it, write both alike");
    return Done{};
}

/// There are as many as the flag that has been given more often.
Lan& lan_in_place(Config& config, size_t index) {
    config.lans.resize(std::max(config.lans.size(), index + 1));
    return config.lans[index];
}

bool is_at_wan(const Config& config, const Attachment& at) {
    return std::any_of(config.wans.begin(), config.wans.end(),
                       [&](const Wan& wan) { return wan.at == at; });
}

/// Each has an address, and a place of its own.
Status check_interfaces(const Config& config) {
    const std::vector<Lan>& lans = config.lans;
    const size_t ipv6_outside = config.wan6 ? 1 : 0;
    if (lans.size() + config.wans.size() + ipv6_outside > link::kMostInterfaces)
        return wrong("lan", to_string(lans.back()), "there can be 4095 interfaces in all");
    for (auto lan = lans.begin(); lan != lans.end(); ++lan) {
        if (lan->at.port.empty())
            return wrong("lan-address", net::to_string(lan->own), "there is no --lan in its place");
        const string text = to_string(*lan);
        if (lan->own == net::Prefix{})
            return wrong("lan", text, "there is no --lan-address in its place");
        if (std::any_of(lans.begin(), lan, [&](const Lan& other) { return other.at == lan->at; }))
            return wrong("lan", text, "it is there already");
        if (is_at_wan(config, lan->at) && lan->zone != 0)
            return wrong("lan", text, "it is that of --wan; a gateway with one arm has no zones");
        if (!is_one_armed(config) && is_at_wan(config, lan->at))
            return wrong("lan", text, "it is that of --wan; a gateway with one arm has no other");
    }
    return Done{};
}

}  // namespace

string to_string(const Attachment& at) {
    return at.port +
           (at.vlan == link::kUntagged ? "" : "," + string(kVlanKey) + std::to_string(at.vlan));
}

string to_string(const Lan& lan) {
    return to_string(lan.at) +
           (lan.zone == 0 ? string() : string(kZoneKey) + std::to_string(lan.zone)) +
           twin_text(lan.twin);
}

string to_string(const Wan& wan) {
    return to_string(wan.at) + twin_text(wan.twin);
}

Result<string> take_twin_key(string_view flag, string& text) {
    const string whole = text;
    const auto name = take_key(kTwinKey, text);
    if (!name)
        return string();
    if (!io::is_interface_name(*name) || text.find(kTwinKey) != string::npos)
        return wrong(flag, whole,
                     "one interface name of 1 to 15 characters is wanted behind twin=");
    return *name;
}

Result<Attachment> read_attachment(string_view flag, const string& text) {
    Attachment read;
    string_view rest = text;
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
            return wrong(flag, text,
                         vlan ? "frames with two tags are not taken; one vlan= is wanted"
                              : "a VLAN from 1 to 4094 is wanted behind vlan=");
        read.vlan = *vlan;
    }
    return read;
}

Status read_lans(const Given& given, Config& config) {
    for (size_t i = 0; i < given.words.size(); ++i) {
        string text = given.words[i];
        const Result<uint16_t> zone = take_zone_key(given.flag, text);
        if (!zone)
            return zone.error();
        const Result<string> twin = take_twin_key(given.flag, text);
        if (!twin)
            return twin.error();
        const Result<Attachment> at = read_attachment(given.flag, text);
        if (!at)
            return at.error();
        Lan& lan = lan_in_place(config, i);
        lan.at = *at;
        lan.zone = *zone;
        lan.twin = *twin;
    }
    return Done{};
}

Status read_lan_addresses(const Given& given, Config& config) {
    for (size_t i = 0; i < given.words.size(); ++i) {
        const std::vector<string> word{given.words[i]};
        const Result<net::Prefix> own = read_interface_address({given.flag, word});
        if (!own)
            return own.error();
        lan_in_place(config, i).own = *own;
    }
    return Done{};
}

std::vector<SharedPort> ports_of(const Config& config) {
    std::vector<SharedPort> ports;
    for (const auto& [flag, attachment, lan, wan] : attachments(config)) {
        auto port = find_port(ports, attachment->port);
        if (port == ports.end())
            port = ports.insert(port, {flag, name_beside(ports, flag), attachment->port, {}});
        std::vector<link::VlanId>& vlans = port->vlans;
        const bool is_on_wire = attachment->vlan != link::kIpv6Side;
        if (is_on_wire && std::find(vlans.begin(), vlans.end(), attachment->vlan) == vlans.end())
            vlans.push_back(attachment->vlan);
    }
    return ports;
}

link::PortIndex port_index(const Config& config, const Attachment& attachment) {
    std::vector<SharedPort> ports = ports_of(config);
    return static_cast<link::PortIndex>(find_port(ports, attachment.port) - ports.begin());
}

Status check_ports(const Config& config) {
    for (const auto check : {check_wans, check_interfaces})
        if (Status status = check(config); !status)
            return status;
    std::map<string, Flagged> by_resource;
    for (const Flagged& one : attachments(config))
        if (Status status = check_port(one, by_resource); !status)
            return status;
    return Done{};
}

}  // namespace sluice::config
