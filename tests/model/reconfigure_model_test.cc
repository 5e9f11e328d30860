// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// A million random operations on a gateway that is set up anew again and again, with all kinds of
/// traffic: open, reply, hairpin, fragments, ICMP errors, expiry, eviction, deletion.
///
/// After each the flow table is read as a whole (table_check.h), and what came out is looked at. To
/// set a gateway up anew is to start it again, with empty tables; what new rules and pools do to
/// one that runs is tests/packet/reload_test.cc's question. Hosts and servers know nothing of the
/// start, and go on with what they had.

#include "catch.h"
#include "net/icmp.h"
#include "operations.h"
#include "table_check.h"
#include "testbed.h"

#include <algorithm>
#include <array>
#include <random>

namespace reconfigure_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Endpoint;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr uint32_t kFlows = 64;   // fewer than there could be, so that the table is full at times
constexpr unsigned kSetups = 40;  // of a run
constexpr auto kOwn = "198.51.100.30";
constexpr auto kFarRouter = "192.0.2.9";
constexpr auto kInsideRouter = "10.1.0.77";
const std::vector<const char*> kHosts{"10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"};
const std::vector<const char*> kServers{"203.0.113.10", "203.0.113.11"};
const std::vector<const char*> kPublics{kPublic, "198.51.100.2", "198.51.100.3", kOwn};
constexpr std::array kProtocols{Protocol::Udp,  Protocol::Udp,  Protocol::Tcp,
                                Protocol::Icmp, Protocol::Sctp, Protocol{47}};

using Random = std::mt19937_64;

Endpoint endpoint(const char* address, uint16_t port) {
    return {ip(address), Be16::from_host(port)};
}

/// What an operator may say, drawn by chance.
struct Setup {
    unsigned workers = 1;
    uint16_t queues = 1;
    uint32_t addresses = 1;  ///< Of the pool, from kPublic on.
    std::optional<nat::Independence> independence;
    bool has_forwards = false;
    bool has_own = false;    ///< kHosts[1] has kOwn to itself.
    bool is_exempt = false;  ///< The last host leaves as it is.
    int hold_seconds = 0;    ///< That a released port rests.

    static Setup any(Random& random);
    config::Config& apply(config::Config& config) const;
    TableCheck check() const;
};

