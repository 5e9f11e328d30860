// SPDX-License-Identifier: BSD-3-Clause
#include "command/cluster_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::command {
namespace {

constexpr size_t kNameColumn = 18;

std::string padded(std::string text) {
    text.resize(std::max(text.size() + 2, kNameColumn), ' ');
    return text;
}

/// "4.7".
std::string seconds_text(std::chrono::milliseconds time) {
    const auto tenths = time.count() / 100;
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10);
}

std::string lease_text(const ClusterReport& cluster) {
    if (cluster.left.count() <= 0)
        return "it has no lease that etcd has confirmed in time, and forwards nothing";
    return "its lease is good for " + seconds_text(cluster.left) + " s";
}

}  // namespace

size_t count_of(const ClusterReport& cluster, const std::string& owner) {
    return static_cast<size_t>(
        std::ranges::count(cluster.addresses, owner, &ClusterReport::Address::owner));
}

std::string cluster_text(const ClusterReport& cluster) {
    std::string text = "this gateway is " + cluster.name + "; " + lease_text(cluster) + '\n';
    for (const ClusterReport::Member& member : cluster.members)
        text += padded(member.name) + "has " + std::to_string(count_of(cluster, member.name)) +
                " of " + std::to_string(cluster.addresses.size()) +
                (member.inside.empty() ? "" : ", inside " + member.inside) +
                (member.leaves ? ", and leaves\n" : "\n");
    for (const ClusterReport::Address& each : cluster.addresses)
        text += padded(each.address) + (each.owner.empty() ? "nobody's" : each.owner) +
                (each.is_held ? ", used here" : "") +
                (each.copy_at.empty() ? "\n" : ", copies at " + each.copy_at + "\n");
    return text;
}

std::string cluster_json(const ClusterReport& cluster) {
    using nlohmann::ordered_json;
    ordered_json members = ordered_json::array();
    for (const ClusterReport::Member& member : cluster.members)
        members.push_back(
            {{"name", member.name},
             {"leaves", member.leaves},
             {"inside", member.inside.empty() ? ordered_json() : ordered_json(member.inside)},
             {"addresses", count_of(cluster, member.name)}});
    ordered_json addresses = ordered_json::array();
    for (const ClusterReport::Address& each : cluster.addresses)
        addresses.push_back(
            {{"address", each.address},
             {"owner", each.owner.empty() ? ordered_json() : ordered_json(each.owner)},
             {"held", each.is_held},
             {"copies_at", each.copy_at.empty() ? ordered_json() : ordered_json(each.copy_at)}});
    const double left = static_cast<double>(std::max<int64_t>(cluster.left.count(), 0)) / 1000;
    return ordered_json{{"name", cluster.name},
                        {"lease_seconds", left},
                        {"members", std::move(members)},
                        {"addresses", std::move(addresses)}}
        .dump();
}

}  // namespace sluice::command
