// SPDX-License-Identifier: BSD-3-Clause
#include "command/cluster_text.h"

#include "catch.h"

namespace cluster_text_test {

using namespace sluice::command;

namespace {

ClusterReport report() {
    return {.name = "a",
            .left = std::chrono::milliseconds(4712),
            .members = {{"a"}, {"b", true, "10.1.0.2"}},
            .addresses = {{"198.51.100.1", "a", true, "b"},
                          {"198.51.100.2", "b"},
                          {"198.51.100.3", ""},
                          {"198.51.100.4", "a", true}}};
}

}  // namespace

TEST_CASE("cluster text: a line for each gateway and each address", "[command]") {
    CHECK(cluster_text(report()) ==
          "this gateway is a; its lease is good for 4.7 s\n"
          "a                 has 2 of 4\n"
          "b                 has 1 of 4, inside 10.1.0.2, and leaves\n"
          "198.51.100.1      a, used here, copies at b\n"
          "198.51.100.2      b\n"
          "198.51.100.3      nobody's\n"
          "198.51.100.4      a, used here\n");
}

TEST_CASE("cluster text: without a lease it says that nothing is forwarded", "[command]") {
    ClusterReport without = report();
    without.left = {};
    CHECK(cluster_text(without).starts_with(
        "this gateway is a; it has no lease that etcd has confirmed in time, and forwards "
        "nothing\n"));
}

TEST_CASE("cluster text: a name that fills its column is parted from what follows", "[command]") {
    ClusterReport wide = report();
    wide.members = {{"a-name-of-23-characters"}};
    CHECK(cluster_text(wide).find("\na-name-of-23-characters  has 0 of 4\n") != std::string::npos);
}

TEST_CASE("cluster text: the same as JSON, with null for nobody", "[command]") {
    ClusterReport few = report();
    few.addresses.resize(3);
    few.left = std::chrono::milliseconds(4500);
    CHECK(cluster_json(few) ==
          R"({"name":"a","lease_seconds":4.5,)"
          R"("members":[{"name":"a","leaves":false,"inside":null,"addresses":1},)"
          R"({"name":"b","leaves":true,"inside":"10.1.0.2","addresses":1}],)"
          R"("addresses":[{"address":"198.51.100.1","owner":"a","held":true,"copies_at":"b"},)"
          R"({"address":"198.51.100.2","owner":"b","held":false,"copies_at":null},)"
          R"({"address":"198.51.100.3","owner":null,"held":false,"copies_at":null}]})");
}

}  // namespace cluster_text_test
