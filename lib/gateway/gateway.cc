// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/gateway.h"

#include "base/secret.h"
#include "config/neighbours.h"
#include "config/twins.h"
#include "flow/stock.h"
#include "gateway/block_log.h"
#include "gateway/interfaces.h"
#include "gateway/numbering.h"
#include "gateway/rules.h"
#include "gateway/sizes.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr uint32_t kHandoffRing = 1024;  // packets; two bursts of every queue, and then some
constexpr uint32_t kPuntRing = 1024;
constexpr uint32_t kReleaseRing = 1024;
/// Threads beside workers and control core that may look at flows at once: 8 of the control socket,
/// 12 of --http, and one each that records, reloads and adopts; and as many again for what comes.
constexpr unsigned kListThreads = 48;

/// The ports where replies arrive.
std::vector<const io::Port*> outside_ports(const link::Interfaces& interfaces,
                                           const Ground& ground) {
    std::vector<const io::Port*> ports;
    for (const link::Interface& interface : interfaces)
        if (interface.reaches(net::Side::Outside))
            ports.push_back(ground.ports[interface.port]);
    return ports;
}

/// Nothing when a reply's queue cannot be told beforehand, or makes no difference.
std::optional<io::Steering> steering(const config::Config& config,
                                     const std::vector<const io::Port*>& outside,
                                     const control::Notice& notice) {
    const io::Rss* rss = outside.front()->rss();
    const bool have_queues = std::all_of(outside.begin(), outside.end(), [&](const io::Port* port) {
        return port->rx_queues() >= config.workers;
    });
    if (config.steer_replies == config::SteerReplies::Never || rss == nullptr ||
        config.workers < 2 || !have_queues)
        return std::nullopt;
    const auto spreads_alike = [&](const io::Port* port) {
        const io::Rss* other = port->rss();
        return other != nullptr && other->key == rss->key && other->queues == rss->queues;
    };
    if (!std::all_of(outside.begin(), outside.end(), spreads_alike)) {
        if (notice)
            notice(
                "the ports of the uplinks spread packets in different ways: replies arrive "
                "where they arrive, and go from worker to worker (--steer-replies)");
        return std::nullopt;
    }
    const bool always = config.steer_replies == config::SteerReplies::Always;
    return io::Steering(always ? io::Steer::Always : io::Steer::Changed, rss->key, rss->queues);
}

/// Some inside interface is on a port that not every worker polls.
bool has_fewer_queues(const link::Interfaces& interfaces, const Ground& ground, unsigned workers) {
    return std::any_of(interfaces.begin(), interfaces.end(), [&](const link::Interface& interface) {
        return interface.reaches(net::Side::Inside) &&
               ground.ports[interface.port]->rx_queues() < workers;
    });
}

/// What a tenth of a second brings may come at once, as long as ARP finds room in the same ring.
answer::Rate twin_rate(const config::Config& config) {
    return {config.twin_rate, std::clamp(config.twin_rate / 10, 64U, kPuntRing / 4)};
}

/// By the control core, when it is there.
LetGo let_go_by(const std::unique_ptr<control::Core>& control) {
    return [&control](link::InterfaceId interface, Be32 address, Tick now) {
        control->let_go(interface, address, now);
    };
}

template <typename T, typename Place>
Status keep(Result<T>&& made, Place& place) {
    if (!made)
        return made.error();
    place = std::move(made).value();
    return Done{};
}

std::vector<uint16_t> zones_of(const link::Interfaces& interfaces) {
    std::vector<uint16_t> zones;
    for (const link::Interface& interface : interfaces)
        zones.push_back(interface.zone);
    return zones;
}

hosts::QuotaParams quota_params(const config::Config& config, const Ground& ground) {
    return {.flows = flow_records(config),
            .prefixes = prefix_entries(config),
            .pages = config.no_huge ? PageKind::Ordinary : PageKind::Huge,
            .numa_node = ground.numa_node,
            .secret = derive(ground.secret, Use::Prefixes)[0]};
}

