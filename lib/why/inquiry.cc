// SPDX-License-Identifier: BSD-3-Clause
#include "why/inquiry.h"

#include "conntrack/tcp_tracker.h"
#include "flow/reading.h"
#include "fragment/pieces.h"
#include "link/tag.h"
#include "nat/allocator.h"
#include "nat/calls.h"
#include "nat/own_flows.h"
#include "net/parse.h"
#include "why/exit_answer.h"
#include "why/frame.h"
#include "why/ipv6_look.h"
#include "why/next_segment.h"
#include "why/owner.h"
#include "why/quota_answer.h"
#include "why/resting.h"
#include "why/sender_hears.h"
#include "why/tracker_copy.h"
#include "why/which_worker.h"
#include "worker/burst.h"
#include "worker/local.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace sluice::why {
namespace {

using net::Direction;
using net::Side;
using stats::Drop;

link::EgressParams egress_params(const worker::Shared& shared,
                                 const std::vector<io::Port*>& ports) {
    link::EgressParams params{shared.interfaces, shared.next_hops,      {}, {},
                              nullptr,           &shared.living_uplinks};
    for (io::Port* port : ports)
        params.ports.push_back({port, 0});
    return params;
}

bool is_tagged(const rte_mbuf& mbuf) {
    const uint16_t type = net::ether_type(&mbuf);
    return type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ;
}

/// One packet's way, taken once.
class Look {
public:
    Look(const worker::Shared& shared, const std::vector<io::Port*>& ports,
         const policy::Policy& policy, Tick now, const Question& question);
    Answer take(const Question& question);

private:
    bool arrive(const Question& question, link::InterfaceId from);
    link::PortIndex port_of_tagged() const;
    link::InterfaceId likely_origin(const Question& question) const;
    void describe(const policy::Rule& rule, std::optional<link::UplinkId> uplink);
    void fail(Drop reason);
    void refuse(Drop reason);
    void reject(Drop reason);
    bool stop_fragment();
    void meet(const Question& question);
    bool give_up(flow::FlowRef flow);
    bool send_on(const std::optional<Owner>& owner);
    bool track(flow::FlowRef flow, const Question& question);
    void open(uint32_t ended);
    void answer_ping();
    bool is_proven() const;
    void open_toward(const worker::Target& target);
    bool is_let_out(const link::Path& path);
    void decide(const nat::Request& request);
    std::optional<Drop> ask_quotas(nat::Request& request);
    void relay();
    void leave(const net::Tuple& after);

    OwnerGround owner_ground() const { return {shared_, policy_, forwarding_, *burst_}; }
    const worker::Burst& burst() const { return *burst_; }
    net::Packet& packet() { return burst_->packet[0]; }
    net::Tuple& tuple() { return burst_->tuple[0]; }
    Side side() const { return burst_->side[0]; }

