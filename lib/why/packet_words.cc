// SPDX-License-Identifier: BSD-3-Clause
#include "why/packet_words.h"

#include "conntrack/tcp_state.h"
#include "nat64/headers.h"
#include "net/icmp.h"
#include "net/text.h"

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::why {
namespace {

using listing::InterfaceName;
using listing::Query;
using net::Protocol;
using std::string;

constexpr size_t kEtherBytes = sizeof(rte_ether_hdr);
constexpr size_t kIpBytes = sizeof(rte_ipv4_hdr);
constexpr uint8_t kEchoRequest6 = 128;
constexpr uint8_t kEchoReply6 = 129;
constexpr uint8_t kTtl = 64;
constexpr uint16_t kWindow = 65535;
constexpr uint8_t kInit = 1;  // of SCTP's chunks, the one that opens an association
constexpr size_t kInitBytes = 20;
constexpr size_t kMostFrame = 65535;  // as mbufs count their bytes

/// A packet as its words say.
struct Spoken {
    Protocol protocol{};
    nat64::Naming naming;
    net::Endpoint source;
    net::Endpoint destination;
    std::optional<net::Ipv6Address> source6 = {};  ///< Of an end that is given so.
    std::optional<net::Ipv6Address> destination6 = {};
    bool is_ipv6 = false;  ///< Both are: else they are in `source` and `destination`.
    bool source_has_port = false;
    bool destination_has_port = false;
    std::optional<uint8_t> flags = {};
    std::optional<uint16_t> length = {};
    bool is_whole = false;  ///< "Don't fragment".
    uint8_t ttl = kTtl;
    std::optional<uint32_t> seq = {};
    std::optional<uint32_t> ack = {};
    uint16_t window = kWindow;
};

template <typename Number>
Status read_number(const string& name, const string& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        return Error{name + "=" + text + " is not a number from 0 to " +
                     std::to_string(std::numeric_limits<Number>::max()) + "."};
    return Done{};
}

template <typename Number>
Status read_number(const string& name, const string& text, std::optional<Number>& number) {
    return read_number(name, text, number.emplace());
}

/// "10.1.0.5:4000", "[2001:db8::5]:4000", or an address alone.
class EndpointWords {
public:
    string address;
    std::optional<string> port = {};
    bool is_ipv6 = false;

    explicit EndpointWords(const string& text) : address(text) {
        const bool has_bracket = text.starts_with('[');
        is_ipv6 = has_bracket || text.find(':') != text.rfind(':');
        if (has_bracket) {
            part(text, text.find(']'));
            return;
        }
        if (const size_t colon = text.find(':'); !is_ipv6 && colon != string::npos) {
            address = text.substr(0, colon);
            port = text.substr(colon + 1);
        }
    }

private:
    /// At the bracket's end, behind which nothing stands or a port.
    void part(const string& text, size_t end) {
        const string behind = end == string::npos ? "]" : text.substr(end + 1);
        if (!behind.empty() && behind.front() != ':')
            return;
        address = text.substr(1, end - 1);
        if (!behind.empty())
            port = behind.substr(1);
    }
};

struct SpokenEnd {
    net::Endpoint& endpoint;
    std::optional<net::Ipv6Address>& address6;
    bool& has_port;
};

Status read_ipv6(const string& name, const string& text, const nat64::Naming& naming,
                 std::optional<net::Ipv6Address>& address) {
    address = net::parse_ipv6_address(text);
    if (!address)
        return Error{name + "=" + text + " is no IPv6 address."};
    if (!naming.is_on())
        return Error{name + "=" + text + ": this gateway serves no IPv6 (--nat64)."};
    return Done{};
}

Status read_endpoint(const string& name, const string& text, const nat64::Naming& naming,
                     SpokenEnd end) {
    const EndpointWords words(text);
    end.has_port = words.port.has_value();
    uint16_t port = 0;
    if (end.has_port && !read_number(name, *words.port, port))
        return Error{name + "=" + text + " has no port from 0 to 65535 behind its address."};
    end.endpoint.port = Be16::from_host(port);
    if (words.is_ipv6)
        return read_ipv6(name, words.address, naming, end.address6);
    const auto address = net::parse_address(words.address);
    if (!address)
        return Error{name + "=" + text +
                     " is neither an IPv4 address nor one with a port, such as 10.1.0.5:4000, nor "
                     "an IPv6 one such as [2001:db8::5]:4000."};
    end.endpoint.address = *address;
    return Done{};
}

/// Between IPv6 addresses a packet is what it comes as. Where one end is given by IPv4 it is what
/// it is inside, by the number of the other.
Status find_inside(Spoken& spoken) {
    const nat64::Naming& naming = spoken.naming;
    spoken.is_ipv6 = spoken.source6 && spoken.destination6;
    if (spoken.is_ipv6)
        return Done{};
    const auto source =
        spoken.source6 ? naming.source(*spoken.source6) : std::optional(spoken.source.address);
    const auto destination = spoken.destination6 ? naming.destination(*spoken.destination6)
                                                 : std::optional(spoken.destination.address);
    if (!source)
        return Error{"src=" + net::to_string(*spoken.source6) +
                     " is of no host that has sent anything: what it sends first gives it its "
                     "address inside."};
    if (!destination)
        return Error{"dst=" + net::to_string(*spoken.destination6) +
                     " is not behind --nat64: no packet from an IPv4 address goes there."};
    spoken.source.address = *source;
    spoken.destination.address = *destination;
    return Done{};
}

/// "S", "FA", "S." as tcpdump writes them; "none".
Status read_flags(const string& text, std::optional<uint8_t>& flags) {
    constexpr std::string_view kLetters = "FSRPAUEW";
    flags = uint8_t{0};
    for (const char letter : text == "none" ? string() : text) {
        const char upper =
            letter == '.' ? 'A'
                          : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
        const size_t bit = kLetters.find(upper);
        if (bit == std::string_view::npos)
            return Error{"flags=" + text +
                         " is not made of F, S, R, P, A (or a dot), U, E and W, nor none."};
        *flags = static_cast<uint8_t>(*flags | 1U << bit);
    }
    return Done{};
}

Status read_protocol(const string& text, Protocol& protocol) {
    const auto filter = listing::FlowFilter::parse({{"proto", text}});
    if (!filter)
        return filter.error();
    protocol = *filter.value().protocol;
    return Done{};
}

Status read_word(const string& name, const string& text, Spoken& spoken) {
    if (name == "proto")
        return read_protocol(text, spoken.protocol);
    if (name == "src")
        return read_endpoint(name, text, spoken.naming,
                             {spoken.source, spoken.source6, spoken.source_has_port});
    if (name == "dst")
        return read_endpoint(
            name, text, spoken.naming,
            {spoken.destination, spoken.destination6, spoken.destination_has_port});
    if (name == "flags")
        return read_flags(text, spoken.flags);
    if (name == "len")
        return read_number(name, text, spoken.length);
    if (name == "ttl")
        return read_number(name, text, spoken.ttl);
    if (name == "seq")
        return read_number(name, text, spoken.seq);
    if (name == "ack")
        return read_number(name, text, spoken.ack);
    if (name == "window")
        return read_number(name, text, spoken.window);
    if (name == "df" && text == "1") {
        spoken.is_whole = true;
        return Done{};
    }
    return Error{name + "=" + text +
                 " is not known here; there are proto, src, dst, flags, len, df=1, ttl, seq, ack, "
                 "window, from, frame, length and format."};
}

size_t ip_bytes(const Spoken& spoken) {
    return spoken.is_ipv6 ? nat64::kIpv6Bytes : kIpBytes;
}

size_t header_bytes(Protocol protocol) {
    switch (protocol) {
        case Protocol::Tcp:
            return sizeof(rte_tcp_hdr);
        case Protocol::Udp:
        case Protocol::UdpLite:
            return sizeof(rte_udp_hdr);
        case Protocol::Icmp:
            return sizeof(rte_icmp_hdr);
        case Protocol::Sctp:
            return sizeof(rte_sctp_hdr) + kInitBytes;
        case Protocol::Gre:
            return sizeof(uint32_t);
    }
    return 0;
}

Status check_sense(const Spoken& spoken, const Query& words) {
    for (const char* needed : {"proto", "src", "dst"})
        if (words.count(needed) == 0)
            return Error{string("A packet needs proto, src and dst; ") + needed + " is not given."};
    const bool is_tcp = spoken.protocol == Protocol::Tcp;
    if (!is_tcp && (spoken.flags || spoken.seq || spoken.ack || words.count("window") != 0))
        return Error{"flags, seq, ack and window go with proto=tcp only."};
    const bool has_ports = net::has_ports(spoken.protocol);
    if (has_ports && (!spoken.source_has_port || !spoken.destination_has_port))
        return Error{"src and dst need a port each, such as 10.1.0.5:4000, with this protocol."};
    if (net::is_by_address(spoken.protocol) &&
        (spoken.source_has_port || spoken.destination_has_port))
        return Error{"This protocol has no ports: src and dst are addresses alone."};
    if (spoken.protocol == Protocol::Icmp && spoken.source_has_port && spoken.destination_has_port)
        return Error{
            "An ICMP echo has one identifier: behind src of a request, behind dst of a reply."};
    const size_t least = ip_bytes(spoken) + header_bytes(spoken.protocol);
    if (spoken.length && *spoken.length > kMostFrame - kEtherBytes)
        return Error{"len=" + std::to_string(*spoken.length) + " is more than " +
                     std::to_string(kMostFrame - kEtherBytes) + "."};
    if (spoken.length && *spoken.length < least)
        return Error{"len=" + std::to_string(*spoken.length) + " is less than the " +
                     std::to_string(least) + " bytes of such a packet's headers."};
    return Done{};
}

void write_tcp(const Spoken& spoken, uint8_t* at) {
    auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(at);
    tcp.src_port = spoken.source.port.raw;
    tcp.dst_port = spoken.destination.port.raw;
    tcp.sent_seq = rte_cpu_to_be_32(spoken.seq.value_or(0));
    tcp.recv_ack = rte_cpu_to_be_32(spoken.ack.value_or(0));
    tcp.data_off = sizeof tcp / 4 << 4;
    tcp.tcp_flags = spoken.flags.value_or(conntrack::kSyn);
    tcp.rx_win = rte_cpu_to_be_16(spoken.window);
}

/// UDP-Lite has in the place of the length how much is covered: all. It wants some checksum.
void write_udp(const Spoken& spoken, size_t bytes, uint8_t* at) {
    auto& udp = *reinterpret_cast<rte_udp_hdr*>(at);
    udp.src_port = spoken.source.port.raw;
    udp.dst_port = spoken.destination.port.raw;
    udp.dgram_len = rte_cpu_to_be_16(static_cast<uint16_t>(bytes));
    udp.dgram_cksum = 0xffff;
}

/// A reply where the identifier is the receiver's.
void write_echo(const Spoken& spoken, uint8_t* at) {
    auto& icmp = *reinterpret_cast<rte_icmp_hdr*>(at);
    icmp.icmp_type = spoken.destination_has_port ? net::kEchoReply : net::kEchoRequest;
    icmp.icmp_ident = (spoken.destination_has_port ? spoken.destination : spoken.source).port.raw;
}

/// The one that opens an association.
void write_sctp(const Spoken& spoken, uint8_t* at) {
    auto& sctp = *reinterpret_cast<rte_sctp_hdr*>(at);
    sctp.src_port = spoken.source.port.raw;
    sctp.dst_port = spoken.destination.port.raw;
    uint8_t* const chunk = at + sizeof sctp;
    chunk[0] = kInit;
    chunk[3] = kInitBytes;
    chunk[4] = 1;  // of the tag that it asks for, which is not 0
}

void write_transport(const Spoken& spoken, size_t bytes, uint8_t* at) {
    if (spoken.protocol == Protocol::Tcp)
        write_tcp(spoken, at);
    else if (spoken.protocol == Protocol::Udp)
        write_udp(spoken, bytes, at);
    else if (spoken.protocol == Protocol::UdpLite)
        write_udp(spoken, 0, at);
    else if (spoken.protocol == Protocol::Icmp)
        write_echo(spoken, at);
    else if (spoken.protocol == Protocol::Sctp)
        write_sctp(spoken, at);
}

void write_ipv4(const Spoken& spoken, size_t length, uint8_t* at) {
    auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(at);
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = rte_cpu_to_be_16(static_cast<uint16_t>(length));
    ip.fragment_offset = spoken.is_whole ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : 0;
    ip.time_to_live = spoken.ttl;
    ip.next_proto_id = static_cast<uint8_t>(spoken.protocol);
    ip.src_addr = spoken.source.address.raw;
    ip.dst_addr = spoken.destination.address.raw;
    write_transport(spoken, length - kIpBytes, at + kIpBytes);
}

/// An ICMPv6 echo has the one checksum that is looked at: by who answers it.
void write_ipv6(const Spoken& spoken, size_t length, uint8_t* at) {
    auto& ip = *reinterpret_cast<rte_ipv6_hdr*>(at);
    const bool is_echo = spoken.protocol == Protocol::Icmp;
    const size_t bytes = length - nat64::kIpv6Bytes;
    ip.vtc_flow = rte_cpu_to_be_32(uint32_t{6} << 28);
    ip.payload_len = rte_cpu_to_be_16(static_cast<uint16_t>(bytes));
    ip.proto = is_echo ? nat64::kIcmpv6 : static_cast<uint8_t>(spoken.protocol);
    ip.hop_limits = spoken.ttl;
    std::ranges::copy(spoken.source6->bytes, at + offsetof(rte_ipv6_hdr, src_addr));
    std::ranges::copy(spoken.destination6->bytes, at + offsetof(rte_ipv6_hdr, dst_addr));
    uint8_t* const transport = at + nat64::kIpv6Bytes;
    write_transport(spoken, bytes, transport);
    if (!is_echo)
        return;
    auto& icmp = *reinterpret_cast<rte_icmp_hdr*>(transport);
    icmp.icmp_type = icmp.icmp_type == net::kEchoReply ? kEchoReply6 : kEchoRequest6;
    icmp.icmp_cksum = rte_ipv6_udptcp_cksum(&ip, transport);
}

std::vector<uint8_t> frame_of(const Spoken& spoken) {
    const size_t header = header_bytes(spoken.protocol);
    const size_t length = spoken.length.value_or(static_cast<uint16_t>(ip_bytes(spoken) + header));
    std::vector<uint8_t> frame(kEtherBytes + length);
    auto& ether = *reinterpret_cast<rte_ether_hdr*>(frame.data());
    ether.ether_type = rte_cpu_to_be_16(spoken.is_ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
    uint8_t* const ip = frame.data() + kEtherBytes;
    if (spoken.is_ipv6)
        write_ipv6(spoken, length, ip);
    else
        write_ipv4(spoken, length, ip);
    return frame;
}

Status read_from(const string& text, std::span<const InterfaceName> interfaces,
                 Question& question) {
    string names;
    for (size_t id = 0; id < interfaces.size(); ++id) {
        names += ", " + interfaces[id].name;
        if (interfaces[id].name == text)
            question.from = static_cast<link::InterfaceId>(id);
    }
    if (question.from == link::kNoInterface && (text == "inside" || text == "outside"))
        question.side = text == "inside" ? net::Side::Inside : net::Side::Outside;
    else if (question.from == link::kNoInterface)
        return Error{"from=" + text + " is none of inside, outside" + names + "."};
    return Done{};
}

Status read_frame(const string& digits, std::vector<uint8_t>& frame) {
    const auto is_digit = [](unsigned char c) { return std::isxdigit(c) != 0; };
    if (digits.size() % 2 != 0 || !std::ranges::all_of(digits, is_digit))
        return Error{"frame is not given in pairs of hexadecimal digits."};
    for (size_t at = 0; at < digits.size(); at += 2) {
        uint8_t byte = 0;
        std::from_chars(&digits[at], &digits[at] + 2, byte, 16);
        frame.push_back(byte);
    }
    return Done{};
}

/// A frame that was captured, maybe not all of it: what is missing is taken for zeroes.
Result<Question> read_captured(const Query& words, Question question) {
    std::optional<uint16_t> length;
    for (const auto& [name, value] : words) {
        Status read = Done{};
        if (name == "frame")
            read = read_frame(value, question.frame);
        else if (name == "length")
            read = read_number(name, value, length);
        else
            read = Error{name + "=" + value + " does not go with a frame."};
        if (!read)
            return read.error();
    }
    if (length && *length < question.frame.size())
        return Error{"length=" + std::to_string(*length) + " is less than what frame has."};
    if (length)
        question.frame.resize(*length);
    question.is_checked = false;  // NICs finish them, behind whoever captures
    return question;
}

}  // namespace

Result<Question> read_question(const Query& words, std::span<const InterfaceName> interfaces,
                               const nat64::Naming& naming) {
    Question question;
    Query rest;
    for (const auto& [name, value] : words) {
        if (words.count(name) > 1)
            return Error{name + " is given more than once."};
        if (name != "from")
            rest.emplace(name, value);
        else if (Status read = read_from(value, interfaces, question); !read)
            return read.error();
    }
    if (rest.count("frame") != 0)
        return read_captured(rest, std::move(question));
    Spoken spoken;
    spoken.naming = naming;
    for (const auto& [name, value] : rest)
        if (Status read = read_word(name, value, spoken); !read)
            return read.error();
    if (Status found = find_inside(spoken); !found)
        return found.error();
    if (Status sense = check_sense(spoken, rest); !sense)
        return sense.error();
    question.frame = frame_of(spoken);
    question.is_checked = false;  // they are the gateway's own to write
    question.is_next = !spoken.seq && !spoken.ack;
    question.has_number = !spoken.is_ipv6 && (spoken.source6 || spoken.destination6);
    question.has_flags = spoken.flags.has_value();
    return question;
}

}  // namespace sluice::why
