// SPDX-License-Identifier: BSD-3-Clause
#include "command/metrics.h"

#include "catch.h"
#include "served_gateway.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace metrics_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;

namespace {

/// A page of metrics, read by the rules of the text format.
struct Page {
    std::map<std::string, double> samples;  ///< By name and labels, as written.
    std::map<std::string, std::string> types;
    std::set<std::string> helped;

    explicit Page(const std::string& text) {
        static const std::regex sample(
            R"(([a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? ([0-9.e+]+))");
        static const std::regex comment(R"(# (HELP|TYPE) ([a-z_]+) (.+))");
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            std::smatch part;
            CAPTURE(line);
            if (std::regex_match(line, part, comment)) {
                if (part[1] == "TYPE")
                    types[part[2]] = part[3];
                else
                    helped.insert(part[2]);
                continue;
            }
            REQUIRE(std::regex_match(line, part, sample));
            const std::string family = family_of(part[1]);
            CHECK(types.contains(family));
            CHECK(helped.contains(family));
            CHECK(part[1].str().ends_with("_total") == (types[family] == "counter"));
            CHECK(samples.emplace(part[1].str() + part[2].str(), std::stod(part[3])).second);
        }
    }

    /// A histogram's samples have suffixes.
    std::string family_of(const std::string& sample) {
        const std::string family =
            std::regex_replace(sample, std::regex("_(bucket|sum|count)$"), "");
        return types[family] == "histogram" ? family : sample;
    }
};

}  // namespace

TEST_CASE("metrics: counters, gauges and labels say what the counters say", "[command]") {
    Gateway gateway(100);
    gateway.open_flow({.state = conntrack::TcpState::Established});
    gateway.counters[0].count[stats::Count::Received].add(10);
    gateway.counters[1].count[stats::Count::Received].add(5);
    gateway.counters[1].drop[stats::Drop::InvalidUntrackedFin].add(3);
    gateway.counters[2].count[stats::Count::FlowsDeleted].add(2);
    gateway.counters[0].waiting.set(4);
    Subject subject = gateway.subject();
    subject.policies_waiting = [] { return size_t{2}; };
    Page page(metrics_text(subject));

    CHECK(page.samples["sluice_packets_received_total"] == 15);
    CHECK(page.samples["sluice_worker_packets_received_total{worker=\"0\"}"] == 10);
    CHECK(page.samples["sluice_worker_packets_received_total{worker=\"1\"}"] == 5);
    CHECK(page.samples["sluice_drops_total{reason=\"invalid_untracked_fin\"}"] == 3);
    CHECK(page.samples["sluice_worker_drops_total{worker=\"1\"}"] == 3);
    CHECK(page.samples["sluice_flows_deleted_total"] == 2);
    CHECK(page.samples["sluice_packets_held"] == 4);
    CHECK(page.samples["sluice_policies_waiting"] == 2);
    CHECK(page.samples["sluice_flows"] == 1);
    CHECK(page.samples["sluice_flows_capacity"] == 100);
    CHECK(page.samples["sluice_table_keys_total{moves=\"0\"}"] == 2);
    CHECK(page.samples["sluice_table_keys_total{moves=\"3\"}"] == 0);
    CHECK(page.samples["sluice_table_no_space_total"] == 0);
    CHECK(page.samples["sluice_build_info{version=\"1.2.3\"}"] == 1);
    CHECK(page.types["sluice_flows"] == "gauge");
}

TEST_CASE("metrics: every count and every drop reason has its own series", "[command]") {
    Gateway gateway;
    const Page page(metrics_text(gateway.subject()));
    size_t reasons = 0;
    size_t plain = 0;
    for (const auto& [name, value] : page.samples) {
        reasons += name.starts_with("sluice_drops_total{reason=");
        plain += name.ends_with("_total") && !name.starts_with("sluice_table_");
        CHECK((value == 0 || name.starts_with("sluice_build_info") ||
               name == "sluice_flows_capacity"));
    }
    CHECK(reasons == stats::kDropCount);
    CHECK(plain == stats::kCountCount);
}

