// SPDX-License-Identifier: BSD-3-Clause
#include "command/role_text.h"

#include "catch.h"

namespace role_text_test {

using namespace sluice::command;
using Peer = PairReport::Peer;

TEST_CASE("role text: a line says which of a pair the gateway is", "[command]") {
    CHECK(role_text({true, Peer::Away, false, 0}) == "active; the peer is away\n");
    CHECK(role_text({.peer = Peer::Away, .suspects_peer = true}) ==
          "active; the peer is away, and may be active too\n");
    CHECK(role_text({true, Peer::Standby, false, 0}) ==
          "active; the peer stands by and is being told\n");
    CHECK(role_text({true, Peer::Standby, true, 0}) ==
          "active; the peer stands by and has all flows\n");
    CHECK(role_text({true, Peer::Active, true, 0}) == "active; the peer is active too\n");
    CHECK(role_text({false, Peer::Away, true, 0}) == "standby; the peer is away\n");
    CHECK(role_text({false, Peer::Active, true, 0}) ==
          "standby; the peer is active, and all its flows are here\n");
    CHECK(role_text({false, Peer::Active, false, 0}) ==
          "standby; the peer is active, and tells its flows\n");
    CHECK(role_text({false, Peer::Standby, false, 0}) == "standby; the peer stands by too\n");
    CHECK(role_text({false, Peer::Standby, false, 0, true}) ==
          "standby; the peer stands by too, and has the flows alone\n");
    CHECK(role_text({false, Peer::Standby, false, 0, true, true}) ==
          "standby; it takes back the flows that the peer has, and then forwards\n");
    CHECK(role_text({.peer = Peer::Standby, .is_whole = true, .differs = true}) ==
          "active; the peer stands by and has all flows; its rules or pools are others\n");
}

TEST_CASE("role text: the same as JSON", "[command]") {
    CHECK(role_json({true, Peer::Standby, true, 3}) ==
          R"({"role":"active","peer":"standby","whole":true,"behind":3,"differs":false})");
    CHECK(role_json({false, Peer::Away, false, 0}) ==
          R"({"role":"standby","peer":"away","whole":false,"behind":0,"differs":false})");
}

}  // namespace role_text_test
