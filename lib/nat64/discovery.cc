// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/discovery.h"

#include "nat64/to_ipv4.h"
#include "nat64/transport.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sluice::nat64 {

using net::Arp;
using net::Ipv6Address;
using net::MacAddress;
using stats::Drop;

namespace {

using Fate = Entered::Fate;

constexpr uint8_t kHopLimit = 255;  // no router has passed it on
constexpr MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

enum Type : uint8_t {
    RouterSolicitation = 133,
    RouterAdvertisement = 134,
    Solicitation = 135,
    Advertisement = 136,
};
enum Option : uint8_t {
    SourceMac = 1,
    TargetMac = 2,
    PrefixInformation = 3,
    DnsServers = 25,
    Pref64 = 38,
};

constexpr size_t kTargetAt = 8;
constexpr size_t kOptionsAt = 24;  // of solicitation and advertisement
constexpr size_t kUnit = 8;        // of an option's length
// A router advertisement: its head, MAC, subnet, prefix of NAT64, DNS servers.
constexpr size_t kLongestMessage = 16 + 8 + 32 + 16 + 8 + 16 * kMostDnsServers;

Entered answered(bool is_written) {
    return is_written ? Entered{Fate::Answers, {}} : Entered::dropped(Drop::TxFull);
}

MacAddress source_of(const rte_mbuf* mbuf) {
    return net::mac_of(net::source_mac(rte_pktmbuf_mtod(mbuf, const void*)));
}

/// It comes from one host: no answer goes to many because of who asks.
bool is_of_host(const rte_mbuf* mbuf, const Headers& headers) {
    const uint64_t mac = net::source_mac(rte_pktmbuf_mtod(mbuf, const void*));
    return !headers.source.is_multicast() && (mac & net::kGroupMac) == 0;
}

/// The MAC in an option of that kind. False where the options contradict their lengths, or that is
/// no host's.
bool read_mac(std::span<const uint8_t> options, Option kind, std::optional<MacAddress>& mac) {
    while (!options.empty()) {
        const size_t bytes = options.size() < 2 ? 0 : options[1] * kUnit;
        if (bytes == 0 || bytes > options.size())
            return false;
        if (options[0] == kind && bytes == kUnit) {
            mac.emplace();
            std::copy_n(options.begin() + 2, mac->size(), mac->begin());
            if ((net::mac_bits(*mac) & net::kGroupMac) != 0)
                return false;
        }
        options = options.subspan(bytes);
    }
    return true;
}

/// A message as it is put together.
class Body {
public:
    explicit Body(uint8_t type) { put({type, 0, 0, 0}); }
    Body& put(std::initializer_list<uint8_t> bytes) {
        std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<ptrdiff_t>(size_));
        size_ += bytes.size();
        return *this;
    }
    Body& put32(uint32_t value) {
        return put({static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
                    static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)});
    }
    Body& put(const Ipv6Address& address, size_t bytes = 16) {
        std::copy_n(address.bytes.begin(), bytes, bytes_.begin() + static_cast<ptrdiff_t>(size_));
        size_ += bytes;
        return *this;
    }
    Body& put(Option kind, const MacAddress& mac) {
        put({kind, 1});
        std::copy(mac.begin(), mac.end(), bytes_.begin() + static_cast<ptrdiff_t>(size_));
        size_ += mac.size();
        return *this;
    }
    std::span<const uint8_t> bytes() const { return {bytes_.data(), size_}; }

private:
    std::array<uint8_t, kLongestMessage> bytes_{};
    size_t size_ = 0;
};

/// RFC 8781 §4: how long the prefix is, as its option says it.
uint8_t length_code(uint8_t length) {
    constexpr std::array kLengths = {96, 64, 56, 48, 40, 32};
    return static_cast<uint8_t>(std::ranges::find(kLengths, length) - kLengths.begin());
}

}  // namespace

struct Discovery::Message {
    MacAddress mac;
    Ipv6Address source;
    Ipv6Address destination;
};

Entered Discovery::hear(rte_mbuf* mbuf, const Headers& headers, Tick now) const {
    const size_t at = kEtherBytes + headers.bytes;
    if (!headers.is_whole() || headers.hop_limit != kHopLimit || mbuf->nb_segs != 1 ||
        rte_pktmbuf_data_len(mbuf) < at + headers.transport_bytes ||
        headers.transport_bytes < kIcmpBytes || !is_of_host(mbuf, headers))
        return Entered::dropped(Drop::Ipv6Malformed);
    if (!has_sound_icmpv6(mbuf, headers))
        return Entered::dropped(Drop::TransportChecksum);
    const std::span message(rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, at),
                            headers.transport_bytes);
    if (message[1] != 0)
        return Entered::dropped(Drop::Ipv6Malformed);
    switch (message[0]) {
        case Solicitation:
        case Advertisement:
            if (message.size() < kOptionsAt)
                return Entered::dropped(Drop::Ipv6Malformed);
            return message[0] == Solicitation ? answer_solicitation(mbuf, headers, message)
                                              : hear_advertisement(mbuf, message);
        case RouterSolicitation:
            return answer_router_solicitation(mbuf, headers, message, now);
        case RouterAdvertisement:
            return Entered::dropped(Drop::MulticastOrBroadcast);
        default:
            return Entered::dropped(Drop::IcmpRedirect);
    }
}