Setup Setup::any(Random& random) {
    Setup setup;
    setup.workers = 1 + static_cast<unsigned>(random() % 3);
    setup.queues = static_cast<uint16_t>(1 + random() % setup.workers);
    setup.addresses = 1 + static_cast<uint32_t>(random() % 3);
    setup.has_forwards = random() % 2 == 0;
    setup.has_own = random() % 2 == 0;
    setup.is_exempt = random() % 2 == 0;
    setup.hold_seconds = static_cast<int>(random() % 2 * 10);
    if (random() % 3 == 0)
        return setup;
    nat::Independence& independence = setup.independence.emplace();
    independence.inside = {{Protocol::Udp, {40'000, 40'001}}};
    if (random() % 2 == 0)
        independence.inside = {{Protocol::Tcp}, {Protocol::Udp}, {Protocol::Icmp}};
    independence.external = random() % 2 == 0 ? pool::PortRange{50'000, 50'007}
                                              // fewer than wanted
                                              : pool::PortRange{1, 65'535};
    independence.filtering = static_cast<nat::Filtering>(random() % 3);
    return setup;
}

config::Config& Setup::apply(config::Config& config) const {
    const Be32 last = Be32::from_host(ip(kPublic).host() + addresses - 1);
    config.inside.clear();
    config.pool.clear();
    config.snat = {{.inside = {ip("10.1.0.0"), 24},
                    .addresses = {{ip(kPublic), last}},
                    .independence = independence}};
    if (has_forwards)
        config.forwards = {{Protocol::Udp, endpoint(kPublic, 40'001), endpoint(kHosts[0], 53)},
                           {Protocol::Tcp, endpoint(kPublic, 40'000), endpoint(kHosts[0], 80)}};
    if (has_own)
        config.one_to_one = {{ip(kOwn), ip(kHosts[1])}};
    if (is_exempt)
        config.no_nat = {{{ip(kHosts.back()), 32}}};
    config.holders = {.mapping_timeout = Duration::seconds(40),
                      .port_hold = Duration::seconds(hold_seconds)};
    config.tuning.udp = Duration::seconds(10);
    config.tuning.udp_stream = Duration::seconds(20);
    config.tuning.icmp = Duration::seconds(10);
    config.tuning.gre = Duration::seconds(10);
    config.tuning.tcp_unacknowledged = Duration::seconds(20);
    config.fragments = {.datagrams = 64, .timeout = Duration::seconds(5)};
    return config;
}

TableCheck Setup::check() const {
    TableCheck check;
    for (uint32_t i = 0; i < addresses; ++i)
        check.show(Be32::from_host(ip(kPublic).host() + i));
    if (has_forwards) {
        check.hold(Protocol::Udp, endpoint(kPublic, 40'001), endpoint(kHosts[0], 53));
        check.hold(Protocol::Tcp, endpoint(kPublic, 40'000), endpoint(kHosts[0], 80));
    }
    check.own(ip(kOwn), has_own ? ip(kHosts[1]) : Be32{});
    if (has_own)
        check.show(ip(kOwn));
    if (is_exempt)
        check.show(ip(kHosts.back()));
    return check;
}

/// A packet with these addresses and ports; `direction` tells a query from its answer.
Frame frame_of(const net::Tuple& tuple, Direction direction, Random& random) {
    constexpr std::array kFlags{kSyn, kAck, kAck, kAck, uint8_t{kSyn | kAck}, uint8_t{kFin | kAck},
                                kRst};
    const uint16_t from = tuple.source_port.host();
    const uint16_t to = tuple.destination_port.host();
    const auto draw = random();
    Frame frame = Frame().ipv4(tuple.source, tuple.destination);
    // Of bytes that, behind a checksum, the testbed does not take for an inside address.
    frame.payload(Bytes(draw % 8 == 0 ? 200 : 8, 0x5a));
    switch (tuple.protocol) {
        case Protocol::Udp:
            return frame.udp(from, to);
        case Protocol::Tcp:
            return frame.tcp(from, to, kFlags[draw % kFlags.size()]);
        case Protocol::Icmp:
            return direction == Direction::Original ? frame.echo_request(from)
                                                    : frame.echo_reply(to);
        case Protocol::Sctp:  // every tag is 7, so that associations get on
            frame.payload(size_t{0});
            if (draw % 4 == 0)
                return frame.sctp(from, to, 0).init(1, 7);
            return draw % 4 == 1 ? frame.sctp(from, to, 7).init(2, 7)
                                 : frame.sctp(from, to, 7).chunk(draw % 4 == 2 ? 10 : 11);
        default:
            return frame.protocol(static_cast<uint8_t>(tuple.protocol));
    }
}

class Model {
public:
    Model(int operations, uint64_t seed)
        : random_(seed), operations_of_a_setup_(static_cast<unsigned>(operations) / kSetups) {
        set_up();
    }

    void run(int operations) {
        for (int i = 0; i < operations; ++i) {
            step();
            const std::string fault = check_.fault(table(), bed_->now());
            CAPTURE(i);
            if (!fault.empty())
                FAIL(fault);
        }
        take_counts();
    }

    /// Everything happened often enough to have been tested.
    void check_coverage(int operations) const {
        const auto often = static_cast<uint64_t>(operations) / 1000;
        CHECK(setups_ > kSetups / 2);
        for (const Count count : {Count::FlowsOpened, Count::FlowsExpired, Count::FlowsInward,
                                  Count::FlowsHairpinned, Count::FlowsUntranslated,
                                  Count::EarlyDropped, Count::HoldersMade, Count::Fragments}) {
            CAPTURE(stats::count_name(count));
            CHECK(sum_.count[count] > often);
        }
        CHECK(sum_.drop[Drop::TableFull] > 0);
        CHECK(whole_datagrams_ > often);
        CHECK(errors_[0] > often);
        CHECK(errors_[1] > often);
        CHECK(hairpinned_errors_ > often / 4);
    }

private:
    template <typename Container>
    const auto& any(const Container& of) {
        return of[random_() % of.size()];
    }
    uint16_t any_port() {
        constexpr std::array<uint16_t, 6> kPorts{40'000, 40'001, 40'000, 40'001, 53, 80};
        return any(kPorts);
    }

    /// The operator changes the configuration and starts the gateway again.
    void set_up() {
        const Tick now = bed_ ? bed_->now() : Tick{~uint32_t{0} - 60'000};  // runs over soon
        if (bed_)
            take_counts();
        bed_.reset();
        setup_ = Setup::any(random_);
        check_ = setup_.check();
        bed_.emplace(
            TestbedOptions{.workers = setup_.workers,
                           .rx_queues = setup_.queues,
                           .flows = kFlows,
                           .start = now,
                           .secret = random_(),
                           .configure = [this](config::Config& config) { setup_.apply(config); }});
        ++setups_;
    }

    void take_counts() {
        const stats::Snapshot snapshot = bed_->gateway().snapshot();
        for (size_t i = 0; i < stats::kCountCount; ++i)
            sum_.count[static_cast<Count>(i)] += snapshot.count[static_cast<Count>(i)];
        for (size_t i = 0; i < stats::kDropCount; ++i)
            sum_.drop[static_cast<Drop>(i)] += snapshot.drop[static_cast<Drop>(i)];
    }

    void step() {
        if (random_() % operations_of_a_setup_ == 0)
            return set_up();
        const auto draw = random_() % 32;
        if (draw == 0)
            return bed_->tick(Duration{static_cast<int32_t>(random_() % 2000)});
        if (draw == 1)
            return delete_one();
        if (draw < 6)
            return send_error();
        if (draw < 16)
            return send_reply();
        if (draw < 20)
            return send(Side::Outside, any_tuple(kServers, kPublics), Direction::Original);
        send(Side::Inside, any_tuple(kHosts, draw < 26 ? kPublics : kServers), Direction::Original);
    }

    using Addresses = std::vector<const char*>;

    net::Tuple any_tuple(const Addresses& sources, const Addresses& destinations) {
        net::Tuple tuple;
        tuple.source = ip(any(sources));
        tuple.destination = ip(any(destinations));
        tuple.protocol = any(kProtocols);
        tuple.source_port = Be16::from_host(any_port());
        // Often one that somebody has.
        tuple.destination_port = random_() % 2 == 0
                                     ? Be16::from_host(any_port())
                                     : any_record().key(Direction::Reply).destination_port;
        if (tuple.protocol == Protocol::Icmp) {
            tuple.source_port = Be16::from_host(40'000);
            tuple.destination_port = net::icmp_ports(net::kEchoRequest, 0);
        } else if (net::is_by_address(tuple.protocol))
            tuple.source_port = tuple.destination_port = {};
        return tuple;
    }

    /// From a random place on; rather a hairpinned flow's, if wanted and there is one.
    const flow::FlowRecord& any_record(bool is_hairpin = false) {
        const auto start = static_cast<uint32_t>(random_());
        for (uint32_t i = 0; is_hairpin && i < kFlows; ++i) {
            const flow::FlowRecord& record = table().record((start + i) % kFlows);
            if (record.sides == net::Sides(Side::Inside, Side::Inside))
                return record;
        }
        return table().record(start % kFlows);
    }

    /// What has a flow, or had one a moment ago, perhaps before the last start.
    void send_reply() {
        const flow::FlowRecord& record = any_record();
        if (record.kind() == flow::Kind::Flow && record.life.load().life() != flow::Life::Free)
            known_[random_() % known_.size()] = record.tuple;
        const auto& keys = any(known_);
        const auto direction = static_cast<Direction>(random_() % 2);
        const net::Tuple& key = keys[index(direction)];
        if (key.protocol != Protocol{})
            send(is_inside(key.source) ? Side::Inside : Side::Outside, key, direction);
    }

    static bool is_inside(Be32 address) {
        return net::Prefix{ip("10.1.0.0"), 24}.contains(address);
    }

    void send(Side from, const net::Tuple& tuple, Direction direction) {
        Frame whole = frame_of(tuple, direction, random_);
        whole.id(++last_id_)
            .ether(mac_of(from == Side::Inside ? tuple.source : ip(kRouter)),
                   bed_->port(from).mac());
        std::vector<Bytes> frames{whole.bytes()};
        pieces_ = 1;
        if (random_() % 4 == 0) {
            frames = fragments_of(whole, 48);
            std::shuffle(frames.begin(), frames.end(), random_);
            pieces_ = frames.size();
            if (random_() % 4 == 0)
                frames.pop_back();
        }
        for (const Bytes& frame : frames)
            bed_->inject(from, frame);
        bed_->run();
        look(from, tuple, Side::Inside);
        look(from, tuple, Side::Outside);
    }

    /// What came out fits the flow table, in which lookups and packets should find the same.
    void look(Side from, const net::Tuple& tuple, Side to) {
        const auto frames = bed_->take_frames(to);
        const flow::FlowRef flow = table().find(tuple, bed_->now());
        for (const Bytes& frame : frames) {
            const Seen seen = read(frame);
            REQUIRE(seen.checksums_ok());
            REQUIRE((to == Side::Inside || check_.shows(ip(seen.source))));
            const bool is_error =
                seen.protocol == 1 && net::is_icmp_error(seen.icmp_type) && !seen.is_fragment();
            if (!flow || is_error)
                continue;
            const flow::FlowRecord& record = table().record(flow);
            const net::Tuple after = record.key(opposite(flow.direction())).reversed();
            REQUIRE(ip(seen.source) == after.source);
            REQUIRE(ip(seen.destination) == after.destination);
            REQUIRE(record.sides.leave(flow.direction()) == to);
            REQUIRE(record.sides.enter(flow.direction()) == from);
        }
        if (pieces_ > 1 && frames.size() == pieces_) {
            REQUIRE(read_fragments(frames).transport_checksum_ok);
            ++whole_datagrams_;
        }
    }

    /// Somebody on a packet's further way complains of it: its sender hears of it in its own words.
    void send_error() {
        const flow::FlowRecord& record = any_record(random_() % 4 == 0);
        const auto direction = static_cast<Direction>(random_() % 2);
        const net::Tuple before = record.key(direction);
        const net::Tuple after = record.key(opposite(direction)).reversed();
        const flow::FlowRef flow = table().find(before, bed_->now());
        if (record.kind() != flow::Kind::Flow || !flow || &table().record(flow) != &record)
            return;
        const Side from = record.sides.leave(direction);
        const Side to = record.sides.enter(direction);
        const bool by_router = random_() % 2 == 0;
        const char* const router = from == Side::Inside ? kInsideRouter : kFarRouter;
        Frame error = Frame()
                          .ipv4(by_router ? ip(router) : after.destination, after.source)
                          .icmp_error(random_() % 2 == 0 ? 3 : 11, 1,
                                      frame_of(after, direction, random_).ip_bytes());
        error.ether(mac_of(from == Side::Inside ? ip(router) : ip(kRouter)),
                    bed_->port(from).mac());
        bed_->inject(from, error.bytes());
        bed_->run();
        const auto in = bed_->take(to);
        REQUIRE(bed_->take(opposite(to)).empty());
        REQUIRE(in.size() == 1);
        REQUIRE(in[0].checksums_ok());
        REQUIRE(ip(in[0].destination) == before.source);
        REQUIRE((to == Side::Inside || check_.shows(ip(in[0].source))));
        const Seen quoted = read_ip(in[0].payload);
        REQUIRE(ip(quoted.source) == before.source);
        REQUIRE(ip(quoted.destination) == before.destination);
        if (net::has_ports(before.protocol)) {
            REQUIRE(quoted.source_port == before.source_port.host());
            REQUIRE(quoted.destination_port == before.destination_port.host());
        }
        ++errors_[index(from)];
        hairpinned_errors_ += from == Side::Inside && to == Side::Inside;
    }

    /// As an operator may.
    void delete_one() {
        flow::Member member(table());
        const auto index = static_cast<uint32_t>(random_() % kFlows);
        member.kill(index, table().record(index).life.load());
    }

    flow::FlowTable& table() { return bed_->gateway().table(); }

    Random random_;
    unsigned operations_of_a_setup_;
    Setup setup_;
    TableCheck check_;
    std::optional<Testbed> bed_;
    std::array<std::array<net::Tuple, 2>, 32> known_{};
    stats::Snapshot sum_{};
    unsigned setups_ = 0;
    uint16_t last_id_ = 0;
    size_t pieces_ = 1;  // of the datagram in hand
    uint64_t whole_datagrams_ = 0;
    std::array<uint64_t, 2> errors_{};  // [side]: from where
    uint64_t hairpinned_errors_ = 0;
};

}  // namespace

TEST_CASE("gateway: a million operations, set up anew meanwhile, mix up no tuple, port or side",
          "[model]") {
    const uint64_t seed = GENERATE(range(uint64_t{1}, uint64_t{5}));
    CAPTURE(seed);
    const int operations = model_operations(1'000'000) / 4;
    Model model(operations, seed);
    model.run(operations);
    model.check_coverage(operations);
}

}  // namespace reconfigure_model_test
