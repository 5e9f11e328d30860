// SPDX-License-Identifier: BSD-3-Clause
#include "simulation.h"

#include <algorithm>
#include <cmath>

namespace sluice::bench {
namespace {

constexpr double kSecond = 1e9;
constexpr double kBurst = 32;
/// Placed one by one; by the exponent that is the default no flow behind them weighs more than
/// 0.0005 % of the first.
constexpr uint64_t kPlaced = uint64_t{1} << 16;

/// Lines that another core has written before: two buckets, the record, the host's entry.
constexpr double kLinesOfOpening = 4;
constexpr double kLinesOfEnd = 4;
/// Of the stack of free records, for each burst that opens a flow: one to take what the burst may
/// need, one to give back what it has not.
constexpr double kSwapsOfBurst = 2;
/// Of a host's entry: a flow joins, is answered, leaves.
constexpr double kWritesOfHost = 3;
/// A flow is opened and changes once, by its worker; its end is the control core's.
constexpr double kEventsOfWorker = 2;
constexpr double kEventsOfControl = 1;

/// A number that looks random for each pair (splitmix64).
uint64_t mix(uint64_t seed, uint64_t value) {
    uint64_t x = seed * 0x9e3779b97f4a7c15 + value + 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/// How many packets until `each` nanoseconds a packet fill what `fixed` has left of a second.
double until_full(double each, double fixed = 0) {
    return fixed >= kSecond ? 0 : (kSecond - fixed) / each;
}

double hottest_host(const Crowd& crowd) {
    const double hosts = static_cast<double>(crowd.flows) / crowd.flows_per_host;
    return 1 / zipf_sum(1, std::max<uint64_t>(1, static_cast<uint64_t>(hosts)), crowd.exponent);
}

double of_worker(const Costs& costs, const Crowd& crowd, double busiest) {
    const double workers = crowd.workers;
    const double wrong = crowd.is_steered ? 0 : (workers - 1) / workers;  // of the replies
    const double packet = costs.packet + wrong * costs.handoff / 2;
    const double open = costs.open + kLinesOfOpening * costs.line + kEventsOfWorker * costs.event;
    return busiest * packet + open / (crowd.packets_per_flow * workers);
}

double of_table(const Costs& costs, const Crowd& crowd) {
    const double opens_none = std::pow(1 - 1 / crowd.packets_per_flow, kBurst);
    return kSwapsOfBurst * costs.line * (1 - opens_none) / kBurst;
}

double of_control(const Costs& costs, const Crowd& crowd) {
    const double end = costs.end + kLinesOfEnd * costs.line + kEventsOfControl * costs.event;
    return end / crowd.packets_per_flow;
}

double idle_control(const Costs& costs, const Crowd& crowd) {
    const auto flows = static_cast<double>(crowd.flows);
    const double blocks = crowd.flows_per_block == 0 ? 0 : flows / crowd.flows_per_block;
    return flows * costs.idle + blocks * costs.lease;
}

}  // namespace

const char* name_of(Part part) {
    constexpr std::array<const char*, kPartCount> kNames{
        "the busiest worker", "the pool of the shared table", "the counters of the busiest host",
        "the control core", "a reader of the journal"};
    return kNames[static_cast<size_t>(part)];
}

Part Forecast::first() const {
    return static_cast<Part>(std::min_element(packets.begin(), packets.end()) - packets.begin());
}

double zipf_sum(uint64_t first, uint64_t last, double exponent) {
    double sum = 0;
    const uint64_t exact = std::min(last, std::max(first, kPlaced));
    for (uint64_t k = exact; k >= first; --k)  // the small ones first, or they would be lost
        sum += std::pow(static_cast<double>(k), -exponent);
    if (last <= exact)
        return sum;
    // What is behind, by the integral between the middles.
    const double from = static_cast<double>(exact) + 0.5;
    const double to = static_cast<double>(last) + 0.5;
    if (exponent == 1)
        return sum + std::log(to / from);
    return sum + (std::pow(to, 1 - exponent) - std::pow(from, 1 - exponent)) / (1 - exponent);
}

std::vector<double> worker_shares(const Crowd& crowd) {
    std::vector<double> share(crowd.workers);
    const uint64_t placed = std::min(crowd.flows, kPlaced);
    for (uint64_t k = 1; k <= placed; ++k)
        share[mix(crowd.seed, k) % crowd.workers] +=
            std::pow(static_cast<double>(k), -crowd.exponent);
    const double rest =
        crowd.flows > placed ? zipf_sum(placed + 1, crowd.flows, crowd.exponent) : 0;
    double sum = rest;
    for (const double each : share)
        sum += each;
    for (double& each : share)
        each = (each + rest / crowd.workers) / sum;
    return share;
}

Forecast forecast(const Costs& costs, const Crowd& crowd) {
    Forecast made;
    const std::vector<double> shares = worker_shares(crowd);
    made.busiest = *std::max_element(shares.begin(), shares.end());
    const double idle = idle_control(costs, crowd);
    made.control_idle = idle / kSecond;
    const auto set = [&](Part part, double packets) {
        made.packets[static_cast<size_t>(part)] = packets;
    };
    const double flows = 1 / crowd.packets_per_flow;  // for each packet
    set(Part::Worker, until_full(of_worker(costs, crowd, made.busiest)));
    set(Part::Table, until_full(of_table(costs, crowd)));
    set(Part::Counters, until_full(hottest_host(crowd) * kWritesOfHost * flows * costs.line));
    set(Part::Control, until_full(of_control(costs, crowd), idle));
    set(Part::Reader, until_full((kEventsOfWorker + kEventsOfControl) * flows * costs.reading));
    return made;
}

}  // namespace sluice::bench
