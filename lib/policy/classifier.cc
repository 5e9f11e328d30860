// SPDX-License-Identifier: BSD-3-Clause
#include "policy/classifier.h"

#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace sluice::policy {
namespace {

using net::longest_prefix;
using net::Numbered;

constexpr uint32_t key_of(net::Protocol protocol, uint16_t port) {
    return uint32_t{static_cast<uint8_t>(protocol)} << 16 | port;
}

/// The keys of a condition: first, and the first behind.
std::pair<uint32_t, uint32_t> keys_of(const Toward& toward) {
    if (!toward.protocol)
        return {0, 1U << 24};
    return {key_of(*toward.protocol, toward.ports.first),
            key_of(*toward.protocol, toward.ports.last) + 1};
}

auto order_of(const Toward& toward) {
    const auto [first, behind] = keys_of(toward);
    return std::tuple(behind - first, first);
}

/// Shows which conditions hold from each border on: `see(key, active)`, where those are numbers of
/// the conditions, which are narrowest first.
template <typename See>
void sweep(std::span<const Toward> conditions, See see) {
    std::map<uint32_t, std::vector<std::pair<uint32_t, bool>>> borders;  // key: begins or ends
    for (uint32_t i = 0; i < conditions.size(); ++i) {
        const auto [first, behind] = keys_of(conditions[i]);
        borders[first].push_back({i, true});
        borders[behind].push_back({i, false});
    }
    std::set<uint32_t> active;
    for (const auto& [key, changes] : borders) {
        for (const auto& [condition, begins] : changes)
            if (begins)
                active.insert(condition);
            else
                active.erase(condition);
        see(key, active);
    }
}

/// By destination: the matches there.
auto by_destination(std::span<const Match> matches) {
    std::map<decltype(net::Prefix{}.order()), std::vector<uint32_t>> groups;
    for (uint32_t i = 0; i < matches.size(); ++i)
        groups[matches[i].toward.destination.order()].push_back(i);
    return groups;
}

/// Narrowest first.
auto by_condition(std::span<const Match> matches, std::span<const uint32_t> numbers) {
    std::map<decltype(order_of(Toward{})), std::vector<uint32_t>> groups;
    for (const uint32_t i : numbers)
        groups[order_of(matches[i].toward)].push_back(i);
    return groups;
}

}  // namespace

Classifier::Classifier(std::span<const Match> matches) {
    std::vector<Numbered> destinations;
    for (auto& [order, numbers] : by_destination(matches)) {
        const net::Prefix prefix = matches[numbers.front()].toward.destination;
        destinations.push_back({prefix, static_cast<uint32_t>(nodes_.size())});
        fill(nodes_.emplace_back(), matches, std::move(numbers));
        if (prefix.length == 0)
            for (const Condition& condition : nodes_.back().conditions)
                if (!condition.toward.protocol)
                    whomever_ = condition.inside;
    }
    std::vector<uint32_t> parents;
    destinations_ = longest_prefix(destinations, &parents);
    for (size_t i = 0; i < nodes_.size(); ++i)
        nodes_[i].parent = parents[i];
    if (nodes_.empty())
        nodes_.emplace_back().is_plain = true;
}

void Classifier::fill(Node& node, std::span<const Match> matches, std::vector<uint32_t> numbers) {
    for (const auto& [order, group] : by_condition(matches, numbers)) {
        std::vector<net::ZonedPrefix> prefixes;
        for (const uint32_t i : group)
            prefixes.push_back({matches[i].inside, i, matches[i].zone});
        node.conditions.push_back({matches[group.front()].toward, net::ZonedSteps(prefixes)});
    }
    node.is_plain = node.conditions.size() == 1 && node.conditions.front().toward.is_whomever();
    lay_ports(node);
}

void Classifier::lay_ports(Node& node) {
    std::vector<Toward> conditions;
    for (const Condition& condition : node.conditions)
        conditions.push_back(condition.toward);
    sweep(conditions, [&](uint32_t key, const std::set<uint32_t>& active) {
        node.ports.add(key, active.empty() ? kNone : static_cast<uint32_t>(node.lists.size()));
        if (!active.empty())
            node.lists.emplace_back(active.begin(), active.end());
    });
}

uint32_t Classifier::search(const net::Tuple& packet) const {
    for (uint32_t node = destinations_.find(packet.destination.host()); node != kNone;
         node = nodes_[node].parent)
        if (const uint32_t found = search(nodes_[node], packet); found != kNone)
            return found;
    return kNone;
}

uint32_t Classifier::search(const Node& node, const net::Tuple& packet) {
    const uint32_t list = node.ports.find(key_of(packet.protocol, packet.destination_port.host()));
    if (list == kNone)
        return kNone;
    for (const uint32_t condition : node.lists[list])
        if (const uint32_t found = node.conditions[condition].inside.find(packet.inside_source());
            found != kNone)
            return found;
    return kNone;
}

size_t Classifier::most_conditions(std::span<const Match> matches) {
    size_t most = 0;
    for (const auto& [destination, numbers] : by_destination(matches)) {
        std::vector<Toward> conditions;
        for (const auto& [order, group] : by_condition(matches, numbers))
            conditions.push_back(matches[group.front()].toward);
        sweep(conditions, [&](uint32_t, const std::set<uint32_t>& active) {
            most = std::max(most, active.size());
        });
    }
    return most;
}

}  // namespace sluice::policy
