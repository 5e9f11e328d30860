// SPDX-License-Identifier: BSD-3-Clause
#include "command/recorder.h"

#include "catch.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

namespace recorder_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using namespace std::chrono_literals;
using listing::Format;

namespace {

constexpr std::time_t kStart = 1'800'000'000;  // 2027-01-15T08:00:00Z

/// A gateway of which is written down what a test lets happen.
struct Recorded : Gateway {
    Subject told = subject();
    Outlooks outlooks{told};
    Recorder recorder{told, outlooks};
    std::time_t now = kStart;

    void pass(uint64_t received, uint64_t fins) {
        counters[0].count[stats::Count::Received].add(received);
        counters[1].drop[stats::Drop::InvalidUntrackedFin].add(fins);
        recorder.record(now += 10, 10s);
    }
    std::string text(listing::Query query) const {
        return recorder.answer(std::move(query), Format::Text, now).value();
    }
    nlohmann::json json(listing::Query query) const {
        return nlohmann::json::parse(recorder.answer(std::move(query), Format::Json, now).value());
    }
    std::string refusal(listing::Query query) const {
        const auto answer = recorder.answer(std::move(query), Format::Text, now);
        return answer ? "" : answer.error().message;
    }
};

}  // namespace

TEST_CASE("recorder: what was counted comes as rates, step by step", "[command]") {
    Recorded gateway;
    gateway.pass(100, 0);
    gateway.pass(300, 5);
    const auto packets = gateway.json({{"of", "packets"}});
    CHECK(packets["step"] == 10);
    CHECK(packets["columns"] ==
          nlohmann::json({"received", "originated", "transmitted", "consumed", "dropped"}));
    CHECK(packets["rows"] == nlohmann::json({{kStart, 10.0, 0.0, 0.0, 0.0, 0.0},
                                             {kStart + 10, 30.0, 0.0, 0.0, 0.0, 0.5}}));
    const auto coarse = gateway.json({{"step", "60"}});
    REQUIRE(coarse["rows"].size() == 1);
    CHECK(coarse["rows"][0][1] == 20.0);
    CHECK(gateway.json({{"of", "workers"}})["rows"][1] == nlohmann::json({kStart + 10, 30.0, 0.0}));
}

TEST_CASE("recorder: what was counted before the first row is in none", "[command]") {
    Gateway before;
    before.counters[0].count[stats::Count::Received].add(1'000'000);
    const Subject subject = before.subject();
    const Outlooks outlooks(subject);
    Recorder recorder(subject, outlooks);
    recorder.record(kStart + 10, 10s);
    const auto answer = recorder.answer({{"of", "packets"}}, Format::Json, kStart + 10).value();
    CHECK(nlohmann::json::parse(answer)["rows"][0][1] == 0.0);
}

TEST_CASE("recorder: as text there are the reasons for which something was dropped", "[command]") {
    Recorded gateway;
    gateway.pass(100, 0);
    gateway.pass(0, 123);
    CHECK(gateway.text({{"of", "drops"}}) ==
          "time                  invalid_untracked_fin\n"
          "2027-01-15T08:00:00Z                      0\n"
          "2027-01-15T08:00:10Z                     12\n");
    CHECK(gateway.json({{"of", "drops"}})["columns"].size() == stats::kDropCount);
}

TEST_CASE("recorder: interfaces have packets and kilobits, workers their load", "[command]") {
    Gateway gateway;
    gateway.counters[0].interfaces = std::vector<stats::InterfaceCounters>(1);
    Subject subject = gateway.subject();
    subject.interfaces = [] { return std::vector<listing::InterfaceName>{{"lan", "inside", {}}}; };
    const Outlooks outlooks(subject);
    Recorder recorder(subject, outlooks);
    gateway.counters[0].interfaces[0].in.add({100, 125'000});
    gateway.counters[0].interfaces[0].out.add({20, 1'250'000'000'000});  // a terabit a second
    gateway.counters[1].load.add_busy(2'500'000'000);
    recorder.record(kStart + 10, 10s);
    const auto of = [&](const char* group) {
        return nlohmann::json::parse(
            recorder.answer({{"of", group}}, Format::Json, kStart + 10).value());
    };
    CHECK(of("interfaces")["columns"] ==
          nlohmann::json({"lan_in_packets", "lan_in_kbit", "lan_out_packets", "lan_out_kbit"}));
    CHECK(of("interfaces")["rows"][0] ==
          nlohmann::json({kStart, 10.0, 100.0, 2.0, 429'496'729.5}));  // as much as a row can say
    CHECK(of("load")["columns"] ==
          nlohmann::json({"worker_0_busy_per_mille", "worker_1_busy_per_mille"}));
    CHECK(of("load")["rows"][0] == nlohmann::json({kStart, 0.0, 250.0}));
}

TEST_CASE("recorder: a day is told in some 360 steps, an hour in 360", "[command]") {
    Recorded gateway;
    gateway.pass(1, 0);
    CHECK(gateway.json({{"since", "3600"}})["step"] == 10);
    CHECK(gateway.json({{"since", "86400"}})["step"] == 240);
    CHECK(gateway.json({{"since", "3601"}})["step"] == 20);
}

TEST_CASE("recorder: what cannot be read is refused in a sentence", "[command]") {
    Recorded gateway;
    CHECK(gateway.refusal({{"of", "packet"}}).starts_with("of=packet is neither packets"));
    for (const char* word : {"", "9", "86401", "-10", "1h", "99999999999999999999"}) {
        CAPTURE(word);
        CHECK(gateway.refusal({{"since", word}}).starts_with("since=" + std::string(word) + " is"));
        CHECK(gateway.refusal({{"step", word}}).starts_with("step=" + std::string(word) + " is"));
    }
    CHECK(gateway.refusal({{"until", "60"}}).starts_with("until is not known here"));
}

}  // namespace recorder_test
