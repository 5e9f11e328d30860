// SPDX-License-Identifier: BSD-3-Clause
#include "forward.h"

#include "rig/bench.h"
#include "rig/crew.h"
#include "rig/floor.h"
#include "rig/order.h"
#include "rig/sober.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Protocol;
using net::Side;

constexpr unsigned kForwardBatches = 256;
constexpr unsigned kBatchesWhenQuick = 4;

enum class Mix : uint8_t { Half, Out, Back };

/// What of the traffic varies over one set of flows.
struct Mode {
    Mix mix = Mix::Half;
    Order::Kind order = Order::Kind::Random;
    unsigned burst = 32;
    Sober sober = {};
    std::array<const char*, 2> name = {"udp", "tcp"};  ///< Null: not of this protocol.
};

constexpr Mode kBase;
constexpr Mode kModes[] = {
    kBase,        {.mix = Mix::Out}, {.mix = Mix::Back}, {.order = Order::Kind::Zipf},
    {.burst = 1}, {.burst = 8},      {.burst = 64},
};

constexpr Mode kSoberModes[] = {
    {.sober = {.beyond_l2 = true}, .name = {"udp, beyond L2", "tcp, beyond L2"}},
    {.sober = {.beyond_l2 = true, .in_random_order = true},
     .name = {"udp, beyond L2, mbufs at random", "tcp, beyond L2, mbufs at random"}},
    {.sober = {.beyond_l2 = true, .flushed = true},
     .name = {"udp, packets from memory", "tcp, packets from memory"}},
    {.sober = {.mixed_sizes = true}, .name = {"udp, IMIX", "tcp, IMIX"}},
    {.sober = {.has_timestamp = true}, .name = {nullptr, "tcp, timestamps"}},
};
/// All of it, and checksums in software.
constexpr Mode kSoberest{.sober = {.beyond_l2 = true,
                                   .flushed = true,
                                   .in_random_order = true,
                                   .mixed_sizes = true,
                                   .has_timestamp = true},
                         .name = {"udp, sober", "tcp, sober"}};

const char* name_of(Mix mix) {
    constexpr const char* kNames[] = {"half", "out", "back"};
    return kNames[index(mix)];
}

/// What takes the packets from port to port.
enum class Loop : uint8_t { Worker, IoOnly, Floor };

/// A target for each number of flows: cycles a packet, and times the floor probe.
struct Target {
    double cycles;
    double times_floor;  ///< 0: none.
};

const std::map<std::pair<Protocol, uint32_t>, Target> kTargets = {
    {{Protocol::Udp, k1K}, {60, 0}},    {{Protocol::Udp, k64K}, {80, 3.0}},
    {{Protocol::Udp, k1M}, {200, 1.8}}, {{Protocol::Udp, k10M}, {300, 1.8}},
    {{Protocol::Tcp, k1K}, {80, 0}},    {{Protocol::Tcp, k64K}, {100, 3.0}},
    {{Protocol::Tcp, k1M}, {240, 1.8}}, {{Protocol::Tcp, k10M}, {340, 1.8}},
};

constexpr double kNat64TimesNat44 = 1.35;
constexpr size_t kNumberBytes = size_t{32} << 20;  // of a rig with IPv6, at most

/// Who watches the packets meanwhile.
enum class Watched : uint8_t { ByNobody, ForNothing, ForEverything };

struct FieldParams {
    Protocol protocol = Protocol::Udp;
    uint32_t flows = 0;
    unsigned workers = 1;
    bool verify_in_software = false;
    bool prefetch = true;
    Watched watched = Watched::ByNobody;
    bool accounting = false;
    bool sober = false;    ///< With mbufs for sober modes.
    bool is_ipv6 = false;  ///< NAT64.
};

/// Matches no packet of a book.
net::TupleFilter nothing() {
    net::TupleFilter filter;
    filter.source = net::Prefix{Be32::from_host(1), 32};
    return filter;
}

