// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/policy_fingerprint.h"

#include "base/sip_hash.h"
#include "config/lines.h"
#include "net/text.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway {
namespace {

constexpr SipKey kToldToNobodyElse{};

uint64_t hash(std::string_view text, uint64_t sum) {
    for (size_t at = 0; at < text.size(); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        std::memcpy(&word, text.data() + at, std::min(sizeof word, text.size() - at));
        sum = sip_hash(kToldToNobodyElse, sum, word);
    }
    return sip_hash(kToldToNobodyElse, sum, text.size());
}

}  // namespace

uint32_t policy_fingerprint(const config::Config& config) {
    std::vector<std::string> said;
    for (const config::Line& line : config::ground_lines(config))
        said.push_back(to_string(line));
    for (const config::Lan& lan : config.lans)
        said.push_back("lan " + net::to_string(lan.own) + " zone " + std::to_string(lan.zone));
    for (const config::Wan& wan : config.wans)
        said.push_back("wan " + net::to_string(wan.own));
    for (const nat64::PrefixPair& pair : config.nptv6)
        said.push_back("nptv6 " + to_string(pair));
    if (config.wan6)
        said.push_back("wan6 " + net::to_string(*config.wan6));
    if (config.no_nat_inbound)
        said.push_back("no-nat-inbound");
    if (config.inside_routing)
        said.push_back("inside-routing");
    if (config.address_key)
        said.push_back("address-key " + to_string(*config.address_key));
    std::ranges::sort(said);
    uint64_t sum = 0;
    for (const std::string& each : said)
        sum = hash(each, sum);
    return std::max(static_cast<uint32_t>(sum), uint32_t{1});
}

}  // namespace sluice::gateway
