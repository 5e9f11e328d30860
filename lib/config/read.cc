// SPDX-License-Identifier: BSD-3-Clause
#include "config/read.h"

#include "net/text.h"

#include <bit>
#include <charconv>
#include <optional>
#include <sstream>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

// RSS keys: those of most NICs, and of Intel's 700 and 800 series.
constexpr size_t kUsualKeyBytes = 40;
constexpr size_t kLongKeyBytes = 52;

constexpr string_view kZoneWord = "zone";

std::optional<uint32_t> parse_number(string_view text) {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// Says of what is no range whether its ends are only in the wrong order.
string why_no_range(const string& text) {
    const size_t dash = text.find('-');
    if (dash != string::npos) {
        const auto first = net::parse_address(string_view(text).substr(0, dash));
        const auto last = net::parse_address(string_view(text).substr(dash + 1));
        if (first && last && *first > *last)
            return "the first address is above the last";
    }
    return "a range of addresses is wanted, as 198.51.100.1-198.51.100.4, or one address";
}

Error no_route(const Given& given, const string& text) {
    return wrong(given.flag, text,
                 "a route is written PREFIX via ADDRESS, as 10.9.0.0/16 via 10.1.0.9");
}

Result<StaticRoute> read_route(string_view flag, const string& prefix, const string& via) {
    const Result<net::Prefix> network = read_network(flag, prefix);
    if (!network)
        return network.error();
    const auto hop = net::parse_address(via);
    if (!hop)
        return wrong(flag, prefix + " via " + via, "an IPv4 address is wanted behind via");
    return StaticRoute{*network, *hop};
}

Result<StaticRoute> read_ipv6_route(string_view flag, const string& prefix, const string& via) {
    const Result<net::Ipv6Prefix> network = read_ipv6_network(flag, prefix);
    if (!network)
        return network.error();
    const auto hop = net::parse_ipv6_address(via);
    if (!hop)
        return wrong(flag, prefix + " via " + via, "an IPv6 address is wanted behind via");
    StaticRoute route;
    route.prefix6 = *network;
    route.via6 = *hop;
    return route;
}

Error no_cpus(const Given& given, const string& item) {
    return wrong(given.flag, item, "a list of CPUs is wanted, as 1,3,5-7");
}

}  // namespace

Error wrong(string_view flag, string_view value, string_view why) {
    return Error{"--" + string(flag) + ' ' + string(value.empty() ? "\"\"" : value) + ": " +
                 string(why)};
}

std::vector<string> items_of(const Given& given) {
    std::vector<string> items;
    for (string word : given.words) {
        for (char& c : word)
            if (c == ',')
                c = ' ';
        std::istringstream stream(word);
        for (string item; stream >> item;)
            items.push_back(item);
    }
    return items;
}

Result<net::Prefix> read_network(string_view flag, const string& text) {
    const auto prefix = net::parse_prefix(text);
    if (!prefix)
        return wrong(flag, text, "a prefix is wanted, as 10.1.0.0/24");
    if (*prefix != prefix->network())
        return wrong(flag, text,
                     "bits behind the prefix are set; write " + net::to_string(prefix->network()));
    return *prefix;
}

Result<net::Ipv6Prefix> read_ipv6_network(string_view flag, const string& text) {
    const auto prefix = net::parse_ipv6_prefix(text);
    if (!prefix)
        return wrong(flag, text, "an IPv6 network is wanted, as 2001:db8:1::/48");
    if (!(*prefix == prefix->network()))
        return wrong(flag, text,
                     "host bits are set; " + net::to_string(prefix->network()) + " is the network");
    return *prefix;
}

