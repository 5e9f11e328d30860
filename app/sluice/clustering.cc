// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/clustering.h"

#include "conntrack/layout.h"
#include "conntrack/status.h"
#include "flow/journal.h"
#include "gateway/numbering.h"
#include "gateway/rules.h"
#include "listing/background.h"
#include "net/text.h"
#include "sync/key.h"
#include "sync/message.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::app {

namespace {

/// How flows go with their address; nothing where they do not.
std::optional<cluster::Moving> moving_of(const Clustering::Ground& ground, cluster::Inbox* inbox) {
    if (inbox == nullptr)
        return std::nullopt;
    sync::Hello hello;
    hello.record_layout = flow::kRecordLayout;
    hello.tracker_layout = conntrack::kTrackerLayout;
    const auto hosts = gateway::ipv6_hosts(ground.config, ground.gateway.naming());
    const auto is_number = [hosts](Be32 address) {
        return hosts.host_of != nullptr && hosts.is_number(address);
    };
    return cluster::Moving{.takes_at = *ground.config.cluster->listen,
                           .key = sync::key_by(ground.config.address_key->words),
                           .hello = hello,
                           .table = ground.gateway.table(),
                           .now = ground.now,
                           .is_number = is_number,
                           .inbox = *inbox,
                           .copied_status = conntrack::kAssured};
}

}  // namespace

Clustering::Clustering(const config::Config& config) {
    if (!config.cluster)
        return;
    holdings_ = std::make_unique<pool::Holdings>(gateway::public_addresses(config));
    if (config.cluster->listen)
        inbox_ = std::make_unique<cluster::Inbox>();
}

Status Clustering::start(const Ground& ground) {
    if (holdings_ == nullptr)
        return Done{};
    // A renewal that waits for a CPU costs the gateway its addresses: not the idle class.
    listing::Background background{ground.cpus, false, 0, ground.on_entry};
    auto agent = cluster::Agent::start({.urls = ground.config.cluster->urls,
                                        .name = ground.config.cluster->name,
                                        .inside = inside_of(ground.gateway.interfaces()),
                                        .holdings = *holdings_,
                                        .moving = moving_of(ground, inbox_.get()),
                                        .notice = ground.notice,
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
        report.addresses.push_back(
            {net::to_string(each.address), each.owner, each.is_held, each.copy_at});
    report.is_copying = view.is_copying;
    report.copies = view.copies;
    report.copies_refused = view.copies_refused;
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