/// A rig with flows that stand, and what carries packets of them.
class ForwardField {
public:
    static Result<std::unique_ptr<ForwardField>> create(const FieldParams& params,
                                                        const Options& options) {
        std::unique_ptr<ForwardField> field(new ForwardField(params, options));
        auto rig = Rig::create({.flows = std::max(params.flows, 64u),
                                .workers = params.workers,
                                .pages = options.pages,
                                .configure =
                                    [&](config::Config& config) {
                                        config.tuning.udp = config.tuning.udp_stream =
                                            Duration::seconds(24 * 3600);
                                        config.prefetch = params.prefetch;
                                        config.accounting = params.accounting;
                                        if (params.verify_in_software)
                                            config.verify_checksum = config::VerifyChecksum::Always;
                                    },
                                .ring = params.sober ? kSoberRing : Ring{},
                                .is_ipv6 = params.is_ipv6});
        if (!rig)
            return rig.error();
        field->rig_ = std::move(rig).value();
        field->crew_ = std::make_unique<Crew>(*field->rig_, field->book_);
        if (const uint32_t missing = open_flows(*field->crew_, params.flows); missing != 0)
            return Error{std::to_string(missing) +
                         " packets of opening flows are lost: " + field->rig_->drops()};
        auto floor = Floor::create(field->book_, params.flows, options.pages);
        if (!floor)
            return floor.error();
        field->floor_ = std::move(floor).value();
        return field->watch() ? Result(std::move(field)) : Error{"nobody can watch."};
    }

    /// Every figure of one mode. An Error when a packet came out wrong or not at all.
    Status measure(const Mode& mode, Bench& bench);
    /// The worker's nanoseconds a packet, without I/O.
    double took(const Mode& mode) {
        const double io = round(mode, Loop::IoOnly);
        return round(mode, Loop::Worker) - io;
    }
    /// An Error as measure() has it.
    Status fault() const;
    Traffic traffic_of(const Mode& mode) const;

private:
    ForwardField(const FieldParams& params, const Options& options)
        : params_(params), options_(options), book_(params.protocol, params.flows) {}

    /// Nanoseconds of CPU time a packet, of all lanes together.
    double round(const Mode& mode, Loop loop);
    bool watch();
    void look();
    double lane_round(Lane& lane, const Mode& mode, Loop loop);
    void fill(Lane& lane, const Mode& mode, Order& order, std::span<Item> items, Kind kind);
    double run(Lane& lane, const Mode& mode, Loop loop);
    void measure_stages(const Mode& mode, const Traffic& c, Bench& bench);
    unsigned batches() const { return options_.quick ? kBatchesWhenQuick : kForwardBatches; }
    /// That wait at once.
    unsigned batches_at_once(const Mode& mode) const {
        if (!mode.sober.beyond_l2)
            return 1;
        return options_.quick ? kSoberBatchesWhenQuick : kSoberBatches;
    }

    FieldParams params_;
    Options options_;
    Book book_;
    std::unique_ptr<Rig> rig_;
    std::unique_ptr<Crew> crew_;
    std::unique_ptr<Floor> floor_;
    std::unique_ptr<observe::Watches::Reader> reader_;
    uint64_t seed_ = 1;
    std::atomic<uint64_t> lost_ = 0;
};

/// False when there is no place for it.
bool ForwardField::watch() {
    if (params_.watched == Watched::ByNobody)
        return true;
    observe::Wish wish;
    if (params_.watched == Watched::ForNothing)
        wish.filter = nothing();
    auto reader = rig_->gateway().watches().open(wish);
    if (reader)
        reader_ = std::move(reader).value();
    return reader_ != nullptr;
}

/// Makes room for what the workers will tell, outside the measured time.
void ForwardField::look() {
    while (reader_ != nullptr && reader_->read([](const observe::PacketEntry&) {}) != 0) {
    }
}

/// Out and back by bursts, as the worker will take them: no end acknowledges what the gateway has
/// yet to see.
void ForwardField::fill(Lane& lane, const Mode& mode, Order& order, std::span<Item> items,
                        Kind kind) {
    for (size_t i = 0; i < items.size(); ++i) {
        const bool back =
            mode.mix == Mix::Back || (mode.mix == Mix::Half && i / mode.burst % 2 == 1);
        items[i].flow = uint64_t{order.next()} * params_.workers + lane.worker();
        items[i].direction = back ? Direction::Reply : Direction::Original;
        items[i].kind = kind;
        apply(mode.sober, i, items[i]);
    }
}