string joined(std::span<const string> words) {
    string text;
    for (const string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

Result<string> read_word(const Given& given) {
    if (given.words.size() > 1)
        return wrong(given.flag, given.words[1],
                     "the flag is there already, with " + given.words[0] +
                         " (in a file, put quotes around a value with commas or blanks)");
    return given.words[0];
}

Result<uint32_t> read_number(const Given& given, NumberRange range) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    const auto value = parse_number(*word);
    if (!value || *value < range.lowest || *value > range.highest)
        return wrong(given.flag, *word,
                     "a whole number from " + std::to_string(range.lowest) + " to " +
                         std::to_string(range.highest) + " is wanted");
    return *value;
}

Result<uint16_t> read_block_size(const Given& given) {
    const Result<uint32_t> size = read_number(given, {0, 32768});
    if (!size)
        return size.error();
    if (*size != 0 && (*size < 16 || !std::has_single_bit(*size)))
        return wrong(given.flag, std::to_string(*size),
                     "a power of two from 16 to 32768 is wanted, or 0");
    return static_cast<uint16_t>(*size);
}

Result<uint32_t> read_ring_size(const Given& given) {
    const Result<uint32_t> size = read_number(given, {64, 32768});
    if (!size)
        return size.error();
    if (!std::has_single_bit(size.value()))
        return wrong(given.flag, given.words[0],
                     "a power of two is wanted, as " + std::to_string(std::bit_ceil(size.value())));
    return size;
}

Result<std::vector<uint8_t>> read_key(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    string digits = word.value();
    std::erase(digits, ':');
    std::vector<uint8_t> key(digits.size() / 2);
    bool good = digits.size() == 2 * kUsualKeyBytes || digits.size() == 2 * kLongKeyBytes;
    for (size_t i = 0; good && i < key.size(); ++i) {
        const char* first = digits.data() + 2 * i;
        const auto [end, error] = std::from_chars(first, first + 2, key[i], 16);
        good = error == std::errc{} && end == first + 2;
    }
    if (!good)
        return wrong(given.flag, *word,
                     "40 or 52 bytes are wanted, each as two hexadecimal digits");
    return key;
}

Result<Duration> read_seconds(const Given& given) {
    constexpr uint32_t kLongest = static_cast<uint32_t>(kLongestTimeout.milliseconds) / 1000;
    const Result<uint32_t> seconds = read_number(given, {1, kLongest});
    if (!seconds)
        return Error{seconds.error().message + ", in seconds"};
    return Duration::seconds(static_cast<int32_t>(*seconds));
}

Result<Duration> read_interval(const Given& given) {
    const Result<uint32_t> seconds = read_number(given, {0, 86400});
    if (!seconds)
        return seconds.error();
    return Duration::seconds(static_cast<int32_t>(*seconds));
}

Result<bool> read_switch(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    if (*word == "0" || *word == "false")
        return false;
    if (*word == "1" || *word == "true")
        return true;
    return wrong(given.flag, *word, "0 or 1 is wanted");
}

Result<std::vector<unsigned>> read_cpus(const Given& given) {
    constexpr unsigned kMostCpus = 1024;  // as many as a cpu_set_t holds
    std::vector<unsigned> cpus;
    for (const string& item : items_of(given)) {
        const size_t dash = item.find('-');
        const auto first = parse_number(string_view(item).substr(0, dash));
        const auto last =
            dash == string::npos ? first : parse_number(string_view(item).substr(dash + 1));
        if (!first || !last || *first > *last || *last >= kMostCpus)
            return no_cpus(given, item);
        for (unsigned cpu = *first; cpu <= *last; ++cpu)
            cpus.push_back(cpu);
    }
    if (cpus.empty())
        return no_cpus(given, given.words[0]);
    return cpus;
}

std::optional<Be16> parse_transport_port(std::string_view text) {
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0)
        return std::nullopt;
    return Be16::from_host(port);
}

std::optional<net::Endpoint> parse_gateway_endpoint(std::string_view text) {
    constexpr uint32_t kMulticast = 0xe0000000;
    const auto endpoint = net::parse_endpoint(text);
    const bool is_host =
        endpoint && endpoint->address.raw != 0 && endpoint->address.host() < kMulticast;
    return is_host ? endpoint : std::nullopt;
}

Result<Be32> read_address(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    if (const auto address = net::parse_address(*word))
        return *address;
    return wrong(given.flag, *word, "an IPv4 address is wanted, as 198.51.100.254");
}

Result<net::Prefix> read_interface_address(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    if (const auto prefix = net::parse_prefix(*word))
        return *prefix;
    return wrong(given.flag, *word, "an address with its subnet is wanted, as 10.1.0.1/24");
}

Result<std::vector<net::Prefix>> read_networks(const Given& given) {
    std::vector<net::Prefix> networks;
    for (const string& item : items_of(given)) {
        if (is_ipv6(item))
            return wrong(given.flag, item,
                         "an IPv4 prefix is wanted; a --snat takes IPv6 ones, and that of "
                         "--ipv6-numbers stands for all IPv6 hosts here");
        const Result<net::Prefix> network = read_network(given.flag, item);
        if (!network)
            return network.error();
        networks.push_back(*network);
    }
    if (networks.empty())
        return wrong(given.flag, given.words[0], "a prefix is wanted, as 10.1.0.0/24");
    return networks;
}

Result<std::vector<AddressRange>> read_ranges(const Given& given) {
    std::vector<AddressRange> ranges;
    for (const string& item : items_of(given)) {
        const auto range = net::parse_range(item);
        if (!range)
            return wrong(given.flag, item, why_no_range(item));
        ranges.push_back(*range);
    }
    if (ranges.empty())
        return wrong(given.flag, given.words[0], why_no_range(given.words[0]));
    return ranges;
}

Result<std::optional<uint16_t>> take_zone(string_view flag, std::span<const string>& words) {
    if (words.empty() || words.front() != kZoneWord)
        return std::optional<uint16_t>();
    const auto number = words.size() < 2 ? std::nullopt : parse_number(words[1]);
    if (!number || *number >= net::kZones)
        return wrong(flag, string(kZoneWord) + (words.size() < 2 ? "" : ' ' + words[1]),
                     "behind zone a number from 0 to 4095 is wanted");
    words = words.subspan(2);
    return std::optional(static_cast<uint16_t>(*number));
}

string zone_text(uint16_t zone) {
    return zone == 0 ? string() : ' ' + string(kZoneWord) + ' ' + std::to_string(zone);
}

Result<std::vector<StaticRoute>> read_routes(const Given& given) {
    constexpr size_t kWords = 3;
    const std::vector<string> items = items_of(given);
    std::vector<StaticRoute> routes;
    for (std::span<const string> rest(items); !rest.empty();) {
        if (rest.size() < kWords || rest[1] != "via")
            return no_route(given, rest[0]);
        Result<StaticRoute> route = is_ipv6(rest[0]) ? read_ipv6_route(given.flag, rest[0], rest[2])
                                                     : read_route(given.flag, rest[0], rest[2]);
        if (!route)
            return route.error();
        rest = rest.subspan(kWords);
        const auto zone = take_zone(given.flag, rest);
        if (!zone)
            return zone.error();
        route.value().zone = (*zone).value_or(0);
        routes.push_back(*route);
    }
    if (routes.empty())
        return no_route(given, given.words[0]);
    return routes;
}

}  // namespace sluice::config
