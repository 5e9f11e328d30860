// SPDX-License-Identifier: BSD-3-Clause
#include "forged.h"

#include "rig/lane.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sluice::bench {
namespace {

using net::Direction;

constexpr uint32_t kTable = 1U << 18;
constexpr uint32_t kQuickTable = 1U << 15;  // is full as soon
constexpr unsigned kHonest = 200;           // hosts
constexpr unsigned kConnections = 200;      // of each
constexpr unsigned kQuickConnections = 20;
constexpr unsigned kForged = 10'000;     // inside sources
constexpr unsigned kFirstForged = 1000;  // hosts' numbers
constexpr unsigned kOutsideBits = 20;    // a million outside sources
constexpr unsigned kPart = kBatch / 4;   // after which the control core has its turn
constexpr int kAnswerAfter = 50;         // milliseconds
constexpr int kWarmUp = 500;
constexpr double kMostHonestLost = 1;  // percent
constexpr unsigned kRounds = 3;
constexpr uint16_t kForwarded = 53;
/// Flows of 200 hosts share no entry of a book of this size, up to the 4,000th of each.
constexpr uint32_t kEntries = (1U << 22) - 256;
const Be32 kPublic = Be32::from_host(0xc6336410);

struct Forgery {
    const char* name;
    bool is_inward;
    std::function<void(config::Config&)> configure;
    unsigned server_bits = 8;  ///< Of the servers that are asked.
};

/// The n-th flow of a host, by the book's numbers.
uint64_t flow_of(unsigned host, uint64_t n) {
    return n >> 8 << 24 | (n & 0xff) << 16 | host;
}

/// Honest hosts, and a flood beside them.
class Siege {
public:
    Siege(Rig& rig, const Forgery& one, unsigned connections)
        : rig_(rig),
          is_inward_(one.is_inward),
          most_(connections),
          standing_(net::Protocol::Tcp, kEntries),
          honest_(net::Protocol::Udp, kEntries, one.server_bits),
          flood_(net::Protocol::Udp, 1U << 20, one.is_inward ? kOutsideBits : one.server_bits),
          connections_(rig, standing_, 0),
          questions_(rig, honest_, 0),
          sources_(rig, flood_, 0) {
        rig_.freeze();
        for (uint64_t i = 0; i < 1U << 4; ++i)
            flood_.learn(i << 16, kPublic, Be16::from_host(kForwarded));
    }

    /// Connections that did not open.
    unsigned connect() {
        unsigned missing = 0;
        missing += talk(Direction::Original, Kind::Open);
        missing += talk(Direction::Reply, Kind::Open);
        return missing + check();
    }
    /// Of all connections, how many no longer pass.
    unsigned check() { return talk(Direction::Original, Kind::Data); }

    void pass(int milliseconds) {
        for (int i = 0; i < milliseconds; ++i) {
            pour();
            ask();
            answer();
            rig_.skip(Duration{1});
            rig_.attend();
        }
    }
    void forget() { asked_ = lost_ = 0, poured_ = took_ = 0; }
    double percent_lost() const { return 100.0 * lost_ / asked_; }
    double nanoseconds_a_packet() const { return took_ / poured_; }

private:
    struct Waiting {
        uint64_t flow;
        int due;
    };

    /// A packet of each connection; how many did not come out.
    unsigned talk(Direction direction, Kind kind) {
        std::vector<Item> items;
        for (unsigned host = 0; host < kHonest; ++host)
            for (unsigned n = 0; n < most_; ++n)
                items.push_back({flow_of(host, n), direction, kind});
        unsigned missing = 0;
        for (std::span<const Item> rest(items); !rest.empty();) {
            const auto part = rest.first(std::min<size_t>(rest.size(), kPart));
            rest = rest.subspan(part.size());
            connections_.offer(part);
            connections_.run_worker();
            missing += static_cast<unsigned>(part.size()) - connections_.collect({});
            rig_.attend();
        }
        return missing;
    }

    /// A millisecond of the flood.
    void pour() {
        for (unsigned sent = 0; sent < kBatch; sent += kPart) {
            std::vector<Item> items;
            for (unsigned i = 0; i < kPart; ++i, ++next_)
                items.push_back(is_inward_
                                    ? Item{next_ << 16, Direction::Reply, Kind::Data}
                                    : Item{flow_of(kFirstForged + next_ % kForged, next_ / kForged),
                                           Direction::Original, Kind::Data});
            sources_.offer(items);
            took_ += sources_.run_worker();
            sources_.collect({});
            rig_.attend();
        }
        poured_ += kBatch;
    }

