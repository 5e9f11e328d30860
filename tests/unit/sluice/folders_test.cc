// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/folders.h"

#include "catch.h"
#include "testing/has.h"
#include "tree.h"

#include <string>

namespace folders_test {

using namespace sluice;
using namespace sluice::app;
using sluice::testing::has;

namespace {

config::Config with_socket(const std::string& path) {
    config::Config config;
    config.control_socket = path;
    return config;
}

std::string only(const std::vector<Error>& errors) {
    REQUIRE(errors.size() == 1);
    return errors[0].message;
}

}  // namespace

TEST_CASE("folders: what can be made is nothing to speak of", "[sluice]") {
    Tree tree;
    const std::string root = tree.root();
    config::Config config = with_socket(root + "/s.sock");
    config.state.file = root + "/flows";
    CHECK(check_folders(config).empty());
    CHECK(std::filesystem::is_empty(tree.root()));
}

TEST_CASE("folders: one that is not there comes with the command", "[sluice]") {
    Tree tree;
    const std::string folder = tree.root() / "a/b";
    const std::string socket = folder + "/s.sock";
    CHECK(only(check_folders(with_socket(socket))) == "--control-socket " + socket +
                                                          ": there is no directory " + folder +
                                                          "; `mkdir -p " + folder + "` makes it");
    config::Config config = with_socket(tree.root() / "s.sock");
    config.state.file = folder + "/flows";
    CHECK(has(only(check_folders(config)), "--state " + folder + "/flows: there is no directory"));
}

TEST_CASE("folders: files of lines that are there, and collectors, need none", "[sluice]") {
    Tree tree;
    config::Config config = with_socket(tree.root() / "s.sock");
    config::FlowLogTarget target;
    target.form = config::LogForm::Json;
    target.collector.transport = config::Transport::File;
    target.collector.path = tree.root() / "a/flows.json";
    target.name = "--log-flows json:" + target.collector.path;
    config.flow_logs.lines = {target};
    CHECK(has(only(check_folders(config)), target.name + ": there is no directory"));
    tree.file("a/flows.json", "");
    CHECK(check_folders(config).empty());
    config.flow_logs.lines[0].collector.transport = config::Transport::Local;
    config.flow_logs.lines[0].collector.path = "/nowhere/log";
    CHECK(check_folders(config).empty());
}

TEST_CASE("folders: what is another user's is said to be", "[sluice]") {
    Tree tree;
    tree.file("a/flows", "").mode("a/flows", 0444).mode("a", 0555).mode("", 0755);
    config::Config config = with_socket(tree.root() / "a/s.sock");
    config.state.file = tree.root() / "a/flows";
    std::vector<Error> errors;
    {
        const Stranger stranger;
        errors = check_folders(config);
    }
    tree.mode("a", 0755);  // so that it can be removed
    REQUIRE(errors.size() == 2);
    CHECK(has(errors[0].message, "no file can be made in " + (tree.root() / "a").string()));
    CHECK(has(errors[1].message, "/a/flows cannot be written (Permission denied)"));
}

}  // namespace folders_test