    const worker::Shared& shared_;
    const std::vector<io::Port*>& ports_;
    policy::Current policy_;
    Tick now_;
    worker::Admission admission_;
    stats::Counters counters_;  // nobody reads them, and nothing is counted
    link::Egress egress_;
    worker::Forwarding forwarding_;
    worker::Local local_;
    std::unique_ptr<worker::Burst> burst_ = std::make_unique<worker::Burst>();
    Frame frame_;
    Answer answer_;
};

Look::Look(const worker::Shared& shared, const std::vector<io::Port*>& ports,
           const policy::Policy& policy, Tick now, const Question& question)
    : shared_(shared),
      ports_(ports),
      policy_(policy),
      now_(now),
      admission_(shared.interfaces, policy_, shared.twins.own_ports, shared.holdings),
      egress_(egress_params(shared, ports), counters_),
      forwarding_({shared.table, policy_, admission_, egress_, shared.helpers, shared.may_inherit,
                   shared.holdings, shared.interfaces.first_inside()}),
      local_(shared, admission_, egress_),
      frame_(question.frame) {
    egress_.look_at_ports();
    egress_.route_by(policy_->routes);
}

Answer Look::take(const Question& question) {
    const auto by = Ipv6Look(shared_, egress_, now_).enter(question, frame_.mbuf(), answer_);
    const bool has_arrived = by && arrive(question, *by);
    if (const auto reason = resting(shared_)) {
        fail(*reason);
        answer_.crossed.reset();
        answer_.exit.reset();
    } else if (has_arrived && packet().is_icmp_error) {
        relay();
    } else if (has_arrived && (!packet().is_fragment || !stop_fragment())) {
        meet(question);
    }
    return std::move(answer_);
}

/// Worker::parse(), of a frame whose MACs tell nothing.
bool Look::arrive(const Question& question, link::InterfaceId by) {
    rte_mbuf* const mbuf = frame_.mbuf();
    burst_->count = 1;
    burst_->mbuf[0] = mbuf;
    link::InterfaceId& from = burst_->from[0];
    from = by;
    std::optional<Drop> reason;
    if (is_tagged(*mbuf))
        reason = link::take_tag(mbuf, shared_.interfaces, port_of_tagged(), from);
    if (!reason)
        reason = net::parse(mbuf, packet(), tuple());
    answer_.arrival.is_parsed = !reason;
    if (!reason && from == link::kNoInterface)
        from = likely_origin(question);
    if (!reason)
        tuple().zone = shared_.interfaces[from].zone;
    answer_.arrival.from = from;
    if (!reason && question.is_checked && policy_->verify != policy::Verify::Never)
        reason = net::verify_checksums(mbuf, packet(), false);
    if (answer_.arrival.is_parsed)
        why::describe(packet(), tuple(), answer_.arrival);
    if (reason) {
        fail(*reason);
        return false;
    }
    const link::Realm realm = shared_.interfaces[from].realm;
    const auto side =
        realm == link::Realm::ByAddress
            ? forwarding_.side_of(tuple(), now_)
            : std::optional(realm == link::Realm::Inside ? Side::Inside : Side::Outside);
    if (!side) {
        fail(Drop::NoRealm);
        return false;
    }
    burst_->side[0] = answer_.arrival.side = *side;
    answer_.arrival.has_side = true;
    answer_.worker_is_known = which_worker(shared_, ports_, burst(), answer_.worker);
    return true;
}

/// That of the interface which is given, or of the first one that takes the frame's tag.
link::PortIndex Look::port_of_tagged() const {
    if (burst().from[0] != link::kNoInterface)
        return shared_.interfaces[burst().from[0]].port;
    const auto takes = std::ranges::find(shared_.interfaces, link::without_tag(frame_.mbuf()).vlan,
                                         &link::Interface::vlan);
    return takes == shared_.interfaces.end() ? link::PortIndex{0} : takes->port;
}

/// The interface behind which its source is, or the first one on that side.
link::InterfaceId Look::likely_origin(const Question& question) const {
    const Be32 source{burst().packet[0].ip->src_addr};
    const link::Leads leads = egress_.routes().leads(source);
    const link::Route* toward = egress_.leads_inside(leads) ? leads.anywhere : leads.in_zone;
    const auto suits = [&](link::InterfaceId id) {
        return !question.side || shared_.interfaces[id].reaches(*question.side);
    };
    if (toward != nullptr && suits(toward->interface))
        return toward->interface;
    for (size_t id = 0; id < shared_.interfaces.size(); ++id)
        if (suits(static_cast<link::InterfaceId>(id)))
            return static_cast<link::InterfaceId>(id);
    return 0;
}

/// The rule, and what it has of addresses at the uplink that the flow is to have.
void Look::describe(const policy::Rule& rule, std::optional<link::UplinkId> uplink) {
    const auto& pools = policy_->rules.pools();
    answer_.rule = policy_->rules.index_of(rule);
    if (!rule.translates())
        return;
    if (const auto at = std::ranges::find(pools, &rule.pool_at(uplink)); at != pools.end())
        answer_.pool = static_cast<size_t>(at - pools.begin());
}

void Look::fail(Drop reason) {
    answer_.fate = Fate::Dropped;
    answer_.reason = reason;
    answer_.sender_hears = SenderHears::Nothing;
}

/// Local::refuse().
void Look::refuse(Drop reason) {
    fail(reason);
    if (answer_.arrival.from != link::kNoInterface && local_.has(burst(), 0, reason))
        answer_.fate = Fate::Kernels;
}

/// True for one that goes no further by itself.
bool Look::stop_fragment() {
    const auto reason = worker::Admission::refuse_fragment(
        admission_.admit_addresses(side(), packet(), tuple()), tuple());
    const bool is_kernels = local_.has_fragment(burst(), 0, reason);
    const bool is_older = forwarding_.may_be_older(side(), packet(), tuple(), is_kernels, now_);
    if (reason && !is_older)
        refuse(*reason);
    else if (is_kernels && !is_older)
        answer_.fate = Fate::Kernels;
    else if (!fragment::piece_of(packet()).is_first())
        answer_.fate = Fate::Follows;
    else
        return false;
    return true;
}

void Look::meet(const Question& question) {
    if (tuple().protocol == net::Protocol::Gre)  // Tracking::name_call()
        tuple() = nat::Calls(shared_.table, shared_.helpers).name(packet(), tuple(), side(), now_);
    const flow::FlowRef flow = shared_.table.find(tuple(), now_);
    if (!flow)
        return open(nat::kNoRecord);
    const flow::FlowRecord& record = shared_.table.record(flow);
    answer_.met = Met{.entry = listing::read_entry(shared_.table, flow.index(), now_),
                      .direction = flow.direction()};
    answer_.met->is_its_own = worker::belongs(record, flow.direction(), side(), packet());
    if (answer_.met->is_its_own && give_up(flow))
        return;
    if (!answer_.met->is_its_own)
        open(nat::kNoRecord);
    else if (track(flow, question))
        open(flow.index());
}

/// True of a flow that goes by addresses of other gateways.
bool Look::give_up(flow::FlowRef flow) {
    const auto lost = why::lost(owner_ground(), flow);
    if (lost && !send_on(lost->owner))
        fail(Drop::NotHeld);
    return lost.has_value();
}

/// Owners::take(): true where there is one.
bool Look::send_on(const std::optional<Owner>& owner) {
    if (!owner)
        return false;
    answer_.owner = OwnerWords{owner->address, {}};
    if (is_let_out(owner->path))
        leave(tuple());
    return true;
}

/// OwnFlows::track() on a copy. True when the flow is over, and the packet opens another.
bool Look::track(flow::FlowRef flow, const Question& question) {
    const flow::FlowRecord& record = shared_.table.record(flow);
    TrackerCopy memory = copy_tracker(record);
    if (tuple().protocol == net::Protocol::Tcp)
        answer_.met->ends = reinterpret_cast<const conntrack::TcpTracker&>(memory).ends;
    Tracked& tracked = answer_.tracked.emplace();
    tracked.segment = burst().segment(0);
    if (!question.has_flags && tuple().protocol == net::Protocol::Tcp) {
        const uint8_t flags = likely_flags(flow.direction(), answer_.met->entry.status);
        packet().tcp_flags = tracked.segment.tcp_flags = answer_.arrival.tcp_flags = flags;
        if (answer_.arrival.ipv6)
            answer_.arrival.ipv6->tcp_flags = flags;
    }
    tracked.is_next = question.is_next;
    if (question.is_next)
        go_on(tracked.segment, flow.direction(), memory);
    tracked.verdict =
        conntrack::track(policy_->tuning_of(record.sides.tuning()), state_of(record, now_),
                         flow.direction(), tracked.segment, conntrack::TrackerMemory(memory));
    answer_.worker = record.owner;
    answer_.worker_is_known = true;
    if (tracked.verdict.action == conntrack::Action::Refuse) {
        reject(tracked.verdict.reason);
        return false;
    }
    if (tracked.verdict.action == conntrack::Action::Reopen)
        return true;
    const auto path = forwarding_.path_of(flow);
    if (!path)
        fail(Drop::NoRoute);
    else if (is_let_out(*path))
        leave(record.key(opposite(flow.direction())).reversed());
    return false;
}

/// Openings::open().
void Look::open(uint32_t ended) {
    answer_.reopens = ended != nat::kNoRecord;
    const policy::Rule* rule = admission_.rule_of(side(), tuple());
    const worker::Admitted admitted = admission_.admit(side(), packet(), tuple(), rule);
    answer_.admitted = admitted;
    if (rule != nullptr)
        describe(*rule, {});
    if (admitted.path == worker::Path::Refused)
        return refuse(admitted.reason);
    if (admitted.path == worker::Path::Local)
        return answer_ping();
    if (policy_->strict.source && side() == Side::Inside && !is_proven())
        return fail(Drop::StrictSource);
    worker::Target target = forwarding_.target({admitted.path, rule}, tuple(), now_);
    if (send_on(owner_of(owner_ground(), target, rule)))
        return;
    if (target.refusal)
        return fail(*target.refusal);
    target.request.ended = ended;
    open_toward(target);
}

/// Answers::turn_ping(); as IPv6 nothing of ICMP leaves in parts, which larger than the MTU need.
void Look::answer_ping() {
    const link::InterfaceId by = answer_.arrival.from;
    answer_.fate = local_.has_ping(burst(), 0) ? Fate::Kernels : Fate::Answered;
    if (answer_.fate == Fate::Answered && shared_.interfaces[by].vlan == link::kIpv6Side &&
        packet().length > egress_.exit(by).most(false))
        fail(Drop::Ipv6Untranslatable);
}

/// Openings::is_proven(), of a host with the MAC that ARP has told of it.
bool Look::is_proven() const {
    const net::InsideAddress source = burst().tuple[0].inside_source();
    const auto toward = egress_.routes().find(source);
    if (!toward || toward->interface != answer_.arrival.from)
        return false;
    if (toward->address != source.address)
        return true;
    const link::HopIndex hop = shared_.next_hops.find(toward->interface, source.address);
    return hop != link::kNoHop && shared_.next_hops.read(hop).is_resolved();
}

/// Openings::open_admitted() and OwnFlows::open().
void Look::open_toward(const worker::Target& target) {
    nat::Request request = target.request;
    answer_.request = request;
    if (request.rule != nullptr)
        describe(*request.rule, request.uplink);
    const worker::Way way = forwarding_.way_of(target);
    if (!way.path)
        return fail(way.reason);
    if (!is_let_out(*way.path))
        return;
    Tracked& tracked = answer_.tracked.emplace();
    tracked.segment = burst().segment(0);
    alignas(flow::FlowRecord) conntrack::TrackerBytes tracker;
    tracked.verdict =
        conntrack::open(policy_->tuning_of(request.tuning()), tracked.segment, tracker);
    if (request.external)  // OwnFlows::first_timeout()
        tracked.verdict.timeout = conntrack::kCallTimeout;
    const hosts::Answer host = ask_host(shared_, *policy_, request, now_);
    std::optional<Drop> reason;
    if (tracked.verdict.action == conntrack::Action::Refuse)
        reason = tracked.verdict.reason;
    else if (host != hosts::Answer::Admitted)
        reason = host == hosts::Answer::TooFast ? Drop::HostRate : Drop::HostFlows;
    else
        reason = ask_quotas(request);
    if (reason)
        return reject(*reason);
    decide(request);
}

/// Answers::refuse().
void Look::reject(Drop reason) {
    fail(reason);
    answer_.sender_hears =
        hears_of(worker::rejection_of(*policy_, side(), packet(), tuple(), reason));
}

std::optional<Drop> Look::ask_quotas(nat::Request& request) {
    const QuotaAnswer quota = why::ask_quotas(shared_, *policy_, request, now_, answer_.arrival);
    answer_.replaces = quota.replaced.has_value();
    if (quota.replaced && request.ended == nat::kNoRecord)
        request.ended = *quota.replaced;
    return quota.refusal == hosts::Refusal::None ? std::nullopt
                                                 : std::optional(nat::drop_of(quota.refusal));
}

void Look::decide(const nat::Request& request) {
    const nat::Mappings mappings(shared_.table, policy_);
    const auto allocator = std::make_unique<nat::Allocator>(
        nat::AllocatorParams{shared_.table, policy_, mappings, shared_.kept_endpoints,
                             shared_.draws, shared_.steering, shared_.twins.own_ports,
                             shared_.holdings, false},
        static_cast<uint8_t>(answer_.worker));
    nat::Trail trail;
    const nat::Decision decision = allocator->decide(request, now_, trail);
    answer_.decision = decision;
    answer_.may_search_on =
        decision.is_searched &&
        (!decision.external || decision.external->port != request.original.source_port);
    const uint64_t used = uint64_t{shared_.table.size()} + shared_.table.retired() +
                          uint64_t{shared_.reserve} * shared_.workers;
    answer_.table_is_full = used >= shared_.table.capacity();
    if (!decision.external)
        return reject(decision.reason);
    if (request.others != 0)
        describe(*request.rule, policy_->routes.uplinks().of(decision.external->address));
    if (decision.mapped != nullptr && !decision.mapping &&
        is_at_limit(shared_, *policy_, request, now_))
        return reject(Drop::HostFlows);
    if (decision.is_filtered)
        return reject(Drop::Filtered);
    leave(request.reply(*decision.external).reversed());
}

/// IcmpRelay::relay().
void Look::relay() {
    const worker::ErrorWay way =
        forwarding_.way_of_error({burst().from[0], side()}, packet(), tuple(), now_);
    if (way.flow)
        answer_.met = Met{.entry = listing::read_entry(shared_.table, way.flow.index(), now_),
                          .direction = way.flow.direction()};
    if (way.reason == Drop::IcmpErrorUnknown && !way.path &&
        send_on(owner_of_error(owner_ground(), admission_, now_)))
        return;
    if (way.flow && give_up(way.flow))
        return;
    if (!way.path)
        return refuse(way.reason);
    const flow::FlowRecord& record = shared_.table.record(way.flow);
    const TrackerCopy memory = copy_tracker(record);
    if ((record.status.load(std::memory_order_relaxed) & conntrack::kCorrected) == 0 &&
        !worker::quotes_what_was_sent(policy_->tuning, packet(), way.flow.direction(),
                                      reinterpret_cast<const conntrack::TcpTracker&>(memory)))
        return fail(Drop::IcmpErrorNumber);
    if (!is_let_out(*way.path))
        return;
    // An error from inside leaves with the flow's external address, whoever sent it.
    net::Tuple after =
        shared_.table.record(way.flow).key(opposite(way.flow.direction())).reversed();
    if (side() != Side::Inside)
        after.source = answer_.arrival.source;
    leave(after);
}

/// Answers::may_leave().
bool Look::is_let_out(const link::Path& path) {
    const link::Exit& exit = egress_.exit(path.interface);
    answer_.exit = exit_answer(shared_, exit, path);
    const auto reason = worker::refuse_exit(packet(), exit);
    answer_.is_cut = !reason && packet().length > exit.mtu;
    if (!reason)
        return true;
    fail(*reason);
    if (!answer_.request || side() == Side::Inside)  // as Openings has it
        answer_.sender_hears = hears_error(*reason, packet());
    return false;
}

/// Egress::send(), and what the edge of IPv6 says then.
void Look::leave(const net::Tuple& after) {
    answer_.after = after;
    answer_.fate = answer_.exit->has_mac ? Fate::Leaves : Fate::Waits;
    if (answer_.exit->has_failed) {
        fail(Drop::NeighbourFailed);
        if (!answer_.owner)  // of what goes to its owner IcmpRelay finds no flow
            answer_.sender_hears = hears_error(answer_.reason, packet());
    } else if (const auto reason =
                   Ipv6Look(shared_, egress_, now_)
                       .refuse_to_leave(frame_.mbuf(), answer_, policy_->zero_checksum)) {
        fail(*reason);
    }
}

}  // namespace

Answer Inquiry::ask(const Question& question, const policy::Policy& policy, Tick now) const {
    return flow::read_records(shared_.table, [&] {
        return std::make_unique<Look>(shared_, ports_, policy, now, question)->take(question);
    });
}

}  // namespace sluice::why
