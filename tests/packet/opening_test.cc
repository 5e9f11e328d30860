// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// A flow that another worker opens while this one is about to. The linker puts the function below
/// between Egress::find() and its callers: a worker asks for the path behind its lookup, and before
/// it inserts anything.

#include "catch.h"
#include "link/egress.h"
#include "testbed.h"

#include <functional>
#include <optional>
#include <utility>

namespace opening_test {

using namespace sluice;
using namespace sluice::test;
using link::Egress;
using link::Path;
using net::Side;
using net::Tuple;

// clang-format off
// Not in a nameless namespace: the linker knows them.
std::optional<Path> real_find(const Egress* egress, const Tuple& leaving, Side side,
                              const link::Leads& leads, std::optional<link::UplinkId> uplink) asm(
    "__real__ZNK6sluice4link6Egress4findERKNS_3net5TupleENS2_4SideERKNS0_5LeadsESt8optionalIhE");
std::optional<Path> delayed_find(const Egress* egress, const Tuple& leaving, Side side,
                                 const link::Leads& leads,
                                 std::optional<link::UplinkId> uplink) asm(
    "__wrap__ZNK6sluice4link6Egress4findERKNS_3net5TupleENS2_4SideERKNS0_5LeadsESt8optionalIhE");
// clang-format on

namespace {

/// What happens once, while a worker asks.
std::function<void()> meanwhile;

constexpr uint8_t kGre = 47;

}  // namespace

std::optional<Path> delayed_find(const Egress* egress, const Tuple& leaving, Side side,
                                 const link::Leads& leads, std::optional<link::UplinkId> uplink) {
    if (const auto happens = std::exchange(meanwhile, {}))
        happens();
    return real_find(egress, leaving, side, leads, uplink);
}

TEST_CASE("opening: a packet whose flow another worker has opened since the lookup goes with it",
          "[packet]") {
    Testbed bed({.workers = 2});
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(1, 2)).size() == 1);  // the router
    // Of UDP there are other ports, so the flow itself is in the way; of GRE there is one address.
    Frame frame = Frame().ipv4(kHost, kServer);
    GENERATE(false, true) ? frame.udp(5000, 53) : frame.protocol(kGre).payload(40);
    for (int i = 0; i < 2; ++i)  // one for each worker
        bed.inject(Side::Inside,
                   frame.ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()).bytes());
    bool has_opened = false;
    meanwhile = [&] {
        bed.gateway().worker(1).turn(bed.now());
        has_opened = bed.flows() == 2;
    };
    bed.run();
    CHECK(has_opened);
    CHECK(bed.take(Side::Outside).size() == 2);
    CHECK(bed.flows() == 2);
}

}  // namespace opening_test