TEST_CASE("metrics: of a cluster there is what this gateway uses, and for how long", "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    CHECK_FALSE(Page(metrics_text(subject)).types.contains("sluice_cluster_members"));
    bool is_copying = false;
    subject.cluster = [&is_copying] {
        return ClusterReport{.name = "a",
                             .left = std::chrono::milliseconds(4500),
                             .members = {{"a"}, {"b"}},
                             .addresses = {{"198.51.100.1", "a", true, "b"},
                                           {"198.51.100.2", "b"},
                                           {"198.51.100.3", "a", true},
                                           {"198.51.100.4", ""}},
                             .is_copying = is_copying,
                             .copies = 7,
                             .copies_refused = 2};
    };
    Page page(metrics_text(subject));
    CHECK(page.samples["sluice_cluster_lease_seconds"] == 4.5);
    CHECK(page.samples["sluice_cluster_members"] == 2);
    CHECK(page.samples["sluice_cluster_addresses"] == 4);
    CHECK(page.samples["sluice_cluster_addresses_held"] == 2);
    CHECK(page.samples["sluice_cluster_addresses_free"] == 1);
    CHECK_FALSE(page.types.contains("sluice_cluster_addresses_uncopied"));
    CHECK_FALSE(page.types.contains("sluice_cluster_copies"));
    CHECK_FALSE(page.types.contains("sluice_cluster_copies_refused_total"));

    is_copying = true;
    Page copying(metrics_text(subject));
    CHECK(copying.samples["sluice_cluster_addresses_uncopied"] == 1);
    CHECK(copying.samples["sluice_cluster_copies"] == 7);
    CHECK(copying.samples["sluice_cluster_copies_refused_total"] == 2);
    CHECK(copying.types["sluice_cluster_copies_refused_total"] == "counter");
}

TEST_CASE("metrics: the tries for a port are a histogram", "[command]") {
    Gateway gateway;
    for (const unsigned probes : {1u, 1u, 2u, 3u, 200u, 256u}) {
        gateway.counters[1].count[stats::Count::PortProbes].add(probes);
        gateway.counters[1].probes[stats::probe_bucket(probes)].add(1);
    }
    Page page(metrics_text(gateway.subject()));
    CHECK(page.types["sluice_probes_per_flow"] == "histogram");
    const auto bucket = [&](const char* bound) {
        return page.samples["sluice_probes_per_flow_bucket{le=\"" + std::string(bound) + "\"}"];
    };
    CHECK(bucket("1") == 2);
    CHECK(bucket("2") == 3);
    CHECK(bucket("4") == 4);
    CHECK(bucket("128") == 4);
    CHECK(bucket("256") == 6);
    CHECK(page.samples["sluice_probes_per_flow_count"] == 6);
    CHECK(page.samples["sluice_probes_per_flow_sum"] == 463);
}

TEST_CASE("metrics: each port says whether it has a link, and what it lost", "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    subject.ports = [] {
        return std::vector<PortReport>{{"lan", true, 1500, {{"rx_missed", 7}}},
                                       {"wan", false, 1500, {}}};
    };
    const Page page(metrics_text(subject));
    CHECK(page.samples.at("sluice_port_link{port=\"lan\"}") == 1);
    CHECK(page.samples.at("sluice_port_link{port=\"wan\"}") == 0);
    CHECK(page.samples.at("sluice_port_lost_total{port=\"lan\",reason=\"rx_missed\"}") == 7);
}

TEST_CASE("metrics: each address of each pool says how often it was exhausted", "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    subject.pools = [] {
        return std::vector<PoolAddress>{{"198.51.100.1-198.51.100.2", "198.51.100.2", 7}};
    };
    Page page(metrics_text(subject));
    CHECK(page.samples["sluice_pool_exhausted_total{pool=\"198.51.100.1-198.51.100.2\",address="
                       "\"198.51.100.2\"}"] == 7);
}

