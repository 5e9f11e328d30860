// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_mappings.h"

#include "net/text.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

std::optional<net::Protocol> parse_protocol(string_view text) {
    if (text == "tcp")
        return net::Protocol::Tcp;
    if (text == "udp")
        return net::Protocol::Udp;
    return std::nullopt;
}

/// ADDRESS:PORT.
std::optional<net::Endpoint> parse_endpoint(string_view text) {
    const size_t colon = text.find(':');
    if (colon == string_view::npos)
        return std::nullopt;
    const auto address = net::parse_address(text.substr(0, colon));
    const string_view port = text.substr(colon + 1);
    uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (!address || error != std::errc{} || end != port.data() + port.size() || number == 0)
        return std::nullopt;
    return net::Endpoint{*address, Be16::from_host(number)};
}

Error no_forward(const Given& given, string_view text) {
    return wrong(given.flag, text,
                 "a forward is written PROTOCOL ADDRESS:PORT -> ADDRESS:PORT, as "
                 "tcp 198.51.100.1:8080 -> 10.1.0.10:80");
}

Error no_one_to_one(const Given& given, string_view text) {
    return wrong(given.flag, text,
                 "a pair is written ADDRESS = ADDRESS, as 198.51.100.5 = 10.1.0.20");
}

string joined(const std::vector<string>& items, size_t first, size_t count) {
    string text;
    for (size_t i = first; i < items.size() && i < first + count; ++i)
        text += (text.empty() ? "" : " ") + items[i];
    return text;
}

}  // namespace

Result<std::vector<pool::Forward>> read_forwards(const Given& given) {
    constexpr size_t kWords = 4;
    const std::vector<string> items = items_of(given);
    std::vector<pool::Forward> forwards;
    for (size_t i = 0; i < items.size(); i += kWords) {
        const string text = joined(items, i, kWords);
        if (i + kWords > items.size() || items[i + 2] != "->")
            return no_forward(given, text);
        const auto protocol = parse_protocol(items[i]);
        if (!protocol)
            return wrong(given.flag, text, "tcp or udp is wanted");
        const auto external = parse_endpoint(items[i + 1]);
        const auto internal = parse_endpoint(items[i + 3]);
        if (!external || !internal)
            return no_forward(given, text);
        forwards.push_back({*protocol, *external, *internal});
    }
    if (forwards.empty())
        return no_forward(given, given.words[0]);
    return forwards;
}

Result<std::vector<pool::OneToOne>> read_one_to_one(const Given& given) {
    constexpr size_t kWords = 3;
    const std::vector<string> items = items_of(given);
    std::vector<pool::OneToOne> pairs;
    for (size_t i = 0; i < items.size(); i += kWords) {
        const string text = joined(items, i, kWords);
        if (i + kWords > items.size() || items[i + 1] != "=")
            return no_one_to_one(given, text);
        const auto external = net::parse_address(items[i]);
        const auto internal = net::parse_address(items[i + 2]);
        if (!external || !internal)
            return no_one_to_one(given, text);
        pairs.push_back({*external, *internal});
    }
    if (pairs.empty())
        return no_one_to_one(given, given.words[0]);
    return pairs;
}

}  // namespace sluice::config
