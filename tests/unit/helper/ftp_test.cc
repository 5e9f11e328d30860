// SPDX-License-Identifier: BSD-3-Clause
#include "helper/ftp.h"

#include "catch.h"
#include "net/text.h"

#include <string>

namespace ftp_test {

using namespace sluice;
using namespace sluice::helper;
using Kind = FtpLine::Kind;

namespace {

struct Row {
    Speaker speaker;
    const char* line;
    Form form;
    const char* address;  // "" for none
    uint16_t port;
    const char* told;
};

constexpr auto kClient = Speaker::Client;
constexpr auto kServer = Speaker::Server;

Be32 address_of(const char* text) {
    return net::parse_address(text).value();
}

}  // namespace

TEST_CASE("ftp: each form tells an endpoint, and where it stands", "[helper]") {
    const auto [speaker, line, form, address, port, told] = GENERATE(
        Row{kClient, "PORT 10,1,0,10,156,65\r\n", Form::Numbers, "10.1.0.10", 40'001,
            "10,1,0,10,156,65"},
        Row{kClient, "port   10,1,0,10,0,21\n", Form::Numbers, "10.1.0.10", 21, "10,1,0,10,0,21"},
        Row{kClient, "EPRT |1|10.1.0.10|40001|\r\n", Form::Extended, "10.1.0.10", 40'001,
            "|1|10.1.0.10|40001|"},
        Row{kClient, "EpRt !1!10.1.0.10!1!\r\nLIST", Form::Extended, "10.1.0.10", 1,
            "!1!10.1.0.10!1!"},
        Row{kServer, "227 Entering Passive Mode (203,0,113,10,195,80).\r\n", Form::Numbers,
            "203.0.113.10", 50'000, "203,0,113,10,195,80"},
        Row{kServer, "227 =203,0,113,10,195,80\r\n", Form::Numbers, "203.0.113.10", 50'000,
            "203,0,113,10,195,80"},
        Row{kServer, "229 Entering Extended Passive Mode (|||50000|)\r\n", Form::PortOnly, "",
            50'000, "|||50000|"});
    CAPTURE(line);
    const FtpLine read = read_ftp(speaker, line);
    REQUIRE(read.kind == Kind::Tells);
    CHECK(read.form == form);
    CHECK(read.port == port);
    CHECK(read.address == net::parse_address(address));
    CHECK(std::string_view(line).substr(read.begin, read.end - read.begin) == told);
}

TEST_CASE("ftp: other lines tell nothing", "[helper]") {
    struct Other {
        Speaker speaker;
        const char* line;
    };
    const auto [speaker, line] = GENERATE(
        Other{kClient, "LIST\r\n"}, Other{kClient, "PORTAL 10,1,0,10,156,65\r\n"},
        Other{kClient, "227 Passive (203,0,113,10,195,80)\r\n"},
        Other{kServer, "PORT 10,1,0,10,156,65\r\n"}, Other{kServer, "227-10,1,0,10,1,1\r\n"},
        Other{kServer, "200 OK\r\n"}, Other{kClient, "EPRT |2|2001:db8::1|40001|\r\n"},
        Other{kClient, "\r\n"}, Other{kClient, "X"}, Other{kClient, "PORT\r\n"});
    CAPTURE(line);
    CHECK(read_ftp(speaker, line).kind == Kind::Other);
}

TEST_CASE("ftp: what begins as such a line and is none is malformed", "[helper]") {
    struct Bad {
        Speaker speaker;
        const char* line;
    };
    const auto [speaker, line] = GENERATE(
        Bad{kClient, "PORT 10,1,0,10,156\r\n"}, Bad{kClient, "PORT 10,1,0,256,156,65\r\n"},
        Bad{kClient, "PORT 10,1,0,10,156,65,7\r\n"}, Bad{kClient, "PORT 10.1.0.10,156,65\r\n"},
        Bad{kClient, "PORT 10,1,0,10,156,\r\n"}, Bad{kClient, "PORT \r\n"},
        Bad{kClient, "PORT 10,1,0,10,156,000065\r\n"}, Bad{kClient, "EPRT |1|10.1.0.10|65536|\r\n"},
        Bad{kClient, "EPRT |1|10.1.0.10|40001\r\n"}, Bad{kClient, "EPRT 11110.1.0.10140001\r\n"},
        Bad{kClient, "EPRT |1|10.1.0|40001|\r\n"}, Bad{kServer, "227 none\r\n"},
        Bad{kServer, "229 none\r\n"}, Bad{kServer, "229 (||50000|)\r\n"},
        Bad{kServer, "229 (|||50000)\r\n"}, Bad{kServer, "229 (\r\n"});
    CAPTURE(line);
    CHECK(read_ftp(speaker, line).kind == Kind::Malformed);
}

TEST_CASE("ftp: every part of a line that tells is Partial, and its whole is not", "[helper]") {
    struct Told {
        Speaker speaker;
        std::string line;
    };
    const auto [speaker, line] = GENERATE(
        Told{kClient, "PORT 10,1,0,10,156,65\r\n"}, Told{kClient, "EPRT |1|10.1.0.10|1|\n"},
        Told{kServer, "227 Entering Passive Mode (203,0,113,10,195,80).\r\n"},
        Told{kServer, "229 Extended (|||50000|)\r\n"});
    const size_t end = line.find_first_of("\r\n");
    for (size_t bytes = 1; bytes <= end; ++bytes)
        CHECK(read_ftp(speaker, line.substr(0, bytes)).kind == Kind::Partial);
    CHECK(read_ftp(speaker, line.substr(0, end + 1)).kind == Kind::Tells);
    CHECK(read_ftp(speaker, "").kind == Kind::Other);
    // No sender is waited for that says more than any line has.
    CHECK(read_ftp(speaker, line.substr(0, 5) + std::string(kLongestLine, 'x')).kind ==
          Kind::Other);
}

TEST_CASE("ftp: 234 says that the rest is encrypted", "[helper]") {
    CHECK(read_ftp(kServer, "234 Proceed.\r\n").kind == Kind::Encrypts);
    CHECK(read_ftp(kClient, "234 Proceed.\r\n").kind == Kind::Other);
    CHECK(read_ftp(kServer, "234").kind == Kind::Other);
}

TEST_CASE("ftp: what is written is read as what it says", "[helper]") {
    struct Wanted {
        Speaker speaker;
        const char* front;
        Form form;
    };
    const auto [speaker, front, form] =
        GENERATE(Wanted{kClient, "PORT ", Form::Numbers}, Wanted{kClient, "EPRT ", Form::Extended},
                 Wanted{kServer, "227 (", Form::Numbers}, Wanted{kServer, "229 (", Form::PortOnly});
    const char* address = GENERATE("255.255.255.255", "1.2.3.4", "198.51.100.1");
    const uint16_t port = GENERATE(uint16_t{1}, uint16_t{255}, uint16_t{256}, uint16_t{65'535});
    FtpLine line;
    line.form = form;
    std::array<char, kMostWritten> memory;
    const auto written = write_ftp(line, {address_of(address), Be16::from_host(port)}, memory);
    const FtpLine read = read_ftp(speaker, front + std::string(written) + ")\r\n");
    CHECK(read.kind == Kind::Tells);
    CHECK(read.port == port);
    CHECK(read.address ==
          (form == Form::PortOnly ? std::nullopt : std::optional(address_of(address))));
    CHECK(read.end - read.begin == written.size());
}

}  // namespace ftp_test
