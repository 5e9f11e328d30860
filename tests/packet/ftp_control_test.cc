// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is said in control connections of FTP: read, rewritten, numbered anew.

#include "ftp_control.h"

#include "catch.h"
#include "testbed.h"

#include <string>

namespace ftp_control_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Side;
using stats::Count;
using stats::Drop;

TEST_CASE("ftp: a client's PORT says the public endpoint, and the server reaches it",
          "[packet][helper]") {
    Testbed bed(helped(GENERATE(1, 3)));
    Control control(bed);
    const uint16_t port = control.says_port(40'001);
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    CHECK(bed.count(Count::HelperRewritten) == 1);
    CHECK(control.server_says("200 PORT command successful.\r\n") ==
          "200 PORT command successful.\r\n");
    CHECK(data_reaches(bed, kServer, 20, port, kHost, 40'001));
    CHECK(related_flow(bed) != nullptr);
    CHECK(bed.count(Count::FlowsRelated) == 1);
    const auto out =
        bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40'001, 20, kSyn | kAck).seq(9).ack(78));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].source_port == port);
    // It was for one flow.
    CHECK_FALSE(data_reaches(bed, kServer, 22, port, kHost, 40'001));
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    CHECK(control.client_says("NOOP\r\n") == "NOOP\r\n");
    CHECK(control.server_says("200 OK\r\n") == "200 OK\r\n");
}

TEST_CASE("ftp: EPRT says the public endpoint, that of IPv6 passes", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    CHECK(control.client_says("EPRT |1|10.1.0.10|40001|\r\n") == "EPRT |1|198.51.100.1|40001|\r\n");
    CHECK(data_reaches(bed, kServer, 20, 40'001, kHost, 40'001));
    CHECK(control.client_says("EPRT |2|2001:db8::1|40002|\r\n") ==
          "EPRT |2|2001:db8::1|40002|\r\n");
    CHECK(bed.count(Count::ExpectationsMade) == 1);
}

TEST_CASE("ftp: what a passive server says foretells the client's next flow", "[packet][helper]") {
    Testbed bed(helped(GENERATE(1, 3)));
    Control control(bed);
    const bool is_extended = GENERATE(false, true);
    const std::string said =
        is_extended ? std::string("229 Entering Extended Passive Mode (|||50000|)\r\n")
                    : "227 Entering Passive Mode (" + numbers(kServer, 50'000) + ").\r\n";
    CHECK(control.client_says(is_extended ? "EPSV\r\n" : "PASV\r\n") ==
          (is_extended ? "EPSV\r\n" : "PASV\r\n"));
    CHECK(control.server_says(said) == said);
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).tcp(45'000, 50'000, kSyn));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    const flow::FlowRecord* related = related_flow(bed);
    REQUIRE(related != nullptr);
    CHECK(related->key(Direction::Original).destination_port.host() == 50'000);
    CHECK(bed.count(Count::FlowsRelated) == 1);
}

TEST_CASE("ftp: without --helper nothing is read", "[packet][helper]") {
    Testbed bed;
    Control control(bed);
    CHECK(control.client_says("PORT 10,1,0,10,156,65\r\n") == "PORT 10,1,0,10,156,65\r\n");
    CHECK_FALSE(data_reaches(bed, kServer, 20, 40'001, kHost, 40'001));
    CHECK(bed.count(Count::ExpectationsMade) == 0);
}

TEST_CASE("ftp: nobody is foretold a flow to another host, or to a port below 1024",
          "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const std::string line = GENERATE("PORT 10,1,0,11,156,65\r\n", "PORT 10,1,0,10,0,22\r\n",
                                      "EPRT |1|203.0.113.10|40001|\r\n", "PORT 10,1,0,10,300,1\r\n",
                                      "PORT 10,1,0,10,1\r\n", "EPRT |1|10.1.0.10|70000|\r\n");
    CHECK(control.client_says(line) == line);
    CHECK(bed.count(Count::ExpectationsMade) == 0);
    CHECK(bed.count(Count::HelperPassed) == 1);
}

TEST_CASE("ftp: a server that names another address foretells nothing", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const std::string line = "227 Entering Passive Mode (" + numbers(kOther, 50'000) + ").\r\n";
    CHECK(control.server_says(line) == line);
    CHECK(bed.count(Count::ExpectationsMade) == 0);
    CHECK(bed.count(Count::HelperPassed) == 1);
}

TEST_CASE("ftp: a command that comes again says the same", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const uint32_t before = control.client_next();
    const std::string said = "PORT " + numbers(kHost, 40'001) + "\r\n";
    const std::string heard = control.client_says(said);
    REQUIRE(heard.size() == said.size() + 3);  // 10.1.0.10 is shorter than 198.51.100.1
    for (int i = 0; i < 2; ++i) {
        const auto again =
            bed.from_inside(control.client_frame(kAck | kPsh, before, control.server_next())
                                .payload(bytes_of(said)));
        REQUIRE(again.size() == 1);
        CHECK(text_of(again[0]) == heard);
        CHECK(again[0].seq == before);
        CHECK(again[0].checksums_ok());
        // Nor does a second expectation come of it, when the first has been used.
        if (i == 0)
            CHECK(data_reaches(bed, kServer, 20, 40'001, kHost, 40'001));
    }
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    CHECK(control.client_says("LIST\r\n") == "LIST\r\n");
}

TEST_CASE("ftp: numbers differ from the command on, in SACK blocks too", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const uint32_t before = control.client_next();
    (void)control.says_port(40'001);
    const uint32_t behind = control.client_next();
    const uint32_t heard = control.server_heard();
    REQUIRE(heard == behind + 3);
    // The server has had a segment behind the command, and not the command.
    Bytes sack{1, 1, 5, 10};
    for (const uint32_t edge : {heard, heard + 10})
        for (int shift = 24; shift >= 0; shift -= 8)
            sack.push_back(static_cast<uint8_t>(edge >> shift));
    const auto sent = bed.from_inside(
        control.client_frame(kAck | kPsh, behind, control.server_next()).payload(10));
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].seq == heard);
    bed.inject(Side::Outside, control.server_frame(kAck, control.server_next(), before)
                                  .ether(mac_of(ip(kRouter)), bed.port(Side::Outside).mac())
                                  .tcp_options(sack)
                                  .bytes());
    bed.run();
    const auto frames = bed.take_frames(Side::Inside);
    REQUIRE(frames.size() == 1);
    const Seen seen = read(frames[0]);
    CHECK(seen.checksums_ok());
    CHECK(seen.ack == before);
    const size_t options = 14 + 20 + 20;
    const auto number_at = [&](size_t at) {
        uint32_t value = 0;
        for (size_t i = 0; i < 4; ++i)
            value = value << 8 | frames[0][options + at + i];
        return value;
    };
    CHECK(number_at(4) == behind);
    CHECK(number_at(8) == behind + 10);
}

TEST_CASE("ftp: numbers run over", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed, kHost, kControl, 0xffff'fff0, 0xffff'fffa);
    for (uint16_t i = 0; i < 4; ++i) {
        const uint16_t port = control.says_port(static_cast<uint16_t>(40'001 + i));
        CHECK(control.server_says("200 OK\r\n") == "200 OK\r\n");
        CHECK(data_reaches(bed, kServer, 20, port, kHost, static_cast<uint16_t>(40'001 + i)));
    }
}

TEST_CASE("ftp: a command in parts is dropped until it comes in one", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const std::string said = "PORT " + numbers(kHost, 40'001) + "\r\n";
    CHECK(control.client_says(said.substr(0, 9)).empty());
    const auto behind =
        bed.from_inside(control.client_frame(kAck, control.client_next() + 9, control.server_next())
                            .payload(bytes_of(said.substr(9))));
    CHECK(behind.empty());
    CHECK(bed.dropped(Drop::HelperPart) == 2);
    const uint16_t port = control.says_port(40'001);
    CHECK(data_reaches(bed, kServer, 20, port, kHost, 40'001));
}

TEST_CASE("ftp: who never says the rest is not held up for good", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    unsigned dropped = 0;
    while (dropped < 20 && control.client_says("PORT 10,1").empty())
        ++dropped;
    CHECK(dropped == 6);
    CHECK(bed.dropped(Drop::HelperPart) == 6);
    CHECK(control.client_says(",0,10,156,65\r\n") == ",0,10,156,65\r\n");
    CHECK(control.client_says("NOOP\r\n") == "NOOP\r\n");
}

TEST_CASE("ftp: a command need not begin its segment, but a line", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    CHECK(control.client_says("NOOP\r\nPORT " + numbers(kHost, 40'001) + "\r\nLIST\r\n") ==
          "NOOP\r\nPORT " + numbers(kPublic, 40'001) + "\r\nLIST\r\n");
    CHECK(control.client_says("STOR x") == "STOR x");
    CHECK(control.client_says("PORT " + numbers(kHost, 40'002) + "\r\n") ==
          "PORT " + numbers(kHost, 40'002) + "\r\n");
    CHECK(bed.count(Count::ExpectationsMade) == 1);
}

TEST_CASE("ftp: what is encrypted is not read", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    CHECK(control.client_says("AUTH TLS\r\n") == "AUTH TLS\r\n");
    CHECK(control.server_says("234 AUTH TLS OK.\r\n") == "234 AUTH TLS OK.\r\n");
    const std::string noise = "x\nPORT " + numbers(kHost, 40'001) + "\r\nP";
    CHECK(control.client_says(noise) == noise);
    CHECK(bed.dropped(Drop::HelperPart) == 0);
    CHECK(bed.count(Count::ExpectationsMade) == 0);
}

TEST_CASE("ftp: a packet in several segments of its buffer is read too", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const std::string said = "PORT " + numbers(kHost, 40'001) + "\r\n";
    bed.inject(Side::Inside,
               control.client_frame(kAck | kPsh, control.client_next(), control.server_next())
                   .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                   .payload(bytes_of(said))
                   .bytes(),
               64);
    bed.run();
    const auto out = bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].checksums_ok());
    CHECK(text_of(out[0]) == "PORT " + numbers(kPublic, 40'001) + "\r\n");
}

TEST_CASE("ftp: a packet that grows beyond the MTU is told", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    std::string said = "PORT " + numbers(kHost, 40'001) + "\r\n";
    said += std::string(1460 - said.size() - 1, 'x') + "\n";
    const Frame frame =
        control.client_frame(kAck | kPsh, control.client_next(), control.server_next())
            .payload(bytes_of(said))
            .dont_fragment();
    CHECK(bed.from_inside(frame).empty());
    const auto told = bed.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].icmp_type == 3);
    CHECK(told[0].icmp_code == 4);
    CHECK(bed.dropped(Drop::TooBig) == 1);
}

}  // namespace ftp_control_test
