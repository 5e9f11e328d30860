// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_neighbours.h"

#include "net/text.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

constexpr string_view kSign = "=";

/// All items, the sign apart from what stands beside it.
std::vector<string> tokens_of(const Given& given) {
    std::vector<string> tokens;
    for (const string& item : items_of(given)) {
        string_view rest = item;
        while (!rest.empty()) {
            const size_t length = rest.starts_with(kSign) ? 1 : rest.find(kSign);
            tokens.emplace_back(rest.substr(0, length));
            rest.remove_prefix(tokens.back().size());
        }
    }
    return tokens;
}

/// A MAC that one host can have.
bool is_of_a_host(const net::MacAddress& mac) {
    const uint64_t bits = net::mac_bits(mac);
    return bits != 0 && (bits & net::kGroupMac) == 0;
}

}  // namespace

Result<std::vector<FixedNeighbour>> read_neighbours(const Given& given) {
    constexpr size_t kTokens = 3;
    const std::vector<string> tokens = tokens_of(given);
    std::vector<FixedNeighbour> all;
    for (std::span<const string> rest(tokens); !rest.empty();) {
        const std::span<const string> own = rest.first(std::min(kTokens, rest.size()));
        string text;
        for (const string& token : own)
            text += token;
        const bool is_whole = own.size() == kTokens && own[1] == kSign;
        const auto address = is_whole ? net::parse_address(own[0]) : std::nullopt;
        const auto ipv6 = is_whole ? net::parse_ipv6_address(own[0]) : std::nullopt;
        const auto mac = is_whole ? net::parse_mac(own[2]) : std::nullopt;
        if ((!address && !ipv6) || !mac)
            return wrong(given.flag, text,
                         "a neighbour is written ADDRESS=MAC, as 10.1.0.10=02:00:00:00:00:10");
        if (!is_of_a_host(*mac))
            return wrong(given.flag, text, "no single host can have this MAC");
        rest = rest.subspan(kTokens);
        const auto zone = take_zone(given.flag, rest);
        if (!zone)
            return zone.error();
        all.push_back({address.value_or(Be32{}), *mac, (*zone).value_or(0), ipv6});
    }
    if (all.empty())
        return wrong(given.flag, given.words[0],
                     "a neighbour is written ADDRESS=MAC, as 10.1.0.10=02:00:00:00:00:10");
    return all;
}

}  // namespace sluice::config
