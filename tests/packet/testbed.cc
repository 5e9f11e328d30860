// SPDX-License-Identifier: BSD-3-Clause
#include "testbed.h"

#include "catch.h"
#include "config/ports.h"
#include "config/twins.h"
#include "eal.h"
#include "gateway/sizes.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "link/note.h"
#include "net/arp.h"
#include "net/icmp.h"
#include "net/text.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace sluice::test {
namespace {

using net::Side;

constexpr MacAddress kInsideMac = mac(0x11);
constexpr MacAddress kOutsideMac = mac(0x22);
constexpr unsigned kPoolPackets = 4095;
constexpr ptrdiff_t kMacsBytes = 12;
constexpr ptrdiff_t kTagBytes = 4;

// Of a testbed whose environment says TESTBED_TAGS, so that every test is one of tags too.
constexpr link::VlanId kInsideVlan = 10;
constexpr link::VlanId kOutsideVlan = 20;

rte_mempool* packet_pool() {
    start_eal();
    static rte_mempool* const pool = rte_pktmbuf_pool_create(
        "testbed", kPoolPackets, 0, link::kNoteBytes, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    REQUIRE(pool != nullptr);
    return pool;
}

config::Config default_config(const TestbedOptions& options) {
    config::Config config;
    config.lans = {{{}, {ip("10.1.0.1"), 24}}};
    config.wans = {{{"outside wire"}, {ip(kPublic), 24}, ip(kRouter)}};
    config.pool = {{ip(kPublic), ip(kPublic)}};
    config.inside = {{ip("10.1.0.0"), 24}};
    config.workers = options.workers;
    config.flows = options.flows;
    config.no_huge = true;
    config.lans[0].at.port = options.is_one_armed ? "outside wire" : "inside wire";
    if (std::getenv("TESTBED_TAGS") != nullptr) {
        config.wans[0].at.vlan = kOutsideVlan;
        config.lans[0].at.vlan = options.is_one_armed ? kOutsideVlan : kInsideVlan;
    }
    options.configure(config);
    return config;
}

Bytes with_tag(Bytes frame, link::VlanId vlan) {
    const Bytes tag{0x81, 0, static_cast<uint8_t>(vlan >> 8), static_cast<uint8_t>(vlan)};
    if (frame.size() >= kMacsBytes)  // else there is no place for one
        frame.insert(frame.begin() + kMacsBytes, tag.begin(), tag.end());
    return frame;
}

/// The VLAN of the tag that it takes out of a frame.
link::VlanId take_tag(Bytes& frame) {
    if (frame[12] != 0x81 || frame[13] != 0)
        return link::kUntagged;
    const auto vlan = static_cast<link::VlanId>(frame[14] << 8 | frame[15]);
    frame.erase(frame.begin() + kMacsBytes, frame.begin() + kMacsBytes + kTagBytes);
    REQUIRE(vlan != link::kUntagged);  // nobody says so
    return vlan;
}

bool is_arp(const Bytes& frame) {
    return frame.size() >= 14 && frame[12] == 8 && frame[13] == 6;
}

void turn_each(std::vector<std::function<void()>>& turns) {
    for (const auto& turn : turns)
        turn();
}

}  // namespace

MacAddress mac_of(Be32 address) {
    MacAddress mac{2, 0xaa, 0, 0, 0, 0};
    std::memcpy(&mac[2], &address.raw, 4);
    return mac;
}

Testbed::Testbed(TestbedOptions options)
    : config_(default_config(options)),
      neighbour_mac_(options.neighbour_mac),
      turn_(options.turn ? options.turn : turn_each),
      pool_(packet_pool()),
      came_out_(config_.lans.size() + config_.wans.size()),
      next_queue_(came_out_.size()),
      now_(options.start) {
    const uint16_t queues =
        options.rx_queues == 0 ? static_cast<uint16_t>(options.workers) : options.rx_queues;
    gateway::Ground ground;
    for (const config::SharedPort& shared : config::ports_of(config_)) {
        const bool is_inside =
            std::none_of(config_.wans.begin(), config_.wans.end(),
                         [&](const config::Wan& wan) { return wan.at.port == shared.port; });
        memory::MemoryPort::Params params;
        params.mac = is_inside ? kInsideMac : kOutsideMac;
        params.rx_queues = queues;
        params.tx_queues = queues;
        params.packets = pool_;
        params.rss = options.rss;
        params.has_tags_beside = options.has_tags_beside;
        params.verifies_checksums = options.verifies_checksums;
        if (is_inside)
            params.mtu = options.inside_mtu;
        ports_.push_back(std::make_unique<memory::MemoryPort>(params));
        ground.ports.push_back(ports_.back().get());
    }
    for (size_t i = 0; i < came_out_.size(); ++i)
        twins_.push_back(std::make_unique<memory::MemoryTap>());
    for (const config::NamedTwin& named : config::twins_of(config_))
        ground.taps.push_back(&twin_at(named.interface));
    ground.packets = pool_;
    ground.secret = {options.secret, 2, 3, 4};
    ground.holdings = options.holdings;
    ground.inbox = options.inbox;
    if (config_.sync) {
        ground.number_key = SipKey{5, 6};
        ground.outside_number_key = SipKey{7, 8};
    }
    if (options.estate != nullptr)
        ground.inheritance = options.estate->hand_over(gateway::state_shape(config_), now_);
    ground.notice = [this](const std::string& sentence) { notices.push_back(sentence); };
    ground.listeners = [this](std::vector<io::Listener>& found) {
        found.insert(found.end(), listeners.begin(), listeners.end());
        return true;
    };
    auto gateway = gateway::Gateway::create(config_, ground);
    if (!gateway)
        FAIL(gateway.error().message);
    gateway_ = std::move(gateway).value();
    gateway_->control().start(now_);
    run();
}

Testbed::~Testbed() {
    gateway_->drain();
    check_account();
    CHECK(gateway_->snapshot().held() == 0);
    gateway_.reset();
    for (auto& port : ports_)
        port.reset();
    CHECK(rte_mempool_in_use_count(pool_) == 0);  // no packet is lost
}

void Testbed::inject(Side side, const Bytes& frame, size_t segment_bytes) {
    inject_on(interface_of(side), frame, segment_bytes);
}

void Testbed::inject_on(size_t interface, const Bytes& frame, size_t segment_bytes) {
    memory::MemoryPort& port = *ports_[port_of(interface)];
    uint16_t& next = next_queue_[interface];
    const link::VlanId vlan = attachment(interface).vlan;
    const Bytes tagged = vlan == link::kUntagged ? frame : with_tag(frame, vlan);
    const uint16_t queue = port.rss() != nullptr ? port.queue_of(tagged) : next;
    port.inject(tagged, queue, segment_bytes);
    next = static_cast<uint16_t>((next + 1) % port.rx_queues());
}

Bytes Testbed::on_cable(Side side, const Bytes& frame) const {
    const link::VlanId vlan = attachment(interface_of(side)).vlan;
    return vlan == link::kUntagged ? frame : with_tag(frame, vlan);
}

size_t Testbed::interface_of(Side side) const {
    return side == Side::Inside || config::is_one_armed(config_) ? 0 : config_.lans.size();
}

const config::Attachment& Testbed::attachment(size_t interface) const {
    const size_t inside = config_.lans.size();
    return interface < inside ? config_.lans[interface].at : config_.wans[interface - inside].at;
}

size_t Testbed::port_of(size_t interface) const {
    return config::port_index(config_, attachment(interface));
}

/// That a frame came out by; takes its tag off.
size_t Testbed::interface_of(size_t port, Bytes& frame) const {
    const link::VlanId vlan = take_tag(frame);
    for (size_t interface = 0; interface < came_out_.size(); ++interface)
        if (port_of(interface) == port && attachment(interface).vlan == vlan)
            return interface;
    FAIL("no interface of port " << port << " has the VLAN " << vlan << ", which a frame is of");
    return 0;
}

std::vector<Seen> Testbed::from_inside(Frame frame) {
    inject(Side::Inside, frame.ether(mac_of(ip(kHost)), port(Side::Inside).mac()).bytes());
    run();
    return take(Side::Outside);
}

std::vector<Seen> Testbed::from_outside(Frame frame) {
    inject(Side::Outside, frame.ether(mac_of(ip(kRouter)), kOutsideMac).bytes());
    run();
    return take(Side::Inside);
}

void Testbed::run() {
    bool moved = true;
    while (moved) {
        moved = false;
        std::vector<std::function<void()>> turns;
        for (unsigned i = 0; i < gateway_->workers(); ++i)
            turns.emplace_back([&, i] { moved |= gateway_->worker(i).turn(now_) != 0; });
        turns.emplace_back([&] { moved |= gateway_->control().turn(now_) != 0; });
        turn_(turns);
        for (size_t port = 0; port < ports_.size(); ++port)
            moved |= take_sent(port);
    }
    check_account();
}

/// Keeps what a port has sent; true when some of it was answered.
bool Testbed::take_sent(size_t port) {
    bool is_answered = false;
    for (Bytes& frame : ports_[port]->take_sent()) {
        const size_t interface = interface_of(port, frame);
        if (is_arp(frame)) {
            is_answered |= answer_arp(interface, frame);
            continue;
        }
        // On an only wire what is IPv6 is on its way to an inside host.
        const bool is_inside =
            interface < interface_of(Side::Outside) ||
            (config::is_one_armed(config_) && frame.size() > 14 && frame[12] == 0x86);
        const bool is_ipv6 = frame.size() > 14 && frame[12] == 0x86 && frame[13] == 0xdd;
        if (!is_inside)
            is_ipv6 ? check_leak6(frame) : check_leak(frame);
        came_out_[interface].push_back(std::move(frame));
    }
    return is_answered;
}

bool Testbed::answer_arp(size_t interface, const Bytes& frame) {
    const auto arp = net::read_arp(frame);
    REQUIRE(arp);
    const bool gratuitous = arp->sender == arp->target;
    if (arp->operation != net::Arp::Operation::Request || gratuitous)
        return false;
    const std::string target = net::to_string(arp->target);
    if (silent.contains(target))
        return false;
    inject_on(interface, arp_reply(neighbour_mac_(interface, arp->target), arp->target,
                                   arp->sender_mac, arp->sender));
    return true;
}

/// received + originated = transmitted + consumed + held + Σ dropped[reason], where held is what
/// rings and queues hold by their own count.
void Testbed::check_account() const {
    using stats::Count;
    const stats::Snapshot snapshot = gateway_->snapshot();
    const uint64_t came = snapshot.count[Count::Received] + snapshot.count[Count::Originated];
    const uint64_t went = snapshot.count[Count::Transmitted] + snapshot.count[Count::Consumed] +
                          snapshot.held() + snapshot.dropped();
    if (came != went)
        FAIL("of " << came << " packets " << went << " are accounted for");
    check_volumes(snapshot);
}

/// Of all interfaces: what went out was transmitted, what came in was received; but for frames of
/// no interface, where the port has no untagged one.
void Testbed::check_volumes(const stats::Snapshot& snapshot) const {
    using stats::Count;
    using stats::Drop;
    stats::BothVolumes sum;
    for (const stats::BothVolumes& interface : snapshot.interfaces) {
        sum.in += interface.in;
        sum.out += interface.out;
    }
    const uint64_t strays = snapshot.drop[Drop::UnknownVlan] + snapshot.drop[Drop::Qinq] +
                            snapshot.drop[Drop::Truncated];
    if (sum.out.packets != snapshot.count[Count::Transmitted] ||
        sum.in.packets > snapshot.count[Count::Received] ||
        sum.in.packets + strays < snapshot.count[Count::Received])
        FAIL("interfaces had " << sum.in.packets << " packets in and " << sum.out.packets
                               << " out, of " << snapshot.count[Count::Received] << " and "
                               << snapshot.count[Count::Transmitted]);
}

/// An inside address that may be seen outside: the longest prefix that has it is one of --no-nat.
bool Testbed::may_show(Be32 address) const {
    int exempt = -1;
    for (const policy::Match& match : config_.no_nat)
        if (match.inside.contains(address))
            exempt = std::max(exempt, int{match.inside.length});
    const auto is_longer = [&](const net::Prefix& prefix) {
        return prefix.contains(address) && prefix.length > exempt;
    };
    return std::none_of(config_.inside.begin(), config_.inside.end(), is_longer) &&
           std::none_of(config_.snat.begin(), config_.snat.end(),
                        [&](const config::SnatRule& rule) { return is_longer(rule.inside); });
}

/// No inside address, neither as a source nor anywhere in an ICMP error. That of the network is no
/// host's, and looks like a checksum beside zeroes.
void Testbed::check_leak(const Bytes& frame) const {
    const Seen seen = read(frame);
    const Be32 source = ip(seen.source.c_str());
    if (config::is_one_armed(config_) && !may_show(ip(seen.destination.c_str())))
        return;  // on its way to an inside host
    const Be32 destination = ip(seen.destination.c_str());
    const bool is_exempt =
        std::any_of(config_.no_nat.begin(), config_.no_nat.end(), [&](const policy::Match& match) {
            return match.inside.contains(source) && match.toward.destination.contains(destination);
        });
    const bool is_paired =
        std::any_of(config_.one_to_one.begin(), config_.one_to_one.end(),
                    [&](const pool::OneToOne& pair) { return pair.externals().contains(source); });
    const bool is_linked =
        std::any_of(config_.wans.begin(), config_.wans.end(), [&](const config::Wan& wan) {
            return net::Prefix{wan.own.address, 24}.contains(source);
        });
    const bool is_public = is_linked || is_paired || is_exempt;
    const bool is_error = seen.protocol == 1 && net::is_icmp_error(seen.icmp_type);
    bool leaks = !is_public || !may_show(source);
    for (size_t at = is_error ? 26 : frame.size(); at + 4 <= frame.size(); ++at)
        if (frame[at] == 10 && frame[at + 1] == 1 && frame[at + 2] == 0 && frame[at + 3] != 0) {
            Be32 address;
            std::memcpy(&address.raw, &frame[at], 4);
            leaks |= !may_show(address);
        }
    if (leaks)
        FAIL("an inside address leaves: " << summary(seen));
}

/// IPv6 outside has no address of the subnet inside, anywhere; and there is none without --nptv6.
void Testbed::check_leak6(const Bytes& frame) const {
    if (!config_.wan6)
        FAIL("IPv6 leaves");
    const Seen6 seen = read6(frame);
    const auto source = v6(seen.source);
    const bool is_routed =
        std::any_of(config_.route6.begin(), config_.route6.end(),
                    [&](const policy::Match& match) { return match.inside6->contains(source); });
    const bool is_error = seen.protocol == 58 && !seen.transport.empty() && seen.transport[0] < 128;
    if (is_routed || (is_error && !config_.route6.empty()))
        return;  // their packets and errors about these have the addresses of the subnet
    const auto& subnet = config_.lan6->address.bytes;
    const auto end = subnet.begin() + config_.lan6->length / 8;
    if (std::search(frame.begin(), frame.end(), subnet.begin(), end) != frame.end())
        FAIL("an address of the subnet inside leaves");
}

std::vector<Bytes> Testbed::take_frames(Side side) {
    return take_frames_of(interface_of(side));
}

std::vector<Bytes> Testbed::take_frames_of(size_t interface) {
    return std::exchange(came_out_[interface], {});
}

std::vector<Seen> Testbed::take(Side side) {
    return take_of(interface_of(side));
}

std::vector<Seen> Testbed::take_of(size_t interface) {
    std::vector<Seen> result;
    for (const Bytes& frame : take_frames_of(interface))
        result.push_back(read(frame));
    return result;
}

void Testbed::tick(Duration duration) {
    now_ = now_ + duration;
    run();
}

void Testbed::advance(Duration duration) {
    constexpr Duration kStep{100};
    for (; duration > kStep; duration.milliseconds -= kStep.milliseconds)
        tick(kStep);
    tick(duration);
}

const flow::FlowRecord& Testbed::only_flow() {
    const flow::FlowRecord* found = nullptr;
    for (uint32_t i = 0; i < gateway_->table().capacity(); ++i) {
        const flow::FlowRecord& record = gateway_->table().record(i);
        if (record.life.load().life() != flow::Life::Live)
            continue;
        REQUIRE(found == nullptr);
        found = &record;
    }
    REQUIRE(found != nullptr);
    return *found;
}

}  // namespace sluice::test
