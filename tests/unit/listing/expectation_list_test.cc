// SPDX-License-Identifier: BSD-3-Clause
#include "listing/expectation_list.h"

#include "catch.h"
#include "net/gre.h"
#include "net/text.h"

namespace expectation_list_test {

using namespace sluice;
using namespace sluice::listing;

namespace {

Be32 ip(const char* text) {
    return net::parse_address(text).value();
}

ExpectationEntry entry() {
    ExpectationEntry entry;
    entry.expected = {
        ip("203.0.113.10"), ip("198.51.100.1"), {}, Be16::from_host(40'001), net::Protocol::Tcp};
    entry.waits = {ip("10.1.0.10"), Be16::from_host(40'002)};
    entry.master = {ip("10.1.0.10"), ip("203.0.113.10"), Be16::from_host(40'000),
                    Be16::from_host(21), net::Protocol::Tcp};
    entry.left = Duration::seconds(297);
    return entry;
}

}  // namespace

TEST_CASE("expectation list: as conntrack -L expect", "[listing]") {
    CHECK(expectations_text({entry()}) ==
          "297 proto=6 src=203.0.113.10 dst=198.51.100.1 sport=0 dport=40001 "
          "mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 "
          "master-src=10.1.0.10 master-dst=203.0.113.10 sport=40000 dport=21 "
          "class=0 helper=ftp\n");
    CHECK(expectations_text({}).empty());
}

TEST_CASE("expectation list: a call of PPTP by its IDs", "[listing]") {
    ExpectationEntry call = entry();
    call.expected = {ip("10.1.0.10"), ip("203.0.113.10"), net::kCallMark, Be16::from_host(0x1a2),
                     net::Protocol::Gre};
    call.waits = {ip("203.0.113.10"), {}};
    call.call_id = Be16::from_host(7);
    call.master.destination_port = Be16::from_host(1723);
    CHECK(expectations_text({call}) ==
          "297 proto=47 src=10.1.0.10 dst=203.0.113.10 srckey=0x7 dstkey=0x1a2 "
          "mask-src=255.255.255.255 mask-dst=255.255.255.255 srckey=0xffff dstkey=0xffff "
          "master-src=10.1.0.10 master-dst=203.0.113.10 sport=40000 dport=1723 "
          "class=0 helper=pptp\n");
    CHECK(expectations_json({call}) ==
          R"([{"protocol":"gre","timeout":297,"expected":{"src":"10.1.0.10",)"
          R"("dst":"203.0.113.10","srckey":7,"dstkey":418},"target":{"address":"203.0.113.10"},)"
          R"("master":{"src":"10.1.0.10","dst":"203.0.113.10","sport":40000,"dport":1723},)"
          R"("helper":"pptp"}])"
          "\n");
}

TEST_CASE("expectation list: as JSON", "[listing]") {
    CHECK(expectations_json({}) == "[]\n");
    CHECK(expectations_json({entry(), entry()}).find("},\n{") != std::string::npos);
    CHECK(expectations_json({entry()}) ==
          R"([{"protocol":"tcp","timeout":297,"expected":{"src":"203.0.113.10",)"
          R"("dst":"198.51.100.1","dport":40001},"target":{"address":"10.1.0.10","port":40002},)"
          R"("master":{"src":"10.1.0.10","dst":"203.0.113.10","sport":40000,"dport":21},)"
          R"("helper":"ftp"}])"
          "\n");
}

}  // namespace expectation_list_test