hosts::TotalsParams totals_params(const config::Config& config, const Ground& ground) {
    return {.hosts = total_rows(config),
            .pages = config.no_huge ? PageKind::Ordinary : PageKind::Huge,
            .numa_node = ground.numa_node,
            .secret = derive(ground.secret, Use::Hosts)[1]};
}

/// The ports of own addresses that the kernel has by its twins; null where it has none. Flows are
/// given none of an inside interface's addresses.
std::unique_ptr<pool::OwnPorts> own_ports_of(const config::Config& config,
                                             const link::Interfaces& interfaces) {
    std::vector<Be32> addresses;
    bool has_twins = false;
    for (const link::Interface& interface : interfaces) {
        if (interface.twin.empty())
            continue;
        has_twins = true;
        for (const net::Prefix& own : interface.own)
            if (interface.realm != link::Realm::Inside)
                addresses.push_back(own.address);
    }
    return has_twins ? std::make_unique<pool::OwnPorts>(addresses, config::twin_ports(config))
                     : nullptr;
}

/// Null without --route6.
Result<std::unique_ptr<Ipv6Peers>> make_peers(const config::Config& config, const Ground& ground,
                                              flow::FlowTable& table) {
    if (config.route6.empty())
        return std::unique_ptr<Ipv6Peers>();
    return Ipv6Peers::create(peer_params(config, ground), table);
}

void turn(Ipv6Peers* peers, Tick now) {
    if (peers != nullptr)
        peers->turn(now);
}

std::optional<nat64::EdgeParams> edge_params(const config::Config& config,
                                             const link::Interfaces& interfaces,
                                             const Ground& ground, Ipv6Peers* peers) {
    auto params = ipv6_of(config, interfaces);
    if (params && params->addresses.peers)
        params->addresses.peers->numbers = &peers->numbers();
    if (params)
        params->identifications = derive_sip_key(ground.secret, Use::Identifications);
    return params;
}

std::function<bool()> hear_claims_by(sync::Standing& standing) {
    return [&standing] { return standing.hear_claim(flow::steady_now()); };
}

/// What people call its interface.
std::string uplink_name(const link::Uplinks& uplinks, link::UplinkId id,
                        const link::Interfaces& interfaces) {
    return names_of(interfaces)[uplinks[id].gateway.interface].name;
}

}  // namespace

Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::create(const config::Config& config,
                                                 const Ground& ground) {
    std::unique_ptr<Gateway> gateway(new Gateway);
    gateway->draws_.emplace(ground.secret);
    if (Status status = gateway->allocate(config, ground); !status)
        return status.error();
    gateway->assemble(config, ground);
    return gateway;
}

/// Takes all memory: what can fail.
Status Gateway::allocate(const config::Config& config, const Ground& ground) {
    flow::FlowTableParams table;
    table.capacity = flow_records(config);
    table.pages = config.no_huge ? PageKind::Ordinary : PageKind::Huge;
    table.numa_node = ground.numa_node;
    table.max_members = config.workers + 1 + kListThreads;
    table.secret = derive(ground.secret, Use::FlowTable);
    hosts::HostTableParams hosts;
    hosts.capacity = host_entries(config);
    hosts.flows = table.capacity;
    hosts.pages = table.pages;
    hosts.numa_node = ground.numa_node;
    hosts.secret = derive(ground.secret, Use::Hosts)[0];
    if (Status status = keep(hosts::HostTable::create(hosts), hosts_); !status)
        return status;
    if (Status status = keep(hosts::Quotas::create(quota_params(config, ground), *hosts_), quotas_);
        !status)
        return status;
    table.ending = quotas_.get();
    table.accounting = config.accounting;
    if (config.accounting) {
        if (Status status =
                keep(hosts::Totals::create(totals_params(config, ground), *quotas_), totals_);
            !status)
            return status;
        table.ending = totals_.get();
    }
    if (ground.inheritance)
        table.outside = ground.inheritance->records;
    if (Status status = keep(flow::FlowTable::create(table), table_); !status)
        return status;
    if (totals_)
        totals_->count_by(table_->accounts());
    if (Status status =
            keep(nat::KeptEndpoints::create({table.capacity, table.pages, table.numa_node,
                                             derive(ground.secret, Use::KeptEndpoints)[0]}),
                 kept_endpoints_);
        !status)
        return status;
    if (Status status = keep(interfaces_of(config, ground.ports), interfaces_); !status)
        return status;
    if (Status status = keep(link::NextHops::create(config::places_for_neighbours(config),
                                                    derive(ground.secret, Use::NextHops)[0]),
                             next_hops_);
        !status)
        return status;
    if (config::helps(config)) {
        helpers_ = std::make_unique<helper::Helped>(table_->capacity());
        if (!helpers_->is_whole())
            return Error{"--helper with --flows " + std::to_string(config.flows) + ": " +
                         std::to_string(helper::Helped::bytes_needed(table_->capacity())) +
                         " bytes of memory are not to be had"};
    }
    if (config.lan6)
        if (Status status = keep(nat64::Numbers::create(number_params(config, ground)), numbers_);
            !status)
            return status;
    const Status status = keep(make_peers(config, ground, *table_), peers_);
    return status ? make_rings(config.workers) : status;
}

