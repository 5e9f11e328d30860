// SPDX-License-Identifier: BSD-3-Clause
#include "command/packet_query.h"

#include "catch.h"
#include "net/text.h"

namespace packet_query_test {

using namespace sluice;
using namespace sluice::command;
using listing::PacketStreamParams;
using listing::Query;
using observe::Which;
using Form = PacketStreamParams::Form;

namespace {

const std::vector<listing::InterfaceName> kInterfaces{
    {"lan", "inside"}, {"wan", "outside"}, {"wan2", "outside"}};

PacketStreamParams read(const Query& query) {
    const auto params = read_packet_query(query, Form::Text, {}, kInterfaces);
    REQUIRE(params);
    return params.value();
}

std::string refusal(const Query& query) {
    const auto params = read_packet_query(query, Form::Text, {}, kInterfaces);
    REQUIRE_FALSE(params);
    return params.error().message;
}

}  // namespace

TEST_CASE("packet query: without words it asks for all that comes in, without an end",
          "[command]") {
    const PacketStreamParams params = read({});
    CHECK(params.wish.which == Which::Coming);
    CHECK(params.wish.filter.is_empty());
    CHECK(params.wish.snaplen == observe::kWholeFrame);
    CHECK_FALSE(params.count);
    CHECK_FALSE(params.time);
    CHECK(read_packet_query({}, Form::Pcapng).value().form == Form::Pcapng);
}

TEST_CASE("packet query: which packets, how much, and until when", "[command]") {
    const PacketStreamParams params = read({{"way", "both"},
                                            {"count", "5"},
                                            {"seconds", "60"},
                                            {"snaplen", "96"},
                                            {"src", "10.1.0.10"},
                                            {"state", "ESTABLISHED"}});
    CHECK(params.wish.which == Which::Both);
    CHECK(params.count == 5u);
    CHECK(params.time == std::chrono::seconds(60));
    CHECK(params.wish.snaplen == 96);
    CHECK(params.wish.filter.source->address == *net::parse_address("10.1.0.10"));
    CHECK(params.state == conntrack::TcpState::Established);
    CHECK(read({{"way", "in"}}).wish.which == Which::Coming);
    CHECK(read({{"way", "out"}}).wish.which == Which::Leaving);
}

TEST_CASE("packet query: drops of any reason, or of one", "[command]") {
    CHECK(read({{"drops", "1"}}).wish.which == Which::Dropped);
    CHECK_FALSE(read({{"drops", "1"}}).wish.reason);
    CHECK(read({{"drops", "tx_full"}}).wish.reason == stats::Drop::TxFull);
}

TEST_CASE("packet query: by which interface they come, or from which side", "[command]") {
    CHECK(read({}).wish.from.empty());
    CHECK(read({{"from", "wan2"}}).wish.from == std::vector<uint16_t>{2});
    CHECK(read({{"from", "inside"}}).wish.from == std::vector<uint16_t>{0});
    CHECK(read({{"from", "outside"}}).wish.from == std::vector<uint16_t>{1, 2});
    CHECK(refusal({{"from", "dmz"}}) == "from=dmz is none of inside, outside, lan, wan, wan2.");
    const std::vector<listing::InterfaceName> one_armed{{"lan", "inside and outside"}};
    CHECK(read_packet_query({{"from", "lan"}}, Form::Text, {}, one_armed).value().wish.from ==
          std::vector<uint16_t>{0});
    CHECK(read_packet_query({{"from", "inside"}}, Form::Text, {}, one_armed).error().message ==
          "from=inside says nothing where one interface has both sides.");
}

TEST_CASE("packet query: what it cannot mean is refused in a sentence", "[command]") {
    CHECK(refusal({{"way", "up"}}) == "way=up is neither in nor out nor both.");
    CHECK(refusal({{"drops", "all"}}).starts_with("There is no drop reason called all"));
    CHECK(refusal({{"drops", "1"}, {"way", "in"}}).starts_with("way and drops do not go together"));
    CHECK(refusal({{"count", "0"}}).starts_with("count=0 is not a number from 1 to "));
    CHECK(refusal({{"count", "-1"}}).starts_with("count=-1 is not"));
    CHECK(refusal({{"seconds", "99999999999"}}).starts_with("seconds=99999999999 is not"));
    CHECK(refusal({{"snaplen", "96k"}}).starts_with("snaplen=96k is not"));
    CHECK(refusal({{"count", "1"}, {"count", "2"}}) == "count is given more than once.");
    CHECK(refusal({{"colour", "red"}}).starts_with("There is no filter called colour"));
}

}  // namespace packet_query_test
