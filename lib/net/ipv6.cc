// SPDX-License-Identifier: BSD-3-Clause
#include "net/ipv6.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace sluice::net {

std::optional<Ipv6Address> parse_ipv6_address(std::string_view text) {
    Ipv6Address address;
    if (inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1 ||
        text.find('\0') != std::string_view::npos)
        return std::nullopt;
    return address;
}

std::optional<Ipv6Prefix> parse_ipv6_prefix(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return std::nullopt;
    const auto address = parse_ipv6_address(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool has_leading_zero = digits.size() > 1 && digits.front() == '0';
    if (!address || error != std::errc{} || end != digits.data() + digits.size() || length > 128 ||
        has_leading_zero)
        return std::nullopt;
    return Ipv6Prefix{*address, static_cast<uint8_t>(length)};
}

char* write(char* out, const Ipv6Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text;
    static_assert(text.size() == kIpv6AddressChars + 1);
    inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
    return std::copy_n(text.data(), std::strlen(text.data()), out);
}

std::string to_string(const Ipv6Address& address) {
    std::array<char, kIpv6AddressChars> text;
    return {text.data(), write(text.data(), address)};
}

std::string to_string(const Ipv6Prefix& prefix) {
    return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

}  // namespace sluice::net
