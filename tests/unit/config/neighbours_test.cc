// SPDX-License-Identifier: BSD-3-Clause
#include "config/neighbours.h"

#include "catch.h"
#include "config/load.h"
#include "config/validate.h"
#include "packet_builder.h"

#include <string>
#include <vector>

namespace neighbours_test {

using namespace sluice;
using namespace sluice::config;
using sluice::test::ip;

namespace {

constexpr unsigned kCpus[] = {0, 1};

Result<Config> read(const std::vector<std::string>& words, Settings more = {}) {
    Settings settings{{"lan", {"af_packet:l0"}},        {"wan", {"af_packet:w0"}},
                      {"lan-address", {"10.1.0.1/16"}}, {"wan-address", {"198.51.100.1/24"}},
                      {"gateway", {"198.51.100.254"}},  {"neighbour", words}};
    more.merge(settings);
    return load(more, {});
}

/// What is wrong; empty for nothing.
std::string why(const std::vector<std::string>& words, Settings more = {}) {
    const auto config = read(words, more);
    if (!config)
        return config.error().message;
    const Status status = validate(config.value(), kCpus);
    return status ? std::string() : status.error().message;
}

}  // namespace

TEST_CASE("neighbours: they are written ADDRESS=MAC, in any distribution over words", "[config]") {
    const auto words = GENERATE(values<std::vector<std::string>>({
        {"10.1.0.10=02:00:00:00:00:0a", "198.51.100.254=02:00:00:00:00:fe"},
        {"10.1.0.10=02:00:00:00:00:0A,198.51.100.254=02:00:00:00:00:FE"},
        {"10.1.0.10 = 02:00:00:00:00:0a", "198.51.100.254", "=", "02:00:00:00:00:fe"},
    }));
    const auto config = read(words);
    REQUIRE(config);
    const auto& all = config.value().fixed_neighbours;
    REQUIRE(all.size() == 2);
    CHECK(all[0].address == ip("10.1.0.10"));
    CHECK(all[0].mac == net::MacAddress{2, 0, 0, 0, 0, 10});
    CHECK(to_string(all[1]) == "198.51.100.254=02:00:00:00:00:fe");
    CHECK(why(words).empty());
}

TEST_CASE("neighbours: what is none is refused by name", "[config]") {
    const auto [words, names] = GENERATE(table<std::string, std::string>({
        {"10.1.0.10", "--neighbour 10.1.0.10: "},
        {"10.1.0.10=", "--neighbour 10.1.0.10=: "},
        {"10.1.0.10=02:00:00:00:00", "ADDRESS=MAC"},
        {"10.1.0.300=02:00:00:00:00:0a", "ADDRESS=MAC"},
        {"10.1.0.10=02:00:00:00:00:0a=", "--neighbour =: "},
        {"10.1.0.10=00:00:00:00:00:00", "no single host"},
        {"10.1.0.10=ff:ff:ff:ff:ff:ff", "no single host"},
        {"10.1.0.10=01:00:5e:00:00:01", "no single host"},
        {"192.0.2.1=02:00:00:00:00:0a", "--neighbour 192.0.2.1=02:00:00:00:00:0a: it is on no"},
        {"127.0.0.1=02:00:00:00:00:0a", "no host can have"},
        {"10.1.0.1=02:00:00:00:00:0a", "own address"},
        {"198.51.100.1=02:00:00:00:00:0a", "own address"},
        {"10.1.0.10=02:00:00:00:00:0a,10.1.0.10=02:00:00:00:00:0b", "02:00:00:00:00:0a too"},
    }));
    CAPTURE(words);
    const std::string text = why({words});
    CAPTURE(text);
    CHECK(text.find(names) != std::string::npos);
}

TEST_CASE("neighbours: an on-link gateway on no subnet may be named", "[config]") {
    CHECK(why({"169.254.1.1=02:00:00:00:00:0a"},
              {{"wan-address", {"198.51.100.1/32"}}, {"gateway", {"169.254.1.1 onlink"}}}) == "");
}

TEST_CASE("neighbours: those that keep their places leave half of them to others", "[config]") {
    std::vector<std::string> words;
    for (unsigned i = 0; i < 31; ++i)
        words.push_back("10.1.0." + std::to_string(10 + i) + "=02:00:00:00:00:0a");
    CHECK(why(words, {{"neighbours", {"64"}}}).empty());
    words.push_back("10.1.1.1=02:00:00:00:00:0a");
    CHECK(why(words, {{"neighbours", {"64"}}}).starts_with("--neighbours 64: "));
    CHECK(why(words).empty());
    CHECK(why({"10.1.1.1=02:00:00:00:00:0a"}, {{"neighbours", {"63"}}}) != "");
    CHECK(why({"10.1.1.1=02:00:00:00:00:0a"}, {{"neighbours", {"65536"}}}) != "");
}

TEST_CASE("neighbours: by default there is a place for each host of the subnets", "[config]") {
    const auto places = [](const char* lan, const char* wan, Settings more = {}) {
        more.insert({{"lan-address", {lan}}, {"wan-address", {wan}}});
        const auto config = read({"10.1.0.10=02:00:00:00:00:0a"}, more);
        REQUIRE(config);
        return places_for_neighbours(config.value());
    };
    CHECK(places("10.1.0.1/24", "198.51.100.1/24") == 16384);
    CHECK(places("10.1.0.1/18", "198.51.100.1/24") == (16384 + 256) * 9 / 8);
    CHECK(places("10.1.0.1/16", "198.51.100.1/24") == link::kMaxHops);
    CHECK(places("10.1.0.1/8", "198.51.100.1/32") == link::kMaxHops);
    CHECK(places("10.1.0.1/16", "198.51.100.1/24", {{"neighbours", {"100"}}}) == 100);
}

}  // namespace neighbours_test
