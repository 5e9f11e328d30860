// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/packet_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluicectl {
namespace {

constexpr size_t kMostBlock = size_t{1} << 24;

// pcap.
constexpr uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kNanoseconds = 0xa1b23c4d;
constexpr size_t kFileHeaderBytes = 24;
constexpr size_t kRecordHeaderBytes = 16;

// pcapng.
constexpr uint32_t kSection = 0x0a0d0d0a;  // the same from both ends
constexpr uint32_t kByteOrder = 0x1a2b3c4d;
constexpr uint32_t kInterface = 1;
constexpr uint32_t kSimplePacket = 3;
constexpr uint32_t kEnhancedPacket = 6;
constexpr size_t kBlockHeadBytes = 8;
constexpr size_t kLeastBlock = 12;  // the head, and the length once more
constexpr size_t kEnhancedHeadBytes = 20;
constexpr size_t kSimpleHeadBytes = 4;

/// A link type, how long the header is that a frame has there, and where in it the EtherType
/// stands. None: the packet begins at once.
struct Link {
    uint32_t type;
    size_t header_bytes;
    std::optional<size_t> ether_type;
};

constexpr uint32_t kEthernet = 1;
constexpr Link kLinks[] = {
    {12, 0, {}},   {101, 0, {}}, {228, 0, {}},  // raw IP, thrice
    {113, 16, 14},                              // Linux "cooked"
    {276, 20, 0},                               // and its second form
};
constexpr size_t kMacsBytes = 12;
constexpr std::string_view kIpv4("\x08\x00", 2);

constexpr uint64_t kMicrosecond = 1'000'000;  // units of time in a second
constexpr uint64_t kNanosecond = 1'000'000'000;
constexpr uint16_t kResolution = 9;  // if_tsresol
constexpr size_t kInterfaceHeadBytes = 8;

uint64_t milliseconds_of(uint64_t time, uint64_t units) {
    constexpr uint64_t kThousand = 1000;
    return time / units * kThousand + time % units * kThousand / units;
}

/// A power of ten, or of two where its highest bit is set; of no more than 10^15 or 2^50.
uint64_t units_of(uint8_t resolution) {
    constexpr unsigned kMostTens = 15;
    constexpr unsigned kMostTwos = 50;
    if ((resolution & 0x80) != 0)
        return uint64_t{1} << std::min(resolution & 0x7fU, kMostTwos);
    uint64_t units = 1;
    for (unsigned i = 0; i < std::min<unsigned>(resolution, kMostTens); ++i)
        units *= 10;
    return units;
}

template <typename Number>
Number swapped(Number number) {
    auto* bytes = reinterpret_cast<char*>(&number);
    std::reverse(bytes, bytes + sizeof number);
    return number;
}

}  // namespace

void PacketFile::Close::operator()(std::FILE* file) const {
    if (file != stdin)
        std::fclose(file);
}

sluice::Result<PacketFile> PacketFile::open(const std::string& path) {
    File file(path == "-" ? stdin : std::fopen(path.c_str(), "rbe"));
    if (file == nullptr)
        return sluice::Error{"--pcap " + path + ": it cannot be opened: " + std::strerror(errno) +
                             "."};
    PacketFile packets(std::move(file), path);
    if (!packets.begin())
        return sluice::Error{packets.error_};
    return packets;
}

bool PacketFile::fail(const std::string& why) {
    error_ = "--pcap " + name_ + ": " + why;
    return false;
}

/// False at the end of the file, and where the bytes are not there.
bool PacketFile::take(size_t bytes) {
    if (bytes > kMostBlock)
        return fail("a packet of " + std::to_string(bytes) + " bytes is none.");
    bytes_.resize(bytes);
    const size_t taken = std::fread(bytes_.data(), 1, bytes, file_.get());
    if (taken == bytes)
        return true;
    if (std::ferror(file_.get()) != 0)
        return fail(std::string("it cannot be read: ") + std::strerror(errno) + ".");
    return taken == 0 ? false : fail("it is cut short.");
}

template <typename Number>
Number PacketFile::number_at(size_t at) const {
    Number number{};
    if (at + sizeof number <= bytes_.size())
        std::memcpy(&number, &bytes_[at], sizeof number);
    return is_swapped_ ? swapped(number) : number;
}

bool PacketFile::begin() {
    if (!take(kBlockHeadBytes))
        return error_.empty() ? fail("it is empty.") : false;
    const auto magic = number_at<uint32_t>(0);
    has_blocks_ = magic == kSection;
    if (has_blocks_)
        return begin_section(number_at<uint32_t>(4));
    const auto is = [&](uint32_t other) { return magic == other || magic == swapped(other); };
    if (!is(kMicroseconds) && !is(kNanoseconds))
        return fail("it is neither a pcap nor a pcapng file.");
    is_swapped_ = magic != kMicroseconds && magic != kNanoseconds;
    only_.units = is(kNanoseconds) ? kNanosecond : kMicrosecond;
    if (!take(kFileHeaderBytes - kBlockHeadBytes))
        return error_.empty() ? fail("it is cut short.") : false;
    constexpr size_t kLinkAt = kFileHeaderBytes - kBlockHeadBytes - sizeof(uint32_t);
    only_.link = number_at<uint32_t>(kLinkAt) & 0xffff;
    return true;
}

