// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/clustering.h"

#include "gateway/rules.h"
#include "listing/background.h"
#include "net/text.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::app {

Clustering::Clustering(const config::Config& config) : config_(config.cluster) {
    if (config.cluster)
        holdings_ = std::make_unique<pool::Holdings>(gateway::public_addresses(config));
}

Status Clustering::start(const link::Interfaces& interfaces, const std::vector<unsigned>& cpus,
                         std::function<void()> on_entry,
                         std::function<void(const std::string&)> notice) {
    if (holdings_ == nullptr)
        return Done{};
    // A renewal that waits for a CPU costs the gateway its addresses: not the idle class.
    listing::Background background{cpus, false, 0, std::move(on_entry)};
    auto agent = cluster::Agent::start({.urls = config_->urls,
                                        .name = config_->name,
                                        .inside = inside_of(interfaces),
                                        .holdings = *holdings_,
                                        .notice = std::move(notice),
                                        .background = std::move(background)});
    if (!agent)
        return agent.error();
    agent_ = std::move(*agent);
    return Done{};
}

void Clustering::leave(control::Core& core) {
    core.rest();
    agent_.reset();
    core.resume();
}

std::optional<command::ClusterReport> Clustering::report() const {
    return agent_ == nullptr ? std::nullopt : std::optional(report_of(agent_->view()));
}

Status refuse_change(const config::Config& before, const config::Config& after) {
    if (!before.cluster || gateway::public_addresses(before) == gateway::public_addresses(after))
        return Done{};
    return Error{
        "with --cluster the public addresses are those of the start, which all its gateways have: "
        "restart each, or take that back"};
}

cluster::Inside inside_of(const link::Interfaces& interfaces) {
    const link::InterfaceId first = interfaces.first_inside();
    if (first == link::kNoInterface)
        return {};
    const link::Interface& interface = interfaces[first];
    return {interface.known_to(net::Side::Inside), interface.mac};
}

why::Answer name_owner(why::Answer answer, const command::ClusterReport& cluster) {
    if (!answer.owner)
        return answer;
    const auto found = std::ranges::find(cluster.addresses, net::to_string(answer.owner->address),
                                         &command::ClusterReport::Address::address);
    if (found != cluster.addresses.end())
        answer.owner->name = found->owner;
    return answer;
}

command::ClusterReport report_of(const cluster::View& view) {
    command::ClusterReport report{.name = view.name};
    if (view.left > cluster::Moment{})
        report.left = std::chrono::duration_cast<std::chrono::milliseconds>(view.left);
    for (const cluster::Member& member : view.members)
        report.members.push_back(
            {member.name, member.leaves,
             member.inside.is_said() ? net::to_string(member.inside.address) : ""});
    for (const cluster::View::Address& each : view.addresses)
        report.addresses.push_back({net::to_string(each.address), each.owner, each.is_held});
    return report;
}

command::Subject with_cluster(command::Subject subject, const Clustering& clustering) {
    subject.cluster = [&clustering] { return clustering.report(); };
    subject.why = [ask = std::move(subject.why), &clustering](const why::Question& question) {
        return name_owner(ask(question), clustering.report().value_or(command::ClusterReport()));
    };
    return subject;
}

}  // namespace sluice::app