Status Gateway::make_rings(unsigned workers) {
    const auto add = [](std::vector<link::Ring>& rings, uint32_t size) -> Status {
        auto ring = link::Ring::create(size);
        if (!ring)
            return ring.error();
        rings.push_back(std::move(ring).value());
        return Done{};
    };
    rings_.handoff.resize(workers);
    for (unsigned from = 0; from < workers; ++from) {
        for (unsigned to = 0; to < workers; ++to)
            if (Status status = add(rings_.handoff[from], kHandoffRing); !status)
                return status;
        if (Status status = add(rings_.punt, kPuntRing); !status)
            return status;
        if (Status status = add(rings_.release, kReleaseRing); !status)
            return status;
    }
    return Done{};
}

/// The control core, which knows every route's next hop from the start.
control::CoreParams Gateway::core_params(const config::Config& config, const Ground& ground) {
    const policy::Current& policy = policies_->in_force();
    control::CoreParams params{*table_, *watches_,      *interfaces_, *next_hops_, policy,
                               {},      ground.packets, {},           {}};
    for (unsigned id = 0; id < config.workers; ++id)
        params.workers.push_back({&rings_.punt[id], &rings_.release[id]});

    params.neighbours.gateways = policy->routes.gateways();
    params.neighbours.watched = policy->routes.uplinks().watched();
    params.neighbours.fixed = fixed_neighbours(config);
    params.neighbours.own.notice = ground.notice;
    params.neighbours.own.announcing = policy->announcing;
    if (others_.replica() != nullptr)
        params.neighbours.own.may_be_peer = hear_claims_by(others_.replica()->standing());
    params.has_adopted = ground.inheritance && ground.inheritance->is_found;
    params.twins = twin_params(ground);
    params.twins.rate = twin_rate(config);
    if (own_ports_ && !config.twin_ports)
        params.twins.read_listeners = ground.listeners;
    params.uplinks = uplink_params(ground);
    if (ground.notice)
        params.block_notice = [this, notice = ground.notice](const control::BlockEvent& event) {
            const std::time_t now = log_clock_->now();
            notice(block_text(event, naming_, now));
            return int64_t{beginning_of(event, now)};
        };
    params.exhaustion = exhaustion_.get();
    params.duty = others_.duty();
    params.holdings = ground.holdings;
    params.each_turn =
        [this, use = number_use(config, *hosts_, *next_hops_, let_go_by(control_))](Tick now) {
            shortage_log_->turn(now);
            hosts_->turn(now, table_->grace());
            quotas_->turn(now, table_->grace());
            budgets_->turn(now);
            turn(peers_.get(), now);
            if (numbers_)
                numbers_->turn(now, table_->grace(), [&](uint32_t one) { return use(one, now); });
        };
    return params;
}