double ForwardField::run(Lane& lane, const Mode& mode, Loop loop) {
    const auto queue = static_cast<uint16_t>(lane.worker());
    auto& inside = rig_->port(Side::Inside);
    auto& outside = rig_->port(Side::Outside);
    switch (loop) {
        case Loop::Worker:
            return lane.run_worker();
        case Loop::Floor:
            return lane.run([&] {
                floor_->forward(inside, outside, queue);
                floor_->forward(outside, inside, queue);
            });
        case Loop::IoOnly:
            break;
    }
    std::array<rte_mbuf*, worker::kBurstSize> burst;
    const auto packets = std::span(burst).first(mode.burst);
    return lane.run([&] {
        outside.transmit(queue, packets.first(inside.receive(queue, packets)));
        inside.transmit(queue, packets.first(outside.receive(queue, packets)));
    });
}

double ForwardField::lane_round(Lane& lane, const Mode& mode, Loop loop) {
    Order order(mode.order, params_.flows / params_.workers, seed_ + lane.worker());
    std::vector<Item> items(size_t{batches_at_once(mode)} * kBatch);
    const Arrival arrival{mode.sober.in_random_order, mode.sober.flushed};
    const unsigned times = std::max(1u, batches() / batches_at_once(mode));
    const bool is_worker = loop == Loop::Worker;
    double nanoseconds = 0;
    // What a batch leaves in the cache for the next is part of the matter; the first has nothing.
    for (unsigned batch = 0; batch <= times; ++batch) {
        fill(lane, mode, order, items, is_worker ? Kind::Data : Kind::Other);
        lane.offer(items, arrival);
        const double took = run(lane, mode, loop);
        nanoseconds += batch == 0 ? 0 : took;
        lost_ += items.size() -
                 lane.collect(is_worker ? std::optional<uint8_t>(kTtl - 1) : std::nullopt);
        if (lane.worker() == 0) {
            rig_->attend();
            look();
        }
    }
    return nanoseconds / (static_cast<double>(items.size()) * times);
}

double ForwardField::round(const Mode& mode, Loop loop) {
    for (const Side side : {Side::Inside, Side::Outside})
        rig_->port(side).limit_burst(mode.burst);
    std::vector<double> took(params_.workers);
    crew_->each([&](Lane& lane) { took[lane.worker()] = lane_round(lane, mode, loop); });
    seed_ += params_.workers;
    double sum = 0;
    for (const double each : took)
        sum += each;
    return sum / params_.workers;
}

Traffic ForwardField::traffic_of(const Mode& mode) const {
    const bool is_tcp = params_.protocol == Protocol::Tcp;
    const char* protocol = mode.name[is_tcp];
    if (params_.verify_in_software && !params_.sober)
        protocol = is_tcp ? "tcp, --verify-checksum always" : "udp, --verify-checksum always";
    if (!params_.prefetch)
        protocol = is_tcp ? "tcp, --prefetch 0" : "udp, --prefetch 0";
    if (params_.accounting)
        protocol = is_tcp ? "tcp, --accounting" : "udp, --accounting";
    if (params_.is_ipv6)
        protocol = is_tcp ? "tcp, NAT64" : "udp, NAT64";
    if (params_.watched == Watched::ForNothing)
        protocol = is_tcp ? "tcp, watched for nothing" : "udp, watched for nothing";
    if (params_.watched == Watched::ForEverything)
        protocol = is_tcp ? "tcp, watched for all" : "udp, watched for all";
    return {protocol,   name_of(mode.mix), bench::name_of(mode.order),
            mode.burst, params_.flows,     params_.workers};
}

Status ForwardField::fault() const {
    if (const std::string fault = crew_->fault(); !fault.empty())
        return Error{fault};
    if (lost_ != 0)
        return Error{std::to_string(lost_.load()) + " packets did not come out: " + rig_->drops()};
    return Done{};
}

