// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/eal.h"

#include "catch.h"
#include "temporary_directory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace eal_test {

using namespace sluice::app;
namespace fs = std::filesystem;

namespace {

bool has(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The id of a process that has ended.
pid_t dead_process() {
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, nullptr, 0);
    return child;
}

}  // namespace

TEST_CASE("eal: without a port on PCI nothing is probed, with one only that", "[sluice]") {
    EalParams params;
    CHECK(has(eal_arguments(params, "sluice-1"), "--no-pci"));

    params.pci = {"0000:03:00.0,queues=2"};
    const auto words = eal_arguments(params, "sluice-1");
    CHECK_FALSE(has(words, "--no-pci"));
    const auto device = std::find(words.begin(), words.end(), params.pci[0]);
    REQUIRE(device != words.end());
    CHECK(*(device - 1) == "-a");
}

TEST_CASE("eal: memory leaves no files, and the operator's words come last", "[sluice]") {
    EalParams params;
    params.memory_mb = 80;
    params.further = {"--log-level=8"};
    const auto huge = eal_arguments(params, "sluice-1");
    CHECK(has(huge, "--in-memory"));
    CHECK(has(huge, "80"));
    CHECK(huge.back() == "--log-level=8");

    params.no_huge = true;
    const auto ordinary = eal_arguments(params, "sluice-1");
    CHECK(has(ordinary, "--no-huge"));
    CHECK(has(ordinary, "--no-shconf"));
    CHECK_FALSE(has(ordinary, "--in-memory"));
}

TEST_CASE("eal: there is no telemetry but for who asks for it", "[sluice]") {
    EalParams params;
    CHECK(has(eal_arguments(params, "sluice-1"), "--no-telemetry"));
    params.further = {"--telemetry"};
    CHECK_FALSE(has(eal_arguments(params, "sluice-1"), "--no-telemetry"));
}

TEST_CASE("eal: only what dead instances left is swept away", "[sluice]") {
    const sluice::test::TemporaryDirectory left;
    const std::string& root = left.path();
    const std::string dead = root + "/sluice-" + std::to_string(dead_process());
    const std::string alive = root + "/sluice-" + std::to_string(getpid());
    for (const std::string& directory :
         {dead, alive, root + "/sluice-x", root + "/sluice-", root + "/rte"})
        fs::create_directory(directory);
    std::ofstream(dead + "/config") << "left";

    sweep(root);
    CHECK_FALSE(fs::exists(dead));
    CHECK(fs::exists(alive));
    CHECK(fs::exists(root + "/sluice-x"));
    CHECK(fs::exists(root + "/sluice-"));
    CHECK(fs::exists(root + "/rte"));
}

}  // namespace eal_test