TEST_CASE("metrics: each rule that refuses flows has its counter, those beyond 100 one together",
          "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    subject.rules = [] {
        std::vector<RuleReport> rules;
        for (int i = 0; i < 103; ++i)
            rules.push_back({"deny", "10.1.0." + std::to_string(i) + "/32", "", 2});
        return rules;
    };
    Page page(metrics_text(subject));
    CHECK(page.samples["sluice_denied_packets_total{rule=\"10.1.0.99/32\"}"] == 2);
    CHECK(page.samples["sluice_denied_packets_total{rule=\"others\"}"] == 6);
    CHECK_FALSE(page.samples.contains("sluice_denied_packets_total{rule=\"10.1.0.100/32\"}"));
}

TEST_CASE("metrics: each interface has its packets and bytes, those beyond 100 one together",
          "[command]") {
    Gateway gateway;
    gateway.counters[0].interfaces = std::vector<stats::InterfaceCounters>(103);
    gateway.counters[0].interfaces[1].in.add({3, 200});
    for (stats::InterfaceCounters& each : gateway.counters[0].interfaces)
        each.out.add({2, 90});
    Subject subject = gateway.subject();
    subject.interfaces = [] {
        std::vector<listing::InterfaceName> names;
        for (int i = 0; i < 103; ++i)
            names.push_back({"lan." + std::to_string(i + 1), "inside", {}});
        return names;
    };
    Page page(metrics_text(subject));
    const auto told = [&](const char* what, const char* name, const char* direction) {
        return page.samples.at("sluice_interface_" + std::string(what) + "_total{interface=\"" +
                               name + "\",direction=\"" + direction + "\"}");
    };
    CHECK(told("packets", "lan.2", "in") == 3);
    CHECK(told("bytes", "lan.2", "in") == 200);
    CHECK(told("bytes", "lan.100", "out") == 90);
    CHECK(told("packets", "others", "out") == 6);
    CHECK(page.samples.size() == Page(metrics_text(gateway.subject())).samples.size() + 404);
}

TEST_CASE("metrics: a worker's busy turns are a histogram of seconds", "[command]") {
    Gateway gateway;
    gateway.counters[1].load.turns.add(10);
    for (const uint64_t nanoseconds : {1000u, 2000u, 3000u, 600'000'000u})
        gateway.counters[1].load.add_busy(nanoseconds);
    Page page(metrics_text(gateway.subject()));
    const std::string family = "sluice_worker_turn_seconds";
    CHECK(page.types[family] == "histogram");
    CHECK(page.samples.at("sluice_worker_turns_total{worker=\"1\"}") == 10);
    CHECK(page.samples.at(family + "_count{worker=\"1\"}") == 4);
    CHECK(page.samples.at(family + "_sum{worker=\"1\"}") == Approx(0.600006));
    const auto below = [&](double bound) {  // the highest bound up to that
        double count = 0;
        for (const auto& [name, value] : page.samples)
            if (name.starts_with(family + "_bucket{worker=\"1\",le=\"") &&
                std::stod(name.substr(name.find("le=\"") + 4)) <= bound)
                count = std::max(count, value);
        return count;
    };
    CHECK(below(1.1e-6) == 1);
    CHECK(below(2.1e-6) == 2);
    CHECK(below(4.2e-6) == 3);
    CHECK(below(0.54) == 3);
}

TEST_CASE("metrics: large counters keep every digit", "[command]") {
    Gateway gateway;
    gateway.counters[0].count[stats::Count::Received].add(9'007'199'254'740'991);  // 2^53 - 1
    Page page(metrics_text(gateway.subject()));
    CHECK(page.samples["sluice_packets_received_total"] == 9'007'199'254'740'991.0);
}

}  // namespace metrics_test