    /// The next host asks the next question.
    void ask() {
        ++time_;
        ++asked_;
        const uint64_t flow = flow_of(asked_total_ % kHonest, asked_total_ / kHonest);
        ++asked_total_;
        honest_.learn(flow, {}, {});
        const Item item{flow, Direction::Original, Kind::Open};
        questions_.offer({&item, 1});
        questions_.run_worker();
        if (questions_.collect({}) == 1)
            waiting_.push_back({flow, time_ + kAnswerAfter});
        else
            ++lost_;
    }

    void answer() {
        while (!waiting_.empty() && waiting_.front().due <= time_) {
            const Item item{waiting_.front().flow, Direction::Reply, Kind::Data};
            waiting_.pop_front();
            questions_.offer({&item, 1});
            questions_.run_worker();
            lost_ += questions_.collect({}) != 1;
        }
    }

    Rig& rig_;
    bool is_inward_;
    unsigned most_;  // connections of a host
    Book standing_;
    Book honest_;
    Book flood_;
    Lane connections_;
    Lane questions_;
    Lane sources_;
    std::deque<Waiting> waiting_;
    uint64_t next_ = 0;
    uint64_t asked_total_ = 0;
    int time_ = 0;
    double asked_ = 0;
    double lost_ = 0;
    double poured_ = 0;
    double took_ = 0;
};

void map_endpoints(config::Config& config) {
    config.snat = {{.inside = config.inside.front(),
                    .addresses = config.pool,
                    .independence = policy::Independence{{{net::Protocol::Udp}}, {1024, 65535}}}};
    config.inside.clear();
    config.pool.clear();
}

void give_blocks(config::Config& config) {
    config.holders.blocks = {.size = 256, .per_host = 4};  // 252 of each address: 4,032 in all
}

void forward_port(config::Config& config) {
    config.forwards = {{.protocol = net::Protocol::Udp,
                        .external = {kPublic, Be16::from_host(kForwarded)},
                        .internal = {Be32::from_host(0x0a010005), Be16::from_host(kForwarded)}}};
    config.quotas.inward = config.flows / 2;
}

/// All hosts are of one prefix, which is at its limit before the table is full.
void limit_prefix(config::Config& config) {
    config.quotas.inside_prefix = {8, config.flows / 4 * 3};
}

/// There are fewer ports than places in a table.
void give_one_address(config::Config& config) {
    config.pool = {{kPublic, kPublic}};
}

Status run_forgery(const Forgery& one, const Options& options, Bench& bench) {
    const bool is_about_ports = one.server_bits == 0;
    const uint32_t table = options.quick && !is_about_ports ? kQuickTable : kTable;
    const unsigned connections = options.quick ? kQuickConnections : kConnections;
    auto rig = Rig::create({.flows = table, .pages = options.pages, .configure = one.configure});
    if (!rig)
        return rig.error();
    Siege siege(*rig.value(), one, connections);
    if (const unsigned missing = siege.connect(); missing != 0)
        return Error{std::to_string(missing) +
                     " packets of opening connections are lost: " + rig.value()->drops()};
    siege.pass(options.quick && !is_about_ports ? kWarmUp / 10 : kWarmUp);
    Samples lost, cycles;
    for (unsigned i = 0; i < std::min(options.rounds, kRounds); ++i) {
        siege.forget();
        siege.pass(options.quick ? 100 : 2000);
        lost.add(siege.percent_lost());
        cycles.add(cycles_in(siege.nanoseconds_a_packet()));
    }
    Samples ended;
    ended.add(siege.check());
    const Traffic c{"udp", one.name, "fresh", worker::kBurstSize, table, 1};
    bench.add(c, "% of honest hosts' new flows lost", lost,
              [](Figure& figure) { figure.at_most(kMostHonestLost); });
    const std::string unit = "of " + std::to_string(kHonest * connections) + " connections lost";
    bench.add(c, unit.c_str(), ended, [](Figure& figure) { figure.at_most(0); });
    bench.add(c, "cycles/packet of the flood", cycles);
    return Done{};
}

}  // namespace

Status run_forged(const Options& options, Bench& bench) {
    const Forgery cases[] = {
        {"out, forged, flows", false, [](config::Config&) {}},
        {"out, forged, mappings", false, map_endpoints},
        {"out, forged, blocks", false, give_blocks},
        {"out, forged, limit of a prefix", false, limit_prefix},
        {"out, forged, ports of one server", false, give_one_address, 0},
        {"in, forged, forward", true, forward_port},
    };
    for (const Forgery& one : cases)
        if (Status status = run_forgery(one, options, bench); !status)
            return status;
    return Done{};
}

}  // namespace sluice::bench