/// Before any worker takes records for itself.
void Gateway::restore(const config::Config& config, const Ground& ground) {
    if (!ground.inheritance || !ground.inheritance->is_found)
        return;
    const Inheritance& inheritance = *ground.inheritance;
    Restoration restoration(
        {*table_, *hosts_, *quotas_, kept_endpoints_, *policies_->current(), config.workers,
         config.on_reload == config::OnReload::End, addresses_.get()},
        inheritance.now);
    restored_ = restoration.run();
    restored_.tally.fates[flow::Fate::NoRoom] += inheritance.without_room;
    count(restored_.tally, restored_counters_);
}

control::TwinParams Gateway::twin_params(const Ground& ground) {
    control::TwinParams params;
    for (size_t id = 0; id < interfaces_->size(); ++id) {
        const link::Interface& interface = (*interfaces_)[static_cast<link::InterfaceId>(id)];
        if (!interface.twin.empty())
            params.twins.push_back({static_cast<link::InterfaceId>(id),
                                    ground.taps[params.twins.size()],
                                    ground.ports[interface.port]});
    }
    params.own_ports = own_ports_.get();
    const policy::Current& policy = policies_->in_force();
    params.is_public = [&policy](Be32 address) { return policy->is_public(address); };
    params.is_forwarded = [&policy](net::Protocol protocol, net::Endpoint endpoint) {
        return policy->statics.reserves(protocol, endpoint);
    };
    return params;
}

control::UplinkWatchParams Gateway::uplink_params(const Ground& ground) {
    control::UplinkWatchParams params{&living_uplinks_, {}, {}, ground.notice};
    const link::Uplinks& uplinks = policies_->in_force()->routes.uplinks();
    for (link::UplinkId id = 0; id < uplinks.size(); ++id) {
        const link::InterfaceId interface = uplinks[id].gateway.interface;
        params.ports.push_back(ground.ports[(*interfaces_)[interface].port]);
        params.names.push_back(uplink_name(uplinks, id, *interfaces_));
    }
    return params;
}

std::vector<UplinkState> Gateway::uplinks(const policy::Policy& policy) const {
    const link::Uplinks& uplinks = policy.routes.uplinks();
    std::vector<UplinkState> states;
    for (link::UplinkId id = 0; uplinks.are_several() && id < uplinks.size(); ++id)
        states.push_back({uplink_name(uplinks, id, *interfaces_), uplinks[id].gateway.address,
                          uplinks[id].weight, link::contains(living_uplinks_.up(), id)});
    return states;
}