Status ForwardField::measure(const Mode& mode, Bench& bench) {
    Samples cycles, with_io, io, floor, times_floor, nanoseconds, packets;
    for (unsigned i = 0; i < options_.rounds; ++i) {
        const double io_took = round(mode, Loop::IoOnly);
        const double took = round(mode, Loop::Worker);
        const double floor_took = round({mode.mix, mode.order, 32, mode.sober}, Loop::Floor);
        io.add(cycles_in(io_took));
        with_io.add(cycles_in(took));
        cycles.add(cycles_in(took - io_took));
        floor.add(cycles_in(floor_took - io_took));
        times_floor.add((took - io_took) / (floor_took - io_took));
        nanoseconds.add(took - io_took);
        packets.add(params_.workers * 1e9 / took);
    }
    if (Status status = fault(); !status)
        return status;

    const Traffic c = traffic_of(mode);
    const bool is_base = &mode == &kModes[0] && params_.workers == 1 &&
                         !params_.verify_in_software && params_.prefetch &&
                         params_.watched == Watched::ByNobody && !params_.accounting;
    const auto target = kTargets.find({params_.protocol, params_.flows});
    const bool has_target = is_base && target != kTargets.end();
    bench.add(c, "cycles/packet", cycles, [&](Figure& figure) {
        if (has_target)
            figure.at_most(target->second.cycles);
    });
    bench.add(c, "times the floor probe", times_floor, [&](Figure& figure) {
        figure.peer = Peer{"floor probe", floor.median(), floor.median() / cycles.median()};
        if (has_target && target->second.times_floor != 0)
            figure.at_most(target->second.times_floor);
    });
    bench.add(c, "ns/packet", nanoseconds);
    bench.add(c, "packets/s, with I/O", packets);
    bench.add(c, "cycles/packet, with I/O", with_io);
    bench.add(c, "cycles/packet, I/O only", io);
    bench.add(c, "cycles/packet, floor probe", floor);
    if (is_base)
        measure_stages(mode, c, bench);
    return Done{};
}

void ForwardField::measure_stages(const Mode& mode, const Traffic& c, Bench& bench) {
    const auto stages = worker::Worker::stages();
    std::vector<Samples> cycles(stages.size());
    worker::Worker& worker = rig_->gateway().worker(0);
    for (unsigned i = 0; i < options_.rounds; ++i) {
        std::vector<uint64_t> sum(stages.size());
        worker.time_stages(sum);
        round(mode, Loop::Worker);
        worker.time_stages({});
        for (size_t stage = 0; stage < stages.size(); ++stage)
            cycles[stage].add(static_cast<double>(sum[stage]) / (double{kBatch} * (batches() + 1)));
    }
    for (size_t stage = 0; stage < stages.size(); ++stage) {
        const std::string unit = std::string("cycles/packet in ") + stages[stage].name;
        bench.add(c, unit.c_str(), cycles[stage]);
        Samples nanoseconds;
        for (const double each : cycles[stage].values)
            nanoseconds.add(each / cycles_in(1));
        bench.add(c, (std::string("ns/packet in ") + stages[stage].name).c_str(), nanoseconds);
    }
}

Status run_field(const FieldParams& params, std::span<const Mode> modes, const Options& options,
                 Bench& bench) {
    auto field = ForwardField::create(params, options);
    if (!field)
        return field.error();
    for (const Mode& mode : modes)
        if (Status status = field.value()->measure(mode, bench); !status)
            return status;
    return Done{};
}

/// What the other cases flatter, each by itself and all together.
Status forward_sober(Protocol protocol, uint32_t flows, const Options& options, Bench& bench) {
    std::vector<Mode> modes;
    for (const Mode& mode : kSoberModes)
        if (mode.name[protocol == Protocol::Tcp] != nullptr && (!mode.sober.flushed || can_flush()))
            modes.push_back(mode);
    FieldParams params{.protocol = protocol, .flows = flows, .sober = true};
    if (Status status = run_field(params, modes, options, bench); !status)
        return status;
    params.verify_in_software = true;
    return run_field(params, std::span(&kSoberest, 1), options, bench);
}

/// What differs from a field without it, and what that may cost.
struct Difference {
    FieldParams params;
    const char* unit;
    const char* peer;
    double at_most;
};

