// SPDX-License-Identifier: BSD-3-Clause
#include "listing/pcapng.h"

#include <algorithm>
#include <cstring>

namespace sluice::listing::pcapng {
namespace {

enum class Type : uint32_t {
    Section = 0x0a0d0d0a,
    Interface = 1,
    Statistics = 5,
    Packet = 6,
};

enum class Option : uint16_t {
    End = 0,
    Comment = 1,
    // Of each block, its own.
    SectionApplication = 4,
    InterfaceName = 2,
    InterfaceDescription = 3,
    InterfaceMac = 6,
    InterfaceResolution = 9,
    PacketFlags = 2,
    StatisticsDropped = 7,
    StatisticsDelivered = 8,
};

constexpr uint32_t kByteOrder = 0x1a2b3c4d;
constexpr uint16_t kMajor = 1;
constexpr uint16_t kMinor = 0;
constexpr uint64_t kUnknownLength = ~uint64_t{0};
constexpr uint16_t kEthernet = 1;         // LINKTYPE_ETHERNET
constexpr uint8_t kNanoseconds = 9;       // 10^-9 s
constexpr size_t kLongestOption = 65532;  // fits 16 bits, and padding changes nothing

/// One block: its length stands at both ends, and is written when the block is whole.
class Block {
public:
    Block(std::string& out, Type type) : out_(out), begin_(out.size()) {
        put(type);
        put(uint32_t{0});
    }
    ~Block() {
        const auto length = static_cast<uint32_t>(out_.size() - begin_ + sizeof(uint32_t));
        put(length);
        std::memcpy(&out_[begin_ + sizeof(Type)], &length, sizeof length);
    }
    Block(const Block&) = delete;

    template <typename T>
    void put(T value) {
        out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void put_bytes(const void* bytes, size_t size) {
        out_.append(static_cast<const char*>(bytes), size);
        out_.append((4 - size % 4) % 4, '\0');
    }
    void put_time(int64_t time) {
        put(static_cast<uint32_t>(static_cast<uint64_t>(time) >> 32));
        put(static_cast<uint32_t>(time));
    }

    void option(Option code, std::string_view text) {
        text = text.substr(0, kLongestOption);
        if (text.empty())
            return;
        put(code);
        put(static_cast<uint16_t>(text.size()));
        put_bytes(text.data(), text.size());
    }
    template <typename T>
    void option(Option code, T value) requires std::is_integral_v<T> {
        option(code, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
    }
    void end_options() { put(uint32_t{0}); }

private:
    std::string& out_;
    size_t begin_;
};

}  // namespace

void append_section(std::string& out, std::string_view application) {
    Block block(out, Type::Section);
    block.put(kByteOrder);
    block.put(kMajor);
    block.put(kMinor);
    block.put(kUnknownLength);
    block.option(Option::SectionApplication, application);
    block.end_options();
}

void append_interface(std::string& out, const InterfaceName& interface, uint32_t snaplen) {
    Block block(out, Type::Interface);
    block.put(kEthernet);
    block.put(uint16_t{0});
    block.put(snaplen);
    block.option(Option::InterfaceName, interface.name);
    block.option(Option::InterfaceDescription, interface.realm);
    if (interface.mac != net::MacAddress{})
        block.option(Option::InterfaceMac,
                     std::string_view(reinterpret_cast<const char*>(interface.mac.data()),
                                      interface.mac.size()));
    block.option(Option::InterfaceResolution, kNanoseconds);
    block.end_options();
}

void append_packet(std::string& out, const Packet& packet) {
    Block block(out, Type::Packet);
    block.put(packet.interface);
    block.put_time(packet.time);
    block.put(static_cast<uint32_t>(packet.frame.size()));
    block.put(packet.length);
    block.put_bytes(packet.frame.data(), packet.frame.size());
    block.option(Option::PacketFlags, static_cast<uint32_t>(packet.direction));
    block.option(Option::Comment, packet.comment);
    block.end_options();
}

void append_statistics(std::string& out, const Statistics& statistics) {
    Block block(out, Type::Statistics);
    block.put(statistics.interface);
    block.put_time(statistics.time);
    block.option(Option::StatisticsDropped, statistics.lost);
    block.option(Option::StatisticsDelivered, statistics.delivered);
    block.option(Option::Comment, statistics.comment);
    block.end_options();
}

}  // namespace sluice::listing::pcapng
