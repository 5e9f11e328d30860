// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_independence.h"

#include "config/read.h"
#include "config/read_own.h"
#include "config/spelling.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

using policy::Filtering;
using policy::Independence;
using policy::ProtocolPorts;
using std::string;
using std::string_view;

using WordsByKey = std::map<string_view, string_view>;

std::optional<uint16_t> parse_port(string_view text) {
    uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0)
        return std::nullopt;
    return value;
}

constexpr std::pair<string_view, net::Protocol> kMapped[] = {
    {"tcp", net::Protocol::Tcp}, {"udp", net::Protocol::Udp}, {"icmp", net::Protocol::Icmp}};

constexpr std::pair<string_view, Filtering> kFilterings[] = {
    {"endpoint-dependent", Filtering::EndpointDependent},
    {"address-dependent", Filtering::AddressDependent},
    {"endpoint-independent", Filtering::EndpointIndependent}};

template <typename Value, size_t N>
std::optional<Value> parse_word(const std::pair<string_view, Value> (&words)[N], string_view text) {
    for (const auto& [name, value] : words)
        if (text == name)
            return value;
    return std::nullopt;
}

template <typename Value, size_t N>
string word_of(const std::pair<string_view, Value> (&words)[N], Value wanted) {
    for (const auto& [name, value] : words)
        if (value == wanted)
            return string(name);
    return {};
}

/// PROTOCOL[:FIRST-LAST]
std::optional<ProtocolPorts> parse_inside(string_view text) {
    const size_t colon = text.find(':');
    const auto protocol = parse_word(kMapped, text.substr(0, colon));
    const auto ports = colon == string_view::npos ? std::optional(pool::kAllPorts)
                                                  : parse_ports(text.substr(colon + 1));
    if (!protocol || !ports)
        return std::nullopt;
    return ProtocolPorts{*protocol, *ports};
}

constexpr string_view kKeys[] = {"mapping", "filtering", "for", "mapping-ports"};

/// Of a word behind the pool that is none of a rule's.
Error no_word(string_view flag, string_view word) {
    const std::vector<string> own = own_keys();
    std::vector<string_view> meant(std::begin(kKeys), std::end(kKeys));
    meant.insert(meant.end(), own.begin(), own.end());
    const string_view key = word.substr(0, word.find('='));
    return wrong(flag, word,
                 "behind the pool mapping=, filtering=, for=, mapping-ports=, max-flows=, rate=, "
                 "log=, helper= and the timeouts, as timeout-udp=, may stand" +
                     (nearest(key, meant) == key ? string() : did_you_mean(key, meant)));
}

Result<WordsByKey> read_words(string_view flag, std::span<const string> words) {
    WordsByKey result;
    for (const string_view word : words) {
        const size_t equals = word.find('=');
        const string_view key = word.substr(0, equals);
        if (equals == string_view::npos || std::ranges::find(kKeys, key) == std::end(kKeys))
            return no_word(flag, word);
        if (!result.emplace(key, word.substr(equals + 1)).second)
            return wrong(flag, word, "the rule says this twice");
    }
    return result;
}

/// The endpoints that are mapped independently: all, where none are named.
Status read_inside(string_view flag, const WordsByKey& words, Independence& independence) {
    const auto named = words.find("for");
    if (named == words.end()) {
        independence.inside = {{net::Protocol::Tcp}, {net::Protocol::Udp}, {net::Protocol::Icmp}};
        return Done{};
    }
    std::istringstream stream{string(named->second)};
    for (string item; std::getline(stream, item, ',');) {
        const auto ports = parse_inside(item);
        if (!ports)
            return wrong(
                flag, "for=" + string(named->second),
                "protocols are wanted, with inside ports or without, as udp:3000-3999,tcp");
        independence.inside.push_back(*ports);
    }
    if (independence.inside.empty())
        return wrong(flag, "for=", "a protocol is wanted, as udp");
    return Done{};
}

/// Where others share the pool, mappings have its upper half, if nothing else is said.
Status read_external(string_view flag, const WordsByKey& words, pool::PortRange pool,
                     Independence& independence) {
    const auto given = words.find("mapping-ports");
    if (given == words.end()) {
        independence.external = pool;
        if (words.contains("for"))
            independence.external.first = static_cast<uint16_t>(pool.first + pool.size() / 2);
        return Done{};
    }
    const auto ports = parse_ports(given->second);
    if (!ports || !pool.contains(ports->first) || !pool.contains(ports->last))
        return wrong(flag, "mapping-ports=" + string(given->second),
                     "a range of the pool's ports is wanted, as 32768-65535");
    independence.external = *ports;
    return Done{};
}

}  // namespace

std::optional<pool::PortRange> parse_ports(string_view text) {
    const size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *first > *last)
        return std::nullopt;
    return pool::PortRange{*first, *last};
}

string to_string(pool::PortRange ports) {
    return std::to_string(ports.first) +
           (ports.first == ports.last ? string() : '-' + std::to_string(ports.last));
}

string to_string(const Independence& independence) {
    string text =
        "mapping=endpoint-independent filtering=" + word_of(kFilterings, independence.filtering) +
        " for=";
    for (const ProtocolPorts& inside : independence.inside) {
        text += (&inside == &independence.inside.front() ? "" : ",") +
                word_of(kMapped, inside.protocol);
        if (inside.ports != pool::kAllPorts)
            text += ':' + to_string(inside.ports);
    }
    return text + " mapping-ports=" + to_string(independence.external);
}

Result<std::optional<Independence>> read_independence(string_view flag,
                                                      std::span<const string> given,
                                                      pool::PortRange pool) {
    const auto words = read_words(flag, given);
    if (!words)
        return words.error();
    const WordsByKey& all = words.value();
    const auto mapping = all.find("mapping");
    const string_view wanted = mapping == all.end() ? "endpoint-dependent" : mapping->second;
    if (wanted != "endpoint-dependent" && wanted != "endpoint-independent")
        return wrong(flag, "mapping=" + string(wanted),
                     "endpoint-dependent or endpoint-independent is wanted");
    const auto filter = all.find("filtering");
    const auto filtering = parse_word(
        kFilterings, filter == all.end() ? "endpoint-dependent" : string_view(filter->second));
    if (!filtering)
        return wrong(flag, "filtering=" + string(filter->second),
                     "endpoint-dependent, address-dependent or endpoint-independent is wanted");
    if (wanted == "endpoint-dependent") {
        const bool needs_one = *filtering != Filtering::EndpointDependent || all.contains("for") ||
                               all.contains("mapping-ports");
        if (needs_one)
            return wrong(flag, given.back(), "this wants mapping=endpoint-independent beside it");
        return std::optional<Independence>();
    }
    Independence independence;
    independence.filtering = *filtering;
    if (Status status = read_inside(flag, all, independence); !status)
        return status.error();
    if (Status status = read_external(flag, all, pool, independence); !status)
        return status.error();
    return std::optional(std::move(independence));
}

}  // namespace sluice::config
