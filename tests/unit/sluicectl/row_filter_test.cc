// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/row_filter.h"

#include "catch.h"

namespace row_filter_test {

using namespace sluicectl;

TEST_CASE("row filter: an empty one wants all", "[sluicectl]") {
    for (const RowFilter& filter : {RowFilter(), RowFilter("")}) {
        CHECK(filter.wants_reason("host_flows"));
        CHECK(filter.wants_end("10.1.0.10"));
    }
}

TEST_CASE("row filter: a word is of reasons, and leaves hosts alone", "[sluicectl]") {
    const RowFilter filter("host_");
    CHECK(filter.wants_reason("host_flows"));
    CHECK_FALSE(filter.wants_reason("link_down"));
    CHECK(filter.wants_end("10.1.0.10"));
}

TEST_CASE("row filter: an address is that host alone, a prefix all in it", "[sluicectl]") {
    const RowFilter address("10.1.0.1");
    CHECK(address.wants_end("10.1.0.1"));
    CHECK(address.wants_end("10.1.0.1:80"));
    CHECK_FALSE(address.wants_end("10.1.0.10"));
    CHECK(address.wants_reason("link_down"));
    const RowFilter prefix("10.1.0.0/30");
    CHECK(prefix.wants_end("10.1.0.3:443"));
    CHECK_FALSE(prefix.wants_end("10.1.0.4"));
    CHECK_FALSE(prefix.wants_end("2001:db8::1"));
    CHECK_FALSE(prefix.wants_end("others"));
}

TEST_CASE("row filter: an IPv6 prefix wants the hosts in it", "[sluicectl]") {
    const RowFilter filter("2001:db8:1::/64");
    CHECK(filter.wants_end("2001:db8:1::10"));
    CHECK_FALSE(filter.wants_end("2001:db8:2::10"));
    CHECK_FALSE(filter.wants_end("10.1.0.10"));
}

TEST_CASE("row filter: what is no address is looked for in the text", "[sluicectl]") {
    const RowFilter filter("0.1:8");
    CHECK(filter.wants_end("203.0.0.1:80"));
    CHECK_FALSE(filter.wants_end("203.0.0.1:443"));
}

}  // namespace row_filter_test