/// Makes the workers and the control core, and what they share, in that memory.
void Gateway::assemble(const config::Config& config, const Ground& ground) {
    policies_ = std::make_unique<Policies>(config, ground.address_key, *table_, *quotas_);
    exhaustion_ = std::make_unique<pool::Exhaustion>(policies_->most_slots());
    shortage_log_ =
        std::make_unique<ShortageLog>(policies_->in_force(), *exhaustion_, ground.notice);
    log_clock_ = std::make_unique<LogClock>(read_clocks(), ground.notice);
    steering_ = steering(config, outside_ports(*interfaces_, ground), ground.notice);
    twin_buckets_ = std::vector<answer::TokenBucket>(interfaces_->size());
    own_ports_ = own_ports_of(config, *interfaces_);
    const auto ipv6 = edge_params(config, *interfaces_, ground, peers_.get());
    if (ipv6) {
        addresses_ = std::make_unique<nat64::Addresses>(ipv6->addresses, *numbers_);
        naming_ = nat64::Naming(*addresses_, ground.clock);
        quotas_->know_by({*addresses_, derive_sip_key(ground.secret, Use::Ipv6Prefixes)});
    }
    watches_ = std::make_unique<observe::Watches>(table_->grace(), config.workers + 1,
                                                  zones_of(*interfaces_), naming_);
    restore(config, ground);
    Replica::Parts parts{
        *table_,        *hosts_,       *quotas_, kept_endpoints_, policies_->in_force(),
        config.workers, ground.notice, {}};
    if (ipv6)
        parts.ipv6.emplace(PeerHosts::Parts{*addresses_, *numbers_, *hosts_,
                                            config.lans.front().zone, peers_.get()});
    others_.join(config, parts, ground.holdings, ground.inbox);
    budgets_ = std::make_unique<answer::Budgets>(derive_sip_key(ground.secret, Use::Budgets));
    shared_ = std::make_unique<worker::Shared>(worker::Shared{
        .table = *table_,
        .policy = policies_->in_force(),
        .exhaustion = *exhaustion_,
        .kept_endpoints = kept_endpoints_,
        .draws = *draws_,
        .steering = steering_ ? &*steering_ : nullptr,
        .hosts = *hosts_,
        .quotas = *quotas_,
        .reserve = flow::reserve_for(config.flows, config.workers),
        .interfaces = *interfaces_,
        .next_hops = *next_hops_,
        .living_uplinks = living_uplinks_,
        .watches = *watches_,
        .budgets = *budgets_,
        .fragments = config.fragments,
        .workers = config.workers,
        .spread_flows = has_fewer_queues(*interfaces_, ground, config.workers),
        .may_inherit = (ground.inheritance && ground.inheritance->is_found) || others_.may_come(),
        .twins = {own_ports_.get(), twin_rate(config), twin_buckets_},
        .helpers = helpers_.get(),
        .ipv6 = ipv6,
        .numbers = numbers_.get(),
        .is_active = others_.is_active(),
        .holdings = ground.holdings,
    });
    inquiry_ = std::make_unique<why::Inquiry>(*shared_, ground.ports);
    for (unsigned id = 0; id < config.workers; ++id)
        workers_.push_back(std::make_unique<worker::Worker>(
            *shared_, worker_params(config, static_cast<uint8_t>(id), ground)));
    control_ = std::make_unique<control::Core>(core_params(config, ground));
}

worker::WorkerParams Gateway::worker_params(const config::Config& config, uint8_t id,
                                            const Ground& ground) {
    worker::WorkerParams params;
    params.id = id;
    params.burst = config.burst;
    params.prefetch = config.prefetch;
    params.packets = ground.packets;
    for (io::Port* port : ground.ports) {
        worker::PortUse& use = params.ports.emplace_back();
        use.port = port;
        if (id < port->rx_queues())
            use.rx_queue = id;
        use.tx_queue = static_cast<uint16_t>(id % port->tx_queues());
    }
    for (unsigned other = 0; other < rings_.punt.size(); ++other) {
        const bool self = other == id;
        params.links.from_worker.push_back(self ? nullptr : &rings_.handoff[other][id]);
        params.links.to_worker.push_back(self ? nullptr : &rings_.handoff[id][other]);
    }
    params.links.to_control = &rings_.punt[id];
    params.links.from_control = &rings_.release[id];
    return params;
}

bool Gateway::use(const Policies::Pointer& policy) {
    const bool has_other_routes = !(policies_->current()->routes == policy->routes);
    const bool is_over = policies_->use(policy);
    if (has_other_routes)
        next_hops_->forget_paths();
    return is_over;
}

void Gateway::drain() {
    control_->stop();
    for (auto& worker : workers_)
        worker->drain();
}

uint32_t Gateway::ports_of(Be32 address) const {
    const Policies::Pointer policy = policies_->current();
    for (const auto* pool : policy->rules.pools()) {
        const uint32_t first = std::max(pool->ports().first, pool::kUserPorts.first);
        if (pool->contains(address) && first <= pool->ports().last)
            return pool->ports().last - first + 1;
    }
    return 0;
}

stats::Snapshot Gateway::snapshot() const {
    stats::Snapshot snapshot;
    for (const auto& worker : workers_)
        snapshot.add(worker->counters());
    snapshot.add(control_->counters());
    snapshot.add(operator_counters_);
    snapshot.add(restored_counters_);
    others_.add_to(snapshot);
    return snapshot;
}

}  // namespace sluice::gateway