/// Both turn by turn, so that they have the machine as it is.
Status forward_beside(const Difference& with, const Options& options, Bench& bench) {
    auto base = ForwardField::create({.protocol = with.params.protocol, .flows = with.params.flows},
                                     options);
    if (!base)
        return base.error();
    auto other = ForwardField::create(with.params, options);
    if (!other)
        return other.error();
    Samples without, cycles, times;
    for (unsigned i = 0; i < options.rounds; ++i) {
        const double one = base.value()->took(kBase);
        const double two = other.value()->took(kBase);
        without.add(cycles_in(one));
        cycles.add(cycles_in(two));
        times.add(two / one);
    }
    for (const auto* field : {&base, &other})
        if (Status status = field->value()->fault(); !status)
            return status;
    const Traffic c = other.value()->traffic_of(kBase);
    bench.add(c, "cycles/packet", cycles);
    bench.add(c, with.unit, times, [&](Figure& figure) {
        figure.peer = Peer{with.peer, without.median(), without.median() / cycles.median()};
        if (with.params.flows >= k64K)
            figure.at_most(with.at_most);
    });
    return Done{};
}

Status forward_nat64(Protocol protocol, uint32_t flows, const Options& options, Bench& bench) {
    const FieldParams params{.protocol = protocol, .flows = flows, .is_ipv6 = true};
    return forward_beside({params, "times NAT44", "NAT44", kNat64TimesNat44}, options, bench);
}

/// What an operator may switch on, and what it may cost.
std::array<Difference, 2> differences(Protocol protocol, uint32_t flows) {
    FieldParams accounting{.protocol = protocol, .flows = flows, .accounting = true};
    FieldParams watched{.protocol = protocol, .flows = flows, .watched = Watched::ForNothing};
    return {{{accounting, "times without", "without --accounting", 1.12},
             {watched, "times unwatched", "unwatched", 1.05}}};
}

/// All cases of so many flows of a protocol.
Status forward_flows(Protocol protocol, uint32_t flows, const Options& options, Bench& bench) {
    const std::span<const Mode> all(kModes), base = all.first(1);
    if (Status status = run_field({protocol, flows, 1}, options.quick ? base : all, options, bench);
        !status)
        return status;
    if (Status status = forward_sober(protocol, flows, options, bench); !status)
        return status;
    if (flows <= k1M)
        for (const Difference& difference : differences(protocol, flows))
            if (Status status = forward_beside(difference, options, bench); !status)
                return status;
    if (options.quick)
        return Done{};
    if (Status status = run_field({protocol, flows, 2}, base, options, bench); !status)
        return status;
    if (Status status = run_field({protocol, flows, 1, true}, base, options, bench); !status)
        return status;
    if (Status status = run_field({protocol, flows, 1, false, true, Watched::ForEverything}, base,
                                  options, bench);
        !status || protocol == Protocol::Tcp || flows > k1M)
        return status;
    return run_field({protocol, flows, 1, false, false}, base, options, bench);
}

/// Both protocols over each number of flows: those that are asked for, else the usual ones, of
/// which the first does when quick. `start` is given the most of them.
int run_flows(const Options& options, const std::vector<uint32_t>& usual, auto start, auto cases) {
    std::vector<uint32_t> flows = options.flows;
    if (flows.empty())
        flows = options.quick ? std::vector{usual.front()} : usual;
    Result<Bench> bench = start(*std::max_element(flows.begin(), flows.end()));
    if (!bench)
        return fail(bench.error());
    for (const uint32_t count : flows)
        for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
            if (Status status = cases(protocol, count, options, bench.value()); !status)
                return fail(status.error());
    return bench->end();
}

}  // namespace

int run_forward(const Options& options) {
    const auto start = [&](uint32_t most) {
        const uint32_t beside = std::min(most, k1M);
        const size_t bytes = Rig::table_bytes(most) + Floor::bytes_needed(most) +
                             Rig::table_bytes(beside) + Floor::bytes_needed(beside);
        return Bench::start("forward", options, bytes, 2 * Rig::eal_bytes(kSoberRing));
    };
    return run_flows(options, {k1K, k64K, k1M, k10M}, start, forward_flows);
}

int run_nat64(const Options& options) {
    const auto start = [&](uint32_t most) {
        const size_t bytes = 2 * (Rig::table_bytes(most) + Floor::bytes_needed(most));
        return Bench::start("nat64", options, bytes + kNumberBytes, 2 * Rig::eal_bytes());
    };
    return run_flows(options, {k1K, k64K, k1M}, start, forward_nat64);
}

}  // namespace sluice::bench
