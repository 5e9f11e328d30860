// SPDX-License-Identifier: BSD-3-Clause
#include "command/recorder.h"

#include "catch.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

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
