// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Random operations on a whole gateway, beside an oracle: a map from a reply's tuple to whose it
/// is and until when. What a new flow may be given it knows by the pool, and by what is taken.
///
/// The clock starts a minute before its ticks run over. Every clock step that matters is drawn:
/// often it goes to the very millisecond in which a mapping ends, or to the one before.

#include "catch.h"
#include "nat_oracle.h"
#include "operations.h"
#include "testbed.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace nat_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

constexpr uint32_t kFlows = 48;  // fewer than the hosts' tuples, so that the table is full at times
constexpr auto kFirst = "198.51.100.1";
constexpr auto kLast = "198.51.100.2";
constexpr Tick kBeforeWrap{~uint32_t{0} - 60'000};

/// An expired flow is gone 2 s after its deadline, and a pass of ageing takes another.
constexpr Duration kLinger = Duration::seconds(4);

struct Team {
    unsigned workers;
    uint16_t rx_queues;
    uint16_t zone = 0;  ///< Another, of as many hosts with the same addresses; 0 for none.
};

TestbedOptions options(const Team& team) {
    TestbedOptions options;
    options.workers = team.workers;
    options.rx_queues = team.rx_queues;
    options.flows = kFlows;
    options.start = kBeforeWrap;
    options.configure = [zone = team.zone](config::Config& config) {
        if (zone != 0)
            config.lans.push_back({{"second wire"}, config.lans[0].own, zone});
        config.pool = {{ip(kFirst), ip(kLast)}};
        config.tuning = Oracle::tuning();
    };
    return options;
}

class Model {
public:
    Model(const Team& team, uint64_t seed) : zone_(team.zone), bed_(options(team)), random_(seed) {}

    void run(int operations) {
        for (int i = 0; i < operations; ++i) {
            step();
            check_count();
        }
    }

    /// Everything happened often enough to have been tested.
    void check_coverage(int operations) {
        const auto often = static_cast<uint64_t>(operations) / 100;
        CHECK(bed_.count(stats::Count::FlowsOpened) > often);
        CHECK(bed_.count(stats::Count::PortChanged) > often);
        CHECK(bed_.dropped(Drop::NoMapping) > often);
        CHECK(evicted_ + bed_.dropped(Drop::TableFull) > often / 10);
        CHECK(delivered_ > often);
        CHECK(kept_ > often / 40);
        if (bed_.gateway().workers() > 1)
            CHECK(bed_.count(stats::Count::Handoff) > often);
    }

private:
    void step() {
        switch (random_() % 16) {
            case 0:
                return step_clock();
            case 1:
                return delete_flow();
            case 2:
            case 3:
                return reply_to(stray());
            case 4:
            case 5:
            case 6:
            case 7:
            case 8:
                return reply_to(oracle_.any(random_).value_or(stray()));
            default:
                return send_out();
        }
    }

    /// Sends a frame of the host's from its zone; returns what came out outside.
    std::vector<Seen> from_inside(Frame frame, uint16_t zone) {
        frame.ether(mac_of(ip(kHost)), bed_.port(Side::Inside).mac());
        bed_.inject_on(zone == 0 ? 0 : 1, frame.bytes());
        bed_.run();
        return bed_.take(Side::Outside);
    }
    /// What came out inside, and in which zone.
    std::vector<std::pair<Seen, uint16_t>> take_inside() {
        std::vector<std::pair<Seen, uint16_t>> all;
        for (const Seen& seen : bed_.take(Side::Inside))
            all.emplace_back(seen, uint16_t{0});
        if (zone_ != 0)
            for (const Bytes& frame : bed_.take_frames_of(1))
                all.emplace_back(read(frame), zone_);
        return all;
    }

    void send_out() {
        // What has ended is reused after a grace period, which takes a turn or two.
        bed_.run();
        bed_.run();
        Conversation talk = any_conversation(random_);
        talk.zone = zone_ != 0 && random_() % 2 == 0 ? zone_ : uint16_t{0};
        const bool reset = talk.protocol == net::Protocol::Tcp && random_() % 16 == 0;
        const Room before = room();
        const std::optional<ReplyKey> mapped = oracle_.find(talk, bed_.now());
        Due due = oracle_.due(talk, bed_.now());
        const auto out = from_inside(from_host(talk, reset), talk.zone);
        REQUIRE(take_inside().empty());
        forget_evicted();
        if (!due.address)  // but for one whose holder has just gone for it
            due = oracle_.due(talk, bed_.now());

        if (!mapped && (reset || room().refusals != before.refusals)) {
            REQUIRE(out.empty());  // opens nothing, or finds no room where there is none
            REQUIRE((reset || before.flows >= kFlows || room().no_space != before.no_space ||
                     !due.address));
            return;
        }
        REQUIRE(out.size() == 1);
        const ReplyKey key = key_of(out[0]);
        REQUIRE(out[0].checksums_ok());
        REQUIRE(key.server == talk.server);
        REQUIRE(key.server_port == talk.server_port);
        if (mapped)
            REQUIRE(*mapped == key);
        else
            check_due(due, key);
        REQUIRE(oracle_.sent(key, talk, reset, bed_.now()));
    }

    void check_due(const Due& due, const ReplyKey& key) {
        CAPTURE(due.kept.value_or(0), due.own.value_or(0), due.range.first, key.port);
        REQUIRE(due.address == key.address);
        // What is kept is never forgotten: in no set do so many of these flows come together.
        REQUIRE(due.allows(key.port));
        kept_ += due.kept ? 1 : 0;
    }

    /// What went to make room is gone from the oracle too, if it may go.
    void forget_evicted() {
        const uint64_t evicted = bed_.count(stats::Count::EarlyDropped);
        for (; evicted_ < evicted; ++evicted_) {
            const auto key = oracle_.find_if(
                [&](const ReplyKey& reply) { return !is_in_table(reply); }, bed_.now());
            REQUIRE(key);
            REQUIRE_FALSE(oracle_.is_stream(*key));
            oracle_.deleted(*key);
        }
    }

    /// As the oracle has it; it may be another's by now.
    bool is_in_table(const ReplyKey& reply) {
        flow::FlowTable& table = bed_.gateway().table();
        const flow::FlowRef flow = table.find(tuple_of(reply), bed_.now());
        if (!flow)
            return false;
        const net::Tuple& original = table.record(flow).key(net::Direction::Original);
        const Conversation& owner = oracle_.owner(reply);
        return original.source == owner.host && original.zone == owner.zone &&
               original.source_port.host() == owner.port;
    }

    void reply_to(const ReplyKey& key) {
        const bool reset = key.protocol == net::Protocol::Tcp && random_() % 16 == 0;
        Frame frame = from_server(key, reset);
        frame.ether(mac_of(ip(kRouter)), bed_.port(Side::Outside).mac());
        bed_.inject(Side::Outside, frame.bytes());
        bed_.run();
        const auto in = take_inside();
        REQUIRE(bed_.take(Side::Outside).empty());
        const std::optional<Conversation> owner = oracle_.answered(key, reset, bed_.now());
        if (!owner) {
            REQUIRE(in.empty());
            return;
        }
        ++delivered_;
        REQUIRE(in.size() == 1);
        const auto& [seen, zone] = in[0];
        REQUIRE(seen.checksums_ok());
        Conversation arrived = conversation_of(seen);
        arrived.zone = zone;
        REQUIRE(arrived == *owner);
    }

    /// To a tuple that may or may not be mapped: the oracle knows.
    ReplyKey stray() {
        const Conversation talk = any_conversation(random_);
        const Be32 address = ip(random_() % 2 == 0 ? kFirst : kLast);
        return {talk.protocol, talk.server, address, talk.server_port, talk.port};
    }

    void step_clock() {
        Duration step{static_cast<int32_t>(random_() % 1500)};
        if (const auto key = oracle_.any(random_); key && random_() % 2 == 0) {
            const Duration left = oracle_.deadline(*key) - bed_.now();
            const auto early = static_cast<int32_t>(random_() % 2);
            step.milliseconds = std::max(0, left.milliseconds - early);
        }
        bed_.tick(step);
        REQUIRE(take_inside().empty());
        REQUIRE(bed_.take(Side::Outside).empty());
        oracle_.forget_before(bed_.now(), kLinger);
    }

    void delete_flow() {
        flow::FlowTable& table = bed_.gateway().table();
        const auto index = static_cast<uint32_t>(random_() % kFlows);
        const flow::FlowRecord& record = table.record(index);
        const flow::LifeWord life = record.life.load();
        flow::Member operator_member(table);
        if (operator_member.kill(index, life))
            oracle_.deleted(key_of(record));
    }

    struct Room {
        uint32_t flows;
        uint64_t refusals;
        uint64_t no_space;
    };
    Room room() {
        return {bed_.flows(),
                bed_.dropped(Drop::TableFull) + bed_.dropped(Drop::AddressesExhausted),
                bed_.gateway().table().counters().no_space};
    }

    void check_count() {
        const uint32_t flows = bed_.flows();
        REQUIRE(flows >= oracle_.live(bed_.now()));
        REQUIRE(flows <= oracle_.size());
    }

    uint16_t zone_;
    Testbed bed_;
    std::mt19937_64 random_;
    Oracle oracle_{{ip(kFirst), ip(kLast)}};
    uint64_t delivered_ = 0;
    uint64_t kept_ = 0;  // endpoints that had the port that they have toward another server
    uint64_t evicted_ = 0;
};

}  // namespace

TEST_CASE("gateway: random operations do what a map of mappings says", "[model]") {
    const Team team =
        GENERATE(Team{1, 1}, Team{2, 1}, Team{2, 2}, Team{3, 1}, Team{3, 2}, Team{3, 3, 5});
    CAPTURE(team.workers, team.rx_queues, team.zone);
    const int operations = model_operations() / 6;
    Model model(team, 7 * team.workers + team.rx_queues);
    model.run(operations);
    model.check_coverage(operations);
}

}  // namespace nat_model_test
