// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Testbed: a whole gateway between two wires in memory, with a clock that the test turns.
///
///     10.1.0.0/24, host n is .n ── inside wire ── sluice ── outside wire ── 198.51.100.0/24
///                               10.1.0.1          198.51.100.1           router .254, the world
///                               behind
///
/// Shape    Workers and the control core are turned one after the other until nothing moves. The
///          neighbours on both wires answer ARP by themselves. After each run the promises are
///          checked: every packet is accounted for, no inside address has left but by --no-nat,
///          and each frame has the VLAN tag of its interface. Sides are told by wire and tag; what
///          a test puts on a side and takes from one has no tag, the testbed does that.
/// Threads  One.

#include "config/config.h"
#include "estate.h"
#include "gateway/gateway.h"
#include "memory/memory_port.h"
#include "memory/memory_tap.h"
#include "packet_builder.h"
#include "packet_reader.h"
#include "stats/counters.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

struct rte_mempool;

namespace sluice::test {

inline constexpr auto kHost = "10.1.0.10";
inline constexpr auto kServer = "203.0.113.10";
inline constexpr auto kPublic = "198.51.100.1";
inline constexpr auto kRouter = "198.51.100.254";

/// The MAC of the neighbour with this address, on either wire, where a test does not say otherwise.
MacAddress mac_of(Be32 address);

struct TestbedOptions {
    unsigned workers = 1;
    uint16_t rx_queues = 0;  ///< 0: one for each worker.
    uint32_t flows = 1024;
    std::optional<io::Rss> rss = {};  ///< Spreads what is sent; nothing: round robin.
    Tick start{1000};                 ///< What the clock says at first.
    uint64_t secret = 1;              ///< What a start of the gateway draws.
    uint16_t inside_mtu = 1500;
    bool is_one_armed = false;        ///< One wire for both sides: that of the outside.
    Estate* estate = nullptr;         ///< Where records outlive the testbed: those in it go on.
    bool has_tags_beside = false;     ///< The ports strip and insert VLAN tags, as NICs do.
    bool verifies_checksums = false;  ///< Likewise they look at checksums, and say so in flags.
    /// How those that are given go on, once; nothing: one after the other.
    std::function<void(std::vector<std::function<void()>>&)> turn = {};
    std::function<void(config::Config&)> configure = [](config::Config&) {};
    pool::Holdings* holdings = nullptr;  ///< Of a cluster; outlive the testbed.
    cluster::Inbox* inbox = nullptr;     ///< Likewise.
    /// Which MAC a neighbour on an interface answers with.
    std::function<MacAddress(size_t, Be32)> neighbour_mac = [](size_t, Be32 address) {
        return mac_of(address);
    };
};

class Testbed {
public:
    explicit Testbed(TestbedOptions options = {});
    ~Testbed();

    // The wires. A frame without a queue goes to the one of its number of frames, round robin.
    /// Sends a frame from an inside host to the gateway, and runs. Returns what came out outside.
    std::vector<Seen> from_inside(Frame frame);
    /// Sends a frame from the router to the gateway, and runs. Returns what came out inside.
    std::vector<Seen> from_outside(Frame frame);
    /// Puts a frame on a wire, with the tag of the side and as it is otherwise; run() is the
    /// test's.
    void inject(net::Side side, const Bytes& frame, size_t segment_bytes = 0);
    /// Turns everybody until nothing moves, checks the promises, keeps what came out.
    void run();
    /// What came out on a side since the last take, ARP left out.
    std::vector<Seen> take(net::Side side);
    std::vector<Bytes> take_frames(net::Side side);
    /// A frame that has been taken, with the tag that it came out with.
    Bytes on_cable(net::Side side, const Bytes& frame) const;
    // Of several inside interfaces a side's is the first; the others go by their number.
    void inject_on(size_t interface, const Bytes& frame, size_t segment_bytes = 0);
    std::vector<Seen> take_of(size_t interface);
    std::vector<Bytes> take_frames_of(size_t interface);

    // The clock.
    /// Moves the clock by `duration` in one step, and runs.
    void tick(Duration duration);
    /// Moves the clock in steps small enough for the control core to do its work on time.
    void advance(Duration duration);
    Tick now() const { return now_; }

    /// What the operator's log would say.
    std::vector<std::string> notices;

    /// What the kernel listens on.
    std::vector<io::Listener> listeners;

    /// Neighbours that do not answer ARP.
    std::set<std::string> silent;

    uint64_t count(stats::Count count) const { return gateway_->snapshot().count[count]; }
    uint64_t dropped(stats::Drop reason) const { return gateway_->snapshot().drop[reason]; }
    uint32_t flows() const { return gateway_->table().size(); }
    gateway::Gateway& gateway() { return *gateway_; }
    const config::Config& config() const { return config_; }
    memory::MemoryPort& port(net::Side side) { return *ports_[port_of(interface_of(side))]; }
    /// That of an interface, by its number.
    memory::MemoryPort& port_at(size_t interface) { return *ports_[port_of(interface)]; }
    /// The kernel's twin of the interface on that side, where the configuration names one.
    memory::MemoryTap& twin(net::Side side) { return twin_at(interface_of(side)); }
    /// Likewise of an interface, by its number.
    memory::MemoryTap& twin_at(size_t interface) { return *twins_[interface]; }

    /// The only flow that there is.
    const flow::FlowRecord& only_flow();

private:
    size_t interface_of(net::Side side) const;
    size_t interface_of(size_t port, Bytes& frame) const;
    const config::Attachment& attachment(size_t interface) const;
    size_t port_of(size_t interface) const;
    bool take_sent(size_t port);
    bool may_show(Be32 address) const;
    bool answer_arp(size_t interface, const Bytes& frame);
    void check_account() const;
    void check_volumes(const stats::Snapshot& snapshot) const;
    void check_leak(const Bytes& frame) const;
    void check_leak6(const Bytes& frame) const;

    config::Config config_;
    std::function<MacAddress(size_t, Be32)> neighbour_mac_;
    std::function<void(std::vector<std::function<void()>>&)> turn_;
    rte_mempool* pool_;
    std::vector<std::unique_ptr<memory::MemoryPort>> ports_;  // as config::ports_of()
    std::vector<std::unique_ptr<memory::MemoryTap>> twins_;   // by interface
    std::unique_ptr<gateway::Gateway> gateway_;
    std::vector<std::vector<Bytes>> came_out_;  // by interface
    std::vector<uint16_t> next_queue_;          // likewise
    Tick now_;
};

}  // namespace sluice::test