/// Who has no address yet asks whether one is free (RFC 4862 §5.4): he is told before everybody.
Entered Discovery::answer_solicitation(rte_mbuf* mbuf, const Headers& headers,
                                       std::span<const uint8_t> message) const {
    Ipv6Address target;
    std::copy_n(message.begin() + kTargetAt, 16, target.bytes.begin());
    std::optional<MacAddress> mac;
    if (!read_mac(message.subspan(kOptionsAt), SourceMac, mac))
        return Entered::dropped(Drop::Ipv6Malformed);
    if (!addresses_.is_own(target, side_))
        return Entered::dropped(Drop::MulticastOrBroadcast);  // for another one on the link
    if (headers.source.is_unspecified())
        return answered(
            advertise(mbuf, target, net::kAllNodes, net::multicast_mac(net::kAllNodes)));
    return answered(advertise(mbuf, target, headers.source, mac.value_or(source_of(mbuf))));
}

/// It is an ARP reply from now on.
Entered Discovery::hear_advertisement(rte_mbuf* mbuf, std::span<const uint8_t> message) const {
    Ipv6Address target;
    std::copy_n(message.begin() + kTargetAt, 16, target.bytes.begin());
    std::optional<MacAddress> mac;
    if (!read_mac(message.subspan(kOptionsAt), TargetMac, mac))
        return Entered::dropped(Drop::Ipv6Malformed);
    const auto number = addresses_.neighbour(target, side_);
    if (!number)
        return Entered::dropped(Drop::MulticastOrBroadcast);  // of nobody that something is sent to
    const Arp reply{Arp::Operation::Reply, mac.value_or(source_of(mbuf)), *number, mac_,
                    addresses_.own_number(side_)};
    auto* frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(rte_pktmbuf_data_len(mbuf) - net::kArpFrameBytes));
    net::write_arp({frame, net::kArpFrameBytes}, mac_, reply);
    return {Fate::Translated, {}};
}

Entered Discovery::answer_router_solicitation(rte_mbuf* mbuf, const Headers& headers,
                                              std::span<const uint8_t> message, Tick now) const {
    if (!advertises_)
        return Entered::dropped(Drop::MulticastOrBroadcast);
    std::optional<MacAddress> mac;
    if (!read_mac(message.subspan(kIcmpBytes), SourceMac, mac))
        return Entered::dropped(Drop::Ipv6Malformed);
    if (!headers.source.is_unspecified())
        return answered(advertise_router(mbuf, headers.source, source_of(mbuf)));
    if (pace_ != nullptr && !pace_->take(now))
        return Entered::dropped(Drop::MulticastOrBroadcast);
    return answered(advertise_router(mbuf, net::kAllNodes, net::multicast_mac(net::kAllNodes)));
}

std::optional<Drop> Discovery::speak(rte_mbuf* mbuf) const {
    const auto arp =
        net::read_arp({rte_pktmbuf_mtod(mbuf, const uint8_t*), rte_pktmbuf_data_len(mbuf)});
    const auto target = arp ? addresses_.to_ipv6(arp->target) : std::nullopt;
    if (!target || !addresses_.is_number(arp->target))
        return Drop::Ipv6NoHost;
    if (arp->sender != arp->target)
        return solicit(mbuf, *arp, *target);
    const MacAddress everybody = net::multicast_mac(net::kAllNodes);
    const bool is_link_local = *target == addresses_.link_local(side_);
    const bool is_written = is_link_local && advertises_
                                ? advertise_router(mbuf, net::kAllNodes, everybody)
                                : advertise(mbuf, *target, net::kAllNodes, everybody);
    return is_written ? std::nullopt : std::optional(Drop::TxFull);
}

