// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/eal.h"

#include "ethdev/driver_log.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <signal.h>
#include <string_view>
#include <unistd.h>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEalPrefix = "sluice-";

bool has_word(const EalParams& params, std::string_view beginning) {
    return std::any_of(params.further.begin(), params.further.end(),
                       [&](const std::string& word) { return word.starts_with(beginning); });
}

void remove_directory(const std::string& directory) {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
}

/// Where EAL makes the directory of its prefix: as eal_create_runtime_dir() decides.
std::string runtime_directory() {
    if (const char* given = std::getenv("RUNTIME_DIRECTORY"))  // RuntimeDirectory= of systemd
        return std::string(given) + "/dpdk";
    if (getuid() == 0)
        return "/var/run/dpdk";
    const char* user = std::getenv("XDG_RUNTIME_DIR");
    return std::string(user != nullptr ? user : "/tmp") + "/dpdk";
}

int init(std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    return rte_eal_init(static_cast<int>(arguments.size()), argv.data());
}

/// The best of what EAL said: of an argument that it does not know, getopt's complaint.
std::string why(int reason, std::string printed) {
    const std::string complaint = ethdev::take_complaint();
    if (printed.find(" option ") != std::string::npos)
        return printed.substr(printed.find(": ") + 2);
    return complaint.empty() ? rte_strerror(reason) : complaint;
}

}  // namespace

std::vector<std::string> eal_arguments(const EalParams& params, const std::string& prefix) {
    std::vector<std::string> arguments{
        "sluice",        "--lcores", params.lcores, "-m", std::to_string(params.memory_mb),
        "--file-prefix", prefix,
    };
    // Neither leaves a file behind, and neither needs a mount of hugetlbfs. The two options
    // exclude each other.
    if (params.no_huge)
        arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
    else
        arguments.emplace_back("--in-memory");
    // A socket that every process of this user may ask, and a thread that answers.
    if (!has_word(params, "--telemetry"))
        arguments.emplace_back("--no-telemetry");
    if (params.pci.empty())
        arguments.emplace_back("--no-pci");
    for (const std::string& device : params.pci)
        arguments.insert(arguments.end(), {"-a", device});
    arguments.insert(arguments.end(), params.further.begin(), params.further.end());
    return arguments;
}

void sweep(const std::string& runtime_directory) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(runtime_directory, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(kEalPrefix))
            continue;
        pid_t pid = 0;
        const char* end = name.data() + name.size();
        const auto number = std::from_chars(name.data() + kEalPrefix.size(), end, pid);
        if (number.ec != std::errc{} || number.ptr != end || pid <= 0)
            continue;
        if (kill(pid, 0) != 0 && errno == ESRCH)
            remove_directory(entry.path().string());
    }
}

Result<std::unique_ptr<Eal>> Eal::start(const EalParams& params) {
    const std::string prefix = std::string(kEalPrefix) + std::to_string(getpid());
    const std::string directory = runtime_directory() + '/' + prefix;
    sweep(runtime_directory());

    ethdev::install_driver_log(has_word(params, "--log-level") ? ethdev::Echo::Stderr
                                                               : ethdev::Echo::Off);
    std::vector<std::string> arguments = eal_arguments(params, prefix);
    const ethdev::Quiet quiet;
    if (init(arguments) >= 0)
        return std::unique_ptr<Eal>(new Eal(directory));

    const int reason = rte_errno;
    remove_directory(directory);
    return Error{"DPDK's EAL does not start: " + why(reason, quiet.first_line()) +
                 "; with `-- --log-level=lib.eal:debug` it says more"};
}

/// Without rte_eal_cleanup(): that unmaps what EAL's thread for interrupts may be reading, and
/// does not wait for it, so that now and then a process that should have ended well ended by
/// SIGSEGV. All ports are closed, and what else it gives back goes with the process.
Eal::~Eal() {
    remove_directory(directory_);
}

}  // namespace sluice::app
