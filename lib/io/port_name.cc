// SPDX-License-Identifier: BSD-3-Clause
#include "io/port_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace sluice::io {
namespace {

using std::string;
using std::string_view;

constexpr size_t kInterfaceNameBytes = 15;  // IFNAMSIZ without its zero
constexpr size_t kSocketPathBytes = 107;    // sun_path without its zero
constexpr string_view kInterfaceKey = "iface=";

bool is_hex(string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

std::vector<string_view> split(string_view text, char separator) {
    std::vector<string_view> parts;
    for (;;) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

/// The rest of a name while it is taken apart.
struct Source {
    string_view rest;
    string_view side;
};

/// A port on a kernel interface, driven by net_`driver`.
Result<PortName> read_interface(const Source& source, string_view driver) {
    if (!is_interface_name(source.rest))
        return Error{"an interface name of 1 to 15 characters is wanted behind the colon"};
    PortName port;
    port.interface = source.rest;
    port.resource = "interface " + port.interface;
    port.device = "net_" + string(driver) + '_' + string(source.side);
    port.arguments = "iface=" + port.interface;
    return port;
}

Result<PortName> read_af_packet(const Source& source) {
    return read_interface(source, "af_packet");
}

Result<PortName> read_af_xdp(const Source& source) {
    return read_interface(source, "af_xdp");
}

Result<PortName> read_tap(const Source& source) {
    return read_interface(source, "tap");
}

/// "bus:device.function" with or without a domain; the domain is 0000 where none is given.
Result<string> read_pci_address(string_view text) {
    const Error wrong{"a PCI address is wanted behind the colon, as 0000:03:00.0"};
    std::vector<string_view> parts = split(text, ':');
    if (parts.size() == 2)
        parts.insert(parts.begin(), "0000");
    if (parts.size() != 3)
        return wrong;
    const std::vector<string_view> last = split(parts[2], '.');
    if (last.size() != 2 || parts[0].size() != 4 || parts[1].size() != 2 || last[0].size() != 2 ||
        last[1].size() != 1 || last[1][0] > '7')
        return wrong;
    if (!is_hex(parts[0]) || !is_hex(parts[1]) || !is_hex(last[0]) || !is_hex(last[1]))
        return wrong;
    string address = string(parts[0]) + ':' + string(parts[1]) + ':' + string(parts[2]);
    for (char& c : address)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return address;
}

Result<PortName> read_pci(const Source& source) {
    const size_t comma = source.rest.find(',');
    Result<string> address = read_pci_address(source.rest.substr(0, comma));
    if (!address)
        return address.error();
    PortName port;
    port.device = *address;
    port.resource = "PCI device " + port.device;
    if (comma != string_view::npos)
        port.arguments = source.rest.substr(comma + 1);
    return port;
}

/// The options of the memif driver that may follow the socket.
constexpr std::array<string_view, 6> kMemifOptions = {"role",  "id",        "bsize",
                                                      "rsize", "zero-copy", "secret"};

Status check_memif_option(string_view option) {
    const size_t equals = option.find('=');
    const string_view key = option.substr(0, equals);
    if (equals == string_view::npos || equals + 1 == option.size() ||
        std::find(kMemifOptions.begin(), kMemifOptions.end(), key) == kMemifOptions.end())
        return Error{"\"" + string(option) +
                     "\" is none of role=, id=, bsize=, rsize=, zero-copy= and secret="};
    const string_view value = option.substr(equals + 1);
    if (key == "role" && value != "server" && value != "client")
        return Error{"the role is server or client, not \"" + string(value) + "\""};
    return Done{};
}

Result<PortName> read_memif(const Source& source) {
    const std::vector<string_view> parts = split(source.rest, ',');
    if (parts[0].empty() || parts[0].size() > kSocketPathBytes)
        return Error{"a socket path of 1 to 107 characters is wanted behind the colon"};
    PortName port;
    port.device = "net_memif_" + string(source.side);
    port.arguments = "socket-abstract=no,socket=" + string(parts[0]);
    string id = "0";
    for (size_t i = 1; i < parts.size(); ++i) {
        if (const Status status = check_memif_option(parts[i]); !status)
            return status.error();
        if (parts[i].starts_with("id="))
            id = parts[i].substr(3);
        if (parts[i] == "role=server")
            port.listening = parts[0];
        port.arguments += ',' + string(parts[i]);
    }
    port.resource = "memif " + string(parts[0]) + " id " + id;
    return port;
}

Result<PortName> read_pcap(const Source& source) {
    const std::vector<string_view> parts = split(source.rest, ',');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
        return Error{"two files are wanted behind the colon: RX.pcap,TX.pcap"};
    if (parts[0] == parts[1])
        return Error{"the file that is read cannot be the one that is written"};
    PortName port;
    port.device = "net_pcap_" + string(source.side);
    port.arguments = "rx_pcap=" + string(parts[0]) + ",tx_pcap=" + string(parts[1]);
    port.pcap_in = parts[0];
    port.resource = "pcap " + string(parts[1]);
    return port;
}

/// The kernel interface that a device's arguments name.
string_view interface_of(string_view arguments) {
    for (const string_view argument : split(arguments, ','))
        if (argument.starts_with(kInterfaceKey))
            return argument.substr(kInterfaceKey.size());
    return {};
}

Result<PortName> read_vdev(const Source& source) {
    const size_t comma = source.rest.find(',');
    PortName port;
    port.device = source.rest.substr(0, comma);
    const bool sound = port.device.size() >= 2 && port.device.size() < 64 &&
                       std::none_of(port.device.begin(), port.device.end(),
                                    [](unsigned char c) { return !std::isgraph(c); });
    if (!sound)
        return Error{"a DPDK virtual device is wanted behind the colon, as net_ring0"};
    port.resource = "device " + port.device;
    if (comma != string_view::npos)
        port.arguments = source.rest.substr(comma + 1);
    if (port.device.starts_with("net_af_packet") || port.device.starts_with("net_af_xdp"))
        port.interface = interface_of(port.arguments);
    if (!port.interface.empty())
        port.resource = "interface " + port.interface;
    return port;
}

struct Kind {
    string_view prefix;
    PortKind kind;
    Result<PortName> (*read)(const Source&);
};

// clang-format off
constexpr Kind kKinds[] = {
    {"pci",       PortKind::Pci,      read_pci},
    {"af_packet", PortKind::AfPacket, read_af_packet},
    {"af_xdp",    PortKind::AfXdp,    read_af_xdp},
    {"tap",       PortKind::Tap,      read_tap},
    {"memif",     PortKind::Memif,    read_memif},
    {"pcap",      PortKind::Pcap,     read_pcap},
    {"vdev",      PortKind::Vdev,     read_vdev},
};
// clang-format on

}  // namespace

bool is_interface_name(string_view name) {
    return !name.empty() && name.size() <= kInterfaceNameBytes && name != "." && name != ".." &&
           std::none_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isspace(c) || std::iscntrl(c) || c == '/' || c == ',' || c == ':';
           });
}

Result<PortName> parse_port_name(string_view text, string_view side) {
    const size_t colon = text.find(':');
    for (const Kind& kind : kKinds) {
        if (colon == string_view::npos || text.substr(0, colon) != kind.prefix)
            continue;
        Result<PortName> port = kind.read({text.substr(colon + 1), side});
        if (port) {
            port->kind = kind.kind;
            port->text = text;
        }
        return port;
    }
    return Error{
        "a port is written as pci:0000:03:00.0, af_packet:IFNAME, af_xdp:IFNAME, tap:NAME, "
        "memif:SOCKET, pcap:RX.pcap,TX.pcap or vdev:DEVICE"};
}

}  // namespace sluice::io