/// Without a sender it asks whether the address is free.
std::optional<Drop> Discovery::solicit(rte_mbuf* mbuf, const Arp& question,
                                       const Ipv6Address& target) const {
    const bool is_probe = question.sender == Be32{};
    const uint64_t to = net::destination_mac(rte_pktmbuf_mtod(mbuf, const void*));
    const bool asks_all = to == net::mac_bits(kBroadcast);
    const Ipv6Address group = net::solicited_node(target);
    Body body(Solicitation);
    body.put32(0).put(target);
    if (!is_probe)
        body.put(SourceMac, mac_);
    const Message message{asks_all ? net::multicast_mac(group) : net::mac_of(to),
                          is_probe ? Ipv6Address{} : addresses_.link_local(side_),
                          asks_all ? group : target};
    return write(mbuf, message, body.bytes()) ? std::nullopt : std::optional(Drop::TxFull);
}

bool Discovery::advertise(rte_mbuf* mbuf, const Ipv6Address& own, const Ipv6Address& to,
                          const MacAddress& mac) const {
    constexpr uint32_t kRouter = uint32_t{1} << 31;
    constexpr uint32_t kSolicited = uint32_t{1} << 30;
    constexpr uint32_t kOverride = uint32_t{1} << 29;
    Body body(Advertisement);
    body.put32(kRouter | kOverride | (to.is_multicast() ? 0 : kSolicited));
    body.put(own).put(TargetMac, mac_);
    return write(mbuf, {mac, own, to}, body.bytes());
}

/// Times in seconds: three announcements may be lost, and prefixes are those of RFC 4861 §6.2.1.
bool Discovery::advertise_router(rte_mbuf* mbuf, const Ipv6Address& to,
                                 const MacAddress& mac) const {
    constexpr uint16_t kLifetime = 1800;
    constexpr uint32_t kValid = 2592000;
    constexpr uint32_t kPreferred = 604800;
    constexpr uint8_t kHopLimitOfHosts = 64;
    constexpr uint8_t kOnLink = 0x80;
    constexpr uint8_t kAutonomous = 0x40;
    const AddressParams& params = addresses_.params();
    const net::Ipv6Prefix subnet = params.own.network();

    Body body(RouterAdvertisement);
    body.put({kHopLimitOfHosts, 0, kLifetime >> 8, kLifetime & 0xff}).put32(0).put32(0);
    body.put(SourceMac, mac_);
    // Hosts make themselves addresses of 64 bits alone (RFC 4862 §5.5.3).
    body.put({PrefixInformation, 4, subnet.length,
              static_cast<uint8_t>(kOnLink | (subnet.length == 64 ? kAutonomous : 0))});
    body.put32(kValid).put32(kPreferred).put32(0).put(subnet.address);
    if (params.embedding) {
        const net::Ipv6Prefix& behind = params.embedding->prefix();
        const unsigned scaled = kLifetime / 8 << 3 | length_code(behind.length);
        body.put({Pref64, 2, static_cast<uint8_t>(scaled >> 8), static_cast<uint8_t>(scaled)});
        body.put(behind.address, 12);
    }
    if (!dns_.empty()) {
        body.put({DnsServers, static_cast<uint8_t>(1 + 2 * dns_.size()), 0, 0}).put32(kLifetime);
        for (const Ipv6Address& server : dns_)
            body.put(server);
    }
    return write(mbuf, {mac, params.link_local, to}, body.bytes());
}

/// In the place of the frame that is there. False where its mbuf has no room.
bool Discovery::write(rte_mbuf* mbuf, const Message& message, std::span<const uint8_t> body) const {
    const auto size = static_cast<uint16_t>(kEtherBytes + kIpv6Bytes + body.size());
    const uint16_t before = rte_pktmbuf_data_len(mbuf);
    if (before > size)
        rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(before - size));
    else if (rte_pktmbuf_append(mbuf, static_cast<uint16_t>(size - before)) == nullptr)
        return false;
    auto* frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    net::write_macs(frame, net::mac_bits(message.mac), net::mac_bits(mac_));
    write_word(frame + 12, Be16::from_host(RTE_ETHER_TYPE_IPV6).raw);
    uint8_t* ip = frame + kEtherBytes;
    const uint8_t head[] = {0x60,    0,        0, 0, 0, static_cast<uint8_t>(body.size()),
                            kIcmpv6, kHopLimit};
    std::memcpy(ip, head, sizeof head);
    std::memcpy(ip + 8, message.source.bytes.data(), 16);
    std::memcpy(ip + 24, message.destination.bytes.data(), 16);
    uint8_t* icmp = ip + kIpv6Bytes;
    std::memcpy(icmp, body.data(), body.size());
    Sum sum = pseudo_header(message.source, message.destination, static_cast<uint16_t>(body.size()),
                            kIcmpv6);
    sum.add(icmp, body.size());
    write_word(icmp + 2, static_cast<uint16_t>(~sum.folded()));
    return true;
}

}  // namespace sluice::nat64
