// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Simulation: how many packets a second a gateway of so many workers and flows could forward, and
/// which of its parts is full first, by what each step costs.
///
/// Shape    Flows are as frequent as Zipf's law says, and RSS gives each to a worker by a hash.
///          From so many packets a second follows how much of its time each part is at work; what
///          it does at no load at all is taken off first.
/// Units    Nanoseconds; packets a second, of all workers together.
/// Threads  Any: it is arithmetic. The same seed gives the same figures.
/// Errors   A part that is full without any load allows no packets.
/// Cost     65 536 flows are placed one by one; all behind them are taken as evenly spread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::bench {

/// Nanoseconds each.
struct Costs {
    double packet = 0;   ///< Of a known flow, of a worker alone, with its I/O.
    double open = 0;     ///< A flow, of its worker.
    double handoff = 0;  ///< More, of a packet that another worker than its flow's has received.
    double line = 0;     ///< Until a line is here that another core has written.
    double idle = 0;     ///< Of the control core in each second: a record of the table.
    double end = 0;      ///< Likewise, once: a flow that ends.
    double lease = 0;    ///< Likewise, in each second: a block of ports that stands.
    double event = 0;    ///< An entry of the journal, of who writes it.
    double reading = 0;  ///< Likewise, of who reads it.
};

struct Crowd {
    uint64_t flows = 0;
    unsigned workers = 1;
    uint64_t seed = 1;
    double exponent = 1.1;         ///< Of Zipf's law: for flows, and for hosts.
    double packets_per_flow = 20;  ///< Both ways, from its first to its last.
    double flows_per_host = 100;
    double flows_per_block = 64;  ///< 0: hosts have no blocks of ports.
    bool is_steered = false;      ///< Replies arrive at their flow's worker.
};

/// What may be full first.
enum class Part : uint8_t {
    Worker,    ///< The busiest.
    Table,     ///< The line from which workers take free records.
    Counters,  ///< The entry of the host that opens most flows.
    Control,   ///< The control core: ageing, leases, and its entries of the journal.
    Reader,    ///< Of the journal, before it tells anybody.
};
inline constexpr size_t kPartCount = 5;
const char* name_of(Part part);

struct Forecast {
    std::array<double, kPartCount> packets{};  ///< A second, until that part is full.
    double busiest = 0;       ///< Share of all packets that the busiest worker has.
    double control_idle = 0;  ///< Share of the control core's time without any packet.

    Part first() const;  ///< The one that is full first.
    double most() const { return packets[static_cast<size_t>(first())]; }
};

Forecast forecast(const Costs& costs, const Crowd& crowd);

/// Sum of k^-exponent for k from first to last, both included; first is 1 or more.
double zipf_sum(uint64_t first, uint64_t last, double exponent);

/// Share of all packets that each worker has, by a hash of the flow.
std::vector<double> worker_shares(const Crowd& crowd);

}  // namespace sluice::bench
