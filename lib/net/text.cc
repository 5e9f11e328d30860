// SPDX-License-Identifier: BSD-3-Clause
#include "net/text.h"

#include <array>
#include <charconv>

namespace sluice::net {
namespace {

/// Takes a decimal number of at most `limit` from the front of `text`.
std::optional<uint8_t> take_number(std::string_view& text, unsigned limit) {
    unsigned value = 0;
    size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        value = value * 10 + static_cast<unsigned>(text[digits] - '0');
        ++digits;
        if (value > limit)
            return std::nullopt;
    }
    if (digits == 0 || (digits > 1 && text[0] == '0'))
        return std::nullopt;
    text.remove_prefix(digits);
    return static_cast<uint8_t>(value);
}

bool take(std::string_view& text, char expected) {
    if (!text.starts_with(expected))
        return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Be32> take_address(std::string_view& text) {
    uint32_t address = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && !take(text, '.'))
            return std::nullopt;
        const auto octet = take_number(text, 255);
        if (!octet)
            return std::nullopt;
        address = address << 8 | *octet;
    }
    return Be32::from_host(address);
}

std::optional<unsigned> hex_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return static_cast<unsigned>(digit - '0');
    const char lower = static_cast<char>(digit | 0x20);
    if (lower >= 'a' && lower <= 'f')
        return static_cast<unsigned>(lower - 'a' + 10);
    return std::nullopt;
}

/// Every octet as text, so that printing an address is four small copies.
struct OctetText {
    std::array<char, 3> digits{};
    uint8_t length = 0;
};

consteval std::array<OctetText, 256> octet_texts() {
    std::array<OctetText, 256> texts;
    for (unsigned octet = 0; octet < texts.size(); ++octet) {
        OctetText& text = texts[octet];
        for (unsigned unit = octet >= 100 ? 100 : octet >= 10 ? 10 : 1; unit > 0; unit /= 10)
            text.digits[text.length++] = static_cast<char>('0' + octet / unit % 10);
    }
    return texts;
}

constexpr std::array<OctetText, 256> kOctetTexts = octet_texts();

char* write_octet(char* out, unsigned octet) {
    const OctetText& text = kOctetTexts[octet & 0xff];
    for (unsigned i = 0; i < text.length; ++i)
        *out++ = text.digits[i];
    return out;
}

}  // namespace

std::optional<Be32> parse_address(std::string_view text) {
    const auto address = take_address(text);
    return text.empty() ? address : std::nullopt;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
    const auto address = take_address(text);
    if (!address || !take(text, '/'))
        return std::nullopt;
    const auto length = take_number(text, 32);
    if (!length || !text.empty())
        return std::nullopt;
    return Prefix{*address, *length};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto address = take_address(text);
    if (!address || !take(text, ':') || text.starts_with('0'))
        return std::nullopt;
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return Endpoint{*address, Be16::from_host(port)};
}

std::optional<AddressRange> parse_range(std::string_view text) {
    const auto first = take_address(text);
    if (!first)
        return std::nullopt;
    if (text.empty())
        return AddressRange{*first, *first};
    if (!take(text, '-'))
        return std::nullopt;
    const auto last = take_address(text);
    if (!last || !text.empty() || *last < *first)
        return std::nullopt;
    return AddressRange{*first, *last};
}

std::optional<MacAddress> parse_mac(std::string_view text) {
    MacAddress mac{};
    if (text.size() != mac.size() * 3 - 1)
        return std::nullopt;
    for (size_t i = 0; i < mac.size(); ++i) {
        const auto high = hex_digit(text[i * 3]);
        const auto low = hex_digit(text[i * 3 + 1]);
        if (!high || !low || (i > 0 && text[i * 3 - 1] != ':'))
            return std::nullopt;
        mac[i] = static_cast<uint8_t>(*high << 4 | *low);
    }
    return mac;
}

char* write(char* out, Be32 address) {
    const uint32_t value = address.host();
    out = write_octet(out, value >> 24);
    *out++ = '.';
    out = write_octet(out, value >> 16);
    *out++ = '.';
    out = write_octet(out, value >> 8);
    *out++ = '.';
    return write_octet(out, value);
}

std::string to_string(Be32 address) {
    std::array<char, kAddressChars> text;
    return {text.data(), write(text.data(), address)};
}

std::string to_string(const Prefix& prefix) {
    return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

std::string to_string(const AddressRange& range) {
    if (range.first == range.last)
        return to_string(range.first);
    return to_string(range.first) + '-' + to_string(range.last);
}

std::string to_string(const Endpoint& endpoint) {
    return to_string(endpoint.address) + ':' + std::to_string(endpoint.port.host());
}

std::string to_string(const MacAddress& mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const uint8_t octet : mac) {
        if (!text.empty())
            text += ':';
        text += kDigits[octet >> 4];
        text += kDigits[octet & 15];
    }
    return text;
}

}  // namespace sluice::net
