// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet file: the packets of a capture that somebody has written, one after the other.
///
/// Shape    pcap and pcapng, of either byte order, whatever they count time in. Each packet as an
///          Ethernet frame: one that was captured without (raw IP, Linux "any") is given a header
///          that says nothing but that it is IPv4.
/// Memory   One packet or block, kMostBlock bytes at most.
/// Errors   A file that is none, is cut short, or has packets of a link that is not known, in one
///          sentence.
/// Source   draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; the link types of tcpdump.org.

#include "base/result.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluicectl {

class PacketFile {
public:
    struct Packet {
        std::string frame;          ///< What of it was captured.
        uint32_t length = 0;        ///< Bytes that it had.
        uint64_t milliseconds = 0;  ///< Since 1970, as the capture says.
    };

    /// "-": the standard input.
    static sluice::Result<PacketFile> open(const std::string& path);

    /// Nothing at the end of the file, or where error() says why it cannot be read on.
    std::optional<Packet> next();
    const std::string& error() const { return error_; }

private:
    struct Close {
        void operator()(std::FILE* file) const;
    };
    using File = std::unique_ptr<std::FILE, Close>;

    PacketFile(File file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
    /// What pcapng says of an interface.
    struct Interface {
        uint32_t link = 0;
        uint64_t units = 0;  ///< Of time, in a second.
    };

    bool begin();
    bool begin_section(uint32_t length);
    bool take(size_t bytes);
    bool fail(const std::string& why);
    template <typename Number>
    Number number_at(size_t at) const;
    std::optional<Packet> next_record();
    std::optional<Packet> next_block();
    Interface interface_of() const;
    std::optional<Packet> packet_of(uint32_t type);
    std::optional<Packet> framed(std::string_view bytes, uint32_t length, uint32_t link);

    File file_;
    std::string name_;
    std::string error_;
    std::string bytes_;  // that were read last
    bool is_swapped_ = false;
    bool has_blocks_ = false;  // pcapng
    Interface only_;           // of pcap
    std::vector<Interface> interfaces_;
    uint64_t milliseconds_ = 0;  // of the last packet that has a time
};

}  // namespace sluicectl
