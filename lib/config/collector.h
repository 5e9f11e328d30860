// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Collector: who is given a log of translations (--ipfix, --netflow9, --log-flows), and in which
/// form.

#include "base/big_endian.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

enum class Transport : uint8_t {
    Udp,
    Tcp,
    Local,  ///< A datagram socket of this machine.
    File,
};

struct Collector {
    Transport transport = Transport::Udp;
    Be32 address{};         ///< Udp, Tcp.
    Be16 port{};            ///< Likewise.
    std::string path = {};  ///< Local, File.

    bool operator==(const Collector&) const = default;
};

enum class LogForm : uint8_t { Ipfix, Netflow9, Json, Text, Syslog };

struct FlowLogTarget {
    LogForm form = LogForm::Ipfix;
    Collector collector{};
    std::string name = {};  ///< As it was given: "--ipfix udp:192.0.2.5:4739".

    bool operator==(const FlowLogTarget&) const = default;
};

struct FlowLogs {
    std::optional<FlowLogTarget> ipfix = {};
    std::optional<FlowLogTarget> netflow9 = {};
    std::vector<FlowLogTarget> lines = {};
    bool both = false;  ///< They tell of flows where there are blocks of ports, too.
};

}  // namespace sluice::config
