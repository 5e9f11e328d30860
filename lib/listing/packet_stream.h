// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet stream: packets as they pass, for people as a trace and for programs as a capture file.
///
/// Shape    Pulled piece by piece. As text a block of lines for each packet (packet_text.h); as
///          pcapng whole blocks (pcapng.h), with a description of each interface before the first
///          packet, and one more for frames of which the interface is not known.
/// Threads  One. Whoever reads slowly, or not at all, delays nobody: what there is no room for is
///          not told.
/// Errors   What was lost because it was read too slowly stands in the stream, as a number.

#include "listing/flow_filter.h"
#include "listing/interface_name.h"
#include "observe/watches.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::listing {

struct PacketStreamParams {
    enum class Form : uint8_t { Text, Pcapng };
    Form form = Form::Text;
    observe::Wish wish{};  ///< By the naming of its filter IPv6 hosts are told.
    std::optional<conntrack::TcpState> state{};  ///< In which a packet has left its flow.
    std::optional<uint64_t> count{};             ///< Packets after which it ends.
    std::optional<std::chrono::seconds> time{};  ///< Likewise.
    std::vector<InterfaceName> interfaces{};
    unsigned workers = 1;
    std::string application{};  ///< Who writes the file.
};

class PacketStream {
public:
    PacketStream(std::unique_ptr<observe::Watches::Reader> reader, PacketStreamParams params);

    /// Puts what has been seen since the last call into `out`. False when it is the last piece.
    bool next(std::string& out);

private:
    void begin(std::string& out) const;
    void append(std::string& out, const observe::PacketEntry& entry, int64_t time);
    void append_pcapng(std::string& out, const observe::PacketEntry& entry, int64_t time) const;
    void append_lost(std::string& out, uint64_t lost);
    void append_statistics(std::string& out, std::string_view comment) const;
    nat64::Naming naming_of(const observe::PacketEntry& entry) const;
    bool is_wanted(const observe::PacketEntry& entry) const;
    bool has_all() const;
    bool is_late() const;

    std::unique_ptr<observe::Watches::Reader> reader_;
    PacketStreamParams params_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    bool has_begun_ = false;
    uint64_t delivered_ = 0;
    uint64_t lost_ = 0;
};

}  // namespace sluice::listing
