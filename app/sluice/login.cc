// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/login.h"

#include "net/text.h"
#include "sluice/default_route.h"

#include <fstream>
#include <sstream>
#include <string>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::string;

/// The variable in the environment that a process was started with; empty where it is not there.
string variable_of(const fs::path& process, const string& name) {
    std::ifstream environment(process / "environ");
    for (string entry; std::getline(environment, entry, '\0');)
        if (entry.starts_with(name + '='))
            return entry.substr(name.size() + 1);
    return {};
}

string parent(const fs::path& process) {
    std::ifstream status(process / "status");
    const string name = "PPid:";
    for (string line; std::getline(status, line);)
        if (string number; line.starts_with(name) &&
                           std::istringstream(line.substr(name.size())) >> number && number != "0")
            return number;
    return {};
}

/// The third word: this machine's address.
string server_of(const string& connection) {
    std::istringstream words(connection);
    string client, port, server;
    words >> client >> port >> server;
    return server;
}

}  // namespace

std::optional<Be32> read_login(const fs::path& root) {
    constexpr unsigned kMostParents = 64;
    string process = "self";
    for (unsigned i = 0; i < kMostParents && !process.empty(); ++i) {
        const fs::path files = root / "proc" / process;
        if (const string server = server_of(variable_of(files, "SSH_CONNECTION")); !server.empty())
            return net::parse_address(server);
        process = parent(files);
    }
    return std::nullopt;
}

Status check_login(const ethdev::PortPlan& port, std::optional<Be32> login,
                   std::span<const KernelAddress> held, const fs::path& root) {
    for (const KernelAddress& kernel : held) {
        // A label such as eth0:1 names an address, not an interface.
        const string interface = kernel.interface.substr(0, kernel.interface.find(':'));
        if (login == kernel.address.address && takes_interface(port, root, interface))
            return port.error(interface + " has the address " + net::to_string(*login) +
                              ", by which you are logged in, and that would be cut off; come by "
                              "another way, or start with --force");
    }
    return Done{};
}

}  // namespace sluice::app
