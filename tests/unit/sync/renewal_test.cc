// SPDX-License-Identifier: BSD-3-Clause
#include "sync/renewal.h"

#include "authority.h"
#include "catch.h"

#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace renewal_test {

using namespace sluice::sync;
using sluice::sync::testing::Authority;
using sluice::sync::testing::kDay;

namespace {

struct Log {
    std::vector<std::string> said{};
    std::function<void(const std::string&)> notice() {
        return [this](const std::string& sentence) { said.push_back(sentence); };
    }
    bool has(size_t place, const std::string& words) const {
        return place < said.size() && said[place].find(words) != std::string::npos;
    }
};

constexpr std::chrono::seconds kLook = Renewal::kBetweenLooks;

}  // namespace

TEST_CASE("sync renewal: of a certificate that ends soon one is told at the start and daily",
          "[sync]") {
    Authority authority;
    const auto tls = Tls::create(authority.certify("a", {.ends = 20 * kDay})).value();
    Log log;
    Renewal renewal(*tls, log.notice());
    const Renewal::Clock::time_point start{std::chrono::hours(1)};
    renewal.turn(start);
    REQUIRE(log.said.size() == 1);
    CHECK(log.has(0, "its certificate ends on"));
    renewal.turn(start + Renewal::kBetweenWarnings - kLook);
    CHECK(log.said.size() == 1);
    renewal.turn(start + Renewal::kBetweenWarnings);
    CHECK(log.said.size() == 2);
}

TEST_CASE("sync renewal: new files are used, and of bad ones one is told once", "[sync]") {
    Authority authority;
    const CertificateFiles files = authority.certify("a");
    const auto tls = Tls::create(files).value();
    Log log;
    Renewal renewal(*tls, log.notice());
    Renewal::Clock::time_point now{std::chrono::hours(1)};
    renewal.turn(now);
    CHECK(log.said.empty());
    const SSL_CTX* const first = tls->context();

    std::ofstream(files.chain) << "none";
    for (int turn = 0; turn < 3; ++turn)
        renewal.turn(now += kLook);
    REQUIRE(log.said.size() == 1);
    CHECK(log.has(0, "there is no certificate in it"));
    CHECK(log.has(0, "what was read before stays"));
    CHECK(tls->context() == first);

    authority.certify("a", {.ends = 20 * kDay});
    renewal.turn(now);  // too soon
    CHECK(log.said.size() == 1);
    renewal.turn(now += kLook);
    REQUIRE(log.said.size() == 3);
    CHECK(log.has(1, "certificates were read anew"));
    CHECK(log.has(2, "its certificate ends on"));
    CHECK(tls->context() != first);
}

TEST_CASE("sync renewal: of a key nothing is said", "[sync]") {
    const auto tls = Tls::create(Key{}).value();
    Log log;
    Renewal renewal(*tls, log.notice());
    renewal.turn(Renewal::Clock::time_point{std::chrono::hours(1)});
    CHECK(log.said.empty());
}

}  // namespace renewal_test
