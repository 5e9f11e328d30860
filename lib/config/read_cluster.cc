// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_cluster.h"

#include "net/text.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

constexpr const char* kClusterForm =
    "etcd=URL[,URL...] and name=NAME are wanted, a URL as http://192.0.2.1:2379 with an IPv4 "
    "address in digits, a name of up to 63 letters, digits, \".\", \"_\" and \"-\"; and "
    "listen=ADDRESS:PORT where flows are to go with their address";

constexpr string_view kEtcd = "etcd=";
constexpr string_view kName = "name=";
constexpr string_view kListen = "listen=";

/// No name: who speaks with etcd is not let resolve one.
bool is_url(string_view text) {
    constexpr string_view kScheme = "http://";
    if (!text.starts_with(kScheme))
        return false;
    text.remove_prefix(kScheme.size());
    const size_t colon = text.find(':');
    return colon != string_view::npos && net::parse_address(text.substr(0, colon)) &&
           parse_transport_port(text.substr(colon + 1));
}

bool is_in_gateway(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_gateway_name(string_view text) {
    constexpr size_t kLongest = 63;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_in_gateway);
}

/// Of all pools, forwards and pairs; some maybe twice.
std::vector<AddressRange> shared_ranges(const Config& config) {
    std::vector<AddressRange> ranges = config.pool;
    for (const SnatRule& rule : config.snat)
        ranges.insert(ranges.end(), rule.addresses.begin(), rule.addresses.end());
    for (const pool::Forward& forward : config.forwards)
        ranges.push_back({forward.external.address, forward.external.address});
    for (const pool::OneToOne& pair : config.one_to_one)
        ranges.push_back(pair.externals());
    return ranges;
}

Error refused(const Cluster& cluster, const string& why) {
    return wrong("cluster", "name=" + cluster.name, why);
}

/// Each gateway has an address of its own beside those that all have.
Status check_shared(const Config& config) {
    const std::vector<AddressRange> ranges = shared_ranges(config);
    if (ranges.empty())
        return refused(*config.cluster, "there is no public address to share: --pool is wanted");
    uint64_t count = 0;
    for (const AddressRange& range : ranges) {
        count += uint64_t{range.last.host()} - range.first.host() + 1;
        for (const Wan& wan : config.wans)
            if (range.contains(wan.own.address))
                return refused(*config.cluster,
                               "the public address " + net::to_string(wan.own.address) +
                                   " is this gateway's own (--wan-address), which the others "
                                   "cannot have: --pool without it is wanted");
    }
    if (count > kMostOfCluster)
        return refused(*config.cluster, std::to_string(count) +
                                            " public addresses are too many to share, " +
                                            std::to_string(kMostOfCluster) + " are the most");
    return Done{};
}

}  // namespace

Result<Cluster> read_cluster(const Given& given) {
    Cluster cluster;
    bool may_go_on = false;  // with another server of etcd
    for (const string& item : items_of(given)) {
        string_view text = item;
        bool is_good = false;
        if (text.starts_with(kName)) {
            text.remove_prefix(kName.size());
            is_good = cluster.name.empty() && is_gateway_name(text);
            cluster.name = text;
            may_go_on = false;
        } else if (text.starts_with(kListen)) {
            text.remove_prefix(kListen.size());
            const auto listen = parse_gateway_endpoint(text);
            is_good = listen && !cluster.listen;
            cluster.listen = listen;
            may_go_on = false;
        } else {
            const bool begins = cluster.urls.empty() && text.starts_with(kEtcd);
            text.remove_prefix(begins ? kEtcd.size() : 0);
            is_good = (begins || may_go_on) && is_url(text);
            cluster.urls.emplace_back(text);
            may_go_on = true;
        }
        if (!is_good)
            return wrong(given.flag, item, kClusterForm);
    }
    if (cluster.urls.empty() || cluster.name.empty())
        return wrong(given.flag, joined(given.words), kClusterForm);
    return cluster;
}

Status check_cluster(const Config& config) {
    if (!config.cluster)
        return Done{};
    if (config.sync)
        return refused(*config.cluster, "one of a pair (--sync) shares no addresses with others");
    if (!config.address_key)
        return refused(*config.cluster,
                       "--address-key KEY is wanted too, the same in all gateways: by it all give "
                       "a host the same address");
    if (config.holders.blocks.size != 0)
        return refused(*config.cluster,
                       "blocks of ports (--port-block-size) do not move with their address yet");
    return check_shared(config);
}

}  // namespace sluice::config