/// Of a section's header the type has been read, and `length` as the machine reads it.
bool PacketFile::begin_section(uint32_t length) {
    is_swapped_ = false;
    interfaces_.clear();
    if (!take(sizeof kByteOrder))
        return error_.empty() ? fail("it is cut short.") : false;
    const auto order = number_at<uint32_t>(0);
    if (order != kByteOrder && order != swapped(kByteOrder))
        return fail("a section of it has no byte order.");
    is_swapped_ = order != kByteOrder;
    const uint32_t bytes = is_swapped_ ? swapped(length) : length;
    if (bytes < kLeastBlock + sizeof order)
        return fail("a section's header of " + std::to_string(bytes) + " bytes is none.");
    if (!take(bytes - kBlockHeadBytes - sizeof order))
        return error_.empty() ? fail("it is cut short.") : false;
    return true;
}

std::optional<PacketFile::Packet> PacketFile::next() {
    return has_blocks_ ? next_block() : next_record();
}

std::optional<PacketFile::Packet> PacketFile::next_record() {
    if (!take(kRecordHeaderBytes))
        return std::nullopt;
    const uint64_t seconds = number_at<uint32_t>(0);
    milliseconds_ = milliseconds_of(seconds * only_.units + number_at<uint32_t>(4), only_.units);
    const auto captured = number_at<uint32_t>(8);
    const auto length = number_at<uint32_t>(12);
    if (captured != 0 && !take(captured)) {
        if (error_.empty())
            fail("it is cut short.");
        return std::nullopt;
    }
    bytes_.resize(captured);
    return framed(bytes_, length, only_.link);
}

std::optional<PacketFile::Packet> PacketFile::next_block() {
    while (take(kBlockHeadBytes)) {
        const auto type = number_at<uint32_t>(0);
        uint32_t length = 0;
        std::memcpy(&length, &bytes_[4], sizeof length);
        if (type == kSection || type == swapped(kSection)) {
            if (!begin_section(length))
                return std::nullopt;
            continue;
        }
        length = number_at<uint32_t>(4);
        if (length < kLeastBlock || !take(length - kBlockHeadBytes)) {
            if (error_.empty())
                fail("it is cut short, or no pcapng file from here on.");
            return std::nullopt;
        }
        if (type == kInterface)
            interfaces_.push_back(interface_of());
        else if (type == kEnhancedPacket || type == kSimplePacket)
            return packet_of(type);
    }
    return std::nullopt;
}

/// Of the block that has been read.
PacketFile::Interface PacketFile::interface_of() const {
    Interface interface { number_at<uint16_t>(0), kMicrosecond };
    for (size_t at = kInterfaceHeadBytes; const auto code = number_at<uint16_t>(at);) {
        if (code == kResolution)
            interface.units = units_of(number_at<uint8_t>(at + 4));
        at += 4 + (number_at<uint16_t>(at + 2) + size_t{3}) / 4 * 4;
    }
    return interface;
}

/// Likewise.
std::optional<PacketFile::Packet> PacketFile::packet_of(uint32_t type) {
    const bool is_simple = type == kSimplePacket;
    const size_t head = is_simple ? kSimpleHeadBytes : kEnhancedHeadBytes;
    const uint32_t interface = is_simple ? 0 : number_at<uint32_t>(0);
    const auto length = number_at<uint32_t>(is_simple ? 0 : 16);
    if (bytes_.size() < head + sizeof(uint32_t) || interface >= interfaces_.size()) {
        fail("a packet's block is not sound.");
        return std::nullopt;
    }
    const size_t room = bytes_.size() - head - sizeof(uint32_t);
    const uint64_t units = interfaces_[interface].units;
    if (!is_simple)
        milliseconds_ =
            milliseconds_of(uint64_t{number_at<uint32_t>(4)} << 32 | number_at<uint32_t>(8), units);
    const size_t captured = is_simple ? length : number_at<uint32_t>(12);
    return framed(std::string_view(bytes_).substr(head, std::min(captured, room)), length,
                  interfaces_[interface].link);
}

std::optional<PacketFile::Packet> PacketFile::framed(std::string_view bytes, uint32_t length,
                                                     uint32_t link) {
    if (link == kEthernet)
        return Packet{std::string(bytes), length, milliseconds_};
    const auto known =
        std::ranges::find_if(kLinks, [&](const Link& one) { return one.type == link; });
    if (known == std::end(kLinks)) {
        fail("it has packets of link type " + std::to_string(link) +
             "; Ethernet (1), raw IP and Linux \"any\" are read.");
        return std::nullopt;
    }
    const size_t skipped = std::min(known->header_bytes, bytes.size());
    const std::string_view type =
        known->ether_type ? bytes.substr(std::min(*known->ether_type, bytes.size()), 2) : kIpv4;
    Packet packet{std::string(kMacsBytes, '\0'), 0, milliseconds_};
    packet.frame.append(type).append(bytes.substr(skipped));
    const auto header = static_cast<uint32_t>(kMacsBytes + kIpv4.size());
    packet.length = length - std::min(length, static_cast<uint32_t>(skipped)) + header;
    return packet;
}

}  // namespace sluicectl
