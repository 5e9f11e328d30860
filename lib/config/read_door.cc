// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_door.h"

#include "net/prefix.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

struct DoorLimit {
    string_view name;
    uint32_t pool::Door::*field;
    uint32_t highest;
};
constexpr DoorLimit kDoorLimits[] = {{"max-flows", &pool::Door::max_flows, hosts::kMostFlows},
                                     {"rate", &pool::Door::rate, hosts::kHighestRate}};

constexpr uint32_t kLongestIpv6 = 128;  // of a prefix

/// Digits alone, of a number that is no higher.
std::optional<uint32_t> parse_up_to(string_view text, uint32_t highest) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number > highest)
        return std::nullopt;
    return number;
}

/// "24:20000", or "0" for no limit.
std::optional<hosts::PrefixLimit> parse_prefix_limit(string_view text, uint32_t longest) {
    if (text == "0")
        return hosts::PrefixLimit{};
    const size_t colon = std::min(text.find(':'), text.size());
    const auto length = parse_up_to(text.substr(0, colon), longest);
    const auto flows =
        parse_up_to(text.substr(std::min(colon + 1, text.size())), hosts::kMostFlows);
    if (!length || *length == 0 || !flows || *flows == 0)
        return std::nullopt;
    return hosts::PrefixLimit{static_cast<uint8_t>(*length), *flows};
}

const DoorLimit* door_limit_of(string_view word) {
    const string_view key = word.substr(0, word.find('='));
    const auto found = std::ranges::find(kDoorLimits, key, &DoorLimit::name);
    return found == std::end(kDoorLimits) || key.size() == word.size() ? nullptr : &*found;
}

}  // namespace

Result<pool::Door> take_door(string_view flag, std::span<const string>& rest) {
    pool::Door door;
    for (; !rest.empty(); rest = rest.subspan(1)) {
        const string& word = rest.front();
        const DoorLimit* limit = door_limit_of(word);
        if (limit == nullptr)
            break;
        uint32_t& field = door.*(limit->field);
        if (field != 0)
            return wrong(flag, word, "this is said twice");
        const auto number =
            parse_up_to(string_view(word).substr(limit->name.size() + 1), limit->highest);
        if (!number || *number == 0)
            return wrong(flag, word,
                         "a number from 1 to " + std::to_string(limit->highest) + " is wanted");
        field = *number;
    }
    return door;
}

string to_string(const pool::Door& door) {
    string text;
    for (const DoorLimit& limit : kDoorLimits)
        if (const uint32_t number = door.*(limit.field); number != 0)
            text += ' ' + string(limit.name) + '=' + std::to_string(number);
    return text;
}

Result<uint32_t> read_flow_limit(const Given& given) {
    return read_number(given, {0, hosts::kMostFlows});
}

Result<hosts::PrefixLimit> read_prefix_limit(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    const auto limit = parse_prefix_limit(*word, net::kHostLength);
    if (!limit)
        return wrong(given.flag, *word,
                     "LENGTH:N is wanted, as 24:20000 for so many flows of each /24, or 0");
    return *limit;
}

Status store_prefix_limits(const Given& given, hosts::QuotaLimits& limits) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    const string_view text = *word;
    const size_t comma = text.find(',');
    const auto ipv4 = parse_prefix_limit(text.substr(0, comma), net::kHostLength);
    const auto ipv6 =
        parse_prefix_limit(comma == string_view::npos ? "0" : text.substr(comma + 1), kLongestIpv6);
    if (!ipv4 || !ipv6)
        return wrong(given.flag, text,
                     "LENGTH:N is wanted, as 24:20000 for so many flows of each IPv4 /24, and "
                     "behind a comma that of IPv6, as 24:20000,56:5000; 0 is no limit");
    limits.inside_prefix = *ipv4;
    limits.inside_prefix6 = *ipv6;
    return Done{};
}

}  // namespace sluice::config
